//! Checks that every amount on hold has a storage row that explains it.

use std::collections::BTreeMap;

use codec::Encode;
use frame_support::traits::fungible::InspectHold;
use hccs_runtime::*;
use pallet_preimage::RequestStatus;

/// The amounts on hold that storage rows explain, by account and encoded reason.
#[derive(Default)]
struct Explained(BTreeMap<(AccountId, Vec<u8>), Balance>);

impl Explained {
	fn add(&mut self, who: &AccountId, reason: impl Into<RuntimeHoldReason>, amount: Balance) {
		if amount > 0 {
			*self.0.entry((who.clone(), reason.into().encode())).or_default() += amount;
		}
	}

	/// Adds the whole amount that an account has on hold for a reason, if the row states no amount.
	fn add_all(&mut self, who: &AccountId, reason: impl Into<RuntimeHoldReason>) {
		let reason = reason.into();
		let held = Balances::balance_on_hold(&reason, who);
		// The amount is inserted and not added, because another row of the account may have added
		// it already.
		if held > 0 {
			self.0.insert((who.clone(), reason.encode()), held);
		}
	}

	fn bonds_and_enrolments(&mut self) {
		for (who, miner) in pallet_registry::Miners::<Runtime>::iter() {
			self.add(&who, pallet_registry::HoldReason::Bond, miner.bond);
		}
		for (who, enrolment) in pallet_registry::Enrolments::<Runtime>::iter() {
			self.add(&who, pallet_registry::HoldReason::Enrolment, enrolment.deposit);
		}
		for candidate in pallet_validators::Candidates::<Runtime>::get() {
			self.add(&candidate.who, pallet_validators::HoldReason::Bond, candidate.bond);
		}
		for who in pallet_validators::Unbonding::<Runtime>::iter_keys() {
			self.add_all(&who, pallet_validators::HoldReason::Bond);
		}
	}

	fn keys_and_vouchers(&mut self) {
		for row in pallet_policy::Veks::<Runtime>::iter_values().flatten() {
			self.add(&row.depositor, pallet_policy::HoldReason::Vek, row.deposit);
		}
		for voucher in pallet_policy::Vouched::<Runtime>::iter_values().flatten() {
			self.add(&voucher.depositor, pallet_policy::HoldReason::Voucher, voucher.deposit);
		}
	}

	fn vms(&mut self) {
		for vm in pallet_compute::Vms::<Runtime>::iter_values() {
			let fee = match vm.state {
				pallet_compute::VmState::Booting { fee, .. }
				| pallet_compute::VmState::Attested { fee, .. } => fee,
				_ => 0,
			};
			let charged: Balance = vm.charges.iter().map(|charge| charge.amount).sum();
			let escrow = vm.escrow + charged + fee;
			self.add(&vm.tenant, pallet_compute::HoldReason::Escrow, escrow);
			self.add(&vm.tenant, pallet_compute::HoldReason::Deposit, vm.deposit);
		}
	}

	fn images(&mut self) {
		for image in pallet_images::Images::<Runtime>::iter_values() {
			if let Some(publisher) = image.publisher {
				self.add(&publisher, pallet_images::HoldReason::Image, image.deposit);
			}
		}
		for rebuild in pallet_images::Rebuilds::<Runtime>::iter_values().flatten() {
			self.add(&rebuild.account, pallet_images::HoldReason::Rebuild, rebuild.deposit);
		}
	}

	fn sdk_pallets(&mut self) {
		let deposit = <Runtime as pallet_session::Config>::KeyDeposit::get();
		for who in pallet_session::NextKeys::<Runtime>::iter_keys() {
			let reason = RuntimeHoldReason::from(pallet_session::HoldReason::Keys);
			// Validators of the genesis have paid no deposit for session keys.
			let held = Balances::balance_on_hold(&reason, &who);
			assert!(held == 0 || held == deposit, "{who}: {held} for session keys");
			self.add(&who, reason, held);
		}
		for status in pallet_preimage::RequestStatusFor::<Runtime>::iter_values() {
			let ticket = match status {
				RequestStatus::Unrequested { ticket, .. } => Some(ticket),
				RequestStatus::Requested { maybe_ticket, .. } => maybe_ticket,
			};
			// A ticket does not reveal its amount.
			if let Some((who, _)) = ticket {
				self.add_all(&who, pallet_preimage::HoldReason::Preimage);
			}
		}
	}
}

/// Checks that the amounts on hold are exactly the amounts that rows explain.
pub(super) fn check() {
	let mut explained = Explained::default();
	explained.bonds_and_enrolments();
	explained.keys_and_vouchers();
	explained.vms();
	explained.images();
	explained.sdk_pallets();
	for (who, holds) in pallet_balances::Holds::<Runtime>::iter() {
		for hold in holds {
			let amount = explained.0.remove(&(who.clone(), hold.id.encode()));
			assert_eq!(amount, Some(hold.amount), "{who}: {:?} without its row", hold.id);
		}
	}
	assert!(explained.0.is_empty(), "rows without their holds: {:?}", explained.0);
}

#[test]
#[should_panic(expected = "without its row")]
fn hold_without_row_is_found() {
	use frame_support::{assert_ok, traits::fungible::MutateHold};
	use sp_keyring::Sr25519Keyring::Eve;

	super::network::new().0.execute_with(|| {
		check();
		let reason = pallet_registry::HoldReason::Enrolment.into();
		assert_ok!(Balances::hold(&reason, &Eve.to_account_id(), 1));
		check();
	});
}
