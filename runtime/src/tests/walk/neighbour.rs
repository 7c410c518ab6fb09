//! Another miner, with another chip, that does all as it should.

use hcc_primitives::OnChip;

use super::*;
use crate::tests::claims::enrol;

pub(super) struct Neighbour {
	machine: Machine,
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
		Self { machine }
	}

	/// Answers what it is asked; the validators judge that as it is.
	pub(super) fn work(&self) {
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
