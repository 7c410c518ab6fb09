//! Cause, blame, remedy and an example of every reject code, for `docs/codes.md`.
//!
//! The texts are compiled with `std` only, so that the runtime does not carry them.

use super::{RejectClass, RejectCode};
use crate::{verdict::Value, Rejection};

#[cfg(test)]
mod tests;

/// The party that has to act, in the roles of RFC 9334.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
	/// The host, firmware, TPM or guest that produced the evidence.
	Attester,
	/// The parties that provide reference values and endorsements.
	VerifierOperator,
	/// The tenant who relies on the result.
	RelyingParty,
	/// No party: a rule or an endorsement changed after the evidence was acceptable.
	NoParty,
}

impl Blame {
	/// Returns the name in prose.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Attester => "attester",
			Self::VerifierOperator => "verifier operator",
			Self::RelyingParty => "relying party",
			Self::NoParty => "no party",
		}
	}
}

/// The witness of an example: the values that a [`Rejection`] states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
	/// The number of the log entry, if the field belongs to one.
	pub entry: Option<u32>,
	pub field: &'static str,
	pub seen: &'static str,
	/// The value that would have been accepted; `None` if the message states none.
	pub wanted: Option<&'static str>,
}

/// The explanation of a reject code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeInfo {
	/// The name, as declared.
	pub name: &'static str,
	/// The condition under which the code is given.
	pub cause: &'static str,
	/// The parties that may be at fault, the most likely party first.
	pub blame: &'static [Blame],
	/// The action that resolves the rejection.
	pub remedy: &'static str,
	/// The witness of a typical rejection.
	pub example: Witness,
}

impl RejectCode {
	/// Returns a typical rejection with this code.
	pub fn example(self) -> Rejection {
		let Witness { entry, field, seen, wanted } = self.info().example;
		let wanted = wanted.map_or(Value::Nothing, Value::from);
		Rejection { code: self, field, entry, seen: seen.into(), wanted }
	}
}

impl RejectClass {
	/// Returns a summary of the codes in this class.
	pub const fn summary(self) -> &'static str {
		match self {
			Self::Malformed => "bytes that cannot be decoded",
			Self::Binding => "genuine parts that do not belong together or to this challenge",
			Self::SnpSignature => "reports that the chip's key did not sign",
			Self::SnpChain => "endorsement keys that do not lead to AMD's roots",
			Self::SnpPolicy => "guests and platforms in a mode that policy refuses",
			Self::Tcb => "firmware that is older than the floor or newer than the verifier",
			Self::Measurement => "guests with an unknown launch measurement",
			Self::TpmSignature => "quotes and TPM keys that are not genuine",
			Self::TpmQuote => "quotes that do not answer the request",
			Self::BootProfile => "boots that policy does not accept",
			Self::ImaReplay => "measurement logs that do not lead to PCR 10",
			Self::ImaUnknown => "files without a reference value",
			Self::ImaForbidden => "forbidden files",
			Self::Revoked => "revoked or suspended endorsements",
		}
	}
}

macro_rules! optional {
	() => {
		None
	};
	($value:literal) => {
		Some($value)
	};
}

/// Implements [`RejectCode::info`]. A code without an entry does not compile.
macro_rules! explain {
	($(
		$name:ident: [$($blame:ident),+]
			cause $cause:literal
			remedy $remedy:literal
			example $(entry $entry:literal,)? $field:literal
				is $seen:literal $(, wanted $wanted:literal)?;
	)+) => {
		impl RejectCode {
			/// Returns cause, blame, remedy and an example.
			pub const fn info(self) -> CodeInfo {
				match self {
					$(Self::$name => CodeInfo {
						name: stringify!($name),
						cause: $cause,
						blame: &[$(Blame::$blame),+],
						remedy: $remedy,
						example: Witness {
							entry: optional!($($entry)?),
							field: $field,
							seen: $seen,
							wanted: optional!($($wanted)?),
						},
					},)+
				}
			}
		}
	};
}

explain! {
	ReportLength: [Attester]
		cause "The ATTESTATION_REPORT is not 1184 bytes long."
		remedy "Send the report exactly as the firmware returned it, without a response header."
		example "ATTESTATION_REPORT" is "1183", wanted "1184";
	ReportVersion: [Attester]
		cause "The VERSION field of the report is not 2, 3, 4 or 5, and the chip did not sign the \
			report."
		remedy "Send the report exactly as the firmware returned it."
		example "VERSION" is "9", wanted "2, 3, 4 or 5";
	ReportReserved: [Attester]
		cause "A field or TCB byte that this report version reserves is not zero, or bit 17 of \
			POLICY is zero."
		remedy "Send the report unchanged. If the firmware is newer than its report version says, \
			install a released firmware."
		example "reserved at 0x4c" is "set", wanted "as reserved";
	ReportAlgorithm: [Attester]
		cause "SIGNATURE_ALGO of the report is not ECDSA P-384 with SHA-384."
		remedy "Send a report that the SNP firmware signed. No other algorithm is supported."
		example "SIGNATURE_ALGO" is "2", wanted "1";
	CertificateEncoding: [Attester]
		cause "A certificate or revocation list is not DER, is longer than 2048 bytes, has \
			trailing bytes or does not have a required field."
		remedy "Fetch the file again from AMD's key server or from the TPM. Convert PEM to DER, \
			and submit the file unchanged."
		example "Certificate" is "undecodable", wanted "X.509 in DER";
	CertificateExtension: [Attester]
		cause "An extension occurs twice, an extension of AMD is missing or malformed, or a \
			critical extension is unknown."
		remedy "Fetch the VCEK certificate for this chip and TCB again from AMD's key server."
		example "hwID" is "32", wanted "64";
	AttestEncoding: [Attester]
		cause "The attested structure cannot be decoded as the TPMS_ATTEST of a quote, or has \
			trailing bytes."
		remedy "Send the TPMS_ATTEST that TPM2_Quote returned, without the length prefix of its \
			TPM2B."
		example "TPMS_ATTEST" is "bytes after its end", wanted "TPMS_ATTEST of a quote";
	SignatureEncoding: [Attester]
		cause "The signature is not a TPMT_SIGNATURE of RSASSA, RSAPSS or ECDSA. Or the signature \
			of a file is not an IMA signature of version 2."
		remedy "Send the TPMT_SIGNATURE that TPM2_Quote returned, or the value of security.ima, \
			unchanged."
		example "TPMT_SIGNATURE" is "an unknown algorithm", wanted "RSASSA, RSAPSS or ECDSA";
	KeyEncoding: [Attester]
		cause "The attestation key is not a TPMT_PUBLIC or SubjectPublicKeyInfo of RSA, P-256, \
			P-384 or P-521. Or its signatures cost the chain too much to verify."
		remedy "Create the attestation key as RSA-2048 with exponent 65537 or as P-256, and enrol \
			that key."
		example "attestation key" is "another curve", wanted "RSA, P-256, P-384 or P-521";
	ImaEncoding: [Attester]
		cause "A record of the measurement log is incomplete, or its length fields contradict each \
			other."
		remedy "Read binary_runtime_measurements again and send whole records only."
		example entry 12, "record" is "incomplete", wanted "a whole record";
	ImaLimit: [Attester]
		cause "The measurement log has more bytes or entries than one piece of evidence or one \
			part of a log may have."
		remedy "Submit the older records with attestation.submit_log, and only the rest with the \
			evidence."
		example "log entries" is "more", wanted "64";
	PcrValues: [Attester]
		cause "A quoted PCR has no value, two values or a value of the wrong length. Or a value \
			belongs to a PCR that is not quoted."
		remedy "Send exactly one value for each PCR that the quote selects, from the same bank."
		example "pcr values" is "none", wanted "sha256 pcr 14";
	EvidenceLength: [Attester]
		cause "The quote, its signature, the event log or the X-Wing key of a VM exceeds its \
			length limit or has the wrong length."
		remedy "Send each part unchanged. Shorten the firmware's event log by removing boot \
			entries that are not used."
		example "tpm_signature" is "1025", wanted "1024";
	BootLogEncoding: [Attester]
		cause "The firmware's event log is not a TCG_PCR_EVENT2 log."
		remedy "Send binary_bios_measurements unchanged."
		example entry 3, "event log" is "incomplete", wanted "TCG_PCR_EVENT2";
	BootLogBank: [Attester]
		cause "The firmware's event log has no SHA-256 digests, such as a log of a TPM with the \
			SHA-1 bank only."
		remedy "Enable the SHA-256 bank in the firmware setup and reboot."
		example entry 0, "digests" is "sha1", wanted "sha256";
	BootLogLimit: [Attester, VerifierOperator]
		cause "The firmware's event log has more than 128 events of boot code."
		remedy "Shorten the boot loader's configuration, because GRUB measures each of its \
			commands. The rejection costs no strike."
		example entry 155, "events of boot code" is "more", wanted "128";

	ReportData: [Attester]
		cause "REPORT_DATA is not the hash of the rest of the evidence and of the challenge or \
			boot that the report must answer."
		remedy "Request a new report for this challenge after the quote and the log are final. Do \
			not change the quote or the log afterwards."
		example "REPORT_DATA" is "9f2c…41d0", wanted "3b7e…c8a2";
	QuoteNonce: [Attester]
		cause "The extraData of the quote is not the hash that binds it to this challenge, chip \
			and guest key."
		remedy "Quote again with the qualifyingData of this challenge. Never reuse a quote."
		example "extraData" is "9f2c…41d0", wanted "3b7e…c8a2";
	GuestSignature: [Attester]
		cause "The guest key that REPORT_DATA covers did not sign the evidence."
		remedy "Have the guest's agent sign the final evidence. Restart the agent if its key was \
			replaced."
		example "guest_signature" is "a signature of another key, or of other bytes";
	Chip: [Attester]
		cause "The endorsement key that verifies the report belongs to a chip other than the \
			challenged chip."
		remedy "Answer each challenge with the guest that runs on the challenged chip."
		example "CHIP_ID" is "9f2c…41d0", wanted "3b7e…c8a2";
	Miner: [Attester]
		cause "The evidence names a miner other than the challenged miner."
		remedy "Set the account of this miner in the agent's configuration."
		example "miner" is "9f2c…41d0", wanted "3b7e…c8a2";
	Sequence: [Attester]
		cause "The challenge number in the evidence differs from the number of the challenge for \
			which the evidence is judged."
		remedy "Gather new evidence for the open challenge. Evidence answers one challenge only."
		example "seq" is "41", wanted "42";
	HostData: [Attester]
		cause "HOST_DATA of the VM's report is not the hash of the VM's order, configuration and \
			disk key holders."
		remedy "Launch the VM with the HOST_DATA of the order in its current generation."
		example "HOST_DATA" is "9f2c…41d0", wanted "3b7e…c8a2";
	Boot: [Attester]
		cause "The evidence belongs to a VM, generation or boot other than the open one."
		remedy "Gather new evidence for the boot that the chain opened last."
		example "boot" is "boot 7/2/3", wanted "boot 7/2/4";
	AgentHostData: [Attester]
		cause "HOST_DATA of the agent's report is not the hash of this miner on this chain. The \
			guest was launched for another miner, or as a tenant's VM."
		remedy "Launch the agent's guest with the HOST_DATA of this miner."
		example "HOST_DATA" is "9f2c…41d0", wanted "3b7e…c8a2";

	ReportSignature: [Attester]
		cause "The signature of the report does not verify under the chip's endorsement key."
		remedy "Send the report unchanged, and register the VCEK certificate for its REPORTED_TCB."
		example "SIGNATURE" is "a signature of another key, or of other bytes";
	SigningKey: [Attester]
		cause "The report states a different kind of signing key than the certificate has, or \
			MASK_CHIP_KEY is set."
		remedy "Have the host request a report that the VCEK signs, and clear MASK_CHIP_KEY."
		example "SIGNING_KEY" is "none: MASK_CHIP_KEY is set", wanted "VCEK";

	UnknownIssuer: [Attester, VerifierOperator]
		cause "The certificate or revocation list was not issued by one of the pinned AMD \
			authorities."
		remedy "Submit the file from AMD's key server. For a new product line, have governance add \
			its ARK and ASK to policy."
		example "VEK issuer" is "CN=SEV-Venice", wanted "a pinned ASK or ASVK";
	CertificateSignature: [Attester]
		cause "The signature of a certificate or revocation list does not verify under its \
			issuer's key."
		remedy "Fetch the file again from AMD's key server and submit it unchanged."
		example "VEK signature" is "a signature of another key";
	CertificateValidity: [Attester]
		cause "The current time is outside the validity of a certificate or revocation list."
		remedy "Fetch a current certificate or list from AMD's key server, and check the clock of \
			the verifier."
		example "VEK validity" is "1767225600", wanted "1577836800 to 1735689600";
	CertificateAlgorithm: [Attester]
		cause "A certificate or revocation list uses a signature algorithm or key that differs from \
			AMD's own."
		remedy "Submit AMD's certificates: RSA-4096 with PSS and SHA-384 for the issuers, \
			P-384 for the chip's key."
		example "signatureAlgorithm"
			is "another algorithm", wanted "RSASSA-PSS with SHA-384 and a salt of 48 bytes";
	CertificateRole: [Attester]
		cause "An issuer is not an authority or may not sign revocation lists. Or the leaf has a \
			subject that AMD does not give to its keys."
		remedy "Submit the VCEK certificate itself, not the certificate of the ASK or of another \
			key."
		example "VEK subject" is "CN=SEV-VLEK", wanted "SEV-VCEK";
	Product: [Attester]
		cause "The CPUID of the report and the root of the certificate belong to different product \
			lines."
		remedy "Register the VCEK certificate of this processor, from the key server path of its \
			own product line."
		example "CPUID" is "1a/02/01", wanted "Genoa";
	HardwareId: [Attester]
		cause "The hwID of the certificate is not the CHIP_ID of the report."
		remedy "Register the VCEK certificate of the chip that signs, and answer with that chip."
		example "CHIP_ID" is "9f2c…41d0", wanted "3b7e…c8a2";
	MaskedChipId: [Attester]
		cause "CHIP_ID of the report is zero, so the report does not state its chip."
		remedy "Clear MASK_CHIP_ID in the SNP configuration of the host."
		example "CHIP_ID" is "zero", wanted "the chip's id";
	LoadedKey: [Attester]
		cause "The endorsement key is a VLEK, which stands for a provider's fleet and not for one \
			chip."
		remedy "Remove the loaded key from the host, so that the VCEK signs its reports."
		example "SIGNING_KEY" is "VLEK", wanted "VCEK";

	Debug: [Attester]
		cause "The DEBUG bit of the guest policy is set, so the host can read the guest's memory."
		remedy "Launch the guest with the DEBUG bit clear."
		example "POLICY.DEBUG" is "1", wanted "0";
	MigrationAgent: [Attester]
		cause "The MIGRATE_MA bit of the guest policy is set, so an agent can move the guest to \
			another host."
		remedy "Launch the guest with the MIGRATE_MA bit clear."
		example "POLICY.MIGRATE_MA" is "1", wanted "0";
	GuestPolicy: [Attester]
		cause "The guest policy lacks a bit that policy requires, or has a bit that policy \
			forbids."
		remedy "Launch the guest with the policy bits that policy.platform states."
		example "POLICY" is "0x230000", wanted "with 0x20000, without 0x2c0000";
	PlatformInfo: [Attester]
		cause "PLATFORM_INFO lacks a bit that policy requires, or has a bit that policy does not \
			allow."
		remedy "Enable the required features in the firmware setup of the host, disable the \
			features that policy does not allow, and reboot."
		example "PLATFORM_INFO" is "0x5", wanted "with 0x20, without 0xffffffffffffff80";
	Vmpl: [Attester]
		cause "The report was requested at a privilege level other than VMPL 0."
		remedy "Run the agent at VMPL 0 of the guest, without a paravisor that requests reports \
			for it."
		example "VMPL" is "1", wanted "0";
	Mitigation: [Attester]
		cause "CURRENT_MIT_VECTOR lacks a mitigation that policy requires. Reports before version \
			5 do not have this vector."
		remedy "Update the firmware and microcode of the host to a version with this mitigation."
		example "CURRENT_MIT_VECTOR" is "0x0", wanted "0x1";

	CertificateTcb: [Attester]
		cause "REPORTED_TCB differs from the TCB for which the VCEK certificate was issued."
		remedy "Register the VCEK certificate for the TCB that the host reports now."
		example "snp" is "22", wanted "23";
	TcbFloor: [Attester]
		cause "A component of one of the report's four TCB versions is below its floor in policy."
		remedy "Update the SNP firmware or the microcode of the host, then commit the new TCB."
		example "REPORTED_TCB" is "snp 14", wanted "snp 24 or later";
	TcbUnknown: [VerifierOperator, Attester]
		cause "Policy has no TCB floor for this CPU. Or the report is of version 2, which does not \
			state the CPU."
		remedy "Have governance add a floor for this CPU. For a report of version 2, update the \
			SNP firmware."
		example "CPUID" is "19/a0/02", wanted "a cpu with a floor";
	ReportVersionUnsupported: [VerifierOperator]
		cause "The chip signed a report whose VERSION is not 2, 3, 4 or 5, so its layout is \
			unknown."
		remedy "Upgrade the verifier, or run SNP firmware whose reports have a known version. The \
			rejection costs no score, but the chip gets no work until its evidence is accepted."
		example "VERSION" is "7", wanted "2, 3, 4 or 5";

	LaunchMeasurement: [Attester, RelyingParty]
		cause "Policy does not list the launch measurement. Or the launch measurement of a VM is \
			not the measurement of the ordered image."
		remedy "Launch the released image with its documented parameters. A tenant's order must \
			state the measurement of its image."
		example "MEASUREMENT" is "9f2c…41d0", wanted "an allowed measurement";

	QuoteSignature: [Attester]
		cause "The signature of the quote does not verify under the enrolled attestation key."
		remedy "Quote with the enrolled key and send the result unchanged. Enrol the TPM again if \
			its key was replaced."
		example "TPMT_SIGNATURE" is "a signature of another key, or of other bytes";
	SignatureScheme: [Attester]
		cause "The scheme of the signature does not fit the attestation key, or its hash is SHA-1."
		remedy "Quote with the scheme of the key and with SHA-256, SHA-384 or SHA-512."
		example "hash" is "sha1", wanted "sha256, sha384 or sha512";
	EkUnknownIssuer: [Attester, VerifierOperator]
		cause "The endorsement key certificate does not lead to a trusted vendor root, or too many \
			intermediates were sent."
		remedy "Send the vendor's intermediates with the certificate. For a new vendor, have \
			governance add its root to policy."
		example "EK issuer" is "unknown", wanted "a trusted root";
	EkCertificateSignature: [Attester]
		cause "A signature in the endorsement key's chain does not verify under its issuer's key."
		remedy "Send the intermediates that issued this certificate, as the vendor publishes them."
		example "EK chain signature" is "a signature of another key";
	EkCertificateValidity: [Attester]
		cause "The current time is outside the validity of a certificate in the endorsement key's \
			chain."
		remedy "Install a renewed certificate from the TPM's vendor."
		example "EK validity" is "1767225600", wanted "1420070400 to 1735689600";
	EkCertificateAlgorithm: [Attester]
		cause "A certificate in the endorsement key's chain uses an algorithm other than RSA or \
			ECDSA with SHA-256, SHA-384 or SHA-512."
		remedy "Use another certificate of this TPM, or a TPM whose vendor signs with one of these \
			algorithms."
		example "signatureAlgorithm"
			is "1.2.840.113549.1.1.5",
			wanted "RSA or ECDSA by the issuer's key, with SHA-256, SHA-384 or SHA-512";
	EkCertificateRole: [Attester]
		cause "The leaf is not an endorsement key certificate, or an issuer may not issue \
			certificates."
		remedy "Send the certificate from the NV index of the endorsement key, with the extended \
			key usage of the TCG."
		example "extendedKeyUsage"
			is "without tcg-kp-EKCertificate", wanted "that of an endorsement key";
	EkKind: [Attester]
		cause "The endorsement key is neither RSA-2048 nor P-256, so no credential can be made \
			for it."
		remedy "Enrol with the endorsement key of TCG template L-1 or L-2."
		example "subjectPublicKeyInfo" is "another key", wanted "RSA with 2048 bits, or P-256";
	AkAttributes: [Attester]
		cause "The attestation key is not a restricted signing key that is fixed to its TPM and \
			named by SHA-256."
		remedy "Create the key under the endorsement hierarchy with fixedTPM, fixedParent, \
			sensitiveDataOrigin, restricted and sign."
		example "objectAttributes" is "0x40472", wanted "with 0x50032, without 0x20000";

	QuoteMagic: [Attester]
		cause "The attested structure does not begin with TPM_GENERATED_VALUE, so no TPM produced \
			it."
		remedy "Send the structure that TPM2_Quote returned. A structure made in software is never \
			accepted."
		example "magic" is "00000000", wanted "ff544347";
	QuoteType: [Attester]
		cause "The attested structure is of a type other than TPM_ST_ATTEST_QUOTE."
		remedy "Send the result of TPM2_Quote, not the result of TPM2_Certify or another command."
		example "type" is "8017", wanted "8018";
	PcrSelection: [Attester]
		cause "The quote does not select exactly PCRs 0 to 10 and 14 of the SHA-256 bank. Or, in a \
			check outside the chain, the quote covers only the SHA-1 bank."
		remedy "Quote exactly the PCRs of QUOTED_PCRS, in one bank."
		example "pcrSelect" is "sha256:0x7ff", wanted "sha256:0x47ff";
	PcrDigest: [Attester]
		cause "The hash of the PCR values is not the pcrDigest of the quote."
		remedy "If a PCR was extended during the quote, read the PCRs and quote again until both \
			agree."
		example "pcrDigest" is "9f2c…41d0", wanted "3b7e…c8a2";
	QualifiedSigner: [Attester]
		cause "The qualifiedSigner of the quote is not the qualified name of the enrolled \
			attestation key."
		remedy "Quote with the enrolled key, created as a primary key of the endorsement \
			hierarchy."
		example "qualifiedSigner" is "000b61…0f", wanted "000b8e…72";

	BootPcrs: [Attester]
		cause "PCRs 0 to 9 and 14 differ from their values in the enrolled boot, and policy has no \
			rules for boots."
		remedy "Boot the firmware, boot loader, kernel and command line that were enrolled."
		example "pcr 0 to 9 and 14" is "9f2c…41d0", wanted "3b7e…c8a2";
	BootLog: [Attester]
		cause "Replaying the firmware's event log does not give the quoted PCRs."
		remedy "Send the event log of the current boot, unchanged."
		example "event log" is "another value of pcr 4", wanted "9f2c…41d0";
	BootLogMissing: [Attester]
		cause "The boot is new, policy has rules for boots, and the evidence has no event log."
		remedy "Run a kernel that keeps binary_bios_measurements, and send it after each reset."
		example "boot" is "nothing", wanted "the firmware's event log";
	BootUnknown: [Attester, VerifierOperator]
		cause "An event of boot code is not in the list of reference values, or extends a PCR that \
			its role does not allow."
		remedy "Boot listed components, or have governance add the digest of the new component."
		example entry 21, "digest" is "9f2c…41d0", wanted "a known digest in pcr 4";
	BootPartMissing: [Attester]
		cause "The event log has no known firmware, no known kernel, no known initrd or no known \
			command line."
		remedy "Use a firmware and a boot loader that measure each component that they load."
		example "event log" is "nothing", wanted "an initrd";
	SecureBootOff: [Attester]
		cause "Policy requires Secure Boot, and the firmware did not measure it as enabled."
		remedy "Enable Secure Boot in the firmware setup and reboot."
		example "SecureBoot" is "not 1", wanted "1";
	BootOutdated: [NoParty]
		cause "The boot was accepted before policy became stricter, and is not acceptable now."
		remedy "Reboot into components that policy lists now. The rejection costs no score, but \
			the chip gets no work until its evidence is accepted."
		example entry 33, "digest" is "9f2c…41d0", wanted "a known digest in pcr 9";

	ImaPcr: [Attester]
		cause "No prefix of the measurement log gives the quoted PCR 10."
		remedy "Read the log after the quote, and send every record since the checkpoint. If \
			padded SHA-1 digests give the quoted value, run a kernel of version 5.8 or later."
		example "pcr10" is "9f2c…41d0", wanted "3b7e…c8a2";
	ImaCheckpoint: [Attester]
		cause "The first record does not follow the checkpoint or the submitted parts of the log."
		remedy "Send the log from the entry that attestation.host or attestation.log states."
		example "from_entry" is "120", wanted "118";
	ImaTemplate: [Attester]
		cause "A record uses an IMA template that is neither built into the kernel nor a format of \
			known fields."
		remedy "Boot with ima_template=ima-ng or ima_template=ima-sig."
		example entry 4, "template name" is "ima-custom", wanted "a known template";
	ImaTemplateHash: [Attester]
		cause "The template digest of a record is not the hash of its data."
		remedy "Send the log as the kernel shows it. An altered record is never accepted."
		example entry 7, "template digest" is "9f2c…41d0", wanted "3b7e…c8a2";
	ImaViolation: [Attester]
		cause "The kernel recorded a violation: a file was open for writing while it was \
			measured."
		remedy "Reboot. Replace files by rename instead of writing to them while they are in use."
		example entry 31, "template digest" is "/usr/bin/apt", wanted "no violation";
	BootAggregate: [Attester]
		cause "The first record is not the hash of the quoted PCRs 0 to 9."
		remedy "Send the log of the current boot from its first entry, with a SHA-256 \
			boot_aggregate."
		example entry 0, "boot_aggregate" is "9f2c…41d0", wanted "3b7e…c8a2";
	ImaOtherPcr: [Attester]
		cause "A record extended a PCR other than 10, so the quote does not prove the record."
		remedy "Remove the pcr= options from the IMA policy and reboot."
		example entry 5, "pcr" is "11", wanted "10";

	ImaUnknownFile: [Attester, VerifierOperator]
		cause "A measured file is in no list of reference values."
		remedy "Remove the file and reboot, or have its digest listed by governance or signed by a \
			trusted signer."
		example entry 57, "file digest" is "sha256:9f2c…41d0 /usr/bin/nc", wanted "an allowed file";
	ImaRequiredMissing: [Attester]
		cause "A file that policy requires was not measured since the boot."
		remedy "Run the required program after each boot, under an IMA policy that measures \
			executables."
		example "file digest" is "nothing", wanted "3b7e…c8a2";
	ImaFileHash: [Attester]
		cause "A file was measured with a hash other than SHA-256, SHA-384 or SHA-512. Or the \
			template does not begin with the file's digest and name."
		remedy "Boot with ima_hash=sha256 and a template such as ima-ng or ima-sig."
		example entry 3, "file digest" is "sha1", wanted "sha256, sha384 or sha512";
	ImaOutdatedFile: [NoParty]
		cause "A file that was allowed when it was measured is not allowed now. Or policy newly \
			requires a file that was not measured."
		remedy "Reboot without the old version of the file, and with all files that policy \
			requires now. The rejection costs no score, but the chip gets no work until its \
			evidence is accepted."
		example entry 57, "file digest"
			is "sha256:9f2c…41d0 /usr/bin/curl", wanted "an allowed file";
	FileSignature: [VerifierOperator]
		cause "The signature that vouches for a file was not made by the signer, or does not cover \
			a SHA-256 digest."
		remedy "Sign the file's SHA-256 digest with the trusted key and vouch again. Evidence is \
			never rejected with this code."
		example "file signature"
			is "a signature of another key, or of another file", wanted "the signer's";

	ImaForbiddenFile: [Attester]
		cause "A measured file is in the list of forbidden files."
		remedy "Reinstall the machine, or remove the file and its cause, then reboot."
		example entry 88, "file digest"
			is "sha256:9f2c…41d0 /usr/lib/libhide.so", wanted "an allowed file";

	CertificateRevoked: [NoParty]
		cause "The revocation list of the ARK names the authority that issued the chip's \
			certificate."
		remedy "Register a certificate that a current ASK issued. AMD publishes it on its key \
			server."
		example "ASK serial" is "9f2c…41d0", wanted "one that is not revoked";
	GenerationSuspended: [NoParty]
		cause "Policy no longer trusts the processors of this product line."
		remedy "Move to a processor of another product line, or wait until governance restores \
			trust."
		example "product line" is "Milan", wanted "one that is trusted";
}
