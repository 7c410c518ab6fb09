#![doc = include_str!("../README.md")]

mod apply;
mod boot;
mod error;
mod keys;
mod meter;
mod record;
mod relay;
mod root;
mod running;
mod server;
mod stages;

pub use boot::BootAgent;
pub use error::{Fatal, Refusal};
pub use keys::Keys;
pub use meter::MachineMeter;
pub use record::{Booted, Folder};
pub use running::RunningAgent;
pub use server::{serve, Answer, Next, VmAgent};
pub use stages::{boot, run, BootOptions, RunOptions};
