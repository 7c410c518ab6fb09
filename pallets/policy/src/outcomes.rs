//! What calls come to: events and errors.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod outcomes {
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// From this revision on, `subject` is ruled otherwise.
		Changed { revision: Revision, subject: Subject },
		/// The certificate of a chip's key for `tcb` was verified.
		VekRegistered { chip: ChipHash, tcb: TcbVersion, depositor: AccountIdOf<T> },
		/// A newer revocation list of one of AMD's roots was verified: it names that many certificates, and is current until `next_update` (seconds since 1970).
		CrlPosted { ark: ArkId, next_update: u64, revoked: u32 },
		/// Revocation lists count for that many seconds after their end; none are asked for without.
		RevocationGraceSet { grace: Option<u64> },
		/// The signatures of that many files were verified: they are allowed from that revision on.
		FilesVouched { signer: SignerId, files: u32, revision: Revision, depositor: AccountIdOf<T> },
		/// That a file was signed was forgotten, and the deposit released.
		VoucherRemoved { digest: FileHash, signer: SignerId, depositor: AccountIdOf<T> },
		/// A chip's key for `tcb` was forgotten, and its deposit released.
		VekRemoved { chip: ChipHash, tcb: TcbVersion, depositor: AccountIdOf<T> },
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The rule is what it is to be set to, or there is none to remove. Nothing need be done.
		Unchanged,
		/// The rule was changed so often that all it remembers is still needed. Wait until open windows have closed.
		TooManyRevisions,
		/// The certificate's chip is registered by no miner. Register the chip first.
		ChipNotRegistered,
		/// The certificate leads to no trusted root, or is no VCEK, or is not valid now. `hcc verify snp` tells why.
		VekRefused,
		/// AMD has revoked what the certificate was issued by.
		VekRevoked,
		/// The revocation list is of no trusted root, or does not hold.
		CrlRefused,
		/// A revocation list that was made as late or later is known. Nothing need be done.
		CrlNotNewer,
		/// The revocation list names more certificates than are kept.
		CrlTooLong,
		/// The chip's key for that TCB is registered already. Nothing need be done.
		VekKnown,
		/// Others have registered as many keys of the chip as they may. The chip's miner can register it.
		TooManyVeks,
		/// There is no such key, or another account registered it. See `Veks`.
		VekNotFound,
		/// The key is no SubjectPublicKeyInfo of RSA with 2048 to 4096 bits, or of P-256.
		SignerMalformed,
		/// No signer of that hash is trusted. `policy.file_signer` tells.
		SignerUnknown,
		/// The signature is no `security.ima` of version 2 over SHA-256, or not the signer's over that file.
		FileSignatureRefused,
		/// The signer's signature of that file is known. Nothing need be done.
		AlreadyVouched,
		/// As many signers' signatures of the file are known as are kept.
		TooManyVouchers,
		/// There is no such voucher, or another account made it. See `Vouched`.
		VoucherNotFound,
		/// The voucher is still needed: its signer is trusted, or evidence is judged by a revision in which it was.
		VoucherNeeded,
		/// It is the only key by which evidence of a registered chip can be judged. Register another first, or remove the chip.
		LastVek,
		/// Without rules for platforms nothing that chips show can be judged. Set these first: `policy.set_platform`.
		NoPlatform,
	}
}
