#![doc = include_str!("../README.md")]

pub mod reports;
pub mod sev_guest;
