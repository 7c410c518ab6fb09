//! What a VM has not got: pure arithmetic on whole numbers.

use hcc_evidence::vm::Receipt;
use hcc_primitives::{Guest, Tick};
use sp_runtime::{traits::SaturatedConversion, Perbill};

use crate::Entry;

/// By how much clocks of vCPUs may be told too large, in milliseconds: kernels count in ticks of ten.
const SLACK: u64 = 1_000;

/// Whether the vCPUs can have worked and waited for so long.
pub fn possible(receipt: &Receipt, vcpus: u32) -> bool {
	let told = receipt.cpu_time.saturating_add(receipt.steal);
	let most = u64::from(receipt.elapsed).saturating_add(SLACK).saturating_mul(vcpus.into());
	told <= most
}

/// How long the VM has not got what it was given, in milliseconds: the worst of processor, memory and disk. It is no more than was told of.
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

/// What counts of a receipt: nothing that is tolerated, and no more than `longest`, the milliseconds of an interval: where blocks are late an interval is longer by the guest's clock.
pub fn entry(receipt: &Receipt, guest: &Guest, tolerance: Perbill, longest: u32) -> Entry {
	let lost = lost(receipt, guest);
	let counts = if lost <= tolerance.mul_floor(receipt.elapsed) { 0 } else { lost };
	let covered = receipt.elapsed.min(longest);
	// At most `covered`, since what is lost is at most what has elapsed.
	let scaled = u64::from(counts).saturating_mul(covered.into());
	let lost = scaled.checked_div(receipt.elapsed.into()).unwrap_or_default();
	Entry { interval: receipt.interval, covered, lost: lost.saturated_into() }
}

/// The part of what is owed for `ticks` that is given back where `lost` milliseconds of them were.
pub fn refund(lost: u64, ticks: Tick, millis_per_tick: u32, most: Perbill) -> Perbill {
	let whole = u64::from(ticks).saturating_mul(millis_per_tick.into());
	if whole == 0 {
		return Perbill::zero();
	}
	Perbill::from_rational(lost.min(whole), whole).min(most)
}

/// What a VM got of what it pays for, in thousandths, rounded up.
pub fn got(lost: u64, covered: u64) -> u16 {
	let lost = lost.saturating_mul(1_000).checked_div(covered).unwrap_or_default();
	1_000u64.saturating_sub(lost).saturated_into()
}
