#![doc = include_str!("../README.md")]

mod agent;
mod check;
pub mod config;
pub mod frame;
pub mod protocol;
mod server;
pub mod usage;
pub mod vm;

pub use agent::{Agent, ReportError, ReportSource};
pub use check::{Expected, Refusal};
pub use server::{connect, serve, Address, Stream};
