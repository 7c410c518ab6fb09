//! Signatures of files, as the kernel keeps them in `security.ima` and shows them in the template `ima-sig`: `struct signature_v2_hdr`,
//! Linux, `security/integrity/integrity.h`.

use sha1::{Digest, Sha1};

use super::HashAlgorithm;
use crate::{
	bytes::{Reader, Short},
	crypto::RustCrypto,
	tpm::PublicKey,
	Check, RejectCode, Rejection,
};

/// EVM_IMA_XATTR_DIGSIG.
const DIGSIG: u8 = 3;
/// What the kernel calls version 2: over the digest of the file. Version 3, of fs-verity, is over something else.
const VERSION: u8 = 2;
/// HASH_ALGO_SHA256, HASH_ALGO_SHA384 and HASH_ALGO_SHA512 in `include/uapi/linux/hash_info.h`.
const ALGORITHMS: [(u8, HashAlgorithm); 3] =
	[(4, HashAlgorithm::Sha256), (5, HashAlgorithm::Sha384), (6, HashAlgorithm::Sha512)];

/// A signature of a file, not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSignature<'a> {
	/// By which hash the file was signed.
	pub algorithm: HashAlgorithm,
	/// The last four bytes of the SHA-1 of the signer's key: a hint.
	pub key_id: [u8; 4],
	pub signature: &'a [u8],
}

impl<'a> FileSignature<'a> {
	/// Reads the value of `security.ima`, or the field `sig` of a record.
	///
	/// ## Errors
	/// [`RejectCode::SignatureEncoding`].
	pub fn parse(bytes: &'a [u8]) -> Check<Self> {
		let read = |at: &mut Reader<'a>| {
			let [kind, version, algorithm] = at.array()?;
			let key_id = at.array()?;
			let len = at.u16_be()?;
			Ok::<_, Short>((kind, version, algorithm, key_id, at.take(len.into())?))
		};
		let mut at = Reader::new(bytes);
		let (kind, version, algorithm, key_id, signature) =
			read(&mut at).map_err(|Short| malformed("cut off"))?;
		if !at.is_empty() {
			return Err(malformed("bytes after it"));
		}
		let known = ALGORITHMS.iter().find(|(number, _)| *number == algorithm);
		match known {
			Some((_, algorithm)) if kind == DIGSIG && version == VERSION => {
				Ok(Self { algorithm: *algorithm, key_id, signature })
			},
			_ => Err(malformed("of another kind, version or hash")),
		}
	}

	/// Whether `key` has signed the file with that SHA-256 digest.
	///
	/// ## Errors
	/// [`RejectCode::FileSignature`].
	pub fn verify(&self, key: &PublicKey, digest: &[u8; 32]) -> Check {
		let refused = |seen: &'static str| {
			Rejection::new(RejectCode::FileSignature, "file signature", seen, "the signer's")
		};
		if self.algorithm != HashAlgorithm::Sha256 {
			return Err(refused("over another hash than SHA-256"));
		}
		let verified = match key {
			PublicKey::Rsa(key) => RustCrypto::rsa_over_digest(key, digest, self.signature),
			PublicKey::P256(key) => RustCrypto::p256_over_digest(key, digest, self.signature),
		};
		verified.map_err(|_| refused("a signature of another key, or of another file"))
	}
}

/// How the kernel names a key: the last four bytes of the SHA-1 of its subjectPublicKey.
pub fn key_id(subject_public_key: &[u8]) -> [u8; 4] {
	let [.., a, b, c, d] = <[u8; 20]>::from(Sha1::digest(subject_public_key));
	[a, b, c, d]
}

fn malformed(seen: &'static str) -> Rejection {
	let wanted = "signature_v2_hdr";
	Rejection::new(RejectCode::SignatureEncoding, "file signature", seen, wanted)
}
