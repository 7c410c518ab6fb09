//! What calls come to: events and errors.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod outcomes {
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A flavour can be ordered from now on, or no more.
		FlavourSet { flavour: FlavourId, row: Option<Flavour> },
		/// A tenant orders a VM for no more than `max_price` in 10⁻⁶ USD an hour, and sets `escrow` aside.
		Ordered { vm: Id, tenant: AccountIdOf<T>, max_price: u64, escrow: Balance },
		/// A miner is to boot it, at `rate`: in 10⁻⁶ USD an hour, times [`price::RATE_PARTS`].
		Assigned { vm: Id, miner: AccountIdOf<T>, generation: u32, rate: Rate },
		/// A miner that was to boot it has not done so.
		Failed { vm: Id, miner: AccountIdOf<T>, why: Failure },
		/// Its miner begins a boot: evidence must bind `nonce`, by tick `until`. `fee` is taken from its escrow, at that `price` of one α in 10⁻⁹ USD.
		BootBegun {
			vm: Id,
			miner: AccountIdOf<T>,
			counter: u32,
			nonce: [u8; 32],
			until: Tick,
			fee: Balance,
			price: Price,
		},
		/// It has shown its evidence, and runs. `fee` is paid; what the time of its boot costs is `burned`.
		Booted {
			vm: Id,
			chip: ChipHash,
			generation: u32,
			counter: u32,
			guest_pk: [u8; 32],
			ssh_host_key_hash: [u8; 32],
			fee: Balance,
			burned: Balance,
		},
		/// It was stopped.
		Stopped { vm: Id, why: StopReason },
		/// Its miner is to boot it again.
		Restarted { vm: Id },
		/// Its miner says that it has crashed.
		Crashed { vm: Id, today: u8 },
		/// It has another allotment now, at `rate`.
		Resized { vm: Id, allotted: Allotment, rate: Rate },
		/// Its tenant lets chips do from its next boot on that are trusted less, or no more.
		ReducedSet { vm: Id, reduced: bool },
		/// Its tenant has set more aside.
		ToppedUp { vm: Id, amount: Balance, escrow: Balance },
		/// Its escrow lasts for fewer intervals than there is a warning for: it costs `interval` in each.
		EscrowLow { vm: Id, escrow: Balance, interval: Balance },
		/// It ran for `ticks` from interval `first` to `last`: `amount` was taken from its escrow, at that `price` of one α in 10⁻⁹ USD.
		Charged {
			vm: Id,
			first: IntervalIndex,
			last: IntervalIndex,
			ticks: Tick,
			amount: Balance,
			price: Price,
		},
		/// Those intervals, in which it ran for `ticks`, are paid, at that `price` of one α in 10⁻⁹ USD.
		Settled {
			vm: Id,
			first: IntervalIndex,
			last: IntervalIndex,
			ticks: Tick,
			price: Price,
			miner: AccountIdOf<T>,
			to_miner: Balance,
			to_validators: Balance,
			to_treasury: Balance,
			burned: Balance,
		},
		/// Its chip was not live in those intervals: what was owed, at that `price`, is given back.
		Refunded {
			vm: Id,
			first: IntervalIndex,
			last: IntervalIndex,
			amount: Balance,
			price: Price,
		},
		/// Its guest has shown that it got less than it pays for: so much of what was owed, at that `price`, is given back.
		Lessened {
			vm: Id,
			first: IntervalIndex,
			last: IntervalIndex,
			amount: Balance,
			price: Price,
		},
		/// A VM was stopped for `ticks`, and its disk was kept: `amount` was paid for that, at that `price` of one α in 10⁻⁹ USD.
		DiskPaid { vm: Id, miner: AccountIdOf<T>, ticks: Tick, amount: Balance, price: Price },
		/// A boot came to nothing, and its fee was given back, or burned with what its time costs where the miner's chip was live.
		BootFailed { vm: Id, refunded: Balance, burned: Balance },
		/// It is gone. What was left of its escrow was given back.
		Terminated { vm: Id, why: EndReason, released: Balance },
		/// All of it is settled, and its deposit was given back.
		Removed { vm: Id },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// There is no such flavour. `compute.flavours` lists them.
		NoFlavour,
		/// A flavour has a vCPU, memory and disk at the least.
		EmptyFlavour,
		/// The configuration is not signed by its signer.
		BadSignature,
		/// Nobody knows what α is worth, or it changes too fast. Try again later.
		NoPrice,
		/// The escrow does not cover a boot and the first intervals at the highest price. `compute.least_escrow` tells how much does.
		EscrowTooSmall,
		/// There is no such VM.
		NoVm,
		/// The VM is another tenant's.
		NotTheTenant,
		/// The account signs for no miner, or the VM is another miner's.
		NotTheMiner,
		/// The VM is not in a state in which that can be done. `compute.vm` shows it.
		WrongState,
		/// The disk cannot become smaller.
		DiskShrinks,
		/// The miner has no room for that, or offers nothing now.
		NoRoom,
		/// It would cost more than the highest price.
		TooExpensive,
		/// The evidence does not hold, or the chain has no key of the miner's chips that the report names. The VM can show other evidence until its deadline.
		EvidenceRefused,
		/// The chip has not proven itself lately: answer its challenge first.
		HostNotLive,
		/// The chip's generation is trusted less than the order asks. Its tenant can let that do: `compute.set_reduced`.
		TrustTooLow,
		/// The chip is of a worse tier than the order asks. Boot it on another chip, if there is one.
		TierTooLow,
		/// As many crashes were told today as may be.
		TooManyCrashes,
		/// Too much of what the VM owes is not settled yet. Wait for an hour.
		Unsettled,
	}
}
