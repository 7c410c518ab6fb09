//! Guests that send receipts, signed with the keys that their boots attested.

use hcc_evidence::vm::{receipt_statement, SignedReceipt};
use hcc_evidence_testing::GENESIS;
use hcc_primitives::RunningGuests;
use sp_core::Pair;

use super::*;
use crate::compute::{guest_key, starved_receipt};

/// Returns the receipt of a running VM for the last interval, with all of its time or half of it.
fn receipt(vm: VmId, complete: bool) -> Option<SignedReceipt> {
	Compute::guest(vm)?;
	let last = Attestation::interval().index.checked_sub(1)?;
	// The index of the interval is an increasing sequence number.
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

/// Submits a receipt of a guest. A receipt with an invalid signature is never accepted.
pub(super) fn submit_receipts(vm: VmId, bits: u8) {
	let Some(signed) = receipt(vm, bits.is_multiple_of(2)) else { return };
	let mut forged = signed;
	forged.receipt.elapsed -= 1;
	assert!(submit(forged).is_err(), "the signature is invalid");
	// It may be a duplicate, or the guest runs too short a time.
	let _ = submit(signed);
}
