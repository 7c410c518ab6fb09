//! A search for profitable payments of an attacker to itself, on the state of the pallets.
//!
//! The attacker is tenant, miner and every validator. Tiers change, intervals lapse, receipts
//! reduce charges, and governance changes shares and bonus. Other tenants pay and other miners earn
//! as well. Each world is played twice, with the attacker's payments and without them. With its
//! payments, the attacker must not have more than without them, to the unit.
//!
//! Why no profit is possible: of a payment `a`, with shares `t` and `b`, treasury and burn receive
//! `⌊ta⌋ + ⌈ba⌉ ≥ ⌊(t + b)a⌋`. The attacker is owed `⌊w⌊κa⌋⌋ ≤ ⌊(t + b − 5 %)a⌋`. So the payment
//! costs the attacker more than the chain then owes to the attacker. The difference is at least
//! `⌊a / 20⌋`. An era pays out at most the amount that the chain owes for a payment.
//!
//! Let `o` be added to a row of `h` and to a sum of `T`, of which `F` is paid. Then the row's part
//! grows by `⌊F(h + o) / (T + o)⌋ − ⌊Fh / T⌋ ≤ ⌈Fo / (T + o)⌉ ≤ o`, and no other row's part grows.
//! The validators' part of an era depends only on the number of the era while the cap is far.

use frame_support::{
	traits::{fungible::Inspect, Hooks},
	weights::WeightMeter,
};
use hcc_primitives::{
	units::{Balance, ALPHA},
	LivenessStatus, Tier, MIN_UNRETURNED_SHARE,
};
use hcc_testing::{Asked, Fit, Lacked, LivedIn, Now, Settled};
use sp_io::hashing::blake2_256;
use sp_runtime::Perbill;

use crate::{mock::*, *};

/// Number of worlds to search.
const WORLDS: u64 = 1_000;
/// The attacker's miners. It also receives the validators' payments.
const OWN: [u8; 6] = [10, 20, 21, 22, 23, 24];
/// Another tenant, and other miners.
const NEIGHBOUR: u8 = 2;
const OTHERS: [u8; 2] = [11, 12];
/// The escrow of each tenant.
const PURSE: Balance = 100_000 * ALPHA;

/// A deterministic source of random numbers.
pub(super) struct Chance(u64);

impl Chance {
	/// Returns the numbers of one world. Different worlds share no numbers.
	pub(super) fn of(world: u64) -> Self {
		Self(world << 32)
	}

	pub(super) fn below(&mut self, below: u64) -> u64 {
		self.0 += 1;
		let hash = blake2_256(&self.0.to_le_bytes());
		u64::from_le_bytes(hash[..8].try_into().expect("eight bytes")) % below
	}

	pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
		all[self.below(all.len() as u64) as usize]
	}

	/// Returns a small amount, for which rounding matters, or an amount of any order of magnitude
	/// up to ten thousand α.
	fn amount(&mut self) -> Balance {
		if self.below(3) == 0 {
			return 1 + Balance::from(self.below(100));
		}
		let magnitude = 1u64 << self.below(44);
		Balance::from(magnitude + self.below(magnitude))
	}

	/// Returns a share that governance could set: round, extreme, or any between.
	pub(super) fn part(&mut self) -> Perbill {
		match self.below(3) {
			0 => Perbill::from_percent(self.below(101) as u32),
			1 => Perbill::from_parts(self.below(1_000_000_001) as u32),
			_ => Perbill::from_percent(self.one_of(&[0, 5, 10, 100])),
		}
	}

	pub(super) fn shares(&mut self) -> Shares {
		let few = self.below(2) == 1;
		let validators = if few { Perbill::from_percent(10) } else { self.part() };
		Shares { validators, treasury: self.part(), burned: self.part() }
	}

	fn miner(&mut self) -> u8 {
		let own = self.below(4) > 0;
		if own {
			self.one_of(&OWN)
		} else {
			self.one_of(&OTHERS)
		}
	}
}

#[derive(Clone, Copy, Debug)]
enum Step {
	/// The attacker pays one of its miners `times` times.
	Buys {
		miner: u8,
		amount: Balance,
		times: u64,
		lapsed: bool,
	},
	/// Another tenant pays a miner, possibly the attacker's.
	Earns {
		miner: u8,
		amount: Balance,
	},
	/// A miner's chip gets another tier, or becomes unfit for new VMs.
	Ranks {
		miner: u8,
		tier: Option<Tier>,
	},
	/// This part of later settlements is refunded.
	Lacks {
		part: Perbill,
	},
	Governs {
		shares: Shares,
		bonus: Perbill,
	},
	EraEnds,
	Claims {
		miner: u8,
		ago: u32,
	},
}

impl Step {
	/// Returns a random step. With a `habit`, the attacker always pays this amount.
	fn by(chance: &mut Chance, habit: Option<Balance>) -> Self {
		match chance.below(16) {
			0..6 => Self::Buys {
				miner: chance.one_of(&OWN),
				amount: habit.unwrap_or_else(|| chance.amount()),
				times: if chance.below(40) == 0 { 300 } else { 1 + chance.below(8) },
				lapsed: chance.below(12) == 0,
			},
			6..9 => Self::Earns { miner: chance.miner(), amount: chance.amount() },
			9 => {
				let tiers = [Some(Tier::Trusted), Some(Tier::Regular), Some(Tier::Probation), None];
				Self::Ranks { miner: chance.miner(), tier: chance.one_of(&tiers) }
			},
			10 => Self::Lacks { part: Perbill::from_percent(chance.one_of(&[0, 5, 10])) },
			11 if habit.is_none() => Self::governs(chance, habit),
			11..14 => Self::EraEnds,
			_ => Self::Claims { miner: chance.miner(), ago: chance.below(3) as u32 },
		}
	}

	fn governs(chance: &mut Chance, habit: Option<Balance>) -> Self {
		let shares = chance.shares();
		let bonus = if habit.is_some() { Perbill::one() } else { chance.part() };
		Self::Governs { shares, bonus }
	}
}

/// The emission rules and the steps of one world.
#[derive(Debug)]
struct Story {
	rules: pallet_emission::Rules,
	steps: Vec<Step>,
}

impl Story {
	fn numbered(world: u64) -> Self {
		let mut chance = Chance::of(world);
		// A favourable rounding becomes visible only if the attacker uses it all the time, without
		// other losses.
		let few = 1 + Balance::from(chance.below(24));
		let habit = (chance.below(2) == 0).then_some(few);
		let rules = pallet_emission::Rules {
			era: 10,
			// The budget is often less than the era owes.
			initial: if habit.is_some() { PURSE } else { chance.amount() },
			halving: 1 + chance.below(6) as u32,
			cap: Balance::MAX,
			trusted: chance.one_of(&[Perbill::one(), Perbill::one(), Perbill::from_percent(90)]),
			regular: chance.part(),
			probation: chance.part(),
			payable: 2 + chance.below(3) as u32,
			..DAYS_OF_ERAS
		};
		let mut steps = vec![Step::governs(&mut chance, habit)];
		steps.extend((0..4 + chance.below(24)).map(|_| Step::by(&mut chance, habit)));
		Self { rules, steps }
	}
}

/// The attacker's final wealth, its minimum loss, and the payouts to all miners.
#[derive(Clone, Copy, Debug, Default)]
struct End {
	wealth: Balance,
	least_loss: Balance,
	paid_out: Balance,
}

/// Sets up a running VM for each tenant, all accounts, and the first era.
fn open(rules: pallet_emission::Rules) -> [Id; 2] {
	EraRules::set(rules);
	Emission::on_poll(0, &mut WeightMeter::new());
	for miner in &OWN[1..] {
		endow(&account(*miner), 1_000);
	}
	let vms = [TENANT, NEIGHBOUR].map(|tenant| {
		order_by(tenant, small(), PURSE).expect("the order is valid");
		let id = LastId::<Test>::get();
		ticks(2);
		boot(id);
		id
	});
	// In block 0 events are not stored.
	System::set_block_number(0);
	let miners = OWN.into_iter().chain(OTHERS);
	Fit::set(miners.map(|miner| (chip_of(miner), Tier::Trusted)).collect());
	vms
}

/// Charges a VM for a past interval, settles the charge, and returns the amount paid.
fn pays(id: Id, miner: u8, amount: Balance) -> Balance {
	let before = Compute::paid().settled;
	let mut row = vm(id);
	let amount = amount.min(row.escrow);
	Compute::take(&mut row, amount);
	let (miner, chip) = (account(miner), chip_of(miner));
	let (cut, price) = (false, PRICE);
	let charge = Charge { first: 0, last: 0, slots: 1, amount, price, miner, chip, cut };
	row.charges.try_push(charge).expect("earlier charges are settled");
	Compute::settle(id, &mut row);
	assert!(row.charges.is_empty(), "the charge is settled");
	Vms::<Test>::insert(id, row);
	Compute::paid().settled - before
}

fn end_era() {
	let index = Emission::era().index;
	while Emission::era().index == index {
		Now::mutate(|now| *now += 1);
		Emission::on_poll(0, &mut WeightMeter::new());
	}
	Emission::do_try_state().expect("the invariants hold");
}

/// Lets the attacker pay itself. Returns its minimum loss.
fn buys(id: Id, miner: u8, amount: Balance, times: u64, lapsed: bool) -> Balance {
	if lapsed {
		LivedIn::set(vec![(chip_of(miner), 0, LivenessStatus::Lapsed)]);
	}
	let mut least = 0;
	for _ in 0..times {
		let paid = pays(id, miner, amount);
		least += MIN_UNRETURNED_SHARE.mul_floor(paid);
	}
	LivedIn::set(vec![]);
	least
}

fn rank(miner: u8, tier: Option<Tier>) {
	Fit::mutate(|all| {
		all.retain(|(chip, _)| *chip != chip_of(miner));
		all.extend(tier.map(|tier| (chip_of(miner), tier)));
	});
}

/// Claims a payout. A refused claim has no effect.
fn claim(era: u32, miner: u8) {
	let _ = Emission::payout(signed(TENANT), era, account(miner));
}

fn wealth() -> Balance {
	let own = OWN.into_iter().chain([TENANT, 200]);
	own.map(|who| Balances::total_balance(&account(who))).sum()
}

/// Plays a story, with the attacker's payments or without them, and claims all payouts at the end.
fn play(story: &Story, with: bool) -> End {
	let mut end = End::default();
	run(|| {
		let [own, other] = open(story.rules);
		for step in &story.steps {
			match *step {
				Step::Buys { miner, amount, times, lapsed } if with => {
					end.least_loss += buys(own, miner, amount, times, lapsed);
				},
				Step::Buys { .. } => {},
				Step::Earns { miner, amount } => {
					pays(other, miner, amount);
				},
				Step::Ranks { miner, tier } => rank(miner, tier),
				Step::Lacks { part } => Lacked::set(part),
				Step::Governs { shares, bonus } => {
					MockRules::set(Rules { shares, ..RULES });
					EraRules::mutate(|rules| rules.bonus = bonus);
				},
				Step::EraEnds => end_era(),
				Step::Claims { miner, ago } => {
					claim(Emission::era().index.saturating_sub(1 + ago), miner);
				},
			}
			// These lists only grow, so they are cleared.
			Settled::set(vec![]);
			Asked::set(vec![]);
		}
		end_era();
		for era in 0..Emission::era().index {
			OWN.into_iter().chain(OTHERS).for_each(|miner| claim(era, miner));
		}
		end.wealth = wealth();
		end.paid_out = Emission::totals().paid_out;
	});
	end
}

/// Checks that the attacker does not profit. Returns `true` if miners received new α for the
/// attacker's payments.
fn loses(name: &str, story: &Story) -> bool {
	let (with, without) = (play(story, true), play(story, false));
	assert!(
		with.wealth + with.least_loss <= without.wealth,
		"{name}: {with:?} with, {without:?} without: {story:?}"
	);
	with.paid_out > without.paid_out
}

fn search(worlds: core::ops::Range<u64>) {
	let count = worlds.end - worlds.start;
	let paid = worlds
		.filter(|world| loses(&format!("world {world}"), &Story::numbered(*world)))
		.count() as u64;
	assert!(paid >= count / 8, "the attacker received new α in only {paid} worlds");
}

#[test]
fn self_payment_never_profits() {
	search(0..WORLDS);
}

/// A larger search: `cargo test --release -p pallet-compute -- --ignored many_worlds`.
#[test]
#[ignore = "takes minutes"]
fn self_payment_never_profits_in_many_worlds() {
	search(WORLDS..50 * WORLDS);
}

/// Each small payment is rounded, so a rounding in the payer's favour would add up over many of
/// them.
#[test]
fn small_self_payments_never_profit() {
	let shares = [
		(10, 10),
		(5, 5),
		(5, 10),
		(0, 15),
		(15, 0),
		(33, 33),
		(49, 1),
		(1, 49),
		(45, 45),
		(0, 100),
	];
	for (treasury, burned) in shares {
		let rules = pallet_emission::Rules { era: 10, cap: Balance::MAX, ..DAYS_OF_ERAS };
		let (treasury, burned) = (Perbill::from_percent(treasury), Perbill::from_percent(burned));
		for amount in 1..=40 {
			let shares = Shares { validators: Perbill::from_percent(10), treasury, burned };
			let steps = vec![
				Step::Governs { shares, bonus: Perbill::one() },
				Step::Buys { miner: 20, amount, times: 25, lapsed: false },
				Step::EraEnds,
			];
			loses(&format!("{amount} units each"), &Story { rules, steps });
		}
	}
}
