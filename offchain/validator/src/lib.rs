#![doc = include_str!("../README.md")]

mod blocks;
pub mod config;
mod credentials;
mod crypto;
mod disputes;
pub mod exit;
mod finality;
mod judge;
pub mod metrics;
mod monitor;
pub mod price;
pub mod state;
mod subject;
mod votes;
pub mod worker;

pub use crypto::AwsLc;
