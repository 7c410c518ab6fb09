//! Recurring work of a walk, and repairs after disruptive steps.

use hcc_evidence::vm::{Receipt, SignedReceipt};
use insecure_sim::issue_crl;

use super::*;
use crate::{
	compute::{confirmation, evidence_of},
	rules::set_rules,
};

/// Maximum number of stored subjects.
const MAX_SUBJECTS: usize = 64;

impl Walk {
	/// Answers the open challenge as the owner of the chip. The evidence is honest even if the
	/// machine runs an unknown file, unless `garbage` is set. Returns `true` if the evidence is
	/// included.
	pub(super) fn answer(&mut self, garbage: bool) -> bool {
		let Some(host) = Attestation::host(chip(&self.machine)) else { return false };
		let own = host.miner != contender();
		let machine = if own { &self.machine } else { &self.other };
		let Some(mut context) = open_challenge(machine) else { return false };
		let reaches = |log: &FoldedLog| own && log.entries as usize <= machine.log.len();
		context.log = self.submitted_log.take().filter(reaches);
		let mut evidence = machine.answer(&context);
		if garbage {
			evidence.tpms_attest.pop();
		}
		let sent = Box::new(evidence.clone());
		let included = Attestation::submit_evidence(hot(&host.miner), sent).is_ok();
		assert!(!(garbage && included), "garbage is rejected");
		if included {
			self.subjects.push((subject(&self.machine), evidence));
		}
		included
	}

	/// Submits the machine's log, or a part of the log, from its start.
	pub(super) fn submit_log(&mut self, share: u8) -> DispatchResult {
		let log = &self.machine.log;
		let records = log[..1 + usize::from(share) % log.len()].concat();
		let owner = self.owner();
		let records = records.try_into().expect("it fits");
		let due = share.is_multiple_of(2);
		Attestation::submit_log(hot(&owner), owner.clone(), 0, records, due)
			.map_err(|error| error.error)?;
		self.submitted_log = Attestation::log(owner);
		Ok(())
	}

	pub(super) fn reboot(&mut self) {
		self.submitted_log = None;
		self.machine.boot();
		self.machine.run(b"hcc-miner");
	}

	pub(super) fn vote(&mut self, who: u8, honestly: bool) {
		let Some((subject, evidence)) = self.subjects.last() else { return };
		if Attestation::context(*subject).is_none() {
			return;
		}
		let finding =
			if honestly { try_evaluate(*subject, evidence) } else { Some(false_finding()) };
		if let Some(finding) = finding {
			let _ = vote(actor(who), *subject, &finding);
		}
	}

	pub(super) fn prove(&mut self, who: u8) {
		let at = usize::from(who) % self.subjects.len().max(1);
		if let Some((subject, evidence)) = self.subjects.get(at) {
			let _ = prove(&actor(who).to_account_id(), *subject, evidence);
		}
	}

	/// Boots an assigned VM, or attests the boot of a VM. A quarter of the neighbour's VMs present
	/// a report of another chip.
	pub(super) fn boot_vm(&self, vm: VmId) {
		let placed = Compute::vm(vm).and_then(|row| row.place).zip(Compute::order_of(vm));
		let Some((place, order)) = placed else { return };
		let _ = Compute::boot(hot(&place.miner), vm);
		let beside = place.miner == neighbour::account() && !vm.is_multiple_of(4);
		let machine = if beside { &self.neighbour.machine } else { &self.machine };
		if let Some(evidence) = evidence_of(vm, machine, &order) {
			let _ = Compute::attest(hot(&place.miner), Box::new(evidence));
		}
		if Compute::vm(vm).is_some() {
			let _ = Compute::confirm(hot(&place.miner), Box::new(confirmation(vm)));
		}
	}

	/// Does the work of a block: evidence, votes, occasional false votes and proofs, prices, boots
	/// and receipts. Returns `true` if evidence was included.
	pub(super) fn work(&mut self, random: &[u8; 32]) -> bool {
		self.neighbour.work();
		newcomer::work(random);
		let included = self.answer(random[0] < 8);
		if included {
			let (subject, evidence) = self.subjects.last().expect("the evidence is included");
			let finding = try_evaluate(*subject, evidence);
			// Sometimes, the majority votes falsely. A proof follows a few blocks later.
			let all_lie = random[5] == 0;
			if all_lie {
				self.lie = Some((System::block_number(), *subject, evidence.clone()));
			}
			for (who, bits) in VALIDATORS.into_iter().zip(&random[1..5]) {
				let _ = match (*bits, &finding) {
					_ if all_lie => vote(who, *subject, &false_finding()),
					(0..4, _) => vote(who, *subject, &false_finding()),
					(8.., Some(finding)) => vote(who, *subject, finding),
					_ => continue,
				};
			}
		}
		self.prove_false_verdict();
		if random[6] < 2 {
			self.prove(self.subjects.len().saturating_sub(1) as u8);
		}
		self.subjects.drain(..self.subjects.len().saturating_sub(MAX_SUBJECTS));
		let now = System::block_number();
		if now.is_multiple_of(50) {
			for validator in VALIDATORS {
				let _ = report(validator, PRICE);
			}
		}
		if now.is_multiple_of(100) {
			self.trade();
		}
		if now.is_multiple_of(10) {
			let vms: Vec<_> = pallet_compute::Vms::<Runtime>::iter_keys().collect();
			for vm in vms {
				self.boot_vm(vm);
				guest::submit_receipts(vm, random[9] ^ vm as u8);
			}
		}
		included
	}
}

impl Walk {
	/// Proves the last false verdict of a majority, after the verdict has taken effect.
	fn prove_false_verdict(&mut self) {
		let now = System::block_number();
		if let Some((_, subject, evidence)) = self.lie.take_if(|(at, ..)| *at + 3 <= now) {
			let _ = prove(&worker(Alice), subject, &evidence);
		}
	}

	/// Orders more VMs than the neighbour has capacity for, and requests payouts for the owners of
	/// both machines.
	fn trade(&self) {
		let origin = || RuntimeOrigin::signed(tenant());
		if pallet_compute::Vms::<Runtime>::iter_keys().count() < 8 {
			let _ = Compute::order(origin(), Box::new(next_order()), ESCROW / 10);
		}
		let last = Emission::era().index;
		for era in last.saturating_sub(8)..last {
			let _ = Emission::payout(origin(), era, self.owner());
			let _ = Emission::payout(origin(), era, neighbour::account());
		}
	}
}

/// Repairs of a walk after disruptive steps.
impl Walk {
	/// Registers the machine with its owner. If this owner has left, registers it with the next
	/// owner.
	pub(super) fn enlist(&mut self) {
		let row = Registry::miner(self.owner());
		if row.is_some_and(|row| row.withdrawable.is_some()) {
			self.owners = (self.owners + 1).min(OWNERS - 1);
		}
		let (who, chip) = (self.owner(), chip(&self.machine));
		register(&who, &self.machine, EK);
		let _ = Registry::add_chip(RuntimeOrigin::signed(who.clone()), chip);
		let _ = Policy::register_vek(RuntimeOrigin::signed(who), vcek(&self.machine));
	}

	/// Withdraws the bonds of former owners whose unbonding has ended.
	pub(super) fn withdraw_all(&self) {
		for number in 0..=self.owners {
			let _ = Registry::withdraw(RuntimeOrigin::signed(owner(number)));
		}
	}

	/// Repairs everything that does not recover by itself, so that the work can continue.
	pub(super) fn repair(&mut self) {
		let root = RuntimeOrigin::root;
		let chip = chip(&self.machine);
		let _ = SafeMode::force_exit(root());
		self.initial.restore();
		traders::endow_all();
		self.neighbour.repair();
		let _ = Policy::set_revocation_grace(root(), None);
		if Policy::crl(self.machine.vek.ark).is_some_and(|list| !list.revoked.is_empty()) {
			let _ = post_crl(&[]);
		}
		let full = Some(GenerationTrust::Full);
		let _ = Policy::set_generation(root(), self.machine.vek.product, full);
		let files = vec![sha256(b"bash")].try_into().expect("it fits");
		let _ = Policy::set_files(root(), files, Some(FileRule::Allowed));
		audit(Perbill::zero());
		let _ = Registry::lift_ban(root(), chip);
		let _ = Registry::remove_chip(RuntimeOrigin::signed(contender()), chip);
		register(&contender(), &self.other, [0xed; 32]);
		self.reboot();
		self.enlist();
		VALIDATORS.into_iter().for_each(rejoin);
	}

	/// Works for some blocks, terminates all VMs, and waits until all proof windows have ended and
	/// all charges are settled.
	pub(super) fn finish(&mut self) {
		self.repair();
		for _ in 0..100 {
			self.work(&[u8::MAX; 32]);
			block();
		}
		let vms: Vec<_> = pallet_compute::Vms::<Runtime>::iter_keys().collect();
		for vm in vms {
			let _ = Compute::terminate(RuntimeOrigin::signed(tenant()), vm);
		}
		// Charges of an interval are settled after its end. Governance may have made the current
		// interval long.
		blocks(Attestation::interval().length + 1_500);
	}
}

/// Registers a miner if necessary, and restores its minimum bond.
fn register(who: &AccountId, machine: &Machine, ek: [u8; 32]) {
	let origin = || RuntimeOrigin::signed(who.clone());
	let least = Registry::rules().min_bond;
	let _ = Registry::withdraw(origin());
	if Registry::register(origin(), least, who.clone(), OFFER).is_ok() {
		activate(who, machine, ek);
	}
	let missing = Registry::miner(who.clone()).map_or(0, |row| least.saturating_sub(row.bond));
	if missing > 0 {
		let _ = Registry::bond_more(origin(), missing);
	}
}

/// Lets a validator join again if it has left, and restores its minimum bond after slashes.
fn rejoin(validator: Sr25519Keyring) {
	let who = validator.to_account_id();
	let origin = || RuntimeOrigin::signed(who.clone());
	let least = Validators::rules().min_bond;
	let _ = Validators::withdraw(origin());
	let _ = Validators::join(origin(), least, who.clone());
	let missing = least.saturating_sub(bond(validator));
	if missing > 0 {
		let _ = Validators::bond_more(origin(), missing);
	}
}

/// Shortens unbonding to hours, so that former owners can return within days.
pub(super) fn shorten_unbonding() {
	let validators = pallet_validators::Rules { unbonding_sessions: 1, ..Validators::rules() };
	let registry = pallet_registry::Rules { unbonding: 4 * units::HOURS, ..Registry::rules() };
	assert_ok!(set_rules(validators));
	assert_ok!(set_rules(registry));
}

/// Shortens eras to two and a half minutes. The emission is halved after every 365 eras, so it is
/// halved three times in two days.
pub(super) fn shorten_eras() {
	let rules = pallet_emission::Rules { era: 25, halving: 365, payable: 8, ..Emission::rules() };
	assert_ok!(set_rules(rules));
}

/// Shortens compensation cases to five minutes after the slash, so that a chip can have a case
/// every few hours. All payments of a case are settled within this time.
pub(super) fn shorten_cases() {
	let collect = 5 * units::MINUTES;
	let rules = pallet_compensation::Rules { collect, ..Compensation::rules() };
	assert_ok!(set_rules(rules));
}

pub(super) fn post_crl(revoked: &[u64]) -> DispatchResult {
	let now = pallet_timestamp::Now::<Runtime>::get() / 1_000;
	let list = issue_crl(now, revoked).expect("the hierarchy issues lists");
	let origin = RuntimeOrigin::signed(Alice.to_account_id());
	Policy::post_crl(origin, list.try_into().expect("it fits"))
		.map(|_| ())
		.map_err(|error| error.error)
}

pub(super) fn report(who: Sr25519Keyring, price: u64) -> DispatchResult {
	let origin = RuntimeOrigin::signed(worker(who));
	Oracle::report(origin, who.to_account_id(), price, System::block_number())
		.map(|_| ())
		.map_err(|error| error.error)
}

/// Submits a receipt with an invalid signature.
pub(super) fn submit_receipt(vm: VmId) -> DispatchResult {
	let receipt = Receipt {
		vm,
		generation: 1,
		boot_counter: 1,
		sequence: 1,
		interval: Attestation::interval().index,
		elapsed: 6_000,
		cpu_time: 0,
		steal: 6_000,
		memory: 0,
		disk: 0,
		egress: 0,
	};
	let receipts = vec![SignedReceipt { receipt, signature: [7; 64] }];
	let result = Usage::submit_receipts(
		RuntimeOrigin::signed(tenant()),
		receipts.try_into().expect("it fits"),
	);
	assert!(result.is_err(), "the signature is invalid");
	result
}
