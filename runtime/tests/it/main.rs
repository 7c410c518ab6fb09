//! Tests of the whole runtime. All pallets work together, wired as on a real chain.

#![recursion_limit = "256"]

mod absence;
mod agreement;
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
mod emergency;
mod eras;
mod event_size;
mod fees;
mod filled;
mod genesis;
mod governance;
mod holds;
mod hosts;
mod layout;
mod machines;
mod maintenance;
mod metadata;
mod network;
mod paid_time;
mod parity;
mod placement;
mod polls;
mod preimage;
mod refunds;
mod revocation;
mod rewards;
mod rules;
mod safety;
mod standing;
mod steady;
mod trust;
mod versions;
mod views;
mod walk;
mod wasm;
mod wiring;
