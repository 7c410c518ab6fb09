use frame_support::{
	ensure,
	pallet_prelude::{DispatchResult, Get},
	BoundedVec,
};
use hcc_evidence::vm::{receipt_statement, Receipt, SignedReceipt, VmId};
use hcc_primitives::{
	genesis, push_evicting, IntervalIndex, Liveness, RunningGuests, ServicePeriod, Usage,
	UsageRecorder, UsageReport,
};
use sp_core::ed25519;
use sp_runtime::Perbill;

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_submit_receipts(signed: &SignedReceipt) -> DispatchResult {
		let receipt = &signed.receipt;
		let guest = T::RunningGuests::guest(receipt.vm).ok_or(Error::<T>::NotRunning)?;
		let boot = (receipt.generation, receipt.boot_counter);
		ensure!(boot == (guest.generation, guest.boot_counter), Error::<T>::OtherBoot);
		ensure!(receipt.interval >= guest.began, Error::<T>::OtherBoot);
		Self::check_interval(receipt.interval)?;
		ensure!(receipt.elapsed > 0, Error::<T>::NoTime);
		ensure!(shortfall::is_possible(receipt, guest.vcpus), Error::<T>::Impossible);
		let mut account = Accounts::<T>::get(receipt.vm).unwrap_or_else(|| Account::new(boot));
		account.check(receipt).map_err(Error::<T>::from)?;
		// The signature comes last, because it is the most expensive check.
		let statement = receipt_statement(&genesis::<T>(), receipt);
		let signature = ed25519::Signature::from_raw(signed.signature);
		let key = ed25519::Public::from_raw(guest.guest_pk);
		let holds = sp_io::crypto::ed25519_verify(&signature, &statement, &key);
		ensure!(holds, Error::<T>::BadSignature);

		let entry = shortfall::entry(receipt, &guest, Self::rules().tolerance);
		account.record(receipt, entry);
		Accounts::<T>::insert(receipt.vm, account);
		Self::deposit_event(Event::ReceiptSubmitted { receipt: *receipt, lost: entry.lost });
		Ok(())
	}

	fn check_interval(interval: IntervalIndex) -> Result<(), Error<T>> {
		ensure!(interval < T::Liveness::interval().index, Error::<T>::NotOver);
		ensure!(Self::open(interval), Error::<T>::TooLate);
		Ok(())
	}
}

/// The reason why a receipt cannot follow the last one.
enum Repeated {
	Sequence,
	Interval,
}

impl<T> From<Repeated> for Error<T> {
	fn from(repeated: Repeated) -> Self {
		match repeated {
			Repeated::Sequence => Self::Replayed,
			Repeated::Interval => Self::Doubled,
		}
	}
}

impl Account {
	fn new((generation, boot_counter): (u32, u32)) -> Self {
		let entries = BoundedVec::new();
		Self { generation, boot_counter, sequence: 0, last: 0, settled: None, entries }
	}

	fn check(&self, receipt: &Receipt) -> Result<(), Repeated> {
		let reported = !self.entries.is_empty() || self.last > 0;
		let boot = (receipt.generation, receipt.boot_counter);
		if reported
			&& boot == (self.generation, self.boot_counter)
			&& receipt.sequence <= self.sequence
		{
			return Err(Repeated::Sequence);
		}
		if reported && receipt.interval <= self.last {
			return Err(Repeated::Interval);
		}
		Ok(())
	}

	fn record(&mut self, receipt: &Receipt, entry: Entry) {
		self.generation = receipt.generation;
		self.boot_counter = receipt.boot_counter;
		self.sequence = receipt.sequence;
		self.last = receipt.interval;
		push_evicting(&mut self.entries, entry);
	}

	/// Returns the sums of lost time and of covered time in the intervals from `first` to `last`.
	/// Removes all entries up to `last`. Returns `None` if there are no entries in these intervals.
	fn settle(&mut self, first: IntervalIndex, last: IntervalIndex) -> Option<(u64, u64)> {
		let within = |entry: &&Entry| (first..=last).contains(&entry.interval);
		let newest = self.entries.iter().filter(within).map(|entry| entry.interval).max();
		self.settled = newest.or(self.settled);
		let reported = self.entries.iter().filter(within).fold(None, |sum, entry| {
			let (lost, covered): (u64, u64) = sum.unwrap_or_default();
			Some((
				lost.saturating_add(entry.lost.into()),
				covered.saturating_add(entry.covered.into()),
			))
		});
		// A second charge for the interval `last`, after a stop or another boot, finds no entry.
		self.entries.retain(|entry| entry.interval > last);
		reported
	}
}

impl<T: Config> Usage for Pallet<T> {
	fn open(interval: IntervalIndex) -> bool {
		let now = T::Liveness::interval().index;
		now.saturating_sub(interval) <= Self::rules().age.into()
	}

	fn settle(ran: &ServicePeriod) -> UsageReport {
		let most = Self::rules().refund;
		let Some(mut account) = Accounts::<T>::get(ran.vm) else {
			return UsageReport::Missing { most };
		};
		let was_settled = account.settled.is_some_and(|interval| interval >= ran.last);
		let reported = account.settle(ran.first, ran.last);
		Accounts::<T>::insert(ran.vm, account);
		let Some((lost, covered)) = reported else {
			return if was_settled {
				UsageReport::Received { refund: Perbill::zero() }
			} else {
				UsageReport::Missing { most }
			};
		};
		let paid = u64::from(ran.slots).saturating_mul(T::MillisPerSlot::get().into());
		let refund = shortfall::refund(lost, covered, paid, most);
		T::Reputation::record_usage(&ran.chip, shortfall::received(lost, covered));
		let ServicePeriod { vm, chip, first, last, .. } = *ran;
		Self::deposit_event(Event::UsageSettled { vm, chip, first, last, lost, covered, refund });
		UsageReport::Received { refund }
	}

	fn forget(vm: VmId) {
		Accounts::<T>::remove(vm);
	}
}

#[cfg(any(feature = "try-runtime", feature = "std"))]
impl<T: Config> Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		for account in Accounts::<T>::iter_values() {
			let intervals = account.entries.iter().map(|entry| entry.interval);
			ensure!(
				intervals.clone().zip(intervals.clone().skip(1)).all(|(one, next)| one < next),
				"1: intervals are out of order"
			);
			ensure!(
				intervals.clone().all(|one| one <= account.last),
				"1: an entry is later than the last interval"
			);
			let over = T::Liveness::interval().index;
			ensure!(account.last < over, "1: the last interval is not over");
			ensure!(
				account.entries.iter().all(|entry| entry.lost <= entry.covered),
				"2: more time is lost than covered"
			);
		}
		Ok(())
	}
}
