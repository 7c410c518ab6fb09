//! Tests that pallets and crates have exactly the dependencies that `docs/architecture.md` allows.

mod source;

use std::{
	collections::{BTreeMap, BTreeSet},
	fs,
	path::{Path, PathBuf},
};

use source::{tokens, Wiring};

/// The dependencies of pallets or crates: for each name, the names that it depends on.
type Arrows = BTreeMap<String, BTreeSet<String>>;

const DOCUMENT: &str = "docs/architecture.md";

/// Folders in the source of the runtime that are not part of a production build.
const SKIPPED: [&str; 2] = ["benchmarks", "tests"];

/// Test crates that are not named `insecure-*`, and the crate that signs simulated reports.
const TEST_CRATES: [&str; 3] = ["hcc-evidence-testing", "hcc-testing", "insecure-sim"];

fn path(name: &str) -> PathBuf {
	Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn read(file: &Path) -> String {
	fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Returns the paths in a folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
	let entries =
		fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
	entries.map(|entry| entry.expect("a folder can be listed").path()).collect()
}

// Reading the document.

fn document() -> String {
	read(&path(DOCUMENT))
}

/// Returns the rows of all tables that have the given header.
fn rows<'a>(document: &'a str, header: &[&str]) -> Vec<Vec<&'a str>> {
	let mut rows = Vec::new();
	let mut is_inside = false;
	for line in document.lines() {
		let inner = line.strip_prefix('|').and_then(|rest| rest.strip_suffix('|'));
		let Some(inner) = inner else {
			is_inside = false;
			continue;
		};
		let cells: Vec<&str> = inner.split('|').map(str::trim).collect();
		if cells == header {
			is_inside = true;
		} else if is_inside && !cells.iter().all(|cell| cell.starts_with("---")) {
			assert_eq!(cells.len(), header.len(), "{DOCUMENT}: {line}");
			rows.push(cells);
		}
	}
	assert!(!rows.is_empty(), "{DOCUMENT} has no table {header:?}");
	rows
}

/// Returns the names in a cell of a table. A dash stands for no names.
fn names(cell: &str, separator: char) -> Vec<&str> {
	let all = cell.split(separator).map(|name| name.trim().trim_matches('`'));
	all.filter(|name| !["", "–"].contains(name)).collect()
}

/// Returns the dependencies that a table of two columns allows.
fn allowed(document: &str, header: [&str; 2]) -> Arrows {
	let mut arrows = Arrows::new();
	for row in rows(document, &header) {
		let uses = names(row[1], ',').into_iter().map(String::from).collect();
		let former = arrows.insert(row[0].trim_matches('`').to_string(), uses);
		assert!(former.is_none(), "{DOCUMENT}: {} has two rows", row[0]);
	}
	arrows
}

fn allowed_pallets(document: &str) -> Arrows {
	allowed(document, ["pallet", "uses"])
}

// Reading the code.

/// Returns the names of our pallets, without the prefix `pallet-`.
fn pallets() -> BTreeSet<String> {
	let prefix = "pallet-";
	let crates = crates().into_keys();
	crates.filter_map(|name| name.strip_prefix(prefix).map(String::from)).collect()
}

/// Adds the text of all sources in a folder.
fn add_sources(folder: &Path, texts: &mut Vec<String>) {
	for entry in entries(folder) {
		let is_skipped = SKIPPED.iter().any(|name| entry.ends_with(name));
		if entry.is_dir() && !is_skipped {
			add_sources(&entry, texts);
		} else if entry.extension().is_some_and(|ending| ending == "rs") {
			texts.push(read(&entry));
		}
	}
}

/// Returns the pallets that each pallet uses, according to its configuration in the runtime.
fn found_pallets() -> Arrows {
	let mut texts = Vec::new();
	add_sources(&path("runtime/src"), &mut texts);
	let files: Vec<Vec<&str>> = texts.iter().map(|text| tokens(text)).collect();
	let pallets = pallets();
	let mut wiring = Wiring::new(&pallets);
	files.iter().for_each(|file| wiring.read(file));
	let found = wiring.uses();
	assert!(found.keys().eq(pallets.iter()), "the runtime configures {:?}", found.keys());
	found
}

/// Returns the folders of the workspace's crates, by the name of the crate.
fn crates() -> BTreeMap<String, String> {
	let manifest = read(&path("Cargo.toml"));
	let (_, rest) = manifest.split_once("members = [").expect("the workspace has members");
	let (members, _) = rest.split_once(']').expect("the list of members ends");
	let folders = members.split('"').skip(1).step_by(2);
	let named = folders.map(|folder| (package_name(&manifest_of(folder)), folder.to_string()));
	named.collect()
}

fn manifest_of(folder: &str) -> String {
	read(&path(folder).join("Cargo.toml"))
}

fn package_name(manifest: &str) -> String {
	let name = manifest.lines().find_map(|line| line.strip_prefix("name = "));
	name.expect("a crate has a name").trim_matches('"').to_string()
}

/// Returns the names of the crates that a manifest links. These are the dependencies of the crate
/// and of its build script, for all targets, including optional ones.
fn linked(manifest: &str) -> BTreeSet<String> {
	let is_linking =
		|section: &str| section.ends_with("dependencies") && !section.ends_with("dev-dependencies");
	let mut found = BTreeSet::new();
	let mut is_inside = false;
	for line in manifest.lines().map(str::trim) {
		if let Some(header) = line.strip_prefix('[') {
			let section = header.trim_end_matches(']');
			is_inside = is_linking(section);
			// A dependency may also have its own section, `[dependencies.name]`.
			let split = section.rsplit_once('.').filter(|(parent, _)| is_linking(parent));
			found.extend(split.map(|(_, name)| name.to_string()));
		} else if is_inside && !line.is_empty() && !line.starts_with('#') {
			let renamed = line.split_once("package = \"").map(|(_, rest)| rest);
			let name = renamed.unwrap_or(line).split(['.', '=', ' ', '"']).next();
			found.extend(name.map(String::from));
		}
	}
	found
}

/// Returns the crates of the workspace that each crate of the workspace links.
fn found_crates() -> Arrows {
	let crates = crates();
	let of = |(name, folder): (&String, &String)| {
		let linked = linked(&manifest_of(folder));
		(name.clone(), linked.into_iter().filter(|name| crates.contains_key(name)).collect())
	};
	crates.iter().map(of).collect()
}

// Comparing the code with the document.

/// Returns each dependency as a pair of names.
fn edges(arrows: &Arrows) -> BTreeSet<(&str, &str)> {
	let mut edges = BTreeSet::new();
	for (from, uses) in arrows {
		edges.extend(uses.iter().map(|to| (from.as_str(), to.as_str())));
	}
	edges
}

/// Compares the dependencies in the code with the allowed dependencies in the document. Returns a
/// message for each difference.
fn differences(found: &Arrows, allowed: &Arrows) -> Vec<String> {
	let (found_edges, allowed_edges) = (edges(found), edges(allowed));
	let new = found_edges.difference(&allowed_edges).map(|(from, to)| {
		format!("{from} -> {to} is new: remove it, or explain and allow it in {DOCUMENT}")
	});
	let gone = allowed_edges.difference(&found_edges).map(|(from, to)| {
		format!("{from} -> {to} no longer exists: remove it from {DOCUMENT} (with its reason)")
	});
	let unknown = allowed.keys().filter(|name| !found.contains_key(*name));
	let unlisted = found.keys().filter(|name| !allowed.contains_key(*name));
	new.chain(gone)
		.chain(unknown.map(|name| format!("{name} has a row in {DOCUMENT}, but does not exist")))
		.chain(unlisted.map(|name| format!("{name} has no row in {DOCUMENT}")))
		.collect()
}

fn assert_none(faults: &[String]) {
	assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Returns `true` if `from` depends on `to`, directly or indirectly.
fn reaches(arrows: &Arrows, from: &str, to: &str) -> bool {
	let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
	while let Some(name) = next.pop() {
		let uses = arrows.get(name).into_iter().flatten().map(String::as_str);
		next.extend(uses.filter(|name| seen.insert(*name)));
	}
	seen.contains(to)
}

/// Returns the position of each pallet's layer. Layers are counted from the top.
fn layers(document: &str) -> BTreeMap<&str, usize> {
	let rows = rows(document, &["layer", "pallets"]);
	let mut layers = BTreeMap::new();
	for (layer, row) in rows.into_iter().enumerate() {
		layers.extend(names(row[1], ',').into_iter().map(|pallet| (pallet, layer)));
	}
	layers
}

/// Returns the two names of each row whose first cell is a pair.
fn pairs<'a>(rows: &[Vec<&'a str>], separator: char) -> Vec<(&'a str, &'a str)> {
	let pair = |row: &Vec<&'a str>| match names(row[0], separator)[..] {
		[one, other] => (one, other),
		_ => panic!("{DOCUMENT}: {} is not a pair", row[0]),
	};
	rows.iter().map(pair).collect()
}

#[test]
fn pallets_use_allowed_pallets() {
	assert_none(&differences(&found_pallets(), &allowed_pallets(&document())));
}

#[test]
fn pallets_use_no_higher_layer() {
	let document = document();
	let (allowed, layers) = (allowed_pallets(&document), layers(&document));
	let layer = |pallet: &str| {
		layers.get(pallet).copied().unwrap_or_else(|| panic!("{DOCUMENT}: {pallet} has no layer"))
	};
	let edges = edges(&allowed).into_iter();
	let upwards = edges.filter(|(from, to)| layer(to) < layer(from));
	let faults = upwards.map(|(from, to)| format!("{from} -> {to} leads to a higher layer"));
	assert_none(&faults.collect::<Vec<_>>());
}

#[test]
fn cycles_between_pallets_are_explained() {
	let document = document();
	let allowed = allowed_pallets(&document);
	let all = edges(&allowed);
	let in_cycles: BTreeSet<_> =
		all.iter().copied().filter(|(from, to)| reaches(&allowed, to, from)).collect();
	let mut explained = BTreeSet::new();
	for (one, other) in pairs(&rows(&document, &["pair", "why it stays"]), '↔') {
		explained.extend([(one, other), (other, one)]);
	}
	let longer = rows(&document, &["arrow", "cycle", "why it stays"]);
	for (arrow, row) in pairs(&longer, '→').into_iter().zip(&longer) {
		let cycle = names(row[1], '→');
		let is_closed = cycle.len() > 3 && cycle.first() == cycle.last();
		let exists = cycle.windows(2).all(|step| all.contains(&(step[0], step[1])));
		let has_arrow = cycle.windows(2).any(|step| (step[0], step[1]) == arrow);
		assert!(
			is_closed && exists && has_arrow,
			"{DOCUMENT}: the cycle {} does not exist",
			row[1]
		);
		let is_mutual = all.contains(&(arrow.1, arrow.0));
		assert!(!is_mutual && explained.insert(arrow), "{DOCUMENT}: {} stands twice", row[0]);
	}
	let missing = in_cycles.difference(&explained);
	let needless = explained.difference(&in_cycles);
	let missing = missing.map(|(from, to)| format!("{from} -> {to} closes a cycle: no reason"));
	let needless = needless.map(|(from, to)| format!("{from} -> {to} closes no cycle"));
	assert_none(&missing.chain(needless).collect::<Vec<_>>());
}

#[test]
fn crates_depend_on_allowed_crates() {
	let document = document();
	let allowed = allowed(&document, ["crate", "depends on"]);
	assert_none(&differences(&found_crates(), &allowed));
}

#[test]
fn components_are_crates_of_the_workspace() {
	let document = document();
	let rows = rows(&document, &["crate", "folder", "kind", "purpose"]);
	let listed = rows.iter().map(|row| [row[0], row[1]].map(|cell| cell.trim_matches('`')));
	let listed: BTreeMap<String, String> =
		listed.map(|[name, folder]| (name.to_string(), folder.to_string())).collect();
	assert_eq!(listed, crates());
}

#[test]
fn production_crates_link_no_test_crates() {
	let document = document();
	let rows = rows(&document, &["crate", "folder", "kind", "purpose"]);
	let of_kind = rows.iter().filter(|row| row[2] == "test-only");
	let test_only: BTreeSet<&str> = of_kind.map(|row| row[0].trim_matches('`')).collect();
	for name in TEST_CRATES {
		assert!(test_only.contains(name), "{DOCUMENT}: {name} is not test-only");
	}
	let found = found_crates();
	let is_fault = |(from, to): &(&str, &str)| !test_only.contains(from) && test_only.contains(to);
	let faults = edges(&found).into_iter().filter(is_fault);
	let faults = faults.map(|(from, to)| format!("{from} links {to}: use dev-dependencies"));
	assert_none(&faults.collect::<Vec<_>>());
}

#[test]
fn flows_name_existing_functions() {
	let document = document();
	let mut faults = Vec::new();
	for row in rows(&document, &["step", "event", "file", "function"]) {
		let [file, function] = [row[2], row[3]].map(|cell| cell.trim_matches('`'));
		let text = read(&path(file));
		if !tokens(&text).windows(2).any(|pair| pair == ["fn", function]) {
			faults.push(format!("{DOCUMENT}: step {}: no {function} in {file}", row[0]));
		}
	}
	assert_none(&faults);
}

#[test]
fn differences_name_both_directions() {
	let table = |rows: &str| allowed(&format!("|a|b|\n|---|---|\n{rows}"), ["a", "b"]);
	let found = table("|`one`|`two`, `three`|\n|`two`|–|");
	let faults = differences(&found, &table("|`one`|`two`, `four`|\n|`five`|–|"));
	let starts = ["one -> three is new", "one -> four no longer", "five has a row", "two has no"];
	assert_eq!(faults.len(), starts.len());
	for (fault, start) in faults.iter().zip(starts) {
		assert!(fault.starts_with(start), "{fault}");
	}
}

#[test]
fn dev_dependencies_are_not_linked() {
	let manifest = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\n# b = \"1\"\n\
		c = { package = \"d\" }\n[dev-dependencies]\ne = \"1\"\n[build-dependencies]\nf = \"1\"\n\
		[target.'cfg(unix)'.dependencies]\ng = \"1\"\n[dependencies.h]\noptional = true\n\
		[features]\ni = []\n";
	let linked = linked(manifest);
	assert_eq!(linked.iter().map(String::as_str).collect::<Vec<_>>(), ["a", "d", "f", "g", "h"]);
}
