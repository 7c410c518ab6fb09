//! The declared hierarchy: a root, an intermediate, and one chip for each name.

use anyhow::Context;
use hcc_evidence::snp::{AmdRoots, HardwareId, ProductLine};
use p384::ecdsa::SigningKey;
use rsa::{pkcs8::DecodePrivateKey, RsaPrivateKey};
use sha2::{Digest, Sha384, Sha512};

use crate::{certificate, report::TCB};

/// The product line that the hierarchy simulates.
pub const PRODUCT: ProductLine = ProductLine::Genoa;

const ARK_KEY: &[u8] = include_bytes!("../hierarchy/ark.key.der");
const ASK_KEY: &[u8] = include_bytes!("../hierarchy/ask.key.der");
const ARK: &[u8] = include_bytes!("../hierarchy/ark.der");
const ASK: &[u8] = include_bytes!("../hierarchy/ask.der");

/// Returns the certificates that a verifier must trust to accept this hierarchy.
pub fn roots() -> AmdRoots {
	AmdRoots { product: PRODUCT, ark: ARK.to_vec(), ask: ASK.to_vec(), asvk: None }
}

/// Returns the key of the root, which signs the intermediate's certificate and revocation lists.
pub(crate) fn ark_key() -> anyhow::Result<RsaPrivateKey> {
	RsaPrivateKey::from_pkcs8_der(ARK_KEY).context("the declared ARK key is not PKCS #8")
}

/// Returns the key of the intermediate, which signs the chips' certificates.
pub(crate) fn ask_key() -> anyhow::Result<RsaPrivateKey> {
	RsaPrivateKey::from_pkcs8_der(ASK_KEY).context("the declared ASK key is not PKCS #8")
}

/// Makes the certificates of the root (ARK) and of the intermediate (ASK) from the declared keys.
/// The certificates in `hierarchy/` are the output of this function.
pub fn declare() -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
	let ark = ark_key()?;
	Ok((certificate::root(&ark)?, certificate::intermediate(&ark, &ask_key()?)?))
}

/// A simulated chip.
#[derive(Clone, Debug)]
pub struct Chip {
	id: HardwareId,
}

impl Chip {
	/// Returns the chip with the given name.
	pub fn named(name: &str) -> Self {
		Self { id: Sha512::digest(["insecure-sim chip ", name].concat()).into() }
	}

	/// Returns the CHIP_ID.
	pub fn id(&self) -> &HardwareId {
		&self.id
	}

	/// Derives the chip's endorsement key for [`TCB`]. As on a real chip, the key depends on the
	/// chip and the TCB. But here, anyone can compute it.
	pub(crate) fn vcek(&self) -> anyhow::Result<SigningKey> {
		let seed = Sha384::new()
			.chain_update(b"insecure-sim vcek")
			.chain_update(self.id)
			.chain_update(TCB.raw)
			.finalize();
		SigningKey::from_slice(&seed).context("the seed is not a scalar of P-384")
	}
}
