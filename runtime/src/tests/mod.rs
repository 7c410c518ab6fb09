mod attacks;
mod claims;
mod compute;
mod filled;
mod genesis;
mod governance;
mod hosts;
mod layout;
#[allow(dead_code)]
#[path = "../../../pallets/evidence/tests/host/machine.rs"]
mod machine;
mod metadata;
mod network;
mod parity;
mod safety;
mod standing;
mod walk;
