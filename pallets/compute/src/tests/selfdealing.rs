//! An attacker searches for payments to himself that pay, on the pallets' own state. He is tenant, miner and every validator; tiers change, intervals lapse, guests are given some back, governance changes shares and bonus,
//! and others pay and are owed as well. Each world is played twice, with his payments and without: with them he must have less, or as much, to the unit.
//!
//! Why he cannot have more. Of a payment `a`, at shares `t` and `b`, treasury and fire have `⌊ta⌋ + ⌈ba⌉ ≥ ⌊(t + b)a⌋`; he is owed `⌊w⌊κa⌋⌋ ≤ ⌊(t + b − 5 %)a⌋`. So he loses `⌊a / 20⌋` more than he is owed, at the
//! least. Of an era he has no more for it than he is owed for it: where `o` is added to a row of `h` and to a sum of `T`, of which `F` is paid, its part grows by `⌊F(h + o) / (T + o)⌋ − ⌊Fh / T⌋ ≤ ⌈Fo / (T + o)⌉ ≤ o`,
//! and no other row's grows. What validators have of an era follows from its number alone, as long as the cap is far.

use frame_support::{
	traits::{fungible::Inspect, Hooks},
	weights::WeightMeter,
};
use hcc_primitives::{
	mock::{Asked, Fit, Lacked, LivedIn, Now, Settled},
	units::{Balance, ALPHA},
	Lived, Tier, LEAST_LOSS,
};
use sp_io::hashing::blake2_256;
use sp_runtime::Perbill;

use crate::{mock::*, *};

/// How many worlds are searched.
const WORLDS: u64 = 1_000;
/// The attacker's miners. What validators are paid is his as well.
const OWN: [u8; 6] = [10, 20, 21, 22, 23, 24];
/// Somebody else, and others' miners.
const NEIGHBOUR: u8 = 2;
const OTHERS: [u8; 2] = [11, 12];
/// What each tenant sets aside.
const PURSE: Balance = 100_000 * ALPHA;

/// Numbers by chance, the same each time.
pub(super) struct Chance(u64);

impl Chance {
	/// Those of that world: no two have any in common.
	pub(super) fn of(world: u64) -> Self {
		Self(world << 32)
	}

	pub(super) fn below(&mut self, below: u64) -> u64 {
		self.0 += 1;
		let hash = blake2_256(&self.0.to_le_bytes());
		u64::from_le_bytes(hash[..8].try_into().expect("eight")) % below
	}

	pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
		all[self.below(all.len() as u64) as usize]
	}

	/// Few units, where roundings count, or of any order of magnitude up to ten thousand α.
	fn amount(&mut self) -> Balance {
		if self.below(3) == 0 {
			return 1 + Balance::from(self.below(100));
		}
		let magnitude = 1u64 << self.below(44);
		Balance::from(magnitude + self.below(magnitude))
	}

	/// Of what governance could set, the round and the extreme, and all between.
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
	/// The attacker pays one of his miners, that often.
	Buys {
		miner: u8,
		amount: Balance,
		times: u64,
		lapsed: bool,
	},
	/// Somebody else pays a miner, which may be the attacker's.
	Earns {
		miner: u8,
		amount: Balance,
	},
	/// A miner's chip is of another tier, or may get no work.
	Ranks {
		miner: u8,
		tier: Option<Tier>,
	},
	/// That part of what is settled from now on is given back.
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
	/// Something. Where the attacker has a habit, it is that amount that he pays.
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

/// The rules of new α, and what happens.
#[derive(Debug)]
struct Story {
	rules: pallet_emission::Rules,
	steps: Vec<Step>,
}

impl Story {
	fn numbered(world: u64) -> Self {
		let mut chance = Chance::of(world);
		// A rounding that favours him is found by whoever makes use of it all the time, where nothing else is lost.
		let few = 1 + Balance::from(chance.below(24));
		let habit = (chance.below(2) == 0).then_some(few);
		let rules = pallet_emission::Rules {
			era: 10,
			// Often less than is owed.
			initial: if habit.is_some() { PURSE } else { chance.amount() },
			halving: 1 + chance.below(6) as u32,
			cap: Balance::MAX,
			trusted: chance.one_of(&[Perbill::one(), Perbill::one(), Perbill::from_percent(90)]),
			regular: chance.part(),
			probation: chance.part(),
			claimable: 2 + chance.below(3) as u32,
			..DAYS_OF_ERAS
		};
		let mut steps = vec![Step::governs(&mut chance, habit)];
		steps.extend((0..4 + chance.below(24)).map(|_| Step::by(&mut chance, habit)));
		Self { rules, steps }
	}
}

/// What the attacker has in the end, how much less than he had that must be at the least, and what all miners have claimed.
#[derive(Clone, Copy, Debug, Default)]
struct End {
	wealth: Balance,
	least_loss: Balance,
	claimed: Balance,
}

/// Both tenants have a VM that runs, all accounts are there, and the first era begins.
fn open(rules: pallet_emission::Rules) -> [Id; 2] {
	EraRules::set(rules);
	Emission::on_poll(0, &mut WeightMeter::new());
	for miner in &OWN[1..] {
		endow(&account(*miner), 1_000);
	}
	let vms = [TENANT, NEIGHBOUR].map(|tenant| {
		Compute::order(signed(tenant), Box::new(small()), PURSE).expect("it is ordered");
		let id = LastId::<Test>::get();
		tick();
		boot(id);
		id
	});
	// In block 0 no events are kept.
	System::set_block_number(0);
	let miners = OWN.into_iter().chain(OTHERS);
	Fit::set(miners.map(|miner| (chip_of(miner), Tier::Trusted)).collect());
	vms
}

/// Has a VM owe a miner so much for an interval that is over, and settles that. Gives what was paid.
fn pays(id: Id, miner: u8, amount: Balance) -> Balance {
	let before = Compute::paid().settled;
	let mut row = vm(id);
	let amount = amount.min(row.escrow);
	row.escrow -= amount;
	let (miner, chip) = (account(miner), chip_of(miner));
	let charge = Charge { first: 0, last: 0, ticks: 1, amount, price: PRICE, miner, chip };
	row.charges.try_push(charge).expect("what was before is settled");
	Compute::settle(id, &mut row);
	assert!(row.charges.is_empty(), "it is certain");
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

/// The attacker pays himself. Gives what he must lose by it.
fn buys(id: Id, miner: u8, amount: Balance, times: u64, lapsed: bool) -> Balance {
	if lapsed {
		LivedIn::set(vec![(chip_of(miner), 0, Lived::Lapsed)]);
	}
	let mut least = 0;
	for _ in 0..times {
		let paid = pays(id, miner, amount);
		least += LEAST_LOSS.mul_floor(paid);
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

/// Whoever is refused has nothing by it.
fn claim(era: u32, miner: u8) {
	let _ = Emission::claim(signed(TENANT), era, account(miner));
}

fn wealth() -> Balance {
	let own = OWN.into_iter().chain([TENANT, 200]);
	own.map(|who| Balances::total_balance(&account(who))).sum()
}

/// What happens, with the attacker's payments or without them. In the end all is claimed that can be.
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
			// They only grow.
			Settled::set(vec![]);
			Asked::set(vec![]);
		}
		end_era();
		for era in 0..Emission::era().index {
			OWN.into_iter().chain(OTHERS).for_each(|miner| claim(era, miner));
		}
		end.wealth = wealth();
		end.claimed = Emission::brought().claimed;
	});
	end
}

/// Tells whether miners were paid new α for what the attacker paid.
fn loses(name: &str, story: &Story) -> bool {
	let (with, without) = (play(story, true), play(story, false));
	assert!(
		with.wealth + with.least_loss <= without.wealth,
		"{name}: {with:?} with, {without:?} without: {story:?}"
	);
	with.claimed > without.claimed
}

fn search(worlds: core::ops::Range<u64>) {
	let count = worlds.end - worlds.start;
	let paid = worlds
		.filter(|world| loses(&format!("world {world}"), &Story::numbered(*world)))
		.count() as u64;
	assert!(paid >= count / 8, "he has new α in enough of them: {paid}");
}

#[test]
fn no_payment_to_oneself_pays_whatever_happens() {
	search(0..WORLDS);
}

/// As many as one has time for: `cargo test --release -p pallet-compute -- --ignored many_worlds`.
#[test]
#[ignore = "takes minutes"]
fn no_payment_to_oneself_pays_in_many_worlds() {
	search(WORLDS..50 * WORLDS);
}

/// Each payment of few units is rounded: to make many of them is where a rounding in the payer's favour would add up.
#[test]
fn a_payment_in_many_pieces_of_few_units_wins_nothing() {
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
