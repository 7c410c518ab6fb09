//! `hcc`: the command line of hccs.

mod bundle;
mod chain;
mod devnet;
mod emission;
mod image;
mod outcome;
mod policy;
mod verify;
mod vm;

use std::process::ExitCode;

use clap::Parser;

/// The hccs command line.
///
/// Exit codes of `verify`: 0 accepted, 2 rejected, 3 undecided, 1 wrong usage or unreadable files.
#[derive(Debug, Parser)]
#[command(name = "hcc", version, about, arg_required_else_help = true)]
struct Cli {
	#[command(subcommand)]
	command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
	/// Verify evidence locally, without a chain and without the network.
	#[command(subcommand, arg_required_else_help = true)]
	Verify(verify::Verify),
	/// Make reference values for the chain's policy.
	#[command(subcommand, arg_required_else_help = true)]
	Policy(policy::Policy),
	/// Display miners on the chain.
	#[command(subcommand, arg_required_else_help = true)]
	Miner(chain::Miner),
	/// Fetch evidence from the chain, to verify it locally.
	#[command(subcommand, arg_required_else_help = true)]
	Evidence(chain::Evidence),
	Price(chain::Price),
	/// Display eras, emission and payouts, or pay a miner out.
	#[command(subcommand, arg_required_else_help = true)]
	Emission(emission::Emission),
	/// Order VMs and manage them.
	#[command(subcommand, arg_required_else_help = true)]
	Vm(vm::Vm),
	/// Build images of VMs, and verify them.
	#[command(subcommand, arg_required_else_help = true)]
	Image(image::Image),
	/// Run a whole network on this machine.
	#[command(subcommand, arg_required_else_help = true)]
	Devnet(devnet::Devnet),
	/// Follow verdicts and scores as blocks are finalised.
	Watch(chain::Watch),
}

/// The exit code for wrong usage and for files that cannot be read.
const USAGE: u8 = 1;

fn main() -> ExitCode {
	let cli = match Cli::try_parse() {
		Ok(cli) => cli,
		Err(error) => {
			let code = if error.use_stderr() { USAGE } else { 0 };
			// A closed pipe does not change the exit code.
			drop(error.print());
			return ExitCode::from(code);
		},
	};
	let result = match cli.command {
		Command::Verify(command) => verify::run(&command),
		Command::Policy(command) => policy::run(&command),
		Command::Miner(command) => command.run(),
		Command::Evidence(command) => command.run(),
		Command::Price(command) => command.run(),
		Command::Emission(command) => emission::run(&command),
		Command::Vm(command) => vm::run(&command),
		Command::Image(command) => image::run(&command),
		Command::Devnet(command) => command.run(),
		Command::Watch(command) => command.run(),
	};
	match result {
		Ok(code) => ExitCode::from(code),
		Err(error) => {
			eprintln!("error: {error:#}");
			ExitCode::from(USAGE)
		},
	}
}
