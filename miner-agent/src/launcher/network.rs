//! The network of a VM: NAT by libvirt, with one address for the guest.

use super::{
	allotment::{bridge, Subnet, SUBNET},
	identity::{Identity, Kind, Mark},
	xml::Element,
};

/// Returns the definition of a VM's network. Its DHCP server has one address, for the VM's MAC.
pub(super) fn network_xml(identity: &Identity, subnet: &Subnet) -> String {
	let mark = Mark { identity: *identity, launch: None };
	let dhcp = Element::new("dhcp")
		.child(Element::new("range").with("start", subnet.guest).with("end", subnet.guest))
		.child(Element::new("host").with("mac", identity.mac()).with("ip", subnet.guest));
	Element::new("network")
		.text_child("name", identity.name())
		.text_child("uuid", identity.uuid(Kind::Network))
		.child(mark.to_metadata())
		.child(Element::new("forward").with("mode", "nat"))
		.child(
			Element::new("bridge")
				.with("name", bridge(identity.slot))
				.with("stp", "off")
				.with("delay", 0),
		)
		.child(
			Element::new("ip")
				.with("family", "ipv4")
				.with("address", subnet.gateway)
				.with("prefix", SUBNET)
				.child(dhcp),
		)
		.to_document()
}

#[cfg(test)]
mod tests {
	use super::{super::identity::tests::IDENTITY, *};

	#[test]
	fn network_matches_golden_file() {
		let range = "10.201.0.0/16".parse().expect("a range");
		let subnet = Subnet::of(&range, IDENTITY.slot).expect("it fits");
		let golden = include_str!("../../tests/golden/network.xml");
		assert_eq!(network_xml(&IDENTITY, &subnet), golden);
	}
}
