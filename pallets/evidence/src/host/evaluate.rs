use super::{
	guest_statement, platform, software, BootState, ChipHash, Collateral, Context, Hash256,
	HostEvidence, HostPolicy,
};
use crate::{crypto::Crypto, snp::TcbVersion, tpm::Wanted, Check, RejectCode, Rejection};

/// The version of [`evaluate`]: it grows whenever the same evidence could come to another verdict.
pub const EVAL_VERSION: u32 = 3;

/// The longest TPMS_ATTEST that is looked at, in bytes. A TPM's is far below.
pub const MAX_ATTEST: usize = 1024;
/// The longest TPMT_SIGNATURE, in bytes. A TPM's is far below.
pub const MAX_SIGNATURE: usize = 1024;
/// The longest UEFI event log, in bytes.
pub const MAX_BOOT_LOG: usize = 64 << 10;

/// What accepted evidence states.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct Claims {
	pub chip: ChipHash,
	/// The guest's key, ed25519.
	pub guest_pk: [u8; 32],
	/// The launch measurement of the guest.
	pub measurement: [u8; 48],
	pub reported_tcb: TcbVersion,
	/// The hash of PCR 0 to 9 and 14.
	pub boot_profile: Hash256,
	/// Where the next evidence takes the log up.
	pub boot: BootState,
}

/// Evidence that was accepted. Only [`evaluate`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedEvidence(Claims);

impl AcceptedEvidence {
	/// What it states.
	pub fn claims(&self) -> &Claims {
		&self.0
	}
}

/// What the chain lacks to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
	/// A revocation list that is still current. Whoever finds one can post it.
	RevocationList,
}

/// What evidence comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
	Accepted(AcceptedEvidence),
	/// The miner's fault.
	Rejected(Rejection),
	/// Nobody's fault yet: the chain lacks something.
	Undecided(Need),
}

impl Verdict {
	/// The code of an acceptance.
	pub const ACCEPTED: u16 = 0;
	/// The code where the chain lacks something to judge by.
	pub const UNDECIDED: u16 = 1;

	/// The number that events, votes and metrics show: that of the reject code, or one of the above.
	pub fn code(&self) -> u16 {
		match self {
			Self::Accepted(_) => Self::ACCEPTED,
			Self::Rejected(rejection) => rejection.code.number(),
			Self::Undecided(Need::RevocationList) => Self::UNDECIDED,
		}
	}

	/// The SCALE of the claims; empty unless accepted.
	#[cfg(feature = "scale")]
	pub fn encoded_claims(&self) -> alloc::vec::Vec<u8> {
		match self {
			Self::Accepted(accepted) => codec::Encode::encode(accepted.claims()),
			Self::Rejected(_) | Self::Undecided(_) => alloc::vec::Vec::new(),
		}
	}
}

/// Judges a host's evidence. Pure: the same natively and in wasm, now and later.
///
/// Costs one P-384 verification, one of the attestation key, one of ed25519, and three hashes for each new entry of the log.
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

/// Before anything is hashed or verified.
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

/// Evidence for another miner or another challenge is refused before anything is verified.
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
