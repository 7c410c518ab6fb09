//! Inclusion of evidence: binding checks and the pinned context.

extern crate alloc;
use alloc::vec::Vec;

use frame_support::{
	ensure,
	pallet_prelude::DispatchResult,
	traits::{Get, UnixTime},
};
use hcc_evidence::{
	host::{
		host_report_data, quote_extra_data, subject_id, ChipHash, FoldedLog, Hash256, HostEvidence,
		PinnedContext, EVAL_VERSION,
	},
	snp::{Report, Vek, REPORT_LEN},
	tpm::Attest,
	UnixSeconds,
};
use hcc_primitives::{genesis, Adjudicator, Miners, NodeCrypto, TickSource, Veks};
use sp_core::H256;
use sp_runtime::traits::{BlakeTwo256, Hash};

use crate::*;

/// Returns the length of the logs in evidence, from which its weight is computed.
pub(crate) fn logs_len(evidence: &HostEvidence) -> u32 {
	let boot = evidence.boot.as_ref().map_or(0, Vec::len);
	u32::try_from(evidence.ima_delta.records.len().saturating_add(boot)).unwrap_or(u32::MAX)
}

impl<T: Config> Pallet<T> {
	/// Checks that the miner's hot key signed a submission, and that the submission answers an open
	/// challenge. Returns the miner, the chip and the challenge.
	///
	/// These checks are cheap enough for the transaction pool. The other checks follow at
	/// inclusion.
	///
	/// ## Errors
	/// The same errors as `submit_evidence`.
	pub fn check_submission(
		hot: &AccountIdOf<T>,
		evidence: &HostEvidence,
	) -> Result<(AccountIdOf<T>, ChipHash, OpenChallenge), Error<T>> {
		let miner = AccountIdOf::<T>::from(evidence.miner);
		ensure!(T::Miners::is_hot_key(hot, &miner), Error::<T>::NotTheMiner);
		Self::check_lengths(evidence)?;
		let (chip, open) = Self::challenged(&miner, evidence)?;
		Ok((miner, chip, open))
	}

	pub(crate) fn do_submit_evidence(
		hot: AccountIdOf<T>,
		evidence: &HostEvidence,
	) -> DispatchResult {
		let (miner, chip, open) = Self::check_submission(&hot, evidence)?;
		let report =
			Report::parse(&evidence.snp_report).map_err(|_| Error::<T>::EvidenceMalformed)?;
		let host = Hosts::<T>::get(chip).ok_or(Error::<T>::NoChallenge)?;
		let log = Self::submitted_log(&miner, host.checkpoint.as_ref(), evidence)?;
		Self::check_report(evidence, &report, &open.nonce, log.as_ref())?;
		let pinned = PinnedContext { log, ..Self::pin(host, chip, &open, &report)? };
		let hash = BlakeTwo256::hash_of(evidence);
		let subject = H256(subject_id(&genesis::<T>(), &chip, open.seq, &hash.0));
		T::Adjudicator::open(subject, H256(open.nonce), hash)?;
		Self::note_revision(pinned.revision)?;
		Contexts::<T>::insert(subject, pinned);
		Hosts::<T>::mutate(chip, |host| {
			if let Some(open) = host.as_mut().and_then(|host| host.challenge.as_mut()) {
				open.subject = Some(subject);
			}
		});
		let seq = open.seq;
		Self::deposit_event(Event::EvidenceIncluded { chip, miner, seq, subject });
		Ok(())
	}

	pub(crate) fn check_lengths(evidence: &HostEvidence) -> Result<(), Error<T>> {
		let fits = evidence.snp_report.len() == REPORT_LEN
			&& evidence.tpms_attest.len() <= MAX_ATTEST
			&& evidence.tpm_signature.len() <= MAX_SIGNATURE
			&& evidence.ima_delta.records.len() <= T::MaxLog::get() as usize
			&& evidence.boot.as_ref().is_none_or(|log| log.len() <= MAX_BOOT_LOG);
		ensure!(fits, Error::<T>::EvidenceLength);
		Ok(())
	}

	/// Returns the open challenges that a miner can still answer, with their chips.
	pub(crate) fn unanswered(miner: &AccountIdOf<T>) -> Vec<(ChipHash, OpenChallenge)> {
		let now = T::TickSource::now();
		T::Miners::chips(miner)
			.into_iter()
			.filter_map(|chip| Some((chip, Hosts::<T>::get(chip)?.challenge?)))
			.filter(|(_, open)| open.subject.is_none() && now <= open.deadline)
			.collect()
	}

	/// Finds the chip whose open challenge the quote answers. The two chips of a miner may have
	/// challenges with the same number, so only the quote distinguishes them.
	fn challenged(
		miner: &AccountIdOf<T>,
		evidence: &HostEvidence,
	) -> Result<(ChipHash, OpenChallenge), Error<T>> {
		let mut open = Self::unanswered(miner);
		open.retain(|(_, open)| open.seq == evidence.seq);
		ensure!(!open.is_empty(), Error::<T>::NoChallenge);
		let mut refusal = Error::<T>::QuoteNotBound;
		for (chip, open) in open {
			match Self::check_quote(evidence, &chip, &open.nonce) {
				Ok(()) => return Ok((chip, open)),
				Err(other) => refusal = other,
			}
		}
		Err(refusal)
	}

	/// Checks that the quote is bound to the nonce and the chip.
	pub(crate) fn check_quote(
		evidence: &HostEvidence,
		chip: &ChipHash,
		nonce: &Hash256,
	) -> Result<(), Error<T>> {
		let attest =
			Attest::parse(&evidence.tpms_attest).map_err(|_| Error::<T>::EvidenceMalformed)?;
		let wanted =
			quote_extra_data(&genesis::<T>(), nonce, &evidence.miner, chip, &evidence.guest_pk);
		ensure!(attest.extra_data == wanted, Error::<T>::QuoteNotBound);
		Ok(())
	}

	pub(crate) fn check_report(
		evidence: &HostEvidence,
		report: &Report,
		nonce: &Hash256,
		log: Option<&FoldedLog>,
	) -> Result<(), Error<T>> {
		let last_chunk = log.map(|log| log.id).unwrap_or_default();
		let wanted = host_report_data::<NodeCrypto>(
			&genesis::<T>(),
			nonce,
			&evidence.miner,
			&evidence.guest_pk,
			&evidence.tpms_attest,
			&last_chunk,
			&evidence.ima_delta.records,
		);
		ensure!(report.report_data == wanted, Error::<T>::ReportNotBound);
		Ok(())
	}

	/// Returns the context by which the evidence is judged, regardless of later changes.
	fn pin(
		host: HostOf<T>,
		chip: ChipHash,
		open: &OpenChallenge,
		report: &Report,
	) -> Result<PinnedContext, Error<T>> {
		let vek = T::Veks::vek(&chip, report.reported_tcb).ok_or(Error::<T>::VekMissing)?;
		Ok(PinnedContext {
			boot: host.checkpoint,
			former: host.former,
			boot_profile: host.boot_profile,
			..Self::pin_new_machine(&host.miner, chip, open, vek)?
		})
	}

	/// Returns the context for a machine without a checkpoint.
	pub(crate) fn pin_new_machine(
		miner: &AccountIdOf<T>,
		chip: ChipHash,
		open: &OpenChallenge,
		vek: Vek,
	) -> Result<PinnedContext, Error<T>> {
		let tpm = T::Miners::genuine_tpm(miner).ok_or(Error::<T>::TpmMissing)?;
		Ok(PinnedContext {
			miner: miner.clone().into(),
			chip,
			seq: open.seq,
			nonce: open.nonce,
			now: UnixSeconds(T::Time::now().as_secs()),
			revision: T::Revision::get(),
			eval_version: EVAL_VERSION,
			revocation_current_until: T::Veks::revocation_current_until(&vek),
			vek,
			ak: tpm.ak.into_inner(),
			qualified_signer: tpm.qualified_name.into_inner(),
			boot: None,
			former: None,
			boot_profile: None,
			log: None,
		})
	}

	/// Counts one more context of a policy revision. Policy keeps a revision that has contexts.
	pub(crate) fn note_revision(revision: u32) -> Result<(), Error<T>> {
		Revisions::<T>::try_mutate(|revisions| {
			let count = revisions.get(&revision).copied().unwrap_or(0).saturating_add(1);
			revisions.try_insert(revision, count).map_err(|_| Error::<T>::TooManyRevisions)?;
			Ok(())
		})
	}

	/// Counts one context less of a policy revision.
	pub(crate) fn release_revision(revision: u32) {
		Revisions::<T>::mutate(|revisions| match revisions.get(&revision).copied() {
			Some(0 | 1) | None => {
				revisions.remove(&revision);
			},
			Some(count) => {
				let _ = revisions.try_insert(revision, count.saturating_sub(1));
			},
		});
	}

	/// Returns the oldest policy revision with a context. Without contexts, returns the current
	/// one.
	pub fn oldest_revision() -> u32 {
		Revisions::<T>::get().keys().next().copied().unwrap_or_else(T::Revision::get)
	}
}
