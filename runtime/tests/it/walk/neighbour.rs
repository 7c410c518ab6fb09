//! Another miner with another chip. It is honest, but becomes silent from time to time.

use hcc_primitives::{ChipHash, IntervalIndex, OnChipChange, Tick, Tier};

use super::*;
use crate::contests::enrol;

/// Number of intervals in which the miner is honest. They take longer than a compensation case,
/// because a chip can have only one case at a time.
const HONEST_INTERVALS: IntervalIndex = 20;

pub(super) struct Neighbour {
	pub(super) machine: Machine,
	/// The last interval in which the miner worked.
	last_seen: IntervalIndex,
	/// The interval from which on the miner may become silent.
	honest_until: IntervalIndex,
	silent: bool,
}

pub(super) fn account() -> AccountId {
	AccountId::new([0x77; 32])
}

fn origin() -> RuntimeOrigin {
	RuntimeOrigin::signed(account())
}

impl Neighbour {
	/// Registers and enrols the miner, and sets its offer.
	pub(super) fn new() -> Self {
		let machine = Machine::named("neighbour");
		enrol(&account(), &machine, [0xe7; 32]);
		assert_ok!(Registry::add_chip(origin(), chip(&machine)));
		assert_ok!(Policy::register_vek(origin(), vcek(&machine)));
		<Attestation as OnChipChange<AccountId>>::on_ready(&chip(&machine), &account());
		assert_ok!(Registry::set_offer(origin(), OFFER));
		Self { machine, last_seen: 0, honest_until: HONEST_INTERVALS, silent: false }
	}

	/// Returns `true` if the miner is silent. It is silent from the start of an interval until its
	/// chip is suspended. The chip was live until the end of the previous interval, so tenants pay
	/// for that interval. These tenants then receive a part of the miner's slash.
	fn is_silent(&mut self) -> bool {
		let (chip, now) = (chip(&self.machine), Attestation::interval());
		let begins = core::mem::replace(&mut self.last_seen, now.index) < now.index;
		let suspended = Reputation::tier_of(chip) == Tier::Suspended;
		if begins && !suspended && now.index >= self.honest_until && is_judged(chip, now.from) {
			self.silent = true;
			self.honest_until = now.index + HONEST_INTERVALS;
		}
		self.silent &= !suspended;
		self.silent
	}

	/// Answers an open challenge, unless the miner is silent. The validators vote honestly.
	pub(super) fn work(&mut self) {
		if self.is_silent() {
			return;
		}
		let Some(context) = open_challenge(&self.machine) else { return };
		let evidence = self.machine.answer(&context);
		if Attestation::submit_evidence(origin(), Box::new(evidence.clone())).is_err() {
			return;
		}
		let subject = subject(&self.machine);
		let Some(finding) = try_evaluate(subject, &evidence) else { return };
		for validator in VALIDATORS {
			let _ = vote(validator, subject, &finding);
		}
	}

	/// Restores the miner's bond and the VEK of its chip.
	pub(super) fn repair(&self) {
		let missing = Registry::miner(account())
			.map_or(0, |row| Registry::rules().min_bond.saturating_sub(row.bond));
		if missing > 0 {
			let _ = Registry::bond_more(origin(), missing);
		}
		let _ = Policy::register_vek(origin(), vcek(&self.machine));
	}
}

/// Returns `true` if all evidence of a chip was judged before the given tick.
fn is_judged(chip: ChipHash, before: Tick) -> bool {
	let open = Attestation::host(chip).and_then(|host| host.challenge);
	let last = Reputation::record(chip).and_then(|record| Some(record.last.last()?.at));
	open.is_none_or(|open| open.subject.is_none()) && last.is_some_and(|at| at < before)
}
