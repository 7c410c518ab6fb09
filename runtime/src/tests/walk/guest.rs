//! Guests that tell what they got, signed with the keys that their boots have shown.

use hcc_evidence::vm::{receipt_statement, SignedReceipt};
use hcc_primitives::Guests;
use sp_core::Pair;

use super::*;
use crate::tests::{
	compute::{guest, starved},
	machine::GENESIS,
};

/// What the guest of a VM that runs tells of the last interval: that it got all of its time, or half of it.
fn receipt(vm: VmId, sated: bool) -> Option<SignedReceipt> {
	Compute::guest(vm)?;
	let last = Attestation::interval().index.checked_sub(1)?;
	// The number of the interval is a sequence that rises.
	let mut signed = starved(vm, last, last);
	if sated {
		signed.receipt.steal = 0;
		signed.signature = guest().sign(&receipt_statement(&GENESIS, &signed.receipt)).0;
	}
	Some(signed)
}

fn told(receipt: SignedReceipt) -> DispatchResult {
	let receipts = vec![receipt].try_into().expect("one");
	Usage::tell(RuntimeOrigin::signed(tenant()), receipts)
}

/// The tenant tells what he has from a guest. What that has not signed so is never taken.
pub(super) fn tell(vm: VmId, lot: u8) {
	let Some(signed) = receipt(vm, lot.is_multiple_of(2)) else { return };
	let mut forged = signed;
	forged.receipt.elapsed -= 1;
	assert!(told(forged).is_err(), "the guest has not signed that");
	// It may have been told already, or the guest runs too short a time.
	let _ = told(signed);
}
