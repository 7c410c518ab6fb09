//! Tests that every row of section 5 of `docs/security.md` names tests that exist. A row can name
//! functions of Rust, scenes of `hcc-e2e`, and tests in JavaScript or TypeScript.

use super::{rows, BTreeMap, BTreeSet, Repository};

const DOCUMENT: &str = "docs/security.md";
/// The heading of the section with the tables of attacks.
const SECTION: &str = "Attacks, defences and tests";
/// The folder with the scenes of `hcc-e2e`.
const SCENES: &str = "offchain/e2e/src/scenes/";
/// Endings of files with tests in JavaScript or TypeScript.
const SCRIPTS: [&str; 4] = [".test.js", ".test.mjs", ".test.ts", ".test.tsx"];

/// A test as a row names it: `name`, `name` in `path`, or scene `name`.
#[derive(Debug, PartialEq, Eq)]
struct Cited<'a> {
	name: &'a str,
	is_scene: bool,
	path: Option<&'a str>,
}

/// Reads the last cell of a row.
///
/// ## Errors
/// Returns a message if the cell contains other text.
fn cited(cell: &str) -> Result<Vec<Cited<'_>>, String> {
	let unreadable = |seen: &str| {
		format!("`{seen}` is not understood: write `name`, `name` in `path`, or scene `name`")
	};
	let mut all: Vec<Cited<'_>> = Vec::new();
	let mut parts = cell.split('`');
	let mut before = parts.next().unwrap_or_default();
	while let Some(span) = parts.next() {
		let after = parts.next().ok_or_else(|| unreadable(cell))?;
		let joint = before.trim().trim_start_matches(',').trim();
		match joint {
			"" | "scene" => {
				all.push(Cited { name: span, is_scene: joint == "scene", path: None });
			},
			"in" => match all.last_mut() {
				Some(last) if last.path.is_none() => last.path = Some(span),
				_ => return Err(unreadable(cell)),
			},
			text => return Err(unreadable(text)),
		}
		before = after;
	}
	if !before.trim().is_empty() {
		return Err(unreadable(before.trim()));
	}
	Ok(all)
}

/// The tests of the repository.
struct Tests<'a> {
	repository: &'a Repository,
	/// The files with a test function, by its name.
	functions: BTreeMap<String, BTreeSet<&'a str>>,
	/// The files with a scene, by its name.
	scenes: BTreeMap<String, BTreeSet<&'a str>>,
}

impl<'a> Tests<'a> {
	fn read(repository: &'a Repository) -> Self {
		let mut tests = Self { repository, functions: BTreeMap::new(), scenes: BTreeMap::new() };
		for path in repository.paths.iter().filter(|path| path.ends_with(".rs")) {
			let source = repository.text(path);
			for name in functions(&source) {
				tests.functions.entry(name.into()).or_default().insert(path);
			}
			for name in scenes(&source).filter(|_| path.starts_with(SCENES)) {
				tests.scenes.entry(name.into()).or_default().insert(path);
			}
		}
		tests
	}

	/// Returns a message if a cited test does not exist.
	fn fault(&self, cited: &Cited<'_>) -> Option<String> {
		let Cited { name, is_scene, path } = *cited;
		if let Some(path) = path.filter(|path| SCRIPTS.iter().any(|end| path.ends_with(end))) {
			let exists =
				self.repository.paths.contains(path) && declares(&self.repository.text(path), name);
			return (!exists).then(|| format!("no test {name} in {path}"));
		}
		let (kind, known) =
			if is_scene { ("scene", &self.scenes) } else { ("test", &self.functions) };
		let Some(files) = known.get(name) else {
			return Some(format!("no {kind} is named {name}"));
		};
		match path {
			Some(path) => (!files.contains(path))
				.then(|| format!("no {kind} {name} in {path}, but in {files:?}")),
			None => (files.len() > 1)
				.then(|| format!("{name} is ambiguous: add in `path`, of {files:?}")),
		}
	}
}

/// Returns the names of the test functions in a source of Rust.
fn functions(source: &str) -> Vec<&str> {
	let (mut names, mut is_marked) = (Vec::new(), false);
	for line in source.lines().map(str::trim) {
		if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
			is_marked = true;
		} else if !line.is_empty() && !line.starts_with('#') && !line.starts_with("//") {
			names.extend(function_name(line).filter(|_| is_marked));
			is_marked = false;
		}
	}
	names
}

/// Returns the name of the function that a line declares.
fn function_name(line: &str) -> Option<&str> {
	let line = line.strip_prefix("pub ").unwrap_or(line);
	let line = line.strip_prefix("async ").unwrap_or(line);
	line.strip_prefix("fn ")?.split_once('(').map(|(name, _)| name)
}

/// Returns the names of the scenes that a source declares.
fn scenes(source: &str) -> impl Iterator<Item = &str> {
	source.split("name: \"").skip(1).filter_map(|rest| rest.split('"').next())
}

/// Returns `true` if a source of JavaScript or TypeScript declares a test with this title.
fn declares(source: &str, title: &str) -> bool {
	["test", "it"].iter().any(|function| {
		['\'', '"']
			.iter()
			.any(|quote| source.contains(&format!("{function}({quote}{title}{quote}")))
	})
}

#[test]
fn security_model_names_existing_tests() {
	let repository = Repository::read();
	let tests = Tests::read(&repository);
	let document = repository.text(DOCUMENT);
	let start = document.lines().position(|line| line.starts_with('#') && line.ends_with(SECTION));
	let start = start.unwrap_or_else(|| panic!("{DOCUMENT} has no section {SECTION}"));
	let (mut faults, mut attacks) = (Vec::new(), 0);
	for row in rows(&document).iter().filter(|row| row.line > start) {
		attacks += 1;
		let mut add = |fault: String| {
			let attack = row.cells.first().copied().unwrap_or_default();
			faults.push(format!("line {} ({attack}): {fault}", row.line));
		};
		if row.header.last() != Some(&"test") || row.cells.len() != row.header.len() {
			add(format!("the row needs the cells {:?}, the last one named test", row.header));
			continue;
		}
		if row.cells.iter().any(|cell| cell.is_empty()) {
			add("a cell is empty".into());
		}
		match cited(row.cells.last().copied().unwrap_or_default()) {
			Ok(all) if all.is_empty() => add("no test".into()),
			Ok(all) => all.iter().filter_map(|cited| tests.fault(cited)).for_each(add),
			Err(fault) => add(fault),
		}
	}
	assert!(attacks > 200, "{DOCUMENT} has {attacks} rows in section {SECTION}");
	assert!(faults.is_empty(), "{DOCUMENT}:\n{}", faults.join("\n"));
}

#[test]
fn each_form_of_citation_is_read() {
	let all = cited("`one`, `two` in `a/b.rs`, scene `disk key`").expect("the forms are known");
	let (one, two, scene) =
		(("one", false, None), ("two", false, Some("a/b.rs")), ("disk key", true, None));
	let read: Vec<_> = all.iter().map(|cited| (cited.name, cited.is_scene, cited.path)).collect();
	assert_eq!(read, [one, two, scene]);
	assert_eq!(cited(""), Ok(Vec::new()));
	for cell in ["–", "`one` (a file)", "in `a/b.rs`", "`one` in `a` in `b`", "`one", "see `one`"]
	{
		assert!(cited(cell).is_err(), "{cell}");
	}
}

#[test]
fn missing_and_ambiguous_tests_are_faults() {
	let repository = Repository::read();
	let tests = Tests::read(&repository);
	let fault = |cell: &str| {
		let all = cited(cell).expect("the form is known");
		tests.fault(all.first().expect("a test"))
	};
	let own = "`missing_and_ambiguous_tests_are_faults`";
	assert_eq!(fault(own), None);
	assert_eq!(fault(&format!("{own} in `runtime/tests/it/documents/security.rs`")), None);
	assert_eq!(fault("scene `vm kills`"), None);
	for cell in [
		"`a_test_that_does_not_exist`".to_owned(),
		format!("{own} in `runtime/tests/it/documents.rs`"),
		"scene `a scene that does not exist`".into(),
		"`a title` in `a/missing.test.js`".into(),
		// Each agent has a test of this name.
		"`document_lists_every_metric`".into(),
	] {
		assert!(fault(&cell).is_some(), "{cell}");
	}
}
