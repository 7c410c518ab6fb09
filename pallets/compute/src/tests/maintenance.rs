//! Maintenance pauses of hosts.

use frame_support::assert_ok;
use hcc_primitives::{PaidTime, Pause};
use hcc_testing::{CurrentInterval, Fit, MockTickSource, Now, Pauses};

use crate::{mock::*, *};

const LASTS: u32 = 30;

/// Pauses the chip of miner 10 now. It is not fit until it is served again.
fn pause() -> Pause {
	let paid_from = MockTickSource::paid_slots();
	let pause = Pause { from: Now::get(), paid_from, until: Now::get() + LASTS };
	Pauses::set(vec![(chip_of(10), pause)]);
	Fit::set(vec![]);
	pause
}

fn charged_slots() -> u32 {
	let slots = |event| match event {
		Event::Charged { slots, .. } => Some(slots),
		_ => None,
	};
	events().into_iter().filter_map(slots).sum()
}

#[test]
fn vm_on_paused_chip_leaves_running_and_is_not_charged() {
	run(|| {
		let id = running();
		let booted = Now::get();
		ticks(5);
		let pause = pause();
		let end = CurrentInterval::get().from + LENGTH;
		while matches!(state(id), VmState::Running { .. }) {
			tick();
			assert!(Now::get() <= end + LENGTH, "its review comes once an interval");
		}
		let until = Now::get().max(pause.until) + RULES.acceptance;
		assert_eq!(state(id), VmState::Assigned { until });
		assert!(events().contains(&Event::HostPaused { vm: id, until }));
		assert_ok!(Compute::terminate(signed(TENANT), id));
		assert_eq!(charged_slots(), pause.from - booted, "only the time before the pause");
	});
}

#[test]
fn pause_that_is_over_is_noted_at_next_review() {
	run(|| {
		let id = running();
		let booted = Now::get();
		ticks(5);
		let pause = pause();
		ticks(2);
		// The host is back before the VM is reviewed.
		enlist(10);
		assert!(matches!(state(id), VmState::Running { .. }));
		while matches!(state(id), VmState::Running { .. }) {
			tick();
		}
		boot(id);
		let again = Now::get();
		ticks(7);
		assert!(matches!(state(id), VmState::Running { .. }), "it was booted after the pause");
		assert_ok!(Compute::terminate(signed(TENANT), id));
		assert_eq!(charged_slots(), pause.from - booted + Now::get() - again);
	});
}

#[test]
fn crash_of_paused_host_does_not_count() {
	run(|| {
		let id = running();
		ticks(5);
		let pause = pause();
		tick();
		assert_ok!(Compute::report_crash(signed(10), id));
		assert_eq!(state(id), VmState::Assigned { until: pause.until + RULES.acceptance });
		assert_eq!(vm(id).crashes, (0, 0));
	});
}
