//! Tests of the whole runtime: all pallets together, wired as on a chain.

#![recursion_limit = "256"]

mod absence;
mod attacks;
mod audits;
mod author;
mod bounds;
mod capacity;
mod compute;
mod consensus;
mod contests;
mod crowd;
mod documents;
mod eras;
mod fees;
mod genesis;
mod governance;
mod holds;
mod hosts;
mod layout;
mod machines;
mod maintenance;
mod metadata;
mod network;
mod parity;
mod placement;
mod polls;
mod preimage;
mod refunds;
mod revocation;
mod rules;
mod safety;
mod standing;
mod steady;
mod versions;
mod views;
mod walk;
mod wasm;
mod wiring;
