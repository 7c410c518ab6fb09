//! Evaluates VM evidence in the runtime: see `docs/adr/0011-vm-evidence-on-chain.md`.

use frame_support::{traits::UnixTime, weights::Weight};
use hcc_evidence::{
	host::{GenerationTrust, PlatformPolicy},
	snp::{Report, VekKind},
	vm::{evaluate_vm, Boot, VmClaims, VmEvidence},
	Rejection, UnixSeconds,
};
use hcc_primitives::{hosting::NO_KEY, ChipHash, Miners, NodeCrypto, Veks, VmVerifier};
use pallet_policy::{PolicyAt, WeightInfo};

use crate::*;

/// Evaluates VM evidence by the newest policy revision, with the VEKs of the miner's chips.
pub struct VmsByPolicy;

impl VmsByPolicy {
	fn code(rejection: Rejection) -> u16 {
		rejection.code.number()
	}
}

impl VmVerifier<AccountId> for VmsByPolicy {
	fn judge(evidence: &VmEvidence, boot: &Boot, miner: &AccountId) -> Result<VmClaims, u16> {
		let policy = PolicyAt::<Runtime>::new(Policy::revision()).ok_or(NO_KEY)?;
		let report = Report::parse(&evidence.snp_report).map_err(Self::code)?;
		let of_report =
			|kind| matches!(kind, VekKind::Vcek { hardware_id } if hardware_id == report.chip_id);
		let vek = Registry::chips(miner)
			.iter()
			.filter_map(|chip| <Policy as Veks>::vek(chip, report.reported_tcb))
			.find(|vek| of_report(vek.kind))
			.ok_or(NO_KEY)?;
		let genesis = hcc_primitives::genesis::<Runtime>();
		let now = UnixSeconds(Timestamp::now().as_secs());
		// A VEK proves nothing if the revocation list of its issuer is stale. So a boot must wait
		// for a newer list, as evidence of hosts does.
		let current = <Policy as Veks>::revocation_current_until(&vek);
		if current.is_some_and(|until| now > until) {
			return Err(NO_KEY);
		}
		evaluate_vm::<NodeCrypto, _>(evidence, &vek, &policy, boot, &genesis, now)
			.map_err(Self::code)
	}

	fn trust(chip: &ChipHash) -> Option<GenerationTrust> {
		let product = pallet_policy::Veks::<Runtime>::get(chip).first()?.vek.product;
		Some(PolicyAt::<Runtime>::new(Policy::revision())?.trust(product))
	}

	fn vouches(chip: &ChipHash) -> bool {
		!<Policy as Veks>::is_withdrawn(chip)
	}

	fn is_agent(measurement: &[u8; 48]) -> bool {
		let policy = PolicyAt::<Runtime>::new(Policy::revision());
		policy.is_some_and(|policy| policy.allows_measurement(measurement))
	}

	fn weight() -> Weight {
		// The weight is an estimate for one P-384 signature and some rows of policy. The
		// registration of a VEK takes three times as long as the signature.
		let key = <Runtime as pallet_policy::Config>::WeightInfo::register_vek();
		key.saturating_div(2)
			.saturating_add(<Runtime as frame_system::Config>::DbWeight::get().reads(16))
	}
}
