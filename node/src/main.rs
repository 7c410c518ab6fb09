//! The hccs blockchain node.

// The error types come from `sc-cli` and `sc-service`.
#![allow(clippy::result_large_err)]

mod chain_spec;
mod cli;
mod command;
mod rpc;
mod service;

fn main() -> sc_cli::Result<()> {
	command::run()
}
