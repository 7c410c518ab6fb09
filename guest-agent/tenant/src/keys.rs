use ed25519_dalek::SigningKey;
use hpke::{kem::XWing, Deserializable, Kem, Serializable};
use sha2::{Digest, Sha256};
use ssh_key::{
	private::{Ed25519Keypair, KeypairData},
	LineEnding, PrivateKey,
};

use crate::Fatal;

/// The keys that a VM makes at each boot. They never leave its memory.
pub struct Keys {
	pub(crate) guest: SigningKey,
	/// The key to which shares of the disk key are sealed. It is not stored, so it does not outlive
	/// the initramfs.
	kem: <XWing as Kem>::PrivateKey,
	ssh_host: PrivateKey,
	ssh_host_key_hash: [u8; 32],
}

impl Keys {
	/// Generates random keys.
	///
	/// ## Errors
	/// Fails if the kernel has no randomness.
	pub fn generate() -> Result<Self, Fatal> {
		Self::from_seeds(&seed()?, &seed()?, &seed()?)
	}

	fn from_seeds(guest: &[u8; 32], kem: &[u8; 32], ssh: &[u8; 32]) -> Result<Self, Fatal> {
		let kem = <XWing as Kem>::PrivateKey::from_bytes(kem)
			.map_err(|error| Fatal::Keys(error.to_string()))?;
		let ssh_host = PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(ssh)), "")
			.map_err(encoding)?;
		let wire = ssh_host.public_key().to_bytes().map_err(encoding)?;
		let ssh_host_key_hash = Sha256::digest(&wire).into();
		Ok(Self { guest: SigningKey::from_bytes(guest), kem, ssh_host, ssh_host_key_hash })
	}

	/// Returns the public key of the guest.
	pub fn guest_pk(&self) -> [u8; 32] {
		self.guest.verifying_key().to_bytes()
	}

	/// Returns the X-Wing encapsulation key.
	pub fn kem_pk(&self) -> Vec<u8> {
		XWing::sk_to_pk(&self.kem).to_bytes().to_vec()
	}

	/// Returns the SHA-256 digest of the SSH host key in wire format.
	pub const fn ssh_host_key_hash(&self) -> [u8; 32] {
		self.ssh_host_key_hash
	}

	/// Returns the private and the public SSH host key, in the formats of OpenSSH's files.
	pub(crate) fn ssh_host_key_files(&self) -> Result<(Vec<u8>, Vec<u8>), Fatal> {
		let private = self.ssh_host.to_openssh(LineEnding::LF).map_err(encoding)?;
		let mut public = self.ssh_host.public_key().to_openssh().map_err(encoding)?;
		public.push('\n');
		Ok((private.as_bytes().to_vec(), public.into_bytes()))
	}
}

fn seed() -> Result<[u8; 32], Fatal> {
	let mut seed = [0; 32];
	getrandom::fill(&mut seed).map_err(|error| Fatal::Keys(error.to_string()))?;
	Ok(seed)
}

fn encoding(error: ssh_key::Error) -> Fatal {
	Fatal::Keys(error.to_string())
}

#[cfg(test)]
mod tests {
	use hcc_evidence::vm::KEM_KEY_LEN;

	use super::*;

	#[test]
	fn keys_have_their_lengths_and_differ() {
		let (one, other) = (Keys::generate().expect("keys"), Keys::generate().expect("keys"));
		assert_eq!(one.kem_pk().len(), KEM_KEY_LEN);
		assert_ne!(one.kem_pk(), other.kem_pk());
		assert_ne!(one.guest_pk(), other.guest_pk());
		assert_ne!(one.ssh_host_key_hash(), other.ssh_host_key_hash());
	}

	#[test]
	fn host_key_files_match_hash() {
		let keys = Keys::from_seeds(&[1; 32], &[2; 32], &[3; 32]).expect("keys");
		let (private, public) = keys.ssh_host_key_files().expect("files");
		let read = PrivateKey::from_openssh(&private).expect("a private key");
		let public = String::from_utf8(public).expect("text");
		assert!(public.starts_with("ssh-ed25519 "));
		let wire = ssh_key::PublicKey::from_openssh(&public).expect("a key").to_bytes();
		let wire = wire.expect("encoded");
		assert_eq!(read.public_key().to_bytes().expect("encoded"), wire);
		let digest: [u8; 32] = Sha256::digest(&wire).into();
		assert_eq!(keys.ssh_host_key_hash(), digest);
	}
}
