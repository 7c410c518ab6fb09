#![doc = include_str!("../README.md")]

pub mod config;
mod credentials;
mod crypto;
mod disputes;
mod judge;
pub mod metrics;
pub mod price;
pub mod state;
mod subject;
pub mod worker;
