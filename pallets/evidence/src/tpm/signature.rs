use alloc::vec::Vec;

use super::{PcrBank, Scheme};
use crate::{
	bytes::{Reader, Short},
	Check, RejectCode, Rejection,
};

/// A TPMT_SIGNATURE with a supported algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
	/// TPM_ALG_RSASSA or TPM_ALG_RSAPSS.
	Rsa { scheme: Scheme, hash: PcrBank, bytes: Vec<u8> },
	/// TPM_ALG_ECDSA; the scalars are big-endian.
	Ecdsa { hash: PcrBank, r: Vec<u8>, s: Vec<u8> },
}

impl Signature {
	/// Decodes a TPMT_SIGNATURE.
	///
	/// ## Errors
	/// [`RejectCode::SignatureEncoding`].
	pub fn parse(bytes: &[u8]) -> Check<Self> {
		Self::fields(bytes).unwrap_or_else(|Short| Err(malformed("incomplete")))
	}

	fn fields(bytes: &[u8]) -> Result<Check<Self>, Short> {
		let mut at = Reader::new(bytes);
		let Some(scheme) = Scheme::from_alg_id(at.u16_be()?) else {
			return Ok(Err(malformed("an unknown algorithm")));
		};
		let Some(hash) = PcrBank::from_alg_id(at.u16_be()?) else {
			return Ok(Err(malformed("an unknown hash")));
		};
		let signature = match scheme {
			Scheme::RsaSsa | Scheme::RsaPss => {
				Self::Rsa { scheme, hash, bytes: at.tpm2b()?.to_vec() }
			},
			Scheme::Ecdsa => {
				let r = at.tpm2b()?.to_vec();
				Self::Ecdsa { hash, r, s: at.tpm2b()?.to_vec() }
			},
		};
		if !at.is_empty() {
			return Ok(Err(malformed("bytes after its end")));
		}
		Ok(Ok(signature))
	}

	/// Returns the scheme of the signature.
	pub const fn scheme(&self) -> Scheme {
		match self {
			Self::Rsa { scheme, .. } => *scheme,
			Self::Ecdsa { .. } => Scheme::Ecdsa,
		}
	}

	/// Returns the hash algorithm of the signature, which the quote's pcrDigest uses too.
	pub const fn hash(&self) -> PcrBank {
		match self {
			Self::Rsa { hash, .. } | Self::Ecdsa { hash, .. } => *hash,
		}
	}
}

fn malformed(seen: &'static str) -> Rejection {
	Rejection::new(RejectCode::SignatureEncoding, "TPMT_SIGNATURE", seen, "RSASSA, RSAPSS or ECDSA")
}
