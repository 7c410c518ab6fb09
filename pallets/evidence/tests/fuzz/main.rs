//! Fuzz targets for every decoder: none panics, whatever comes in.
//!
//! `cargo test` runs each for a second on what a random generator makes of sound inputs. `cargo bolero test --package hcc-evidence TARGET`
//! runs one guided by coverage, for as long as one likes.

mod mutation;
mod seeds;

use hcc_evidence::{
	boot,
	crypto::RustCrypto,
	ima::{fold, replay, Checkpoint, DigestList, Findings, Limits, Records, Violations},
	snp::{self, Report},
	tpm::{certificate_in_nv, verify_ek, Attest, AttestationKey, PcrBank, Signature},
	UnixSeconds,
};
use mutation::fuzz;

const NOW: UnixSeconds = UnixSeconds(1_780_272_000);

#[test]
fn report() {
	fuzz(seeds::reports(), |bytes| drop(Report::parse(bytes)));
}

#[test]
fn vek_certificate() {
	let roots = snp::roots();
	fuzz(seeds::certificates(), |bytes| {
		drop(snp::verify_vek::<RustCrypto>(bytes, &roots, NOW));
	});
}

#[test]
fn revocation_list() {
	let ark = insecure_sim::roots().ark;
	fuzz(seeds::revocation_lists(), |bytes| {
		if let Ok(list) = snp::UnverifiedCrl::parse(bytes) {
			drop(list.verify::<RustCrypto>(&ark, NOW));
		}
	});
}

#[test]
fn endorsement_certificate() {
	fuzz(seeds::certificates(), |bytes| {
		if let Ok(certificate) = certificate_in_nv(bytes) {
			drop(verify_ek::<RustCrypto>(certificate, &[], &[], NOW));
		}
	});
}

#[test]
fn quote() {
	fuzz(seeds::quotes(), |bytes| drop(Attest::parse(bytes)));
}

#[test]
fn quote_signature() {
	fuzz(seeds::signatures(), |bytes| drop(Signature::parse(bytes)));
}

#[test]
fn attestation_key() {
	fuzz(seeds::keys(), |bytes| {
		drop(AttestationKey::from_tpm2b_public(bytes));
		drop(AttestationKey::from_tpmt_public(bytes));
		drop(AttestationKey::from_spki(bytes));
	});
}

#[test]
fn part_of_a_log() {
	let from = Checkpoint { entries: 7, ..Checkpoint::boot(PcrBank::Sha256) };
	let limits = Limits { bytes: 1 << 20, entries: 1 << 16 };
	fuzz(seeds::logs(), |bytes| {
		drop(fold(bytes, &from, &mut Findings::default(), &DigestList::default(), limits));
	});
}

#[test]
fn measurement_log() {
	let from = Checkpoint::boot(PcrBank::Sha256);
	let limits = Limits { bytes: 1 << 20, entries: 1 << 16 };
	fuzz(seeds::logs(), |bytes| {
		for record in Records::new(bytes, 0).flatten() {
			drop(record.file_digest());
		}
		drop(replay::<DigestList>(bytes, &from, &[0; 32], None, Violations::Count, limits));
	});
}

#[test]
fn event_log() {
	fuzz(seeds::event_logs(), |bytes| drop(boot::replay(bytes, PcrBank::Sha256)));
}

/// Evidence as it comes with a transaction, and what is asked of policy for it.
#[cfg(feature = "scale")]
#[test]
fn evidence() {
	use codec::Decode;
	use hcc_evidence::host::{HostEvidence, PolicyQuery};

	fuzz(seeds::bodies(), |mut bytes| {
		if let Ok(evidence) = HostEvidence::decode(&mut bytes) {
			drop(PolicyQuery::of(&evidence));
		}
	});
}
