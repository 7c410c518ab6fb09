//! Attacks of tenants and miners.

use frame_support::{
	assert_noop, assert_ok,
	traits::Hooks,
	weights::{Weight, WeightMeter},
};
use hcc_primitives::{units::Balance, EffectiveOffer, LivenessStatus, Tier};
use hcc_testing::{Fit, LivedIn, Now, Offering};

use crate::{mock::*, *};

#[test]
fn order_flood_only_delays_others() {
	run(|| {
		let nowhere = OrderRequestOf::<Test> { region: Some(1), ..small() };
		for _ in 0..300 {
			assert_ok!(order_by(2, nowhere.clone(), ESCROW));
		}
		assert_ok!(order(small()));
		let mine = LastId::<Test>::get();
		let room = Compute::attend_weight().saturating_mul(20);
		let mut waited = 0;
		while matches!(state(mine), VmState::Pending { .. }) {
			Now::mutate(|now| *now += 1);
			Compute::on_poll(Now::get().into(), &mut WeightMeter::with_limit(room));
			Compute::do_try_state().expect("the invariants hold");
			waited += 1;
			assert!(
				waited <= 1 + 301 / 18,
				"a block has room for twenty reviews, less the cost of reading the agenda"
			);
		}
		// All orders without a miner are refunded.
		ticks(RULES.placement + 1);
		assert_eq!(Vms::<Test>::iter().count(), 1);
		assert_eq!(free(2), ENDOWMENT);
	});
}

#[test]
fn full_block_postpones_review() {
	run(|| {
		assert_ok!(order(small()));
		tick();
		Now::mutate(|now| *now += 1);
		Compute::on_poll(3, &mut WeightMeter::with_limit(Weight::zero()));
		assert!(matches!(state(1), VmState::Pending { .. }));
		ticks(1);
		assert!(matches!(state(1), VmState::Assigned { .. }));
	});
}

#[test]
fn top_ups_never_postpone_settlement() {
	run(|| {
		let id = running();
		for _ in 0..4 * LENGTH {
			tick();
			assert_ok!(Compute::top_up(signed(TENANT), id, 1));
		}
		assert!(vm(id).charges.len() <= 1, "each interval is settled in time");
		assert!(Compute::paid().settled >= worth(2 * LENGTH));
		assert_eq!(Compute::paid().refunded, 0);
	});
}

#[test]
fn repeated_resizes_never_overflow_charges() {
	run(|| {
		let id = running();
		let now = hcc_testing::CurrentInterval::get().index;
		for interval in now..now + 4 {
			LivedIn::mutate(|all| all.push((chip_of(10), interval, LivenessStatus::Unsettled)));
		}
		let mut refused = false;
		for _ in 0..20 {
			tick();
			if Compute::stop(signed(TENANT), id).is_err() {
				break;
			}
			let resized = Compute::resize(signed(TENANT), id, SMALL, 200_000);
			if resized.is_err() {
				assert_noop!(
					Compute::resize(signed(TENANT), id, SMALL, 200_000),
					Error::<Test>::Unsettled
				);
				refused = true;
				break;
			}
			if Compute::start(signed(TENANT), id).is_err() {
				refused = true;
				break;
			}
			boot(id);
		}
		assert!(refused);
		assert!(vm(id).charges.len() <= BUSY);
		intervals(3);
		assert_eq!(Compute::paid().refunded, 0);
	});
}

#[test]
fn vanished_miner_earns_nothing_and_blocks_no_tenant() {
	run(|| {
		assert_ok!(order(small()));
		ticks(2);
		Fit::set(vec![]);
		let before = free(10);
		ticks(RULES.acceptance + RULES.placement + 2);
		assert_eq!(Compute::vm(1), None, "there was no other miner");
		assert_eq!((free(TENANT), free(10)), (ENDOWMENT, before));
	});
}

#[test]
fn images_that_never_boot_cost_their_tenant() {
	run(|| {
		enlist(11);
		enlist(12);
		assert_ok!(order(small()));
		let mut tries = 0;
		while Compute::vm(1).is_some() {
			tick();
			if let Some(VmState::Assigned { .. }) = Compute::vm(1).map(|vm| vm.state) {
				assert_ok!(Compute::boot(signed(miner_of(1)), 1));
				tries += 1;
			}
		}
		assert_eq!(tries, MAX_GENERATIONS);
		let cost = boot_fee() + worth(RULES.boot);
		assert_eq!(ENDOWMENT - free(TENANT), u128::from(tries) * cost);
		for miner in [10, 11, 12] {
			assert_eq!(free(miner), ENDOWMENT);
		}
	});
}

/// A guest can work before it submits evidence, so its tenant pays for all boot time.
#[test]
fn repeated_late_boots_cost_all_boot_time() {
	run(|| {
		let id = running();
		let (before, earned) = (held(TENANT), free(10));
		for boots in 1..=5u128 {
			assert_ok!(Compute::reboot(signed(TENANT), id));
			assert_ok!(Compute::boot(signed(10), id));
			ticks(RULES.boot);
			assert_ok!(show(&signed(10), id));
			assert_eq!(before - held(TENANT), boots * (boot_fee() + worth(RULES.boot)));
		}
		assert_eq!(free(10) - earned, 5 * (boot_fee() * 8 / 10), "the miner does not gain from it");
	});
}

/// The burn of boot time does not reduce the miner's pay for earlier time.
#[test]
fn boot_time_burns_no_uncharged_time() {
	run(|| {
		let id = running();
		ticks(20);
		assert_ok!(Compute::report_crash(signed(10), id));
		Vms::<Test>::mutate(id, |vm| {
			let vm = vm.as_mut().expect("the VM exists");
			let left = worth(20) + boot_fee() + 7;
			Compute::release(HoldReason::Escrow, &vm.tenant, vm.escrow - left);
			vm.escrow = left;
		});
		assert_ok!(Compute::boot(signed(10), id));
		ticks(RULES.boot + 1);
		assert_eq!(vm(id).escrow, worth(20), "the fee and 7 units are burned");
		let burned = boot_fee() + 7;
		let event = Event::BootFailed { vm: id, refunded: 0, burned };
		assert!(events().contains(&event));
	});
}

/// Orders that end as soon as they are assigned cost only transaction fees. They cost the miner
/// nothing: its room is free immediately for tenants that pay.
#[test]
fn terminated_assignments_free_room_immediately() {
	run(|| {
		for _ in 0..20 {
			let both = [(); 2].map(|()| {
				assert_ok!(order(small()));
				LastId::<Test>::get()
			});
			ticks(2);
			assert_ok!(order_by(2, small(), ESCROW));
			ticks(2);
			let other = LastId::<Test>::get();
			assert!(vm(other).place.is_none(), "the miner has room for two");
			for id in both {
				assert_ok!(Compute::terminate(signed(TENANT), id));
			}
			ticks(RULES.acceptance);
			assert!(vm(other).place.is_some(), "the room is free immediately");
			assert_ok!(Compute::terminate(signed(2), other));
		}
		assert_eq!((held(TENANT), free(TENANT)), (0, ENDOWMENT));
		assert_eq!((free(10), Compute::used_of(account(10))), (ENDOWMENT, Allotment::default()));
	});
}

#[test]
fn self_rental_always_loses() {
	run(|| {
		// Tenant, miner and the validators of the pot are the same party.
		let wealth = || free(TENANT) + held(TENANT) + free(10) + free(200);
		let poll = || Emission::on_poll(System::block_number(), &mut WeightMeter::new());
		poll();
		let before = wealth();
		let id = running();
		intervals(5);
		assert_ok!(Compute::terminate(signed(TENANT), id));
		intervals(2);
		let paid = Compute::paid();
		assert_eq!(before - wealth(), paid.treasury + paid.burned);
		// The era of the payments ends, and all payouts of its miner are claimed.
		let era = Emission::era().index;
		while Emission::era().index <= era {
			tick();
			poll();
		}
		for era in 0..=era {
			let _ = Emission::payout(signed(TENANT), era, account(10));
		}
		let brought = Emission::totals();
		assert!(brought.paid_out > 0, "the work earns new α");
		// The validators' part of an era does not depend on the payments.
		let lost = before + brought.validators - wealth();
		assert_eq!(lost + brought.paid_out, paid.treasury + paid.burned);
		assert!(lost >= paid.settled / 20, "{lost} of {}", paid.settled);
	});
}

#[test]
fn stop_before_accounting_saves_nothing() {
	run(|| {
		let id = running();
		let mut ran = 0;
		for _ in 0..3 {
			ticks(LENGTH - 3);
			ran += LENGTH - 3;
			assert_ok!(Compute::stop(signed(TENANT), id));
			ticks(3);
			assert_ok!(Compute::start(signed(TENANT), id));
			boot(id);
		}
		assert_ok!(Compute::stop(signed(TENANT), id));
		intervals(2);
		let charged: u32 = events()
			.into_iter()
			.filter_map(|event| match event {
				Event::Charged { slots, .. } => Some(slots),
				_ => None,
			})
			.sum();
		assert_eq!(charged, ran);
	});
}

#[test]
fn extreme_amounts_never_overflow() {
	run(|| {
		let most =
			Allotment { vcpus: u32::MAX, memory: u32::MAX, disk: u32::MAX, egress: u32::MAX };
		let flavour = Flavour { name: Default::default(), allotted: most };
		assert_ok!(Compute::set_flavour(RuntimeOrigin::root(), 7, Some(flavour)));
		let list = List { vcpu: u32::MAX, memory: u32::MAX, disk: u32::MAX, egress: u32::MAX };
		MockRules::set(Rules { list, boot_fee: u32::MAX, ..RULES });
		let mut huge = small();
		huge.flavour = 7;
		huge.max_price = u64::MAX;
		let refused = order_by(TENANT, huge, ESCROW);
		assert_noop!(refused, Error::<Test>::EscrowTooSmall);
		assert!(Compute::quote(7).is_some());
		// Orders an equally large VM at a price that fits the types, paid from an extreme balance.
		let list = List { vcpu: 1 << 28, memory: 1 << 28, disk: 1 << 20, egress: 1 << 20 };
		MockRules::set(Rules { list, ..RULES });
		hcc_testing::register(account(12), vec![chip_of(12)], None);
		let offered = EffectiveOffer {
			region: 276,
			vcpus: u32::MAX,
			memory: u32::MAX,
			disk: u32::MAX,
			ask: 1_000,
		};
		Offering::mutate(|all| all.push((account(12), offered)));
		Fit::mutate(|all| all.push((chip_of(12), Tier::Regular)));
		let wealth = Balance::from(u64::MAX) * Balance::from(u32::MAX);
		endow(&account(2), wealth);
		let huge = OrderRequestOf::<Test> { flavour: 7, max_price: u64::MAX, ..small() };
		assert_ok!(order_by(2, huge, wealth / 2));
		let id = LastId::<Test>::get();
		ticks(2);
		boot(id);
		intervals(3);
		let paid = Compute::paid();
		assert!(paid.settled > 1 << 64, "the payment exceeds 64 bits: {paid:?}");
		assert_ok!(Compute::terminate(signed(2), id));
		intervals(2);
		assert_eq!(Compute::vm(id), None);
		let gone = wealth - free(2);
		assert_eq!(gone, Compute::paid().settled, "to the last unit");
	});
}
