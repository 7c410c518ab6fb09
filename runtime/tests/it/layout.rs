//! Tests that the layout of storage and calls does not change without a migration. Existing chains
//! and clients rely on this layout.

use std::any::type_name;

use codec::Decode;
use frame_metadata::{
	v16::{RuntimeMetadataV16, StorageEntryType},
	RuntimeMetadata, RuntimeMetadataPrefixed,
};
use hccs_runtime::Runtime;
use scale_info::{form::PortableForm, Field, PortableRegistry, TypeDef};

/// The committed layout: pallets by index, storage items by prefix and name, and calls by index.
/// Each line has a hash of the shapes of the item's types.
const COMMITTED: &str = include_str!("snapshots/layout.txt");

/// Lines that were removed from `snapshots/layout.txt`, each with the migration that made the
/// removal safe.
const MIGRATED: [(&str, &str); 0] = [];

pub(super) fn metadata() -> RuntimeMetadataV16 {
	let bytes = sp_io::TestExternalities::default()
		.execute_with(|| Runtime::metadata_at_version(16))
		.expect("the runtime has metadata of version 16");
	let decoded =
		RuntimeMetadataPrefixed::decode(&mut &bytes[..]).expect("the runtime's own metadata");
	match decoded.1 {
		RuntimeMetadata::V16(metadata) => metadata,
		_ => panic!("the metadata is not of version 16"),
	}
}

/// Computes the shapes of types, down to integers. Types of equal shape have equal encodings.
struct Shapes<'a> {
	types: &'a PortableRegistry,
	/// The types that contain the current type.
	parents: Vec<u32>,
}

impl Shapes<'_> {
	fn of(types: &PortableRegistry, ids: impl IntoIterator<Item = u32>) -> String {
		let mut shapes = Shapes { types, parents: Vec::new() };
		let all: Vec<_> = ids.into_iter().map(|id| shapes.shape(id)).collect();
		let [a, b, c, d, ..] = sp_io::hashing::blake2_256(all.join(";").as_bytes());
		format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
	}

	fn shape(&mut self, id: u32) -> String {
		let types = self.types;
		let of = types.resolve(id).expect("the type is in the metadata");
		// The shapes of all calls and events are not needed here. Each call has its own line in the
		// layout, and events last for only one block.
		let is_any = |name: &String| name == "RuntimeCall" || name == "RuntimeEvent";
		let is_any = of.path.segments.last().is_some_and(is_any);
		if is_any || self.parents.contains(&id) {
			return of.path.segments.join("::");
		}
		self.parents.push(id);
		let shape = match &of.type_def {
			TypeDef::Composite(all) => self.fields(&all.fields),
			TypeDef::Variant(all) => {
				let variants = all.variants.iter();
				let variants: Vec<_> = variants
					.map(|of| format!("{} {}{}", of.index, of.name, self.fields(&of.fields)))
					.collect();
				format!("[{}]", variants.join(","))
			},
			TypeDef::Sequence(all) => format!("many {}", self.shape(all.type_param.id)),
			TypeDef::Array(all) => format!("{} {}", all.len, self.shape(all.type_param.id)),
			TypeDef::Tuple(all) => {
				let parts: Vec<_> = all.fields.iter().map(|field| self.shape(field.id)).collect();
				format!("({})", parts.join(","))
			},
			TypeDef::Primitive(of) => format!("{of:?}"),
			TypeDef::Compact(of) => format!("compact {}", self.shape(of.type_param.id)),
			TypeDef::BitSequence(of) => format!("bits {}", self.shape(of.bit_store_type.id)),
		};
		self.parents.pop();
		shape
	}

	fn fields(&mut self, fields: &[Field<PortableForm>]) -> String {
		let parts: Vec<_> = fields.iter().map(|field| self.shape(field.ty.id)).collect();
		format!("({})", parts.join(","))
	}
}

fn layout() -> Vec<String> {
	let metadata = metadata();
	let mut lines = Vec::new();
	for pallet in &metadata.pallets {
		let of = format!("{} {}", pallet.index, pallet.name);
		lines.push(of.clone());
		if let Some(storage) = &pallet.storage {
			lines.extend(storage.entries.iter().map(|entry| {
				let shape = match &entry.ty {
					StorageEntryType::Plain(value) => Shapes::of(&metadata.types, [value.id]),
					StorageEntryType::Map { key, value, .. } => {
						Shapes::of(&metadata.types, [key.id, value.id])
					},
				};
				format!("{of} storage {}::{} {shape}", storage.prefix, entry.name)
			}));
		}
		let calls = pallet.calls.as_ref().and_then(|calls| metadata.types.resolve(calls.ty.id));
		if let Some(TypeDef::Variant(calls)) = calls.map(|calls| &calls.type_def) {
			lines.extend(calls.variants.iter().map(|call| {
				let ids = call.fields.iter().map(|field| field.ty.id);
				let shape = Shapes::of(&metadata.types, ids);
				format!("{of} call {} {} {shape}", call.index, call.name)
			}));
		}
	}
	lines.sort();
	lines
}

#[test]
fn layout_matches_snapshot() {
	let now = layout();
	let migrations = [
		type_name::<<Runtime as frame_system::Config>::SingleBlockMigrations>(),
		type_name::<<Runtime as pallet_migrations::Config>::Migrations>(),
	];
	for (_, name) in MIGRATED {
		let exists = migrations.iter().any(|all| all.contains(name));
		assert!(exists, "the runtime has no migration {name}: {migrations:?}");
	}
	let migrated: Vec<&str> = MIGRATED.iter().map(|(line, _)| *line).collect();
	let lost: Vec<_> = COMMITTED
		.lines()
		.filter(|line| !now.iter().any(|current| current == line) && !migrated.contains(line))
		.collect();
	let new: Vec<_> = now.iter().filter(|line| !COMMITTED.lines().any(|of| of == *line)).collect();
	let file = std::env::temp_dir().join("hccs-layout.txt");
	if !new.is_empty() {
		std::fs::write(&file, now.join("\n") + "\n").expect("a temporary file can be written");
	}
	assert!(
		lost.is_empty(),
		"these lines were removed or changed: write a migration and name it in MIGRATED. If an enum only has a new variant, change the line: {lost:#?}"
	);
	assert!(
		new.is_empty(),
		"these lines are new: copy {} to runtime/tests/it/snapshots/layout.txt: {new:#?}",
		file.display()
	);
}

/// The pallets of this workspace that emit events.
pub(super) const OURS: [&str; 13] = [
	"Attestation",
	"Clock",
	"Compensation",
	"Compute",
	"Emission",
	"Images",
	"Oracle",
	"Policy",
	"Registry",
	"Reputation",
	"Usage",
	"Validators",
	"Verdicts",
];
/// The pallets of this workspace that emit no events.
pub(super) const WITHOUT_EVENTS: [&str; 1] = ["Issuance"];

/// Fields of events can be added or moved, because clients read them by name. So each field must
/// have a name.
#[test]
fn event_fields_have_names() {
	let metadata = metadata();
	for name in OURS {
		let pallet = metadata.pallets.iter().find(|pallet| pallet.name == name);
		let event = pallet.and_then(|pallet| pallet.event.as_ref()).expect("the pallet has events");
		let event = metadata.types.resolve(event.ty.id).expect("the type is in the metadata");
		let TypeDef::Variant(events) = &event.type_def else {
			panic!("{name}: the events are not an enum");
		};
		assert!(!events.variants.is_empty(), "{name}");
		for event in &events.variants {
			let named = event.fields.iter().all(|field| field.name.is_some());
			assert!(named, "{name}::{} has a field without a name", event.name);
		}
	}
}
