// Reads a miner's score with polkadot-js, as a block explorer does. To decode storage and events,
// the script needs only the metadata of the chain.
//
//   node read-score.mjs ws://127.0.0.1:9944
//
// Prints one JSON object. Exits with 1 if anything is missing.

import { ApiPromise, WsProvider } from "@polkadot/api";

const url = process.argv[2] ?? "ws://127.0.0.1:9944";
const api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true, throwOnConnect: true });

const fail = (what) => {
	console.error(what);
	process.exit(1);
};

const [[owner, miner] = []] = (await api.query.registry.miners.entries()).map(([key, row]) => [key.args[0].toString(), row.unwrap()]);
if (!owner) fail("no miner is registered");
const [chip] = miner.chips;
if (!chip) fail("the miner has no chip");
const record = (await api.query.reputation.records(chip)).unwrapOr(null) ?? fail("the chip has no record");

// The names of the events in the last finalised blocks.
const names = new Set();
let hash = await api.rpc.chain.getFinalizedHead();
for (let blocks = 0; blocks < 30; blocks += 1) {
	const at = await api.at(hash);
	for (const { event } of await at.query.system.events()) names.add(`${event.section}.${event.method}`);
	const header = await api.rpc.chain.getHeader(hash);
	if (header.number.toNumber() <= 1) break;
	hash = header.parentHash;
}
if (![...names].some((name) => name.startsWith("attestation."))) fail("no event of the attestation pallet was decoded");

console.log(
	JSON.stringify({
		miner: owner,
		chip: chip.toHex(),
		score: record.score.value.toNumber(),
		strikes: record.score.strikes.toNumber(),
		passed: record.passed.toNumber(),
		last: record.last.map((incident) => incident.outcome.toString()),
		pallets: api.runtimeMetadata.asLatest.pallets.length,
		events: [...names].sort(),
	}),
);
await api.disconnect();
