//! The connection to libvirt, by its official binding.

use std::{
	sync::{Arc, Mutex, OnceLock, PoisonError},
	time::{Duration, Instant},
};

use virt::{
	connect::Connect,
	domain::Domain,
	error::{clear_error_callback, Error, ErrorNumber},
	event::{event_register_default_impl, event_run_default_impl},
	network::Network,
	sys,
};

use super::{
	hypervisor::{Defined, DomainState, Hypervisor, HypervisorError},
	identity::is_ours,
	Versions,
};

/// Interval of keep-alive messages in seconds.
const KEEP_ALIVE: i32 = 5;
/// Number of keep-alive messages without an answer after which the connection is closed.
const MAX_UNANSWERED: u32 = 3;
/// Delay before the second attempt to connect. It doubles with each failure.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);
/// Upper limit of that delay.
const MAX_RECONNECT_AFTER: Duration = Duration::from_secs(30);

/// A connection to libvirt, which is opened when it is needed and again after it was lost.
pub(super) struct Libvirt {
	uri: String,
	state: Mutex<State>,
}

#[derive(Default)]
struct State {
	open: Option<Arc<Open>>,
	/// Number of failures to connect since the last success.
	failures: u32,
	/// The time of the next attempt.
	retry_at: Option<Instant>,
}

/// An open connection. Operations that began before it is replaced keep it open.
struct Open(Connect);

impl Drop for Open {
	fn drop(&mut self) {
		if let Err(error) = self.0.close() {
			tracing::debug!(%error, "closing the connection to libvirt");
		}
	}
}

impl Libvirt {
	pub(super) fn new(uri: String) -> Self {
		Self { uri, state: Mutex::default() }
	}

	/// Returns the open connection, or opens one.
	fn open(&self) -> Result<Arc<Open>, HypervisorError> {
		run_event_loop().map_err(|error| HypervisorError::Gone(error.clone()))?;
		let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
		if let Some(open) = state.open.as_ref().filter(|open| is_alive(&open.0)) {
			return Ok(open.clone());
		}
		state.open = None;
		if state.retry_at.is_some_and(|at| Instant::now() < at) {
			return Err(HypervisorError::Gone(format!("{} failed recently", self.uri)));
		}
		match Connect::open(Some(self.uri.as_str())) {
			Ok(connect) => {
				if let Err(error) = connect.set_keep_alive(KEEP_ALIVE, MAX_UNANSWERED) {
					tracing::debug!(%error, "no keep-alive messages to libvirt");
				}
				let open = Arc::new(Open(connect));
				*state = State { open: Some(open.clone()), ..State::default() };
				tracing::info!(uri = %self.uri, "connected to libvirt");
				Ok(open)
			},
			Err(error) => {
				let delay = RECONNECT_AFTER.saturating_mul(2u32.saturating_pow(state.failures));
				state.failures = state.failures.saturating_add(1);
				state.retry_at = Instant::now().checked_add(delay.min(MAX_RECONNECT_AFTER));
				Err(HypervisorError::Gone(error.message().to_string()))
			},
		}
	}

	/// Returns the versions of libvirt and of its VMM. Blocks.
	pub(super) fn versions(&self) -> Result<Versions, HypervisorError> {
		self.run(|connect| {
			Ok(Versions { libvirt: connect.get_lib_version()?, vmm: connect.get_hyp_version()? })
		})
	}

	/// Carries out an operation. A failure on a connection that is no longer alive is its loss.
	fn run<T>(
		&self,
		operation: impl FnOnce(&Connect) -> Result<T, Error>,
	) -> Result<T, HypervisorError> {
		let open = self.open()?;
		operation(&open.0).map_err(|error| {
			let message = error.message().to_string();
			if !is_alive(&open.0) {
				return HypervisorError::Gone(message);
			}
			match error.code() {
				ErrorNumber::NoDomain | ErrorNumber::NoNetwork | ErrorNumber::OperationInvalid => {
					HypervisorError::Missing(message)
				},
				ErrorNumber::NoConnect | ErrorNumber::InvalidConn | ErrorNumber::Rpc => {
					HypervisorError::Gone(message)
				},
				_ => HypervisorError::Refused(message),
			}
		})
	}

	fn of_domain<T>(
		&self,
		uuid: &str,
		operation: impl FnOnce(&Domain) -> Result<T, Error>,
	) -> Result<T, HypervisorError> {
		self.run(|connect| operation(&Domain::lookup_by_uuid_string(connect, uuid)?))
	}
}

fn is_alive(connect: &Connect) -> bool {
	connect.is_alive().unwrap_or(false)
}

/// Runs libvirt's event loop in a thread of its own, once in a process. It must be registered
/// before the first connection, and sends the keep-alive messages.
fn run_event_loop() -> Result<(), &'static String> {
	static EVENT_LOOP: OnceLock<Result<(), String>> = OnceLock::new();
	let started = EVENT_LOOP.get_or_init(|| {
		// Errors are returned and need not be printed as well.
		clear_error_callback();
		event_register_default_impl().map_err(|error| error.to_string())?;
		let thread = std::thread::Builder::new().name("libvirt-events".into());
		thread.spawn(handle_events).map(drop).map_err(|error| error.to_string())
	});
	started.as_ref().copied()
}

/// Handles libvirt's events for as long as the process runs.
fn handle_events() {
	loop {
		if let Err(error) = event_run_default_impl() {
			tracing::warn!(%error, "libvirt's event loop failed: continuing");
			std::thread::sleep(RECONNECT_AFTER);
		}
	}
}

/// Returns `None` for an object that vanished after it was listed.
fn unless_missing<T>(read: Result<T, Error>) -> Result<Option<T>, Error> {
	match read {
		Ok(read) => Ok(Some(read)),
		Err(error) if matches!(error.code(), ErrorNumber::NoDomain | ErrorNumber::NoNetwork) => {
			Ok(None)
		},
		Err(error) => Err(error),
	}
}

fn read_domain(domain: &Domain) -> Result<Defined<DomainState>, Error> {
	let state = if domain.is_active()? {
		let (state, _) = domain.get_state()?;
		if state == sys::VIR_DOMAIN_PAUSED {
			DomainState::Paused
		} else {
			DomainState::Running
		}
	} else {
		DomainState::Off
	};
	Ok(Defined { state, xml: domain.get_xml_desc(0)? })
}

fn read_network(network: &Network) -> Result<Defined<bool>, Error> {
	Ok(Defined { state: network.is_active()?, xml: network.get_xml_desc(0)? })
}

impl Hypervisor for Libvirt {
	fn domains(&self) -> Result<Vec<Defined<DomainState>>, HypervisorError> {
		self.run(|connect| {
			let mut domains = Vec::new();
			for domain in connect.list_all_domains(0)? {
				if is_ours(&domain.get_name()?) {
					domains.extend(unless_missing(read_domain(&domain))?);
				}
			}
			Ok(domains)
		})
	}

	fn domain(&self, uuid: &str) -> Result<Option<Defined<DomainState>>, HypervisorError> {
		self.run(|connect| {
			let read = Domain::lookup_by_uuid_string(connect, uuid);
			unless_missing(read.and_then(|domain| read_domain(&domain)))
		})
	}

	fn networks(&self) -> Result<Vec<Defined<bool>>, HypervisorError> {
		self.run(|connect| {
			let mut networks = Vec::new();
			for network in connect.list_all_networks(0)? {
				if is_ours(&network.get_name()?) {
					networks.extend(unless_missing(read_network(&network))?);
				}
			}
			Ok(networks)
		})
	}

	fn define_domain(&self, xml: &str) -> Result<(), HypervisorError> {
		let flags = sys::VIR_DOMAIN_DEFINE_VALIDATE;
		self.run(|connect| Domain::define_xml_flags(connect, xml, flags).map(drop))
	}

	fn start_domain(&self, uuid: &str) -> Result<(), HypervisorError> {
		self.of_domain(uuid, |domain| domain.create().map(|_| ()))
	}

	fn shut_down_domain(&self, uuid: &str) -> Result<(), HypervisorError> {
		let button = sys::VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN;
		self.of_domain(uuid, |domain| domain.shutdown_flags(button).map(|_| ()))
	}

	fn destroy_domain(&self, uuid: &str) -> Result<(), HypervisorError> {
		self.of_domain(uuid, Domain::destroy)
	}

	fn undefine_domain(&self, uuid: &str) -> Result<(), HypervisorError> {
		self.of_domain(uuid, Domain::undefine)
	}

	fn resize_disk(&self, uuid: &str, device: &str, bytes: u64) -> Result<(), HypervisorError> {
		let unit = sys::VIR_DOMAIN_BLOCK_RESIZE_BYTES;
		self.of_domain(uuid, |domain| domain.block_resize(device, bytes, unit).map(|_| ()))
	}

	fn define_network(&self, xml: &str) -> Result<(), HypervisorError> {
		self.run(|connect| Network::define_xml(connect, xml).map(drop))
	}

	fn start_network(&self, name: &str) -> Result<(), HypervisorError> {
		self.run(|connect| Network::lookup_by_name(connect, name)?.create().map(|_| ()))
	}

	fn remove_network(&self, name: &str) -> Result<(), HypervisorError> {
		self.run(|connect| {
			let network = Network::lookup_by_name(connect, name)?;
			if network.is_active()? {
				network.destroy()?;
			}
			network.undefine()
		})
	}
}

#[cfg(test)]
mod tests {
	use super::{
		super::identity::{Kind, Mark},
		*,
	};

	/// The version of libvirt that knows SEV-SNP: 10.5.
	const SNP_VERSION: u32 = 10_005_000;

	fn test_driver() -> Libvirt {
		Libvirt::new("test:///default".into())
	}

	#[test]
	fn definitions_round_trip_through_libvirt() {
		let libvirt = test_driver();
		let version = Connect::get_version().expect("a version");
		let insecure = include_str!("../../tests/golden/domain-insecure.xml");
		let snp = include_str!("../../tests/golden/domain-snp.xml");
		for definition in [insecure, snp] {
			if definition.contains("sev-snp") && version < SNP_VERSION {
				eprintln!("skipped: libvirt {version} does not know SEV-SNP");
				continue;
			}
			let wanted = Mark::read(definition).expect("it has a mark");
			// The schemas may not be installed, so this does not ask for validation.
			let defined = libvirt.run(|connect| Domain::define_xml(connect, definition).map(drop));
			defined.expect("libvirt takes it");
			let domains = libvirt.domains().expect("they are listed");
			let [domain] = &domains[..] else { panic!("one domain, not {domains:?}") };
			assert_eq!(domain.state, DomainState::Off);
			assert_eq!(Mark::read(&domain.xml), Some(wanted.clone()));
			let uuid = wanted.identity.uuid(Kind::Domain).to_string();
			assert!(domain.xml.contains(&uuid));
			if definition == snp {
				assert!(domain.xml.contains("<hostData>5eXl"), "{}", domain.xml);
			}
			assert_eq!(libvirt.domain(&uuid), Ok(Some(domain.clone())));
			libvirt.undefine_domain(&uuid).expect("it was defined");
			assert_eq!(libvirt.domain(&uuid), Ok(None));
		}
	}

	#[test]
	fn network_round_trips_through_libvirt() {
		let libvirt = test_driver();
		let definition = include_str!("../../tests/golden/network.xml");
		libvirt.define_network(definition).expect("libvirt takes it");
		let networks = libvirt.networks().expect("they are listed");
		let [network] = &networks[..] else { panic!("one network, not {networks:?}") };
		let mark = Mark::read(&network.xml).expect("it has a mark");
		assert_eq!(Some(&mark), Mark::read(definition).as_ref());
		let name = mark.identity.name();
		libvirt.start_network(&name).expect("it starts");
		libvirt.remove_network(&name).expect("it is removed");
		assert_eq!(libvirt.networks(), Ok(Vec::new()));
		let removed = libvirt.remove_network(&name);
		assert!(matches!(removed, Err(HypervisorError::Missing(_))), "{removed:?}");
	}

	#[test]
	fn versions_are_read_from_libvirt() {
		let versions = test_driver().versions().expect("it answers");
		assert_eq!(versions.libvirt, Connect::get_version().expect("a version"));
		assert!(versions.vmm > 0);
	}

	#[test]
	fn unknown_domain_is_missing() {
		let ended = test_driver().destroy_domain("e918fa49-87f5-82fc-9548-0e18246b292e");
		assert!(matches!(ended, Err(HypervisorError::Missing(_))), "{ended:?}");
	}

	#[test]
	fn unreachable_libvirt_is_gone_and_not_tried_again_immediately() {
		let folder = tempfile::tempdir().expect("a folder");
		let socket = folder.path().join("no-socket");
		let uri = format!("qemu:///system?socket={}", socket.display());
		let libvirt = Libvirt::new(uri);
		let gone = |seen: Result<_, HypervisorError>| match seen {
			Err(HypervisorError::Gone(why)) => why,
			other => panic!("not gone: {other:?}"),
		};
		assert!(!gone(libvirt.networks()).contains("failed recently"));
		assert!(gone(libvirt.networks()).contains("failed recently"));
	}
}
