//! Guests that send receipts. The guests sign receipts with the keys that their boots attested.

use hcc_evidence::vm::{receipt_statement, SignedReceipt};
use hcc_evidence_testing::GENESIS;
use hcc_primitives::RunningGuests;
use sp_core::Pair;

use super::*;
use crate::compute::{guest_key, starved_receipt};

/// Returns the receipt of a running VM for the last interval. If `complete` is false, its
/// processors received only half of the time.
fn receipt(vm: VmId, complete: bool) -> Option<SignedReceipt> {
	Compute::guest(vm)?;
	let last = Attestation::interval().index.checked_sub(1)?;
	// The index of the interval serves as the sequence number, because both increase.
	let mut signed = starved_receipt(vm, last, last);
	if complete {
		signed.receipt.steal = 0;
		signed.signature = guest_key().sign(&receipt_statement(&GENESIS, &signed.receipt)).0;
	}
	Some(signed)
}

fn submit(receipt: SignedReceipt) -> DispatchResult {
	let receipts = vec![receipt].try_into().expect("it fits");
	Usage::submit_receipts(RuntimeOrigin::signed(tenant()), receipts)
}

/// Submits a receipt of a guest. Checks that a receipt with an invalid signature is not accepted.
pub(super) fn submit_receipts(vm: VmId, bits: u8) {
	let Some(signed) = receipt(vm, bits.is_multiple_of(2)) else { return };
	let mut forged = signed;
	forged.receipt.elapsed -= 1;
	assert!(submit(forged).is_err(), "the signature is invalid");
	// The call may fail, because the receipt is a duplicate or the guest has run for too short a
	// time.
	let _ = submit(signed);
}
