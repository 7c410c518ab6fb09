//! The keys that sign reports, and their certificate chains from AMD's roots.

use alloc::{string::ToString, vec, vec::Vec};

use const_oid::ObjectIdentifier;
use der::Decode;

use super::{
	crl::{self, ark_id, ArkId, Serial},
	ProductLine, TcbLayout, TcbVersion,
};
use crate::{
	certificate::{Certificate, SNP_CHAIN},
	crypto::{Crypto, P384Key},
	Check, RejectCode, Rejection, UnixSeconds,
};

/// Object identifiers of the extensions in AMD 57230, table "VCEK certificate extensions".
mod oid {
	use super::ObjectIdentifier;

	pub(super) const BOOT_LOADER: ObjectIdentifier =
		ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.1");
	pub(super) const TEE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.2");
	pub(super) const SNP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.3");
	pub(super) const MICROCODE: ObjectIdentifier =
		ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.8");
	pub(super) const FMC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.9");
	pub(super) const HARDWARE_ID: ObjectIdentifier =
		ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.4");
}

/// The certificates above the VEKs of one product line, in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(codec::Encode, codec::Decode, codec::DecodeWithMemTracking, scale_info::TypeInfo)
)]
pub struct AmdRoots {
	/// The product line of the ARK.
	pub product: ProductLine,
	/// The AMD root key, which is trusted because it is pinned.
	pub ark: Vec<u8>,
	/// The AMD SEV key, which signs VCEK certificates.
	pub ask: Vec<u8>,
	/// The AMD SEV VLEK key, which signs VLEK certificates; `None` to accept no VLEK.
	pub asvk: Option<Vec<u8>>,
}

macro_rules! pinned {
	($product:ident, $folder:literal) => {
		AmdRoots {
			product: ProductLine::$product,
			ark: include_bytes!(concat!("../../roots/", $folder, "/ark.der")).to_vec(),
			ask: include_bytes!(concat!("../../roots/", $folder, "/ask.der")).to_vec(),
			asvk: Some(include_bytes!(concat!("../../roots/", $folder, "/asvk.der")).to_vec()),
		}
	};
}

/// Returns AMD's roots of all product lines.
pub fn roots() -> Vec<AmdRoots> {
	vec![pinned!(Milan, "milan"), pinned!(Genoa, "genoa"), pinned!(Turin, "turin")]
}

/// The identity of a chip: 64 bytes on Milan and Genoa, 8 bytes padded with zeroes on Turin.
pub type HardwareId = [u8; 64];

/// The kind of a VEK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(
		codec::Encode,
		codec::Decode,
		codec::DecodeWithMemTracking,
		codec::MaxEncodedLen,
		scale_info::TypeInfo
	)
)]
pub enum VekKind {
	/// A key of one chip.
	Vcek { hardware_id: HardwareId },
	/// A key of a cloud provider's fleet.
	Vlek,
}

/// A versioned endorsement key with a verified chain, and the relevant contents of its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
	feature = "scale",
	derive(
		codec::Encode,
		codec::Decode,
		codec::DecodeWithMemTracking,
		codec::MaxEncodedLen,
		scale_info::TypeInfo
	)
)]
pub struct Vek {
	/// The product line of the ARK to which the key leads.
	pub product: ProductLine,
	/// The identifier of this ARK, by which its revocation list is found.
	pub ark: ArkId,
	/// The serial number of the ASK or ASVK that issued the certificate, which the revocation list
	/// may name.
	pub issuer: Serial,
	pub kind: VekKind,
	/// The TCB version from which the key was derived.
	pub tcb: TcbVersion,
	pub key: P384Key,
	pub not_before: UnixSeconds,
	pub not_after: UnixSeconds,
}

impl Vek {
	/// Returns `true` if the key signs reports with this REPORTED_TCB (raw).
	pub fn is_for(&self, reported_tcb: [u8; 8]) -> bool {
		TcbVersion::parse(reported_tcb, self.product.into()) == Some(self.tcb)
	}
}

/// Verifies a VEK certificate (DER) up to one of `roots`. Every certificate must be valid at `now`.
///
/// The verification costs up to three RSA-4096 verifications for each root that has an intermediate
/// with the issuer's name.
///
/// ## Errors
/// Classes [`crate::RejectClass::SnpChain`] and [`crate::RejectClass::Malformed`].
pub fn verify_vek<C: Crypto>(der: &[u8], roots: &[AmdRoots], now: UnixSeconds) -> Check<Vek> {
	let vek = Certificate::parse(der, SNP_CHAIN)?;
	let mut failure = None;
	for root in roots {
		let loaded = root.asvk.as_ref().map(|asvk| (asvk, Kind::Vlek));
		for (intermediate, kind) in core::iter::once((&root.ask, Kind::Vcek)).chain(loaded) {
			let issuer = Certificate::parse(intermediate, SNP_CHAIN)?;
			if issuer.subject() != vek.issuer() {
				continue;
			}
			match verify_under::<C>(&vek, &issuer, &root.ark, now) {
				Ok(()) => {
					vek.check_validity("VEK validity", now)?;
					return read(&vek, &issuer, root, kind);
				},
				// Another root may have the same names, such as a test hierarchy besides AMD's.
				Err(rejection) => failure = failure.or(Some(rejection)),
			}
		}
	}
	Err(failure.unwrap_or_else(|| {
		let seen = vek.issuer().to_string();
		Rejection::new(RejectCode::UnknownIssuer, "VEK issuer", seen, "a pinned ASK or ASVK")
	}))
}

fn verify_under<C: Crypto>(
	vek: &Certificate<'_>,
	issuer: &Certificate<'_>,
	ark: &[u8],
	now: UnixSeconds,
) -> Check {
	let ark = Certificate::parse(ark, SNP_CHAIN)?;
	if ark.subject() != issuer.issuer() || ark.subject() != ark.issuer() {
		let seen = issuer.issuer().to_string();
		return Err(Rejection::new(RejectCode::UnknownIssuer, "ASK issuer", seen, "the ARK"));
	}
	ark.check_authority(1)?;
	issuer.check_authority(0)?;
	ark.check_validity("ARK validity", now)?;
	issuer.check_validity("ASK validity", now)?;
	let root_key = ark.amd_authority_key()?;
	ark.check_amd_signature::<C>("ARK signature", &root_key)?;
	issuer.check_amd_signature::<C>("ASK signature", &root_key)?;
	vek.check_amd_signature::<C>("VEK signature", &issuer.amd_authority_key()?)
}

#[derive(Clone, Copy)]
enum Kind {
	Vcek,
	Vlek,
}

/// Decodes the contents of a VEK certificate, after its signature was verified.
fn read(
	vek: &Certificate<'_>,
	issuer: &Certificate<'_>,
	root: &AmdRoots,
	kind: Kind,
) -> Check<Vek> {
	let product = root.product;
	if let Some(critical) = vek.extensions().find(|extension| extension.critical) {
		return Err(Rejection::new(
			RejectCode::CertificateExtension,
			"critical",
			critical.extn_id.to_string(),
			"none that is critical",
		));
	}
	let subject = match kind {
		Kind::Vcek => "SEV-VCEK",
		Kind::Vlek => "SEV-VLEK",
	};
	if vek.common_name() != Some(subject) {
		let seen = vek.subject().to_string();
		return Err(Rejection::new(RejectCode::CertificateRole, "VEK subject", seen, subject));
	}
	let kind = match kind {
		Kind::Vcek => VekKind::Vcek { hardware_id: hardware_id(vek, product)? },
		Kind::Vlek => VekKind::Vlek,
	};
	let issuer = crl::serial(issuer.serial_number()).ok_or_else(|| {
		Rejection::new(RejectCode::CertificateEncoding, "serialNumber", "too long", "20 bytes")
	})?;
	Ok(Vek {
		product,
		ark: ark_id(&root.ark),
		issuer,
		kind,
		tcb: TcbVersion {
			fmc: match TcbLayout::from(product) {
				TcbLayout::BeforeTurin => None,
				TcbLayout::Turin => Some(svn(vek, oid::FMC, "fmcSPL")?),
			},
			boot_loader: svn(vek, oid::BOOT_LOADER, "blSPL")?,
			tee: svn(vek, oid::TEE, "teeSPL")?,
			snp: svn(vek, oid::SNP, "snpSPL")?,
			microcode: svn(vek, oid::MICROCODE, "ucodeSPL")?,
		},
		key: vek.p384_key()?,
		not_before: vek.not_before(),
		not_after: vek.not_after(),
	})
}

/// Decodes a security version number: a DER INTEGER from 0 to 255.
fn svn(vek: &Certificate<'_>, id: ObjectIdentifier, field: &'static str) -> Check<u8> {
	let bad = |seen: &'static str| {
		Rejection::new(RejectCode::CertificateExtension, field, seen, "an INTEGER from 0 to 255")
	};
	let extension = vek.extension(id)?.ok_or_else(|| bad("absent"))?;
	u8::from_der(extension.extn_value.as_bytes()).map_err(|_| bad("something else"))
}

/// Decodes the HWID: raw bytes without DER around them.
fn hardware_id(vek: &Certificate<'_>, product: ProductLine) -> Check<HardwareId> {
	let wanted: usize = match product {
		ProductLine::Milan | ProductLine::Genoa => 64,
		ProductLine::Turin => 8,
	};
	let seen = vek.extension(oid::HARDWARE_ID)?.map(|extension| extension.extn_value.as_bytes());
	let bytes = seen.unwrap_or_default();
	let mut id = [0; 64];
	match id.get_mut(..wanted) {
		Some(part) if bytes.len() == wanted => part.copy_from_slice(bytes),
		_ => {
			return Err(Rejection::new(
				RejectCode::CertificateExtension,
				"hwID",
				bytes.len(),
				wanted,
			))
		},
	}
	Ok(id)
}
