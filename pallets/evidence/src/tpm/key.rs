use alloc::{vec, vec::Vec};

use const_oid::ObjectIdentifier;
use der::Decode;

use super::PcrBank;
use crate::{
	bytes::{padded, Reader, Short},
	certificate,
	crypto::{P256Key, P384Key, P521Key, RsaKey},
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
	/// Returns the scheme with this TPM_ALG_ID.
	pub const fn from_alg_id(id: u16) -> Option<Self> {
		match id {
			0x0014 => Some(Self::RsaSsa),
			0x0016 => Some(Self::RsaPss),
			0x0018 => Some(Self::Ecdsa),
			_ => None,
		}
	}

	/// Returns the name in the TCG's registry, without its prefix.
	pub const fn name(self) -> &'static str {
		match self {
			Self::RsaSsa => "RSASSA",
			Self::RsaPss => "RSAPSS",
			Self::Ecdsa => "ECDSA",
		}
	}
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
	/// RSA with 2048 to 4096 bits.
	Rsa(RsaKey),
	/// NIST P-256.
	P256(P256Key),
	/// NIST P-384.
	P384(P384Key),
	/// NIST P-521.
	P521(P521Key),
}

impl PublicKey {
	/// Returns the name of the algorithm.
	pub const fn name(&self) -> &'static str {
		match self {
			Self::Rsa(_) => "RSA",
			Self::P256(_) => "P-256",
			Self::P384(_) => "P-384",
			Self::P521(_) => "P-521",
		}
	}
}

/// An attestation key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationKey {
	pub key: PublicKey,
	/// The scheme to which the key is bound; `None` if its encoding does not state one.
	pub scheme: Option<Scheme>,
	/// The name of the key, from its public area; `None` if only the bare key is known.
	pub name: Option<Vec<u8>>,
	/// TPMA_OBJECT; `None` if only the bare key is known.
	pub attributes: Option<u32>,
}

/// The handle of the endorsement hierarchy, which is also its name.
const TPM_RH_ENDORSEMENT: u32 = 0x4000_000b;
const TPM_ALG_RSA: u16 = 0x0001;
const TPM_ALG_ECC: u16 = 0x0023;
const TPM_ALG_NULL: u16 = 0x0010;
const TPM_ECC_NIST_P256: u16 = 0x0003;
const TPM_ECC_NIST_P384: u16 = 0x0004;
const TPM_ECC_NIST_P521: u16 = 0x0005;
/// The exponent that a zero in the public area stands for.
const RSA_DEFAULT_EXPONENT: u32 = 65_537;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const PRIME256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

fn malformed(seen: &'static str) -> Rejection {
	let wanted = "RSA, P-256, P-384 or P-521";
	Rejection::new(RejectCode::KeyEncoding, "attestation key", seen, wanted)
}

/// Bits of TPMA_OBJECT (part 2, 8.3).
const FIXED_TPM: u32 = 1 << 1;
const FIXED_PARENT: u32 = 1 << 4;
const SENSITIVE_DATA_ORIGIN: u32 = 1 << 5;
const RESTRICTED: u32 = 1 << 16;
const DECRYPT: u32 = 1 << 17;
const SIGN: u32 = 1 << 18;

impl AttestationKey {
	/// Checks that the key was created in its TPM, cannot leave it, and signs only data that the
	/// TPM generated. Quotes by any other key could be forged. A key with unknown attributes is
	/// rejected.
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
		// A credential is made for the name of a key. With SHA-1, two keys could have the same
		// name.
		if !self.name.as_ref().is_some_and(|name| name.starts_with(&[0x00, 0x0b])) {
			return Err(Rejection::new(RejectCode::AkAttributes, "nameAlg", "another", "SHA-256"));
		}
		Ok(())
	}

	/// Checks that the verification of a quote stays within its cost limit. Only RSA with 2048 bits
	/// and the default exponent, and P-256 are accepted. Every PC TPM supports both.
	///
	/// ## Errors
	/// [`RejectCode::KeyEncoding`].
	pub fn check_cost(&self) -> Check {
		let seen = match &self.key {
			PublicKey::P256(_) => return Ok(()),
			PublicKey::Rsa(key)
				if key.modulus.len() == 256 && key.exponent == RSA_DEFAULT_EXPONENT =>
			{
				return Ok(());
			},
			PublicKey::Rsa(key) => {
				alloc::format!("RSA, {} bytes, exponent {}", key.modulus.len(), key.exponent)
			},
			PublicKey::P384(_) | PublicKey::P521(_) => self.key.name().into(),
		};
		let wanted = "RSA with 2048 bits and exponent 65537, or P-256";
		Err(Rejection::new(RejectCode::KeyEncoding, "attestation key", seen, wanted))
	}

	/// Returns the qualified name of the key as a primary key of the endorsement hierarchy, which
	/// its quotes must state (part 1, 16.3).
	///
	/// Returns `None` if the name of the key is unknown, or does not use SHA-256.
	pub fn endorsement_qualified_name(&self) -> Option<Vec<u8>> {
		let name = self.name.as_ref().filter(|name| name.starts_with(&[0x00, 0x0b]))?;
		let mut qualified = vec![0x00, 0x0b];
		qualified.extend(PcrBank::Sha256.hash(&[&TPM_RH_ENDORSEMENT.to_be_bytes(), name]));
		Some(qualified)
	}

	/// Decodes a TPM2B_PUBLIC.
	///
	/// ## Errors
	/// [`RejectCode::KeyEncoding`].
	pub fn from_tpm2b_public(bytes: &[u8]) -> Check<Self> {
		let mut at = Reader::new(bytes);
		match at.tpm2b() {
			Ok(public) if at.is_empty() => Self::from_tpmt_public(public),
			Ok(_) => Err(malformed("bytes after its end")),
			Err(Short) => Err(malformed("incomplete")),
		}
	}

	/// Decodes a TPMT_PUBLIC.
	///
	/// ## Errors
	/// [`RejectCode::KeyEncoding`].
	pub fn from_tpmt_public(bytes: &[u8]) -> Check<Self> {
		tpmt_public(bytes).unwrap_or_else(|Short| Err(malformed("incomplete")))
	}

	/// Decodes a SubjectPublicKeyInfo in DER. The encoding states neither the scheme nor the name
	/// nor the attributes of the key.
	///
	/// ## Errors
	/// [`RejectCode::KeyEncoding`].
	pub fn from_spki(der: &[u8]) -> Check<Self> {
		let spki = spki::SubjectPublicKeyInfoRef::from_der(der)
			.map_err(|_| malformed("not a SubjectPublicKeyInfo"))?;
		let bits = spki
			.subject_public_key
			.as_bytes()
			.ok_or_else(|| malformed("not a whole number of bytes"))?;
		let curve = spki.algorithm.parameters.and_then(|p| p.decode_as::<ObjectIdentifier>().ok());
		let key = match (spki.algorithm.oid, curve) {
			(RSA_ENCRYPTION, _) => certificate::rsa_key(bits).map(PublicKey::Rsa),
			(EC_PUBLIC_KEY, Some(PRIME256V1)) => {
				certificate::point(bits).map(|(x, y)| PublicKey::P256(P256Key { x, y }))
			},
			(EC_PUBLIC_KEY, Some(SECP384R1)) => {
				certificate::point(bits).map(|(x, y)| PublicKey::P384(P384Key { x, y }))
			},
			(EC_PUBLIC_KEY, Some(SECP521R1)) => {
				certificate::point(bits).map(|(x, y)| PublicKey::P521(P521Key { x, y }))
			},
			_ => None,
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
			ecc_key(curve, x, y)
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

/// Skips a TPMT_SYM_DEF_OBJECT: an algorithm, followed by key bits and mode unless the algorithm is
/// NULL.
fn skip_symmetric(at: &mut Reader<'_>) -> Result<(), Short> {
	if at.u16_be()? != TPM_ALG_NULL {
		at.take(4)?;
	}
	Ok(())
}

fn rsa_key(modulus: &[u8], exponent: u32) -> Check<PublicKey> {
	// Shorter keys are not safe, and longer ones cost too much to check.
	if !(256..=512).contains(&modulus.len()) || modulus.first().is_none_or(|&byte| byte < 0x80) {
		return Err(malformed("an RSA key of another size"));
	}
	Ok(PublicKey::Rsa(RsaKey { modulus: modulus.to_vec(), exponent }))
}

/// Decodes a point of the curve with this TPM_ECC_CURVE. A TPM may omit leading zeroes of a
/// coordinate.
fn ecc_key(curve: u16, x: &[u8], y: &[u8]) -> Check<PublicKey> {
	fn coordinate<const N: usize>(bytes: &[u8]) -> Check<[u8; N]> {
		padded(bytes).ok_or_else(|| malformed("a long point"))
	}
	match curve {
		TPM_ECC_NIST_P256 => Ok(PublicKey::P256(P256Key { x: coordinate(x)?, y: coordinate(y)? })),
		TPM_ECC_NIST_P384 => Ok(PublicKey::P384(P384Key { x: coordinate(x)?, y: coordinate(y)? })),
		TPM_ECC_NIST_P521 => Ok(PublicKey::P521(P521Key { x: coordinate(x)?, y: coordinate(y)? })),
		_ => Err(malformed("another curve")),
	}
}
