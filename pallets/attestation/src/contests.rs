//! Contests: two miners assert that a chip is theirs. The miner that can prove its assertion
//! receives the chip.
//!
//! A contest is settled once all verdicts on which it depends are final.

use frame_support::{
	ensure,
	pallet_prelude::DispatchResult,
	traits::{Get, UnixTime},
	weights::WeightMeter,
};
use frame_system::pallet_prelude::BlockNumberFor;
use hcc_evidence::{
	crypto::RustCrypto,
	host::{challenge_nonce, contest_block, contest_seq, subject_id, HostEvidence, PinnedContext},
	snp::{self, Report, Vek},
	RejectClass, RejectCode, UnixSeconds,
};
use hcc_primitives::{
	genesis, Adjudicator, ChallengeOutcome, ChipHash, ChipTransfers, Finding, Miners, SubjectId,
	Veks,
};
use sp_core::H256;
use sp_runtime::traits::{BlakeTwo256, Hash, Saturating, UniqueSaturatedInto, Zero};

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_contest(
		hot: AccountIdOf<T>,
		chip: ChipHash,
		evidence: &HostEvidence,
		certificate: &[u8],
	) -> DispatchResult {
		let (certified, vek) =
			T::Veks::verify(certificate).ok_or(Error::<T>::CertificateRefused)?;
		ensure!(certified == chip, Error::<T>::CertificateRefused);
		// A chip has at most one contest. Only a party with reports of the chip may open it, so the
		// signature is verified first.
		let now = UnixSeconds(T::Time::now().as_secs());
		snp::authenticate::<RustCrypto>(&evidence.snp_report, &vek, now)
			.map_err(|_| Error::<T>::ReportRefused)?;
		Self::include_contest(hot, chip, evidence, vek)
	}

	/// Includes the evidence of a contest. `vek` is a verified key of the chip.
	pub(crate) fn include_contest(
		hot: AccountIdOf<T>,
		chip: ChipHash,
		evidence: &HostEvidence,
		vek: Vek,
	) -> DispatchResult {
		let miner = AccountIdOf::<T>::from(evidence.miner);
		ensure!(T::Miners::is_hot_key(&hot, &miner), Error::<T>::NotTheMiner);
		Self::check_lengths(evidence)?;
		let holder = T::Chips::holder(&chip).ok_or(Error::<T>::NobodysChip)?;
		ensure!(holder != miner, Error::<T>::OwnChip);
		ensure!(T::Chips::has_room(&miner), Error::<T>::NoRoom);
		ensure!(!OpenContests::<T>::contains_key(chip), Error::<T>::AlreadyContested);
		ensure!(OpenContests::<T>::count() < MAX_OPEN_CONTESTS, Error::<T>::TooManyContests);
		let nonce = Self::contest_nonce(&miner, &chip, evidence.seq)?;
		let open = OpenChallenge::of_contest(evidence.seq, nonce);
		Self::check_quote(evidence, &chip, &nonce)?;
		let report =
			Report::parse(&evidence.snp_report).map_err(|_| Error::<T>::EvidenceMalformed)?;
		// The contender's machine has no checkpoint, so its whole log is required.
		let log = Self::submitted_log(&miner, None, evidence)?;
		Self::check_report(evidence, &report, &nonce, log.as_ref())?;
		ensure!(vek.is_for(report.reported_tcb), Error::<T>::CertificateRefused);
		let pinned = PinnedContext { log, ..Self::pin_new_machine(&miner, chip, &open, vek)? };
		let hash = BlakeTwo256::hash_of(evidence);
		let subject = H256(subject_id(&genesis::<T>(), &chip, open.seq, &hash.0));
		// The contender chooses the block of the nonce, so the nonce must not seed the draw of the
		// committee.
		let seed = BlakeTwo256::hash_of(&(&miner, &chip));
		T::Adjudicator::open(subject, seed, hash)?;
		Self::note_revision(pinned.revision)?;
		Contexts::<T>::insert(subject, pinned);
		let contest = ChipContest {
			contender: miner.clone(),
			holder: holder.clone(),
			subject,
			stage: ContestStage::Judging,
			closed: false,
		};
		OpenContests::<T>::insert(chip, contest);
		Self::deposit_event(Event::EvidenceIncluded {
			chip,
			miner: miner.clone(),
			seq: open.seq,
			subject,
		});
		Self::deposit_event(Event::ChipContested { chip, contender: miner, holder });
		Ok(())
	}

	/// Returns the nonce that a contest answers. The nonce contains the hash of a recent block,
	/// which was unpredictable.
	fn contest_nonce(
		miner: &AccountIdOf<T>,
		chip: &ChipHash,
		seq: u64,
	) -> Result<[u8; 32], Error<T>> {
		let now = frame_system::Pallet::<T>::block_number();
		let block = contest_block(seq).ok_or(Error::<T>::ContestNonceTooOld)?;
		let number: BlockNumberFor<T> =
			block.try_into().map_err(|_| Error::<T>::ContestNonceTooOld)?;
		let age = now.saturating_sub(number);
		ensure!(
			!number.is_zero() && number < now && age <= MAX_CONTEST_AGE.into(),
			Error::<T>::ContestNonceTooOld
		);
		let hash = hcc_primitives::hash_bytes(frame_system::Pallet::<T>::block_hash(number));
		Ok(challenge_nonce(
			&genesis::<T>(),
			&miner.clone().into(),
			chip,
			contest_seq(number.unique_saturated_into()),
			&hash,
		))
	}

	/// Returns the contest whose evidence is judged as `subject`, and its chip.
	fn contest_of_subject(subject: SubjectId) -> Option<(ChipHash, ChipContestOf<T>)> {
		let pinned = Contexts::<T>::get(subject)?;
		let contest =
			OpenContests::<T>::get(pinned.chip).filter(|contest| contest.subject == subject)?;
		Some((pinned.chip, contest))
	}

	/// Applies the verdict on the evidence of a contest. After an acceptance, the holder gets a
	/// recheck.
	///
	/// Returns false if the subject belongs to no contest.
	pub(crate) fn conclude_contest(subject: SubjectId, finding: &Finding) -> bool {
		let Some((chip, mut contest)) = Self::contest_of_subject(subject) else { return false };
		// The holder may have removed the chip since, and the contender may have registered it.
		let own = T::Chips::holder(&chip).as_ref() == Some(&contest.contender);
		if own || !finding.is_accepted() {
			Self::reject_contest(&chip, &contest);
			return true;
		}
		Self::end_pause(&chip);
		contest.stage = Self::await_answer(&chip);
		OpenContests::<T>::insert(chip, contest);
		Self::recheck(&chip);
		true
	}

	/// Returns the stage in which the holder must prove the chip at its next challenge.
	///
	/// A challenge that is open now does not count, because the holder may have answered it
	/// already, or it may be about to expire.
	fn await_answer(chip: &ChipHash) -> ContestStage {
		match Hosts::<T>::get(chip) {
			// A holder without an enrolled TPM cannot prove the chip.
			None => ContestStage::Absent { subject: None },
			Some(host) => ContestStage::Answering { after: host.seq },
		}
	}

	/// Notes the outcome of the challenge at which the holder must prove the chip.
	pub(crate) fn note_contest_outcome(
		chip: &ChipHash,
		seq: u64,
		outcome: ChallengeOutcome,
		subject: Option<SubjectId>,
	) {
		let Some(mut contest) = OpenContests::<T>::get(chip) else { return };
		let ContestStage::Answering { after } = contest.stage else { return };
		if seq <= after {
			// This challenge was made before the contest waited for an answer. The next one
			// decides.
			return Self::recheck(chip);
		}
		if T::Chips::holder(chip).as_ref() == Some(&contest.contender) {
			return Self::reject_contest(chip, &contest);
		}
		contest.stage = match (outcome, subject) {
			(ChallengeOutcome::Passed, Some(subject)) => ContestStage::Both { subject },
			(ChallengeOutcome::Failed(code), Some(subject)) => match proof_in_rejection(code) {
				HolderProof::Nothing => ContestStage::Absent { subject: Some(subject) },
				// The holder has the chip, but the quote is of another TPM. The chip stays with the
				// holder, and can be contested again.
				HolderProof::Chip => return Self::reject_contest(chip, &contest),
				HolderProof::ChipAndTpm => ContestStage::Both { subject },
			},
			_ => ContestStage::Absent { subject: None },
		};
		Self::store_contest(chip, contest);
	}

	/// Notes that the holder gave up the chip while it had to prove the chip.
	pub(crate) fn note_contest_left(chip: &ChipHash) {
		let Some(mut contest) = OpenContests::<T>::get(chip) else { return };
		if matches!(contest.stage, ContestStage::Answering { .. }) {
			contest.stage = ContestStage::Absent { subject: None };
			Self::store_contest(chip, contest);
		}
	}

	/// Stores a contest, and queues it for settlement if it is ready.
	fn store_contest(chip: &ChipHash, contest: ChipContestOf<T>) {
		let due = Self::is_final(&contest);
		OpenContests::<T>::insert(chip, contest);
		if due {
			Self::book_settlement(chip);
		}
	}

	/// Returns `true` if all verdicts on which a contest depends are final.
	fn is_final(contest: &ChipContestOf<T>) -> bool {
		contest.closed
			&& match contest.stage {
				ContestStage::Answering { .. } => false,
				ContestStage::Judging | ContestStage::Absent { subject: None } => true,
				// The holder's evidence came later, so its verdict may still change.
				ContestStage::Absent { subject: Some(subject) }
				| ContestStage::Both { subject } => !Contexts::<T>::contains_key(subject),
			}
	}

	fn reject_contest(chip: &ChipHash, contest: &ChipContestOf<T>) {
		OpenContests::<T>::remove(chip);
		let contender = contest.contender.clone();
		Self::deposit_event(Event::ContestRejected { chip: *chip, contender });
	}

	/// Reverts the effect of a void or overturned subject on a contest.
	///
	/// If the subject is the contender's evidence, the contest is rejected. If it is the holder's
	/// answer, the holder is challenged again. Returns false if the subject is not the evidence of
	/// a contender.
	pub(crate) fn drop_contest(subject: SubjectId, pinned: &PinnedContext) -> bool {
		let chip = pinned.chip;
		if let Some(mut contest) = OpenContests::<T>::get(chip) {
			if contest.subject == subject {
				Self::reject_contest(&chip, &contest);
			} else if contest.stage.depends_on(subject) {
				contest.stage = Self::await_answer(&chip);
				Self::recheck(&chip);
				Self::store_contest(&chip, contest);
			}
		}
		contest_block(pinned.seq).is_some()
	}

	/// Notes that the verdict on a subject can no longer be proven false. Queues a contest that was
	/// waiting only for this verdict.
	pub(crate) fn close_contest(subject: SubjectId, pinned: &PinnedContext) {
		let Some(mut contest) = OpenContests::<T>::get(pinned.chip) else { return };
		contest.closed |= contest.subject == subject;
		Self::store_contest(&pinned.chip, contest);
	}

	fn book_settlement(chip: &ChipHash) {
		ContestSettlementQueue::<T>::mutate(|due| {
			if !due.contains(chip) {
				// The queue has room for the maximum number of open contests.
				let _ = due.try_push(*chip);
			}
		});
	}

	/// Settles the queued contests. If the block has no room, the next block continues.
	pub(crate) fn settle_contests(meter: &mut WeightMeter) {
		if meter.try_consume(T::DbWeight::get().reads_writes(1, 1)).is_err() {
			return;
		}
		let mut due = ContestSettlementQueue::<T>::get();
		let mut settled = 0usize;
		for chip in &due {
			if meter.try_consume(T::WeightInfo::settle_contest()).is_err() {
				break;
			}
			Self::settle_contest(chip);
			settled = settled.saturating_add(1);
		}
		if settled > 0 {
			due.drain(..settled.min(due.len()));
			ContestSettlementQueue::<T>::put(due);
		}
	}

	pub(crate) fn settle_contest(chip: &ChipHash) {
		let Some(contest) = OpenContests::<T>::get(chip).filter(|contest| contest.closed) else {
			return;
		};
		match contest.stage {
			ContestStage::Absent { .. } => Self::hand_over(chip, contest),
			ContestStage::Both { .. } => {
				OpenContests::<T>::remove(chip);
				T::Chips::ban(chip);
			},
			ContestStage::Judging => Self::reject_contest(chip, &contest),
			ContestStage::Answering { .. } => {},
		}
	}

	fn hand_over(chip: &ChipHash, contest: ChipContestOf<T>) {
		OpenContests::<T>::remove(chip);
		// A third miner may have registered the chip since, and proved it in a challenge of its
		// own.
		let accepted = |host: HostOf<T>| host.checkpoint.is_some() || host.former.is_some();
		let proven_since = T::Chips::holder(chip).is_some_and(|holder| holder != contest.holder)
			&& Hosts::<T>::get(chip).is_some_and(accepted);
		if proven_since || !T::Chips::hand_over(chip, &contest.contender) {
			// Either a third miner has proved the chip, or the contender has left or has no room
			// for it.
			let contender = contest.contender;
			Self::deposit_event(Event::ContestRejected { chip: *chip, contender });
		}
	}
}

/// The parts of the holder's machine that its evidence proves although it was rejected.
enum HolderProof {
	/// No part: the evidence was rejected before its report was verified, or for a property of its
	/// guest. Another guest on the chip could have made such a report.
	Nothing,
	/// The chip signed the report.
	Chip,
	/// The chip signed the report, and the holder's TPM signed the quote. Only the software of the
	/// machine is at fault.
	ChipAndTpm,
}

fn proof_in_rejection(code: u16) -> HolderProof {
	let Some(code) = RejectCode::from_number(code) else { return HolderProof::Nothing };
	match (code, code.class()) {
		(_, RejectClass::TpmSignature | RejectClass::TpmQuote) => HolderProof::Chip,
		(
			_,
			RejectClass::BootProfile
			| RejectClass::ImaReplay
			| RejectClass::ImaUnknown
			| RejectClass::ImaForbidden,
		)
		// The checks with these codes follow the check of the quote. Evidence that is too long is
		// never included.
		| (
			RejectCode::BootLogEncoding
			| RejectCode::BootLogBank
			| RejectCode::BootLogLimit
			| RejectCode::ImaEncoding
			| RejectCode::ImaLimit
			| RejectCode::TcbFloor
			| RejectCode::TcbUnknown
			| RejectCode::Mitigation
			| RejectCode::GenerationSuspended
			| RejectCode::GuestSignature,
			_,
		) => HolderProof::ChipAndTpm,
		_ => HolderProof::Nothing,
	}
}
