use std::{env, fs, path::Path};

use super::*;

/// The widest line of the page.
const WIDTH: usize = 120;
/// Everything above the list of codes.
const INTRODUCTION: &str = include_str!("introduction.md");
/// The command that writes the page.
const COMMAND: &str = "UPDATE_SNAPSHOTS=1 cargo test -p hcc-evidence --lib codes_page";

/// Appends a list item, with its words wrapped at [`WIDTH`].
fn item(page: &mut String, label: &str, text: &str) {
	let mut line = format!("- **{label}:**");
	for word in text.split(' ') {
		if line.chars().count() + 1 + word.chars().count() > WIDTH {
			page.push_str(&line);
			page.push('\n');
			line = String::from(" ");
		}
		line.push(' ');
		line.push_str(word);
	}
	page.push_str(&line);
	page.push('\n');
}

fn blame(code: RejectCode) -> String {
	let names: Vec<_> = code.info().blame.iter().map(|blame| blame.name()).collect();
	names.join(" or ")
}

fn page() -> String {
	let mut page = String::from(INTRODUCTION);
	page.push_str("\n| code | name | blame |\n|---|---|---|\n");
	for &code in RejectCode::ALL {
		let (number, name) = (code.number(), code.name());
		let anchor = name.to_lowercase();
		let blame = blame(code);
		page.push_str(&format!("| [{number}](#{number}-{anchor}) | `{name}` | {blame} |\n"));
	}
	let mut class = None;
	for &code in RejectCode::ALL {
		if class != Some(code.class()) {
			let (of, hundred) = (code.class(), code.number() / 100);
			page.push_str(&format!("\n## {hundred}xx `{of:?}`: {}\n", of.summary()));
			class = Some(of);
		}
		let info = code.info();
		page.push_str(&format!("\n### {} `{}`\n\n", code.number(), info.name));
		item(&mut page, "Cause", info.cause);
		item(&mut page, "Blame", &format!("{}.", blame(code)));
		item(&mut page, "Remedy", info.remedy);
		item(&mut page, "Example", &format!("`{}`", code.example()));
	}
	page
}

#[test]
fn codes_page_is_up_to_date() {
	let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/codes.md");
	let page = page();
	if env::var_os("UPDATE_SNAPSHOTS").is_some() {
		fs::write(&file, &page).expect("docs/codes.md can be written");
	}
	let committed = fs::read_to_string(&file).unwrap_or_default();
	let same = committed.lines().zip(page.lines()).take_while(|(old, new)| old == new).count();
	assert!(
		committed == page,
		"docs/codes.md differs from the code at line {}; to write it, run: {COMMAND}",
		same + 1
	);
}

#[test]
fn codes_page_fits_its_width() {
	for line in page().lines() {
		assert!(line.chars().count() <= WIDTH, "{line}");
	}
}

#[test]
fn explanations_are_whole_sentences() {
	for &code in RejectCode::ALL {
		let info = code.info();
		assert_eq!(info.name, code.name());
		for text in [info.cause, info.remedy] {
			assert!(text.ends_with('.') && !text.contains("  "), "{code:?}: {text}");
		}
	}
}

#[test]
fn no_party_is_blamed_alone() {
	for &code in RejectCode::ALL {
		let blame = code.info().blame;
		assert!(!blame.contains(&Blame::NoParty) || blame.len() == 1, "{code:?}");
	}
}

#[test]
fn examples_show_their_code() {
	for &code in RejectCode::ALL {
		let message = code.example().to_string();
		assert!(message.starts_with(&format!("{} ({})", code.text(), code.number())), "{message}");
	}
}
