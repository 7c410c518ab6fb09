use frame_support::{
	ensure,
	pallet_prelude::{DispatchResult, Get},
	BoundedVec,
};
use hcc_evidence::vm::{receipt_statement, Receipt, SignedReceipt, VmId};
use hcc_primitives::{
	genesis, Guest, Guests, IntervalIndex, Liveness, NotesUse, Ran, Ticks, Usage,
};
use sp_core::ed25519;
use sp_runtime::Perbill;

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_tell(signed: &SignedReceipt) -> DispatchResult {
		let receipt = &signed.receipt;
		let guest = T::Guests::guest(receipt.vm).ok_or(Error::<T>::NotRunning)?;
		let boot = (receipt.generation, receipt.boot_counter);
		ensure!(boot == (guest.generation, guest.boot_counter), Error::<T>::OtherBoot);
		ensure!(receipt.interval >= guest.began, Error::<T>::OtherBoot);
		Self::check_interval(receipt.interval)?;
		Self::check_time(receipt, &guest)?;
		let mut account = Accounts::<T>::get(receipt.vm).unwrap_or_else(|| Account::new(boot));
		account.check(receipt).map_err(Error::<T>::from)?;
		// The dearest check comes last.
		let statement = receipt_statement(&genesis::<T>(), receipt);
		let signature = ed25519::Signature::from_raw(signed.signature);
		let key = ed25519::Public::from_raw(guest.guest_pk);
		let holds = sp_io::crypto::ed25519_verify(&signature, &statement, &key);
		ensure!(holds, Error::<T>::BadSignature);

		let entry = lack::entry(receipt, &guest, Self::rules().tolerance, Self::longest());
		account.take(receipt, entry);
		Accounts::<T>::insert(receipt.vm, account);
		Self::deposit_event(Event::Told { receipt: *receipt, lost: entry.lost });
		Ok(())
	}

	/// How long an interval is, in milliseconds.
	fn longest() -> u32 {
		T::Liveness::interval().length.saturating_mul(T::MillisPerTick::get())
	}

	fn check_interval(interval: IntervalIndex) -> Result<(), Error<T>> {
		ensure!(interval < T::Liveness::interval().index, Error::<T>::NotOver);
		ensure!(Self::open(interval), Error::<T>::TooLate);
		Ok(())
	}

	/// No more than twice the time by blocks, since blocks may be late.
	fn check_time(receipt: &Receipt, guest: &Guest) -> Result<(), Error<T>> {
		let runs = T::Ticks::now().saturating_sub(guest.since);
		let runs = runs.saturating_mul(T::MillisPerTick::get());
		let most = runs.min(Self::longest()).saturating_mul(2);
		ensure!((1..=most).contains(&receipt.elapsed), Error::<T>::Stretched);
		ensure!(lack::possible(receipt, guest.vcpus), Error::<T>::Impossible);
		Ok(())
	}
}

/// Why a receipt is not taken after another.
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
		Self { generation, boot_counter, sequence: 0, last: 0, entries: BoundedVec::new() }
	}

	fn check(&self, receipt: &Receipt) -> Result<(), Repeated> {
		let told = !self.entries.is_empty() || self.last > 0;
		let boot = (receipt.generation, receipt.boot_counter);
		if told && boot == (self.generation, self.boot_counter) && receipt.sequence <= self.sequence
		{
			return Err(Repeated::Sequence);
		}
		if told && receipt.interval <= self.last {
			return Err(Repeated::Interval);
		}
		Ok(())
	}

	fn take(&mut self, receipt: &Receipt, entry: Entry) {
		self.generation = receipt.generation;
		self.boot_counter = receipt.boot_counter;
		self.sequence = receipt.sequence;
		self.last = receipt.interval;
		if self.entries.is_full() {
			self.entries.remove(0);
		}
		// There is room.
		let _ = self.entries.try_push(entry);
	}

	/// What was told of intervals from `first` to `last`: what was lost, and of how much. What is older is forgotten with it.
	fn settle(&mut self, first: IntervalIndex, last: IntervalIndex) -> Option<(u64, u64)> {
		let within = |entry: &&Entry| (first..=last).contains(&entry.interval);
		let told = self.entries.iter().filter(within).fold(None, |sum, entry| {
			let (lost, covered): (u64, u64) = sum.unwrap_or_default();
			Some((
				lost.saturating_add(entry.lost.into()),
				covered.saturating_add(entry.covered.into()),
			))
		});
		// What of `last` is charged apart, after a stop or another boot, is not told of twice.
		self.entries.retain(|entry| entry.interval > last);
		told
	}
}

impl<T: Config> Usage for Pallet<T> {
	fn open(interval: IntervalIndex) -> bool {
		let now = T::Liveness::interval().index;
		now.saturating_sub(interval) <= Self::rules().age.into()
	}

	fn settle(ran: &Ran) -> Perbill {
		let Some(mut account) = Accounts::<T>::get(ran.vm) else { return Perbill::zero() };
		let told = account.settle(ran.first, ran.last);
		Accounts::<T>::insert(ran.vm, account);
		let Some((lost, covered)) = told else { return Perbill::zero() };
		let most = Self::rules().refund;
		let refund = lack::refund(lost, ran.ticks, T::MillisPerTick::get(), most);
		T::Reputation::note_use(&ran.chip, lack::got(lost, covered));
		let Ran { vm, chip, first, last, .. } = *ran;
		Self::deposit_event(Event::Counted { vm, chip, first, last, lost, covered, refund });
		refund
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
			ensure!(intervals.clone().all(|one| one <= account.last), "1: a later interval");
			let over = T::Liveness::interval().index;
			ensure!(account.last < over, "1: an interval that is not over");
			ensure!(
				account.entries.iter().all(|entry| entry.lost <= entry.covered),
				"2: more is lost than was told of"
			);
		}
		Ok(())
	}
}
