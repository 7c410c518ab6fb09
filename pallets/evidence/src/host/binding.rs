//! The hashes that bind the parts of evidence to a challenge and to each other. The design's section 3 gives the layouts.

use alloc::vec::Vec;

use blake2::{digest::consts::U32, Blake2b};
use sha2::{Digest, Sha256, Sha512};

use super::HostEvidence;
use crate::{
	crypto::Crypto,
	domain::{self, Tag},
	snp::{HardwareId, ProductLine},
};

/// A hash of 32 bytes.
pub type Hash256 = [u8; 32];
/// The genesis hash of the chain.
pub type Genesis = Hash256;
/// The account of a miner.
pub type MinerId = [u8; 32];
/// The identity of a chip on chain: see [`chip_hash`].
pub type ChipHash = Hash256;

pub(crate) fn blake2_256(parts: &[&[u8]]) -> Hash256 {
	let mut hasher = Blake2b::<U32>::new();
	for part in parts {
		hasher.update(part);
	}
	hasher.finalize().into()
}

pub(crate) fn sha256(parts: &[&[u8]]) -> Hash256 {
	let mut hasher = Sha256::new();
	for part in parts {
		hasher.update(part);
	}
	hasher.finalize().into()
}

/// The hash by which the chain knows a chip: of its product line and its id, 64 bytes on Milan and Genoa, the first 8 on Turin.
///
/// It carries no genesis hash: what a chip did is the same on every chain.
pub fn chip_hash(product: ProductLine, chip_id: &HardwareId) -> ChipHash {
	let mut line: Tag = [0; 16];
	for (to, from) in line.iter_mut().zip(product.name().bytes()) {
		*to = from;
	}
	let significant = match product {
		ProductLine::Milan | ProductLine::Genoa => chip_id.as_slice(),
		ProductLine::Turin => chip_id.split_at_checked(8).map_or(&chip_id[..], |(id, _)| id),
	};
	blake2_256(&[&domain::CHIP, &line, significant])
}

/// The nonce of a challenge. `parent` is the hash of the parent of the block that makes it.
pub fn challenge_nonce(
	genesis: &Genesis,
	miner: &MinerId,
	chip: &ChipHash,
	seq: u64,
	parent: &Hash256,
) -> Hash256 {
	blake2_256(&[&domain::CHALLENGE, genesis, miner, chip, &seq.to_le_bytes(), parent])
}

/// What tells the numbers of claims from those of challenges.
const CLAIM_BIT: u64 = 1 << 63;

/// The number under which evidence claims a chip: that of the block whose hash its nonce binds, marked so that no challenge has it.
pub fn claim_seq(block: u64) -> u64 {
	block | CLAIM_BIT
}

/// The block whose hash a claim of that number binds; none where it is a challenge's.
pub fn claimed_block(seq: u64) -> Option<u64> {
	(seq & CLAIM_BIT != 0).then_some(seq & !CLAIM_BIT)
}

/// What extraData of the TPM's quote must be: it binds the quote to the challenge and to the guest beside it.
pub fn quote_extra_data(
	genesis: &Genesis,
	nonce: &Hash256,
	miner: &MinerId,
	chip: &ChipHash,
	guest_pk: &[u8; 32],
) -> Hash256 {
	sha256(&[&domain::QUOTE, genesis, nonce, miner, chip, guest_pk])
}

/// What REPORT_DATA of the host's report must be: it binds the report to the challenge, to the guest's key, to the quote and to the log.
/// `last_chunk` is the id of the chunk after which the log is taken up, or zeroes.
pub fn host_report_data<C: Crypto>(
	genesis: &Genesis,
	nonce: &Hash256,
	miner: &MinerId,
	guest_pk: &[u8; 32],
	tpms_attest: &[u8],
	last_chunk: &Hash256,
	ima_records: &[u8],
) -> [u8; 64] {
	let attest = C::sha256(tpms_attest);
	let log = sha256(&[last_chunk, &C::sha256(ima_records)]);
	let mut hasher = Sha512::new();
	for part in [&domain::HOST[..], genesis, nonce, miner, guest_pk, &attest, &log] {
		hasher.update(part);
	}
	hasher.finalize().into()
}

/// The id of a part of a measurement log: it covers the part before it, whose id is `before`; zeroes where it is the first.
pub fn chunk_id(genesis: &Genesis, miner: &MinerId, before: &Hash256, records: &[u8]) -> Hash256 {
	blake2_256(&[&domain::LOG, genesis, miner, before, &sha256(&[records])])
}

/// The identifier under which validators judge evidence of that hash (blake2_256 of its SCALE) for a challenge.
pub fn subject_id(
	genesis: &Genesis,
	chip: &ChipHash,
	seq: u64,
	evidence_hash: &Hash256,
) -> Hash256 {
	blake2_256(&[&domain::SUBJECT, genesis, chip, &seq.to_le_bytes(), evidence_hash])
}

/// The hash of evidence by which the chain knows it: blake2_256 of its SCALE.
#[cfg(feature = "scale")]
pub fn evidence_hash(evidence: &HostEvidence) -> Hash256 {
	blake2_256(&[&codec::Encode::encode(evidence)])
}

/// What validators vote for: a code and, where it is an acceptance, the SCALE of the claims.
pub fn finding_hash(genesis: &Genesis, code: u16, claims: &[u8]) -> Hash256 {
	blake2_256(&[&domain::VERDICT, genesis, &code.to_le_bytes(), claims])
}

/// What the guest signs: everything in the evidence but the signature itself.
pub fn guest_statement<C: Crypto>(genesis: &Genesis, evidence: &HostEvidence) -> Vec<u8> {
	let boot = evidence.boot.as_ref().map(|log| C::sha256(log));
	let mut statement = Vec::new();
	for part in [
		&domain::EVIDENCE[..],
		genesis,
		&evidence.miner,
		&evidence.seq.to_le_bytes(),
		&C::sha256(&evidence.snp_report),
		&C::sha256(&evidence.tpms_attest),
		&C::sha256(&evidence.tpm_signature),
		&C::sha256(evidence.pcr_values.as_flattened()),
		&evidence.ima_delta.from_entry.to_le_bytes(),
		&C::sha256(&evidence.ima_delta.records),
		&[u8::from(boot.is_some())],
		&boot.unwrap_or_default(),
		&evidence.guest_pk,
	] {
		statement.extend_from_slice(part);
	}
	statement
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::crypto::RustCrypto;

	#[test]
	fn a_turin_chip_is_its_first_eight_bytes() {
		let mut id = [0; 64];
		id[..8].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
		let chip = chip_hash(ProductLine::Turin, &id);
		id[8] = 1;
		assert_eq!(chip_hash(ProductLine::Turin, &id), chip);
		assert_ne!(chip_hash(ProductLine::Milan, &id), chip);
		let milan = chip_hash(ProductLine::Milan, &id);
		id[63] = 1;
		assert_ne!(chip_hash(ProductLine::Milan, &id), milan);
	}

	/// The layouts are fixed: these were computed apart, with Python's hashlib, over the bytes that the design names.
	#[test]
	fn each_layout_has_a_vector() {
		let (genesis, miner, parent, guest) = ([1; 32], [2; 32], [3; 32], [4; 32]);
		let chip = chip_hash(ProductLine::Milan, &[5; 64]);
		let nonce = challenge_nonce(&genesis, &miner, &chip, 6, &parent);
		let extra_data = quote_extra_data(&genesis, &nonce, &miner, &chip, &guest);
		let report_data = host_report_data::<RustCrypto>(
			&genesis, &nonce, &miner, &guest, b"attest", &[7; 32], b"records",
		);
		let subject = subject_id(&genesis, &chip, 6, &[8; 32]);
		let finding = finding_hash(&genesis, 1201, b"claims");
		let hex = |bytes: &[u8]| hex::encode(bytes);
		let chunk = chunk_id(&genesis, &miner, &[9; 32], b"records");
		assert_eq!(hex(&chunk), include_str!("vectors/log.hex").trim());
		assert_eq!(hex(&subject), include_str!("vectors/subject.hex").trim());
		assert_eq!(hex(&finding), include_str!("vectors/finding.hex").trim());
		assert_eq!(hex(&chip), include_str!("vectors/chip.hex").trim());
		assert_eq!(hex(&nonce), include_str!("vectors/challenge.hex").trim());
		assert_eq!(hex(&extra_data), include_str!("vectors/quote.hex").trim());
		assert_eq!(hex(&report_data), include_str!("vectors/host.hex").trim());
	}

	#[test]
	fn a_claim_has_no_number_of_a_challenge() {
		assert_eq!(claimed_block(claim_seq(57)), Some(57));
		assert_eq!(claimed_block(57), None);
	}

	#[test]
	fn every_input_of_a_binding_changes_it() {
		let (g, n, m, c, k) = ([1; 32], [2; 32], [3; 32], [4; 32], [5; 32]);
		let o = [9; 32];
		let quote = quote_extra_data(&g, &n, &m, &c, &k);
		for other in [
			quote_extra_data(&o, &n, &m, &c, &k),
			quote_extra_data(&g, &o, &m, &c, &k),
			quote_extra_data(&g, &n, &o, &c, &k),
			quote_extra_data(&g, &n, &m, &o, &k),
			quote_extra_data(&g, &n, &m, &c, &o),
		] {
			assert_ne!(other, quote);
		}
		let report = host_report_data::<RustCrypto>(&g, &n, &m, &k, b"a", &c, b"r");
		for other in [
			host_report_data::<RustCrypto>(&o, &n, &m, &k, b"a", &c, b"r"),
			host_report_data::<RustCrypto>(&g, &o, &m, &k, b"a", &c, b"r"),
			host_report_data::<RustCrypto>(&g, &n, &o, &k, b"a", &c, b"r"),
			host_report_data::<RustCrypto>(&g, &n, &m, &o, b"a", &c, b"r"),
			host_report_data::<RustCrypto>(&g, &n, &m, &k, b"b", &c, b"r"),
			host_report_data::<RustCrypto>(&g, &n, &m, &k, b"a", &o, b"r"),
			host_report_data::<RustCrypto>(&g, &n, &m, &k, b"a", &c, b"s"),
		] {
			assert_ne!(other, report);
		}
	}
}
