//! Counts the events of a walk by name.

use std::collections::BTreeMap;

use codec::Encode;
use hccs_runtime::*;

use crate::layout::{metadata, OURS};

/// Number of events by the index of the pallet and the index of the event.
#[derive(Default)]
pub(super) struct EventCounts(BTreeMap<[u8; 2], u32>);

impl EventCounts {
	/// Counts the new events and removes them. If the events of days were stored, this would take
	/// as long as the walk itself.
	pub(super) fn count(&mut self) {
		for record in System::read_events_no_consensus() {
			let bytes = record.event.encode();
			*self.0.entry([bytes[0], bytes[1]]).or_default() += 1;
		}
		System::reset_events();
	}

	/// Returns the number of each event of our pallets. The names have the form `Pallet::Event`.
	pub(super) fn by_name(&self) -> BTreeMap<String, u32> {
		let metadata = metadata();
		let ours = metadata.pallets.iter().filter(|pallet| OURS.contains(&&pallet.name[..]));
		let mut named = BTreeMap::new();
		for pallet in ours {
			let event = pallet.event.as_ref().expect("the pallet has events");
			let event = metadata.types.resolve(event.ty.id).expect("the type is in the metadata");
			let scale_info::TypeDef::Variant(events) = &event.type_def else {
				panic!("{}: the events are not an enum", pallet.name);
			};
			for event in &events.variants {
				let count = self.0.get(&[pallet.index, event.index]).copied().unwrap_or_default();
				named.insert(format!("{}::{}", pallet.name, event.name), count);
			}
		}
		named
	}
}
