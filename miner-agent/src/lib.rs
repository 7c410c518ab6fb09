#![doc = include_str!("../README.md")]

mod attest;
pub mod config;
pub mod contest;
mod enrol;
mod guest;
mod host;
mod log;
mod log_submission;
mod node;
mod offer;
pub mod preflight;
mod process;
mod register;
mod retry;
pub mod run;
mod tpm;
mod usage;
mod vm;
mod vm_tasks;
mod vms;

pub use tpm::{Tpm, TpmError};
