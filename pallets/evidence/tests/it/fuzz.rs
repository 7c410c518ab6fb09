//! Fuzz targets for every decoder. No input may cause a panic.
//!
//! `cargo test` runs each target for a second on random edits of valid inputs. To run one target
//! guided by coverage: `cargo bolero test --package hcc-evidence fuzz::report`.

mod input;

use hcc_evidence::{
	boot,
	crypto::RustCrypto,
	ima::{fold, replay, Checkpoint, DigestList, Limits, LogFindings, Records, Violations},
	snp::{self, Report},
	tpm::{certificate_in_nv, verify_ek, Attest, AttestationKey, PcrBank, Signature},
	UnixSeconds,
};
use hcc_evidence_testing::seeds;
use input::feed;

const NOW: UnixSeconds = UnixSeconds(1_780_272_000);

/// Runs a target on mutated seeds and on random bytes. `check!` must expand in the test itself:
/// bolero finds a target by the path of the function around it.
macro_rules! fuzz {
	($seeds:expr, $target:expr) => {
		feed(bolero::check!(), $seeds, $target)
	};
}

#[test]
fn report() {
	fuzz!(seeds::reports(), |bytes| drop(Report::parse(bytes)));
}

#[test]
fn vek_certificate() {
	let roots = snp::roots();
	fuzz!(seeds::certificates(), |bytes| {
		drop(snp::verify_vek::<RustCrypto>(bytes, &roots, NOW));
	});
}

#[test]
fn revocation_list() {
	let ark = insecure_sim::roots().ark;
	fuzz!(seeds::revocation_lists(), |bytes| {
		if let Ok(list) = snp::UnverifiedCrl::parse(bytes) {
			drop(list.verify::<RustCrypto>(&ark, NOW));
		}
	});
}

#[test]
fn endorsement_certificate() {
	fuzz!(seeds::certificates(), |bytes| {
		if let Ok(certificate) = certificate_in_nv(bytes) {
			drop(verify_ek::<RustCrypto>(certificate, &[], &[], NOW));
		}
	});
}

#[test]
fn quote() {
	fuzz!(seeds::quotes(), |bytes| drop(Attest::parse(bytes)));
}

#[test]
fn quote_signature() {
	fuzz!(seeds::signatures(), |bytes| drop(Signature::parse(bytes)));
}

#[test]
fn attestation_key() {
	fuzz!(seeds::keys(), |bytes| {
		drop(AttestationKey::from_tpm2b_public(bytes));
		drop(AttestationKey::from_tpmt_public(bytes));
		drop(AttestationKey::from_spki(bytes));
	});
}

#[test]
fn log_submission() {
	let from = Checkpoint { entries: 7, ..Checkpoint::boot(PcrBank::Sha256) };
	let limits = Limits { bytes: 1 << 20, entries: 1 << 16 };
	fuzz!(seeds::logs(), |bytes| {
		drop(fold(bytes, &from, &mut LogFindings::default(), &DigestList::default(), limits));
	});
}

#[test]
fn measurement_log() {
	let from = Checkpoint::boot(PcrBank::Sha256);
	let limits = Limits { bytes: 1 << 20, entries: 1 << 16 };
	fuzz!(seeds::logs(), |bytes| {
		for record in Records::new(bytes, 0).flatten() {
			drop(record.file_digest());
		}
		drop(replay::<DigestList>(bytes, &from, &[0; 32], None, Violations::Count, limits));
	});
}

#[test]
fn event_log() {
	fuzz!(seeds::event_logs(), |bytes| drop(boot::replay(bytes, PcrBank::Sha256)));
}

/// Evidence in the encoding of transactions, and the policy query for it.
#[cfg(feature = "scale")]
#[test]
fn evidence() {
	use codec::{Decode, Encode};
	use hcc_evidence::host::{HostEvidence, PolicyQuery};

	fuzz!(vec![seeds::evidence().encode()], |mut bytes| {
		if let Ok(evidence) = HostEvidence::decode(&mut bytes) {
			drop(PolicyQuery::of(&evidence));
		}
	});
}
