//! Mocks of the traits of prices, VMs and payments.

use frame_support::weights::Weight;
use hcc_evidence::{
	host::GenerationTrust,
	vm::{image::ImageId, Boot, VmClaims, VmEvidence, VmId},
	RejectCode,
};
use hcc_primitives::{
	hosting, ChipHash, DirectoryEntry, Guest, ImageDirectory, Interval, IntervalIndex, Liveness,
	LivenessStatus, Miners as _, OnSettled, Oracle, Pause, Payment, Price, RunningGuests,
	ServicePeriod, SettlementShares, Tier, Usage, UsageRecorder, UsageReport, VmVerifier,
};
use sp_runtime::{AccountId32, Perbill};

use crate::{
	miner::MockMiners,
	state::{
		Agents, Asked, CurrentInterval, Directory, Fit, Lacked, LivedIn, Lost, OpenFrom, Pauses,
		PriceForLeases, PriceForOrders, Running, Settled, Silent, Stale, Trust, Used, VmFinding,
	},
};

/// Returns [`PriceForOrders`] and [`PriceForLeases`].
pub struct MockOracle;
impl Oracle for MockOracle {
	fn for_orders() -> Option<Price> {
		PriceForOrders::get()
	}

	fn for_leases() -> Option<Price> {
		PriceForLeases::get()
	}
}

/// Returns [`CurrentInterval`], [`Fit`] and [`LivedIn`].
pub struct MockLiveness;
impl Liveness for MockLiveness {
	fn interval() -> Interval {
		CurrentInterval::get()
	}

	fn was_live(chip: &ChipHash, first: IntervalIndex, last: IntervalIndex) -> LivenessStatus {
		let within = LivedIn::mutate(|all| {
			let within = |(of, interval, _): &&(ChipHash, IntervalIndex, LivenessStatus)| {
				(first..=last).contains(interval) && of == chip
			};
			all.iter().filter(within).map(|(_, _, lived)| *lived).collect::<Vec<_>>()
		});
		if within.contains(&LivenessStatus::Lapsed) {
			LivenessStatus::Lapsed
		} else if within.contains(&LivenessStatus::Unsettled)
			|| last >= CurrentInterval::get().index
		{
			LivenessStatus::Unsettled
		} else {
			LivenessStatus::Live
		}
	}

	fn fit(chip: &ChipHash) -> Option<Tier> {
		Fit::mutate(|all| all.iter().find(|(of, _)| of == chip).map(|(_, tier)| *tier))
	}

	fn last_pause(chip: &ChipHash) -> Option<Pause> {
		Pauses::get().into_iter().find(|(of, _)| of == chip).map(|(_, pause)| pause)
	}

	fn draw(lot: [u8; 8]) -> Option<ChipHash> {
		Fit::mutate(|fit| {
			let at = u64::from_le_bytes(lot).checked_rem(fit.len() as u64)?;
			fit.get(at as usize).map(|(chip, _)| *chip)
		})
	}
}

/// Records payments in [`Settled`].
pub struct MockOnSettled;
impl OnSettled<AccountId32> for MockOnSettled {
	fn on_settled(payment: &Payment<AccountId32>) {
		let Payment { miner, chip, amount, .. } = payment;
		Settled::mutate(|all| all.push(((*miner).clone(), *chip, *amount)));
	}
}

/// Returns the guests in [`Running`].
pub struct MockGuests;
impl RunningGuests for MockGuests {
	fn guest(vm: VmId) -> Option<Guest> {
		Running::get().into_iter().find(|(id, _)| *id == vm).map(|(_, guest)| guest)
	}
}

/// Records its calls in [`Asked`]. Returns [`Lacked`], or [`Silent`] if it is set.
pub struct MockUsage;
impl Usage for MockUsage {
	fn open(interval: IntervalIndex) -> bool {
		interval >= OpenFrom::get()
	}

	fn settle(ran: &ServicePeriod) -> UsageReport {
		Asked::mutate(|all| all.push(*ran));
		match Silent::get() {
			None => UsageReport::Received { refund: Lacked::get() },
			Some(most) => UsageReport::Missing { most },
		}
	}

	fn forget(vm: VmId) {
		Running::mutate(|all| all.retain(|(id, _)| *id != vm));
	}
}

/// Records its calls in [`Used`].
pub struct MockUsageRecorder;
impl UsageRecorder for MockUsageRecorder {
	fn record_usage(chip: &ChipHash, got: u16) {
		Used::mutate(|all| all.push((*chip, got)));
	}
}

/// Returns [`Lost`].
pub struct MockShares;
impl SettlementShares for MockShares {
	fn lost() -> Perbill {
		Lost::get()
	}
}

/// Returns the images in [`Directory`].
pub struct MockImages;
impl ImageDirectory for MockImages {
	fn lookup(image: &ImageId, vcpus: u32) -> Option<DirectoryEntry> {
		let (_, rows, endorsed, rebuilds) =
			Directory::get().into_iter().find(|(id, ..)| id == image)?;
		let row = rows.iter().find(|row| row.vcpus == vcpus);
		Some(DirectoryEntry { measurement: row.map(|row| row.measurement), endorsed, rebuilds })
	}
}

/// Returns [`VmFinding`]. By default, the VM runs on its miner's first chip.
pub struct MockVms;
impl VmVerifier<AccountId32> for MockVms {
	fn judge(evidence: &VmEvidence, boot: &Boot, miner: &AccountId32) -> Result<VmClaims, u16> {
		if (evidence.generation, evidence.boot_counter) != (boot.generation, boot.counter) {
			return Err(RejectCode::Boot.number());
		}
		let chip = MockMiners::chips(miner).first().copied().ok_or(hosting::NO_KEY)?;
		VmFinding::get().unwrap_or(Ok(VmClaims { chip, trust: Trust::get() }))
	}

	fn trust(_: &ChipHash) -> Option<GenerationTrust> {
		Some(Trust::get())
	}

	fn vouches(chip: &ChipHash) -> bool {
		!Stale::get().contains(chip)
	}

	fn is_agent(measurement: &[u8; 48]) -> bool {
		Agents::get().contains(measurement)
	}

	fn weight() -> Weight {
		Weight::from_parts(1_000, 0)
	}
}
