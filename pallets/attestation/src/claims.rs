//! Whose a chip is that two miners say they have: his who can show it live. Settled once no verdict about it can be proven false any more.

use frame_support::{ensure, pallet_prelude::DispatchResult, weights::WeightMeter};
use frame_system::pallet_prelude::BlockNumberFor;
use hcc_evidence::{
	host::{challenge_nonce, evidence_hash, subject_id, HostEvidence, PinnedContext},
	snp::{Report, Vek},
	RejectClass, RejectCode,
};
use hcc_primitives::{
	genesis, ChipHash, ClaimsChips, Conduct, Finding, Judges, Miners, SubjectId, Veks,
};
use sp_core::H256;
use sp_runtime::traits::{Saturating, UniqueSaturatedInto, Zero};

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
		let open = OpenChallenge { seq: evidence.seq, nonce, deadline: 0, subject: None };
		Self::check_quote(evidence, &chip, &nonce)?;
		let report =
			Report::parse(&evidence.snp_report).map_err(|_| Error::<T>::EvidenceMalformed)?;
		Self::check_report(evidence, &report, &nonce)?;
		// Nothing is known of the claimant's machine: it shows its whole log.
		ensure!(vek.is_for(report.reported_tcb), Error::<T>::CertificateRefused);
		let pinned = Self::pin_anew(&miner, chip, &open, vek)?;
		let hash = H256(evidence_hash(evidence));
		let subject = H256(subject_id(&genesis::<T>(), &chip, open.seq, &hash.0));
		T::Judges::open(subject, hash)?;
		Self::note_revision(pinned.revision)?;
		Contexts::<T>::insert(subject, pinned);
		let claim =
			Claim { claimant: miner.clone(), subject, contest: Contest::Judging, closed: false };
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
		block: u64,
	) -> Result<[u8; 32], Error<T>> {
		let now = frame_system::Pallet::<T>::block_number();
		let number: BlockNumberFor<T> = block.try_into().map_err(|_| Error::<T>::ClaimTooOld)?;
		let age = now.saturating_sub(number);
		ensure!(
			!number.is_zero() && number < now && age <= MAX_CLAIM_AGE.into(),
			Error::<T>::ClaimTooOld
		);
		let hash = Self::hash_bytes(&frame_system::Pallet::<T>::block_hash(number));
		Ok(challenge_nonce(
			&genesis::<T>(),
			&miner.clone().into(),
			chip,
			number.unique_saturated_into(),
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
		claim.contest = match Hosts::<T>::get(chip) {
			// A holder whose TPM is not even enrolled has nothing to show.
			None => Contest::Absent,
			Some(host) => {
				// A challenge that is answered already was answered before the claim was judged.
				let answered = host.challenge.as_ref().is_some_and(|open| open.subject.is_some());
				let open = u64::from(host.challenge.is_some() && !answered);
				Contest::Answering { after: host.seq.saturating_sub(open) }
			},
		};
		OpenClaims::<T>::insert(chip, claim);
		if !Self::challenge(&chip) {
			Self::recheck(&chip);
		}
		true
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
			return;
		}
		if T::Chips::holder(chip).as_ref() == Some(&claim.claimant) {
			return Self::refuse_claim(chip, &claim);
		}
		claim.contest = match (conduct, subject) {
			(Conduct::Passed, Some(subject)) => Contest::Both { subject },
			// It is there, and has other faults: then it stays where it is, and may be claimed again.
			(Conduct::Failed(code), _) if shows_chip(code) => {
				return Self::refuse_claim(chip, &claim)
			},
			_ => Contest::Absent,
		};
		let due = claim.closed && claim.contest == Contest::Absent;
		OpenClaims::<T>::insert(chip, claim);
		if due {
			Self::book_settlement(chip);
		}
	}

	/// The holder gives the chip up while it must show it.
	pub(crate) fn note_gone(chip: &ChipHash) {
		let Some(mut claim) = OpenClaims::<T>::get(chip) else { return };
		if matches!(claim.contest, Contest::Answering { .. }) {
			claim.contest = Contest::Absent;
			let due = claim.closed;
			OpenClaims::<T>::insert(chip, claim);
			if due {
				Self::book_settlement(chip);
			}
		}
	}

	fn refuse_claim(chip: &ChipHash, claim: &ClaimOf<T>) {
		OpenClaims::<T>::remove(chip);
		let claimant = claim.claimant.clone();
		Self::deposit_event(Event::ClaimRefused { chip: *chip, claimant });
	}

	/// A claim, or what it was answered with, counts for nothing: as if it had not been made. False where the subject is no claim.
	pub(crate) fn drop_claim(subject: SubjectId, pinned: &PinnedContext) -> bool {
		let Some(claim) = OpenClaims::<T>::get(pinned.chip) else { return false };
		let is_claim = claim.subject == subject;
		if is_claim || (claim.contest == Contest::Both { subject }) {
			Self::refuse_claim(&pinned.chip, &claim);
		}
		is_claim
	}

	/// A subject's verdict can be proven false no more. Once that is so of all that a claim rests on, it is to be settled.
	pub(crate) fn close_claim(subject: SubjectId, pinned: &PinnedContext) {
		let chip = pinned.chip;
		let Some(mut claim) = OpenClaims::<T>::get(chip) else { return };
		claim.closed |= claim.subject == subject;
		let due = claim.closed
			&& match claim.contest {
				Contest::Judging | Contest::Absent => true,
				Contest::Answering { .. } => false,
				// The holder's evidence came later; it may still be judged.
				Contest::Both { subject } => !Contexts::<T>::contains_key(subject),
			};
		OpenClaims::<T>::insert(chip, claim);
		if due {
			Self::book_settlement(&chip);
		}
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
			Contest::Absent => Self::hand_over(chip, claim),
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
		if !T::Chips::hand_over(chip, &claim.claimant) {
			// It has left since, or taken other chips.
			let claimant = claim.claimant;
			Self::deposit_event(Event::ClaimRefused { chip: *chip, claimant });
		}
	}
}

/// Whether evidence that is rejected so shows that the chip has signed it: what is found wrong only once the report's signature has verified. Whatever
/// is refused before it, a holder without the chip could have made up.
fn shows_chip(code: u16) -> bool {
	let class = RejectCode::from_number(code).map(RejectCode::class);
	matches!(
		class,
		Some(
			RejectClass::TpmSignature
				| RejectClass::TpmQuote
				| RejectClass::BootProfile
				| RejectClass::ImaReplay
				| RejectClass::ImaUnknown
				| RejectClass::ImaForbidden
		)
	)
}
