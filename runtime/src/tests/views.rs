//! What explorers read: views by their names, which they know from the metadata as they know the types of the answers; and what the metadata says of everything.

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
use hcc_primitives::{Conduct, Tier};
use pallet_policy::{FileRule, Role};
use scale_info::{form::PortableForm, PortableRegistry, TypeDef, TypeDefPrimitive};
use sp_keyring::Sr25519Keyring::{Alice, Eve};

use super::{
	compute::{booted, hurry, live, order, report, ESCROW, PRICE},
	layout::{metadata, OURS},
	machine::{miner_binary, sha256, Machine, MEASUREMENT, NOW},
	network::*,
};
use crate::{apis::api::dispatch, configs::parameters::ReputationRules, *};

/// The VM that is ordered first.
const VM: VmId = 1;

/// One that knows nothing of the runtime but its metadata.
struct Explorer(RuntimeMetadataV16);

type View = PalletViewFunctionMetadata<PortableForm>;

impl Explorer {
	fn new() -> Self {
		Self(metadata())
	}

	fn pallet(&self, name: &str) -> &PalletMetadata<PortableForm> {
		let pallet = self.0.pallets.iter().find(|pallet| pallet.name == name);
		pallet.unwrap_or_else(|| panic!("{name}: there is no such pallet"))
	}

	fn view(&self, pallet: &str, name: &str) -> &View {
		let view = self.pallet(pallet).view_functions.iter().find(|view| view.name == name);
		view.unwrap_or_else(|| panic!("{pallet}.{name}: there is no such view"))
	}

	/// What a view answers, which is a value of the type that the metadata says, to the last byte.
	fn call(&self, view: &View, input: &[u8]) -> Vec<u8> {
		let query = (view.id, input).encode();
		let answer = dispatch("RuntimeViewFunction_execute_view_function", &query)
			.expect("the runtime has that API");
		let answer = Result::<Vec<u8>, ViewFunctionDispatchError>::decode_all(&mut &answer[..])
			.expect("as the API is declared")
			.expect("the view is there, and takes that input");
		let mut rest = &answer[..];
		pass_over(&self.0.types, view.output.id, &mut rest);
		assert!(rest.is_empty(), "{}: its answer is longer than its type", view.name);
		answer
	}

	fn ask<Answer: Decode>(&self, pallet: &str, view: &str, input: impl Encode) -> Answer {
		let answer = self.call(self.view(pallet, view), &input.encode());
		Answer::decode_all(&mut &answer[..]).expect("of that type")
	}

	/// Asks for what is known to be so.
	fn is_told<Answer: Decode + PartialEq + Debug>(
		&self,
		wanted: Answer,
		pallet: &str,
		view: &str,
		input: impl Encode,
	) {
		assert_eq!(self.ask::<Answer>(pallet, view, input), wanted, "{pallet}.{view}");
	}
}

/// How many bytes a value of such a type has.
fn width(of: &TypeDefPrimitive) -> usize {
	match of {
		TypeDefPrimitive::Bool | TypeDefPrimitive::U8 | TypeDefPrimitive::I8 => 1,
		TypeDefPrimitive::U16 | TypeDefPrimitive::I16 => 2,
		TypeDefPrimitive::Char | TypeDefPrimitive::U32 | TypeDefPrimitive::I32 => 4,
		TypeDefPrimitive::U64 | TypeDefPrimitive::I64 => 8,
		TypeDefPrimitive::U128 | TypeDefPrimitive::I128 => 16,
		TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => 32,
		TypeDefPrimitive::Str => panic!("no view takes or tells text"),
	}
}

/// Passes over a value of a type, as the metadata describes it.
fn pass_over(types: &PortableRegistry, ty: u32, bytes: &mut &[u8]) {
	match &types.resolve(ty).expect("a known type").type_def {
		TypeDef::Composite(of) => {
			of.fields.iter().for_each(|field| pass_over(types, field.ty.id, bytes));
		},
		TypeDef::Variant(of) => {
			let index = u8::decode(bytes).expect("which variant it is");
			let variant = of.variants.iter().find(|variant| variant.index == index);
			let fields = &variant.expect("a known variant").fields;
			fields.iter().for_each(|field| pass_over(types, field.ty.id, bytes));
		},
		TypeDef::Sequence(of) => {
			let Compact(count) = Compact::<u32>::decode(bytes).expect("how many there are");
			(0..count).for_each(|_| pass_over(types, of.type_param.id, bytes));
		},
		TypeDef::Array(of) => (0..of.len).for_each(|_| pass_over(types, of.type_param.id, bytes)),
		TypeDef::Tuple(of) => of.fields.iter().for_each(|ty| pass_over(types, ty.id, bytes)),
		TypeDef::Compact(_) => {
			Compact::<u128>::decode(bytes).expect("a number");
		},
		TypeDef::Primitive(of) => {
			let (_, rest) = bytes.split_at_checked(width(of)).expect("as many bytes");
			*bytes = rest;
		},
		TypeDef::BitSequence(_) => panic!("no view tells bits"),
	}
}

/// Puts down the least value of a type: nothing but zeros, and of what is one of several the first.
fn put_least(types: &PortableRegistry, ty: u32, bytes: &mut Vec<u8>) {
	match &types.resolve(ty).expect("a known type").type_def {
		TypeDef::Composite(of) => {
			of.fields.iter().for_each(|field| put_least(types, field.ty.id, bytes));
		},
		TypeDef::Variant(of) => {
			let first = of.variants.first().expect("a variant");
			bytes.push(first.index);
			first.fields.iter().for_each(|field| put_least(types, field.ty.id, bytes));
		},
		TypeDef::Array(of) => (0..of.len).for_each(|_| put_least(types, of.type_param.id, bytes)),
		TypeDef::Tuple(of) => of.fields.iter().for_each(|ty| put_least(types, ty.id, bytes)),
		TypeDef::Sequence(_) | TypeDef::Compact(_) => bytes.push(0),
		TypeDef::Primitive(of) => bytes.resize(bytes.len() + width(of), 0),
		TypeDef::BitSequence(_) => panic!("no view takes bits"),
	}
}

#[test]
fn every_view_of_our_pallets_is_found_by_its_id_and_answers_with_its_type() {
	let explorer = Explorer::new();
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		for name in OURS {
			let views = &explorer.pallet(name).view_functions;
			assert!(!views.is_empty(), "{name} tells nothing");
			for view in views {
				let mut input = Vec::new();
				for parameter in &view.inputs {
					put_least(&explorer.0.types, parameter.ty.id, &mut input);
				}
				explorer.call(view, &input);
			}
		}
	});
}

#[test]
fn scores_are_read_by_view_and_so_are_the_last_verdicts_with_their_codes() {
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
		let record = record.expect("it is known");
		let rules = ReputationRules::get().clamped();
		explorer.is_told(rules, "Reputation", "rules", ());
		assert_eq!(record.score.value, rules.start + rules.passed - rules.ima_unknown);
		let conduct: Vec<_> = record.last.iter().map(|incident| incident.conduct).collect();
		assert_eq!(conduct, [Conduct::Passed, Conduct::Failed(unknown)]);
		let scores: Vec<_> = record.last.iter().map(|incident| incident.before.value).collect();
		assert_eq!(scores, [rules.start, rules.start + rules.passed]);
		explorer.is_told(Tier::Quarantine, "Reputation", "tier_of", (chip,));
		explorer.is_told(1_000u16, "Reputation", "usage_of", (chip,));
		// What is not known is not made up.
		let nothing: Option<pallet_reputation::RecordOf<Runtime>> = None;
		explorer.is_told(nothing, "Reputation", "record", ([0u8; 32],));
	});
}

#[test]
fn what_is_being_judged_is_read_by_view() {
	let explorer = Explorer::new();
	run(|machine| {
		let (subject, evidence) = answer(&machine);
		let finding = found(subject, &evidence);
		assert_ok!(vote(Alice, subject, &finding));
		let row: Option<pallet_verdicts::SubjectOf<Runtime>> =
			explorer.ask("Verdicts", "subject", (subject,));
		assert_eq!(row, pallet_verdicts::Subjects::<Runtime>::get(subject));
		let row = row.expect("it is open");
		assert_eq!((row.committee.len(), row.votes.len()), (VALIDATORS.len(), 1));
		assert_eq!(row.findings.first().map(|shown| &shown.finding), Some(&finding));
		let tick = pallet_verdicts::CurrentTick::<Runtime>::get();
		explorer.is_told(tick, "Verdicts", "tick", ());
		let pinned = pallet_attestation::Contexts::<Runtime>::get(subject);
		assert!(pinned.is_some());
		explorer.is_told(pinned, "Attestation", "context", (subject,));
	});
}

#[test]
fn policy_in_force_is_read_by_view() {
	use pallet_policy as policy;

	let explorer = Explorer::new();
	run(|machine| {
		let root = RuntimeOrigin::root;
		let bash = sha256(b"bash");
		let files = vec![bash].try_into().expect("one");
		assert_ok!(Policy::set_files(root(), files, Some(FileRule::Forbidden)));
		let suspended = Some(GenerationTrust::Suspended);
		assert_ok!(Policy::set_generation(root(), ProductLine::Turin, suspended));
		let boot = Some(BootRules { secure_boot: true });
		assert_ok!(Policy::set_boot_rules(root(), boot));
		let list = insecure_sim::issue_crl(NOW.0, &[]).expect("the hierarchy issues lists");
		let alice = RuntimeOrigin::signed(Alice.to_account_id());
		assert_ok!(Policy::post_crl(alice, list.try_into().expect("short")));
		let told = |view: &str, digest: [u8; 32], wanted| {
			explorer.is_told(wanted, "Policy", view, (digest,));
		};
		told("file", bash, Some(FileRule::Forbidden));
		told("file", miner_binary(), Some(FileRule::Allowed));
		told("file", sha256(b"rootkit"), None);
		explorer.is_told(suspended, "Policy", "generation", (ProductLine::Turin,));
		explorer.is_told(boot, "Policy", "boot_rules", ());
		explorer.is_told(Some(Role::HostAgent), "Policy", "measurement", (MEASUREMENT,));
		// And as it is stored.
		let revision = policy::CurrentRevision::<Runtime>::get();
		assert!(revision >= 3, "each change makes one");
		explorer.is_told(revision, "Policy", "revision", ());
		let platform = policy::Platform::<Runtime>::get().current().copied();
		assert!(platform.is_some());
		explorer.is_told(platform, "Policy", "platform", ());
		let required = policy::Required::<Runtime>::get().current().cloned();
		assert!(required.is_some());
		explorer.is_told(required, "Policy", "required", ());
		let cpu = CpuId { family: 0x19, model: 0x11, stepping: 0x01 };
		let rules = policy::Cpus::<Runtime>::get(cpu).current().copied();
		assert!(rules.is_some());
		explorer.is_told(rules, "Policy", "cpu", (cpu.family, cpu.model, cpu.stepping));
		let roots = policy::AmdRoots::<Runtime>::get().current().cloned();
		assert!(roots.is_some());
		explorer.is_told(roots, "Policy", "amd_roots", ());
		let newest = policy::Crls::<Runtime>::get(machine.vek.ark);
		assert!(newest.is_some());
		explorer.is_told(newest, "Policy", "crl", (machine.vek.ark,));
		let keys = policy::Veks::<Runtime>::get(chip(&machine)).into_iter().map(|row| row.vek);
		let keys: Vec<_> = keys.collect();
		assert_eq!(keys.len(), 1);
		explorer.is_told(keys, "Policy", "veks", (chip(&machine),));
	});
}

#[test]
fn how_chips_met_their_challenges_is_read_by_view() {
	let explorer = Explorer::new();
	run(|mut machine| {
		for _ in 0..2 {
			assert!(attest(&machine).is_accepted());
		}
		machine.run(b"rootkit");
		assert!(!attest(&machine).is_accepted());
		let missed = || pallet_attestation::Counted::<Runtime>::get().missed;
		while missed() == 0 {
			block();
			assert!(System::block_number() < 500, "a challenge is missed");
		}
		let told: pallet_attestation::Statistics = explorer.ask("Attestation", "statistics", ());
		assert_eq!(told.counts, pallet_attestation::Counted::<Runtime>::get());
		assert_eq!((told.counts.passed, told.counts.failed, told.counts.missed), (2, 1, 1));
		assert!(told.counts.made >= 4);
		let waiting = pallet_attestation::Rechecks::<Runtime>::get().len();
		assert_eq!(told.waiting as usize, waiting);
		let rules: pallet_attestation::Rules = explorer.ask("Attestation", "rules", ());
		for of in told.tiers {
			assert_eq!(of.chips, pallet_attestation::Population::<Runtime>::get(of.tier));
			assert_eq!(of.interval, rules.interval(of.tier));
		}
		assert_eq!(told.tiers.map(|of| of.chips).iter().sum::<u32>(), 1);
		let chip = chip(&machine);
		let host = pallet_attestation::Hosts::<Runtime>::get(chip);
		assert!(host.as_ref().is_some_and(|host| host.failing));
		explorer.is_told(host, "Attestation", "host", (chip,));
		let interval = pallet_attestation::CurrentInterval::<Runtime>::get();
		explorer.is_told(interval, "Attestation", "interval", ());
	});
}

#[test]
fn what_alpha_is_worth_is_read_by_view() {
	use pallet_oracle::{CurrentRate, Price, Rate, ReportOf, Reports};

	let explorer = Explorer::new();
	run(|_| {
		let nothing: Option<Price> = None;
		explorer.is_told(nothing, "Oracle", "price_for_orders", ());
		report(PRICE);
		explorer.is_told(Some(PRICE), "Oracle", "price_for_orders", ());
		explorer.is_told(Some(PRICE), "Oracle", "price_for_leases", ());
		let rate: Option<Rate> = explorer.ask("Oracle", "rate", ());
		assert_eq!(rate, CurrentRate::<Runtime>::get());
		assert_eq!(rate.map(|rate| rate.price), Some(PRICE));
		let reports: Vec<ReportOf<Runtime>> = explorer.ask("Oracle", "reports", ());
		assert_eq!(reports, Reports::<Runtime>::get().into_inner());
		assert!(reports.iter().all(|report| report.price == PRICE));
		assert_eq!(reports.len(), VALIDATORS.len());
	});
}

/// A VM that runs, and is paid for some intervals.
fn rented(machine: &Machine) {
	hurry();
	booted(machine);
	live(machine, 12, true);
}

#[test]
fn an_order_its_vm_its_escrow_and_its_settlements_are_read_by_view() {
	use pallet_compute::{Boots, HoldReason, Orders, Paid, Settlement, Settlements, State, Vms};

	let explorer = Explorer::new();
	run(|machine| {
		rented(&machine);
		assert_eq!(Orders::<Runtime>::get(VM), Some(order()));
		explorer.is_told(Some(order()), "Compute", "order_of", (VM,));
		let vm: Option<pallet_compute::VmOf<Runtime>> = explorer.ask("Compute", "vm", (VM,));
		assert_eq!(vm, Vms::<Runtime>::get(VM));
		let vm = vm.expect("it was ordered");
		assert!(matches!(vm.state, State::Running { .. }));
		let boot = Boots::<Runtime>::get(VM);
		assert!(boot.is_some());
		explorer.is_told(boot, "Compute", "boot_of", (VM,));
		let settled: Vec<Settlement> = explorer.ask("Compute", "settlements_of", (VM,));
		assert_eq!(settled, Settlements::<Runtime>::get(VM).into_inner());
		assert!(settled.len() >= 4, "{}", settled.len());
		assert!(settled.iter().all(|of| of.paid > 0 && of.refunded == 0 && of.price == PRICE));
		let totals: pallet_compute::Totals = explorer.ask("Compute", "paid", ());
		assert_eq!(totals, Paid::<Runtime>::get());
		let for_intervals = settled.iter().map(|of| of.paid).sum::<Balance>();
		assert!(totals.settled > for_intervals, "and for the boot");
		// What was set aside is there, or owed, or paid, to the last unit.
		let owed = vm.charges.iter().map(|charge| charge.amount).sum::<Balance>();
		assert_eq!(vm.escrow + owed + totals.settled, ESCROW);
		let reason = HoldReason::Escrow.into();
		let held = Balances::balance_on_hold(&reason, &Eve.to_account_id());
		assert_eq!(held, vm.escrow + owed);
		let used = pallet_compute::Used::<Runtime>::get(miner());
		assert_eq!(used.vcpus, vm.allotted.vcpus);
		explorer.is_told(used, "Compute", "used_of", (miner(),));
		let flavours = pallet_compute::Flavours::<Runtime>::iter().collect::<Vec<_>>();
		assert!(!flavours.is_empty());
		explorer.is_told(flavours, "Compute", "flavours", ());
	});
}

#[test]
fn what_eras_have_brought_is_read_by_view() {
	use pallet_emission::{Brought, ClosedEra, CurrentEra, Era, Eras, Issuance, Owed, Totals};

	let explorer = Explorer::new();
	run(|machine| {
		rented(&machine);
		let era: Era = explorer.ask("Emission", "era", ());
		assert_eq!(era, CurrentEra::<Runtime>::get());
		assert!(era.index >= 2, "{}", era.index);
		let (mut budgets, mut owed_in_all) = (0, 0);
		for index in 0..era.index {
			let closed: Option<ClosedEra> = explorer.ask("Emission", "closed_era", (index,));
			assert_eq!(closed, Eras::<Runtime>::get(index));
			budgets += closed.expect("none is forgotten").division.budget;
			let (owed, part): (Balance, Option<Balance>) =
				explorer.ask("Emission", "owed_to", (index, miner()));
			assert_eq!(owed, Owed::<Runtime>::get(index, miner()));
			assert!(part.is_some_and(|part| part <= owed));
			owed_in_all += owed;
		}
		assert!(owed_in_all > 0, "the miner was paid for its work");
		let brought: Totals = explorer.ask("Emission", "brought", ());
		assert_eq!(brought, Brought::<Runtime>::get());
		assert_eq!(brought.budgets, budgets);
		let open: Option<ClosedEra> = None;
		explorer.is_told(open, "Emission", "closed_era", (era.index,));
		let issuance: Issuance = explorer.ask("Emission", "issuance", ());
		assert_eq!(issuance.left(), Some(Balances::total_issuance()));
	});
}

/// What clients see of a pallet, by kind and name, and what is said of it.
fn explained<'a>(
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
		let TypeDef::Variant(of) = &types.resolve(ty).expect("a known type").type_def else {
			panic!("{}: its {kind}s are no enum", pallet.name);
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
fn whatever_clients_see_of_our_pallets_is_explained() {
	let Explorer(metadata) = &Explorer::new();
	let mut silent = Vec::new();
	for name in OURS {
		let pallet = metadata.pallets.iter().find(|pallet| pallet.name == name);
		let all = explained(&metadata.types, pallet.expect("it is there"));
		for kind in ["event ", "storage ", "view "] {
			assert!(all.iter().any(|(what, _)| what.starts_with(kind)), "{name} has no {kind}");
		}
		let is_silent = |docs: &[String]| docs.iter().all(|line| line.trim().is_empty());
		let of_pallet = all.into_iter().filter(|(_, docs)| is_silent(docs));
		silent.extend(of_pallet.map(|(what, _)| format!("{name}: {what}")));
	}
	assert!(silent.is_empty(), "nothing is said of these: {silent:#?}");
}
