//! The state transition function of the hccs chain.
//!
//! [`configs`] wires the pallets, [`apis`] implements the runtime APIs, and [`genesis`] contains
//! the presets of the chain specs.

#![cfg_attr(not(feature = "std"), no_std)]
#![recursion_limit = "256"]

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

extern crate alloc;
use alloc::vec::Vec;

use hcc_primitives::units;
use sp_runtime::{
	generic, impl_opaque_keys,
	traits::{BlakeTwo256, IdentifyAccount, Verify},
	Cow, MultiAddress, MultiSignature,
};
use sp_version::RuntimeVersion;

pub mod apis;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
pub mod configs;
pub mod evidence_api;
pub mod genesis;
pub mod governance;
#[cfg(any(feature = "try-runtime", feature = "std"))]
pub mod invariants;
pub mod payment;
pub mod standing;
pub mod vms;

pub use apis::RuntimeApi;
pub use units::{Balance, BlockNumber, Moment};

/// A signature by an sr25519, ed25519 or secp256k1 key.
pub type Signature = MultiSignature;
/// An account: the public key of a [`Signature`], or its hash.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// The number of transactions that an account has sent.
pub type Nonce = u32;
pub type Hash = sp_core::H256;
pub type Address = MultiAddress<AccountId, ()>;
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
pub type SignedBlock = generic::SignedBlock<Block>;
pub type BlockId = generic::BlockId<Block>;

/// The transaction extensions. A signature is the only authorisation that they allow.
pub type TxExtension = (
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckEra<Runtime>,
	frame_system::CheckNonce<Runtime>,
	standing::CheckStanding,
	frame_system::CheckWeight<Runtime>,
	payment::ChargePayment,
	frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
	frame_system::WeightReclaim<Runtime>,
);
pub type UncheckedExtrinsic =
	generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;

pub type Executive = frame_executive::Executive<
	Runtime,
	Block,
	frame_system::ChainContext<Runtime>,
	Runtime,
	AllPalletsWithSystem,
>;

/// Types for the node. The node treats calls as bytes, so it need not change with the runtime.
pub mod opaque {
	use super::*;
	pub use sp_runtime::OpaqueExtrinsic as UncheckedExtrinsic;

	pub type Header = super::Header;
	pub type Block = generic::Block<Header, UncheckedExtrinsic>;
	pub type BlockId = generic::BlockId<Block>;

	impl_opaque_keys! {
		pub struct SessionKeys {
			pub babe: crate::Babe,
			pub grandpa: crate::Grandpa,
		}
	}
}
pub use opaque::SessionKeys;

#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: Cow::Borrowed("hccs"),
	impl_name: Cow::Borrowed("hccs-node"),
	authoring_version: 1,
	spec_version: 1,
	impl_version: 1,
	apis: apis::RUNTIME_API_VERSIONS,
	transaction_version: 1,
	system_version: 1,
};

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Runtime;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Timestamp = pallet_timestamp;
	// BABE must come before the pallets that use its randomness, and before the session pallet,
	// whose sessions are BABE's epochs.
	#[runtime::pallet_index(2)]
	pub type Babe = pallet_babe;
	#[runtime::pallet_index(3)]
	pub type Authorship = pallet_authorship;
	#[runtime::pallet_index(4)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(5)]
	pub type TransactionPayment = pallet_transaction_payment;
	// This pallet must come after balances, because candidates bond from their balances. It must
	// come before the session pallet, which asks this pallet for the first validator set.
	#[runtime::pallet_index(6)]
	pub type Validators = pallet_validators;
	#[runtime::pallet_index(7)]
	pub type Offences = pallet_offences;
	#[runtime::pallet_index(8)]
	pub type Historical = pallet_session::historical;
	#[runtime::pallet_index(9)]
	pub type Session = pallet_session;
	#[runtime::pallet_index(10)]
	pub type Grandpa = pallet_grandpa;

	// Hooks run in the order of the indices. The clock must tick before the hooks of pallets with
	// deadlines.
	#[runtime::pallet_index(14)]
	pub type Clock = pallet_clock;
	#[runtime::pallet_index(15)]
	pub type Policy = pallet_policy;
	#[runtime::pallet_index(16)]
	pub type Registry = pallet_registry;
	#[runtime::pallet_index(17)]
	pub type Verdicts = pallet_verdicts;
	#[runtime::pallet_index(18)]
	pub type Attestation = pallet_attestation;
	#[runtime::pallet_index(19)]
	pub type Reputation = pallet_reputation;

	#[runtime::pallet_index(20)]
	pub type Utility = pallet_utility;
	#[runtime::pallet_index(21)]
	pub type Multisig = pallet_multisig;
	#[runtime::pallet_index(22)]
	pub type Preimage = pallet_preimage;
	#[runtime::pallet_index(23)]
	pub type Scheduler = pallet_scheduler;
	#[runtime::pallet_index(24)]
	pub type Parameters = pallet_parameters;
	// Only the `development` preset sets a sudo key.
	#[runtime::pallet_index(25)]
	pub type Sudo = pallet_sudo;

	#[runtime::pallet_index(26)]
	pub type Origins = governance::origins::pallet_origins;
	#[runtime::pallet_index(27)]
	pub type ConvictionVoting = pallet_conviction_voting;
	#[runtime::pallet_index(28)]
	pub type Referenda = pallet_referenda;
	#[runtime::pallet_index(29)]
	pub type Treasury = pallet_treasury;
	#[runtime::pallet_index(30)]
	pub type Whitelist = pallet_whitelist;
	#[runtime::pallet_index(31)]
	pub type SafeMode = pallet_safe_mode;
	#[runtime::pallet_index(32)]
	pub type MultiBlockMigrations = pallet_migrations;

	#[runtime::pallet_index(33)]
	pub type Oracle = pallet_oracle;
	// This pallet must come after the pallets that provide its ticks, billing intervals and prices.
	#[runtime::pallet_index(34)]
	pub type Compute = pallet_compute;
	#[runtime::pallet_index(35)]
	pub type Emission = pallet_emission;
	#[runtime::pallet_index(36)]
	pub type Usage = pallet_usage;
	#[runtime::pallet_index(37)]
	pub type Compensation = pallet_compensation;
	// This pallet must come after every pallet whose genesis creates balances, because it records
	// the total of these balances.
	#[runtime::pallet_index(38)]
	pub type Issuance = pallet_issuance;
	#[runtime::pallet_index(39)]
	pub type Images = pallet_images;
}
