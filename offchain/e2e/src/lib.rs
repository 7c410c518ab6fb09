#![doc = include_str!("../README.md")]

pub mod amount;
pub mod commands;
pub mod error;
pub mod events;
pub mod logs;
pub mod machine;
pub mod metrics;
pub mod network;
pub mod outcome;
pub mod process;
pub mod proxy;
pub mod rig;
pub mod scenario;
pub mod scenes;
pub mod story;
pub mod world;

pub use error::{Error, Result};
