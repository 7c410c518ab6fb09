//! The stable codes by which evidence is rejected.
//!
//! A code never changes its number or its meaning; a new cause gets a new code. Events, logs, metrics, the command line and the chain show
//! the same number.

/// The kind of a [`RejectCode`]: its number divided by 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectClass {
	/// Bytes that are no such thing at all. Blame: who made the evidence.
	Malformed,
	/// Genuine parts that do not belong together, or not to this challenge.
	Binding,
	/// The report is not signed by the chip's key.
	SnpSignature,
	/// The chip's key does not lead to AMD's root, or not for this report.
	SnpChain,
	/// The guest or the platform runs in a mode that policy refuses.
	SnpPolicy,
	/// The firmware is not what the certificate states, or older than policy allows.
	Tcb,
	/// The guest was launched with code that policy does not know.
	Measurement,
	/// The quote is not signed by the attestation key, or the TPM's own key leads to no vendor.
	TpmSignature,
	/// The quote is signed, but is not the quote that was asked for.
	TpmQuote,
	/// The machine booted otherwise than at its enrolment.
	BootProfile,
	/// The measurement log does not lead to the quoted PCR.
	ImaReplay,
	/// A measured file that policy does not know, or a required one that was not measured.
	ImaUnknown,
	/// A measured file that policy forbids.
	ImaForbidden,
	/// A certificate that its issuer revoked.
	Revoked,
}

macro_rules! reject_codes {
	($($(#[$doc:meta])+ $name:ident = $number:literal, $class:ident, $text:literal;)+) => {
		/// Why evidence is rejected.
		#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
		#[repr(u16)]
		pub enum RejectCode {
			$($(#[$doc])+ $name = $number,)+
		}

		impl RejectCode {
			/// Every code, in order of their numbers.
			pub const ALL: &'static [Self] = &[$(Self::$name),+];

			/// The code of that number.
			pub const fn from_number(number: u16) -> Option<Self> {
				match number {
					$($number => Some(Self::$name),)+
					_ => None,
				}
			}

			/// The kind of cause.
			pub const fn class(self) -> RejectClass {
				match self {
					$(Self::$name => RejectClass::$class,)+
				}
			}

			/// The name, as declared.
			pub const fn name(self) -> &'static str {
				match self {
					$(Self::$name => stringify!($name),)+
				}
			}

			/// The cause in a few words, without the values of the case at hand.
			pub const fn text(self) -> &'static str {
				match self {
					$(Self::$name => $text,)+
				}
			}
		}
	};
}

reject_codes! {
	/// The report is not [`crate::snp::REPORT_LEN`] bytes long. Remedy: send the report as the firmware gave it.
	ReportLength = 101, Malformed, "report has the wrong length";
	/// The report's version is not 2, 3 or 5. Remedy: a firmware whose reports are of a known version.
	ReportVersion = 102, Malformed, "report is of an unknown version";
	/// A bit is set that the report's version reserves. Blame: altered bytes, or a firmware newer than its version says.
	ReportReserved = 103, Malformed, "report has a reserved bit set";
	/// The report names a signature algorithm other than ECDSA P-384 with SHA-384.
	ReportAlgorithm = 104, Malformed, "report is signed by an unknown algorithm";
	/// The certificate is not DER of an X.509 certificate, or has bytes after it.
	CertificateEncoding = 105, Malformed, "certificate cannot be decoded";
	/// An extension of AMD's is missing, doubled, malformed, or unknown and critical.
	CertificateExtension = 106, Malformed, "certificate has a bad extension";
	/// The quote is no TPMS_ATTEST, or has bytes after it.
	AttestEncoding = 107, Malformed, "quote cannot be decoded";
	/// The signature is no TPMT_SIGNATURE of a supported algorithm.
	SignatureEncoding = 108, Malformed, "quote signature cannot be decoded";
	/// The attestation key is no TPMT_PUBLIC or SubjectPublicKeyInfo of a supported algorithm.
	KeyEncoding = 109, Malformed, "attestation key cannot be decoded";
	/// A record of the measurement log is cut off or contradicts its lengths.
	ImaEncoding = 110, Malformed, "measurement log cannot be decoded";
	/// The measurement log holds more entries or bytes than one evidence may. Remedy: send it in chunks.
	ImaLimit = 111, Malformed, "measurement log is too long";
	/// The PCR values are not one for each quoted PCR, or of the wrong length.
	PcrValues = 112, Malformed, "pcr values do not fit the quote";
	/// A part of the evidence is longer than any such part is.
	EvidenceLength = 113, Malformed, "a part of the evidence is too long";
	/// The firmware's event log is no TCG_PCR_EVENT2 log in the wanted bank.
	BootLogEncoding = 114, Malformed, "event log cannot be decoded";

	/// REPORT_DATA is not the hash of what the report must be bound to. Blame: a report for another challenge, miner, quote or log.
	ReportData = 201, Binding, "report is bound to something else";
	/// The quote's extraData is not the wanted nonce. Blame: a replayed quote, or one for another challenge.
	QuoteNonce = 202, Binding, "quote answers another nonce";
	/// The evidence is not signed by the guest key that the report binds.
	GuestSignature = 203, Binding, "evidence is not signed by the guest";
	/// The report is of another chip than the challenge.
	Chip = 204, Binding, "report is of another chip";
	/// The evidence names another miner than the challenge.
	Miner = 205, Binding, "evidence is of another miner";
	/// The evidence names another challenge. Blame: evidence sent twice, or late.
	Sequence = 206, Binding, "evidence answers another challenge";
	/// HOST_DATA of a VM is not the hash of its order. Blame: a VM launched with another configuration, or for other holders of its key.
	HostData = 207, Binding, "vm was launched for another order";
	/// The evidence is of another VM, generation or boot. Blame: evidence sent twice, or late.
	Boot = 208, Binding, "evidence is of another boot";

	/// The report's signature does not verify under the chip's key.
	ReportSignature = 301, SnpSignature, "report signature does not verify";
	/// The report says that it was signed by the other kind of key.
	SigningKey = 302, SnpSignature, "report names another kind of signing key";

	/// The certificate's issuer is none of the pinned roots' intermediates.
	UnknownIssuer = 401, SnpChain, "certificate leads to no trusted root";
	/// A certificate's signature does not verify under its issuer's key.
	CertificateSignature = 402, SnpChain, "certificate signature does not verify";
	/// A certificate is not yet, or no longer, valid.
	CertificateValidity = 403, SnpChain, "certificate is outside its validity";
	/// A certificate uses an algorithm or a key other than AMD's.
	CertificateAlgorithm = 404, SnpChain, "certificate uses another algorithm";
	/// An intermediate is no certificate authority, or a leaf's subject is not what AMD gives it.
	CertificateRole = 405, SnpChain, "certificate has another role";
	/// The report's CPUID is of another product line than its certificate.
	Product = 406, SnpChain, "report is of another product line";
	/// The certificate's HWID is not the report's chip id.
	HardwareId = 407, SnpChain, "certificate is of another chip";
	/// The report shows no chip id. Remedy: clear MASK_CHIP_ID in the host's SNP configuration.
	MaskedChipId = 408, SnpChain, "report masks its chip id";
	/// The key is a VLEK, which stands for a provider's whole fleet, where a chip's own key is wanted.
	LoadedKey = 409, SnpChain, "report is signed by a loaded key";

	/// The guest can be debugged: its host reads its memory.
	Debug = 501, SnpPolicy, "guest can be debugged";
	/// The guest can be migrated by an agent.
	MigrationAgent = 502, SnpPolicy, "guest can be migrated";
	/// The guest policy lacks a bit that is required, or has one that is forbidden.
	GuestPolicy = 503, SnpPolicy, "guest policy is refused";
	/// PLATFORM_INFO lacks a bit that is required, or has one that is forbidden or unknown.
	PlatformInfo = 504, SnpPolicy, "platform is configured otherwise than policy asks";
	/// The report was asked for at another privilege level.
	Vmpl = 505, SnpPolicy, "report is of another vmpl";
	/// A mitigation that is required is not active.
	Mitigation = 506, SnpPolicy, "a required mitigation is missing";

	/// The certificate's TCB is not the reported TCB.
	CertificateTcb = 601, Tcb, "certificate states another tcb";
	/// A component of the TCB is below its floor. Remedy: update the firmware or the microcode of the host.
	TcbFloor = 602, Tcb, "tcb is below the floor";
	/// Policy has no floor for this CPU. Remedy: ask governance to add it.
	TcbUnknown = 603, Tcb, "no tcb floor is known for this cpu";

	/// The launch measurement is not allowed.
	LaunchMeasurement = 701, Measurement, "launch measurement is not allowed";

	/// The quote's signature does not verify under the attestation key.
	QuoteSignature = 801, TpmSignature, "quote signature does not verify";
	/// The signature's scheme or hash is not that of the attestation key.
	SignatureScheme = 802, TpmSignature, "quote is signed by another scheme";
	/// The endorsement key's certificate leads to none of the trusted roots.
	EkUnknownIssuer = 811, TpmSignature, "endorsement key leads to no trusted root";
	/// A certificate's signature does not verify under its issuer's key.
	EkCertificateSignature = 812, TpmSignature, "endorsement certificate signature does not verify";
	/// A certificate is not yet, or no longer, valid.
	EkCertificateValidity = 813, TpmSignature, "endorsement certificate is outside its validity";
	/// A certificate uses an algorithm that is unknown or broken.
	EkCertificateAlgorithm = 814, TpmSignature, "endorsement certificate uses another algorithm";
	/// The certificate is not one of an endorsement key, or an issuer is no authority.
	EkCertificateRole = 815, TpmSignature, "endorsement certificate has another role";
	/// The endorsement key is of a kind for which no credential can be made.
	EkKind = 816, TpmSignature, "endorsement key is of another kind";
	/// The attestation key is not a restricted signing key that never leaves its TPM.
	AkAttributes = 817, TpmSignature, "attestation key has other attributes";

	/// The attested structure does not begin with TPM_GENERATED_VALUE, so no TPM made it.
	QuoteMagic = 901, TpmQuote, "quote was not generated by a tpm";
	/// The attested structure is not a quote.
	QuoteType = 902, TpmQuote, "attestation is not a quote";
	/// The quoted PCRs are not exactly those that were asked for.
	PcrSelection = 903, TpmQuote, "quote selects other pcrs";
	/// The quote's digest is not that of the PCR values.
	PcrDigest = 904, TpmQuote, "pcr values are not those quoted";
	/// The quote's qualifiedSigner is not the enrolled attestation key.
	QualifiedSigner = 905, TpmQuote, "quote is by another attestation key";

	/// The PCRs of the boot are not those of the enrolment.
	BootPcrs = 1001, BootProfile, "machine booted otherwise than at enrolment";
	/// The firmware's event log does not lead to the quoted PCRs.
	BootLog = 1002, BootProfile, "event log does not lead to the quoted pcrs";
	/// Policy has rules for what boots, and evidence that begins the measurement log anew brings no event log. Remedy: a kernel that keeps it.
	BootLogMissing = 1003, BootProfile, "event log is missing";
	/// The firmware measured something that is on no list, or in another PCR than it belongs in. Remedy: boot what is listed.
	BootUnknown = 1004, BootProfile, "machine booted what is unknown";
	/// Something without which no machine boots was not measured. Blame: firmware or a loader that does not measure.
	BootPartMissing = 1005, BootProfile, "part of the boot was not measured";
	/// Policy asks for Secure Boot.
	SecureBootOff = 1006, BootProfile, "secure boot is off";
	/// What the machine booted was accepted before policy became stricter. Blame: nobody. Remedy: boot what is listed now.
	BootOutdated = 1007, BootProfile, "machine booted what was allowed before";

	/// No prefix of the log leads to the quoted PCR 10.
	ImaPcr = 1101, ImaReplay, "measurement log does not lead to pcr 10";
	/// The log does not begin where the checkpoint says.
	ImaCheckpoint = 1102, ImaReplay, "measurement log does not continue the checkpoint";
	/// An entry is of a template that cannot be evaluated.
	ImaTemplate = 1103, ImaReplay, "measurement log has an unknown template";
	/// An entry's recorded template digest is not that of its data.
	ImaTemplateHash = 1104, ImaReplay, "measurement log entry was altered";
	/// The kernel recorded a violation: a file was changed while it was measured.
	ImaViolation = 1105, ImaReplay, "measurement log records a violation";
	/// The log's first entry is not the hash of the quoted PCRs of the boot. Blame: a log of another boot.
	BootAggregate = 1106, ImaReplay, "measurement log is of another boot";
	/// An entry extended another PCR than 10, so nothing proves it. Remedy: an IMA policy without `pcr=`.
	ImaOtherPcr = 1107, ImaReplay, "measurement log has an entry of another pcr";

	/// A measured file is on no list.
	ImaUnknownFile = 1201, ImaUnknown, "measured file is unknown";
	/// A file that must be measured was not.
	ImaRequiredMissing = 1202, ImaUnknown, "required file was not measured";
	/// A file was measured by a hash that no list is kept in.
	ImaFileHash = 1203, ImaUnknown, "file was measured by another hash";
	/// A file that was allowed when it was measured is so no more. Blame: nobody. Remedy: boot without it.
	ImaOutdatedFile = 1204, ImaUnknown, "measured file was allowed before";
	/// The signature of a file is not its signer's. No evidence is rejected for it: whoever vouches for the file is told.
	FileSignature = 1205, ImaUnknown, "file is not signed by that signer";

	/// A measured file is forbidden.
	ImaForbiddenFile = 1301, ImaForbidden, "measured file is forbidden";

	/// A certificate is on its issuer's revocation list.
	CertificateRevoked = 1401, Revoked, "certificate is revoked";
	/// Processors of the chip's product line are trusted no more. Blame: nobody. Remedy: another processor.
	GenerationSuspended = 1402, Revoked, "product line is suspended";
}

impl RejectCode {
	/// The stable number.
	pub const fn number(self) -> u16 {
		self as u16
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn numbers_are_distinct_ordered_and_lead_back() {
		assert!(RejectCode::ALL.windows(2).all(|pair| pair[0].number() < pair[1].number()));
		for &code in RejectCode::ALL {
			assert_eq!(RejectCode::from_number(code.number()), Some(code));
		}
		assert_eq!(RejectCode::from_number(100), None);
	}

	#[test]
	fn a_class_is_the_hundred_of_its_codes() {
		for &code in RejectCode::ALL {
			assert_eq!(code.number() / 100, code.class() as u16 + 1, "{code:?}");
		}
	}
}
