//! Checks of the TPM and of its certificate.

use hcc_evidence::{
	crypto::RustCrypto,
	host::PcrSet,
	tpm::{verify_ek, AttestationKey, EndorsementKey, PublicKey},
	Check, RejectCode, UnixSeconds,
};

use super::{fail, pass, policy::ChainPolicy, skip, CheckResult};
use crate::{
	config::Config,
	tpm::{SharedTpm, Tpm},
	TpmError,
};

const REACHED: &str = "a TPM 2.0";
const STORED: &str = "an EK certificate of the TPM's vendor";
const GENUINE: &str = "an EK certificate of this TPM that the chain accepts";
const KEY: &str = "a restricted attestation key";
const BANK: &str = "the TPM's SHA-256 bank";

/// The TPM's answers to the queries of the checks.
pub(super) struct TpmState {
	opened: Result<(), TpmError>,
	certificate: Result<Vec<u8>, TpmError>,
	ek_public: Result<Vec<u8>, TpmError>,
	ak_public: Result<Vec<u8>, TpmError>,
	pub pcrs: Result<PcrSet, TpmError>,
}

impl TpmState {
	/// Queries the TPM. Blocks until the TPM has answered or a time limit is exceeded.
	pub(super) fn read(tpm: &SharedTpm) -> Self {
		let mut ask = Ask { tpm, hangs: false };
		Self {
			opened: ask.run(|_| Ok(())),
			pcrs: ask.run(Tpm::pcrs),
			certificate: ask.run(Tpm::ek_certificate),
			ak_public: ask.run(Tpm::ak_public),
			ek_public: ask.run(Tpm::ek_public),
		}
	}
}

/// Sends queries to the TPM. After a command that hangs, it sends no further command.
struct Ask<'a> {
	tpm: &'a SharedTpm,
	hangs: bool,
}

impl Ask<'_> {
	fn run<T: Send + 'static>(
		&mut self,
		ask: impl FnOnce(&mut Tpm) -> Result<T, TpmError> + Send + 'static,
	) -> Result<T, TpmError> {
		if self.hangs {
			return Err(TpmError::Hanging(1));
		}
		let answer = self.tpm.run(ask);
		self.hangs = matches!(answer, Err(TpmError::TimedOut(_)));
		answer
	}
}

/// Checks the requirements of the TPM against its answers.
pub(super) fn check(
	state: &TpmState,
	config: &Config,
	policy: Result<&ChainPolicy, &str>,
	now: UnixSeconds,
) -> Vec<CheckResult> {
	if let Err(error) = &state.opened {
		let remedy = "enable the TPM in the firmware settings; run as root; correct tcti";
		let rest = [STORED, GENUINE, KEY, BANK].map(|what| skip(what, "needs a TPM", "see above"));
		return [vec![fail(REACHED, error, remedy)], rest.into()].concat();
	}
	vec![
		pass(REACHED, config.tcti.clone()),
		stored(&state.certificate),
		genuine(state, config, policy, now),
		attestation_key(&state.ak_public),
		match &state.pcrs {
			Ok(_) => pass(BANK, "allocated"),
			Err(error) => fail(BANK, error, "allocate it in the firmware settings"),
		},
	]
}

fn stored(certificate: &Result<Vec<u8>, TpmError>) -> CheckResult {
	match certificate {
		Ok(der) => pass(STORED, format!("{} bytes", der.len())),
		Err(TpmError::OtherContents { place, found }) => {
			fail(STORED, format!("{place} holds {found}"), found.remedy())
		},
		Err(error) => fail(STORED, error, "set ek_cert to the certificate from the vendor"),
	}
}

/// Checks that the certificate certifies the TPM's endorsement key, that it is valid now, and that
/// its chain leads to a trusted root.
fn genuine(
	state: &TpmState,
	config: &Config,
	policy: Result<&ChainPolicy, &str>,
	now: UnixSeconds,
) -> CheckResult {
	let Ok(der) = &state.certificate else {
		return skip(GENUINE, "needs the certificate", "see above");
	};
	let public = match &state.ek_public {
		Ok(public) => public,
		Err(error) => return fail(GENUINE, error, "make the endorsement key usable"),
	};
	let intermediates = match config.ek_intermediates() {
		Ok(intermediates) => intermediates,
		Err(error) => return fail(GENUINE, format!("{error:#}"), "correct ek_chain"),
	};
	let roots = policy.map(|policy| &policy.tpm_roots[..]).unwrap_or_default();
	match (verify_ek::<RustCrypto>(der, &intermediates, roots, now), policy) {
		(Ok(certified), _) => match is_of(&certified, public) {
			Ok(true) => pass(GENUINE, "leads to a vendor's root, and is of the TPM's key"),
			Ok(false) => fail(
				GENUINE,
				"the certificate is of another key",
				"set ek_cert to the certificate of this TPM; correct ek_handle",
			),
			Err(why) => fail(GENUINE, why, "report it: the TPM's key is of an unknown kind"),
		},
		(Err(why), Err(reason)) if why.code == RejectCode::EkUnknownIssuer => skip(
			GENUINE,
			&format!("its root is unknown without the chain: {reason}"),
			"start a node",
		),
		(Err(why), _) => {
			let remedy = remedy(why.code);
			fail(GENUINE, why, remedy)
		},
	}
}

/// Returns true if the certified key equals the key in the public area (TPMT_PUBLIC).
fn is_of(certified: &EndorsementKey, public: &[u8]) -> Check<bool> {
	let key = AttestationKey::from_tpmt_public(public)?.key;
	Ok(match (certified, key) {
		(EndorsementKey::Rsa2048(certified), PublicKey::Rsa(key)) => *certified == key,
		(EndorsementKey::P256(certified), PublicKey::P256(key)) => *certified == key,
		_ => false,
	})
}

fn remedy(code: RejectCode) -> &'static str {
	match code {
		RejectCode::EkUnknownIssuer => {
			"set ek_chain to the certificates between it and its vendor's root; if the chain does \
			not trust that root, ask governance to add it"
		},
		RejectCode::EkCertificateValidity => "ask the TPM's vendor for a valid certificate",
		RejectCode::EkCertificateSignature => "correct ek_chain: its certificates do not fit",
		_ => "ask the TPM's vendor for the certificate, and set ek_cert to its file",
	}
}

fn attestation_key(public: &Result<Vec<u8>, TpmError>) -> CheckResult {
	match public.as_ref().map(|public| AttestationKey::from_tpmt_public(public)) {
		Ok(Ok(key)) if key.check_restricted_signing().is_ok() => pass(KEY, "ECDSA on P-256"),
		Ok(_) => {
			fail(KEY, "the TPM makes another key", "report it: the TPM violates its specification")
		},
		Err(error) => fail(KEY, error, "make the endorsement hierarchy usable"),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::preflight::Status;

	fn state(certificate: Result<Vec<u8>, TpmError>) -> TpmState {
		TpmState {
			opened: Ok(()),
			certificate,
			ek_public: Ok(Vec::new()),
			ak_public: Err(TpmError::NoBank),
			pcrs: Err(TpmError::NoBank),
		}
	}

	fn of<'r>(results: &'r [CheckResult], what: &str) -> &'r CheckResult {
		results.iter().find(|result| result.requirement == what).expect("it is checked")
	}

	#[test]
	fn other_contents_fail_by_name_with_remedy() {
		let found = crate::NvError::Gzip;
		let contents = TpmError::OtherContents { place: "the NV index".into(), found };
		let results =
			check(&state(Err(contents)), &Config::default(), Err("no node"), UnixSeconds(0));
		let stored = of(&results, STORED);
		assert_eq!(stored.status, Status::Fail);
		assert!(stored.seen.contains("gzip"), "{}", stored.seen);
		assert!(stored.remedy.is_some_and(|remedy| remedy.contains("gunzip")));
		assert_eq!(of(&results, GENUINE).status, Status::Skip);
	}

	#[test]
	fn certificate_without_valid_contents_fails_without_node() {
		let der = [&[0x30, 0x81, 0xc8][..], &[5; 200]].concat();
		let results = check(&state(Ok(der)), &Config::default(), Err("no node"), UnixSeconds(0));
		assert_eq!(of(&results, STORED).status, Status::Pass);
		let genuine = of(&results, GENUINE);
		assert_eq!(genuine.status, Status::Fail, "{}", genuine.seen);
	}

	#[test]
	fn unavailable_tpm_skips_dependent_checks() {
		let missing = TpmError::Unusable { tcti: "device:x".into(), reason: "0xa000a".into() };
		let state = TpmState { opened: Err(missing), ..state(Err(TpmError::NoCertificate)) };
		let results = check(&state, &Config::default(), Err("no node"), UnixSeconds(0));
		assert_eq!(results.len(), 5);
		assert_eq!(of(&results, REACHED).status, Status::Fail);
		assert!(results.iter().skip(1).all(|result| result.status == Status::Skip));
	}
}
