use super::{
	guest_statement, platform, software, BootState, ChipHash, Collateral, Context, Hash256,
	HostEvidence, HostPolicy,
};
use crate::{crypto::Crypto, snp::TcbVersion, tpm::Wanted, Check, RejectCode, Rejection};

/// The version of [`evaluate`]. It increases with each change that can give the same evidence
/// another verdict.
pub const EVAL_VERSION: u32 = 4;

/// The longest TPMS_ATTEST that is evaluated, in bytes. TPMs return far shorter ones.
pub const MAX_ATTEST: usize = 1024;
/// The longest TPMT_SIGNATURE that is evaluated, in bytes. TPMs return far shorter ones.
pub const MAX_SIGNATURE: usize = 1024;
/// The longest UEFI event log that is evaluated, in bytes.
pub const MAX_BOOT_LOG: usize = 64 << 10;

/// The claims of accepted evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct Claims {
	pub chip: ChipHash,
	/// The ed25519 key of the guest.
	pub guest_pk: [u8; 32],
	/// The guest's launch measurement.
	pub measurement: [u8; 48],
	pub reported_tcb: TcbVersion,
	/// The hash of PCRs 0 to 9 and 14.
	pub boot_profile: Hash256,
	/// The log checkpoint from which the next evidence continues the log.
	pub boot: BootState,
}

/// Accepted evidence. Only [`evaluate`] creates it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedEvidence(Claims);

impl AcceptedEvidence {
	/// Returns the claims.
	pub fn claims(&self) -> &Claims {
		&self.0
	}
}

/// An input without which the chain cannot reach a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
	/// A current revocation list. Any account that has one can submit it.
	RevocationList,
}

/// The outcome of an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
	Accepted(AcceptedEvidence),
	/// The evidence failed a check. The code determines the penalty.
	Rejected(Rejection),
	/// The chain does not have a necessary input. No party is at fault.
	Undecided(Need),
}

impl Verdict {
	/// The code of an acceptance.
	pub const ACCEPTED: u16 = 0;
	/// The code of an undecided evaluation.
	pub const UNDECIDED: u16 = 1;

	/// Returns the number in events, votes and metrics: the number of the reject code,
	/// [`Self::ACCEPTED`] or [`Self::UNDECIDED`].
	pub fn code(&self) -> u16 {
		match self {
			Self::Accepted(_) => Self::ACCEPTED,
			Self::Rejected(rejection) => rejection.code.number(),
			Self::Undecided(Need::RevocationList) => Self::UNDECIDED,
		}
	}

	/// Returns the SCALE encoding of the claims. It is empty unless the evidence is accepted.
	#[cfg(feature = "scale")]
	pub fn encoded_claims(&self) -> alloc::vec::Vec<u8> {
		match self {
			Self::Accepted(accepted) => codec::Encode::encode(accepted.claims()),
			Self::Rejected(_) | Self::Undecided(_) => alloc::vec::Vec::new(),
		}
	}
}

/// Evaluates a host's evidence.
///
/// The function is pure: it gives the same verdict natively and in wasm, now and later. It costs
/// three signature verifications (P-384, attestation key, ed25519) and three hashes for each new
/// log entry.
pub fn evaluate<C: Crypto, P: HostPolicy>(
	evidence: &HostEvidence,
	collateral: &Collateral<'_>,
	policy: &P,
	context: &Context,
) -> Verdict {
	if let Wanted::Exactly(until) = collateral.revocation_current_until {
		if context.now > until {
			return Verdict::Undecided(Need::RevocationList);
		}
	}
	match check::<C, P>(evidence, collateral, policy, context) {
		Ok(claims) => Verdict::Accepted(AcceptedEvidence(claims)),
		Err(rejection) => Verdict::Rejected(rejection),
	}
}

fn check<C: Crypto, P: HostPolicy>(
	evidence: &HostEvidence,
	collateral: &Collateral<'_>,
	policy: &P,
	context: &Context,
) -> Check<Claims> {
	check_sizes(evidence, policy)?;
	check_addressee(evidence, context)?;
	let report = platform::check::<C, P>(evidence, collateral, policy, context)?;
	let proven = software::check::<C, P>(evidence, collateral, policy, context)?;
	platform::check_firmware(&report, policy)?;
	let statement = guest_statement::<C>(&context.challenge.genesis, evidence);
	C::ed25519(&evidence.guest_pk, &statement, &evidence.guest_signature).map_err(|_| {
		let seen = "a signature of another key, or of other bytes";
		Rejection::new(RejectCode::GuestSignature, "guest_signature", seen, ())
	})?;
	Ok(Claims {
		chip: context.challenge.chip,
		guest_pk: evidence.guest_pk,
		measurement: report.report().measurement,
		reported_tcb: report.reported_tcb(),
		boot_profile: proven.boot_profile,
		boot: proven.boot,
	})
}

/// Checks the sizes of all parts before anything is hashed or verified. The report has its own
/// length check.
fn check_sizes<P: HostPolicy>(evidence: &HostEvidence, policy: &P) -> Check {
	let (log, most) = (evidence.ima_delta.records.len(), policy.limits().bytes);
	if log > most {
		return Err(Rejection::new(RejectCode::ImaLimit, "log bytes", log, most));
	}
	for (field, len, most) in [
		("tpms_attest", evidence.tpms_attest.len(), MAX_ATTEST),
		("tpm_signature", evidence.tpm_signature.len(), MAX_SIGNATURE),
		("boot", evidence.boot.as_ref().map_or(0, |log| log.len()), MAX_BOOT_LOG),
	] {
		if len > most {
			return Err(Rejection::new(RejectCode::EvidenceLength, field, len, most));
		}
	}
	Ok(())
}

/// Rejects evidence for another miner or another challenge before anything is verified.
fn check_addressee(evidence: &HostEvidence, context: &Context) -> Check {
	let challenge = &context.challenge;
	if evidence.miner != challenge.miner {
		return Err(Rejection::new(RejectCode::Miner, "miner", &evidence.miner, &challenge.miner));
	}
	if evidence.seq != challenge.seq {
		return Err(Rejection::new(RejectCode::Sequence, "seq", evidence.seq, challenge.seq));
	}
	Ok(())
}
