//! Benchmarks of the calls, each with rows and committees of the maximum size.

// If arithmetic overflows here, only a benchmark fails. Released runtimes do not contain this code.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

extern crate alloc;
use alloc::{vec, vec::Vec};

use codec::Encode;
use frame_benchmarking::v2::*;
use frame_support::{
	traits::{
		fungible::{InspectHold, Mutate},
		EnsureOrigin,
	},
	BoundedVec,
};
use frame_system::RawOrigin;
use hcc_evidence::{
	crypto::P256Key,
	host::EVAL_VERSION,
	tpm::{credential_secret, make_credential, seed_hash, CredentialSeed, EndorsementKey},
};
use hcc_primitives::{benchmarking::World, genesis, ActiveValidators, EnrolledTpm, TickSource};
use sp_io::hashing::blake2_256;
use sp_runtime::{traits::Zero, DispatchError, Saturating};

use super::*;

/// A TPM's certificate and the maximum number of authorities above it. All signatures are on P-521
/// with SHA-512, which are the slowest to verify.
const EK: &[u8] = include_bytes!("benchmarking/ek.der");
const INTERMEDIATES: [&[u8]; MAX_INTERMEDIATES as usize] = [
	include_bytes!("benchmarking/first.der"),
	include_bytes!("benchmarking/second.der"),
	include_bytes!("benchmarking/third.der"),
];
const ROOT: &[u8] = include_bytes!("benchmarking/root.der");

/// The generator of P-256, used as a valid key.
const POINT: P256Key = P256Key {
	x: [
		0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40,
		0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98,
		0xc2, 0x96,
	],
	y: [
		0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e,
		0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf,
		0x51, 0xf5,
	],
};

/// Returns the TPMT_PUBLIC of a restricted ECDSA key.
fn ak() -> AkBytes {
	let area = [
		&[0x00, 0x23, 0x00, 0x0b, 0x00, 0x05, 0x04, 0x72, 0x00, 0x00][..],
		&[0x00, 0x10, 0x00, 0x18, 0x00, 0x0b, 0x00, 0x03, 0x00, 0x10, 0x00, 0x20],
		&POINT.x,
		&[0x00, 0x20],
		&POINT.y,
	]
	.concat();
	area.try_into().expect("shorter than an RSA key")
}

fn certificate(der: &[u8]) -> CertificateBytes {
	der.to_vec().try_into().expect("not longer than the maximum")
}

fn intermediates() -> Intermediates {
	let all: Vec<_> = INTERMEDIATES.iter().map(|der| certificate(der)).collect();
	all.try_into().expect("the maximum number")
}

fn chip(number: u8) -> [u8; 32] {
	[number; 32]
}

fn seed_of(number: u32) -> CredentialSeed {
	(b"seed", number).using_encoded(blake2_256)
}

fn endowed<T: Config>(name: &'static str) -> AccountIdOf<T> {
	let who = account(name, 0, 0);
	let rich = Pallet::<T>::rules().min_bond.saturating_mul(100u32.into());
	T::NativeBalance::set_balance(&who, rich);
	who
}

/// Registers a miner and returns it with its hot key.
fn registered<T: Config>() -> Result<(AccountIdOf<T>, AccountIdOf<T>), BenchmarkError> {
	let (miner, hot) = (endowed::<T>("miner"), endowed::<T>("hot"));
	let bond = Pallet::<T>::rules().min_bond;
	Pallet::<T>::do_register(miner.clone(), bond, hot.clone(), Offer::default())?;
	Ok((miner, hot))
}

/// Registers a miner with a TPM and the maximum number of chips. Other pallets store the maximum
/// number of rows for each chip.
fn established<T: Config>() -> Result<(AccountIdOf<T>, AccountIdOf<T>), BenchmarkError> {
	let (miner, hot) = registered::<T>()?;
	for number in 1..=MAX_CHIPS as u8 {
		Pallet::<T>::do_add_chip(miner.clone(), chip(number))?;
	}
	own_tpm::<T>(&miner, [9; 32]);
	for number in 1..=MAX_CHIPS as u8 {
		T::World::engage(&chip(number), &miner);
	}
	Ok((miner, hot))
}

fn own_tpm<T: Config>(miner: &AccountIdOf<T>, ek: EkHash) {
	let qualified_name = vec![0; 34].try_into().expect("the length of a name");
	MinerOfEk::<T>::insert(ek, miner);
	Tpms::<T>::insert(miner, EnrolledTpm { ek, ak: ak(), qualified_name, root: [0; 32] });
}

/// Stores an enrolment with a committee of the maximum size, whose members have all posted correct
/// credentials. Returns the workers' keys.
fn enrolling<T: Config>(miner: &AccountIdOf<T>) -> Result<Vec<AccountIdOf<T>>, BenchmarkError> {
	let workers = T::World::validators(MAX_COMMITTEE);
	let ek_key = EndorsementKey::P256(POINT);
	let ak_name = Pallet::<T>::check_ak(&ak()).map_err(DispatchError::from)?;
	let mut committee = Pallet::<T>::draw_committee().map_err(DispatchError::from)?;
	let genesis = genesis::<T>();
	for (member, number) in committee.iter_mut().zip(0u32..) {
		let seed = seed_of(number);
		let made = make_credential(&genesis, &seed, &ek_key, &ak_name)
			.map_err(|_| BenchmarkError::Stop("the credential cannot be made"))?;
		let credential = CredentialBytes {
			id_object: made
				.id_object
				.try_into()
				.map_err(|_| BenchmarkError::Stop("the credential is too long"))?,
			encrypted_secret: made
				.encrypted_secret
				.try_into()
				.map_err(|_| BenchmarkError::Stop("the credential is too long"))?,
		};
		member.posted = Some(PostedCredential {
			seed_hash: seed_hash(&genesis, &seed),
			credential,
			answer: None,
			shown: None,
		});
	}
	let ek = ek_key.using_encoded(blake2_256);
	let row = Enrolment {
		ek,
		ek_key,
		root: [0; 32],
		ak: ak(),
		ak_name,
		committee,
		answered: false,
		answers_until: Pallet::<T>::rules().enrolment / 2,
		deadline: Pallet::<T>::rules().enrolment,
		eval_version: EVAL_VERSION,
		deposit: Pallet::<T>::hold_enrolment_deposit(miner)?,
	};
	Enrolments::<T>::insert(miner, row);
	Ok(workers)
}

/// Returns the correct answers to all credentials.
fn answers<T: Config>() -> Vec<(u8, [u8; 32])> {
	let genesis = genesis::<T>();
	(0..MAX_COMMITTEE)
		.map(|number| (number as u8, credential_secret(&genesis, &seed_of(number))))
		.collect()
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register() -> Result<(), BenchmarkError> {
		let (who, hot) = (endowed::<T>("miner"), endowed::<T>("hot"));
		let bond = Pallet::<T>::rules().min_bond;

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), bond, hot, Offer::default());

		assert!(Miners::<T>::contains_key(who));
		Ok(())
	}

	#[benchmark]
	fn bond_more() -> Result<(), BenchmarkError> {
		let (who, _) = established::<T>()?;
		let extra = Pallet::<T>::rules().min_bond;

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), extra);

		assert!(Miners::<T>::get(who).is_some_and(|miner| miner.bond > extra));
		Ok(())
	}

	#[benchmark]
	fn set_hot() -> Result<(), BenchmarkError> {
		let (who, _) = established::<T>()?;
		let hot: AccountIdOf<T> = account("other", 0, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), hot.clone());

		assert!(Miners::<T>::get(who).is_some_and(|miner| miner.hot == hot));
		Ok(())
	}

	#[benchmark]
	fn set_offer() -> Result<(), BenchmarkError> {
		let (who, _) = established::<T>()?;
		let offer = Offer { region: 276, vcpus: 64, memory: 1 << 18, disk: 4_096, price: 1_000 };

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), offer);

		assert!(Miners::<T>::get(who).is_some_and(|miner| miner.offer == offer));
		Ok(())
	}

	#[benchmark]
	fn add_chip() -> Result<(), BenchmarkError> {
		let (who, _) = registered::<T>()?;
		Pallet::<T>::do_add_chip(who.clone(), chip(1))?;
		own_tpm::<T>(&who, [9; 32]);

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), chip(2));

		assert_eq!(MinerOfChip::<T>::get(chip(2)), Some(who));
		Ok(())
	}

	#[benchmark]
	fn remove_chip() -> Result<(), BenchmarkError> {
		let (who, _) = established::<T>()?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who), chip(1));

		assert_eq!(MinerOfChip::<T>::get(chip(1)), None);
		Ok(())
	}

	#[benchmark]
	fn enrol_tpm() -> Result<(), BenchmarkError> {
		let (miner, hot) = established::<T>()?;
		// The deposit of this former enrolment is lost.
		enrolling::<T>(&miner)?;
		T::World::set_tick(Pallet::<T>::rules().enrolment + 1);
		T::World::trust_vendor(ROOT);

		#[extrinsic_call]
		_(RawOrigin::Signed(hot), miner.clone(), certificate(EK), intermediates(), ak());

		let now = T::TickSource::now();
		assert!(Enrolments::<T>::get(miner).is_some_and(|row| row.deadline > now));
		Ok(())
	}

	#[benchmark]
	fn post_credential() -> Result<(), BenchmarkError> {
		let (miner, _) = established::<T>()?;
		let workers = enrolling::<T>(&miner)?;
		let last = MAX_COMMITTEE as usize - 1;
		let posted = Enrolments::<T>::mutate(&miner, |row| {
			row.as_mut().and_then(|row| row.committee.get_mut(last)?.posted.take())
		})
		.ok_or(BenchmarkError::Stop("no credential was posted"))?;

		#[extrinsic_call]
		_(
			RawOrigin::Signed(workers[last].clone()),
			T::Validators::active()[last].clone(),
			miner.clone(),
			posted.seed_hash,
			posted.credential.clone(),
		);

		let row = Enrolments::<T>::get(miner).ok_or(BenchmarkError::Stop("no enrolment"))?;
		assert_eq!(row.committee[last].posted, Some(posted));
		Ok(())
	}

	#[benchmark]
	fn answer_credentials() -> Result<(), BenchmarkError> {
		let (miner, hot) = established::<T>()?;
		enrolling::<T>(&miner)?;
		let answers = BoundedVec::truncate_from(answers::<T>());

		#[extrinsic_call]
		_(RawOrigin::Signed(hot), miner.clone(), answers);

		assert!(Enrolments::<T>::get(miner).is_some_and(|row| row.answered));
		Ok(())
	}

	/// Measures the seed that completes an enrolment and replaces another TPM.
	#[benchmark]
	fn reveal_seed() -> Result<(), BenchmarkError> {
		let (miner, hot) = established::<T>()?;
		let workers = enrolling::<T>(&miner)?;
		Pallet::<T>::do_answer_credentials(&hot, miner.clone(), &answers::<T>())?;
		let validators = T::Validators::active();
		let before = hcc_primitives::supermajority(MAX_COMMITTEE) - 1;
		for ((worker, validator), number) in workers.iter().zip(&validators).zip(0..before) {
			let (validator, seed) = (validator.clone(), seed_of(number));
			Pallet::<T>::do_reveal_seed(worker, validator, miner.clone(), &seed)?;
		}
		let last = before as usize;

		#[extrinsic_call]
		_(
			RawOrigin::Signed(workers[last].clone()),
			validators[last].clone(),
			miner.clone(),
			seed_of(before),
		);

		assert!(Tpms::<T>::get(miner).is_some_and(|tpm| tpm.ek != [9; 32]));
		Ok(())
	}

	#[benchmark]
	fn exit() -> Result<(), BenchmarkError> {
		let (who, _) = established::<T>()?;
		enrolling::<T>(&who)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));

		assert!(Miners::<T>::get(who).is_some_and(|miner| miner.withdrawable.is_some()));
		Ok(())
	}

	#[benchmark]
	fn withdraw() -> Result<(), BenchmarkError> {
		let (who, _) = established::<T>()?;
		Pallet::<T>::do_exit(who.clone())?;
		T::World::set_tick(u32::MAX);

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));

		assert!(!Miners::<T>::contains_key(&who));
		assert!(T::NativeBalance::balance_on_hold(&HoldReason::Bond.into(), &who).is_zero());
		Ok(())
	}

	#[benchmark]
	fn lift_ban() -> Result<(), BenchmarkError> {
		let origin = T::PardonOrigin::try_successful_origin()
			.map_err(|_| BenchmarkError::Stop("the origin does not exist"))?;
		Banned::<T>::insert([1; 32], ());

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, [1; 32]);

		assert!(!Banned::<T>::contains_key([1; 32]));
		Ok(())
	}

	#[benchmark]
	fn set_relay() -> Result<(), BenchmarkError> {
		let (miner, hot) = established::<T>()?;
		let relay = RelayEndpoint::truncate_from(vec![b':'; MAX_RELAY as usize]);

		#[extrinsic_call]
		_(RawOrigin::Signed(hot), miner.clone(), relay);

		assert!(Relays::<T>::contains_key(miner));
		Ok(())
	}
}
