//! The stable codes by which evidence is rejected.
//!
//! A code never changes its number or its meaning; a new cause gets a new code. Events, logs,
//! metrics, the command line and the chain show the same number. `docs/codes.md` explains each
//! code.

#[cfg(any(feature = "std", test))]
mod explain;

#[cfg(any(feature = "std", test))]
pub use explain::{Blame, CodeInfo, Witness};

/// The kind of a [`RejectCode`]: its number divided by 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectClass {
	/// Bytes that cannot be decoded. The producer of the evidence is to blame.
	Malformed,
	/// Genuine parts that do not belong together or to this challenge.
	Binding,
	/// A report that the chip's key did not sign.
	SnpSignature,
	/// A chip key that does not lead to AMD's root, or that does not belong to this report.
	SnpChain,
	/// A guest or a platform in a mode that policy rejects.
	SnpPolicy,
	/// Firmware that differs from the certificate, is older than policy allows, or is newer than
	/// the verifier.
	Tcb,
	/// A guest with a launch measurement that policy does not list.
	Measurement,
	/// A quote that the attestation key did not sign, or a TPM key that does not lead to a vendor.
	TpmSignature,
	/// A signed quote that does not answer the request.
	TpmQuote,
	/// A boot that differs from the enrolled one, or that policy does not accept.
	BootProfile,
	/// A measurement log that does not lead to the quoted PCR.
	ImaReplay,
	/// A measured file that policy does not list, or a required file that was not measured.
	ImaUnknown,
	/// A measured file that policy forbids.
	ImaForbidden,
	/// A certificate that its issuer revoked, or a product line that policy suspends.
	Revoked,
}

macro_rules! reject_codes {
	($($(#[$doc:meta])+ $name:ident = $number:literal, $class:ident, $text:literal;)+) => {
		/// A reason for the rejection of evidence.
		#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
		#[repr(u16)]
		pub enum RejectCode {
			$($(#[$doc])+ $name = $number,)+
		}

		impl RejectCode {
			/// All codes, in ascending order of their numbers.
			pub const ALL: &'static [Self] = &[$(Self::$name),+];

			/// Returns the code with this number.
			pub const fn from_number(number: u16) -> Option<Self> {
				match number {
					$($number => Some(Self::$name),)+
					_ => None,
				}
			}

			/// Returns the kind of cause.
			pub const fn class(self) -> RejectClass {
				match self {
					$(Self::$name => RejectClass::$class,)+
				}
			}

			/// Returns the name, as declared.
			pub const fn name(self) -> &'static str {
				match self {
					$(Self::$name => stringify!($name),)+
				}
			}

			/// Returns the cause in a few words, without the values of the individual case.
			pub const fn text(self) -> &'static str {
				match self {
					$(Self::$name => $text,)+
				}
			}
		}
	};
}

reject_codes! {
	/// The report is not [`crate::snp::REPORT_LEN`] bytes long. Remedy: send the report exactly as
	/// the firmware returned it.
	ReportLength = 101, Malformed, "report has the wrong length";
	/// The report's version is not one of 2 to 5, and the chip did not sign the report. Remedy:
	/// send the report exactly as the firmware returned it.
	ReportVersion = 102, Malformed, "report is of an unknown version";
	/// A reserved field of the report does not have its fixed value. The bytes were altered, or the
	/// firmware is newer than the report's version says.
	ReportReserved = 103, Malformed, "report has a reserved bit set";
	/// The report names a signature algorithm other than ECDSA P-384 with SHA-384.
	ReportAlgorithm = 104, Malformed, "report is signed with an unknown algorithm";
	/// The certificate is not an X.509 certificate in DER, or bytes follow it.
	CertificateEncoding = 105, Malformed, "certificate cannot be decoded";
	/// An AMD extension is missing, duplicated or malformed, or an unknown extension is critical.
	CertificateExtension = 106, Malformed, "certificate has a bad extension";
	/// The quote is not a TPMS_ATTEST, or bytes follow it.
	AttestEncoding = 107, Malformed, "quote cannot be decoded";
	/// The signature is not a TPMT_SIGNATURE with a supported algorithm.
	SignatureEncoding = 108, Malformed, "quote signature cannot be decoded";
	/// The attestation key is neither a TPMT_PUBLIC nor a SubjectPublicKeyInfo with a supported
	/// algorithm.
	KeyEncoding = 109, Malformed, "attestation key cannot be decoded";
	/// A record of the measurement log is incomplete or contradicts its own lengths.
	ImaEncoding = 110, Malformed, "measurement log cannot be decoded";
	/// The measurement log has more entries or bytes than policy allows in one piece of evidence.
	/// Remedy: submit it in parts before the evidence.
	ImaLimit = 111, Malformed, "measurement log is too long";
	/// A quoted PCR has no value or two values, a value has the wrong length, or a value belongs to
	/// a PCR that is not quoted.
	PcrValues = 112, Malformed, "pcr values do not match the quote";
	/// A part of the evidence is longer than a valid part of its kind can be.
	EvidenceLength = 113, Malformed, "a part of the evidence is too long";
	/// The firmware's event log is not a TCG_PCR_EVENT2 log.
	BootLogEncoding = 114, Malformed, "event log cannot be decoded";
	/// The firmware's event log has no digests of the required bank, such as a log with SHA-1 only.
	/// Remedy: enable the SHA-256 bank in the firmware setup.
	BootLogBank = 115, Malformed, "event log lacks digests of the required bank";
	/// The firmware's event log has more than [`crate::boot::MAX_JUDGED`] events of boot code.
	BootLogLimit = 116, Malformed, "event log has too many events";

	/// REPORT_DATA is not the hash that binds the report to its context. The report was made for
	/// another challenge, miner, quote or log.
	ReportData = 201, Binding, "report is bound to something else";
	/// The quote's extraData is not the expected nonce. The quote was replayed, or made for another
	/// challenge.
	QuoteNonce = 202, Binding, "quote answers another nonce";
	/// The guest key that the report binds did not sign the evidence.
	GuestSignature = 203, Binding, "evidence is not signed by the guest";
	/// The report comes from a chip other than the challenged one.
	Chip = 204, Binding, "report is of another chip";
	/// The evidence names a miner other than the challenged one.
	Miner = 205, Binding, "evidence is of another miner";
	/// The evidence names another challenge. It was sent twice or too late.
	Sequence = 206, Binding, "evidence answers another challenge";
	/// HOST_DATA of a VM is not the hash of its order. The VM was launched with another
	/// configuration, or for other holders of its disk key.
	HostData = 207, Binding, "vm was launched for another order";
	/// The evidence belongs to another VM, generation or boot. It was sent twice or too late.
	Boot = 208, Binding, "evidence is of another boot";
	/// HOST_DATA of a host's attestation agent is not the hash of its miner. The guest was launched
	/// for another miner or chain, or as a tenant's VM. Remedy: launch the agent with the HOST_DATA
	/// of this miner.
	AgentHostData = 209, Binding, "agent was launched for another miner";

	/// The report's signature does not verify under the chip's key.
	ReportSignature = 301, SnpSignature, "report signature does not verify";
	/// The report names another kind of signing key than the certificate has, or its signature is
	/// masked.
	SigningKey = 302, SnpSignature, "report names another kind of signing key";

	/// The issuer of the certificate is not an intermediate of a pinned root.
	UnknownIssuer = 401, SnpChain, "certificate does not lead to a trusted root";
	/// The signature of a certificate does not verify under its issuer's key.
	CertificateSignature = 402, SnpChain, "certificate signature does not verify";
	/// A certificate is not valid yet, or no longer valid.
	CertificateValidity = 403, SnpChain, "certificate is outside its validity";
	/// A certificate uses an algorithm or a kind of key that AMD does not use.
	CertificateAlgorithm = 404, SnpChain, "certificate uses an unsupported algorithm";
	/// An intermediate is not a certificate authority, or a leaf does not have the subject that AMD
	/// gives it.
	CertificateRole = 405, SnpChain, "certificate has the wrong role";
	/// The report's CPUID and its certificate belong to different product lines.
	Product = 406, SnpChain, "report is of another product line";
	/// The certificate's HWID is not the report's chip id.
	HardwareId = 407, SnpChain, "certificate is of another chip";
	/// The report does not contain a chip id. Remedy: clear MASK_CHIP_ID in the host's SNP
	/// configuration.
	MaskedChipId = 408, SnpChain, "report masks its chip id";
	/// The key is a VLEK, which stands for a provider's whole fleet. A chip's own key is required.
	LoadedKey = 409, SnpChain, "report is signed by a loaded key";

	/// The guest policy allows debugging, with which the host can read the guest's memory.
	Debug = 501, SnpPolicy, "guest can be debugged";
	/// The guest policy allows migration by a migration agent.
	MigrationAgent = 502, SnpPolicy, "guest can be migrated";
	/// The guest policy lacks a required bit, or has a forbidden bit.
	GuestPolicy = 503, SnpPolicy, "guest policy is refused";
	/// PLATFORM_INFO lacks a required bit, or has a bit that policy does not allow.
	PlatformInfo = 504, SnpPolicy, "platform configuration violates policy";
	/// The report was requested at another privilege level (VMPL).
	Vmpl = 505, SnpPolicy, "report is of another vmpl";
	/// A required mitigation is not active.
	Mitigation = 506, SnpPolicy, "a required mitigation is missing";

	/// The TCB version of the certificate differs from the reported one.
	CertificateTcb = 601, Tcb, "certificate states another tcb";
	/// A component of a TCB version is below its floor. Remedy: update the firmware or the
	/// microcode of the host.
	TcbFloor = 602, Tcb, "tcb is below the floor";
	/// Policy has no floor for this CPU. Remedy: ask governance to add a floor.
	TcbUnknown = 603, Tcb, "no tcb floor is known for this cpu";
	/// The chip signed a report of a version that the verifier does not know. No strike follows.
	/// Remedy: wait for a verifier that knows the version.
	ReportVersionUnsupported = 604, Tcb, "report version is not supported by this verifier";

	/// Policy does not allow the launch measurement.
	LaunchMeasurement = 701, Measurement, "launch measurement is not allowed";

	/// The quote's signature does not verify under the attestation key.
	QuoteSignature = 801, TpmSignature, "quote signature does not verify";
	/// The scheme of the signature does not match the attestation key, or its hash is not accepted.
	SignatureScheme = 802, TpmSignature, "quote is signed with another scheme";
	/// The certificate of the endorsement key does not lead to a trusted root.
	EkUnknownIssuer = 811, TpmSignature, "endorsement key does not lead to a trusted root";
	/// The signature of a certificate does not verify under its issuer's key.
	EkCertificateSignature = 812, TpmSignature, "endorsement certificate signature does not verify";
	/// A certificate is not valid yet, or no longer valid.
	EkCertificateValidity = 813, TpmSignature, "endorsement certificate is outside its validity";
	/// A certificate uses an unknown or broken algorithm.
	EkCertificateAlgorithm = 814, TpmSignature, "endorsement certificate uses an unsupported algorithm";
	/// The certificate does not belong to an endorsement key, or an issuer is not a certificate
	/// authority.
	EkCertificateRole = 815, TpmSignature, "endorsement certificate has the wrong role";
	/// The verifier cannot make a credential for this kind of endorsement key.
	EkKind = 816, TpmSignature, "endorsement key is of an unsupported kind";
	/// The attestation key is not a restricted signing key that cannot leave its TPM.
	AkAttributes = 817, TpmSignature, "attestation key has the wrong attributes";

	/// The attested structure does not begin with TPM_GENERATED_VALUE. A TPM did not make it.
	QuoteMagic = 901, TpmQuote, "quote was not generated by a tpm";
	/// The attested structure is not a quote.
	QuoteType = 902, TpmQuote, "attestation is not a quote";
	/// The quote does not cover exactly the requested PCRs.
	PcrSelection = 903, TpmQuote, "quote selects other pcrs";
	/// The digest in the quote is not the digest of the PCR values.
	PcrDigest = 904, TpmQuote, "pcr values differ from the quoted ones";
	/// The quote's qualifiedSigner does not name the enrolled attestation key.
	QualifiedSigner = 905, TpmQuote, "quote was made by another attestation key";

	/// The boot PCRs differ from their values at enrolment.
	BootPcrs = 1001, BootProfile, "boot differs from the enrolled one";
	/// The firmware's event log does not lead to the quoted PCRs.
	BootLog = 1002, BootProfile, "event log does not lead to the quoted pcrs";
	/// Policy has rules for boots, and evidence of a new boot has no event log. Remedy: run a
	/// kernel that keeps the event log.
	BootLogMissing = 1003, BootProfile, "event log is missing";
	/// The firmware measured a component that policy does not list, or measured it into a wrong
	/// PCR. Remedy: boot listed components.
	BootUnknown = 1004, BootProfile, "boot component is unknown";
	/// A component that every boot has was not measured. The firmware or a boot loader does not
	/// measure.
	BootPartMissing = 1005, BootProfile, "part of the boot was not measured";
	/// Policy requires Secure Boot, and the event log does not prove that Secure Boot is on.
	SecureBootOff = 1006, BootProfile, "secure boot is off";
	/// An accepted boot violates policy, because policy became stricter after the acceptance. No
	/// party is to blame. Remedy: boot components that are listed now.
	BootOutdated = 1007, BootProfile, "accepted boot violates the current policy";

	/// The replay of the log never reaches the quoted value of PCR 10.
	ImaPcr = 1101, ImaReplay, "measurement log does not lead to pcr 10";
	/// The log does not begin at the entry that the checkpoint requires.
	ImaCheckpoint = 1102, ImaReplay, "measurement log does not continue the checkpoint";
	/// An entry has an unsupported template.
	ImaTemplate = 1103, ImaReplay, "measurement log has an unknown template";
	/// The recorded template digest of an entry is not the digest of its data.
	ImaTemplateHash = 1104, ImaReplay, "measurement log entry was altered";
	/// The kernel recorded a violation: it could not measure a file reliably.
	ImaViolation = 1105, ImaReplay, "measurement log records a violation";
	/// The first entry of the log is not the hash of the quoted boot PCRs. The log belongs to
	/// another boot.
	BootAggregate = 1106, ImaReplay, "measurement log is of another boot";
	/// An entry extended a PCR other than 10, so the quoted PCR 10 does not prove the entry.
	/// Remedy: use an IMA policy without `pcr=`.
	ImaOtherPcr = 1107, ImaReplay, "measurement log has an entry of another pcr";

	/// Policy does not list a measured file.
	ImaUnknownFile = 1201, ImaUnknown, "measured file is unknown";
	/// A required file was not measured.
	ImaRequiredMissing = 1202, ImaUnknown, "required file was not measured";
	/// A file was measured with a hash algorithm that file lists do not use.
	ImaFileHash = 1203, ImaUnknown, "file was measured with an unsupported hash";
	/// A file that was allowed when it was measured is no longer allowed, or a file is newly
	/// required. No party is to blame. Remedy: reboot with the files that policy allows and
	/// requires now.
	ImaOutdatedFile = 1204, ImaUnknown, "accepted log violates the current policy";
	/// The signature of a file does not verify under the signer's key. This code fails the call
	/// that vouches for the file. It never rejects evidence.
	FileSignature = 1205, ImaUnknown, "file signature does not verify";

	/// Policy forbids a measured file.
	ImaForbiddenFile = 1301, ImaForbidden, "measured file is forbidden";

	/// A certificate is on the revocation list of its issuer.
	CertificateRevoked = 1401, Revoked, "certificate is revoked";
	/// Policy no longer trusts processors of the chip's product line. No party is to blame. Remedy:
	/// use a processor of another product line.
	GenerationSuspended = 1402, Revoked, "product line is suspended";
}

impl RejectCode {
	/// Returns the stable number.
	pub const fn number(self) -> u16 {
		self as u16
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn code_numbers_round_trip_in_ascending_order() {
		assert!(RejectCode::ALL.windows(2).all(|pair| pair[0].number() < pair[1].number()));
		for &code in RejectCode::ALL {
			assert_eq!(RejectCode::from_number(code.number()), Some(code));
		}
		assert_eq!(RejectCode::from_number(100), None);
	}

	#[test]
	fn class_matches_hundreds_of_code() {
		for &code in RejectCode::ALL {
			assert_eq!(code.number() / 100, code.class() as u16 + 1, "{code:?}");
		}
	}
}
