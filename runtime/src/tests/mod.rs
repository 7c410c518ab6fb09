mod attacks;
mod genesis;
mod governance;
mod layout;
#[allow(dead_code)]
#[path = "../../../pallets/evidence/tests/host/machine.rs"]
mod machine;
mod metadata;
mod network;
mod parity;
mod walk;
