//! Properties of the arithmetic, compared with integers that cannot overflow.

use hcc_evidence::vm::Receipt;
use hcc_primitives::Guest;
use proptest::prelude::*;
use sp_runtime::Perbill;

use crate::{
	mock::{guest, receipt, RULES},
	shortfall, Rules,
};

prop_compose! {
	fn receipts()(
		elapsed in any::<u32>(), steal in any::<u64>(), memory in any::<u32>(), disk in any::<u32>(),
	) -> Receipt {
		Receipt { elapsed, steal, memory, disk, ..receipt() }
	}
}

prop_compose! {
	fn guests()(vcpus in any::<u32>(), memory in any::<u32>(), disk in any::<u32>()) -> Guest {
		Guest { vcpus, memory, disk, ..guest() }
	}
}

/// Returns `whole * (given - seen) / given`, rounded down. The result is zero if `seen` exceeds
/// `given`, or if `given` is zero.
fn missing(whole: u32, seen: u32, given: u32) -> u128 {
	let lacks = u128::from(given.saturating_sub(seen));
	(u128::from(whole) * lacks).checked_div(given.into()).unwrap_or(0)
}

proptest! {
	#[test]
	fn lost_is_worst_of_three(receipt in receipts(), guest in guests()) {
		let cpu = u128::from(receipt.steal).checked_div(guest.vcpus.into()).unwrap_or(0);
		let memory = missing(receipt.elapsed, receipt.memory, guest.memory);
		let disk = missing(receipt.elapsed, receipt.disk, guest.disk);
		let worst = cpu.max(memory).max(disk).min(receipt.elapsed.into());
		prop_assert_eq!(u128::from(shortfall::lost(&receipt, &guest)), worst);
	}

	#[test]
	fn entry_is_within_receipt(
		receipt in receipts(), guest in guests(), tolerance in 0u32..=1_000_000_000,
	) {
		let tolerance = Perbill::from_parts(tolerance);
		let entry = shortfall::entry(&receipt, &guest, tolerance);
		let lost = shortfall::lost(&receipt, &guest);
		prop_assert_eq!(entry.covered, receipt.elapsed);
		let tolerated = u128::from(receipt.elapsed) * u128::from(tolerance.deconstruct()) / 1_000_000_000;
		let expected = if u128::from(lost) <= tolerated { 0 } else { lost };
		prop_assert_eq!(entry.lost, expected);
		prop_assert!(entry.lost <= entry.covered);
	}

	#[test]
	fn refund_is_lost_part_of_longer_time(lost in any::<u64>(), covered in any::<u64>(), paid in any::<u64>()) {
		let most = RULES.refund;
		let part = shortfall::refund(lost, covered, paid, most);
		let whole = u128::from(paid.max(covered));
		let exact = (u128::from(lost).min(whole) * 1_000_000_000).checked_div(whole).unwrap_or(0);
		let expected = exact.min(most.deconstruct().into());
		// Rounding loses at most a billionth of the charge.
		prop_assert!(expected - u128::from(part.deconstruct()) <= 1);
	}

	#[test]
	fn received_complements_lost(covered in 1u64..1 << 40, lost in any::<u64>()) {
		let lost = lost % (covered + 1);
		let exact = 1_000 - u128::from(lost) * 1_000 / u128::from(covered);
		prop_assert_eq!(u128::from(shortfall::received(lost, covered)), exact);
	}

	#[test]
	fn cpu_time_is_bounded(receipt in receipts(), cpu_time in any::<u64>(), vcpus in any::<u32>()) {
		let receipt = Receipt { cpu_time, ..receipt };
		let reported = u128::from(cpu_time) + u128::from(receipt.steal);
		let most = (u128::from(receipt.elapsed) + 1_000) * u128::from(vcpus);
		prop_assert_eq!(shortfall::is_possible(&receipt, vcpus), reported <= most);
	}

	#[test]
	fn clamped_rules_are_within_bounds(age in any::<u8>(), tolerance in 0u32..=1_000_000_000, refund in 0u32..=1_000_000_000) {
		let (tolerance, refund) = (Perbill::from_parts(tolerance), Perbill::from_parts(refund));
		let rules = Rules { age, tolerance, refund }.clamped();
		let half = Perbill::from_percent(50);
		prop_assert!((1..=4).contains(&rules.age) && rules.tolerance <= half && rules.refund <= half);
	}
}
