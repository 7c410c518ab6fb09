//! Log submission: measurement logs that are too long for one piece of evidence arrive in parts
//! before it.

use frame_support::{ensure, traits::Get};
use hcc_evidence::{
	host::{BootState, FoldedLog, Hash256, HostEvidence},
	tpm::Attest,
	RejectCode,
};
use hcc_primitives::{LogVerifier, Miners};
use sp_runtime::DispatchError;

use crate::*;

/// Length of the shortest possible record, in bytes: PCR, template digest, a format of one letter
/// with its length, and the length of empty data.
const MIN_RECORD: usize = 4 + 20 + 4 + 1 + 4;

/// Returns the maximum number of entries that a part of a log can have in `bytes` bytes.
pub fn most_entries<T: Config>(bytes: usize) -> u32 {
	let entries = bytes.checked_div(MIN_RECORD).unwrap_or(0);
	u32::try_from(entries).unwrap_or(u32::MAX).saturating_add(1).min(T::MaxEntries::get())
}

impl<T: Config> Pallet<T> {
	/// Checks that the hot key of a miner may submit one more part of a log for an open challenge.
	/// Returns the nonce of the miner's newest open challenge.
	///
	/// ## Errors
	/// [`Error::NotTheMiner`], [`Error::NoChallenge`], [`Error::LogPartsSpent`].
	pub fn check_part(hot: &AccountIdOf<T>, miner: &AccountIdOf<T>) -> Result<Hash256, Error<T>> {
		ensure!(T::Miners::is_hot_key(hot, miner), Error::<T>::NotTheMiner);
		let open = Self::unanswered(miner).into_iter().map(|(_, open)| open);
		let newest = open.max_by_key(|open| (open.made, open.nonce));
		let nonce = newest.ok_or(Error::<T>::NoChallenge)?.nonce;
		let spent = Self::parts_for(miner, &nonce) >= MAX_LOG_PARTS;
		ensure!(!spent, Error::<T>::LogPartsSpent);
		Ok(nonce)
	}

	/// Counts a part of a log for an open challenge. The runtime calls this before `submit_log`, so
	/// that a part which is refused counts too.
	pub fn note_part(miner: &AccountIdOf<T>, nonce: Hash256) {
		let parts = Self::parts_for(miner, &nonce).saturating_add(1);
		LogParts::<T>::insert(miner, (nonce, parts));
	}

	/// Returns the number of parts that a miner submitted for the challenge with that nonce.
	fn parts_for(miner: &AccountIdOf<T>, nonce: &Hash256) -> u16 {
		let last = LogParts::<T>::get(miner).filter(|(of, _)| of == nonce);
		last.map_or(0, |(_, parts)| parts)
	}

	/// Checks that a part which begins with entry `from` continues the miner's log, or starts the
	/// log again. Returns the log that the part continues.
	///
	/// ## Errors
	/// [`Error::LogElsewhere`].
	pub fn check_position(
		miner: &AccountIdOf<T>,
		from: u32,
	) -> Result<Option<FoldedLog>, Error<T>> {
		let before = if from == 0 { None } else { Logs::<T>::get(miner) };
		let at = before.as_ref().map_or(0, |log| log.entries);
		ensure!(at == from, Error::<T>::LogElsewhere);
		Ok(before)
	}

	/// Verifies a part of a log and stores the resulting state. Returns the number of entries in
	/// the part.
	pub(crate) fn do_submit_log(
		hot: &AccountIdOf<T>,
		miner: AccountIdOf<T>,
		from: u32,
		records: &[u8],
		due: bool,
	) -> Result<u32, DispatchError> {
		ensure!(T::Miners::is_hot_key(hot, &miner), Error::<T>::NotTheMiner);
		ensure!(!due || !Self::unanswered(&miner).is_empty(), Error::<T>::NoChallenge);
		let before = Self::check_position(&miner, from)?;
		ensure!(!records.is_empty(), Error::<T>::LogMalformed);
		let followed = T::Logs::follow(before.as_ref(), records, &miner.clone().into());
		let log = followed.ok_or(Error::<T>::NoPolicy)?.map_err(|why| match why.code {
			RejectCode::ImaLimit => Error::<T>::LogTooLong,
			_ => Error::<T>::LogMalformed,
		})?;
		let (id, entries) = (log.id, log.entries);
		Logs::<T>::insert(&miner, log);
		Self::deposit_event(Event::LogFollowed { miner, id, entries });
		Ok(entries.saturating_sub(from))
	}

	/// Returns the submitted log that the evidence continues.
	///
	/// Returns `None` if the evidence continues the log that was accepted before in this boot, or
	/// if it contains the whole log.
	///
	/// ## Errors
	/// [`Error::LogMissing`], [`Error::LogOutdated`], [`Error::EvidenceMalformed`].
	pub(crate) fn submitted_log(
		miner: &AccountIdOf<T>,
		accepted: Option<&BootState>,
		evidence: &HostEvidence,
	) -> Result<Option<FoldedLog>, Error<T>> {
		let from = evidence.ima_delta.from_entry;
		let attest =
			Attest::parse(&evidence.tpms_attest).map_err(|_| Error::<T>::EvidenceMalformed)?;
		let continues = |boot: &BootState| boot.is_of(&attest.clock_info) && boot.entries == from;
		if from == 0 || accepted.is_some_and(continues) {
			return Ok(None);
		}
		let log = Logs::<T>::get(miner).filter(|log| log.entries == from);
		let log = log.ok_or(Error::<T>::LogMissing)?;
		// The submission was not checked against rules for files that have become stricter since.
		ensure!(log.revision >= T::LastFileTightening::get(), Error::<T>::LogOutdated);
		Ok(Some(log))
	}
}
