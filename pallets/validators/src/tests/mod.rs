mod blocks;
mod bonding;
mod service;
mod set;
mod slash;
mod worker;
