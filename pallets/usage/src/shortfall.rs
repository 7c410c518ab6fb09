//! The shortfall of a VM: pure integer arithmetic.

use hcc_evidence::vm::Receipt;
use hcc_primitives::Guest;
use sp_runtime::{traits::SaturatedConversion, Perbill};

use crate::Entry;

/// Tolerance for the clocks of vCPUs, in milliseconds. Kernels count CPU time in steps of ten
/// milliseconds.
const SLACK: u64 = 1_000;

/// Returns `true` if the vCPUs had enough time for the reported CPU time and steal.
pub fn is_possible(receipt: &Receipt, vcpus: u32) -> bool {
	let reported = receipt.cpu_time.saturating_add(receipt.steal);
	let most = u64::from(receipt.elapsed).saturating_add(SLACK).saturating_mul(vcpus.into());
	reported <= most
}

/// Returns the lost time of a receipt in milliseconds, rounded down: the highest of the losses of
/// processor, memory and disk, but at most the elapsed time.
pub fn lost(receipt: &Receipt, guest: &Guest) -> u32 {
	let elapsed = u64::from(receipt.elapsed);
	let missing = |seen: u32, given: u32| {
		let product = elapsed.saturating_mul(given.saturating_sub(seen).into());
		product.checked_div(given.into()).unwrap_or_default()
	};
	let cpu = receipt.steal.checked_div(guest.vcpus.into()).unwrap_or_default();
	let worst = cpu
		.max(missing(receipt.memory, guest.memory))
		.max(missing(receipt.disk, guest.disk))
		.min(elapsed);
	worst.saturated_into()
}

/// Returns the entry of a receipt. A tolerated loss counts as zero.
pub fn entry(receipt: &Receipt, guest: &Guest, tolerance: Perbill) -> Entry {
	let lost = lost(receipt, guest);
	let counts = if lost <= tolerance.mul_floor(receipt.elapsed) { 0 } else { lost };
	Entry { interval: receipt.interval, covered: receipt.elapsed, lost: counts }
}

/// Returns the part of a charge that is refunded for `lost` of `covered` milliseconds, at most
/// `most`. The charge is for `paid` milliseconds.
///
/// Time without a receipt counts as time without loss. A receipt can cover more time than was paid,
/// for example after a standstill of the chain. The loss is then scaled down to the paid time.
pub fn refund(lost: u64, covered: u64, paid: u64, most: Perbill) -> Perbill {
	let whole = paid.max(covered);
	if whole == 0 {
		return Perbill::zero();
	}
	Perbill::from_rational(lost.min(whole), whole).min(most)
}

/// Returns the part of its resources that a VM received, in thousandths, rounded up.
pub fn received(lost: u64, covered: u64) -> u16 {
	let lost = lost.saturating_mul(1_000).checked_div(covered).unwrap_or_default();
	1_000u64.saturating_sub(lost).saturated_into()
}
