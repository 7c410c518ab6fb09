#![doc = include_str!("../README.md")]

mod agent_vm;
mod attest;
mod boot_log;
pub mod config;
pub mod contest;
pub mod drain;
mod enrol;
mod guest;
mod host;
mod launcher;
mod lock;
mod log;
mod log_submission;
pub mod metrics;
pub mod monitor;
mod node;
mod offer;
pub mod owner;
pub mod preflight;
mod process;
mod register;
pub mod relay;
mod retry;
pub mod run;
mod tpm;
mod usage;
mod vm;
mod vm_tasks;
mod vms;

pub use agent_vm::AgentVmConfig;
pub use launcher::{LauncherConfig, LibvirtConfig, Limits, ProcessConfig};
pub use tpm::{
	Credential, NvError, OpenedCredentials, SharedTpm, Tpm, TpmCounters, TpmError, TpmSettings,
};
