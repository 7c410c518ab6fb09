// Extracts the comments of source files. A block is a group of comment lines that belong together.
//
// A block has the form { kind, lines: [{ line, text }] }. Its kind is "doc" (Rust's `///`, `//!`
// and block doc comments) or "comment". `line` counts from 1.

import { extname, basename } from "node:path";

const LANGUAGES = {
	".rs": "rust",
	".md": "markdown",
	".py": "python",
	".sh": "hash",
	".toml": "hash",
	".yml": "hash",
	".yaml": "hash",
	".mjs": "slash",
	".js": "slash",
};

/** Returns the language of a file. Returns null for a file without prose. */
export function languageOf(file, firstLine = "") {
	if (basename(file) === "Makefile") return "hash";
	const extension = extname(file);
	if (extension !== "") return LANGUAGES[extension] ?? null;
	if (/^#!.*\bpython3?\b/.test(firstLine)) return "python";
	return /^#!.*\b(?:sh|bash|dash)\b/.test(firstLine) ? "hash" : null;
}

/** Returns the blocks of a source file. Also returns the string literals of a Rust file. */
export function extract(language, source) {
	if (language === "rust") return extractRust(source);
	const pieces = language === "slash" ? slashPieces(source) : hashPieces(source, language === "python");
	return { blocks: group(pieces).map((block) => ({ ...block, kind: "comment" })), strings: [] };
}

// Extracts JavaScript comments on separate lines. Omits comments after code, because regular
// expressions contain slashes as well.
function slashPieces(source) {
	return source.split("\n").flatMap((text, index) => {
		const comment = /^\s*(\/\/+|\/\*\*?|\*(?= ))(?: (.*?))?(?:\*\/)?$/.exec(text);
		if (!comment) return [];
		return [{ line: index + 1, own: true, marker: comment[1].slice(-1), text: comment[2] ?? "" }];
	});
}

// Extracts comments that start with `#`, and Python's docstrings.
function hashPieces(source, isPython) {
	const pieces = [];
	let quoted = null;
	source.split("\n").forEach((text, index) => {
		const line = index + 1;
		const trimmed = text.trim();
		const toggles = isPython && trimmed.split('"""').length % 2 === 0;
		const isDoc = quoted === "doc" || (isPython && !quoted && trimmed.startsWith('"""'));
		if (isDoc) pieces.push({ line, own: true, marker: '"""', text: trimmed.replaceAll('"""', "") });
		const inside = quoted !== null || isDoc;
		if (toggles) quoted = quoted ? null : isDoc ? "doc" : "string";
		if (inside || (line === 1 && trimmed.startsWith("#!"))) return;
		if (trimmed.startsWith("#")) {
			pieces.push({ line, own: true, marker: "#", text: trimmed.replace(/^#+ ?/, "") });
			return;
		}
		const trailing = /^[^'"]*(?:(?:"[^"]*"|'[^']*')[^'"]*)*?\s#+\s+(.*)$/.exec(text);
		if (trailing) pieces.push({ line, own: false, marker: "#", text: trailing[1] });
	});
	return pieces;
}

// Joins consecutive comment lines that have the same marker and no code before the marker.
function group(pieces) {
	const blocks = [];
	let last = null;
	for (const piece of pieces) {
		const previous = last?.pieces.at(-1);
		if (previous && previous.own && piece.own && previous.marker === piece.marker && piece.line === previous.line + 1) {
			last.pieces.push(piece);
		} else {
			last = { marker: piece.marker, pieces: [piece] };
			blocks.push(last);
		}
	}
	return blocks.map(({ marker, pieces }) => ({
		marker,
		lines: dedent(pieces.map(({ line, text }) => ({ line, text }))),
	}));
}

// Removes the indentation that all lines share, so that no paragraph is read as a code block.
function dedent(lines) {
	const indents = lines.filter(({ text }) => text.trim()).map(({ text }) => text.length - text.trimStart().length);
	const shared = indents.length ? Math.min(...indents) : 0;
	return lines.map(({ line, text }) => ({ line, text: text.slice(shared) }));
}

function extractRust(source) {
	const pieces = [];
	const strings = [];
	const blocks = [];
	let at = 0;
	let line = 1;
	let lineStart = 0;

	const advance = (end) => {
		for (; at < end; at++) {
			if (source[at] === "\n") {
				line++;
				lineStart = at + 1;
			}
		}
	};

	while (at < source.length) {
		const char = source[at];
		if (source.startsWith("//", at)) {
			let end = source.indexOf("\n", at);
			if (end < 0) end = source.length;
			const text = source.slice(at, end);
			// Four slashes start an ordinary comment.
			const marker = /^\/\/\/(?!\/)/.test(text) ? "///" : text.startsWith("//!") ? "//!" : "//";
			const own = source.slice(lineStart, at).trim() === "";
			pieces.push({ line, own, marker, text: marker === "//" ? text.replace(/^\/+/, "") : text.slice(3) });
			advance(end);
		} else if (source.startsWith("/*", at)) {
			const end = blockCommentEnd(source, at);
			const text = source.slice(at, end);
			const doc = /^\/\*(\*(?![*/])|!)/.test(text);
			const inner = text.replace(/^\/\*+!?/, "").replace(/\*+\/$/, "");
			const lines = inner.split("\n").map((part, index) => ({ line: line + index, text: part.replace(/^\s*\*(?= |$)/, "") }));
			blocks.push({ marker: "/*", kind: doc ? "doc" : "comment", lines: dedent(lines) });
			advance(end);
		} else if (char === '"' || rawStringHead(source, at)) {
			const { end, text } = readString(source, at);
			strings.push({ line, text });
			advance(end);
		} else if (char === "'") {
			advance(at + charLiteralLength(source, at));
		} else if (/[A-Za-z_0-9]/.test(char)) {
			// Skips whole words: the `r` in `for"…"` starts no raw string.
			const word = /^[A-Za-z_0-9]+/.exec(source.slice(at, at + 256))[0];
			advance(at + word.length);
		} else {
			advance(at + 1);
		}
	}
	for (const block of group(pieces)) blocks.push({ ...block, kind: block.marker === "//" ? "comment" : "doc" });
	blocks.sort((a, b) => a.lines[0].line - b.lines[0].line);
	return { blocks, strings };
}

// Block comments nest in Rust.
function blockCommentEnd(source, start) {
	let depth = 0;
	for (let at = start; at < source.length; ) {
		if (source.startsWith("/*", at)) {
			depth++;
			at += 2;
		} else if (source.startsWith("*/", at)) {
			depth--;
			at += 2;
			if (depth === 0) return at;
		} else at++;
	}
	return source.length;
}

// Matches `r"`, `r#"`, `br"`, `cr#"` and so on, and the prefixed ordinary strings `b"` and `c"`.
function rawStringHead(source, at) {
	return /^(?:[bc]?r#*"|[bc]")/.exec(source.slice(at, at + 16));
}

function readString(source, at) {
	const head = rawStringHead(source, at)?.[0] ?? '"';
	const body = at + head.length;
	if (head.includes("r")) {
		const tail = `"${"#".repeat(head.split("#").length - 1)}`;
		const found = source.indexOf(tail, body);
		const end = found < 0 ? source.length : found;
		return { end: end + tail.length, text: source.slice(body, end) };
	}
	let end = body;
	while (end < source.length && source[end] !== '"') end += source[end] === "\\" ? 2 : 1;
	// A backslash at the end of a line joins this line with the next one.
	return { end: end + 1, text: source.slice(body, end).replace(/\\\n\s*/g, "").replace(/\\[nt]/g, " ") };
}

// Returns the length of a character literal, or 1 for the quote of a lifetime.
function charLiteralLength(source, at) {
	const literal = /^'(?:\\(?:u\{[0-9a-fA-F_]+\}|x[0-9a-fA-F]{2}|.)|[^\\'\n])'/su.exec(source.slice(at, at + 16));
	return literal ? literal[0].length : 1;
}
