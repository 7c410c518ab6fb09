//! Slots: numbers from which the CID, the bridge and the network of a VM follow.
//!
//! The metadata of domains and networks record the slots in use. Another agent on the same libvirt
//! may choose the same slot at the same time. Then libvirt refuses the second network, because its
//! bridge is in use, and the agent chooses again.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

/// The prefix length of the network of a VM: an address for the host and one for the guest.
pub(super) const SUBNET: u8 = 30;

/// The addresses of the network of a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subnet {
	/// The address of the host.
	pub gateway: Ipv4Addr,
	/// The address of the guest.
	pub guest: Ipv4Addr,
}

impl Subnet {
	/// Returns the network of a slot, or `None` if the range has too few addresses.
	pub(super) fn of(range: &Ipv4Net, slot: u32) -> Option<Self> {
		let mut subnets = range.subnets(SUBNET).ok()?;
		let mut hosts = subnets.nth(slot as usize)?.hosts();
		Some(Self { gateway: hosts.next()?, guest: hosts.next()? })
	}
}

/// Returns the number of slots of a range of addresses.
pub(super) fn capacity(range: &Ipv4Net) -> u32 {
	let bits = SUBNET.saturating_sub(range.prefix_len());
	if range.prefix_len() > SUBNET {
		0
	} else {
		1u32.checked_shl(bits.into()).unwrap_or(u32::MAX)
	}
}

/// Returns the lowest free slot, or `None` if all are taken.
pub(super) fn lowest_free(taken: &[u32], capacity: u32) -> Option<u32> {
	(0..capacity).find(|slot| !taken.contains(slot))
}

/// Returns the name of the bridge of a slot. The kernel allows 15 characters.
pub(super) fn bridge(slot: u32) -> String {
	format!("hccvm{slot}")
}

#[cfg(test)]
mod tests {
	use super::*;

	fn range(text: &str) -> Ipv4Net {
		text.parse().expect("a range")
	}

	#[test]
	fn slots_have_disjoint_subnets() {
		let range = range("10.201.0.0/16");
		let subnet = |slot| Subnet::of(&range, slot).expect("it fits");
		let of = |gateway, guest| Subnet {
			gateway: Ipv4Addr::from(gateway),
			guest: Ipv4Addr::from(guest),
		};
		assert_eq!(subnet(0), of([10, 201, 0, 1], [10, 201, 0, 2]));
		assert_eq!(subnet(5), of([10, 201, 0, 21], [10, 201, 0, 22]));
		let last = capacity(&range) - 1;
		assert_eq!(last, 16_383);
		assert_eq!(subnet(last), of([10, 201, 255, 253], [10, 201, 255, 254]));
		assert_eq!(Subnet::of(&range, last + 1), None);
	}

	#[test]
	fn range_of_one_network_has_one_slot() {
		assert_eq!(capacity(&range("10.0.0.0/30")), 1);
		assert_eq!(capacity(&range("10.0.0.0/31")), 0);
		assert_eq!(Subnet::of(&range("10.0.0.0/31"), 0), None);
	}

	#[test]
	fn lowest_slot_is_reused() {
		assert_eq!(lowest_free(&[], 2), Some(0));
		assert_eq!(lowest_free(&[0, 2], 4), Some(1));
		assert_eq!(lowest_free(&[1, 0], 2), None);
	}

	#[test]
	fn bridge_names_fit_kernel_limit() {
		assert!(bridge(u32::MAX).len() <= 15);
	}
}
