//! What a stored chain and its clients rely on: nothing of it may change without a migration.

use std::any::type_name;

use codec::Decode;
use frame_metadata::{
	v16::{RuntimeMetadataV16, StorageEntryType},
	RuntimeMetadata, RuntimeMetadataPrefixed,
};
use scale_info::{form::PortableForm, Field, PortableRegistry, TypeDef};

use crate::Runtime;

/// Pallets by index, their storage by prefix and name, their calls by index, each with what its types come to: `runtime/layout.txt`.
const COMMITTED: &str = include_str!("../../layout.txt");

/// Lines that went from `runtime/layout.txt`, each with the migration of the runtime that makes up for it.
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

/// What a type is made of, down to the last integer: values of types that come to the same are encoded alike.
struct Shapes<'a> {
	types: &'a PortableRegistry,
	/// The types that the one at hand is a part of.
	within: Vec<u32>,
}

impl Shapes<'_> {
	fn of(types: &PortableRegistry, ids: impl IntoIterator<Item = u32>) -> String {
		let mut shapes = Shapes { types, within: Vec::new() };
		let all: Vec<_> = ids.into_iter().map(|id| shapes.shape(id)).collect();
		let [a, b, c, d, ..] = sp_io::hashing::blake2_256(all.join(";").as_bytes());
		format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
	}

	fn shape(&mut self, id: u32) -> String {
		let types = self.types;
		let of = types.resolve(id).expect("metadata has every type that it names");
		// A call may be of any pallet: each has a line of its own. Events are gone with their block.
		let is_any = |name: &String| name == "RuntimeCall" || name == "RuntimeEvent";
		let is_any = of.path.segments.last().is_some_and(is_any);
		if is_any || self.within.contains(&id) {
			return of.path.segments.join("::");
		}
		self.within.push(id);
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
		self.within.pop();
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
fn nothing_that_is_stored_or_called_changes_without_a_migration() {
	let now = layout();
	let migrations = [
		type_name::<<Runtime as frame_system::Config>::SingleBlockMigrations>(),
		type_name::<<Runtime as pallet_migrations::Config>::Migrations>(),
	];
	for (_, name) in MIGRATED {
		let is_there = migrations.iter().any(|all| all.contains(name));
		assert!(is_there, "{name} is no migration of the runtime: {migrations:?}");
	}
	let migrated: Vec<&str> = MIGRATED.iter().map(|(line, _)| *line).collect();
	let lost: Vec<_> = COMMITTED
		.lines()
		.filter(|line| !now.iter().any(|kept| kept == line) && !migrated.contains(line))
		.collect();
	let new: Vec<_> = now.iter().filter(|line| !COMMITTED.lines().any(|of| of == *line)).collect();
	let file = std::env::temp_dir().join("hccs-layout.txt");
	if !new.is_empty() {
		std::fs::write(&file, now.join("\n") + "\n").expect("a temporary file can be written");
	}
	assert!(
		lost.is_empty(),
		"these are gone, or are something else now: write a migration, and name it in MIGRATED; where something was only added to an enum, change the line: {lost:#?}"
	);
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
		let TypeDef::Variant(events) = &event.type_def else {
			panic!("{name}: its events are no enum");
		};
		assert!(!events.variants.is_empty(), "{name}");
		for event in &events.variants {
			let named = event.fields.iter().all(|field| field.name.is_some());
			assert!(named, "{name}::{} has a field without a name", event.name);
		}
	}
}
