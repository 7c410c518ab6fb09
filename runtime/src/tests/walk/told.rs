//! What came of a walk: events by their names.

use std::collections::BTreeMap;

use codec::Encode;

use crate::{
	tests::layout::{metadata, OURS},
	*,
};

/// How often there was each event, by the numbers of its pallet and its variant.
#[derive(Default)]
pub(super) struct Told(BTreeMap<[u8; 2], u32>);

impl Told {
	/// Counts what was told since, and forgets it: to keep it for days takes as long as all of it.
	pub(super) fn count(&mut self) {
		for record in System::read_events_no_consensus() {
			let bytes = record.event.encode();
			*self.0.entry([bytes[0], bytes[1]]).or_default() += 1;
		}
		System::reset_events();
	}

	/// How often there was each event of our pallets, as `Pallet::Event`.
	pub(super) fn by_name(&self) -> BTreeMap<String, u32> {
		let metadata = metadata();
		let ours = metadata.pallets.iter().filter(|pallet| OURS.contains(&&pallet.name[..]));
		let mut named = BTreeMap::new();
		for pallet in ours {
			let event = pallet.event.as_ref().expect("each has events");
			let event = metadata.types.resolve(event.ty.id).expect("of a known type");
			let scale_info::TypeDef::Variant(events) = &event.type_def else {
				panic!("{}: its events are no enum", pallet.name);
			};
			for event in &events.variants {
				let count = self.0.get(&[pallet.index, event.index]).copied().unwrap_or_default();
				named.insert(format!("{}::{}", pallet.name, event.name), count);
			}
		}
		named
	}
}
