use alloc::{vec, vec::Vec};

use const_oid::ObjectIdentifier;
use der::Decode;

use super::PcrBank;
use crate::{
	bytes::{padded, Reader, Short},
	certificate,
	crypto::{P256Key, RsaKey},
	Check, RejectCode, Rejection,
};

/// The signing schemes of attestation keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
	RsaSsa,
	RsaPss,
	Ecdsa,
}

impl Scheme {
	/// The scheme of that TPM_ALG_ID.
	pub const fn from_alg_id(id: u16) -> Option<Self> {
		match id {
			0x0014 => Some(Self::RsaSsa),
			0x0016 => Some(Self::RsaPss),
			0x0018 => Some(Self::Ecdsa),
			_ => None,
		}
	}

	/// The name in the TCG's registry, without its prefix.
	pub const fn name(self) -> &'static str {
		match self {
			Self::RsaSsa => "RSASSA",
			Self::RsaPss => "RSAPSS",
			Self::Ecdsa => "ECDSA",
		}
	}
}

/// The key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
	/// RSA with 2048 to 4096 bits.
	Rsa(RsaKey),
	/// NIST P-256.
	P256(P256Key),
}

/// An attestation key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationKey {
	pub key: PublicKey,
	/// The scheme that the key is bound to; none where the key's origin does not say.
	pub scheme: Option<Scheme>,
	/// The key's name, from its public area; none where only the key itself is known.
	pub name: Option<Vec<u8>>,
	/// TPMA_OBJECT; none where only the key itself is known.
	pub attributes: Option<u32>,
}

/// The handle of the endorsement hierarchy, which is its name too.
const TPM_RH_ENDORSEMENT: u32 = 0x4000_000b;
const TPM_ALG_RSA: u16 = 0x0001;
const TPM_ALG_ECC: u16 = 0x0023;
const TPM_ALG_NULL: u16 = 0x0010;
const TPM_ECC_NIST_P256: u16 = 0x0003;
/// The default exponent, where the public area says zero.
const RSA_DEFAULT_EXPONENT: u32 = 65_537;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const PRIME256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

fn malformed(seen: &'static str) -> Rejection {
	Rejection::new(RejectCode::KeyEncoding, "attestation key", seen, "RSA or P-256")
}

/// Bits of TPMA_OBJECT: part 2, 8.3.
const FIXED_TPM: u32 = 1 << 1;
const FIXED_PARENT: u32 = 1 << 4;
const SENSITIVE_DATA_ORIGIN: u32 = 1 << 5;
const RESTRICTED: u32 = 1 << 16;
const DECRYPT: u32 = 1 << 17;
const SIGN: u32 = 1 << 18;

impl AttestationKey {
	/// Checks that the key was made in its TPM, never leaves it, and signs nothing but what the TPM itself made: without that its quotes
	/// could be anybody's. A key whose attributes are not known is refused.
	///
	/// ## Errors
	/// [`RejectCode::AkAttributes`].
	pub fn check_restricted_signing(&self) -> Check {
		let required = FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN | RESTRICTED | SIGN;
		let seen = self.attributes.unwrap_or(0);
		if seen & required != required || seen & DECRYPT != 0 {
			return Err(Rejection::new(
				RejectCode::AkAttributes,
				"objectAttributes",
				alloc::format!("{seen:#x}"),
				alloc::format!("with {required:#x}, without {DECRYPT:#x}"),
			));
		}
		// A name is what a credential is made for: by SHA-1 two keys could share one.
		if !self.name.as_ref().is_some_and(|name| name.starts_with(&[0x00, 0x0b])) {
			return Err(Rejection::new(RejectCode::AkAttributes, "nameAlg", "another", "SHA-256"));
		}
		Ok(())
	}

	/// Checks that a quote of the key takes no longer to verify than there is time for: RSA with 2048 bits and the usual exponent, or P-256. Every TPM of a
	/// PC has both.
	///
	/// ## Errors
	/// [`RejectCode::KeyEncoding`].
	pub fn check_cost(&self) -> Check {
		match &self.key {
			PublicKey::P256(_) => Ok(()),
			PublicKey::Rsa(key)
				if key.modulus.len() == 256 && key.exponent == RSA_DEFAULT_EXPONENT =>
			{
				Ok(())
			},
			PublicKey::Rsa(key) => Err(Rejection::new(
				RejectCode::KeyEncoding,
				"attestation key",
				alloc::format!("RSA, {} bytes, exponent {}", key.modulus.len(), key.exponent),
				"RSA with 2048 bits and exponent 65537, or P-256",
			)),
		}
	}

	/// The qualified name of the key as a primary key of the endorsement hierarchy, which its quotes must state. TPM library part 1, 16.3.
	///
	/// None where the key's name is not known, or not by SHA-256.
	pub fn endorsement_qualified_name(&self) -> Option<Vec<u8>> {
		let name = self.name.as_ref().filter(|name| name.starts_with(&[0x00, 0x0b]))?;
		let mut qualified = vec![0x00, 0x0b];
		qualified.extend(PcrBank::Sha256.hash(&[&TPM_RH_ENDORSEMENT.to_be_bytes(), name]));
		Some(qualified)
	}

	/// Reads a TPM2B_PUBLIC.
	///
	/// ## Errors
	/// [`RejectCode::KeyEncoding`].
	pub fn from_tpm2b_public(bytes: &[u8]) -> Check<Self> {
		let mut at = Reader::new(bytes);
		match at.tpm2b() {
			Ok(public) if at.is_empty() => Self::from_tpmt_public(public),
			Ok(_) => Err(malformed("bytes after its end")),
			Err(Short) => Err(malformed("cut off")),
		}
	}

	/// Reads a TPMT_PUBLIC.
	///
	/// ## Errors
	/// [`RejectCode::KeyEncoding`].
	pub fn from_tpmt_public(bytes: &[u8]) -> Check<Self> {
		tpmt_public(bytes).unwrap_or_else(|Short| Err(malformed("cut off")))
	}

	/// Reads a SubjectPublicKeyInfo in DER. It tells neither the scheme nor the name.
	///
	/// ## Errors
	/// [`RejectCode::KeyEncoding`].
	pub fn from_spki(der: &[u8]) -> Check<Self> {
		let spki = spki::SubjectPublicKeyInfoRef::from_der(der)
			.map_err(|_| malformed("no SubjectPublicKeyInfo"))?;
		let bits = spki.subject_public_key.as_bytes().ok_or_else(|| malformed("part of a byte"))?;
		let curve = spki.algorithm.parameters.and_then(|p| p.decode_as::<ObjectIdentifier>().ok());
		let key = if spki.algorithm.oid == RSA_ENCRYPTION {
			certificate::rsa_key(bits).map(PublicKey::Rsa)
		} else if spki.algorithm.oid == EC_PUBLIC_KEY && curve == Some(PRIME256V1) {
			certificate::point(bits).map(|(x, y)| PublicKey::P256(P256Key { x, y }))
		} else {
			None
		};
		let key = key.ok_or_else(|| malformed("another algorithm"))?;
		Ok(Self { key, scheme: None, name: None, attributes: None })
	}
}

fn tpmt_public(bytes: &[u8]) -> Result<Check<AttestationKey>, Short> {
	let mut at = Reader::new(bytes);
	let kind = at.u16_be()?;
	let name_alg = at.u16_be()?;
	let attributes = at.u32_be()?;
	let _auth_policy = at.tpm2b()?;
	skip_symmetric(&mut at)?;
	let scheme = match at.u16_be()? {
		TPM_ALG_NULL => None,
		id => {
			let _hash = at.u16_be()?;
			match Scheme::from_alg_id(id) {
				Some(scheme) => Some(scheme),
				None => return Ok(Err(malformed("an unknown scheme"))),
			}
		},
	};
	let key = match kind {
		TPM_ALG_RSA => {
			let _key_bits = at.u16_be()?;
			let exponent = match at.u32_be()? {
				0 => RSA_DEFAULT_EXPONENT,
				exponent => exponent,
			};
			rsa_key(at.tpm2b()?, exponent)
		},
		TPM_ALG_ECC => {
			let curve = at.u16_be()?;
			if at.u16_be()? != TPM_ALG_NULL {
				let _kdf_hash = at.u16_be()?;
			}
			let x = at.tpm2b()?;
			let y = at.tpm2b()?;
			if curve == TPM_ECC_NIST_P256 {
				p256_key(x, y)
			} else {
				Err(malformed("another curve"))
			}
		},
		_ => Err(malformed("another algorithm")),
	};
	if !at.is_empty() {
		return Ok(Err(malformed("bytes after its end")));
	}
	let Some(hash) = PcrBank::from_alg_id(name_alg) else {
		return Ok(Err(malformed("an unknown name algorithm")));
	};
	let mut name = name_alg.to_be_bytes().to_vec();
	name.extend(hash.hash(&[bytes]));
	Ok(key.map(|key| AttestationKey {
		key,
		scheme,
		name: Some(name),
		attributes: Some(attributes),
	}))
}

/// TPMT_SYM_DEF_OBJECT: an algorithm, and unless that is NULL, key bits and mode.
fn skip_symmetric(at: &mut Reader<'_>) -> Result<(), Short> {
	if at.u16_be()? != TPM_ALG_NULL {
		at.take(4)?;
	}
	Ok(())
}

fn rsa_key(modulus: &[u8], exponent: u32) -> Check<PublicKey> {
	// The lower bound is what is still safe, the upper one what a check may cost.
	if !(256..=512).contains(&modulus.len()) || modulus.first().is_none_or(|&byte| byte < 0x80) {
		return Err(malformed("an RSA key of another size"));
	}
	Ok(PublicKey::Rsa(RsaKey { modulus: modulus.to_vec(), exponent }))
}

/// A TPM may leave leading zeroes of a coordinate away.
fn p256_key(x: &[u8], y: &[u8]) -> Check<PublicKey> {
	let coordinate = |bytes: &[u8]| padded(bytes).ok_or_else(|| malformed("a long point"));
	Ok(PublicKey::P256(P256Key { x: coordinate(x)?, y: coordinate(y)? }))
}
