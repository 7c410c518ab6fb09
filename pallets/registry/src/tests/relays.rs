//! Tests of the endpoints of relays.

use frame_support::{assert_noop, assert_ok};

use crate::{mock::*, *};

fn endpoint(text: &str) -> RelayEndpoint {
	text.as_bytes().to_vec().try_into().expect("it is short")
}

#[test]
fn hot_key_publishes_and_removes_relay() {
	run(|| {
		registered(1);
		assert_ok!(Registry::set_relay(signed(101), account(1), endpoint("192.0.2.1:7922")));
		assert_eq!(Relays::<Test>::get(account(1)), Some(endpoint("192.0.2.1:7922")));
		assert_ok!(Registry::set_relay(signed(101), account(1), endpoint("")));
		assert_eq!(Relays::<Test>::get(account(1)), None);
	});
}

#[test]
fn relay_needs_hot_key_of_miner() {
	run(|| {
		registered(1);
		registered(2);
		for signer in [1, 2, 102] {
			let refused = Registry::set_relay(signed(signer), account(1), endpoint("a:1"));
			assert_noop!(refused, Error::<Test>::NotHotKey);
		}
	});
}

#[test]
fn malformed_relay_is_refused() {
	run(|| {
		registered(1);
		for text in ["host", "host :1", "host:1\n", "\u{1b}[2J:1", "hóst:1"] {
			let refused = Registry::set_relay(signed(101), account(1), endpoint(text));
			assert_noop!(refused, Error::<Test>::RelayMalformed);
		}
	});
}

#[test]
fn exit_removes_relay() {
	run(|| {
		registered(1);
		assert_ok!(Registry::set_relay(signed(101), account(1), endpoint("a:1")));
		assert_ok!(Registry::exit(signed(1)));
		assert_eq!(Relays::<Test>::get(account(1)), None);
		let refused = Registry::set_relay(signed(101), account(1), endpoint("a:1"));
		assert_noop!(refused, Error::<Test>::NotHotKey);
	});
}
