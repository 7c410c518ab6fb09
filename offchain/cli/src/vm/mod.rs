//! `hcc vm`: commands of tenants.

mod act;
mod amount;
mod order;
mod pending;
mod show;

use std::path::PathBuf;

use anyhow::Context;
use hcc_chain::{api, Submitter};

use crate::{
	chain::NODE,
	exit::Exit,
	input::{self, Limit},
};

pub(crate) use amount::{alpha, usd_per_hour};

type Row = api::runtime_types::pallet_compute::types::Vm<hcc_chain::AccountId32>;
type State = api::runtime_types::pallet_compute::types::VmState;

/// Order VMs and manage them.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Vm {
	/// List the flavours that can be ordered, with prices.
	Flavours(show::Flavours),
	Order(Box<order::Order>),
	/// List the VMs of an account.
	List(show::List),
	/// Show a VM: its state, escrow and charges.
	Show(show::Show),
	/// Add to the escrow of a VM.
	TopUp(act::TopUp),
	/// Stop a running VM. A stopped VM pays only disk rent. It is terminated if it stays stopped
	/// for longer than the maximum time.
	Stop(act::One),
	/// Boot a stopped VM again.
	Start(act::One),
	/// Reboot a running VM.
	Reboot(act::One),
	Resize(act::Resize),
	Reduced(act::Reduced),
	/// Terminate a VM and delete its disk. The part of the escrow that exceeds the VM's charges is
	/// released immediately.
	Terminate(act::One),
}

/// Runs the command.
pub(crate) fn run(command: &Vm) -> anyhow::Result<Exit> {
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
	Ok(Exit::Done)
}

/// Options of all commands: the node, and the output format.
#[derive(Debug, clap::Args)]
struct Common {
	/// The WebSocket URL of a node.
	#[arg(long, default_value = NODE)]
	node: String,
	/// Print JSON. Amounts are strings.
	#[arg(long)]
	json: bool,
}

/// The option for the tenant's account.
#[derive(Debug, clap::Args)]
struct Tenant {
	/// A file with the secret URI of the tenant's account: a phrase, or a seed in hexadecimal.
	#[arg(long, value_name = "FILE")]
	key_file: PathBuf,
}

impl Tenant {
	fn submitter(&self) -> anyhow::Result<Submitter> {
		let uri = input::read_text(&self.key_file, &Limit::SECRET)?;
		Submitter::from_uri(&uri).with_context(|| format!("in {}", self.key_file.display()))
	}
}
