// Tests the linter: the examples of each idiom, the files in fixtures/, and the sentence splitter.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { countWords, lint, sentences, width } from "./linter.mjs";
import { columns, idioms } from "./rules.mjs";

const fixtures = fileURLToPath(new URL("fixtures/", import.meta.url));
let passed = 0;
let failed = 0;

function check(holds, message) {
	if (holds) {
		passed++;
	} else {
		failed++;
		console.error(`FAILED: ${message}`);
	}
}

function equal(actual, expected, message) {
	check(actual === expected, `${message}: ${actual} instead of ${expected}`);
}

// Each idiom must be found in its own example, and not in its counterexamples.
for (const [pattern, use, example, others = []] of idioms) {
	const found = (text) => sentences(text).some((sentence) => new RegExp(pattern.source, "i").test(sentence.text));
	check(Boolean(use && example), `${pattern} lacks a suggestion or an example`);
	check(found(example), `${pattern} is not found in “${example}”`);
	for (const other of others) check(!found(other), `${pattern} is found in “${other}”`);
}
check(new Set(idioms.map(([pattern]) => pattern.source)).size === idioms.length, "an idiom is listed twice");

// The findings in the fixtures must equal the lines of fixtures/expected.txt.
const actual = [];
for (const file of readdirSync(fixtures).sort()) {
	if (file === "expected.txt") continue;
	for (const { line, rule, message } of await lint(file, readFileSync(fixtures + file, "utf8"))) {
		actual.push(`${file}:${line}: ${rule}: ${message.replace(/ \(.*/, "")}`);
	}
}
const expected = readFileSync(`${fixtures}expected.txt`, "utf8").trim().split("\n");
for (const finding of expected) check(actual.includes(finding), `not found: ${finding}`);
for (const finding of actual) check(expected.includes(finding), `found, but not expected: ${finding}`);
equal(actual.length, expected.length, "number of findings in the fixtures");
for (const rule of ["columns", "doc-opening", "sentence-length", "idiom", "idiom-in-string"]) {
	check(expected.some((finding) => finding.includes(`: ${rule}: `)), `no fixture for ${rule}`);
}

for (const [text, count] of [
	["One sentence. Another one! A third? Yes.", 4],
	["It takes e.g. The Hague, i.e. A city, cf. RFC 9334.", 1],
	["Version 1.2.3 of hcc.toml ends.", 1],
	["(It ends in a bracket.) The next one.", 2],
	["It says “done.” The next one.", 2],
	["It goes on … with lower case.", 1],
]) {
	equal(sentences(text).length, count, `sentences in “${text}”`);
}
equal(countWords("six words — and a dash / too"), 6, "words");
equal(width("\t\ta"), 2 * columns.tab + 1, "columns");

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
