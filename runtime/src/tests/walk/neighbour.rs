//! Another miner, with another chip, that does all as it should, but that it falls silent now and then.

use hcc_primitives::{ChipHash, IntervalIndex, OnChip, Tick, Tier};

use super::*;
use crate::tests::claims::enrol;

/// For how many intervals it does all as it should: longer than a case of `pallet-compensation` takes, since a chip has one at a time.
const SOUND: IntervalIndex = 20;

pub(super) struct Neighbour {
	pub(super) machine: Machine,
	/// The last interval that it has seen.
	seen: IntervalIndex,
	/// From which interval on it may fall silent.
	sound_until: IntervalIndex,
	silent: bool,
}

pub(super) fn who() -> AccountId {
	AccountId::new([0x77; 32])
}

fn origin() -> RuntimeOrigin {
	RuntimeOrigin::signed(who())
}

impl Neighbour {
	/// Registered, enrolled, and ready for work.
	pub(super) fn new() -> Self {
		let machine = Machine::named("neighbour");
		enrol(&who(), &machine, [0xe7; 32]);
		assert_ok!(Registry::add_chip(origin(), chip(&machine)));
		assert_ok!(Policy::register_vek(origin(), vcek(&machine)));
		<Attestation as OnChip<AccountId>>::on_ready(&chip(&machine), &who());
		assert_ok!(Registry::set_offer(origin(), OFFER));
		Self { machine, seen: 0, sound_until: SOUND, silent: false }
	}

	/// Whether it answers nothing: from the beginning of an interval on, until its chip is suspended. So its tenants pay for the interval before, up to whose end it was sound, and are given a part of what it loses.
	fn is_silent(&mut self) -> bool {
		let (chip, now) = (chip(&self.machine), Attestation::interval());
		let begins = core::mem::replace(&mut self.seen, now.index) < now.index;
		let suspended = Reputation::tier_of(chip) == Tier::Suspended;
		if begins && !suspended && now.index >= self.sound_until && is_judged(chip, now.from) {
			self.silent = true;
			self.sound_until = now.index + SOUND;
		}
		self.silent &= !suspended;
		self.silent
	}

	/// Answers what it is asked, unless it is silent; the validators judge that as it is.
	pub(super) fn work(&mut self) {
		if self.is_silent() {
			return;
		}
		let Some(context) = asked(&self.machine) else { return };
		let evidence = self.machine.answer(&context);
		if Attestation::submit_evidence(origin(), Box::new(evidence.clone())).is_err() {
			return;
		}
		let subject = subject(&self.machine);
		let Some(finding) = try_found(subject, &evidence) else { return };
		for validator in VALIDATORS {
			let _ = vote(validator, subject, &finding);
		}
	}

	/// Pays its bond up, and lifts what it cannot help.
	pub(super) fn mend(&self) {
		let lacks = Registry::miner(who())
			.map_or(0, |row| Registry::rules().min_bond.saturating_sub(row.bond));
		if lacks > 0 {
			let _ = Registry::bond_more(origin(), lacks);
		}
		let _ = Policy::register_vek(origin(), vcek(&self.machine));
	}
}

/// Whether all that a chip has shown was judged before that tick.
fn is_judged(chip: ChipHash, before: Tick) -> bool {
	let open = Attestation::host(chip).and_then(|host| host.challenge);
	let last = Reputation::record(chip).and_then(|record| Some(record.last.last()?.at));
	open.is_none_or(|open| open.subject.is_none()) && last.is_some_and(|at| at < before)
}
