//! Tests of offers: the chips and the bond limit the vCPUs that receive work.

use frame_support::assert_ok;
use hcc_evidence::snp::{ProductLine, Vek};
use hcc_evidence_testing::Machine;
use hcc_primitives::{EnrolledTpm, MinerSlasher, OfferBook};
use hcc_testing::add_vek;
use sp_runtime::Perbill;

use crate::{mock::*, *};

/// Registers a miner with a TPM that offers `vcpus` vCPUs. Its bond covers `covered` of them.
fn offering(vcpus: u16, covered: u64) {
	let offer = Offer { vcpus, ..Offer::default() };
	assert_ok!(Registry::register(signed(1), covered * VCPU_BOND, account(101), offer));
	let tpm = EnrolledTpm {
		ek: [7; 32],
		ak: Default::default(),
		qualified_name: Default::default(),
		root: [8; 32],
	};
	MinerOfEk::<Test>::insert(tpm.ek, account(1));
	Tpms::<Test>::insert(account(1), tpm);
}

/// Adds a chip with this number. With `product`, also adds a key of that product line.
fn add(number: u8, product: Option<ProductLine>) {
	let chip = [number; 32];
	assert_ok!(Registry::add_chip(signed(1), chip));
	if let Some(product) = product {
		add_vek(chip, Vek { product, ..Machine::named("any").vek });
	}
}

fn offered() -> Option<u32> {
	<Registry as OfferBook<_>>::offered(&account(1)).map(|offer| offer.vcpus)
}

#[test]
fn offer_is_bounded_by_threads_of_chips() {
	for (product, threads) in
		[(ProductLine::Milan, 128), (ProductLine::Genoa, 256), (ProductLine::Turin, 384)]
	{
		run(|| {
			offering(u16::MAX, 4_000);
			assert_eq!(offered(), None, "the miner has no chip");
			add(1, None);
			assert_eq!(offered(), Some(0), "the chip has no key");
			add(2, Some(product));
			assert_eq!(offered(), Some(threads));
			add_vek([1; 32], Vek { product, ..Machine::named("any").vek });
			assert_eq!(offered(), Some(2 * threads));
		});
	}
}

#[test]
fn offer_is_bounded_by_bond() {
	run(|| {
		offering(100, 60);
		add(1, Some(ProductLine::Milan));
		assert_eq!(offered(), Some(60));
		assert_ok!(Registry::bond_more(signed(1), 21 * VCPU_BOND - 1));
		assert_eq!(offered(), Some(80), "rounded down");
		<Registry as MinerSlasher<_>>::slash(
			&account(1),
			Some(&[1; 32]),
			Perbill::from_percent(25),
		);
		assert_eq!(offered(), Some(60), "a slash of the bond lowers the offer");
		assert_ok!(Registry::bond_more(signed(1), 1_000));
		assert_eq!(offered(), Some(100), "never more than offered");
	});
}

#[test]
fn bond_for_vcpu_is_at_least_one_unit() {
	let rules = Rules { vcpu_bond: 0, ..MockRules::get() };
	assert_eq!(rules.clamped().vcpu_bond, 1);
}
