//! The events and errors of the pallet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// Policy on `subject` changed. The new rule applies from `revision` on.
		Changed { revision: Revision, subject: PolicyItem },
		/// A chip's VEK for `tcb` was verified and registered.
		VekRegistered { chip: ChipHash, tcb: TcbVersion, depositor: AccountIdOf<T> },
		/// A newer revocation list of an AMD root was verified and stored. It revokes `revoked`
		/// certificates and is current until `next_update` (seconds since 1970).
		CrlPosted { ark: ArkId, next_update: u64, revoked: u32 },
		/// A revocation list now remains current for `grace` seconds after its `nextUpdate`. With
		/// `None`, no list is required.
		RevocationGraceSet { grace: Option<u64> },
		/// The signatures of `files` files were verified. The files are allowed from `revision` on.
		FilesVouched { signer: SignerId, files: u32, revision: Revision, depositor: AccountIdOf<T> },
		/// A voucher was removed and its deposit released.
		VoucherRemoved { digest: FileHash, signer: SignerId, depositor: AccountIdOf<T> },
		/// A chip's VEK for `tcb` was removed and its deposit released.
		VekRemoved { chip: ChipHash, tcb: TcbVersion, depositor: AccountIdOf<T> },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The rule has this value already, or there is no rule to remove. Nothing needs to be
		/// done.
		Unchanged,
		/// The rule changed so often that all its stored values are still needed. Retry when the
		/// evidence that is judged by older revisions is settled.
		TooManyRevisions,
		/// No miner has registered the certificate's chip. Register the chip first.
		ChipNotRegistered,
		/// The certificate does not lead to a trusted root, is not the certificate of a VCEK, or is
		/// not valid now. `hcc verify snp` shows the reason.
		VekRefused,
		/// AMD has revoked the certificate of the key's issuer.
		VekRevoked,
		/// The revocation list is invalid, or does not belong to a trusted root.
		CrlRefused,
		/// The stored revocation list is not older. Nothing needs to be done.
		CrlNotNewer,
		/// The revocation list has more than `MAX_REVOKED` entries.
		CrlTooLong,
		/// The chip's key for this TCB is registered already. Nothing needs to be done.
		VekKnown,
		/// Accounts other than the chip's miner have registered the maximum number of its keys. The
		/// chip's miner can still register the key.
		TooManyVeks,
		/// The key does not exist, or another account registered it. See `Veks`.
		VekNotFound,
		/// The key is not a SubjectPublicKeyInfo of RSA with 2048 to 4096 bits, or of P-256.
		SignerMalformed,
		/// No trusted signer has this hash. `policy.file_signer` returns the key of a trusted
		/// signer.
		SignerUnknown,
		/// The signature is not a `security.ima` value of version 2 over SHA-256, or this signer
		/// did not make it for this file.
		FileSignatureRefused,
		/// The voucher of this signer for this file is stored already, or the list is empty.
		/// Nothing needs to be done.
		AlreadyVouched,
		/// The file has `MAX_VOUCHERS` vouchers, the maximum.
		TooManyVouchers,
		/// The voucher does not exist, or another account stored it. See `Vouched`.
		VoucherNotFound,
		/// The voucher is still needed: its signer is trusted, or was trusted in a revision by
		/// which open evidence may be judged.
		VoucherNeeded,
		/// The key is the last valid key of a registered chip. Without it, the chip's evidence
		/// could not be judged. Register another key first, or remove the chip.
		LastVek,
		/// Without platform rules, no evidence of chips can be judged. Call `policy.set_platform`
		/// first.
		NoPlatform,
	}
}
