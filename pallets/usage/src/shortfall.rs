//! The shortfall of a VM: pure integer arithmetic.

use hcc_evidence::vm::Receipt;
use hcc_primitives::{Guest, Tick};
use sp_runtime::{traits::SaturatedConversion, Perbill};

use crate::Entry;

/// Tolerance for the clocks of vCPUs, in milliseconds: kernels count in steps of ten.
const SLACK: u64 = 1_000;

/// Returns whether the vCPUs can have worked and waited for the reported time.
pub fn is_possible(receipt: &Receipt, vcpus: u32) -> bool {
	let reported = receipt.cpu_time.saturating_add(receipt.steal);
	let most = u64::from(receipt.elapsed).saturating_add(SLACK).saturating_mul(vcpus.into());
	reported <= most
}

/// Returns the lost time of a receipt in milliseconds, rounded down: the worst of processor, memory
/// and disk, and at most the elapsed time.
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
///
/// If blocks are late, the guest's clock can show more time than `interval_millis`. Covered and
/// lost time are then scaled down to that, and the loss is rounded down.
pub fn entry(receipt: &Receipt, guest: &Guest, tolerance: Perbill, interval_millis: u32) -> Entry {
	let lost = lost(receipt, guest);
	let counts = if lost <= tolerance.mul_floor(receipt.elapsed) { 0 } else { lost };
	let covered = receipt.elapsed.min(interval_millis);
	// At most `covered`, because the lost time is at most the elapsed time.
	let scaled = u64::from(counts).saturating_mul(covered.into());
	let lost = scaled.checked_div(receipt.elapsed.into()).unwrap_or_default();
	Entry { interval: receipt.interval, covered, lost: lost.saturated_into() }
}

/// Returns the part of the charge for `ticks` that is refunded for `lost` milliseconds, at most
/// `most`.
pub fn refund(lost: u64, ticks: Tick, millis_per_tick: u32, most: Perbill) -> Perbill {
	let whole = u64::from(ticks).saturating_mul(millis_per_tick.into());
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
