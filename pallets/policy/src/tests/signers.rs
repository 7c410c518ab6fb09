//! Tests of files that are allowed because a signer has signed them.

use frame_support::{assert_noop, assert_ok, traits::Hooks, weights::WeightMeter};
use hcc_evidence::{
	host::HostPolicy,
	ima::{key_id, FileVerdict, Files as _, HashAlgorithm},
};
use p256::ecdsa::{signature::hazmat::PrehashSigner, Signature, SigningKey};
use sp_io::hashing::sha2_256;
use sp_runtime::{traits::BadOrigin, DispatchError, DispatchResult};

use crate::{mock::*, *};

/// A distribution's key that signs files.
struct Signer(SigningKey);

impl Signer {
	fn new(number: u8) -> Self {
		Self(SigningKey::from_slice(&[number; 32]).expect("a scalar"))
	}

	fn point(&self) -> Vec<u8> {
		self.0.verifying_key().to_sec1_point(false).as_bytes().to_vec()
	}

	/// Returns the SubjectPublicKeyInfo of id-ecPublicKey on prime256v1.
	fn key(&self) -> SignerKey {
		let head = hex::decode("3059301306072a8648ce3d020106082a8648ce3d030107034200");
		[head.expect("hexadecimal"), self.point()].concat().try_into().expect("short")
	}

	fn id(&self) -> SignerId {
		sha2_256(&self.key())
	}

	/// Returns the `security.ima` value for a file digest, with the number of a hash algorithm.
	fn sign_as(&self, algorithm: u8, digest: &FileHash) -> FileSignatureBytes {
		let signature: Signature = self.0.sign_prehash(digest).expect("signs");
		let integer = |bytes: &[u8]| {
			let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
			let sign = vec![0; usize::from(bytes[0] >> 7)];
			[&[0x02, (bytes.len() + sign.len()) as u8][..], &sign, bytes].concat()
		};
		let scalars = [integer(&signature.r().to_bytes()), integer(&signature.s().to_bytes())];
		let scalars = scalars.concat();
		let der = [&[0x30, scalars.len() as u8][..], &scalars].concat();
		let length = (der.len() as u16).to_be_bytes();
		[&[3, 2, algorithm][..], &key_id(&self.point()), &length, &der]
			.concat()
			.try_into()
			.expect("short")
	}

	fn sign(&self, digest: &FileHash) -> FileSignatureBytes {
		self.sign_as(4, digest)
	}
}

fn trust(signer: &Signer) {
	assert_ok!(Policy::set_file_signer(RuntimeOrigin::root(), signer.key(), true));
}

fn vouch_by(signer: &Signer, digest: FileHash, signature: FileSignatureBytes) -> DispatchResult {
	let files = vec![(digest, signature)].try_into().expect("one");
	Policy::vouch(RuntimeOrigin::signed(account(1)), signer.id(), files)
}

fn vouch(signer: &Signer, of: u8) -> DispatchResult {
	vouch_by(signer, digest(of), signer.sign(&digest(of)))
}

fn remove(signer: &Signer, of: u8) -> DispatchResult {
	Policy::remove_voucher(RuntimeOrigin::signed(account(1)), digest(of), signer.id())
}

fn block() {
	let next = System::block_number() + 1;
	System::set_block_number(next);
	Policy::on_poll(next, &mut WeightMeter::new());
}

fn judged(of: u8, revision: Revision) -> FileVerdict {
	let policy = PolicyAt::<Test>::new(revision).expect("platform rules are set");
	policy.files().judge(HashAlgorithm::Sha256, &digest(of))
}

fn free(number: u8) -> u64 {
	Balances::free_balance(account(number))
}

#[test]
fn voucher_counts_from_next_revision() {
	run(|| {
		let signer = Signer::new(1);
		trust(&signer);
		let before = Policy::revision();
		assert_ok!(vouch(&signer, 7));
		assert_eq!(
			judged(7, before),
			FileVerdict::Unknown,
			"open evidence may be judged by this revision"
		);
		block();
		assert_eq!(Policy::revision(), before + 1);
		assert_eq!(judged(7, before), FileVerdict::Unknown);
		assert_eq!(judged(7, before + 1), FileVerdict::Allowed);
		assert_eq!(judged(8, before + 1), FileVerdict::Unknown);
		assert_eq!(LastFileTightening::<Test>::get(), 0, "a voucher requires no whole log");
	});
}

#[test]
fn vouchers_share_one_revision_per_interval() {
	run(|| {
		let signer = Signer::new(1);
		trust(&signer);
		assert_ok!(vouch(&signer, 7));
		block();
		let first = Policy::revision();
		assert_ok!(vouch(&signer, 8));
		for _ in 1..VOUCH_INTERVAL {
			block();
			assert_eq!(Policy::revision(), first);
		}
		assert_ok!(vouch(&signer, 9));
		block();
		assert_eq!(Policy::revision(), first + 1);
		assert_eq!([8, 9].map(|of| judged(of, first + 1)), [FileVerdict::Allowed; 2]);
		for _ in 0..2 * VOUCH_INTERVAL {
			block();
		}
		assert_eq!(Policy::revision(), first + 1, "no voucher is pending");
	});
}

#[test]
fn forbidden_file_stays_forbidden_with_voucher() {
	run(|| {
		let signer = Signer::new(1);
		trust(&signer);
		assert_ok!(vouch(&signer, 2));
		block();
		assert_eq!(judged(2, Policy::revision()), FileVerdict::Forbidden);
	});
}

#[test]
fn invalid_file_signature_is_refused() {
	run(|| {
		let (signer, other) = (Signer::new(1), Signer::new(2));
		trust(&signer);
		let refused = DispatchError::from(Error::<Test>::FileSignatureRefused);
		let signature = signer.sign(&digest(7));
		assert_noop!(vouch_by(&signer, digest(8), signature.clone()), refused);
		assert_noop!(vouch_by(&signer, digest(7), other.sign(&digest(7))), refused);
		assert_noop!(vouch_by(&signer, digest(7), signer.sign_as(5, &digest(7))), refused);
		assert_noop!(vouch_by(&signer, digest(7), signer.sign_as(2, &digest(7))), refused);
		for cut in 0..signature.len() {
			let part = signature[..cut].to_vec().try_into().expect("shorter");
			assert_noop!(vouch_by(&signer, digest(7), part), refused);
		}
		for bit in 0..8 * signature.len() {
			let mut altered = signature.clone();
			altered[bit / 8] ^= 1 << (bit % 8);
			// These bytes name the key. They are only a hint.
			if !(3..7).contains(&(bit / 8)) {
				assert_noop!(vouch_by(&signer, digest(7), altered), refused);
			}
		}
		assert_noop!(vouch(&other, 7), Error::<Test>::SignerUnknown);
	});
}

#[test]
fn vouch_is_atomic() {
	run(|| {
		let signer = Signer::new(1);
		trust(&signer);
		let files =
			vec![(digest(7), signer.sign(&digest(7))), (digest(8), signer.sign(&digest(9)))];
		let files = files.try_into().expect("two");
		let origin = RuntimeOrigin::signed(account(1));
		assert_noop!(
			Policy::vouch(origin.clone(), signer.id(), files),
			Error::<Test>::FileSignatureRefused
		);
		let none = Default::default();
		assert_noop!(Policy::vouch(origin, signer.id(), none), Error::<Test>::AlreadyVouched);
	});
}

#[test]
fn distrusted_signer_loses_its_files() {
	run(|| {
		let signer = Signer::new(1);
		trust(&signer);
		assert_ok!(vouch(&signer, 7));
		block();
		let trusted = Policy::revision();
		assert_noop!(remove(&signer, 7), Error::<Test>::VoucherNeeded);
		let tightener = RuntimeOrigin::signed(TightenAccount::get());
		assert_ok!(Policy::set_file_signer(tightener, signer.key(), false));
		let removed = Policy::revision();
		assert_eq!(
			judged(7, trusted),
			FileVerdict::Allowed,
			"evidence pinned to the older revision is unaffected"
		);
		assert_eq!(judged(7, removed), FileVerdict::Unknown);
		assert_eq!(LastFileTightening::<Test>::get(), removed);
		assert_noop!(vouch(&signer, 8), Error::<Test>::SignerUnknown);

		OldestNeeded::set(trusted);
		assert_noop!(remove(&signer, 7), Error::<Test>::VoucherNeeded);
		OldestNeeded::set(removed);
		let other = RuntimeOrigin::signed(account(2));
		assert_noop!(
			Policy::remove_voucher(other, digest(7), signer.id()),
			Error::<Test>::VoucherNotFound
		);
		assert_eq!(free(1), ENDOWMENT - VOUCHER_DEPOSIT);
		assert_ok!(remove(&signer, 7));
		assert_eq!(free(1), ENDOWMENT);
		assert!(Policy::vouchers(digest(7)).is_empty());
		assert_noop!(remove(&signer, 7), Error::<Test>::VoucherNotFound);
	});
}

#[test]
fn vouchers_are_limited_per_file() {
	run(|| {
		let signers: Vec<_> = (1..=5).map(Signer::new).collect();
		for signer in &signers {
			trust(signer);
		}
		for signer in &signers[..4] {
			assert_ok!(vouch(signer, 7));
			assert_noop!(vouch(signer, 7), Error::<Test>::AlreadyVouched);
		}
		assert_noop!(vouch(&signers[4], 7), Error::<Test>::TooManyVouchers);
		block();
		// One trusted signer is enough.
		for signer in &signers[..3] {
			assert_ok!(Policy::set_file_signer(RuntimeOrigin::root(), signer.key(), false));
			assert_eq!(judged(7, Policy::revision()), FileVerdict::Allowed);
		}
		assert_ok!(Policy::set_file_signer(RuntimeOrigin::root(), signers[3].key(), false));
		assert_eq!(judged(7, Policy::revision()), FileVerdict::Unknown);
	});
}

#[test]
fn vouch_fails_without_deposit() {
	run(|| {
		let signer = Signer::new(1);
		trust(&signer);
		let files = vec![(digest(7), signer.sign(&digest(7)))].try_into().expect("one");
		let poor = RuntimeOrigin::signed(account(9));
		assert!(Policy::vouch(poor, signer.id(), files).is_err());
		assert!(Policy::vouchers(digest(7)).is_empty());
	});
}

#[test]
fn set_file_signer_checks_origin_and_key() {
	run(|| {
		let key = Signer::new(1).key();
		let anyone = RuntimeOrigin::signed(account(1));
		let tightener = RuntimeOrigin::signed(TightenAccount::get());
		for origin in [anyone, tightener] {
			let refused = Policy::set_file_signer(origin, key.clone(), true);
			assert_eq!(refused, Err(DispatchError::from(BadOrigin)));
		}
		let mut other = key.clone();
		other[10] ^= 1;
		assert_noop!(
			Policy::set_file_signer(RuntimeOrigin::root(), other, true),
			Error::<Test>::SignerMalformed
		);
		assert_ok!(Policy::set_file_signer(RuntimeOrigin::root(), key.clone(), true));
		assert_eq!(Policy::file_signer(sha2_256(&key)), Some(key.clone()));
		assert_noop!(
			Policy::set_file_signer(RuntimeOrigin::root(), key, true),
			Error::<Test>::Unchanged
		);
	});
}
