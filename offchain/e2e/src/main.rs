//! `hcc-e2e`: end-to-end scenes on a local network.

use std::{
	io,
	path::{Path, PathBuf},
	process::ExitCode,
};

use anyhow::Context;
use clap::{Parser, Subcommand};
use hcc_e2e::{
	logs,
	network::{Network, Setup},
	proxy::Proxy,
	scenario,
	scenes::{vm_boot, vm_kills, ALL, DEMO, DEMO_VMS, VMS},
	story::Story,
	world::World,
	Error, Result,
};
use serde_json::Value;
use tokio::signal::unix::{signal, Signal, SignalKind};

/// End-to-end scenes on a local network.
#[derive(Parser)]
#[command(name = "hcc-e2e", version, arg_required_else_help = true)]
struct Cli {
	#[command(flatten)]
	options: Options,
	#[command(subcommand)]
	command: Command,
}

#[derive(clap::Args)]
struct Options {
	/// The network's folder, which is emptied first [default: network, beside the folder of the
	/// programs].
	#[arg(long, value_name = "DIR", global = true)]
	dir: Option<PathBuf>,
	/// The folder of the built programs [default: the folder of hcc-e2e].
	#[arg(long, value_name = "DIR", global = true)]
	bin_dir: Option<PathBuf>,
	/// The folder that caches the packages of QEMU and the machine's kernel [default: the default
	/// of hcc devnet up].
	#[arg(long, value_name = "DIR", global = true)]
	packages: Option<PathBuf>,
	/// The folder of the scripts that make and start the machine.
	#[arg(long, value_name = "DIR", global = true, default_value = "scripts/machine")]
	machine: PathBuf,
	/// The folder of images of VMs, for all --vms [default: images, beside the folder of the
	/// programs].
	#[arg(long, value_name = "DIR", global = true)]
	images: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
	/// Play the short story.
	Demo {
		/// Keep the network running afterwards, until Ctrl-C.
		#[arg(long)]
		keep: bool,
		/// Order a VM under libvirt and log into it. Without it, a program stands for the VM. Needs
		/// root.
		#[arg(long)]
		vms: bool,
		/// Write a JSON object to a file: the seconds of the story and, with --vms, of the VM.
		#[arg(long, value_name = "FILE")]
		result: Option<PathBuf>,
	},
	/// Play every scene. The last line of the output is one JSON object.
	All {
		/// Play the scenes with VMs under libvirt instead. They need root.
		#[arg(long, conflicts_with = "client")]
		vms: bool,
		/// Let the miner run hccam in a VM of its own, and play the scene about it.
		#[arg(long, requires = "vms")]
		agent_vm: bool,
		/// The image of which the tenant orders a VM, one that simulates the secure processor.
		#[arg(long, value_name = "NAME", requires = "vms", default_value = vm_boot::IMAGE)]
		image: String,
		/// The number of kills in the scene "vm kills".
		#[arg(long, value_name = "NUMBER", requires = "vms", default_value_t = vm_kills::KILLS)]
		kills: u32,
		/// Print only the JSON object to standard output, and the story to standard error.
		#[arg(long)]
		json: bool,
		/// Also write the JSON object to a file.
		#[arg(long, value_name = "FILE")]
		result: Option<PathBuf>,
		/// A script that reads the score with a client from npm, such as
		/// runtime/tests/client/run.sh.
		#[arg(long, value_name = "SCRIPT")]
		client: Option<PathBuf>,
	},
	/// List the scenes.
	List,
}

/// Programs that later scenes need, but `hcc devnet up` does not.
const CHEATS: [&str; 2] = ["insecure-liar", "insecure-replay"];

/// The signals that end a run.
struct Interrupts {
	interrupt: Signal,
	terminate: Signal,
}

impl Interrupts {
	fn new() -> io::Result<Self> {
		Ok(Self {
			interrupt: signal(SignalKind::interrupt())?,
			terminate: signal(SignalKind::terminate())?,
		})
	}

	async fn received(&mut self) {
		tokio::select! {
			_ = self.interrupt.recv() => {},
			_ = self.terminate.recv() => {},
		}
	}
}

fn main() -> ExitCode {
	let cli = Cli::parse();
	match start(&cli) {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			// The text of an error of the harness already contains its causes.
			let own = error.downcast_ref::<Error>().map(ToString::to_string);
			eprintln!("hcc-e2e: {}", own.unwrap_or_else(|| format!("{error:#}")));
			ExitCode::FAILURE
		},
	}
}

fn start(cli: &Cli) -> anyhow::Result<()> {
	if matches!(cli.command, Command::List) {
		list();
		return Ok(());
	}
	// The runtime has one thread, because the network ends when the thread that started it ends.
	let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
	runtime.block_on(run(cli))
}

fn list() {
	let only_vms = VMS.into_iter().filter(|scene| !ALL.contains(scene));
	for scene in ALL.into_iter().chain(only_vms) {
		let commands = [
			("demo", &DEMO[..]),
			("demo --vms", &DEMO_VMS[..]),
			("all", &ALL[..]),
			("all --vms", &VMS[..]),
		];
		let played = commands.into_iter().filter(|(_, scenes)| scenes.contains(&scene));
		let mark: Vec<_> = played.map(|(command, _)| command).collect();
		println!("{:<13} {:<20} {}", scene.name, mark.join(", "), scene.title);
	}
}

impl Options {
	fn setup(&self, validators: usize, vms: bool) -> anyhow::Result<Setup> {
		let absolute = |path: &Path| {
			std::path::absolute(path).with_context(|| format!("no such folder: {}", path.display()))
		};
		let programs = match &self.bin_dir {
			Some(folder) => absolute(folder)?,
			None => {
				let own = std::env::current_exe().context("the folder of hcc-e2e is unknown")?;
				own.parent().context("hcc-e2e has no folder")?.to_owned()
			},
		};
		let folder = match &self.dir {
			Some(folder) => absolute(folder)?,
			None => programs.parent().unwrap_or(&programs).join("network"),
		};
		let (machine, packages) = (self.machine.clone(), self.packages.clone());
		let images = match &self.images {
			Some(folder) => absolute(folder)?,
			None => programs.parent().unwrap_or(&programs).join("images"),
		};
		let images = vms.then_some(images);
		Ok(Setup {
			folder,
			programs,
			machine,
			packages,
			validators,
			images,
			vm_image: vm_boot::IMAGE.into(),
			agent_vm: false,
			proxy: None,
		})
	}
}

async fn run(cli: &Cli) -> anyhow::Result<()> {
	let (validators, to_stderr, vms) = match &cli.command {
		Command::All { json, vms: true, .. } => (scenario::DEMO_VALIDATORS, *json, true),
		Command::All { json, .. } => (scenario::ALL_VALIDATORS, *json, false),
		Command::Demo { vms, .. } => (scenario::DEMO_VALIDATORS, false, *vms),
		Command::List => (scenario::DEMO_VALIDATORS, false, false),
	};
	let mut setup = cli.options.setup(validators, vms)?;
	if let Command::All { agent_vm, image, .. } = &cli.command {
		setup.agent_vm = *agent_vm;
		setup.vm_image.clone_from(image);
	}
	if matches!(cli.command, Command::All { vms: false, .. }) {
		for program in CHEATS {
			let path = setup.programs.join(program);
			anyhow::ensure!(path.is_file(), "{} is not built: run make build", path.display());
		}
	}
	if matches!(cli.command, Command::All { vms: false, .. }) {
		setup.proxy = Some(Proxy::open().await?);
	}
	let story = if to_stderr { Story::new(io::stderr()) } else { Story::new(io::stdout()) };
	let mut interrupts = Interrupts::new()?;
	if matches!(cli.command, Command::Demo { .. }) {
		story.tell(&scenario::opening(vms));
	}
	story.begin("The network starts.");
	let network = Network::start(&setup)?;
	let played = tokio::select! {
		played = play(&cli.command, &setup, &network, &story) => played,
		never = story.keep_telling() => match never {},
		() = interrupts.received() => Err(Error::Interrupted),
	};
	if matches!(&played, Err(error) if !matches!(error, Error::Interrupted)) {
		eprint!("{}", logs::tails(&setup.folder));
	}
	let kept = match &cli.command {
		Command::Demo { keep: true, .. } if played.is_ok() => tokio::select! {
			error = network.log().until_stopped() => Err(error),
			() = interrupts.received() => Ok(()),
		},
		_ => Ok(()),
	};
	story.begin("The network stops.");
	// With VMs, the network must leave nothing even if it cannot stop its programs.
	let stopped = if vms { network.kill().await } else { network.stop().await };
	// If several steps failed, the first failure is reported.
	let outcome = played?;
	kept?;
	stopped?;
	finish(&cli.command, &story, outcome.as_ref())
}

/// Plays the scenes of a command. Returns their outcome.
async fn play(
	command: &Command,
	setup: &Setup,
	network: &Network,
	story: &Story,
) -> Result<Option<Value>> {
	let world = World::open(setup, network, story).await?;
	match command {
		Command::Demo { keep, vms, .. } => {
			let rented = scenario::demo(&world, *vms).await?;
			if *keep {
				story.tell(&scenario::try_now(&world, &rented)?);
			}
			Ok(Some(rented.numbers(story.seconds())))
		},
		Command::All { vms: true, kills, .. } => {
			scenario::vms(&world, *kills, setup.agent_vm).await.map(Some)
		},
		Command::All { client, .. } => scenario::all(&world, client.as_deref()).await.map(Some),
		Command::List => Ok(None),
	}
}

/// Ends the story. Prints the outcome of all scenes or, after the demo, suggestions what to try
/// next. Writes the outcome to the file that the command names.
fn finish(command: &Command, story: &Story, outcome: Option<&Value>) -> anyhow::Result<()> {
	let result = match command {
		Command::All { result, .. } | Command::Demo { result, .. } => result.as_deref(),
		Command::List => None,
	};
	if let Some(path) = result {
		let object = outcome.map(|outcome| format!("{outcome}\n")).unwrap_or_default();
		std::fs::write(path, object).with_context(|| format!("cannot write {}", path.display()))?;
	}
	match (command, outcome) {
		(Command::All { .. }, Some(outcome)) => {
			story.begin("Every scene passed, and nothing was left running.");
			println!("{outcome}");
		},
		_ => story.tell(scenario::TRY_NEXT),
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use clap::CommandFactory;

	use super::*;

	#[test]
	fn the_command_line_is_consistent() {
		Cli::command().debug_assert();
	}

	#[test]
	fn options_may_follow_the_command() {
		let cli = Cli::try_parse_from(["hcc-e2e", "all", "--json", "--bin-dir", "/p/release"])
			.expect("it is a valid command line");
		let setup = cli.options.setup(4, true).expect("the paths are absolute");
		assert_eq!(setup.folder, Path::new("/p/network"));
		assert_eq!(setup.images.as_deref(), Some(Path::new("/p/images")));
		assert!(matches!(cli.command, Command::All { json: true, kills: vm_kills::KILLS, .. }));
	}

	#[test]
	fn options_of_vms_need_vms() {
		let parse =
			|options: &[&str]| Cli::try_parse_from([&["hcc-e2e", "all"][..], options].concat());
		assert!(parse(&["--agent-vm"]).is_err());
		assert!(parse(&["--vms", "--agent-vm", "--kills", "200"]).is_ok());
	}
}
