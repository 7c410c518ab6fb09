//! Tests with test vectors of other machines. Each vector replaces the corresponding part of
//! otherwise valid evidence, so that it reaches as far into the verifier as possible.
//!
//! A foreign quote answers another challenge. So it can at best pass all checks before
//! [`RejectCode::QuoteNonce`].

use std::{
	collections::{BTreeMap, BTreeSet},
	fs,
	path::{Path, PathBuf},
};

use codec::Encode;
use hcc_evidence::{
	crypto::RustCrypto,
	host::{chip_hash, HostEvidence, PinnedContext},
	snp::{roots, verify_vek, Vek, VekKind},
	tpm::{Attest, AttestationKey, PublicKey, Signature},
	RejectCode, UnixSeconds,
};
use hcc_evidence_testing::NOW;
use hccs_runtime::Runtime;

use super::{code, rebooted, vectors, Forger, JudgingChain};

/// A time within the validity of the VLEK: 2025-06-01.
const NOW_VLEK: UnixSeconds = UnixSeconds(1_748_736_000);

/// The parts of an answer that consist of bytes, by the numbers that [`Forger`] uses. In order,
/// they are a log that results in PCR 10, a log that does not, the attestation structure, its
/// signature, the boot event log, and the report.
pub(super) const PARTS: [u32; 6] = [0, 2, 3, 4, 6, 7];

/// Changes the pinned context of the subject.
pub(super) fn pin(chain: &mut JudgingChain, change: impl FnOnce(&mut PinnedContext)) {
	let subject = chain.subject;
	chain.state.execute_with(|| {
		pallet_attestation::Contexts::<Runtime>::mutate(subject, |pinned| {
			change(pinned.as_mut().expect("the subject is open"));
		});
	});
}

/// Pins the context of a machine without accepted evidence, with the given policy revision.
pub(super) fn pin_new(chain: &mut JudgingChain, revision: u32) {
	pin(chain, |pinned| {
		pinned.revision = revision;
		pinned.boot = None;
		pinned.former = None;
		pinned.boot_profile = None;
	});
}

pub(super) fn read(path: impl AsRef<Path>) -> Vec<u8> {
	fs::read(path).expect("the file is readable")
}

/// Returns the test vectors whose file names match.
pub(super) fn named(matches: impl Fn(&str) -> bool) -> Vec<PathBuf> {
	let mut files = vectors();
	files.retain(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(&matches));
	files
}

fn u16_sized(bytes: &[u8]) -> Vec<u8> {
	[&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

/// Returns the TPMT_PUBLIC of a restricted signing key.
pub(super) fn tpmt_public(key: &PublicKey) -> Vec<u8> {
	let attributes = 0x0005_0072u32.to_be_bytes();
	let ecc = |curve: u8, x: &[u8], y: &[u8]| {
		[
			&[0x00, 0x23, 0x00, 0x0b][..],
			&attributes,
			&[0, 0, 0x00, 0x10, 0x00, 0x18, 0x00, 0x0b, 0x00, curve, 0x00, 0x10],
			&u16_sized(x),
			&u16_sized(y),
		]
		.concat()
	};
	match key {
		PublicKey::P256(point) => ecc(3, &point.x, &point.y),
		PublicKey::P384(point) => ecc(4, &point.x, &point.y),
		PublicKey::P521(point) => ecc(5, &point.x, &point.y),
		PublicKey::Rsa(key) => [
			&[0x00, 0x01, 0x00, 0x0b][..],
			&attributes,
			&[0, 0, 0x00, 0x10, 0x00, 0x14, 0x00, 0x0b],
			&(8 * key.modulus.len() as u16).to_be_bytes(),
			&key.exponent.to_be_bytes(),
			&u16_sized(&key.modulus),
		]
		.concat(),
	}
}

/// Returns an RSASSA signature with SHA-256 as a TPMT_SIGNATURE.
pub(super) fn rsassa(signature: &[u8]) -> Vec<u8> {
	[&[0x00, 0x14, 0x00, 0x0b][..], &u16_sized(signature)].concat()
}

/// The test vectors of one foreign TPM.
#[derive(Default)]
struct Tpm {
	/// Attestation keys: TPMT_PUBLIC.
	keys: Vec<Vec<u8>>,
	/// Attestation structures: TPMS_ATTEST.
	attests: Vec<Vec<u8>>,
	/// Signatures: TPMT_SIGNATURE.
	signatures: Vec<Vec<u8>>,
}

impl Tpm {
	/// Adds a file if it belongs to a TPM.
	fn take(&mut self, path: &Path) {
		let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
		let extension = path.extension().and_then(|extension| extension.to_str());
		match (name, extension.unwrap_or_default()) {
			(_, "tpmt_public") => self.keys.push(read(path)),
			// The file is a TPM2B_PUBLIC, so its length field is removed.
			(_, "pub") => self.keys.extend(read(path).get(2..).map(<[u8]>::to_vec)),
			(_, "pem") => self.keys.extend(key_in(path)),
			(_, "msg") | ("quote.out" | "create-attest.bin", _) => self.attests.push(read(path)),
			(_, "sig" | "rawsig") | ("quotesig.out" | "create-sig.bin", _) => {
				let bytes = read(path);
				let whole = Signature::parse(&bytes).is_ok();
				self.signatures.push(if whole { bytes } else { rsassa(&bytes) });
			},
			_ => {},
		}
	}
}

/// Returns the TPMT_PUBLIC of a PEM key, or `None` for a certificate or another curve.
fn key_in(path: &Path) -> Option<Vec<u8>> {
	let der = pem::parse(read(path)).ok()?.into_contents();
	AttestationKey::from_spki(&der).ok().map(|key| tpmt_public(&key.key))
}

/// Evaluates each key with each signature of the same TPM. Each signature is tried over our quote
/// and over each quote of this TPM.
#[test]
fn foreign_tpm_keys_and_signatures_have_equal_findings() {
	let (mut chain, honest, machine, context) = rebooted();
	let mut tpms = BTreeMap::<PathBuf, Tpm>::new();
	for path in vectors() {
		let folder = path.parent().expect("the path has a folder").to_owned();
		tpms.entry(folder).or_default().take(&path);
	}
	let (mut codes, mut signed) = (BTreeSet::new(), 0);
	for tpm in tpms.values() {
		for (key, signature) in
			tpm.keys.iter().flat_map(|key| tpm.signatures.iter().map(move |by| (key, by)))
		{
			let qualified_signer = machine.signer();
			pin(&mut chain, |pinned| {
				pinned.ak = key.clone();
				pinned.qualified_signer = qualified_signer;
			});
			let mut ours = HostEvidence { tpm_signature: signature.clone(), ..honest.clone() };
			machine.sign(&mut ours);
			let found = code(chain.evaluate_all(&ours.encode()));
			signed += u32::from(found == Some(RejectCode::QuoteSignature.number()));
			codes.extend(found);
			for attest in &tpm.attests {
				if let Ok(theirs) = Attest::parse(attest) {
					pin(&mut chain, |pinned| pinned.qualified_signer = theirs.qualified_signer);
				}
				let mut theirs = HostEvidence { tpms_attest: attest.clone(), ..ours.clone() };
				machine.seal(&mut theirs, &context);
				codes.extend(code(chain.evaluate_all(&theirs.encode())));
			}
		}
	}
	println!("{} folders, {signed} signatures that were verified, codes {codes:?}", tpms.len());
	for wanted in [RejectCode::QuoteSignature, RejectCode::QuoteNonce, RejectCode::QuoteType] {
		assert!(tpms.is_empty() || codes.contains(&wanted.number()), "no {wanted:?}: {codes:?}");
	}
	assert!(tpms.is_empty() || signed >= 10, "only {signed} signatures were verified");
}

/// Returns the VEKs whose certificates are valid, each with a time within its validity.
fn chip_keys() -> Vec<(Vek, UnixSeconds)> {
	let certificates = named(|name| name == "vek.der");
	let verified = |path: &PathBuf| {
		[NOW, NOW_VLEK].into_iter().find_map(|now| {
			let vek = verify_vek::<RustCrypto>(&read(path), &roots(), now).ok()?;
			Some((vek, now))
		})
	};
	certificates.iter().filter_map(verified).collect()
}

/// Evaluates each report with each VEK: the VEK of its own chip, of another chip, of another
/// product line, and of a provider.
#[test]
fn foreign_reports_and_veks_have_equal_findings() {
	let (mut chain, honest, ..) = rebooted();
	let (keys, reports) = (chip_keys(), named(|name| name == "report.bin"));
	let reports: BTreeSet<Vec<u8>> = reports.iter().map(read).collect();
	let mut codes = BTreeSet::new();
	for (vek, now) in &keys {
		pin(&mut chain, |pinned| {
			if let VekKind::Vcek { hardware_id } = &vek.kind {
				pinned.chip = chip_hash(vek.product, hardware_id);
			}
			pinned.vek = vek.clone();
			pinned.now = *now;
		});
		for report in &reports {
			let evidence = HostEvidence { snp_report: report.clone(), ..honest.clone() };
			codes.extend(code(chain.evaluate_all(&evidence.encode())));
		}
	}
	println!("{} keys, {} reports, codes {codes:?}", keys.len(), reports.len());
	for wanted in
		[RejectCode::ReportData, RejectCode::HardwareId, RejectCode::Product, RejectCode::LoadedKey]
	{
		assert!(keys.is_empty() || codes.contains(&wanted.number()), "no {wanted:?}: {codes:?}");
	}
}

/// Replaces every part of evidence that accepts bytes by the contents of PEM files.
#[test]
fn pem_contents_have_equal_findings() {
	let (mut chain, honest, machine, context) = rebooted();
	let events = machine.clone().boot_logged();
	let forger = Forger { honest: &honest, machine: &machine, context: &context, events };
	let blocks = |path: &PathBuf| pem::parse_many(read(path)).unwrap_or_default();
	let contents: BTreeSet<Vec<u8>> =
		vectors().iter().flat_map(blocks).map(pem::Pem::into_contents).collect();
	let mut codes = BTreeSet::new();
	for bytes in &contents {
		for part in PARTS {
			let evidence = forger.answer(part, |place| place.clone_from(bytes));
			codes.extend(code(chain.evaluate_all(&evidence.encode())));
		}
	}
	println!("{} blocks, codes {codes:?}", contents.len());
	assert!(contents.is_empty() || codes.len() >= 4, "few kinds of failure: {codes:?}");
}
