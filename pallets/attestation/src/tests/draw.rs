//! The draw of chips to challenge.

use frame_support::{
	storage::{with_transaction, TransactionOutcome},
	traits::{Get, Hooks},
	weights::{RuntimeDbWeight, WeightMeter},
};
use hcc_evidence_testing::Machine;
use hcc_primitives::{draw::below, ChallengeOutcome, ChipHash, Liveness, OnChipChange, Tier};
use hcc_testing::Now;
use sp_core::H256;
use sp_io::hashing::blake2_256;
use sp_runtime::{AccountId32, DispatchError};

use crate::{draw::draw_count, mock::*, *};

#[test]
fn no_draw_without_randomness() {
	run(|| {
		let alice = Machine::named("alice");
		<Attestation as OnChipChange<AccountId32>>::on_ready(&chip(&alice), &miner());
		Rechecks::<Test>::kill();
		for _ in 0..200 {
			next_tick();
		}
		assert!(events().is_empty());
	});
}

#[test]
fn draw_rate_follows_tier() {
	run(|| {
		let alice = Machine::named("alice");
		<Attestation as OnChipChange<AccountId32>>::on_ready(&chip(&alice), &miner());
		Rechecks::<Test>::kill();
		let mut challenged = 0;
		for block in 0u32..2_000 {
			Seed::set(Some(H256(blake2_256(&block.to_le_bytes()))));
			next_tick();
			let open = Attestation::host(chip(&alice)).expect("there").challenge;
			if open.is_some() {
				challenged += 1;
				// The challenge is concluded immediately, so that the next draw can select the
				// chip.
				Hosts::<Test>::mutate(chip(&alice), |host| {
					host.as_mut().expect("there").challenge = None
				});
			}
		}
		// One in twenty ticks challenges a chip on probation: 100 are expected, with a deviation of
		// 10.
		assert!((60..=140).contains(&challenged), "{challenged}");
	});
}

/// Each block challenges the exact number that the rate gives, and all chips are equally likely.
#[test]
fn draw_rate_is_exact_for_100_000_chips() {
	const CHIPS: u32 = 100_000;
	const BLOCKS: u32 = 600;
	run(|| {
		MockRules::mutate(|rules| rules.trusted = 200);
		let polled = |block: u32| {
			let mut meter = WeightMeter::new();
			Attestation::on_poll(block.into(), &mut meter);
			meter.consumed()
		};
		Now::mutate(|now| *now += 1);
		let without_chips = polled(0);
		for position in 0..CHIPS {
			let chip = blake2_256(&position.to_le_bytes());
			let host = Host {
				miner: miner(),
				seq: 0,
				challenge: None,
				checkpoint: None,
				former: None,
				judged: 0,
				attested: 0,
				boot_profile: None,
				accepted: Default::default(),
				failing: false,
				paused: None,
				tier: Tier::Trusted,
				position,
			};
			Hosts::<Test>::insert(chip, host);
			DrawPool::<Test>::insert(Tier::Trusted, position, chip);
		}
		Population::<Test>::insert(Tier::Trusted, CHIPS);
		Attestation::note_population(&mut WeightMeter::new());
		let interval = Attestation::rules().interval(Tier::Trusted);
		let rate = CHIPS / interval;
		let db: RuntimeDbWeight = <Test as frame_system::Config>::DbWeight::get();
		for block in 0..BLOCKS {
			Seed::set(Some(H256(blake2_256(&block.to_le_bytes()))));
			Now::mutate(|now| *now += 1);
			System::reset_events();
			let weight = polled(block);
			// The weight depends on the new and the due challenges, not on the number of chips.
			let most = <() as WeightInfo>::challenge()
				.saturating_add(db.reads(8))
				.saturating_mul((rate + 1).into())
				.saturating_add(<() as WeightInfo>::keep_deadlines(MAX_DUE))
				.saturating_add(without_chips);
			assert!(weight.all_lte(most), "{weight} is more than {most}");
			let mut challenged = 0;
			for event in events() {
				let Event::Challenged { chip, .. } = event else { continue };
				challenged += 1;
				Hosts::<Test>::mutate(chip, |host| host.as_mut().expect("there").challenge = None);
			}
			assert!((rate..=rate + 1).contains(&challenged), "{challenged} of {rate}");
		}
		let mut by_count = [0u32; 32];
		for host in Hosts::<Test>::iter_values() {
			by_count[host.seq as usize] += 1;
		}
		// The counts have a Poisson distribution with a mean of three: one chip in twenty is never
		// drawn, and almost no chip is drawn more than fifteen times.
		let mean = f64::from(BLOCKS) / f64::from(interval);
		let never = f64::from(CHIPS) * (-mean).exp();
		assert!((f64::from(by_count[0]) - never).abs() < 6.0 * never.sqrt().max(30.0));
		assert_eq!(by_count[24..].iter().sum::<u32>(), 0);
	});
}

/// A draw that finds a chip with an open challenge selects another chip, so slow answers do not
/// change the rate.
#[test]
fn draw_rate_is_independent_of_answer_time() {
	const CHIPS: u32 = 200;
	const TICKS: u32 = 4_000;
	const TAKES: u32 = 5;
	run(|| {
		for number in 0..CHIPS {
			let chip = blake2_256(&number.to_le_bytes());
			<Attestation as OnChipChange<AccountId32>>::on_ready(&chip, &miner());
		}
		Rechecks::<Test>::kill();
		let interval = Attestation::rules().interval(Tier::Probation);
		let mut open = std::collections::VecDeque::new();
		let mut challenged = 0;
		for tick in 0..TICKS {
			Seed::set(Some(H256(blake2_256(&tick.to_le_bytes()))));
			System::reset_events();
			next_tick();
			for event in events() {
				let Event::Challenged { chip, .. } = event else { continue };
				challenged += 1;
				open.push_back((tick, chip));
			}
			while open.front().is_some_and(|(since, _)| since + TAKES <= tick) {
				let (_, chip) = open.pop_front().expect("there is one");
				Hosts::<Test>::mutate(chip, |host| host.as_mut().expect("there").challenge = None);
			}
		}
		let wanted = f64::from(CHIPS) * f64::from(TICKS) / f64::from(interval);
		let part = f64::from(challenged) / wanted;
		// A quarter of the chips has an open challenge. Without retries, the rate would fall by a
		// quarter.
		assert!((0.97..=1.01).contains(&part), "{challenged} of {wanted}");
	});
}

/// Makes a block with the given randomness. Returns true if its draw challenges the chip.
///
/// All challenges are concluded immediately, so that the next draw can select every chip.
fn is_challenged_by(chip: &ChipHash, randomness: [u8; 32]) -> bool {
	Seed::set(Some(H256(randomness)));
	next_tick();
	let challenged = Attestation::host(*chip).expect("there").challenge.is_some();
	for any in Hosts::<Test>::iter_keys().collect::<Vec<_>>() {
		Hosts::<Test>::mutate(any, |host| host.as_mut().expect("there").challenge = None);
	}
	challenged
}

/// Predicts [`is_challenged_by`] without a change of state.
fn would_be_challenged_by(chip: &ChipHash, randomness: [u8; 32]) -> bool {
	let now = Now::get();
	let challenged = with_transaction(|| {
		TransactionOutcome::Rollback(Ok::<_, DispatchError>(is_challenged_by(chip, randomness)))
	});
	Now::set(now);
	challenged.expect("the nesting limit is not reached")
}

/// The author of a block knows the randomness of the block first, and therefore the chips that the
/// next block challenges. By withholding the block, the author can force another draw.
#[test]
fn withheld_blocks_delay_challenges_and_cost_slots() {
	const SLOTS: u32 = 8_000;
	run(|| {
		let chips = [[0; 32], [1; 32], [2; 32], [3; 32], [4; 32]];
		for chip in &chips {
			<Attestation as OnChipChange<AccountId32>>::on_ready(chip, &miner());
		}
		Rechecks::<Test>::kill();
		let (own, begin) = (chips[0], Now::get());
		let (mut challenged, mut withheld) = (0, 0);
		for slot in 0..SLOTS {
			let randomness = blake2_256(&slot.to_le_bytes());
			// The chip's miner authors a quarter of the slots.
			if slot.is_multiple_of(4) && would_be_challenged_by(&own, randomness) {
				withheld += 1;
			} else {
				challenged += u32::from(is_challenged_by(&own, randomness));
			}
		}
		let blocks = Now::get() - begin;
		assert_eq!(blocks, SLOTS - withheld, "each draw that it avoids costs a block");
		// One in twenty of these 2,000 slots is withheld: 100 are expected, with a deviation of 10.
		assert!((60..=140).contains(&withheld), "{withheld}");
		// The number of challenges that every other chip receives, regardless of the author.
		let fair = blocks / Attestation::rules().interval(Tier::Probation);
		// Three quarters of that number are 296, with a deviation of 17.
		assert!(
			4 * (challenged + 50) >= 3 * fair,
			"{challenged} of {fair} is less than three quarters"
		);
		assert!(challenged + 50 < fair, "{challenged} of {fair}: withholding delays challenges");
	});
}

/// Returns the chips on probation that the next block challenges with this randomness, and the chip
/// that it draws for a VM. Each chip is given by its first byte.
fn next_draws(randomness: [u8; 32]) -> (Vec<u8>, Option<u8>) {
	Seed::set(Some(H256(randomness)));
	let before = events().len();
	next_tick();
	let challenged = events().into_iter().skip(before).filter_map(|event| match event {
		Event::Challenged { chip, .. } => Some(chip[0]),
		_ => None,
	});
	let for_vm = <Attestation as Liveness>::draw([7; 8]).map(|chip| chip[0]);
	(challenged.collect(), for_vm)
}

/// The author of block N knows the randomness of the draws of block N + 1. Chips that it adds in
/// block N neither take part in these draws nor move the drawn positions.
#[test]
fn chips_added_in_a_block_do_not_change_draws_by_its_randomness() {
	const CHIPS: u8 = 100;
	const ADDED: u8 = 60;
	run(|| {
		let add = |numbers: std::ops::Range<u8>| {
			for number in numbers {
				<Attestation as OnChipChange<AccountId32>>::on_ready(&[number; 32], &miner());
			}
			Rechecks::<Test>::kill();
		};
		add(0..CHIPS);
		(0..2).for_each(|_| next_tick());
		let mut changed = 0;
		for block in 0u32..20 {
			let randomness = blake2_256(&block.to_le_bytes());
			let now = Now::get();
			let draws_with = |added, blocks| {
				let draws = with_transaction(|| {
					add(CHIPS..CHIPS + added);
					Seed::set(None);
					(0..blocks).for_each(|_| next_tick());
					// Draws depend on the tick, so both cases use the same tick.
					Now::set(now);
					DrawnUntil::<Test>::put(now);
					TransactionOutcome::Rollback(Ok::<_, DispatchError>(next_draws(randomness)))
				});
				Now::set(now);
				draws.expect("the nesting limit is not reached")
			};
			let honest = draws_with(0, 0);
			assert!(!honest.0.is_empty() && honest.1.is_some());
			assert_eq!(draws_with(ADDED, 0), honest);
			changed += u32::from(draws_with(ADDED, 2) != honest);
		}
		assert!(changed > 10, "two blocks later, the chips take part: {changed}");
	});
}

/// The chip at a drawn position may leave in block N. The draw is then lost, not repeated.
#[test]
fn position_beyond_population_is_a_lost_draw() {
	run(|| {
		for number in 0..10 {
			Attestation::enter(&[number; 32], Tier::Trusted);
		}
		(0..2).for_each(|_| Attestation::note_population(&mut WeightMeter::new()));
		for position in (5..10).rev() {
			Attestation::leave(Tier::Trusted, position);
		}
		let population = Attestation::drawn_population(Tier::Trusted);
		assert_eq!(population, 10);
		let drawn = |random| Attestation::drawn_chip(Tier::Trusted, population, random);
		assert_eq!(drawn(0), Some([0; 32]));
		assert_eq!(drawn(u32::MAX), None);
		let lots = (0..1_000u64).map(|lot| lot.to_le_bytes());
		let lost = lots.filter(|lot| <Attestation as Liveness>::draw(*lot).is_none()).count();
		assert!((400..=600).contains(&lost), "half of the positions are empty: {lost}");
		// These chips have no host, so they must not remain in the draw pool.
		let _ = DrawPool::<Test>::clear(u32::MAX, None);
		let _ = Population::<Test>::clear(u32::MAX, None);
	});
}

#[test]
fn draw_skips_open_challenge() {
	run(|| {
		let alice = Machine::named("alice");
		enlist(&alice);
		next_tick();
		for block in 0u32..ANSWER - 1 {
			Seed::set(Some(H256(blake2_256(&block.to_le_bytes()))));
			next_tick();
		}
		let challenged = |event: &&Event<Test>| matches!(event, Event::Challenged { .. });
		assert_eq!(events().iter().filter(challenged).count(), 1);
		let concluded = Event::Concluded {
			chip: chip(&alice),
			miner: miner(),
			seq: 1,
			outcome: ChallengeOutcome::Missed,
		};
		assert!(!events().contains(&concluded));
	});
}

/// The whole part of the rate is always drawn. Over all random values, the remainder is exact.
#[test]
fn draw_count_is_exact_on_average() {
	bolero::check!().with_type::<(u16, u16)>().with_iterations(2_000).for_each(
		|(population, interval)| {
			let (population, interval) = (u32::from(*population), u32::from(*interval).max(1));
			let rest = population % interval;
			// Random values below the threshold draw one more chip.
			let threshold = (u128::from(rest) << 32).div_ceil(u128::from(interval));
			for random in [0, threshold.saturating_sub(1), threshold, u128::from(u32::MAX)] {
				let random = u32::try_from(random).unwrap_or(u32::MAX);
				let more = u128::from(random) < threshold;
				let wanted = population / interval + u32::from(more);
				assert_eq!(draw_count(population, interval, random), wanted);
			}
		},
	);
}

#[test]
fn drawn_number_is_below_bound() {
	bolero::check!().with_type::<(u32, u32)>().with_iterations(2_000).for_each(
		|(bound, random)| {
			assert!(below((*bound).max(1), *random) < (*bound).max(1));
		},
	);
}
