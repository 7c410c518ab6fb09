//! The operations of libvirt that the launcher needs.

/// The reason why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HypervisorError {
	/// The connection is lost, or libvirt does not run.
	#[error("{0}")]
	Gone(String),
	/// The domain or network does not exist, or does not run.
	#[error("{0}")]
	Missing(String),
	/// libvirt refuses the operation.
	#[error("{0}")]
	Refused(String),
}

/// The state of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DomainState {
	Off,
	Running,
	/// Its vCPUs do not run: a disk had no space, or an operator has suspended it.
	Paused,
}

/// A domain or a network. The definition is that of the running domain, if it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Defined<S> {
	pub state: S,
	pub xml: String,
}

/// A connection to libvirt. Its operations block.
///
/// It sees only domains and networks with names of agents ([`super::identity::is_ours`]). Domains
/// are referred to by their UUIDs, networks by their names.
pub(super) trait Hypervisor: Send + Sync + 'static {
	/// Returns the domains.
	fn domains(&self) -> Result<Vec<Defined<DomainState>>, HypervisorError>;
	/// Returns a domain, or `None` if it is not defined.
	fn domain(&self, uuid: &str) -> Result<Option<Defined<DomainState>>, HypervisorError>;
	/// Returns the networks. The state is true if the network is active.
	fn networks(&self) -> Result<Vec<Defined<bool>>, HypervisorError>;
	/// Defines a domain that does not run, or replaces its definition.
	fn define_domain(&self, xml: &str) -> Result<(), HypervisorError>;
	fn start_domain(&self, uuid: &str) -> Result<(), HypervisorError>;
	/// Presses the power button of a domain.
	fn shut_down_domain(&self, uuid: &str) -> Result<(), HypervisorError>;
	/// Ends a domain immediately.
	fn destroy_domain(&self, uuid: &str) -> Result<(), HypervisorError>;
	fn undefine_domain(&self, uuid: &str) -> Result<(), HypervisorError>;
	/// Grows a disk of a running domain. The guest is notified.
	fn resize_disk(&self, uuid: &str, device: &str, bytes: u64) -> Result<(), HypervisorError>;
	fn define_network(&self, xml: &str) -> Result<(), HypervisorError>;
	fn start_network(&self, name: &str) -> Result<(), HypervisorError>;
	/// Stops a network, and removes its definition.
	fn remove_network(&self, name: &str) -> Result<(), HypervisorError>;
}
