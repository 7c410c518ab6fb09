mod bonding;
mod set;
mod worker;
