#![doc = include_str!("../README.md")]

mod health;
#[cfg(feature = "http")]
mod http;
mod logs;
mod manager;
#[cfg(feature = "http")]
pub mod metrics;
mod signals;

pub use health::{Condition, Health, Pulse};
#[cfg(feature = "http")]
pub use http::listen;
pub use logs::{init_logs, LogFormat};
pub use manager::supervise;
