// Lints files with textlint. textlint's Markdown parser reads both Markdown and comments. The rules
// below walk the resulting syntax tree.

import { createRequire } from "node:module";
import { extract, languageOf } from "./comments.mjs";
import * as rules from "./rules.mjs";

// The packages are installed outside the checkout, where imports of ES modules do not find them.
const require = createRequire(`${process.env.PROSE_PACKAGES}/package.json`);
const { TextlintKernel } = require("@textlint/kernel");
const markdown = require("@textlint/textlint-plugin-markdown");

const kernel = new TextlintKernel();
const plugins = [{ pluginId: "markdown", plugin: markdown.default ?? markdown }];

const CODE = "\u25a1";
const ABBREVIATION = /(?:\b(?:e\.g|i\.e|cf|vs|etc|approx|resp|no|nos|fig|sec|vol|ch|p|pp|al)|\b[A-Z])\.$/i;
const idioms = rules.idioms.map(([pattern, use]) => ({ pattern: new RegExp(pattern.source, "gi"), use }));

/** Returns the findings in the text of a file, as { line, rule, message }, ordered by line. */
export async function lint(file, source) {
	const language = languageOf(file, source.slice(0, 200).split("\n")[0]);
	if (!language) return [];
	const findings = language === "markdown" ? await lintMarkdown(source) : await lintComments(language, source);
	return findings.sort((a, b) => a.line - b.line);
}

async function lintMarkdown(source) {
	const wide = { ruleId: "columns", rule: columnsRule, options: {} };
	return run(source, [wide, { ruleId: "prose", rule: proseRule, options: {} }]);
}

async function lintComments(language, source) {
	const { blocks, strings } = extract(language, source);
	const findings = [];
	const commented = new Map();
	// All blocks of a file are joined to one Markdown text. `origin` maps the lines of this text to
	// the lines of the file.
	const text = [];
	const origin = [];
	const docs = [];
	for (const { kind, lines } of blocks) {
		const start = text.length + 1;
		for (const { line, text: content } of lines) {
			text.push(content);
			origin.push(line);
			commented.set(line, content);
		}
		if (kind === "doc") docs.push([start, text.length]);
		text.push("");
		origin.push(lines.at(-1).line);
	}
	const lines = source.split("\n");
	for (const [line, content] of commented) {
		const columns = width(lines[line - 1]);
		if (columns > rules.columns.comment && !isLink(content)) findings.push(tooWide(line, columns, rules.columns.comment));
	}
	const found = await run(text.join("\n"), [{ ruleId: "prose", rule: proseRule, options: { docs } }]);
	findings.push(...found.map((finding) => ({ ...finding, line: origin[finding.line - 1] })));
	for (const { line, text: content } of strings) {
		if (!/[A-Za-z]+ [A-Za-z]+ [A-Za-z]+/.test(content)) continue;
		for (const sentence of sentences(content.replace(/\{[^{}]*\}/g, CODE))) {
			for (const { message } of idiomsIn(sentence.text)) findings.push({ line, rule: "idiom-in-string", message });
		}
	}
	return findings;
}

async function run(text, ruleList) {
	const { messages } = await kernel.lintText(text, { ext: ".md", plugins, rules: ruleList });
	return messages.map(({ line, message }) => {
		const [rule, ...rest] = message.split(": ");
		return { line, rule, message: rest.join(": ") };
	});
}

/** Returns the number of columns of a line. A tab counts as four. */
export function width(line) {
	return [...line].reduce((sum, char) => sum + (char === "\t" ? rules.columns.tab : 1), 0);
}

// Returns true for a line that consists only of a link or an address, even in a list item or a
// quote.
function isLink(text) {
	const content = text.trim().replace(/^(?:[>*+-] +)*(?:\[[^\]]*\]: *)?/, "");
	return /^(?:!?\[[^\]]*\]\(\S+\)|<?\w+:\/\/\S+)[.,;]?$/.test(content);
}

function tooWide(line, columns, limit) {
	return { line, rule: "columns", message: `${columns} columns (wrap at ${limit})` };
}

// Reports lines of Markdown that exceed the limit. Ignores tables, code and links, because they
// cannot be wrapped.
function columnsRule(context) {
	const { Syntax, RuleError, report, getSource, locator } = context;
	const exempt = new Set();
	const skip = (node) => {
		for (let line = node.loc.start.line; line <= node.loc.end.line; line++) exempt.add(line);
	};
	return {
		[Syntax.Table]: skip,
		[Syntax.CodeBlock]: skip,
		[Syntax.DocumentExit](node) {
			let start = 0;
			getSource(node).split("\n").forEach((text, index) => {
				const columns = width(text);
				if (columns > rules.columns.markdown && !exempt.has(index + 1) && !isLink(text)) {
					const { rule, message } = tooWide(index + 1, columns, rules.columns.markdown);
					report(node, new RuleError(`${rule}: ${message}`, { padding: locator.at(start) }));
				}
				start += text.length + 1;
			});
		},
	};
}

// Reports forbidden openings of doc comments, long sentences and idioms.
function proseRule(context, { docs = [] }) {
	const { Syntax, RuleError, report, getSource, locator } = context;
	const opened = new Set();
	const check = (node, isHeading) => {
		const { text, offsets } = flatten(node, getSource, Syntax);
		const found = (at, message) => {
			const padding = locator.at(offsets[at] - node.range[0]);
			report(node, new RuleError(message, { padding }));
		};
		const line = node.loc.start.line;
		const doc = isHeading ? undefined : docs.find(([start, end]) => start <= line && line <= end);
		sentences(text).forEach((sentence, index) => {
			const isOpening = index === 0 && doc && !opened.has(doc);
			if (isOpening) opened.add(doc);
			const opening = isOpening && rules.docOpening.pattern.exec(sentence.text);
			if (opening) found(sentence.at, `doc-opening: opens with “${opening[0]}” (${rules.docOpening.use})`);
			const words = countWords(sentence.text);
			if (!isHeading && words > rules.sentenceWords) {
				found(sentence.at, `sentence-length: ${words} words: “${sentence.text.slice(0, 40)}…” (at most ${rules.sentenceWords}, aim at 25)`);
			}
			for (const { at, message } of idiomsIn(sentence.text, opening || isHeading)) found(sentence.at + at, `idiom: ${message}`);
		});
	};
	return {
		[Syntax.Paragraph]: (node) => check(node, false),
		[Syntax.TableCell]: (node) => check(node, false),
		[Syntax.Header]: (node) => check(node, true),
	};
}

// Returns a node's text without markup and with collapsed white space. Also returns the offset in
// the source of each character of the text.
function flatten(node, getSource, Syntax) {
	let text = "";
	const offsets = [];
	const push = (value, at) => {
		for (let index = 0; index < value.length; index++) {
			const char = /\s/.test(value[index]) ? " " : value[index];
			if (char === " " && (text === "" || text.endsWith(" "))) continue;
			text += char;
			offsets.push(at + index);
		}
	};
	const visit = (child) => {
		const at = child.range[0];
		if (child.type === Syntax.Str) push(getSource(child).replace(/\n[ \t>]+/g, (gap) => " ".repeat(gap.length)), at);
		else if (child.type === Syntax.Code) push(CODE, at);
		else if (child.type === Syntax.Link && /^(?:<|https?:)/.test(getSource(child))) push(CODE, at);
		else if (child.type === Syntax.Break) push(" ", at);
		else if (child.children) child.children.forEach(visit);
	};
	node.children.forEach(visit);
	return { text, offsets };
}

/** Splits a paragraph into sentences, as { text, at }. */
export function sentences(paragraph) {
	const found = [];
	let start = 0;
	const push = (end) => {
		const text = paragraph.slice(start, end);
		const at = start + text.length - text.trimStart().length;
		if (text.trim()) found.push({ text: text.trim(), at });
		start = end;
	};
	for (const match of paragraph.matchAll(/[.!?…]+["'”’)\]]*(?=\s+(?![a-z]))/g)) {
		const end = match.index + match[0].length;
		if (!ABBREVIATION.test(paragraph.slice(start, end))) push(end);
	}
	push(paragraph.length);
	return found;
}

/** Returns the number of words. Punctuation that stands alone does not count. */
export function countWords(sentence) {
	return sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}\u25a1]/u.test(word)).length;
}

/** Returns the idioms in a sentence, as { at, message }. `inner` skips patterns with `^`. */
export function idiomsIn(sentence, inner = false) {
	const found = [];
	for (const { pattern, use } of idioms) {
		if (inner && pattern.source.startsWith("^")) continue;
		for (const match of sentence.matchAll(pattern)) {
			found.push({ at: match.index, message: `“${match[0].toLowerCase()}” (${use})` });
		}
	}
	return found;
}
