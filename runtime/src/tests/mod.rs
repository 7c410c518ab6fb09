mod absence;
mod attacks;
mod author;
mod bounds;
mod claims;
mod compute;
mod consensus;
mod crowd;
mod eras;
mod filled;
mod genesis;
mod governance;
mod hosts;
mod layout;
mod lottery;
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
mod pay;
mod placement;
mod polls;
mod preimage;
mod recovered;
mod revocation;
mod rules;
mod safety;
mod standing;
mod steady;
mod versions;
mod views;
mod walk;
mod wasm;
