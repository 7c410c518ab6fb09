//! Signatures of files. The kernel stores them in `security.ima` and adds them to log entries of
//! the template `ima-sig`.
//!
//! Source: Linux, `security/integrity/integrity.h`, `struct signature_v2_hdr`.

use sha1::{Digest, Sha1};

use super::HashAlgorithm;
use crate::{
	bytes::{Reader, Short},
	crypto::RustCrypto,
	tpm::PublicKey,
	Check, RejectCode, Rejection,
};

/// The type of a signature: EVM_IMA_XATTR_DIGSIG.
const DIGSIG: u8 = 3;
/// The version of a signature over the digest of the file. Version 3, for fs-verity, covers other
/// data.
const VERSION: u8 = 2;
/// The numbers of HASH_ALGO_SHA256, HASH_ALGO_SHA384 and HASH_ALGO_SHA512 in
/// `include/uapi/linux/hash_info.h`.
const ALGORITHMS: [(u8, HashAlgorithm); 3] =
	[(4, HashAlgorithm::Sha256), (5, HashAlgorithm::Sha384), (6, HashAlgorithm::Sha512)];

/// A decoded signature of a file. It is not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSignature<'a> {
	/// The hash algorithm of the signed digest.
	pub algorithm: HashAlgorithm,
	/// The last four bytes of the SHA-1 digest of the signer's key, as a hint.
	pub key_id: [u8; 4],
	pub signature: &'a [u8],
}

impl<'a> FileSignature<'a> {
	/// Decodes the value of `security.ima`, or the field `sig` of a log record.
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
			read(&mut at).map_err(|Short| malformed("incomplete"))?;
		if !at.is_empty() {
			return Err(malformed("followed by other bytes"));
		}
		let known = ALGORITHMS.iter().find(|(number, _)| *number == algorithm);
		match known {
			Some((_, algorithm)) if kind == DIGSIG && version == VERSION => {
				Ok(Self { algorithm: *algorithm, key_id, signature })
			},
			_ => Err(malformed("of another kind, version or hash")),
		}
	}

	/// Verifies that `key` signed the file with this SHA-256 digest.
	///
	/// ## Errors
	/// [`RejectCode::FileSignature`].
	pub fn verify(&self, key: &PublicKey, digest: &[u8; 32]) -> Check {
		let refused = |seen: &'static str| {
			Rejection::new(RejectCode::FileSignature, "file signature", seen, "the signer's")
		};
		if self.algorithm != HashAlgorithm::Sha256 {
			return Err(refused("over a hash other than SHA-256"));
		}
		let verified = match key {
			PublicKey::Rsa(key) => RustCrypto::rsa_over_digest(key, digest, self.signature),
			PublicKey::P256(key) => RustCrypto::p256_over_digest(key, digest, self.signature),
			PublicKey::P384(_) | PublicKey::P521(_) => {
				return Err(refused("by a key that is neither RSA nor P-256"));
			},
		};
		verified.map_err(|_| refused("a signature of another key, or of another file"))
	}
}

/// Returns the kernel's name of a key: the last four bytes of the SHA-1 digest of its
/// subjectPublicKey.
pub fn key_id(subject_public_key: &[u8]) -> [u8; 4] {
	let [.., a, b, c, d] = <[u8; 20]>::from(Sha1::digest(subject_public_key));
	[a, b, c, d]
}

fn malformed(seen: &'static str) -> Rejection {
	let wanted = "signature_v2_hdr";
	Rejection::new(RejectCode::SignatureEncoding, "file signature", seen, wanted)
}
