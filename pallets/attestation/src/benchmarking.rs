//! Benchmarks: evidence that comes in, challenges and what comes of them, each with the largest rows that there can be.

// A benchmark that fails here is never measured; none of it is in a runtime that ships.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

extern crate alloc;
use alloc::{boxed::Box, vec, vec::Vec};

use codec::Encode;
use frame_benchmarking::v2::*;
use frame_support::{traits::Get, weights::WeightMeter, BoundedVec};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use hcc_evidence::{
	crypto::P384Key,
	host::{
		challenge_nonce, claim_seq, host_report_data, quote_extra_data, BootState, Claims,
		FoldedLog, HostEvidence, ImaDelta, PinnedContext, EVAL_VERSION, QUOTED_PCRS,
	},
	ima::Findings,
	snp::{GuestPolicy, ProductLine, TcbVersion, Vek, VekKind, REPORT_LEN},
	tpm::PcrBank,
	UnixSeconds,
};
use hcc_primitives::{
	benchmarking::{World, NOW},
	finding::MAX_CLAIMS,
	genesis, ChipHash, EnrolledTpm, Finding, Miners, NodeCrypto, OnChip, OnVerdict, Reputation,
	SubjectId, Tier,
};
use sp_core::H256;
use sp_io::hashing::blake2_256;
use sp_runtime::DispatchError;

use super::*;

/// The longest name of a file of which the weight is measured; beside [`Config::MaxEntries`] entries it just fits into a part.
const LONG_NAME: u32 = 8 << 10;
/// How many required files a checkpoint can have seen: as many as policy has versions of them.
const REQUIRED: usize = 64;
const TCB: TcbVersion = TcbVersion { fmc: None, boot_loader: 0, tee: 0, snp: 0, microcode: 0 };

fn chip(number: u32) -> ChipHash {
	(b"chip", number).using_encoded(blake2_256)
}

fn boot() -> BootState {
	BootState {
		reset_count: 1,
		restart_count: 0,
		pcr10: [1; 32],
		entries: 1_000,
		required_seen: vec![[2; 32]; REQUIRED],
	}
}

/// A log that was handed in, with as much as one can have.
fn handed_in<T: Config>() -> FoldedLog {
	FoldedLog {
		id: [6; 32],
		revision: T::FilesTightened::get(),
		pcr10: [1; 32],
		entries: 1_000,
		boot_aggregate: [5; 32],
		required_seen: vec![[2; 32]; REQUIRED],
		findings: Findings { forbidden: Some(1), unknown: Some(2), fault: Some((3, 1105)) },
	}
}

/// Records of a log, each of another file; the last one with a name of so many bytes more.
fn records(entries: u32, more: u32) -> Vec<u8> {
	let field = |bytes: &[u8]| [&(bytes.len() as u32).to_le_bytes(), bytes].concat();
	let record = |number: u32| {
		let digest = number.using_encoded(blake2_256);
		let name = match number {
			0 => b"boot_aggregate\0".to_vec(),
			_ if number + 1 == entries => vec![b'f'; more as usize + 2],
			_ => b"f\0".to_vec(),
		};
		let data = [field(&[&b"sha256:\0"[..], &digest].concat()), field(&name)].concat();
		let hint = PcrBank::Sha1.hash(&[&data]);
		[&10u32.to_le_bytes()[..], &hint, &field(b"ima-ng"), &field(&data)].concat()
	};
	(0..entries).flat_map(record).collect()
}

fn tpm() -> EnrolledTpm {
	EnrolledTpm {
		ek: [9; 32],
		ak: BoundedVec::truncate_from(vec![1; 600]),
		qualified_name: BoundedVec::truncate_from(vec![1; 66]),
		root: [1; 32],
	}
}

fn vek(chip: &ChipHash) -> Vek {
	let mut hardware_id = [0; 64];
	hardware_id[..32].copy_from_slice(chip);
	Vek {
		product: ProductLine::Genoa,
		ark: [7; 32],
		issuer: [8; 20],
		kind: VekKind::Vcek { hardware_id },
		tcb: TCB,
		key: P384Key { x: [1; 48], y: [2; 48] },
		not_before: UnixSeconds(0),
		not_after: NOW,
	}
}

/// A chip that has proven itself before, of a miner of its own.
fn host<T: Config>(number: u32) -> ChipHash {
	let (chip, miner) = (chip(number), account("miner", number, 0));
	T::World::register(&miner, &[chip], EnrolledTpm { ek: chip, ..tpm() });
	Pallet::<T>::on_ready(&chip, &miner);
	Hosts::<T>::mutate(chip, |host| {
		if let Some(host) = host {
			host.checkpoint = Some(boot());
			host.former = Some(boot());
			host.boot_profile = Some([3; 32]);
		}
	});
	chip
}

/// Puts a chip into another tier than it deserves, so that its next conduct moves it, and others before it there.
fn misplace<T: Config>(chip: &ChipHash) {
	let deserved = T::Reputation::tier(chip);
	let other = if deserved == Tier::Suspended { Tier::Trusted } else { Tier::Suspended };
	Pallet::<T>::move_to(chip, other);
}

/// TPMS_ATTEST of a quote with that extraData.
fn quote(extra_data: &[u8]) -> Vec<u8> {
	let tpm2b = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
	[
		&0xff54_4347u32.to_be_bytes()[..],
		&0x8018u16.to_be_bytes(),
		&tpm2b(&[0; 34]),
		&tpm2b(extra_data),
		// TPMS_CLOCK_INFO and the firmware's version.
		&[0; 16],
		&[1],
		&[0; 8],
		// One bank of SHA-256: PCR 0 to 10 and 14.
		&1u32.to_be_bytes(),
		&0x000bu16.to_be_bytes(),
		&[3, 0xff, 0x47, 0x00],
		&tpm2b(&[0; 32]),
	]
	.concat()
}

/// ATTESTATION_REPORT of version 2 with that REPORT_DATA.
fn report(report_data: &[u8; 64]) -> Vec<u8> {
	let mut report = vec![0; REPORT_LEN];
	report[0] = 2;
	report[0x08..0x10].copy_from_slice(&GuestPolicy::RESERVED_ONE.to_le_bytes());
	report[0x34] = 1;
	report[0x50..0x90].copy_from_slice(report_data);
	report
}

/// Evidence that goes on from the log that was handed in with that many bytes, bound to a chip's open challenge.
fn answer<T: Config>(
	miner: &AccountIdOf<T>,
	chip: &ChipHash,
	log: u32,
) -> Result<HostEvidence, BenchmarkError> {
	let open = Hosts::<T>::get(chip)
		.and_then(|host| host.challenge)
		.ok_or(BenchmarkError::Stop("the chip is not challenged"))?;
	Ok(answer_to::<T>(miner, chip, &open, log))
}

/// The same, bound to that challenge.
fn answer_to<T: Config>(
	miner: &AccountIdOf<T>,
	chip: &ChipHash,
	open: &OpenChallenge,
	log: u32,
) -> HostEvidence {
	let (genesis, miner) = (genesis::<T>(), miner.clone().into());
	let guest_pk = [4; 32];
	let tpms_attest = quote(&quote_extra_data(&genesis, &open.nonce, &miner, chip, &guest_pk));
	let records = vec![5; log as usize];
	let last = handed_in::<T>();
	let data = host_report_data::<NodeCrypto>(
		&genesis,
		&open.nonce,
		&miner,
		&guest_pk,
		&tpms_attest,
		&last.id,
		&records,
	);
	HostEvidence {
		miner,
		seq: open.seq,
		snp_report: report(&data),
		tpms_attest,
		tpm_signature: vec![6; 600],
		pcr_values: [[0; 32]; QUOTED_PCRS.len()],
		ima_delta: ImaDelta { from_entry: last.entries, records },
		boot: None,
		guest_pk,
		guest_signature: [7; 64],
	}
}

/// A chip whose evidence is being judged as that subject, so that what is found moves it to another tier.
fn judged<T: Config>(number: u32, subject: SubjectId) -> Result<ChipHash, BenchmarkError> {
	let chip = host::<T>(number);
	misplace::<T>(&chip);
	Pallet::<T>::challenge(&chip);
	let miner = account::<AccountIdOf<T>>("miner", number, 0);
	let (nonce, seq) = Hosts::<T>::mutate(chip, |host| {
		let open = host.as_mut()?.challenge.as_mut()?;
		open.subject = Some(subject);
		Some((open.nonce, open.seq))
	})
	.ok_or(BenchmarkError::Stop("the chip is not challenged"))?;
	let revision = T::Revision::get();
	Pallet::<T>::note_revision(revision).map_err(DispatchError::from)?;
	let tpm = T::Miners::tpm(&miner).ok_or(BenchmarkError::Stop("the miner has no tpm"))?;
	Contexts::<T>::insert(
		subject,
		PinnedContext {
			miner: miner.into(),
			chip,
			seq,
			nonce,
			now: NOW,
			revision,
			eval_version: EVAL_VERSION,
			vek: vek(&chip),
			revocation_current_until: Some(NOW),
			ak: tpm.ak.into_inner(),
			qualified_signer: tpm.qualified_name.into_inner(),
			boot: Some(boot()),
			former: Some(boot()),
			boot_profile: Some([3; 32]),
			log: Some(handed_in::<T>()),
		},
	);
	Ok(chip)
}

fn claims(chip: ChipHash) -> Finding {
	let claims = Claims {
		chip,
		guest_pk: [4; 32],
		measurement: [8; 48],
		reported_tcb: TCB,
		boot_profile: [3; 32],
		boot: boot(),
	};
	let claims = claims.encode();
	assert!(claims.len() <= MAX_CLAIMS as usize, "claims have a bound");
	Finding { code: Finding::ACCEPTED, claims: BoundedVec::truncate_from(claims) }
}

impl<T: Config> Pallet<T> {
	/// Challenges a chip, for the benchmarks of others.
	pub fn challenge_now(chip: &ChipHash) {
		Self::challenge(chip);
	}
}

/// A claim to a chip, of which the verdict stands.
fn claimed<T: Config>(chip: &ChipHash, subject: SubjectId, contest: Contest) {
	let (claimant, holder) = (account("claimant", 0, 0), account("miner", 0, 0));
	OpenClaims::<T>::insert(chip, Claim { claimant, holder, subject, contest, closed: true });
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn submit_evidence(n: Linear<0, { T::MaxLog::get() }>) -> Result<(), BenchmarkError> {
		T::World::validators(100);
		T::World::set_tick(1);
		T::World::crowd();
		T::World::set_randomness();
		let miner: AccountIdOf<T> = account("miner", 0, 0);
		let chips = [chip(0), chip(1)];
		T::World::register(&miner, &chips, tpm());
		for chip in chips {
			Pallet::<T>::on_ready(&chip, &miner);
			Hosts::<T>::mutate(chip, |host| {
				if let Some(host) = host {
					host.checkpoint = Some(boot());
				}
			});
			Pallet::<T>::challenge(&chip);
			T::World::add_vek(chip, vek(&chip));
		}
		Logs::<T>::insert(&miner, handed_in::<T>());
		let evidence = answer::<T>(&miner, &chips[1], n)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(miner), Box::new(evidence));

		let open = Hosts::<T>::get(chips[1]).and_then(|host| host.challenge);
		assert!(open.is_some_and(|open| open.subject.is_some()));
		Ok(())
	}

	/// A part of a log: so many entries, the last of which has a name of so many bytes.
	#[benchmark]
	fn submit_log(
		n: Linear<2, { T::MaxEntries::get() }>,
		b: Linear<0, LONG_NAME>,
	) -> Result<(), BenchmarkError> {
		let miner: AccountIdOf<T> = account("miner", 0, 0);
		T::World::register(&miner, &[chip(0)], tpm());
		let records = BoundedVec::try_from(records(n, b))
			.map_err(|_| BenchmarkError::Stop("more than a part holds"))?;

		#[extrinsic_call]
		_(RawOrigin::Signed(miner.clone()), 0, records);

		assert!(Logs::<T>::get(miner).is_some_and(|log| log.entries == n));
		Ok(())
	}

	/// What a claim costs beside the verification of its certificate.
	#[benchmark]
	fn claim(n: Linear<0, { T::MaxLog::get() }>) -> Result<(), BenchmarkError> {
		T::World::validators(100);
		T::World::set_tick(1);
		T::World::crowd();
		T::World::set_randomness();
		frame_system::Pallet::<T>::set_block_number(10u32.into());
		let last = 9u32;
		let hash = T::Hash::default();
		frame_system::BlockHash::<T>::insert(BlockNumberFor::<T>::from(last), hash);
		let (holder, claimant): (AccountIdOf<T>, AccountIdOf<T>) =
			(account("holder", 0, 0), account("claimant", 0, 0));
		let chip = chip(0);
		T::World::register(&holder, &[chip], tpm());
		T::World::register(&claimant, &[], tpm());
		let nonce = challenge_nonce(
			&genesis::<T>(),
			&claimant.clone().into(),
			&chip,
			claim_seq(last.into()),
			&[0; 32],
		);
		let open = OpenChallenge::of_claim(claim_seq(last.into()), nonce);
		Logs::<T>::insert(&claimant, handed_in::<T>());
		let evidence = answer_to::<T>(&claimant, &chip, &open, n);

		#[block]
		{
			Pallet::<T>::include_claim(claimant.clone(), chip, &evidence, vek(&chip))?;
		}

		assert!(OpenClaims::<T>::get(chip).is_some_and(|open| open.claimant == claimant));
		Ok(())
	}

	/// The chip goes from a holder for which other pallets keep as much as they can to its claimant.
	#[benchmark]
	fn settle_claim() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		let subject = H256([1; 32]);
		let chip = judged::<T>(0, subject)?;
		T::World::engage(&chip, &account("miner", 0, 0));
		let claimant: AccountIdOf<T> = account("claimant", 0, 0);
		T::World::register(&claimant, &[], tpm());
		claimed::<T>(&chip, subject, Contest::Absent { subject: Some(H256([2; 32])) });

		#[block]
		{
			Pallet::<T>::settle_claim(&chip);
		}

		assert!(!OpenClaims::<T>::contains_key(chip));
		Ok(())
	}

	/// All that are due were missed, each chip moves to another tier, and only the last of its keys says that it could have been judged.
	#[benchmark]
	fn keep_deadlines(d: Linear<0, MAX_DUE>) -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		for number in 0..d {
			let chip = host::<T>(number);
			T::World::add_veks(chip);
			misplace::<T>(&chip);
			Pallet::<T>::challenge(&chip);
		}
		let kept = 1 + Pallet::<T>::rules().answer;
		KeptUntil::<T>::put(kept);
		T::World::set_tick(kept + 1);

		#[block]
		{
			Pallet::<T>::keep_deadlines(&mut WeightMeter::new());
		}

		assert_eq!(KeptUntil::<T>::get(), kept + 1);
		assert!(
			(0..d).all(|number| { Hosts::<T>::get(chip(number)).is_some_and(|host| host.failing) })
		);
		Ok(())
	}

	/// A challenge that many ticks have no room for.
	#[benchmark]
	fn challenge() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		let chip = host::<T>(0);
		let earliest = 1 + Pallet::<T>::rules().answer;
		for deadline in earliest..earliest + challenges::SLACK {
			let full = BoundedVec::truncate_from(vec![[0; 32]; MAX_DUE as usize]);
			Due::<T>::insert(deadline + 1, full);
		}

		#[block]
		{
			Pallet::<T>::challenge(&chip);
		}

		assert!(Hosts::<T>::get(chip).is_some_and(|host| host.challenge.is_some()));
		Ok(())
	}

	#[benchmark]
	fn draw() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		T::World::set_randomness();

		#[block]
		{
			Pallet::<T>::draw(&mut WeightMeter::new());
		}

		assert_eq!(DrawnUntil::<T>::get(), 1);
		Ok(())
	}

	#[benchmark]
	fn conclude_accepted() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		let subject = H256([1; 32]);
		judged::<T>(1, H256([2; 32]))?;
		let chip = judged::<T>(0, subject)?;
		claimed::<T>(&chip, H256([3; 32]), Contest::Answering { after: 0 });
		let finding = claims(chip);

		#[block]
		{
			Pallet::<T>::on_verdict(subject, &finding);
		}

		let host = Hosts::<T>::get(chip).ok_or(BenchmarkError::Stop("the chip is gone"))?;
		assert!(host.challenge.is_none() && !host.failing);
		Ok(())
	}

	#[benchmark]
	fn conclude_rejected() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		let subject = H256([1; 32]);
		judged::<T>(1, H256([2; 32]))?;
		let chip = judged::<T>(0, subject)?;
		claimed::<T>(&chip, H256([3; 32]), Contest::Answering { after: 0 });
		let room = MAX_RECHECKS as usize - 1;
		Rechecks::<T>::put(BoundedVec::truncate_from(vec![[0; 32]; room]));
		let finding = Finding { code: 1201, claims: Default::default() };

		#[block]
		{
			Pallet::<T>::on_verdict(subject, &finding);
		}

		let host = Hosts::<T>::get(chip).ok_or(BenchmarkError::Stop("the chip is gone"))?;
		assert!(host.challenge.is_none() && host.failing);
		Ok(())
	}

	/// Of a holder's evidence by which a claim to the chip was contested, on which nobody has agreed.
	#[benchmark]
	fn void() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		let subject = H256([1; 32]);
		judged::<T>(1, H256([2; 32]))?;
		let chip = judged::<T>(0, subject)?;
		claimed::<T>(&chip, H256([3; 32]), Contest::Both { subject });
		Rechecks::<T>::put(BoundedVec::truncate_from(vec![[0; 32]; MAX_RECHECKS as usize - 1]));

		#[block]
		{
			Pallet::<T>::on_void(subject);
		}

		let host = Hosts::<T>::get(chip).ok_or(BenchmarkError::Stop("the chip is gone"))?;
		assert!(host.challenge.is_none() && !Contexts::<T>::contains_key(subject));
		let contested = OpenClaims::<T>::get(chip).map(|open| open.contest);
		assert!(matches!(contested, Some(Contest::Answering { .. })));
		Ok(())
	}

	/// The last that a claim to the chip rests on: it is to be settled.
	#[benchmark]
	fn close() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		let (subject, own) = (H256([1; 32]), H256([2; 32]));
		let chip = judged::<T>(0, subject)?;
		claimed::<T>(&chip, own, Contest::Both { subject });
		Settling::<T>::put(BoundedVec::truncate_from(vec![[0; 32]; MAX_OPEN_CLAIMS as usize - 1]));

		#[block]
		{
			Pallet::<T>::on_closed(subject);
		}

		assert!(Settling::<T>::get().contains(&chip));
		Ok(())
	}

	/// Of a holder's evidence by which a claim to the chip was contested.
	#[benchmark]
	fn overturn() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		let subject = H256([1; 32]);
		judged::<T>(1, H256([2; 32]))?;
		let chip = judged::<T>(0, subject)?;
		Pallet::<T>::on_verdict(subject, &Finding { code: 1201, claims: Default::default() });
		misplace::<T>(&chip);
		claimed::<T>(&chip, H256([3; 32]), Contest::Both { subject });
		Rechecks::<T>::put(BoundedVec::truncate_from(vec![[0; 32]; MAX_RECHECKS as usize - 1]));

		#[block]
		{
			Pallet::<T>::on_overturned(subject);
		}

		let contested = OpenClaims::<T>::get(chip).map(|open| open.contest);
		assert!(matches!(contested, Some(Contest::Answering { .. })));
		Ok(())
	}
}
