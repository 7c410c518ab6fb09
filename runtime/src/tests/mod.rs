mod attacks;
mod bounds;
mod claims;
mod compute;
mod consensus;
mod filled;
mod genesis;
mod governance;
mod hosts;
mod layout;
#[allow(dead_code)]
#[path = "../../../pallets/evidence/tests/host/machine.rs"]
mod machine;
mod machines;
mod metadata;
#[allow(dead_code)]
#[path = "../../../pallets/evidence/tests/fuzz/mutation.rs"]
mod mutation;
mod network;
mod parity;
mod safety;
mod standing;
mod versions;
mod walk;
