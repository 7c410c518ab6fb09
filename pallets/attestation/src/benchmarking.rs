//! Benchmarks of evidence, challenges and conclusions, each with the largest possible rows.

// If arithmetic overflows here, only a benchmark fails. Released runtimes do not contain this code.
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
		challenge_nonce, contest_seq, host_report_data, quote_extra_data, BootState, Claims,
		FoldedLog, HostEvidence, ImaDelta, PinnedContext, EVAL_VERSION, QUOTED_PCRS,
	},
	ima::LogFindings,
	snp::{GuestPolicy, ProductLine, TcbVersion, Vek, VekKind, REPORT_LEN},
	tpm::PcrBank,
	UnixSeconds,
};
use hcc_primitives::{
	benchmarking::{World, NOW},
	finding::MAX_CLAIMS,
	genesis, ChipHash, EnrolledTpm, Finding, Miners, NodeCrypto, OnChipChange, OnVerdict,
	Reputation, SubjectId, Tier,
};
use sp_core::H256;
use sp_io::hashing::blake2_256;
use sp_runtime::DispatchError;

use super::*;

/// Maximum length of a file name for which the weight is measured. Together with
/// [`Config::MaxEntries`] entries, a name of this length just fits into a part.
const LONG_NAME: u32 = 8 << 10;
/// Maximum number of required files in a checkpoint: one for each version in policy.
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

/// A submitted log of maximum size.
fn submitted_log<T: Config>() -> FoldedLog {
	FoldedLog {
		id: [6; 32],
		revision: T::LastFileTightening::get(),
		pcr10: [1; 32],
		entries: 1_000,
		boot_aggregate: [5; 32],
		required_seen: vec![[2; 32]; REQUIRED],
		findings: LogFindings { forbidden: Some(1), unknown: Some(2), fault: Some((3, 1105)) },
	}
}

/// Returns log records, each of a different file. The last file name is `more` bytes longer.
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

/// Sets up a chip with accepted evidence. Its miner has no other chip.
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

/// Moves a chip to a tier that does not follow from its score. The next outcome then moves the chip
/// back, and also moves the last chip of the tier.
fn misplace<T: Config>(chip: &ChipHash) {
	let deserved = T::Reputation::tier(chip);
	let other = if deserved == Tier::Suspended { Tier::Trusted } else { Tier::Suspended };
	Hosts::<T>::mutate(chip, |host| {
		if let Some(host) = host {
			Pallet::<T>::move_to(chip, host, other);
		}
	});
}

/// TPMS_ATTEST of a quote with the given `extraData`.
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

/// ATTESTATION_REPORT of version 2 with the given REPORT_DATA.
fn report(report_data: &[u8; 64]) -> Vec<u8> {
	let mut report = vec![0; REPORT_LEN];
	report[0] = 2;
	report[0x08..0x10].copy_from_slice(&GuestPolicy::RESERVED_ONE.to_le_bytes());
	report[0x34] = 1;
	report[0x50..0x90].copy_from_slice(report_data);
	report
}

/// Evidence that answers a chip's open challenge, and continues the submitted log with `log` bytes.
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

/// Evidence that answers a given challenge, and continues the submitted log with `log` bytes.
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
	let last = submitted_log::<T>();
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

/// Sets up a chip whose evidence is being judged as `subject`. The finding will change its tier.
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
			log: Some(submitted_log::<T>()),
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
	/// Challenges a chip, for benchmarks of other pallets.
	pub fn challenge_now(chip: &ChipHash) {
		Self::challenge(chip);
	}
}

/// Stores a contest for a chip. The verdict on the contender's evidence is final.
fn claimed<T: Config>(chip: &ChipHash, subject: SubjectId, stage: ContestStage) {
	let (contender, holder) = (account("contender", 0, 0), account("miner", 0, 0));
	OpenContests::<T>::insert(
		chip,
		ChipContest { contender, holder, subject, stage, closed: true },
	);
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
		Logs::<T>::insert(&miner, submitted_log::<T>());
		let evidence = answer::<T>(&miner, &chips[1], n)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(miner), Box::new(evidence));

		let open = Hosts::<T>::get(chips[1]).and_then(|host| host.challenge);
		assert!(open.is_some_and(|open| open.subject.is_some()));
		Ok(())
	}

	/// A part of a log with `n` entries, the last of which has a name of `b` bytes.
	#[benchmark]
	fn submit_log(
		n: Linear<2, { T::MaxEntries::get() }>,
		b: Linear<0, LONG_NAME>,
	) -> Result<(), BenchmarkError> {
		let miner: AccountIdOf<T> = account("miner", 0, 0);
		T::World::set_tick(1);
		T::World::register(&miner, &[chip(0)], tpm());
		<Pallet<T> as OnChipChange<AccountIdOf<T>>>::on_ready(&chip(0), &miner);
		Pallet::<T>::challenge(&chip(0));
		let records = BoundedVec::try_from(records(n, b))
			.map_err(|_| BenchmarkError::Stop("more than a part holds"))?;

		#[extrinsic_call]
		_(RawOrigin::Signed(miner.clone()), miner.clone(), 0, records, true);

		assert!(Logs::<T>::get(miner).is_some_and(|log| log.entries == n));
		Ok(())
	}

	/// A pause of two chips. Only the last possible tick has room for their deadlines.
	#[benchmark]
	fn pause() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
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
		}
		Rechecks::<T>::kill();
		let earliest = 1 + Pallet::<T>::rules().pause;
		for deadline in earliest..earliest + hcc_primitives::tick_queue::SLACK {
			let full = BoundedVec::truncate_from(vec![[0; 32]; MAX_DUE as usize]);
			DeadlineQueue::<T>::insert(deadline + 1, full);
		}

		#[extrinsic_call]
		_(RawOrigin::Signed(miner.clone()), miner.clone());

		assert!(chips.iter().all(LastPauses::<T>::contains_key));
		Ok(())
	}

	/// A contest without the verification of its certificate.
	#[benchmark]
	fn contest(n: Linear<0, { T::MaxLog::get() }>) -> Result<(), BenchmarkError> {
		T::World::validators(100);
		T::World::set_tick(1);
		T::World::crowd();
		T::World::set_randomness();
		frame_system::Pallet::<T>::set_block_number(10u32.into());
		let last = 9u32;
		let hash = T::Hash::default();
		frame_system::BlockHash::<T>::insert(BlockNumberFor::<T>::from(last), hash);
		let (holder, contender): (AccountIdOf<T>, AccountIdOf<T>) =
			(account("holder", 0, 0), account("contender", 0, 0));
		let chip = chip(0);
		T::World::register(&holder, &[chip], tpm());
		T::World::register(&contender, &[], tpm());
		let nonce = challenge_nonce(
			&genesis::<T>(),
			&contender.clone().into(),
			&chip,
			contest_seq(last.into()),
			&[0; 32],
		);
		let open = OpenChallenge::of_contest(contest_seq(last.into()), nonce);
		Logs::<T>::insert(&contender, submitted_log::<T>());
		let evidence = answer_to::<T>(&contender, &chip, &open, n);

		#[block]
		{
			Pallet::<T>::include_contest(contender.clone(), chip, &evidence, vek(&chip))?;
		}

		assert!(OpenContests::<T>::get(chip).is_some_and(|open| open.contender == contender));
		Ok(())
	}

	/// The contender receives a chip whose holder has the maximum state in other pallets.
	#[benchmark]
	fn settle_contest() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		let subject = H256([1; 32]);
		let chip = judged::<T>(0, subject)?;
		T::World::engage(&chip, &account("miner", 0, 0));
		let contender: AccountIdOf<T> = account("contender", 0, 0);
		T::World::register(&contender, &[], tpm());
		claimed::<T>(&chip, subject, ContestStage::Absent { subject: Some(H256([2; 32])) });

		#[block]
		{
			Pallet::<T>::settle_contest(&chip);
		}

		assert!(!OpenContests::<T>::contains_key(chip));
		Ok(())
	}

	/// All due challenges were missed, and each chip moves to another tier. Only the last key of
	/// each chip is valid, so the search for a valid key reads all keys.
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

	/// A challenge for which only the last possible deadline has room.
	#[benchmark]
	fn challenge() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		let chip = host::<T>(0);
		let earliest = 1 + Pallet::<T>::rules().answer;
		for deadline in earliest..earliest + hcc_primitives::tick_queue::SLACK {
			let full = BoundedVec::truncate_from(vec![[0; 32]; MAX_DUE as usize]);
			DeadlineQueue::<T>::insert(deadline + 1, full);
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
		claimed::<T>(&chip, H256([3; 32]), ContestStage::Answering { after: 0 });
		let finding = claims(chip);

		#[block]
		{
			Pallet::<T>::on_verdict(subject, &finding);
		}

		let host = Hosts::<T>::get(chip).ok_or(BenchmarkError::Stop("the chip has no host"))?;
		assert!(host.challenge.is_none() && !host.failing);
		Ok(())
	}

	#[benchmark]
	fn conclude_rejected() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		let subject = H256([1; 32]);
		judged::<T>(1, H256([2; 32]))?;
		let chip = judged::<T>(0, subject)?;
		claimed::<T>(&chip, H256([3; 32]), ContestStage::Answering { after: 0 });
		let room = MAX_RECHECKS as usize - 1;
		Rechecks::<T>::put(BoundedVec::truncate_from(vec![[0; 32]; room]));
		let finding = Finding { code: 1201, claims: Default::default() };

		#[block]
		{
			Pallet::<T>::on_verdict(subject, &finding);
		}

		let host = Hosts::<T>::get(chip).ok_or(BenchmarkError::Stop("the chip has no host"))?;
		assert!(host.challenge.is_none() && host.failing);
		Ok(())
	}

	/// The holder's evidence in a contest becomes void.
	#[benchmark]
	fn void() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		let subject = H256([1; 32]);
		judged::<T>(1, H256([2; 32]))?;
		let chip = judged::<T>(0, subject)?;
		claimed::<T>(&chip, H256([3; 32]), ContestStage::Both { subject });
		Rechecks::<T>::put(BoundedVec::truncate_from(vec![[0; 32]; MAX_RECHECKS as usize - 1]));

		#[block]
		{
			Pallet::<T>::on_void(subject);
		}

		let host = Hosts::<T>::get(chip).ok_or(BenchmarkError::Stop("the chip has no host"))?;
		assert!(host.challenge.is_none() && !Contexts::<T>::contains_key(subject));
		let contested = OpenContests::<T>::get(chip).map(|open| open.stage);
		assert!(matches!(contested, Some(ContestStage::Answering { .. })));
		Ok(())
	}

	/// The last verdict that a contest depends on becomes final, so that it is queued for
	/// settlement.
	#[benchmark]
	fn close() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		let (subject, own) = (H256([1; 32]), H256([2; 32]));
		let chip = judged::<T>(0, subject)?;
		claimed::<T>(&chip, own, ContestStage::Both { subject });
		ContestSettlementQueue::<T>::put(BoundedVec::truncate_from(vec![
			[0; 32];
			MAX_OPEN_CONTESTS as usize
				- 1
		]));

		#[block]
		{
			Pallet::<T>::on_closed(subject);
		}

		assert!(ContestSettlementQueue::<T>::get().contains(&chip));
		Ok(())
	}

	/// The verdict on the holder's evidence in a contest is proven false.
	#[benchmark]
	fn overturn() -> Result<(), BenchmarkError> {
		T::World::set_tick(1);
		let subject = H256([1; 32]);
		judged::<T>(1, H256([2; 32]))?;
		let chip = judged::<T>(0, subject)?;
		Pallet::<T>::on_verdict(subject, &Finding { code: 1201, claims: Default::default() });
		misplace::<T>(&chip);
		claimed::<T>(&chip, H256([3; 32]), ContestStage::Both { subject });
		Rechecks::<T>::put(BoundedVec::truncate_from(vec![[0; 32]; MAX_RECHECKS as usize - 1]));

		#[block]
		{
			Pallet::<T>::on_overturned(subject);
		}

		let contested = OpenContests::<T>::get(chip).map(|open| open.stage);
		assert!(matches!(contested, Some(ContestStage::Answering { .. })));
		Ok(())
	}
}
