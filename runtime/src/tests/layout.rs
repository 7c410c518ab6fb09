//! What a stored chain and its clients rely on: nothing of it may change without a migration.

use codec::Decode;
use frame_metadata::{v16::RuntimeMetadataV16, RuntimeMetadata, RuntimeMetadataPrefixed};

use crate::Runtime;

/// Pallets by index, their storage by prefix and name, their calls by index: `runtime/layout.txt`.
const COMMITTED: &str = include_str!("../../layout.txt");

/// Lines that went from `runtime/layout.txt`, each with the migration that makes up for it.
const MIGRATED: [(&str, &str); 0] = [];

pub(super) fn metadata() -> RuntimeMetadataV16 {
	let bytes = sp_io::TestExternalities::default()
		.execute_with(|| Runtime::metadata_at_version(16))
		.expect("the runtime has metadata of version 16");
	let decoded =
		RuntimeMetadataPrefixed::decode(&mut &bytes[..]).expect("the runtime's own metadata");
	match decoded.1 {
		RuntimeMetadata::V16(metadata) => metadata,
		_ => panic!("asked for version 16"),
	}
}

fn layout() -> Vec<String> {
	let metadata = metadata();
	let mut lines = Vec::new();
	for pallet in &metadata.pallets {
		let of = format!("{} {}", pallet.index, pallet.name);
		lines.push(of.clone());
		if let Some(storage) = &pallet.storage {
			let entry = |name| format!("{of} storage {}::{name}", storage.prefix);
			lines.extend(storage.entries.iter().map(|of| entry(&of.name)));
		}
		let calls = pallet.calls.as_ref().and_then(|calls| metadata.types.resolve(calls.ty.id));
		if let Some(scale_info::TypeDef::Variant(calls)) = calls.map(|calls| &calls.type_def) {
			let line = |index, name| format!("{of} call {index} {name}");
			lines.extend(calls.variants.iter().map(|call| line(call.index, &call.name)));
		}
	}
	lines.sort();
	lines
}

#[test]
fn nothing_that_is_stored_or_called_changes_without_a_migration() {
	let now = layout();
	let migrated: Vec<&str> = MIGRATED.iter().map(|(line, _)| *line).collect();
	let lost: Vec<_> = COMMITTED
		.lines()
		.filter(|line| !now.iter().any(|kept| kept == line) && !migrated.contains(line))
		.collect();
	assert!(
		lost.is_empty(),
		"these are gone, or are something else now: write a migration, and name it in MIGRATED: {lost:#?}"
	);
	let new: Vec<_> = now.iter().filter(|line| !COMMITTED.lines().any(|of| of == *line)).collect();
	let file = std::env::temp_dir().join("hccs-layout.txt");
	if !new.is_empty() {
		std::fs::write(&file, now.join("\n") + "\n").expect("a temporary file can be written");
	}
	assert!(
		new.is_empty(),
		"these are new: copy {} to runtime/layout.txt: {new:#?}",
		file.display()
	);
}

/// The pallets of this workspace.
pub(super) const OURS: [&str; 11] = [
	"Attestation",
	"Compensation",
	"Compute",
	"Emission",
	"Oracle",
	"Policy",
	"Registry",
	"Reputation",
	"Usage",
	"Validators",
	"Verdicts",
];

/// Clients read fields by their names: a field may be added, and may stand elsewhere.
#[test]
fn every_field_of_our_events_has_a_name() {
	let metadata = metadata();
	for name in OURS {
		let pallet = metadata.pallets.iter().find(|pallet| pallet.name == name);
		let event = pallet.and_then(|pallet| pallet.event.as_ref()).expect("each has events");
		let event = metadata.types.resolve(event.ty.id).expect("of a known type");
		let scale_info::TypeDef::Variant(events) = &event.type_def else {
			panic!("{name}: its events are no enum");
		};
		assert!(!events.variants.is_empty(), "{name}");
		for event in &events.variants {
			let named = event.fields.iter().all(|field| field.name.is_some());
			assert!(named, "{name}::{} has a field without a name", event.name);
		}
	}
}
