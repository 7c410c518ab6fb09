//! Whose a chip is that two miners say they have: his who can show it live. Settled once no verdict about it can be proven false any more.

use frame_support::{
	ensure,
	pallet_prelude::DispatchResult,
	traits::{Get, UnixTime},
	weights::WeightMeter,
};
use frame_system::pallet_prelude::BlockNumberFor;
use hcc_evidence::{
	crypto::RustCrypto,
	host::{challenge_nonce, claim_seq, claimed_block, subject_id, HostEvidence, PinnedContext},
	snp::{self, Report, Vek},
	RejectClass, RejectCode, UnixSeconds,
};
use hcc_primitives::{
	genesis, ChipHash, ClaimsChips, Conduct, Finding, Judges, Miners, SubjectId, Veks,
};
use sp_core::H256;
use sp_runtime::traits::{BlakeTwo256, Hash, Saturating, UniqueSaturatedInto, Zero};

use crate::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_claim(
		hot: AccountIdOf<T>,
		chip: ChipHash,
		evidence: &HostEvidence,
		certificate: &[u8],
	) -> DispatchResult {
		let (certified, vek) =
			T::Veks::verify(certificate).ok_or(Error::<T>::CertificateRefused)?;
		ensure!(certified == chip, Error::<T>::CertificateRefused);
		// A chip has room for one claim: only who has reports of the chip's can take it.
		let now = UnixSeconds(T::Time::now().as_secs());
		snp::authenticate::<RustCrypto>(&evidence.snp_report, &vek, now)
			.map_err(|_| Error::<T>::ReportRefused)?;
		Self::include_claim(hot, chip, evidence, vek)
	}

	/// Includes a claim, by a key of the chip's that was verified.
	pub(crate) fn include_claim(
		hot: AccountIdOf<T>,
		chip: ChipHash,
		evidence: &HostEvidence,
		vek: Vek,
	) -> DispatchResult {
		let miner = T::Miners::miner_of_hot(&hot).ok_or(Error::<T>::NotTheMiner)?;
		ensure!(miner == evidence.miner.into(), Error::<T>::NotTheMiner);
		Self::check_lengths(evidence)?;
		let holder = T::Chips::holder(&chip).ok_or(Error::<T>::NobodysChip)?;
		ensure!(holder != miner, Error::<T>::OwnChip);
		ensure!(T::Chips::has_room(&miner), Error::<T>::NoRoom);
		ensure!(!OpenClaims::<T>::contains_key(chip), Error::<T>::Claimed);
		ensure!(OpenClaims::<T>::count() < MAX_OPEN_CLAIMS, Error::<T>::TooManyClaims);
		let nonce = Self::claim_nonce(&miner, &chip, evidence.seq)?;
		let open = OpenChallenge::of_claim(evidence.seq, nonce);
		Self::check_quote(evidence, &chip, &nonce)?;
		let report =
			Report::parse(&evidence.snp_report).map_err(|_| Error::<T>::EvidenceMalformed)?;
		// Nothing is known of the claimant's machine: it shows its whole log.
		let log = Self::handed_in(&miner, None, evidence)?;
		Self::check_report(evidence, &report, &nonce, log.as_ref())?;
		ensure!(vek.is_for(report.reported_tcb), Error::<T>::CertificateRefused);
		let pinned = PinnedContext { log, ..Self::pin_anew(&miner, chip, &open, vek)? };
		let hash = BlakeTwo256::hash_of(evidence);
		let subject = H256(subject_id(&genesis::<T>(), &chip, open.seq, &hash.0));
		// Not its nonce: the claimant chooses the block that this binds.
		let lot = BlakeTwo256::hash_of(&(&miner, &chip));
		T::Judges::open(subject, lot, hash)?;
		Self::note_revision(pinned.revision)?;
		Contexts::<T>::insert(subject, pinned);
		let claim = Claim {
			claimant: miner.clone(),
			holder: holder.clone(),
			subject,
			contest: Contest::Judging,
			closed: false,
		};
		OpenClaims::<T>::insert(chip, claim);
		Self::deposit_event(Event::EvidenceIncluded {
			chip,
			miner: miner.clone(),
			seq: open.seq,
			subject,
		});
		Self::deposit_event(Event::ChipClaimed { chip, claimant: miner, holder });
		Ok(())
	}

	/// A claim answers no challenge of the chain's, but a block's hash that nobody could know long before.
	fn claim_nonce(
		miner: &AccountIdOf<T>,
		chip: &ChipHash,
		seq: u64,
	) -> Result<[u8; 32], Error<T>> {
		let now = frame_system::Pallet::<T>::block_number();
		let block = claimed_block(seq).ok_or(Error::<T>::ClaimTooOld)?;
		let number: BlockNumberFor<T> = block.try_into().map_err(|_| Error::<T>::ClaimTooOld)?;
		let age = now.saturating_sub(number);
		ensure!(
			!number.is_zero() && number < now && age <= MAX_CLAIM_AGE.into(),
			Error::<T>::ClaimTooOld
		);
		let hash = hcc_primitives::hash_bytes(frame_system::Pallet::<T>::block_hash(number));
		Ok(challenge_nonce(
			&genesis::<T>(),
			&miner.clone().into(),
			chip,
			claim_seq(number.unique_saturated_into()),
			&hash,
		))
	}

	/// The chip of a claim that is being judged as `subject`.
	fn claim_of(subject: SubjectId) -> Option<(ChipHash, ClaimOf<T>)> {
		let pinned = Contexts::<T>::get(subject)?;
		let claim = OpenClaims::<T>::get(pinned.chip).filter(|claim| claim.subject == subject)?;
		Some((pinned.chip, claim))
	}

	/// The verdict on a claim: if the chip is the claimant's to show, its holder must show it at once. False where the subject is no claim.
	pub(crate) fn judge_claim(subject: SubjectId, finding: &Finding) -> bool {
		let Some((chip, mut claim)) = Self::claim_of(subject) else { return false };
		// The holder may have given the chip up since, and the claimant registered it.
		let own = T::Chips::holder(&chip).as_ref() == Some(&claim.claimant);
		if own || !finding.is_accepted() {
			Self::refuse_claim(&chip, &claim);
			return true;
		}
		claim.contest = Self::contest_from_now(&chip);
		OpenClaims::<T>::insert(chip, claim);
		Self::recheck(&chip);
		true
	}

	/// The holder is to show the chip in answer to the next challenge that is made: one that is open may be about to be missed, and one that is answered was answered
	/// before.
	fn contest_from_now(chip: &ChipHash) -> Contest {
		match Hosts::<T>::get(chip) {
			// A holder whose TPM is not even enrolled has nothing to show.
			None => Contest::Absent { subject: None },
			Some(host) => Contest::Answering { after: host.seq },
		}
	}

	/// What the holder did when it had to show the chip.
	pub(crate) fn note_contest(
		chip: &ChipHash,
		seq: u64,
		conduct: Conduct,
		subject: Option<SubjectId>,
	) {
		let Some(mut claim) = OpenClaims::<T>::get(chip) else { return };
		let Contest::Answering { after } = claim.contest else { return };
		if seq <= after {
			// One that was open before: the contest's own comes next.
			return Self::recheck(chip);
		}
		if T::Chips::holder(chip).as_ref() == Some(&claim.claimant) {
			return Self::refuse_claim(chip, &claim);
		}
		claim.contest = match (conduct, subject) {
			(Conduct::Passed, Some(subject)) => Contest::Both { subject },
			(Conduct::Failed(code), Some(subject)) => match shown_by(code) {
				Shown::Nothing => Contest::Absent { subject: Some(subject) },
				// It is there, and another's quote beside it: then it stays where it is, and may be claimed again.
				Shown::Chip => return Self::refuse_claim(chip, &claim),
				Shown::ChipAndTpm => Contest::Both { subject },
			},
			_ => Contest::Absent { subject: None },
		};
		Self::store_claim(chip, claim);
	}

	/// The holder gives the chip up while it must show it.
	pub(crate) fn note_gone(chip: &ChipHash) {
		let Some(mut claim) = OpenClaims::<T>::get(chip) else { return };
		if matches!(claim.contest, Contest::Answering { .. }) {
			claim.contest = Contest::Absent { subject: None };
			Self::store_claim(chip, claim);
		}
	}

	/// Stores a claim, and has it settled if it is due.
	fn store_claim(chip: &ChipHash, claim: ClaimOf<T>) {
		let due = Self::is_due(&claim);
		OpenClaims::<T>::insert(chip, claim);
		if due {
			Self::book_settlement(chip);
		}
	}

	/// Whether nothing that a claim rests on can be proven false any more.
	fn is_due(claim: &ClaimOf<T>) -> bool {
		claim.closed
			&& match claim.contest {
				Contest::Answering { .. } => false,
				Contest::Judging | Contest::Absent { subject: None } => true,
				// The holder's evidence came later; it may still be judged.
				Contest::Absent { subject: Some(subject) } | Contest::Both { subject } => {
					!Contexts::<T>::contains_key(subject)
				},
			}
	}

	fn refuse_claim(chip: &ChipHash, claim: &ClaimOf<T>) {
		OpenClaims::<T>::remove(chip);
		let claimant = claim.claimant.clone();
		Self::deposit_event(Event::ClaimRefused { chip: *chip, claimant });
	}

	/// A claim counts for nothing: as if it had not been made. If that is so of what the holder answered with, the holder is asked again. False where the subject is
	/// no claim.
	pub(crate) fn drop_claim(subject: SubjectId, pinned: &PinnedContext) -> bool {
		let chip = pinned.chip;
		if let Some(mut claim) = OpenClaims::<T>::get(chip) {
			if claim.subject == subject {
				Self::refuse_claim(&chip, &claim);
			} else if claim.contest.rests_on(subject) {
				claim.contest = Self::contest_from_now(&chip);
				Self::recheck(&chip);
				Self::store_claim(&chip, claim);
			}
		}
		claimed_block(pinned.seq).is_some()
	}

	/// A subject's verdict can be proven false no more. Once that is so of all that a claim rests on, it is to be settled.
	pub(crate) fn close_claim(subject: SubjectId, pinned: &PinnedContext) {
		let Some(mut claim) = OpenClaims::<T>::get(pinned.chip) else { return };
		claim.closed |= claim.subject == subject;
		Self::store_claim(&pinned.chip, claim);
	}

	fn book_settlement(chip: &ChipHash) {
		Settling::<T>::mutate(|due| {
			if !due.contains(chip) {
				// There is room: no more claims are open than it has.
				let _ = due.try_push(*chip);
			}
		});
	}

	/// Settles the claims that are due. A block without room leaves them to the next.
	pub(crate) fn settle_claims(meter: &mut WeightMeter) {
		if meter.try_consume(T::DbWeight::get().reads_writes(1, 1)).is_err() {
			return;
		}
		let mut due = Settling::<T>::get();
		let mut settled = 0usize;
		for chip in &due {
			if meter.try_consume(T::WeightInfo::settle_claim()).is_err() {
				break;
			}
			Self::settle_claim(chip);
			settled = settled.saturating_add(1);
		}
		if settled > 0 {
			due.drain(..settled.min(due.len()));
			Settling::<T>::put(due);
		}
	}

	pub(crate) fn settle_claim(chip: &ChipHash) {
		let Some(claim) = OpenClaims::<T>::get(chip).filter(|claim| claim.closed) else { return };
		match claim.contest {
			Contest::Absent { .. } => Self::hand_over(chip, claim),
			Contest::Both { .. } => {
				OpenClaims::<T>::remove(chip);
				T::Chips::ban(chip);
			},
			Contest::Judging => Self::refuse_claim(chip, &claim),
			Contest::Answering { .. } => {},
		}
	}

	fn hand_over(chip: &ChipHash, claim: ClaimOf<T>) {
		OpenClaims::<T>::remove(chip);
		// Somebody may have the chip by now that was never asked, and has shown it.
		let accepted = |host: HostOf<T>| host.checkpoint.is_some() || host.former.is_some();
		let shown = T::Chips::holder(chip).is_some_and(|holder| holder != claim.holder)
			&& Hosts::<T>::get(chip).is_some_and(accepted);
		if shown || !T::Chips::hand_over(chip, &claim.claimant) {
			// It has left since, or taken other chips.
			let claimant = claim.claimant;
			Self::deposit_event(Event::ClaimRefused { chip: *chip, claimant });
		}
	}
}

/// What rejected evidence has shown all the same.
enum Shown {
	/// Whatever is refused before the report's signature has verified, or for what another guest on the chip could have reported.
	Nothing,
	/// The chip has signed it.
	Chip,
	/// And the holder's own TPM has quoted beside it: only what that machine runs is at fault.
	ChipAndTpm,
}

fn shown_by(code: u16) -> Shown {
	let Some(code) = RejectCode::from_number(code) else { return Shown::Nothing };
	match (code, code.class()) {
		(_, RejectClass::TpmSignature | RejectClass::TpmQuote) => Shown::Chip,
		(
			_,
			RejectClass::BootProfile
			| RejectClass::ImaReplay
			| RejectClass::ImaUnknown
			| RejectClass::ImaForbidden,
		)
		// What is looked at after the quote; evidence of too many bytes is not included.
		| (
			RejectCode::BootLogEncoding
			| RejectCode::ImaEncoding
			| RejectCode::ImaLimit
			| RejectCode::TcbFloor
			| RejectCode::TcbUnknown
			| RejectCode::Mitigation
			| RejectCode::GenerationSuspended
			| RejectCode::GuestSignature,
			_,
		) => Shown::ChipAndTpm,
		_ => Shown::Nothing,
	}
}
