//! Events and errors of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A flavour was created or replaced, or was removed if `row` is `None`.
		FlavourSet { flavour: FlavourId, row: Option<Flavour> },
		/// A tenant ordered a VM at a price of at most `max_price` in 10⁻⁶ USD an hour. `escrow`
		/// was put on hold.
		Ordered { vm: Id, tenant: AccountIdOf<T>, max_price: u64, escrow: Balance },
		/// The chain searched for a miner. The price of the search, `amount`, was burned from the
		/// escrow.
		SearchPaid { vm: Id, amount: Balance },
		/// A VM was assigned to a miner, which has to boot it. `rate` is the price in 10⁻⁶ USD an
		/// hour, times [`price::RATE_PARTS`].
		Assigned { vm: Id, miner: AccountIdOf<T>, generation: u32, rate: Rate },
		/// A miner did not boot the VM before its deadline, or the chain did not allow the boot.
		AssignmentFailed { vm: Id, miner: AccountIdOf<T>, why: AssignmentFailure },
		/// A miner began a boot. The evidence must contain `nonce` and is due by tick `until`.
		/// `fee` was taken from the escrow, at `price` in 10⁻⁹ USD for one α.
		BootBegun {
			vm: Id,
			miner: AccountIdOf<T>,
			counter: u32,
			nonce: [u8; 32],
			until: Tick,
			fee: Balance,
			price: Price,
		},
		/// The boot evidence was accepted. The guest has to confirm the boot by tick `until`.
		Attested {
			vm: Id,
			chip: ChipHash,
			generation: u32,
			counter: u32,
			evidence: [u8; 32],
			until: Tick,
		},
		/// The guest confirmed the boot and the VM runs. `fee` was paid. The price of the boot time
		/// was `burned`.
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
		/// Evidence of a boot was refused. `refusals` counts the refusals of this boot. Refusal
		/// number [`MAX_REFUSALS`] ends the boot.
		AttestRefused { vm: Id, refusals: u8 },
		/// A VM was stopped.
		Stopped { vm: Id, why: StopReason },
		/// A tenant started or rebooted a VM. Its miner has to boot it again.
		Restarted { vm: Id },
		/// A miner reported that the VM crashed. `today` is its number of crashes on this day.
		Crashed { vm: Id, today: u8 },
		/// The chip of a running VM was paused for maintenance, so the VM no longer runs. Its miner
		/// has to begin a boot by tick `until`.
		HostPaused { vm: Id, until: Tick },
		/// A VM has a new flavour. Its price is now `rate`.
		Resized { vm: Id, allotted: Allotment, rate: Rate },
		/// The tenant set a new revision of the configuration, with which the VM boots from now on.
		ConfigSet { vm: Id, revision: u32, hash: [u8; 32] },
		/// The tenant allowed chips with reduced trust, or forbade them, from the next boot on.
		ReducedSet { vm: Id, reduced: bool },
		/// A tenant added `amount` to the escrow.
		ToppedUp { vm: Id, amount: Balance, escrow: Balance },
		/// The escrow covers fewer than [`Rules::warning`] intervals. Each interval costs
		/// `interval`.
		EscrowLow { vm: Id, escrow: Balance, interval: Balance },
		/// The VM ran for `slots` paid slots in the intervals `first` to `last`. `amount` was taken
		/// from the escrow, at `price` in 10⁻⁹ USD for one α.
		Charged {
			vm: Id,
			first: IntervalIndex,
			last: IntervalIndex,
			slots: PaidSlots,
			amount: Balance,
			price: Price,
		},
		/// A charge was settled: the intervals `first` to `last`, in which the VM ran for `slots`
		/// paid slots. `price` is in 10⁻⁹ USD for one α.
		Settled {
			vm: Id,
			first: IntervalIndex,
			last: IntervalIndex,
			slots: PaidSlots,
			price: Price,
			miner: AccountIdOf<T>,
			to_miner: Balance,
			to_validators: Balance,
			to_treasury: Balance,
			burned: Balance,
		},
		/// A charge was refunded, because the chip was not live in the intervals `first` to `last`.
		/// `price` is the price of α at the charge.
		Refunded {
			vm: Id,
			first: IntervalIndex,
			last: IntervalIndex,
			amount: Balance,
			price: Price,
		},
		/// A part of a charge was refunded because of the guest's receipts: the VM received less
		/// than it paid for. `price` is the price of α at the charge.
		ChargeReduced {
			vm: Id,
			first: IntervalIndex,
			last: IntervalIndex,
			amount: Balance,
			price: Price,
		},
		/// A part of a charge was burned, because the guest submitted no receipt for the intervals
		/// `first` to `last`. `price` is the price of α at the charge.
		ChargeBurned {
			vm: Id,
			first: IntervalIndex,
			last: IntervalIndex,
			amount: Balance,
			price: Price,
		},
		/// Disk rent of a stopped VM was paid for `slots` slots. `price` is in 10⁻⁹ USD for one α.
		DiskPaid { vm: Id, miner: AccountIdOf<T>, slots: PaidSlots, amount: Balance, price: Price },
		/// A boot failed. If a chip of the miner is live, the fee and the price of the boot time
		/// were `burned`. If no chip is live, the fee was `refunded` to the escrow.
		BootFailed { vm: Id, refunded: Balance, burned: Balance },
		/// A VM ended. The rest of its escrow was `released` to the tenant. Open charges are
		/// settled later.
		Terminated { vm: Id, why: EndReason, released: Balance },
		/// All charges of a VM are settled. Its deposit was returned and its rows were removed.
		Removed { vm: Id },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The flavour does not exist. `compute.flavours` lists all flavours.
		NoFlavour,
		/// The flavour has no vCPUs, no memory or no disk.
		EmptyFlavour,
		/// The signature of the configuration is not valid for its signer.
		BadSignature,
		/// The configuration is empty.
		EmptyConfig,
		/// The revision of the configuration is not higher than the current one.
		OldRevision,
		/// An order of the tenant with this nonce exists. Choose another nonce.
		NonceInUse,
		/// The image is not in the directory. Choose another image, or keep the number of vCPUs.
		NoImage,
		/// The image has no row for the number of vCPUs. Choose another flavour or image.
		NoRow,
		/// The order demands an endorsement, and governance does not endorse the image.
		NotEndorsed,
		/// The image has fewer rebuild statements than the order demands.
		TooFewRebuilds,
		/// The launch measurement is that of the attestation agent of hosts, which no tenant can
		/// order.
		AgentImage,
		/// The price of α is unknown, or it changes too fast. Try again later.
		NoPrice,
		/// The escrow does not cover a boot and the first intervals, or the searches for a miner.
		/// `compute.least_escrow` returns the minimum for a new order.
		EscrowTooSmall,
		/// The VM does not exist.
		NoVm,
		/// The VM belongs to another tenant.
		NotTheTenant,
		/// The account is not the hot key of a miner, or the VM is assigned to another miner.
		NotTheMiner,
		/// The VM's state does not allow this call. `compute.vm` returns the state.
		WrongState,
		/// The disk of the new flavour is smaller. Disks only grow.
		DiskShrinks,
		/// The miner does not have enough free capacity, or has no offer at present.
		NoRoom,
		/// The price exceeds the maximum price.
		TooExpensive,
		/// The evidence was rejected, or the chain has no key of the miner's chip that the report
		/// names. The miner can submit other evidence until the deadline, or until
		/// [`MAX_REFUSALS`] calls were refused.
		EvidenceRefused,
		/// The confirmation is of another boot, or its signature is not valid for the key of the
		/// guest.
		ConfirmationRefused,
		/// The chip has no recent accepted evidence. Answer its challenge first.
		HostNotLive,
		/// The trust in the chip's generation is lower than the order requires. The tenant can
		/// allow reduced trust with `compute.set_reduced`.
		TrustTooLow,
		/// The chip's tier is worse than the order requires. Boot the VM on another chip, if there
		/// is one.
		TierTooLow,
		/// The miner has reported the maximum number of crashes of this VM today.
		TooManyCrashes,
		/// Too many charges of the VM are not settled yet. Wait for an hour.
		Unsettled,
	}
}
