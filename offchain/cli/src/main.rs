//! `hcc`: the command line of hccs.

// `println!` panics if standard output fails, which would change the exit code: see `output`.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

mod bundle;
mod chain;
mod devnet;
mod emission;
mod exit;
mod image;
mod input;
mod key;
mod outcome;
mod output;
mod policy;
mod verify;
mod vm;

use std::{io::Write, process::ExitCode};

use clap::Parser;

use exit::Exit;

/// The hccs command line.
#[derive(Debug, Parser)]
#[command(
	name = "hcc",
	version,
	about,
	arg_required_else_help = true,
	after_help = exit::table()
)]
struct Cli {
	#[command(subcommand)]
	command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
	/// Verify evidence locally, without a chain and without the network.
	#[command(subcommand, arg_required_else_help = true)]
	Verify(verify::Verify),
	/// Create reference values for the chain's policy, and post revocation lists and vouchers.
	#[command(subcommand, arg_required_else_help = true)]
	Policy(policy::Policy),
	/// Display the miners on the chain.
	#[command(subcommand, arg_required_else_help = true)]
	Miner(chain::Miner),
	/// Fetch evidence from the chain, to verify it locally.
	#[command(subcommand, arg_required_else_help = true)]
	Evidence(chain::Evidence),
	Price(chain::Price),
	/// Display eras, emission and payouts, or pay out a miner's emission.
	#[command(subcommand, arg_required_else_help = true)]
	Emission(emission::Emission),
	/// Order VMs and manage them.
	#[command(subcommand, arg_required_else_help = true)]
	Vm(vm::Vm),
	/// Create and display key files.
	#[command(subcommand, arg_required_else_help = true)]
	Key(key::Command),
	/// Build, fetch and verify images of VMs, and register them on the chain.
	#[command(subcommand, arg_required_else_help = true)]
	Image(image::Image),
	/// Run a whole network on this machine.
	#[command(subcommand, arg_required_else_help = true)]
	Devnet(devnet::Devnet),
	/// Print challenges, verdicts, scores, VMs and payments as blocks are finalised.
	Watch(chain::Watch),
}

fn main() -> ExitCode {
	let as_json = std::env::args_os().any(|argument| argument == "--json");
	let exit = match Cli::try_parse() {
		Ok(cli) => run(&cli.command).unwrap_or_else(|error| exit::report(&error, as_json)),
		Err(error) => usage(&error, as_json),
	};
	ExitCode::from(exit.number())
}

fn run(command: &Command) -> anyhow::Result<Exit> {
	match command {
		Command::Verify(command) => verify::run(command),
		Command::Policy(command) => policy::run(command),
		Command::Miner(command) => command.run(),
		Command::Evidence(command) => command.run(),
		Command::Price(command) => command.run(),
		Command::Emission(command) => emission::run(command),
		Command::Vm(command) => vm::run(command),
		Command::Key(command) => key::run(command),
		Command::Image(command) => image::run(command),
		Command::Devnet(command) => command.run(),
		Command::Watch(command) => command.run(),
	}
}

/// Prints the help, the version, or an error in the arguments.
fn usage(error: &clap::Error, as_json: bool) -> Exit {
	if !error.use_stderr() {
		output::note(error.print().and_then(|()| std::io::stdout().flush()));
		return Exit::Done;
	}
	drop(error.print());
	if as_json {
		let text = error.render().to_string();
		let message = text.trim().trim_start_matches("error: ");
		output::outln!("{}", exit::object(Exit::Usage, message));
	}
	Exit::Usage
}
