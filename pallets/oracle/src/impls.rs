extern crate alloc;
use alloc::vec::Vec;

use frame_support::{
	ensure, pallet_prelude::DispatchResult, traits::Get, weights::WeightMeter, BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use hcc_primitives::{
	push_evicting, supermajority, ActiveValidators, Oracle, Tick, TickSource, ValidatorSlasher,
};
use sp_runtime::traits::Saturating;

use crate::{
	market::{consensus, is_absurd, smoothed, within_day, Consensus},
	*,
};

/// Number of ticks in an hour, and in a day. There is one tick per block of six seconds.
const HOUR: Tick = 600;
const DAY: Tick = 24 * HOUR;

/// Divisor of the interval. After a failed attempt to make a price, the chain retries after the
/// quotient.
const RETRY_DIVISOR: Tick = 10;

impl<T: Config> Pallet<T> {
	/// Checks a report of `feeder` before it is stored.
	///
	/// ## Errors
	/// The same errors as `report`.
	pub fn check_report(
		who: &AccountIdOf<T>,
		feeder: &AccountIdOf<T>,
		price: Price,
		block: BlockNumberFor<T>,
	) -> Result<(), Error<T>> {
		ensure!(T::Feeders::is_worker(who, feeder), Error::<T>::NotAFeeder);
		ensure!(T::Feeders::active().contains(feeder), Error::<T>::NotAFeeder);
		let rules = Self::rules();
		ensure!((rules.floor..=rules.ceiling).contains(&price), Error::<T>::OutOfBounds);
		let now = frame_system::Pallet::<T>::block_number();
		let recent = block <= now && now.saturating_sub(block) <= rules.max_age.into();
		ensure!(recent, Error::<T>::BadBlock);
		let known = Reports::<T>::get().into_iter().find(|report| report.feeder == *feeder);
		if let Some(last) = known {
			ensure!(last.block < block, Error::<T>::NotNewer);
			// Half an interval is enough, so that a feeder need not report in step with the prices.
			let apart = block.saturating_sub(last.block);
			ensure!(apart >= (rules.interval / 2).into(), Error::<T>::TooSoon);
		}
		Ok(())
	}

	pub(crate) fn do_report(
		who: &AccountIdOf<T>,
		feeder: AccountIdOf<T>,
		price: Price,
		block: BlockNumberFor<T>,
	) -> DispatchResult {
		Self::check_report(who, &feeder, price, block)?;
		Reports::<T>::try_mutate(|reports| {
			let report = Report { feeder: feeder.clone(), price, block };
			match reports.iter_mut().find(|known| known.feeder == feeder) {
				Some(known) => *known = report,
				None => reports.try_push(report).map_err(|_| Error::<T>::NotAFeeder)?,
			}
			Ok::<_, Error<T>>(())
		})?;
		Self::deposit_event(Event::Reported { feeder, price, block });
		Ok(())
	}

	/// Makes a price from the reports if a price is due.
	pub(crate) fn make_rate(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
		let tick = T::TickSource::now();
		if meter.try_consume(T::DbWeight::get().reads(2)).is_err() || tick < NextRate::<T>::get() {
			return;
		}
		if meter.try_consume(T::WeightInfo::make_rate()).is_err() {
			return;
		}
		let rules = Self::rules();
		let feeders = T::Feeders::active();
		let reports = Self::fresh_reports(&feeders, now, &rules);
		let (count, needed) = (reports.len() as u32, supermajority(feeders.len() as u32));
		let prices: Vec<Price> = reports.iter().map(|report| report.price).collect();
		let wait = match consensus(&prices, rules.band) {
			Consensus::Median(median) if count >= needed => {
				Self::punish(&reports, median, &rules);
				Self::set_rate(median, tick, count, &rules);
				RateBlock::<T>::put(now);
				rules.interval
			},
			_ => {
				Self::deposit_event(Event::NoRate { reports: count, needed });
				// Missing reports can arrive at any time, so the next attempt follows soon.
				(rules.interval / RETRY_DIVISOR).max(1)
			},
		};
		NextRate::<T>::put(tick.saturating_add(wait));
	}

	/// Removes reports that are too old or whose feeder is not active, and returns the rest.
	fn fresh_reports(
		feeders: &[AccountIdOf<T>],
		now: BlockNumberFor<T>,
		rules: &Rules,
	) -> Vec<ReportOf<T>> {
		Reports::<T>::mutate(|reports| {
			reports.retain(|report| {
				feeders.contains(&report.feeder)
					&& now.saturating_sub(report.block) <= rules.max_age.into()
			});
			reports.to_vec()
		})
	}

	/// Fines the feeders of absurd reports. Also removes the reports, so that each is fined only
	/// once.
	fn punish(reports: &[ReportOf<T>], median: Price, rules: &Rules) {
		let absurd = |report: &&ReportOf<T>| is_absurd(report.price, median, rules.absurd);
		for report in reports.iter().filter(absurd) {
			let (feeder, price) = (report.feeder.clone(), report.price);
			Reports::<T>::mutate(|all| all.retain(|other| other.feeder != feeder));
			T::ValidatorSlasher::fine(&feeder, rules.slash);
			Self::deposit_event(Event::Absurd { feeder, price, median });
		}
	}

	fn set_rate(median: Price, tick: Tick, reports: u32, rules: &Rules) {
		let Some(last) = CurrentRate::<T>::get() else {
			CurrentRate::<T>::put(Rate {
				price: median,
				at: tick,
				beyond: None,
				mean: median,
				// The first price is the reference for the daily limit during the first day.
				hourly: BoundedVec::truncate_from(alloc::vec![median]),
				hour: tick,
			});
			return Self::deposit_event(Event::RateSet { price: median, reports });
		};
		let price = within_day(median, last.price, &last.hourly, rules.daily);
		let beyond = (price != median).then_some(median);
		let elapsed = tick.saturating_sub(last.at);
		let mean = smoothed(last.mean, price, elapsed, DAY);
		let (hourly, hour) = (last.hourly.clone(), last.hour);
		let mut rate = Rate { price, at: tick, beyond, mean, hourly, hour };
		if tick.saturating_sub(hour) >= HOUR {
			push_evicting(&mut rate.hourly, last.price);
			rate.hour = tick;
		}
		CurrentRate::<T>::put(rate);
		Self::deposit_event(match beyond {
			Some(median) => Event::RateLimited { price, median, reports },
			None => Event::RateSet { price, reports },
		});
	}

	/// Returns the current price if it is at most `age` ticks old.
	fn price_within(age: Tick) -> Option<Rate> {
		let now = T::TickSource::now();
		CurrentRate::<T>::get().filter(|rate| now.saturating_sub(rate.at) <= age)
	}
}

impl<T: Config> Oracle for Pallet<T> {
	fn for_orders() -> Option<Price> {
		let fresh = Self::rules().fresh;
		// Ticks stop while finality lags, but markets do not.
		let blocks =
			frame_system::Pallet::<T>::block_number().saturating_sub(RateBlock::<T>::get());
		Self::price_within(fresh)
			.filter(|rate| rate.beyond.is_none() && blocks <= fresh.into())
			.map(|rate| rate.price)
	}

	fn for_leases() -> Option<Price> {
		Self::price_within(Self::rules().grace).map(|rate| rate.price)
	}
}

#[cfg(any(feature = "try-runtime", feature = "std"))]
impl<T: Config> Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		let reports = Reports::<T>::get();
		for (at, report) in reports.iter().enumerate() {
			let twice = reports.iter().take(at).any(|other| other.feeder == report.feeder);
			ensure!(!twice, "1: a feeder has two reports");
			ensure!(report.price > 0, "2: a price of zero");
			let now = frame_system::Pallet::<T>::block_number();
			ensure!(report.block <= now, "1: a report is for a future block");
		}
		if let Some(rate) = CurrentRate::<T>::get() {
			ensure!(rate.price > 0 && rate.mean > 0, "2: a price of zero");
			ensure!(
				rate.beyond != Some(rate.price),
				"3: the price equals the median outside the limit"
			);
			ensure!(
				rate.at <= T::TickSource::now() && rate.hour <= rate.at,
				"4: a price is in the future"
			);
			ensure!(!rate.hourly.contains(&0), "2: a price of zero");
		}
		Ok(())
	}
}
