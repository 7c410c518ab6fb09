//! The identity of a VM in libvirt: names, UUIDs and metadata.
//!
//! libvirt holds the only state of a host. The metadata of a domain says for which boot it is
//! defined, and the metadata of domains and networks say which slots are taken.

use hcc_evidence::{host::Genesis, vm::VmId};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::{xml::Element, Boot};

/// The XML namespace of the metadata.
const NAMESPACE: &str = "urn:hippius:hcc-miner:1";
/// The start of the names of VMs and their networks, and of the names of VMs of `hccam`.
const PREFIXES: [&str; 2] = ["hcc-vm-", "hcc-agent-"];

/// The number of the VM in which `hccam` runs. The chain numbers its VMs from 0, so none has this
/// number.
pub(crate) const AGENT: VmId = VmId::MAX;

/// Returns true for names that [`Identity::name`] makes.
pub(super) fn is_ours(name: &str) -> bool {
	PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The miner on whose behalf an agent runs VMs. Several agents may share one libvirt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
	pub genesis: Genesis,
	pub miner: [u8; 32],
}

/// A VM on a host, for as long as it is assigned to the miner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
	pub owner: Owner,
	pub vm: VmId,
	pub generation: u32,
	/// The number from which the VM's CID, bridge and network follow.
	pub slot: u32,
}

/// The object of libvirt that a UUID names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
	Domain = 0,
	Network = 1,
}

/// Returns the first bytes of a hash or an account in hexadecimal.
fn short([a, b, c, d, ..]: [u8; 32]) -> String {
	hex::encode([a, b, c, d])
}

impl Identity {
	/// Returns true for the VM in which `hccam` runs.
	pub(super) fn is_agent(&self) -> bool {
		self.vm == AGENT
	}

	/// Returns the name of the domain and of the network.
	pub(super) fn name(&self) -> String {
		let ([vms, agents], chain) = (PREFIXES, short(self.owner.genesis));
		if self.is_agent() {
			format!("{agents}{}-{chain}", short(self.owner.miner))
		} else {
			format!("{vms}{}-{}-{chain}", self.vm, self.generation)
		}
	}

	/// Returns the UUID, which follows from genesis, VM and generation. libvirt starts a domain of
	/// one UUID once, so a VM never runs twice on a host. Each miner has an `hccam` of its own.
	pub(super) fn uuid(&self, kind: Kind) -> Uuid {
		let mut hasher = Sha256::new();
		for part in [
			&b"hcc/vm-uuid/v1"[..],
			&[kind as u8],
			&self.owner.genesis,
			&self.vm.to_le_bytes(),
			&self.generation.to_le_bytes(),
		] {
			hasher.update(part);
		}
		if self.is_agent() {
			hasher.update(self.owner.miner);
		}
		let hash: [u8; 32] = hasher.finalize().into();
		let mut bytes = [0; 16];
		bytes.copy_from_slice(&hash[..16]);
		Builder::from_custom_bytes(bytes).into_uuid()
	}

	/// Returns the MAC address. It need only be unique on the VM's own network.
	pub(super) fn mac(&self) -> String {
		let [.., a, b, c] = self.uuid(Kind::Domain).into_bytes();
		format!("52:54:00:{a:02x}:{b:02x}:{c:02x}")
	}

	/// Returns the name of the folder of the VM's files.
	pub(super) fn folder(&self) -> String {
		if self.is_agent() {
			format!("agent-{}", short(self.owner.miner))
		} else {
			format!("vm-{}-{}", self.vm, self.generation)
		}
	}
}

/// The boot for which a domain is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LaunchMark {
	pub counter: u32,
	/// The id of the image.
	pub image: String,
	/// The launch measurement, computed from the bytes of the image.
	pub measurement: String,
}

/// The metadata of a domain, or of a network, which has no boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
	pub identity: Identity,
	pub launch: Option<LaunchMark>,
}

impl Mark {
	/// Returns the boot for which a domain is defined.
	pub(super) fn boot(&self) -> Option<Boot> {
		self.launch.as_ref().map(|launch| (self.identity.generation, launch.counter))
	}

	/// Returns the element `metadata`.
	pub(super) fn to_metadata(&self) -> Element {
		let Identity { owner, vm, generation, slot } = &self.identity;
		let mut vm = Element::new("hcc:vm")
			.with("xmlns:hcc", NAMESPACE)
			.with("genesis", hex::encode(owner.genesis))
			.with("miner", hex::encode(owner.miner))
			.with("vm", vm)
			.with("generation", generation)
			.with("slot", slot);
		if let Some(launch) = &self.launch {
			vm = vm
				.with("counter", launch.counter)
				.with("image", &launch.image)
				.with("measurement", &launch.measurement);
		}
		Element::new("metadata").child(vm)
	}

	/// Reads the metadata of a domain or a network. Returns `None` for what no agent has made.
	pub(super) fn read(document: &str) -> Option<Self> {
		let document = Element::parse(document).ok()?;
		let vm = document.get("metadata")?.get("vm")?;
		let number = |name: &str| vm.attribute(name)?.parse::<u32>().ok();
		let hash = |name: &str| {
			let mut hash = [0; 32];
			hex::decode_to_slice(vm.attribute(name)?, &mut hash).ok()?;
			Some(hash)
		};
		let identity = Identity {
			owner: Owner { genesis: hash("genesis")?, miner: hash("miner")? },
			vm: vm.attribute("vm")?.parse().ok()?,
			generation: number("generation")?,
			slot: number("slot")?,
		};
		let text = |name: &str| vm.attribute(name).unwrap_or_default().to_string();
		let launch = number("counter").map(|counter| LaunchMark {
			counter,
			image: text("image"),
			measurement: text("measurement"),
		});
		Some(Self { identity, launch })
	}
}

#[cfg(test)]
pub(super) mod tests {
	use super::*;

	pub(in super::super) const IDENTITY: Identity = Identity {
		owner: Owner { genesis: [0xa1; 32], miner: [0xb2; 32] },
		vm: 7,
		generation: 2,
		slot: 5,
	};

	#[test]
	fn uuid_depends_on_genesis_vm_and_generation_only() {
		let uuid = IDENTITY.uuid(Kind::Domain);
		let other = Owner { genesis: [1; 32], ..IDENTITY.owner };
		for changed in [
			Identity { owner: other, ..IDENTITY },
			Identity { vm: 8, ..IDENTITY },
			Identity { generation: 3, ..IDENTITY },
		] {
			assert_ne!(changed.uuid(Kind::Domain), uuid);
		}
		assert_ne!(IDENTITY.uuid(Kind::Network), uuid);
		let elsewhere = Owner { miner: [1; 32], ..IDENTITY.owner };
		assert_eq!(Identity { owner: elsewhere, slot: 9, ..IDENTITY }.uuid(Kind::Domain), uuid);
	}

	#[test]
	fn agents_of_two_miners_are_distinct() {
		let agent = Identity { vm: AGENT, generation: 0, ..IDENTITY };
		let elsewhere = Owner { miner: [1; 32], ..IDENTITY.owner };
		let other = Identity { owner: elsewhere, ..agent };
		assert_eq!(agent.name(), "hcc-agent-b2b2b2b2-a1a1a1a1");
		assert!(is_ours(&agent.name()) && is_ours(&IDENTITY.name()) && !is_ours("hcc-host"));
		assert_ne!(agent.name(), other.name());
		assert_ne!(agent.folder(), other.folder());
		assert_ne!(agent.uuid(Kind::Domain), other.uuid(Kind::Domain));
	}

	#[test]
	fn mark_round_trips_through_metadata() {
		let launch = LaunchMark { counter: 3, image: "aa".into(), measurement: "bb".into() };
		for launch in [Some(launch), None] {
			let mark = Mark { identity: IDENTITY, launch };
			let domain = Element::new("domain").child(mark.to_metadata());
			assert_eq!(Mark::read(&domain.to_document()), Some(mark));
		}
	}

	#[test]
	fn foreign_objects_have_no_mark() {
		for document in [
			"<domain><name>x</name></domain>",
			"<domain><metadata><vm vm='7'/></metadata></domain>",
			"nonsense",
		] {
			assert_eq!(Mark::read(document), None, "{document}");
		}
	}
}
