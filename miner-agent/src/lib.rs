#![doc = include_str!("../README.md")]

mod attest;
pub mod claim;
pub mod config;
mod enrol;
mod guest;
mod hand_in;
mod host;
mod log;
mod offer;
pub mod preflight;
mod process;
mod register;
pub mod run;
mod tpm;
mod usage;
mod vms;

pub use tpm::{Tpm, TpmError};
