//! A measurement log that is too long for one piece of evidence. The miner submits it in parts, and
//! the chain replays each part from the end of the previous one.

use alloc::vec::Vec;

use super::{chunk_id, software::required_seen, Genesis, Hash256, HostPolicy, MinerId};
use crate::{
	ima::{self, Checkpoint, LogFindings, Records},
	tpm::PcrBank,
	Check, RejectCode, Rejection,
};

/// The state of a log after its submitted parts. It proves nothing until evidence with a quote
/// continues the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct FoldedLog {
	/// The id of the last part, which covers all earlier parts.
	pub id: Hash256,
	/// The policy revision by which the first part was judged.
	pub revision: u32,
	/// PCR 10 of the SHA-256 bank after `entries` entries.
	pub pcr10: Hash256,
	pub entries: u32,
	/// The kernel's hash of the boot PCRs, from the first entry.
	pub boot_aggregate: Hash256,
	/// The digests of required files that were measured, in ascending order.
	pub required_seen: Vec<Hash256>,
	pub findings: LogFindings,
}

impl FoldedLog {
	/// Returns the state of the log after the next part.
	///
	/// `records` are whole records: the first part of the log, or the part that follows `before`.
	/// `policy` judges the files, and `revision` is its revision.
	///
	/// ## Errors
	/// - [`RejectCode::BootAggregate`]: the first part does not begin with the kernel's own entry.
	/// - [`RejectCode::ImaEncoding`], [`RejectCode::ImaTemplate`], [`RejectCode::ImaTemplateHash`]
	///   and [`RejectCode::ImaLimit`]: the part cannot be replayed.
	pub fn follow<P: HostPolicy>(
		before: Option<&Self>,
		records: &[u8],
		(policy, revision): (&P, u32),
		genesis: &Genesis,
		miner: &MinerId,
	) -> Check<Self> {
		let (from, boot_aggregate) = match before {
			Some(log) => (log.checkpoint(), log.boot_aggregate),
			None => (Checkpoint::boot(PcrBank::Sha256), boot_aggregate(records)?),
		};
		let mut findings = before.map(|log| log.findings).unwrap_or_default();
		let limits = policy.limits();
		let at = ima::fold(records, &from, &mut findings, policy.files(), limits)?;
		let seen = before.map(|log| log.required_seen.clone()).unwrap_or_default();
		let last = before.map(|log| log.id).unwrap_or_default();
		Ok(Self {
			id: chunk_id(genesis, miner, &last, records),
			revision: before.map_or(revision, |log| log.revision),
			pcr10: at.pcr10.try_into().unwrap_or_default(),
			entries: at.entries,
			boot_aggregate,
			required_seen: required_seen(records, limits.entries, policy, seen)?,
			findings,
		})
	}

	/// Returns the checkpoint from which the rest of the log continues.
	pub(super) fn checkpoint(&self) -> Checkpoint {
		Checkpoint { bank: PcrBank::Sha256, pcr10: self.pcr10.to_vec(), entries: self.entries }
	}
}

/// Returns the digest in the first entry of a log: the kernel's hash of the boot PCRs.
pub(super) fn boot_aggregate(records: &[u8]) -> Check<Hash256> {
	let reject = |seen: &[u8]| {
		let wanted = "boot_aggregate in sha256";
		Rejection::new(RejectCode::BootAggregate, "first entry", seen, wanted).at(0)
	};
	let first = Records::new(records, 0).next().transpose()?.ok_or_else(|| reject(&[]))?;
	let (algorithm, digest) = first.file_digest()?;
	let is_kernels = first.pcr == u32::from(ima::IMA_PCR) && first.name == b"boot_aggregate";
	match Hash256::try_from(digest) {
		Ok(digest) if algorithm == "sha256" && is_kernels => Ok(digest),
		_ => Err(reject(digest)),
	}
}
