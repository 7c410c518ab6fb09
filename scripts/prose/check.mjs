// The program that `scripts/check-prose` runs.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { lint } from "./linter.mjs";
import { excluded } from "./rules.mjs";

const summaryOnly = process.argv[2] === "--summary";
const named = process.argv.slice(summaryOnly ? 3 : 2);

const counts = new Map();
let files = 0;
for (const file of tracked(named)) {
	if (excluded.some((pattern) => pattern.test(file))) continue;
	const source = read(file);
	if (source === null) continue;
	files++;
	for (const { line, rule, message } of await lint(file, source)) {
		counts.set(rule, (counts.get(rule) ?? 0) + 1);
		if (!summaryOnly) console.log(`${file}:${line}: ${rule}: ${message}`);
	}
}

const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
for (const [rule, count] of [...counts].sort((a, b) => b[1] - a[1])) console.log(`${String(count).padStart(6)}  ${rule}`);
console.log(`${String(total).padStart(6)}  findings in ${files} files`);
process.exitCode = total ? 1 : 0;

// Lists the files below the named paths that git tracks or would add.
function tracked(paths) {
	const options = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ...paths];
	const listed = execFileSync("git", options, { encoding: "utf8", maxBuffer: 1 << 26 });
	return [...new Set(listed.split("\0").filter(Boolean))].sort();
}

// Returns a file's text. Returns null for binary data, a submodule or a missing file.
function read(file) {
	try {
		const bytes = readFileSync(file);
		return bytes.subarray(0, 8000).includes(0) ? null : bytes.toString("utf8");
	} catch (error) {
		if (error.code === "ENOENT" || error.code === "EISDIR") return null;
		throw error;
	}
}
