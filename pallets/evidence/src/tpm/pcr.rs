use alloc::vec::Vec;

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A bank of PCRs, named after the hash algorithm that extends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PcrBank {
	/// SHA-1 is broken: collisions are feasible. The bank is decoded only so that a rejection can
	/// name it. The chain never accepts it.
	Sha1,
	Sha256,
	Sha384,
	Sha512,
}

impl PcrBank {
	/// All banks.
	pub const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

	/// Returns the bank with this TPM_ALG_ID.
	pub const fn from_alg_id(id: u16) -> Option<Self> {
		match id {
			0x0004 => Some(Self::Sha1),
			0x000b => Some(Self::Sha256),
			0x000c => Some(Self::Sha384),
			0x000d => Some(Self::Sha512),
			_ => None,
		}
	}

	/// Returns the name of the hash algorithm, as IMA and tpm2-tools write it.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Sha1 => "sha1",
			Self::Sha256 => "sha256",
			Self::Sha384 => "sha384",
			Self::Sha512 => "sha512",
		}
	}

	/// Returns the length of a PCR of this bank in bytes.
	pub const fn digest_len(self) -> usize {
		match self {
			Self::Sha1 => 20,
			Self::Sha256 => 32,
			Self::Sha384 => 48,
			Self::Sha512 => 64,
		}
	}

	/// Returns the hash of the concatenated `parts`.
	pub fn hash(self, parts: &[&[u8]]) -> Vec<u8> {
		fn digest<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
			let mut hasher = D::new();
			for part in parts {
				hasher.update(part);
			}
			hasher.finalize().to_vec()
		}
		match self {
			Self::Sha1 => digest::<Sha1>(parts),
			Self::Sha256 => digest::<Sha256>(parts),
			Self::Sha384 => digest::<Sha384>(parts),
			Self::Sha512 => digest::<Sha512>(parts),
		}
	}
}

/// A selection of PCRs in one bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PcrSelection {
	pub bank: PcrBank,
	/// The selected PCRs. Bit *i* stands for PCR *i*.
	pub mask: u32,
}

impl PcrSelection {
	/// Returns the selected indices in ascending order.
	pub fn indices(self) -> impl Iterator<Item = u8> {
		(0..32).filter(move |&index| self.covers(index))
	}

	/// Returns `true` if the PCR is selected.
	pub fn covers(self, index: u8) -> bool {
		self.mask.checked_shr(index.into()).is_some_and(|bits| bits & 1 == 1)
	}
}

/// PCR values, as bank, index and value. Their order does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PcrValues(pub Vec<(PcrBank, u8, Vec<u8>)>);

impl PcrValues {
	/// Returns the value of a PCR.
	pub fn get(&self, bank: PcrBank, index: u8) -> Option<&[u8]> {
		self.0
			.iter()
			.find(|(of, at, _)| *of == bank && *at == index)
			.map(|(_, _, value)| value.as_slice())
	}
}
