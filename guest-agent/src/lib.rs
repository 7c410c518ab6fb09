#![doc = include_str!("../README.md")]

mod agent;
mod check;
pub mod config;
mod server;
pub mod usage;

pub use agent::{Agent, ReportError, ReportSource};
pub use check::{Expected, Refusal};
pub use server::serve;
