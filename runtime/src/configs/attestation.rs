//! What evidence is accepted.

use frame_support::parameter_types;
use frame_system::EnsureRoot;
use hcc_evidence::ima::Limits;
use pallet_policy::Revision;

use crate::*;

parameter_types! {
	/// What one evidence may bring of a measurement log: what the runtime judges in 10 ms.
	pub const ImaLimits: Limits = Limits { bytes: 512 << 10, entries: 2_000 };
	/// Nothing judges by older revisions yet: all but the current one can be forgotten.
	pub OldestNeeded: Revision = Policy::revision();
}

impl pallet_policy::Config for Runtime {
	type AdminOrigin = EnsureRoot<AccountId>;
	type OldestNeeded = OldestNeeded;
	type ImaLimits = ImaLimits;
	type WeightInfo = pallet_policy::weights::SubstrateWeight<Runtime>;
}
