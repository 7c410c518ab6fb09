//! The hashes that bind the parts of evidence to a challenge and to each other. Section 2 of
//! `docs/protocol.md` specifies the layouts.

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
/// The genesis hash of a chain.
pub type Genesis = Hash256;
/// The account of a miner.
pub type MinerId = [u8; 32];
/// The identity of a chip on the chain; see [`chip_hash`].
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

/// Returns the hash of a chip's product line and id. It identifies the chip on the chain.
///
/// The id has 64 bytes on Milan and Genoa, and 8 bytes on Turin. The hash does not cover a genesis
/// hash, because the history of a chip is the same on every chain.
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

/// Returns the nonce of a challenge. `parent` is the parent hash of the block that makes the
/// challenge.
pub fn challenge_nonce(
	genesis: &Genesis,
	miner: &MinerId,
	chip: &ChipHash,
	seq: u64,
	parent: &Hash256,
) -> Hash256 {
	blake2_256(&[&domain::CHALLENGE, genesis, miner, chip, &seq.to_le_bytes(), parent])
}

/// The bit that separates the numbers of contests from the numbers of challenges.
const CONTEST_BIT: u64 = 1 << 63;

/// Returns the number of a contest over a chip. `block` is the number of the block whose hash the
/// nonce contains. A marker bit ensures that no challenge has the same number.
pub fn contest_seq(block: u64) -> u64 {
	block | CONTEST_BIT
}

/// Returns the number of the block whose hash the contest's nonce contains, or `None` for the
/// number of a challenge.
pub fn contest_block(seq: u64) -> Option<u64> {
	(seq & CONTEST_BIT != 0).then_some(seq & !CONTEST_BIT)
}

/// Returns the extraData that a TPM quote must have. It binds the quote to the challenge and to the
/// guest on the same host.
pub fn quote_extra_data(
	genesis: &Genesis,
	nonce: &Hash256,
	miner: &MinerId,
	chip: &ChipHash,
	guest_pk: &[u8; 32],
) -> Hash256 {
	sha256(&[&domain::QUOTE, genesis, nonce, miner, chip, guest_pk])
}

/// Returns the REPORT_DATA that a host's report must have. It binds the report to the challenge,
/// the guest's key, the quote and the log.
/// `last_chunk` is the id of the log submission that the log continues, or zero if there is none.
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

/// Returns the HOST_DATA that the guest of a miner's attestation agent must have. The host sets it
/// at launch, and the guest cannot change it.
///
/// A VM has the HOST_DATA of its order. So a tenant who orders the agent's image cannot speak for
/// the chip on which it runs.
pub fn agent_host_data(genesis: &Genesis, miner: &MinerId) -> Hash256 {
	sha256(&[&domain::AGENT, genesis, miner])
}

/// Returns the id of a log submission. The id covers all earlier parts, because it contains the id
/// of the previous part, `before`. For the first part, `before` is zero.
pub fn chunk_id(genesis: &Genesis, miner: &MinerId, before: &Hash256, records: &[u8]) -> Hash256 {
	blake2_256(&[&domain::LOG, genesis, miner, before, &sha256(&[records])])
}

/// Returns the identifier of the subject that validators judge: evidence for a challenge.
/// `evidence_hash` is blake2_256 of the SCALE encoding of the evidence.
pub fn subject_id(
	genesis: &Genesis,
	chip: &ChipHash,
	seq: u64,
	evidence_hash: &Hash256,
) -> Hash256 {
	blake2_256(&[&domain::SUBJECT, genesis, chip, &seq.to_le_bytes(), evidence_hash])
}

/// Returns the hash that identifies evidence on the chain: blake2_256 of its SCALE encoding.
#[cfg(feature = "scale")]
pub fn evidence_hash(evidence: &HostEvidence) -> Hash256 {
	blake2_256(&[&codec::Encode::encode(evidence)])
}

/// Returns the hash of a finding, for which validators vote. `claims` is the SCALE encoding of the
/// claims, and empty unless the code is an acceptance.
pub fn finding_hash(genesis: &Genesis, code: u16, claims: &[u8]) -> Hash256 {
	blake2_256(&[&domain::VERDICT, genesis, &code.to_le_bytes(), claims])
}

/// Returns the statement that the guest signs: all of the evidence except the signature itself.
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
	use crate::{crypto::RustCrypto, host::ImaDelta};

	#[test]
	fn turin_chip_hash_covers_first_eight_bytes() {
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

	/// The layouts are fixed. The vectors were computed independently, with Python's hashlib, from
	/// the layouts in `docs/protocol.md`.
	#[test]
	fn bindings_match_their_vectors() {
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
		let agent = agent_host_data(&genesis, &miner);
		assert_eq!(hex(&agent), include_str!("vectors/agent.hex").trim());
	}

	fn evidence() -> HostEvidence {
		HostEvidence {
			miner: [2; 32],
			seq: 6,
			snp_report: b"report".to_vec(),
			tpms_attest: b"attest".to_vec(),
			tpm_signature: b"signature".to_vec(),
			pcr_values: [[3; 32]; 12],
			ima_delta: ImaDelta { from_entry: 7, records: b"records".to_vec() },
			boot: Some(b"events".to_vec()),
			guest_pk: [4; 32],
			guest_signature: [0; 64],
		}
	}

	/// The vector was computed independently, like the other vectors. It is the SHA-256 digest of
	/// the statement.
	#[test]
	fn guest_statement_matches_its_vector() {
		let statement = guest_statement::<RustCrypto>(&[1; 32], &evidence());
		assert_eq!(statement.len(), 317);
		let hash = hex::encode(sha256(&[&statement]));
		assert_eq!(hash, include_str!("vectors/evidence.hex").trim());
	}

	#[test]
	fn contest_seq_differs_from_challenge_seq() {
		assert_eq!(contest_block(contest_seq(57)), Some(57));
		assert_eq!(contest_block(57), None);
	}

	#[test]
	fn binding_changes_with_each_input() {
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
		let agent = agent_host_data(&g, &m);
		for other in [agent_host_data(&o, &m), agent_host_data(&g, &o)] {
			assert_ne!(other, agent);
		}
	}
}
