//! What those of a walk do over and over, and what brings them back who have left.

use hcc_evidence::vm::{Receipt, SignedReceipt};
use insecure_sim::issue_crl;

use super::*;
use crate::tests::{compute::evidence_of, rules::set_rules};

/// Of how much evidence something can be proven.
const REMEMBERED: usize = 64;

impl Walk {
	/// Whoever has the chip answers, honestly but for what his machine runs. Tells whether that was included.
	pub(super) fn answer(&mut self, garbage: bool) -> bool {
		let Some(host) = Attestation::host(chip(&self.machine)) else { return false };
		let own = host.miner != claimant();
		let machine = if own { &self.machine } else { &self.other };
		let Some(mut context) = asked(machine) else { return false };
		let reaches = |log: &FoldedLog| own && log.entries as usize <= machine.log.len();
		context.log = self.handed_in.take().filter(reaches);
		let mut evidence = machine.answer(&context);
		if garbage {
			evidence.tpms_attest.pop();
		}
		let sent = Box::new(evidence.clone());
		let included = Attestation::submit_evidence(hot(&host.miner), sent).is_ok();
		assert!(!(garbage && included), "garbage is not taken");
		if included {
			self.judged.push((subject(&self.machine), evidence));
		}
		included
	}

	/// Hands in the log from its beginning, or a part of it.
	pub(super) fn submit_log(&mut self, share: u8) -> DispatchResult {
		let log = &self.machine.log;
		let records = log[..1 + usize::from(share) % log.len()].concat();
		let owner = self.owner();
		Attestation::submit_log(hot(&owner), 0, records.try_into().expect("short"))
			.map_err(|error| error.error)?;
		self.handed_in = Attestation::log(owner);
		Ok(())
	}

	pub(super) fn reboot(&mut self) {
		self.handed_in = None;
		self.machine.boot();
		self.machine.run(b"hcc-miner");
	}

	pub(super) fn vote(&mut self, who: u8, honestly: bool) {
		let Some((subject, evidence)) = self.judged.last() else { return };
		if Attestation::context(*subject).is_none() {
			return;
		}
		let finding = if honestly { try_found(*subject, evidence) } else { Some(lie()) };
		if let Some(finding) = finding {
			let _ = vote(somebody(who), *subject, &finding);
		}
	}

	pub(super) fn prove(&mut self, who: u8) {
		let at = usize::from(who) % self.judged.len().max(1);
		if let Some((subject, evidence)) = self.judged.get(at) {
			let _ = prove(&somebody(who).to_account_id(), *subject, evidence);
		}
	}

	/// Its miner boots a VM, where it is to, or shows what it has booted. One of four does not boot at the neighbour's: what it shows of that is another chip's.
	pub(super) fn boot_vm(&self, vm: VmId) {
		let placed = Compute::vm(vm).and_then(|row| row.place).zip(Compute::order_of(vm));
		let Some((place, order)) = placed else { return };
		let _ = Compute::boot(hot(&place.miner), vm);
		let beside = place.miner == neighbour::who() && !vm.is_multiple_of(4);
		let machine = if beside { &self.neighbour.machine } else { &self.machine };
		if let Some(evidence) = evidence_of(vm, machine, &order) {
			let _ = Compute::attest(hot(&place.miner), Box::new(evidence));
		}
	}

	/// The work of a block: evidence and votes, now and then a lie or a proof; prices, VMs to boot, and what their guests tell. Tells whether evidence was included.
	pub(super) fn work(&mut self, chance: &[u8; 32]) -> bool {
		self.neighbour.work();
		newcomer::work(chance);
		let included = self.answer(chance[0] < 8);
		if included {
			let (subject, evidence) = self.judged.last().expect("it is included");
			let finding = try_found(*subject, evidence);
			// Now and then the majority lies, and somebody shows that a little later.
			let all_lie = chance[5] == 0;
			if all_lie {
				self.lie = Some((System::block_number(), *subject, evidence.clone()));
			}
			for (who, lot) in VALIDATORS.into_iter().zip(&chance[1..5]) {
				let _ = match (*lot, &finding) {
					_ if all_lie => vote(who, *subject, &lie()),
					(0..4, _) => vote(who, *subject, &lie()),
					(8.., Some(finding)) => vote(who, *subject, finding),
					_ => continue,
				};
			}
		}
		self.show_the_lie();
		if chance[6] < 2 {
			self.prove(self.judged.len().saturating_sub(1) as u8);
		}
		self.judged.drain(..self.judged.len().saturating_sub(REMEMBERED));
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
				guest::tell(vm, chance[9] ^ vm as u8);
			}
		}
		included
	}
}

impl Walk {
	/// Proves the last lie of a majority, once it has taken effect.
	fn show_the_lie(&mut self) {
		let now = System::block_number();
		if let Some((_, subject, evidence)) = self.lie.take_if(|(at, ..)| *at + 3 <= now) {
			let _ = prove(&worker(Alice), subject, &evidence);
		}
	}

	/// The tenant has VMs, more than the neighbour has room for, as long as he finds somebody; the owners of the machine have what they are owed.
	fn trade(&self) {
		let origin = || RuntimeOrigin::signed(tenant());
		if pallet_compute::Vms::<Runtime>::iter_keys().count() < 8 {
			let _ = Compute::order(origin(), Box::new(order()), ESCROW / 10);
		}
		let last = Emission::era().index;
		for era in last.saturating_sub(8)..last {
			let _ = Emission::claim(origin(), era, self.owner());
			let _ = Emission::claim(origin(), era, neighbour::who());
		}
	}
}

/// What brings those back who have left, and undoes what governance has done.
impl Walk {
	/// Has the machine at work: with its owner, or with the next one where he has left.
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

	/// Whoever has left takes his bond, where it is free.
	pub(super) fn withdraw_all(&self) {
		for number in 0..=self.owners {
			let _ = Registry::withdraw(RuntimeOrigin::signed(owner(number)));
		}
	}

	/// Puts all right that does not right itself, so that the work goes on.
	pub(super) fn mend(&mut self) {
		let root = RuntimeOrigin::root;
		let chip = chip(&self.machine);
		let _ = SafeMode::force_exit(root());
		self.former.restore();
		traders::endow_all();
		self.neighbour.mend();
		let _ = Policy::set_revocation_grace(root(), None);
		if Policy::crl(self.machine.vek.ark).is_some_and(|list| !list.revoked.is_empty()) {
			let _ = post_crl(&[]);
		}
		let full = Some(GenerationTrust::Full);
		let _ = Policy::set_generation(root(), self.machine.vek.product, full);
		let files = vec![sha256(b"bash")].try_into().expect("one");
		let _ = Policy::set_files(root(), files, Some(FileRule::Allowed));
		audit(Perbill::zero());
		let _ = Registry::lift_ban(root(), chip);
		let _ = Registry::remove_chip(RuntimeOrigin::signed(claimant()), chip);
		register(&claimant(), &self.other, [0xed; 32]);
		self.reboot();
		self.enlist();
		VALIDATORS.into_iter().for_each(stand_again);
	}

	/// Goes on for a little, gives up what is rented, and waits until nothing of all that was can be proven false.
	pub(super) fn finish(&mut self) {
		self.mend();
		for _ in 0..100 {
			self.work(&[u8::MAX; 32]);
			block();
		}
		let vms: Vec<_> = pallet_compute::Vms::<Runtime>::iter_keys().collect();
		for vm in vms {
			let _ = Compute::terminate(RuntimeOrigin::signed(tenant()), vm);
		}
		// What runs in an interval is settled once that is over, and governance may have made this one long.
		blocks(Attestation::interval().length + 1_500);
	}
}

/// Registers a miner that is none, and has its bond as large as it must be.
fn register(who: &AccountId, machine: &Machine, ek: [u8; 32]) {
	let origin = || RuntimeOrigin::signed(who.clone());
	let least = Registry::rules().min_bond;
	let _ = Registry::withdraw(origin());
	if Registry::register(origin(), least, who.clone(), OFFER).is_ok() {
		activate(who, machine, ek);
	}
	let lacks = Registry::miner(who.clone()).map_or(0, |row| least.saturating_sub(row.bond));
	if lacks > 0 {
		let _ = Registry::bond_more(origin(), lacks);
	}
}

/// Has a validator stand for the set that has left, or lost so much that it is not chosen.
fn stand_again(validator: Sr25519Keyring) {
	let who = validator.to_account_id();
	let origin = || RuntimeOrigin::signed(who.clone());
	let least = Validators::rules().min_bond;
	let _ = Validators::withdraw(origin());
	let _ = Validators::join(origin(), least, who.clone());
	let lacks = least.saturating_sub(bond(validator));
	if lacks > 0 {
		let _ = Validators::bond_more(origin(), lacks);
	}
}

/// Bonds are held for hours, so that within days who has left comes back.
pub(super) fn hold_bonds_for_hours() {
	let validators = pallet_validators::Rules { unbonding_sessions: 1, ..Validators::rules() };
	let registry = pallet_registry::Rules { unbonding: 4 * units::HOURS, ..Registry::rules() };
	assert_ok!(set_rules(validators));
	assert_ok!(set_rules(registry));
}

/// Eras of two and a half minutes, so that two days are more than two years of them: 365 in each, at half as much in the next.
pub(super) fn hurry_eras() {
	let rules = pallet_emission::Rules { era: 25, halving: 365, claimable: 8, ..Emission::rules() };
	assert_ok!(set_rules(rules));
}

/// A case ends minutes after the slash, so that a chip can have one every few hours: all that it is about is settled by then.
pub(super) fn hurry_cases() {
	let collect = 5 * units::MINUTES;
	let rules = pallet_compensation::Rules { collect, ..Compensation::rules() };
	assert_ok!(set_rules(rules));
}

pub(super) fn post_crl(revoked: &[u64]) -> DispatchResult {
	let now = pallet_timestamp::Now::<Runtime>::get() / 1_000;
	let list = issue_crl(now, revoked).expect("the hierarchy issues lists");
	let origin = RuntimeOrigin::signed(Alice.to_account_id());
	Policy::post_crl(origin, list.try_into().expect("short"))
		.map(|_| ())
		.map_err(|error| error.error)
}

pub(super) fn report(who: Sr25519Keyring, price: u64) -> DispatchResult {
	let origin = RuntimeOrigin::signed(worker(who));
	Oracle::report(origin, price, System::block_number()).map(|_| ()).map_err(|error| error.error)
}

/// A receipt that no guest has signed.
pub(super) fn tell(vm: VmId) -> DispatchResult {
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
	let told = Usage::tell(RuntimeOrigin::signed(tenant()), receipts.try_into().expect("one"));
	assert!(told.is_err(), "it is not signed");
	told
}
