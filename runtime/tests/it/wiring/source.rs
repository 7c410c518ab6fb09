//! Reads the runtime's source, and finds the pallets that the configuration of each pallet names.
//!
//! The reader splits the source into tokens, and recognises items only by their brackets, so it
//! needs no compiler. It follows the names of adapters, parameters, type aliases and free
//! functions.

use std::collections::{BTreeMap, BTreeSet};

const OPENING: [&str; 3] = ["(", "[", "{"];
const CLOSING: [&str; 3] = [")", "]", "}"];

/// Tokens that can stand before an item.
const BEFORE_ITEM: [&str; 8] = ["{", "}", ";", "]", ")", "pub", "const", "unsafe"];

/// Splits source into words, strings and punctuation, without comments and whitespace.
pub(super) fn tokens(text: &str) -> Vec<&str> {
	let mut tokens = Vec::new();
	let mut rest = text;
	while let Some(first) = rest.chars().next() {
		let (token, after) = rest.split_at(token_len(rest, first));
		let is_comment = token.starts_with("//") || token.starts_with("/*");
		if !first.is_whitespace() && first != '\'' && !is_comment {
			tokens.push(token);
		}
		rest = after;
	}
	tokens
}

fn token_len(text: &str, first: char) -> usize {
	let run = |is_part: fn(char) -> bool| text.find(|c: char| !is_part(c)).unwrap_or(text.len());
	match first {
		'/' if text.starts_with("//") => text.find('\n').unwrap_or(text.len()),
		'/' if text.starts_with("/*") => text.find("*/").map_or(text.len(), |end| end + 2),
		'"' => string_len(text),
		'\'' => quote_len(text),
		first if first.is_whitespace() => run(char::is_whitespace),
		first if is_part_of_word(first) => run(is_part_of_word),
		_ if ["::", "->", "=>"].iter().any(|mark| text.starts_with(mark)) => 2,
		first => first.len_utf8(),
	}
}

fn string_len(text: &str) -> usize {
	let mut is_escaped = false;
	for (at, c) in text.char_indices().skip(1) {
		match c {
			_ if is_escaped => is_escaped = false,
			'\\' => is_escaped = true,
			'"' => return at + 1,
			_ => {},
		}
	}
	text.len()
}

/// Returns the length of a character literal or of a lifetime.
fn quote_len(text: &str) -> usize {
	let mut chars = text.char_indices().skip(1);
	let (second, third) = (chars.next(), chars.next());
	match (second, third) {
		// The escaped character may itself be a quote.
		(Some((_, '\\')), Some(_)) => {
			chars.find(|(_, c)| *c == '\'').map_or(text.len(), |(end, _)| end + 1)
		},
		(Some(_), Some((end, '\''))) => end + 1,
		_ => 1,
	}
}

fn is_part_of_word(c: char) -> bool {
	c.is_alphanumeric() || c == '_'
}

fn is_word(token: &str) -> bool {
	token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Returns the position of the bracket that closes the one at `open`.
fn closing(tokens: &[&str], open: usize) -> usize {
	let mut depth = 0;
	for (at, token) in tokens.iter().enumerate().skip(open) {
		if OPENING.contains(token) {
			depth += 1;
		} else if CLOSING.contains(token) {
			depth -= 1;
		}
		if depth == 0 {
			return at;
		}
	}
	tokens.len()
}

/// Returns the position of the first token in `wanted` from `start` on, outside of brackets.
fn find(tokens: &[&str], start: usize, wanted: &[&str]) -> usize {
	let mut at = start;
	while at < tokens.len() && !wanted.contains(&tokens[at]) {
		let is_open = OPENING.contains(&tokens[at]);
		at = if is_open { closing(tokens, at) + 1 } else { at + 1 };
	}
	at.min(tokens.len())
}

/// Returns the tokens between two positions, if there are any.
fn between<'a>(tokens: &'a [&'a str], before: usize, end: usize) -> &'a [&'a str] {
	tokens.get(before + 1..end).unwrap_or_default()
}

/// The parts of the runtime's source that connect pallets.
pub(super) struct Wiring<'a> {
	/// The names of our pallets, without the prefix `pallet_`.
	pallets: &'a BTreeSet<String>,
	/// The crate of each pallet of the runtime. For example, the crate of `Registry` is
	/// `pallet_registry`.
	aliases: BTreeMap<&'a str, &'a str>,
	/// The pallet from which each name is imported. For example, `PolicyAt` is imported from
	/// `policy`.
	imports: BTreeMap<&'a str, &'a str>,
	/// The right-hand sides of the associated types in each pallet's configuration.
	configs: BTreeMap<&'a str, Vec<&'a [&'a str]>>,
	/// The code of adapters, parameters, type aliases and free functions.
	definitions: BTreeMap<&'a str, Vec<&'a [&'a str]>>,
}

impl<'a> Wiring<'a> {
	pub(super) fn new(pallets: &'a BTreeSet<String>) -> Self {
		Self {
			pallets,
			aliases: BTreeMap::new(),
			imports: BTreeMap::new(),
			configs: BTreeMap::new(),
			definitions: BTreeMap::new(),
		}
	}

	/// Reads the items of a file.
	pub(super) fn read(&mut self, tokens: &'a [&'a str]) {
		let mut at = 0;
		while at < tokens.len() {
			let is_item = at == 0 || BEFORE_ITEM.contains(&tokens[at - 1]);
			at = match tokens[at] {
				"impl" if is_item => self.read_impl(tokens, at),
				"type" if is_item => self.read_type(tokens, at),
				"fn" if is_item => self.read_function(tokens, at),
				"use" if is_item => self.read_use(tokens, at),
				"parameter_types" if tokens.get(at + 1) == Some(&"!") => {
					self.read_parameters(tokens, at + 2)
				},
				_ => at + 1,
			};
		}
	}

	/// Returns the pallet of a crate, if it is one of ours.
	fn own(&self, krate: &'a str) -> Option<&'a str> {
		krate.strip_prefix("pallet_").filter(|name| self.pallets.contains(*name))
	}

	fn define(&mut self, name: &'a str, code: &'a [&'a str]) {
		self.definitions.entry(name).or_default().push(code);
	}

	fn read_impl(&mut self, tokens: &'a [&'a str], at: usize) -> usize {
		let open = find(tokens, at, &["{", ";"]);
		let end = closing(tokens, open);
		let (header, body) = (between(tokens, at, open), between(tokens, open, end));
		let split = header.iter().position(|token| *token == "for");
		let target = match split {
			Some(split) => between(header, split, header.len()),
			None => after_generics(header),
		};
		let parts = target.iter().take_while(|token| is_word(token) || **token == "::");
		match (parts.filter(|token| is_word(token)).last(), split) {
			// The runtime implements many traits of pallets, but only the trait `Config` counts.
			(Some(&"Runtime"), Some(split)) => {
				if let [krate, "::", "Config"] = header[..split] {
					self.read_config(krate, body);
				}
			},
			(Some(&"Runtime"), None) | (None, _) => {},
			(Some(name), _) => self.define(name, body),
		}
		end + 1
	}

	fn read_config(&mut self, krate: &'a str, body: &'a [&'a str]) {
		let Some(pallet) = self.own(krate) else { return };
		let sides = self.configs.entry(pallet).or_default();
		let (mut at, mut is_benchmark) = (0, false);
		while at < body.len() {
			match body[at] {
				"#" => {
					let end = closing(body, at + 1);
					let attribute = between(body, at, end);
					is_benchmark |= attribute.contains(&"\"runtime-benchmarks\"")
						&& !attribute.contains(&"not");
					at = end + 1;
				},
				"type" => {
					let end = find(body, at, &[";"]);
					if !is_benchmark && body.get(at + 1) != Some(&"WeightInfo") {
						sides.push(between(body, find(body, at, &["="]), end));
					}
					is_benchmark = false;
					at = end + 1;
				},
				_ => at += 1,
			}
		}
	}

	fn read_type(&mut self, tokens: &'a [&'a str], at: usize) -> usize {
		let end = find(tokens, at, &[";"]);
		let equals = find(tokens, at, &["=", ";"]);
		let Some(name) = tokens.get(at + 1) else { return end };
		match between(tokens, equals, end) {
			[krate] if krate.starts_with("pallet_") => {
				self.aliases.insert(name, krate);
			},
			side => self.define(name, side),
		}
		end
	}

	fn read_function(&mut self, tokens: &'a [&'a str], at: usize) -> usize {
		let open = find(tokens, at, &["{", ";"]);
		if tokens.get(open) != Some(&"{") {
			return open;
		}
		let end = closing(tokens, open);
		self.define(tokens[at + 1], between(tokens, open, end));
		end + 1
	}

	fn read_use(&mut self, tokens: &'a [&'a str], at: usize) -> usize {
		let end = find(tokens, at, &[";"]);
		let path = between(tokens, at, end);
		if let Some(pallet) = path.first().and_then(|krate| self.own(krate)) {
			let names = path.iter().skip(1).filter(|token| is_word(token));
			self.imports.extend(names.map(|name| (*name, pallet)));
		}
		end
	}

	fn read_parameters(&mut self, tokens: &'a [&'a str], open: usize) -> usize {
		let end = closing(tokens, open);
		let body = between(tokens, open, end);
		let mut at = 0;
		while at < body.len() {
			let next = find(body, at, &[";"]);
			let colon = find(body, at, &[":", ";"]);
			let code = between(body, find(body, at, &["=", ";"]), next);
			if let Some(name) = colon.checked_sub(1).and_then(|name| body.get(name)) {
				self.define(name, code);
			}
			at = next + 1;
		}
		end + 1
	}

	/// Returns the pallets that the configuration of each pallet names.
	pub(super) fn uses(&self) -> BTreeMap<String, BTreeSet<String>> {
		let of = |(pallet, sides): (&&str, &Vec<&'a [&'a str]>)| {
			let mut trace = Trace { wiring: self, seen: BTreeSet::new(), found: BTreeSet::new() };
			sides.iter().for_each(|side| trace.follow(side));
			trace.found.remove(*pallet);
			(pallet.to_string(), trace.found)
		};
		self.configs.iter().map(of).collect()
	}
}

/// Skips the generic parameters at the beginning of an `impl`.
fn after_generics<'a>(header: &'a [&'a str]) -> &'a [&'a str] {
	let mut depth = 0;
	for (at, token) in header.iter().enumerate() {
		match *token {
			"<" => depth += 1,
			">" => depth -= 1,
			_ => {},
		}
		if depth == 0 {
			let start = if *token == ">" { at + 1 } else { at };
			return &header[start..];
		}
	}
	&[]
}

/// A search for pallets. It starts at one configuration, and follows the definitions that it finds.
struct Trace<'w, 'a> {
	wiring: &'w Wiring<'a>,
	seen: BTreeSet<&'a str>,
	found: BTreeSet<String>,
}

impl<'a> Trace<'_, 'a> {
	fn follow(&mut self, code: &'a [&'a str]) {
		let mut at = 0;
		while at < code.len() {
			// A name after one of these tokens is not the start of a path.
			let is_part = at > 0 && ["::", ".", "fn"].contains(&code[at - 1]);
			if is_part || !is_word(code[at]) {
				at += 1;
				continue;
			}
			let mut end = at + 1;
			while end + 1 < code.len() && code[end] == "::" && is_word(code[end + 1]) {
				end += 2;
			}
			let steps = code[at..end].iter().copied();
			let path: Vec<&str> =
				steps.filter(|step| !["::", "crate", "super", "self"].contains(step)).collect();
			self.resolve(&path, &code[end..]);
			at = end;
		}
	}

	/// Resolves a path. `after` contains the tokens that follow the path.
	fn resolve(&mut self, path: &[&'a str], after: &[&str]) {
		let wiring = self.wiring;
		let (Some(first), Some(last)) = (path.first(), path.last()) else { return };
		if let Some(krate) = wiring.aliases.get(first) {
			self.found.extend(wiring.own(krate).map(String::from));
			return;
		}
		// Only storage of the runtime's pallet counts. `pallet_compute::SharesOf<ComputeRules>`
		// names only a type of the crate.
		let is_of_runtime =
			matches!(after, ["<", "Runtime" | "Self", ..] | ["::", "<", "Runtime" | "Self", ..]);
		let imported = wiring.own(first).or(wiring.imports.get(first).copied());
		if is_of_runtime {
			self.found.extend(imported.map(String::from));
		}
		let is_called = matches!(after, ["(", ..] | ["::", "<", ..]);
		for name in [first, last] {
			let is_function = name.starts_with(|c: char| c.is_lowercase());
			let is_named = !is_function || is_called;
			if is_named && wiring.definitions.contains_key(name) && self.seen.insert(name) {
				let bodies = wiring.definitions[name].iter();
				bodies.for_each(|body| self.follow(body));
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const SAMPLE: &str = r#"
use pallet_policy::{PolicyAt, Revision};

mod runtime {
	#[runtime::pallet_index(15)]
	pub type Policy = pallet_policy;
	#[runtime::pallet_index(16)]
	pub type Registry = pallet_registry;
	pub type Verdicts = pallet_verdicts;
	pub type Clock = pallet_clock;
	pub type Balances = pallet_balances;
}

parameter_types! {
	/// Reads storage; `}` in a comment.
	pub Now: Tick = pallet_clock::CurrentTick::<Runtime>::get();
	pub const Window: [u8; 4] = [pallet_verdicts::MAX_WINDOW; 4];
	pub FalseVote: Perbill = Verdicts::rules().false_vote;
}

pub type Later = ConstU32<{ 5 * 2 }>;

pub struct ByPolicy<'a>(&'a str);
impl<T: Trait<U>, U> Judge<'a, T> for ByPolicy<'a> where T: Into<u8> {
	fn judge(&self) -> char {
		self.registry();
		let _ = "Registry::chips()";
		evaluate(RuntimeCall::Verdicts(1));
		'\''
	}
}
impl<'a> ByPolicy<'a> {
	fn chips() { Registry::chips(); }
}

const fn evaluate(call: [u8; 2]) -> u8 { inner::<u8>(PolicyAt::<Runtime>::new(call)) }
fn inner(_: u8) {}

impl Anything for Runtime {
	fn all() { Clock::now(); }
}

impl pallet_registry::Config for Runtime {
	type NativeBalance = Balances;
	type OnChipChange = (crate::Policy, Self);
	type WeightInfo = pallet_clock::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type World = Clock;
	#[cfg(not(feature = "runtime-benchmarks"))]
	type FalseCredential = FalseVote;
}

impl pallet_verdicts::Config for Runtime {
	type Evaluator = super::adapters::ByPolicy;
	type Rules = pallet_clock::RulesOf<VerdictsRules>;
	type Window = Window;
	type Later = Later;
}

impl pallet_policy::Config for Runtime {
	type OldestNeeded = Now;
}

impl pallet_balances::Config for Runtime {
	type DustRemoval = Registry;
}
"#;

	fn set(names: &[&str]) -> BTreeSet<String> {
		names.iter().map(|name| name.to_string()).collect()
	}

	fn uses_of(pallet: &str) -> Option<BTreeSet<String>> {
		let pallets = set(&["clock", "policy", "registry", "verdicts"]);
		let tokens = tokens(SAMPLE);
		let mut wiring = Wiring::new(&pallets);
		wiring.read(&tokens);
		wiring.uses().remove(pallet)
	}

	#[test]
	fn tokens_omit_comments_and_quotes() {
		let text = "a::b // c\n/* d */ 'e' '\\'' &'f \"g\\\"h\" -> i_1";
		assert_eq!(tokens(text), ["a", "::", "b", "&", "f", "\"g\\\"h\"", "->", "i_1"]);
	}

	#[test]
	fn pallets_and_their_parameters_are_found() {
		assert_eq!(uses_of("registry"), Some(set(&["policy", "verdicts"])));
		assert_eq!(uses_of("policy"), Some(set(&["clock"])));
	}

	#[test]
	fn adapters_are_followed_into_functions() {
		assert_eq!(uses_of("verdicts"), Some(set(&["policy", "registry"])));
	}

	#[test]
	fn other_pallets_have_no_row() {
		assert_eq!(uses_of("balances"), None);
	}
}
