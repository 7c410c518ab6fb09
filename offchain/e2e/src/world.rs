//! Everything that a scene can use.

use std::{
	fs::{File, Permissions},
	future::Future,
	ops::Deref,
	os::unix::fs::PermissionsExt,
	path::{Path, PathBuf},
	process::Stdio,
	sync::Arc,
	time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
	process::{Child, Command},
	time::sleep,
};

use crate::{
	commands::{self, Hcc},
	events::{name, Event, EventLog},
	machine::Machine,
	metrics::{Page, Scraper},
	network::{Addresses, Network, Setup},
	proxy::Proxy,
	rig::Rig,
	scenes::Scene,
	story::Story,
	Error, Result,
};

/// The interval between two checks of a state that no event reports.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A network that is ready, with everything that scenes use.
pub struct World<'a> {
	pub story: &'a Story,
	pub network: &'a Network,
	/// The events of the chain, as its blocks are finalised.
	pub chain: Arc<EventLog>,
	pub hcc: Hcc,
	pub machine: Machine,
	rig: Rig,
	setup: &'a Setup,
	addresses: Addresses,
	node: String,
	scraper: Scraper,
	/// The process `hcc watch`. It is killed when this value is dropped.
	_watch: Child,
}

impl<'a> World<'a> {
	/// Waits until the network is ready, and follows its chain from the first block on.
	///
	/// ## Errors
	/// The errors of [`Network::ready`], and [`Error::Start`] if `hcc` cannot be started.
	pub async fn open(setup: &'a Setup, network: &'a Network, story: &'a Story) -> Result<Self> {
		let addresses = network.ready(story).await?;
		let no_node = || Error::Unexpected("the network names no node".into());
		let node = addresses.nodes.first().ok_or_else(no_node)?.clone();
		if let Some(proxy) = &setup.proxy {
			proxy.forward_to(addresses.nodes.last().ok_or_else(no_node)?);
		}
		let hcc = Hcc::new(&setup.programs, node.as_str());
		let chain = Arc::new(EventLog::new("hcc watch"));
		let watch = watch(setup, &hcc, &node, &chain)?;
		Ok(Self {
			story,
			network,
			chain,
			hcc,
			machine: Machine::new(setup.folder.as_path()),
			rig: Rig::new(&setup.folder, &setup.machine),
			setup,
			addresses,
			node,
			scraper: Scraper::new()?,
			_watch: watch,
		})
	}

	/// Returns the WebSocket URL of the first node.
	pub fn node(&self) -> &str {
		&self.node
	}

	/// Returns the number of validators.
	pub fn validators(&self) -> usize {
		self.setup.validators
	}

	/// Returns the proxy between the last worker and its node.
	///
	/// ## Errors
	/// [`Error::Unexpected`] if the network has no proxy.
	pub fn proxy(&self) -> Result<&Proxy> {
		let proxy = self.setup.proxy.as_deref();
		proxy.ok_or_else(|| Error::Unexpected("the network has no proxy".into()))
	}

	/// The rig, in a network with VMs.
	pub fn rig(&self) -> &Rig {
		&self.rig
	}

	/// The name of the image of which the tenant orders a VM.
	pub fn vm_image(&self) -> &str {
		&self.setup.vm_image
	}

	/// The folder of this image, as an argument.
	///
	/// ## Errors
	/// [`Error::Unexpected`] if the network has no VMs.
	pub fn vm_image_folder(&self) -> Result<String> {
		let images = self.setup.images.as_deref();
		let images = images.ok_or_else(|| Error::Unexpected("the network has no VMs".into()))?;
		Ok(images.join(self.vm_image()).display().to_string())
	}

	/// Returns the path of a program of the project.
	pub fn program(&self, name: &str) -> PathBuf {
		self.setup.programs.join(name)
	}

	/// Returns the path of a file in the network's folder.
	pub fn file(&self, name: &str) -> PathBuf {
		self.setup.folder.join(name)
	}

	/// Writes a file in the network's folder, which only its owner may use: programs refuse other
	/// key files. Returns its path as an argument.
	///
	/// ## Errors
	/// [`Error::File`] if the file cannot be written.
	pub fn write(&self, name: &str, content: &str) -> Result<String> {
		let path = self.file(name);
		std::fs::write(&path, content).map_err(Error::file(&path))?;
		let private = Permissions::from_mode(0o600);
		std::fs::set_permissions(&path, private).map_err(Error::file(&path))?;
		Ok(path.display().to_string())
	}

	/// Returns the metrics of a validator's worker. Validators are counted from 1.
	///
	/// ## Errors
	/// [`Error::Metrics`] if the worker does not answer.
	pub async fn metrics(&self, number: usize) -> Result<Page> {
		let url = number.checked_sub(1).and_then(|index| self.addresses.metrics.get(index));
		let url = url.ok_or_else(|| Error::Unexpected(format!("there is no worker {number}")))?;
		self.scraper.page(url).await
	}

	/// Returns the miner's account, from the event of the miner's registration.
	///
	/// ## Errors
	/// [`Error::Missing`] if no miner has registered.
	pub fn miner(&self) -> Result<String> {
		let registered = self.first("a registered miner", |event| event.is(name::REGISTERED))?;
		registered.text("miner").map(str::to_owned).ok_or_else(|| missing("a miner's account"))
	}

	/// The miner at the best block, as `hcc miner show` prints it.
	///
	/// ## Errors
	/// [`Error::Missing`] if no miner has registered; those of [`Hcc::json`].
	pub async fn shown_miner(&self) -> Result<Value> {
		self.hcc.json(&["miner", "show", &self.miner()?]).await
	}

	/// The number of challenges that the miner's chip has passed, at the best block.
	///
	/// ## Errors
	/// Those of [`Self::shown_miner`].
	pub async fn passed(&self) -> Result<u64> {
		commands::number(&self.shown_miner().await?, "/chips/0/passed")
	}

	/// Returns the first event that matches.
	///
	/// ## Errors
	/// [`Error::Missing`] if no event matches.
	pub fn first(&self, what: &str, predicate: impl Fn(&Event) -> bool) -> Result<Event> {
		self.chain.first(predicate).ok_or_else(|| missing(what))
	}

	/// Returns the last event that matches.
	///
	/// ## Errors
	/// [`Error::Missing`] if no event matches.
	pub fn last(&self, what: &str, predicate: impl Fn(&Event) -> bool) -> Result<Event> {
		self.chain.last(predicate).ok_or_else(|| missing(what))
	}

	/// Returns the number of times that evidence was accepted.
	pub fn accepted(&self) -> usize {
		self.chain.count(Event::is_accepted)
	}

	/// Plays a scene.
	///
	/// ## Errors
	/// [`Error::Scene`] if the scene fails. The error names the scene.
	pub async fn play<'w, T, F>(
		&'w self,
		scene: Scene,
		act: impl FnOnce(Stage<'w>) -> F,
	) -> Result<T>
	where
		F: Future<Output = Result<T>>,
	{
		self.story.begin(scene.title);
		let result = act(Stage { world: self, scene }).await;
		result.map_err(|error| Error::Scene { scene: scene.name, source: Box::new(error) })
	}
}

fn missing(what: &str) -> Error {
	Error::Missing { field: what.to_owned(), found: "the events of hcc watch".into() }
}

/// Starts `hcc watch`. Also writes the lines of its output to `watch.jsonl`.
fn watch(setup: &Setup, hcc: &Hcc, node: &str, chain: &Arc<EventLog>) -> Result<Child> {
	let create = |path: PathBuf| File::create(&path).map_err(Error::file(path));
	let copy = create(setup.folder.join("watch.jsonl"))?;
	let complaints = create(setup.folder.join("logs/watch.log"))?;
	let mut child = Command::new(hcc.program())
		.args(["watch", "--node", node, "--from", "1", "--json"])
		.stdin(Stdio::null())
		.stdout(Stdio::piped())
		.stderr(complaints)
		.process_group(0)
		.kill_on_drop(true)
		.spawn()
		.map_err(|source| Error::Start { program: "hcc".into(), source })?;
	if let Some(output) = child.stdout.take() {
		tokio::spawn(chain.clone().follow(output, Some(copy)));
	}
	Ok(child)
}

/// The world for one scene. Lines that the scene prints start with the scene's name.
#[derive(Clone, Copy)]
pub struct Stage<'w> {
	world: &'w World<'w>,
	scene: Scene,
}

impl<'w> Deref for Stage<'w> {
	type Target = World<'w>;

	fn deref(&self) -> &World<'w> {
		self.world
	}
}

impl Stage<'_> {
	/// Prints an observation or an action.
	pub fn say(&self, text: &str) {
		self.story.say(self.scene.name, text);
	}

	/// Waits until at least `wanted` events match.
	///
	/// ## Errors
	/// The errors of [`EventLog::wait_for`], and [`Error::Stopped`] if the network stops.
	pub async fn wait_for(
		&self,
		what: &str,
		wanted: usize,
		predicate: impl Fn(&Event) -> bool,
		patience: Duration,
	) -> Result<()> {
		self.wait_in(&self.chain, what, wanted, predicate, patience).await
	}

	/// Waits for events of `hcc devnet up`.
	///
	/// ## Errors
	/// The errors of [`Stage::wait_for`].
	pub async fn wait_for_network(
		&self,
		what: &str,
		predicate: impl Fn(&Event) -> bool,
		patience: Duration,
	) -> Result<()> {
		self.wait_in(self.network.log(), what, 1, predicate, patience).await
	}

	async fn wait_in(
		&self,
		log: &EventLog,
		what: &str,
		wanted: usize,
		predicate: impl Fn(&Event) -> bool,
		patience: Duration,
	) -> Result<()> {
		let _waiting = self.story.wait_for(what);
		tokio::select! {
			seen = log.wait_for(what, wanted, predicate, patience) => seen?,
			error = self.network.log().until_stopped() => return Err(error),
		}
		self.say(what);
		Ok(())
	}

	/// Checks a state repeatedly until it holds.
	///
	/// ## Errors
	/// [`Error::NotSeen`] after the time `patience`, and all errors of `holds`.
	pub async fn wait_until(
		&self,
		what: &str,
		patience: Duration,
		mut holds: impl AsyncFnMut() -> Result<bool>,
	) -> Result<()> {
		let _waiting = self.story.wait_for(what);
		let began = Instant::now();
		while !holds().await? {
			if began.elapsed() > patience {
				let what = what.to_owned();
				return Err(Error::NotSeen { what, seen: 0, wanted: 1, patience });
			}
			sleep(LOOK_EVERY).await;
		}
		self.say(what);
		Ok(())
	}

	/// Checks that a condition holds.
	///
	/// ## Errors
	/// [`Error::Unexpected`] with the text of `otherwise`, if the condition does not hold.
	pub fn ensure(&self, holds: bool, otherwise: impl FnOnce() -> String) -> Result<()> {
		if holds {
			Ok(())
		} else {
			Err(Error::Unexpected(otherwise()))
		}
	}

	/// Runs another program of the project, which must succeed.
	///
	/// ## Errors
	/// The errors of [`commands::succeed`].
	pub async fn run(
		&self,
		program: &Path,
		arguments: &[&str],
		patience: Duration,
	) -> Result<String> {
		commands::succeed(program, arguments, patience).await
	}
}
