//! Tests that documents agree with the repository: the tests, files and names that they cite exist.

mod security;

use std::{
	collections::{BTreeMap, BTreeSet},
	fs,
	path::{Path, PathBuf},
};

/// Folders that contain no documents or sources of this project.
const SKIPPED: [&str; 3] = ["target", ".git", "node_modules"];

/// Endings of code spans that can only be paths of files.
const FILE_ENDINGS: [&str; 4] = [".rs", ".md", ".sh", ".toml"];

/// Documents that name files which no longer exist.
const HISTORICAL: [&str; 1] = ["docs/renames.md"];

/// The files and folders of the repository, by path from its root.
struct Repository {
	root: PathBuf,
	paths: BTreeSet<String>,
}

impl Repository {
	fn read() -> Self {
		let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
		let mut repository = Self { root, paths: BTreeSet::new() };
		repository.add("");
		repository
	}

	/// Adds everything below a folder.
	fn add(&mut self, folder: &str) {
		for entry in fs::read_dir(self.root.join(folder)).expect("a folder can be listed") {
			let entry = entry.expect("a folder can be listed");
			let name = entry.file_name().to_string_lossy().into_owned();
			if SKIPPED.contains(&name.as_str()) {
				continue;
			}
			let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
			if entry.file_type().expect("an entry has a type").is_dir() {
				self.add(&path);
			}
			self.paths.insert(path);
		}
	}

	fn text(&self, path: &str) -> String {
		fs::read_to_string(self.root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
	}

	/// Returns the documents in the root folder, the documents in `docs`, and the READMEs of
	/// crates.
	fn documents(&self) -> Vec<&str> {
		let is_document = |path: &str| match path.rsplit_once('/') {
			None => ["README.md", "CONTRIBUTING.md", "SECURITY.md"].contains(&path),
			Some(("docs" | "docs/adr", name)) => name.ends_with(".md"),
			Some((folder, "README.md")) => self.paths.contains(&format!("{folder}/Cargo.toml")),
			Some(_) => false,
		};
		let paths = self.paths.iter().map(String::as_str);
		paths.filter(|path| is_document(path) && !HISTORICAL.contains(path)).collect()
	}

	fn sources(&self) -> impl Iterator<Item = String> + '_ {
		self.paths.iter().filter(|path| path.ends_with(".rs")).map(move |path| self.text(path))
	}

	/// Returns true if a cited path exists, relative to the root or to the folder of the document.
	/// The end of a path suffices, with or without `src`, as in `compute/billing.rs`.
	fn has(&self, document: &str, cited: &str) -> bool {
		let cited = cited.trim_end_matches('/');
		let end = format!("/{cited}");
		let is_end =
			|path: &String| path.ends_with(&end) || path.replace("/src/", "/").ends_with(&end);
		self.paths.contains(cited)
			|| self.has_beside(document, cited)
			|| self.paths.iter().any(is_end)
	}

	/// Returns true if a path exists relative to the folder of a document.
	fn has_beside(&self, document: &str, cited: &str) -> bool {
		let mut parts: Vec<&str> = document.split('/').collect();
		parts.pop();
		for part in cited.trim_end_matches('/').split('/') {
			match part {
				"." => {},
				".." => {
					if parts.pop().is_none() {
						return false;
					}
				},
				part => parts.push(part),
			}
		}
		parts.is_empty() || self.paths.contains(&parts.join("/"))
	}

	/// Returns true if a code span can only be the path of a file or a folder.
	fn is_path(&self, span: &str) -> bool {
		let Some((first, _)) = span.split_once('/') else { return false };
		let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
		let names_file = FILE_ENDINGS.iter().any(|ending| span.ends_with(ending));
		!first.is_empty() && span.chars().all(is_plain) && (names_file || self.has_folder(first))
	}

	fn has_folder(&self, path: &str) -> bool {
		self.paths.contains(path) && self.root.join(path).is_dir()
	}
}

/// Returns the code spans of a line.
fn spans(line: &str) -> Vec<&str> {
	let parts: Vec<&str> = line.split('`').collect();
	let closed = parts.len().saturating_sub(1);
	parts[..closed].iter().skip(1).step_by(2).copied().collect()
}

/// Returns the targets of the links in a line. Omits links to other sites and links within the
/// document.
fn links(line: &str) -> Vec<&str> {
	line.split("](")
		.skip(1)
		.filter_map(|rest| rest.split([')', ' ', '#']).next())
		.filter(|target| !target.is_empty() && !target.contains(':'))
		.collect()
}

/// Returns the lines outside of fenced code, each with its number.
fn prose(text: &str) -> Vec<(usize, &str)> {
	let mut is_fenced = false;
	let mut lines = Vec::new();
	for (number, line) in (1..).zip(text.lines()) {
		if line.trim_start().starts_with("```") {
			is_fenced = !is_fenced;
		} else if !is_fenced {
			lines.push((number, line));
		}
	}
	lines
}

/// A row of a table, without the header row.
struct Row<'a> {
	line: usize,
	header: Vec<&'a str>,
	cells: Vec<&'a str>,
}

/// Returns the rows of all tables in a document.
fn rows(text: &str) -> Vec<Row<'_>> {
	let mut header: Option<Vec<&str>> = None;
	let mut rows = Vec::new();
	for (line, content) in prose(text) {
		let inner = content.trim().strip_prefix('|').and_then(|rest| rest.strip_suffix('|'));
		let Some(inner) = inner else {
			header = None;
			continue;
		};
		let cells: Vec<&str> = inner.split('|').map(str::trim).collect();
		let is_rule = cells.iter().all(|cell| cell.chars().all(|c| "-:".contains(c)));
		match &header {
			None => header = Some(cells),
			Some(_) if is_rule => {},
			Some(header) => rows.push(Row { line, header: header.clone(), cells }),
		}
	}
	rows
}

#[test]
fn documents_cite_existing_files() {
	let repository = Repository::read();
	let mut faults = Vec::new();
	for document in repository.documents() {
		let text = repository.text(document);
		for (line, content) in prose(&text) {
			let paths = spans(content).into_iter().filter(|span| repository.is_path(span));
			let missing = paths.filter(|path| !repository.has(document, path));
			faults.extend(missing.map(|path| format!("{document}:{line}: no file {path}")));
			let targets = links(content).into_iter();
			let broken = targets.filter(|target| !repository.has_beside(document, target));
			faults.extend(broken.map(|target| format!("{document}:{line}: broken link {target}")));
		}
	}
	assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn glossary_defines_each_term_once() {
	let document = Repository::read().text("docs/glossary.md");
	let mut lines: BTreeMap<String, usize> = BTreeMap::new();
	let mut faults = Vec::new();
	for row in rows(&document) {
		if row.cells.len() != 3 || row.cells.iter().any(|cell| cell.is_empty()) {
			faults.push(format!("line {}: not term, definition and place", row.line));
		}
		// A row may define several terms. Terms are case-sensitive: ASK is a key of AMD, and ask is
		// a miner's price.
		let terms = row.cells[0].split_once('(').map_or(row.cells[0], |(terms, _)| terms);
		for term in terms.split(',').map(|term| term.trim().to_string()) {
			if let Some(first) = lines.insert(term.clone(), row.line) {
				faults.push(format!("line {}: {term} is defined in line {first} too", row.line));
			}
		}
	}
	assert!(!lines.is_empty(), "docs/glossary.md has no table");
	assert!(faults.is_empty(), "docs/glossary.md:\n{}", faults.join("\n"));
}

#[test]
fn glossary_names_existing_code() {
	let repository = Repository::read();
	let mut words = BTreeSet::new();
	for source in repository.sources() {
		let all = source.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
		words.extend(all.map(String::from));
	}
	let is_known = |place: &str| {
		if let Some(start) = place.strip_suffix('*') {
			return repository.paths.iter().any(|path| path.contains(start));
		}
		let name = place.rsplit(['.', ':']).next().unwrap_or(place);
		let is_word = !place.contains('/') && words.contains(name);
		is_word || repository.has("docs/glossary.md", place)
	};
	let document = repository.text("docs/glossary.md");
	let mut faults = Vec::new();
	for row in rows(&document) {
		let places = spans(row.cells.last().copied().unwrap_or_default());
		let unknown = places.into_iter().filter(|place| !is_known(place));
		faults.extend(unknown.map(|place| format!("line {}: no {place}", row.line)));
	}
	assert!(faults.is_empty(), "docs/glossary.md:\n{}", faults.join("\n"));
}
