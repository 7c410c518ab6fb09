//! `hcc vm`: what tenants do.

mod act;
mod amount;
mod order;
mod show;

use std::path::PathBuf;

use anyhow::Context;
use hcc_chain::{api, Submitter};

use crate::chain::NODE;

pub(crate) use amount::{alpha, usd_per_hour};

type Row = api::runtime_types::pallet_compute::types::Vm<hcc_chain::AccountId32>;
type State = api::runtime_types::pallet_compute::types::State;

/// Order VMs and look after them.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Vm {
	/// List what can be ordered, and what it costs.
	Flavours(show::Flavours),
	Order(Box<order::Order>),
	/// List the VMs of an account.
	List(show::List),
	/// Show a VM: how far it has come, what it owes.
	Show(show::Show),
	/// Set more aside for a VM.
	TopUp(act::TopUp),
	/// Stop a VM that runs. It pays for its disk alone while it is stopped, and is given up when that lasts too long.
	Stop(act::One),
	/// Have a VM booted again that is stopped.
	Start(act::One),
	/// Have a VM booted again that runs.
	Reboot(act::One),
	Resize(act::Resize),
	Reduced(act::Reduced),
	/// Give a VM up, with its disk. What it does not owe comes back at once.
	Terminate(act::One),
}

/// Runs the command and gives the exit code.
pub(crate) fn run(command: &Vm) -> anyhow::Result<u8> {
	match command {
		Vm::Flavours(args) => args.run(),
		Vm::Order(args) => args.run(),
		Vm::List(args) => args.run(),
		Vm::Show(args) => args.run(),
		Vm::TopUp(args) => args.run(),
		Vm::Stop(args) => args.run(act::Action::Stop),
		Vm::Start(args) => args.run(act::Action::Start),
		Vm::Reboot(args) => args.run(act::Action::Reboot),
		Vm::Resize(args) => args.run(),
		Vm::Reduced(args) => args.run(),
		Vm::Terminate(args) => args.run(act::Action::Terminate),
	}?;
	Ok(0)
}

/// Which node, and how to print.
#[derive(Debug, clap::Args)]
struct Common {
	/// The WebSocket URL of a node.
	#[arg(long, default_value = NODE)]
	node: String,
	/// Print JSON. Amounts are strings.
	#[arg(long)]
	json: bool,
}

/// Who pays.
#[derive(Debug, clap::Args)]
struct Tenant {
	/// A file with the secret URI of the tenant's account: a phrase, or a seed in hexadecimal.
	#[arg(long, value_name = "FILE")]
	key_file: PathBuf,
}

impl Tenant {
	fn submitter(&self) -> anyhow::Result<Submitter> {
		let uri = std::fs::read_to_string(&self.key_file)
			.with_context(|| format!("cannot read {}", self.key_file.display()))?;
		Submitter::from_uri(&uri).with_context(|| format!("in {}", self.key_file.display()))
	}
}
