#![doc = include_str!("../README.md")]

mod attest;
pub mod claim;
pub mod config;
mod enrol;
mod guest;
mod hand_in;
mod host;
mod log;
pub mod preflight;
mod register;
pub mod run;
mod tpm;

pub use tpm::{Tpm, TpmError};
