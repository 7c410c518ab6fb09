//! Tests of view functions, which are called as block explorers do. The metadata contains the ids
//! and types of view functions, and describes every public item.

use std::fmt::Debug;

use codec::{Compact, Decode, DecodeAll, Encode};
use frame_metadata::v16::{PalletMetadata, PalletViewFunctionMetadata, RuntimeMetadataV16};
use frame_support::{
	assert_ok,
	traits::{fungible::InspectHold, Get},
	view_functions::ViewFunctionDispatchError,
};
use hcc_evidence::{
	boot::BootRules,
	host::GenerationTrust,
	snp::{CpuId, ProductLine},
	vm::VmId,
	RejectCode,
};
use hcc_evidence_testing::{miner_binary, sha256, Machine, MEASUREMENT, NOW};
use hcc_primitives::{ChallengeOutcome, Tier};
use hccs_runtime::{apis::api::dispatch, configs::parameters::ReputationRules, *};
use pallet_policy::{FileRule, Role};
use scale_info::{form::PortableForm, PortableRegistry, TypeDef, TypeDefPrimitive};
use sp_keyring::Sr25519Keyring::{Alice, Eve};

use super::{
	compute::{boot_vm, report_price, run_intervals, shorten_proof_window, ESCROW, PRICE},
	layout::{metadata, OURS, WITHOUT_EVENTS},
	network::*,
};

/// The id of the first VM.
const VM: VmId = 1;

/// A client that knows only the metadata of the runtime.
struct Explorer(RuntimeMetadataV16);

type View = PalletViewFunctionMetadata<PortableForm>;

impl Explorer {
	fn new() -> Self {
		Self(metadata())
	}

	fn pallet(&self, name: &str) -> &PalletMetadata<PortableForm> {
		let pallet = self.0.pallets.iter().find(|pallet| pallet.name == name);
		pallet.unwrap_or_else(|| panic!("there is no pallet {name}"))
	}

	fn view(&self, pallet: &str, name: &str) -> &View {
		let view = self.pallet(pallet).view_functions.iter().find(|view| view.name == name);
		view.unwrap_or_else(|| panic!("there is no view {pallet}.{name}"))
	}

	/// Calls a view function. Checks that the answer is exactly one value of the type that the
	/// metadata states.
	fn call(&self, view: &View, input: &[u8]) -> Vec<u8> {
		let query = (view.id, input).encode();
		let answer = dispatch("RuntimeViewFunction_execute_view_function", &query)
			.expect("the runtime has that API");
		let answer = Result::<Vec<u8>, ViewFunctionDispatchError>::decode_all(&mut &answer[..])
			.expect("the result has the declared type")
			.expect("the view accepts the input");
		let mut rest = &answer[..];
		skip_value(&self.0.types, view.output.id, &mut rest);
		assert!(rest.is_empty(), "{}: its answer is longer than its type", view.name);
		answer
	}

	fn ask<Answer: Decode>(&self, pallet: &str, view: &str, input: impl Encode) -> Answer {
		let answer = self.call(self.view(pallet, view), &input.encode());
		Answer::decode_all(&mut &answer[..]).expect("the answer has that type")
	}

	/// Calls a view function, and checks its answer.
	fn assert_answer<Answer: Decode + PartialEq + Debug>(
		&self,
		wanted: Answer,
		pallet: &str,
		view: &str,
		input: impl Encode,
	) {
		assert_eq!(self.ask::<Answer>(pallet, view, input), wanted, "{pallet}.{view}");
	}
}

/// Returns the length of an encoded value of a primitive type, in bytes.
fn width(of: &TypeDefPrimitive) -> usize {
	match of {
		TypeDefPrimitive::Bool | TypeDefPrimitive::U8 | TypeDefPrimitive::I8 => 1,
		TypeDefPrimitive::U16 | TypeDefPrimitive::I16 => 2,
		TypeDefPrimitive::Char | TypeDefPrimitive::U32 | TypeDefPrimitive::I32 => 4,
		TypeDefPrimitive::U64 | TypeDefPrimitive::I64 => 8,
		TypeDefPrimitive::U128 | TypeDefPrimitive::I128 => 16,
		TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => 32,
		TypeDefPrimitive::Str => panic!("views do not use text"),
	}
}

/// Skips the encoding of one value. The metadata contains the value's type.
fn skip_value(types: &PortableRegistry, ty: u32, bytes: &mut &[u8]) {
	match &types.resolve(ty).expect("the type is in the metadata").type_def {
		TypeDef::Composite(of) => {
			of.fields.iter().for_each(|field| skip_value(types, field.ty.id, bytes));
		},
		TypeDef::Variant(of) => {
			let index = u8::decode(bytes).expect("a variant index follows");
			let variant = of.variants.iter().find(|variant| variant.index == index);
			let fields = &variant.expect("the variant is in the metadata").fields;
			fields.iter().for_each(|field| skip_value(types, field.ty.id, bytes));
		},
		TypeDef::Sequence(of) => {
			let Compact(count) = Compact::<u32>::decode(bytes).expect("a length follows");
			(0..count).for_each(|_| skip_value(types, of.type_param.id, bytes));
		},
		TypeDef::Array(of) => (0..of.len).for_each(|_| skip_value(types, of.type_param.id, bytes)),
		TypeDef::Tuple(of) => of.fields.iter().for_each(|ty| skip_value(types, ty.id, bytes)),
		TypeDef::Compact(_) => {
			Compact::<u128>::decode(bytes).expect("a compact number follows");
		},
		TypeDef::Primitive(of) => {
			let (_, rest) = bytes.split_at_checked(width(of)).expect("enough bytes follow");
			*bytes = rest;
		},
		TypeDef::BitSequence(_) => panic!("views do not return bits"),
	}
}

/// Encodes the smallest value of a type. Numbers are zero, and each enum has its first variant.
fn encode_minimum(types: &PortableRegistry, ty: u32, bytes: &mut Vec<u8>) {
	match &types.resolve(ty).expect("the type is in the metadata").type_def {
		TypeDef::Composite(of) => {
			of.fields.iter().for_each(|field| encode_minimum(types, field.ty.id, bytes));
		},
		TypeDef::Variant(of) => {
			let first = of.variants.first().expect("an enum has a variant");
			bytes.push(first.index);
			first.fields.iter().for_each(|field| encode_minimum(types, field.ty.id, bytes));
		},
		TypeDef::Array(of) => {
			(0..of.len).for_each(|_| encode_minimum(types, of.type_param.id, bytes))
		},
		TypeDef::Tuple(of) => of.fields.iter().for_each(|ty| encode_minimum(types, ty.id, bytes)),
		TypeDef::Sequence(_) | TypeDef::Compact(_) => bytes.push(0),
		TypeDef::Primitive(of) => bytes.resize(bytes.len() + width(of), 0),
		TypeDef::BitSequence(_) => panic!("views do not accept bits"),
	}
}

#[test]
fn views_answer_with_their_types() {
	let explorer = Explorer::new();
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		for name in OURS.into_iter().chain(WITHOUT_EVENTS) {
			let views = &explorer.pallet(name).view_functions;
			assert!(!views.is_empty(), "{name} has no views");
			for view in views {
				let mut input = Vec::new();
				for parameter in &view.inputs {
					encode_minimum(&explorer.0.types, parameter.ty.id, &mut input);
				}
				explorer.call(view, &input);
			}
		}
	});
}

#[test]
fn views_show_scores_and_incidents() {
	let explorer = Explorer::new();
	run(|mut machine| {
		assert!(attest(&machine).is_accepted());
		machine.run(b"rootkit");
		let unknown = RejectCode::ImaUnknownFile.number();
		assert_eq!(attest(&machine).code, unknown);
		let chip = chip(&machine);
		let record: Option<pallet_reputation::RecordOf<Runtime>> =
			explorer.ask("Reputation", "record", (chip,));
		assert_eq!(record, pallet_reputation::Records::<Runtime>::get(chip));
		let record = record.expect("the chip has a record");
		let rules = ReputationRules::get().clamped();
		explorer.assert_answer(rules, "Reputation", "rules", ());
		assert_eq!(record.score.value, rules.start + rules.passed - rules.ima_unknown);
		let outcome: Vec<_> = record.last.iter().map(|incident| incident.outcome).collect();
		assert_eq!(outcome, [ChallengeOutcome::Passed, ChallengeOutcome::Failed(unknown)]);
		let scores: Vec<_> = record.last.iter().map(|incident| incident.before.value).collect();
		assert_eq!(scores, [rules.start, rules.start + rules.passed]);
		explorer.assert_answer(Tier::Quarantine, "Reputation", "tier_of", (chip,));
		explorer.assert_answer(1_000u16, "Reputation", "usage_of", (chip,));
		// An unknown chip has no record.
		let nothing: Option<pallet_reputation::RecordOf<Runtime>> = None;
		explorer.assert_answer(nothing, "Reputation", "record", ([0u8; 32],));
	});
}

#[test]
fn views_show_open_subjects() {
	let explorer = Explorer::new();
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		let finding = evaluate(subject, &evidence);
		assert_ok!(vote(Alice, subject, &finding));
		let row: Option<pallet_verdicts::SubjectOf<Runtime>> =
			explorer.ask("Verdicts", "subject", (subject,));
		assert_eq!(row, pallet_verdicts::Subjects::<Runtime>::get(subject));
		let row = row.expect("the subject is open");
		assert_eq!((row.committee.len(), row.votes.len()), (VALIDATORS.len(), 1));
		assert_eq!(row.findings.first().map(|shown| &shown.finding), Some(&finding));
		let tick = pallet_clock::CurrentTick::<Runtime>::get();
		explorer.assert_answer(tick, "Clock", "tick", ());
		let pinned = pallet_attestation::Contexts::<Runtime>::get(subject);
		assert!(pinned.is_some());
		explorer.assert_answer(pinned, "Attestation", "context", (subject,));
	});
}

#[test]
fn views_show_policy() {
	use pallet_policy as policy;

	let explorer = Explorer::new();
	run(|machine| {
		let root = RuntimeOrigin::root;
		let bash = sha256(b"bash");
		let files = vec![bash].try_into().expect("it fits");
		assert_ok!(Policy::set_files(root(), files, Some(FileRule::Forbidden)));
		let suspended = Some(GenerationTrust::Suspended);
		assert_ok!(Policy::set_generation(root(), ProductLine::Turin, suspended));
		let boot = Some(BootRules { secure_boot: true });
		assert_ok!(Policy::set_boot_rules(root(), boot));
		let list = insecure_sim::issue_crl(NOW.0, &[]).expect("the hierarchy issues lists");
		let alice = RuntimeOrigin::signed(Alice.to_account_id());
		assert_ok!(Policy::post_crl(alice, list.try_into().expect("it fits")));
		let assert_file = |view: &str, digest: [u8; 32], wanted| {
			explorer.assert_answer(wanted, "Policy", view, (digest,));
		};
		assert_file("file", bash, Some(FileRule::Forbidden));
		assert_file("file", miner_binary(), Some(FileRule::Allowed));
		assert_file("file", sha256(b"rootkit"), None);
		explorer.assert_answer(suspended, "Policy", "generation", (ProductLine::Turin,));
		explorer.assert_answer(boot, "Policy", "boot_rules", ());
		explorer.assert_answer(Some(Role::HostAgent), "Policy", "measurement", (MEASUREMENT,));
		// The answers of these views must match the storage.
		let revision = policy::CurrentRevision::<Runtime>::get();
		assert!(revision >= 3, "each change makes a revision");
		explorer.assert_answer(revision, "Policy", "revision", ());
		let platform = policy::Platform::<Runtime>::get().current().copied();
		assert!(platform.is_some());
		explorer.assert_answer(platform, "Policy", "platform", ());
		let required = policy::Required::<Runtime>::get().current().cloned();
		assert!(required.is_some());
		explorer.assert_answer(required, "Policy", "required", ());
		let cpu = CpuId { family: 0x19, model: 0x11, stepping: 0x01 };
		let rules = policy::Cpus::<Runtime>::get(cpu).current().copied();
		assert!(rules.is_some());
		explorer.assert_answer(rules, "Policy", "cpu", (cpu.family, cpu.model, cpu.stepping));
		let roots = policy::AmdRoots::<Runtime>::get().current().cloned();
		assert!(roots.is_some());
		explorer.assert_answer(roots, "Policy", "amd_roots", ());
		let newest = policy::Crls::<Runtime>::get(machine.vek.ark);
		assert!(newest.is_some());
		explorer.assert_answer(newest, "Policy", "crl", (machine.vek.ark,));
		let keys = policy::Veks::<Runtime>::get(chip(&machine)).into_iter().map(|row| row.vek);
		let keys: Vec<_> = keys.collect();
		assert_eq!(keys.len(), 1);
		explorer.assert_answer(keys, "Policy", "veks", (chip(&machine),));
	});
}

#[test]
fn views_show_challenge_statistics() {
	let explorer = Explorer::new();
	run(|mut machine| {
		for _ in 0..2 {
			assert!(attest(&machine).is_accepted());
		}
		machine.run(b"rootkit");
		assert!(!attest(&machine).is_accepted());
		let missed = || pallet_attestation::ChallengeCounts::<Runtime>::get().missed;
		while missed() == 0 {
			block();
			assert!(System::block_number() < 500, "a challenge is missed");
		}
		let statistics: pallet_attestation::Statistics =
			explorer.ask("Attestation", "statistics", ());
		assert_eq!(statistics.counts, pallet_attestation::ChallengeCounts::<Runtime>::get());
		assert_eq!(
			(statistics.counts.passed, statistics.counts.failed, statistics.counts.missed),
			(2, 1, 1)
		);
		assert!(statistics.counts.made >= 4);
		let waiting = pallet_attestation::Rechecks::<Runtime>::get().len();
		assert_eq!(statistics.waiting as usize, waiting);
		let rules: pallet_attestation::Rules = explorer.ask("Attestation", "rules", ());
		for of in statistics.tiers {
			assert_eq!(of.chips, pallet_attestation::Population::<Runtime>::get(of.tier));
			assert_eq!(of.interval, rules.interval(of.tier));
		}
		assert_eq!(statistics.tiers.map(|of| of.chips).iter().sum::<u32>(), 1);
		let chip = chip(&machine);
		let host = pallet_attestation::Hosts::<Runtime>::get(chip);
		assert!(host.as_ref().is_some_and(|host| host.failing));
		explorer.assert_answer(host, "Attestation", "host", (chip,));
		let interval = pallet_attestation::CurrentInterval::<Runtime>::get();
		explorer.assert_answer(interval, "Attestation", "interval", ());
	});
}

#[test]
fn views_show_price() {
	use pallet_oracle::{CurrentRate, Price, Rate, ReportOf, Reports};

	let explorer = Explorer::new();
	run(|_| {
		let nothing: Option<Price> = None;
		explorer.assert_answer(nothing, "Oracle", "price_for_orders", ());
		report_price(PRICE);
		explorer.assert_answer(Some(PRICE), "Oracle", "price_for_orders", ());
		explorer.assert_answer(Some(PRICE), "Oracle", "price_for_leases", ());
		let rate: Option<Rate> = explorer.ask("Oracle", "rate", ());
		assert_eq!(rate, CurrentRate::<Runtime>::get());
		assert_eq!(rate.map(|rate| rate.price), Some(PRICE));
		let reports: Vec<ReportOf<Runtime>> = explorer.ask("Oracle", "reports", ());
		assert_eq!(reports, Reports::<Runtime>::get().into_inner());
		assert!(reports.iter().all(|report| report.price == PRICE));
		assert_eq!(reports.len(), VALIDATORS.len());
	});
}

/// Runs a VM through some paid intervals.
fn run_vm(machine: &Machine) {
	shorten_proof_window();
	boot_vm(machine);
	run_intervals(machine, 12, true);
}

#[test]
fn views_show_vm_and_settlements() {
	use pallet_compute::{
		Boots, HoldReason, Orders, PaymentTotals, Settlement, Settlements, VmState, Vms,
	};

	let explorer = Explorer::new();
	run(|machine| {
		run_vm(&machine);
		let order = Orders::<Runtime>::get(VM);
		assert!(order.is_some());
		explorer.assert_answer(order.clone(), "Compute", "order_of", (VM,));
		let nonce = order.as_ref().map(|order| order.config.order_nonce);
		let by_nonce = (Eve.to_account_id(), nonce.expect("the VM has an order"));
		explorer.assert_answer(Some(VM), "Compute", "vm_of_order", by_nonce);
		let vm: Option<pallet_compute::VmOf<Runtime>> = explorer.ask("Compute", "vm", (VM,));
		assert_eq!(vm, Vms::<Runtime>::get(VM));
		let vm = vm.expect("the VM exists");
		assert!(matches!(vm.state, VmState::Running { .. }));
		let boot = Boots::<Runtime>::get(VM);
		assert!(boot.is_some());
		explorer.assert_answer(boot.clone(), "Compute", "boot_of", (VM,));
		let context: Option<pallet_compute::VmContextOf<Runtime>> =
			explorer.ask("Compute", "vm_context", (VM,));
		let context = context.expect("the VM exists");
		assert_eq!(
			(Some(context.vm), Some(context.order), context.boot),
			(Vms::<Runtime>::get(VM), order, boot)
		);
		let settled: Vec<Settlement> = explorer.ask("Compute", "settlements_of", (VM,));
		assert_eq!(settled, Settlements::<Runtime>::get(VM).into_inner());
		assert!(settled.len() >= 4, "{}", settled.len());
		assert!(settled.iter().all(|of| of.paid > 0 && of.refunded == 0 && of.price == PRICE));
		let totals: pallet_compute::Totals = explorer.ask("Compute", "paid", ());
		assert_eq!(totals, PaymentTotals::<Runtime>::get());
		let for_intervals = settled.iter().map(|of| of.paid).sum::<Balance>();
		assert!(totals.settled > for_intervals, "the boot is paid too");
		// The whole escrow is either left, charged or settled.
		let owed = vm.charges.iter().map(|charge| charge.amount).sum::<Balance>();
		assert_eq!(vm.escrow + owed + totals.settled, ESCROW);
		let reason = HoldReason::Escrow.into();
		let held = Balances::balance_on_hold(&reason, &Eve.to_account_id());
		assert_eq!(held, vm.escrow + owed);
		let used = pallet_compute::AllottedCapacity::<Runtime>::get(miner());
		assert_eq!(used.vcpus, vm.allotted.vcpus);
		explorer.assert_answer(used, "Compute", "used_of", (miner(),));
		let flavours = pallet_compute::Flavours::<Runtime>::iter().collect::<Vec<_>>();
		assert!(!flavours.is_empty());
		explorer.assert_answer(flavours, "Compute", "flavours", ());
	});
}

#[test]
fn views_show_emission() {
	use pallet_emission::{ClosedEra, CurrentEra, EmissionTotals, Era, Eras, Owed, Totals};

	let explorer = Explorer::new();
	run(|machine| {
		run_vm(&machine);
		let era: Era = explorer.ask("Emission", "era", ());
		assert_eq!(era, CurrentEra::<Runtime>::get());
		assert!(era.index >= 2, "{}", era.index);
		let (mut budgets, mut total_owed) = (0, 0);
		for index in 0..era.index {
			let closed: Option<ClosedEra> = explorer.ask("Emission", "closed_era", (index,));
			assert_eq!(closed, Eras::<Runtime>::get(index));
			budgets += closed.expect("no era is pruned").division.budget;
			let (owed, part): (Balance, Option<Balance>) =
				explorer.ask("Emission", "owed_to", (index, miner()));
			assert_eq!(owed, Owed::<Runtime>::get(index, miner()));
			assert!(part.is_some_and(|part| part <= owed));
			total_owed += owed;
		}
		assert!(total_owed > 0, "the miner was paid for its work");
		let totals: Totals = explorer.ask("Emission", "totals", ());
		assert_eq!(totals, EmissionTotals::<Runtime>::get());
		assert_eq!(totals.budgets, budgets);
		let open: Option<ClosedEra> = None;
		explorer.assert_answer(open, "Emission", "closed_era", (era.index,));
		let issuance: pallet_issuance::Issuance = explorer.ask("Issuance", "issuance", ());
		assert_eq!(issuance.total(), Some(Balances::total_issuance()));
	});
}

/// Returns the kind, the name and the documentation of each public item of a pallet.
fn documented_items<'a>(
	types: &'a PortableRegistry,
	pallet: &'a PalletMetadata<PortableForm>,
) -> Vec<(String, &'a [String])> {
	let mut all: Vec<(String, &[String])> = Vec::new();
	let enums = [
		("call", pallet.calls.as_ref().map(|of| of.ty.id)),
		("event", pallet.event.as_ref().map(|of| of.ty.id)),
		("error", pallet.error.as_ref().map(|of| of.ty.id)),
	];
	for (kind, ty) in enums {
		let Some(ty) = ty else { continue };
		let TypeDef::Variant(of) =
			&types.resolve(ty).expect("the type is in the metadata").type_def
		else {
			panic!("{}: its {kind}s are not an enum", pallet.name);
		};
		all.extend(of.variants.iter().map(|of| (format!("{kind} {}", of.name), &of.docs[..])));
	}
	let stored = pallet.storage.iter().flat_map(|of| &of.entries);
	all.extend(stored.map(|of| (format!("storage {}", of.name), &of.docs[..])));
	let constants = pallet.constants.iter();
	all.extend(constants.map(|of| (format!("constant {}", of.name), &of.docs[..])));
	let views = pallet.view_functions.iter();
	all.extend(views.map(|of| (format!("view {}", of.name), &of.docs[..])));
	all
}

#[test]
fn public_items_are_documented() {
	let Explorer(metadata) = &Explorer::new();
	let mut undocumented = Vec::new();
	for name in OURS.into_iter().chain(WITHOUT_EVENTS) {
		let pallet = metadata.pallets.iter().find(|pallet| pallet.name == name);
		let all = documented_items(&metadata.types, pallet.expect("the pallet exists"));
		let events = (!WITHOUT_EVENTS.contains(&name)).then_some("event ");
		for kind in events.into_iter().chain(["storage ", "view "]) {
			assert!(all.iter().any(|(what, _)| what.starts_with(kind)), "{name} has no {kind}");
		}
		let is_undocumented = |docs: &[String]| docs.iter().all(|line| line.trim().is_empty());
		let of_pallet = all.into_iter().filter(|(_, docs)| is_undocumented(docs));
		undocumented.extend(of_pallet.map(|(what, _)| format!("{name}: {what}")));
	}
	assert!(undocumented.is_empty(), "these items have no documentation: {undocumented:#?}");
}
