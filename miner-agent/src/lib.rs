#![doc = include_str!("../README.md")]

mod again;
mod attest;
pub mod claim;
pub mod config;
mod enrol;
mod guest;
mod hand_in;
mod host;
mod log;
mod node;
mod offer;
pub mod preflight;
mod process;
mod register;
pub mod run;
mod tended;
mod tpm;
mod usage;
mod vm;
mod vms;

pub use tpm::{Tpm, TpmError};
