#![doc = include_str!("../README.md")]

mod agent;
mod check;
pub mod config;
mod own_evidence;
mod run;
mod secure_processor;
mod server;
pub mod usage;

pub use agent::{Agent, ReportError, ReportSource};
pub use check::Expected;
pub use own_evidence::{check_own_evidence, OwnEvidenceError, OwnReference};
pub use run::{run, stop};
pub use secure_processor::SecureProcessor;
pub use server::serve;
