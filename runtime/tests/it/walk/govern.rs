//! Steps of governance in a walk, and the restoration of the initial policy.

use frame_support::traits::{schedule::DispatchTime, Get, StorePreimage};
use hcc_evidence::boot::{BootRole, BootRules};
use hcc_evidence::snp::CpuId;
use hcc_evidence_testing::MEASUREMENT;
use hccs_runtime::{configs::parameters::*, governance::Origin};
use pallet_conviction_voting::{AccountVote, Conviction, Vote};
use pallet_policy::{AmdRootList, CpuRules, PlatformRules, RequiredFiles, Role, TpmRootList};

use super::*;
use crate::rules::{set_rules, Governed};

/// The policy and rules before the walk.
pub(super) struct InitialPolicy {
	platform: PlatformRules,
	cpus: Vec<(CpuId, CpuRules)>,
	required: Option<RequiredFiles>,
	roots: Option<AmdRootList>,
	vendors: Option<TpmRootList>,
	reputation: pallet_reputation::Rules,
	attestation: pallet_attestation::Rules,
	compute: pallet_compute::Rules,
	emission: pallet_emission::Rules,
}

fn root() -> RuntimeOrigin {
	RuntimeOrigin::root()
}

impl InitialPolicy {
	pub(super) fn read() -> Self {
		Self {
			platform: Policy::platform().expect("platform rules are set"),
			cpus: pallet_policy::Cpus::<Runtime>::iter()
				.filter_map(|(cpu, row)| Some((cpu, *row.current()?)))
				.collect(),
			required: Policy::required(),
			roots: Policy::amd_roots(),
			vendors: Policy::tpm_roots(),
			reputation: ReputationRules::get(),
			attestation: AttestationRules::get(),
			compute: ComputeRules::get(),
			emission: EmissionRules::get(),
		}
	}

	/// Restores the initial policy. Errors are ignored, because a call fails if it changes nothing.
	pub(super) fn restore(&self) {
		let _ = Policy::set_platform(root(), self.platform);
		for (cpu, rules) in &self.cpus {
			let _ = Policy::set_cpu(root(), *cpu, Some(*rules));
		}
		let _ = Policy::set_measurement(root(), MEASUREMENT, Some(Role::HostAgent));
		let _ = Policy::set_required(root(), self.required.clone());
		let _ = Policy::set_amd_roots(root(), self.roots.clone());
		let _ = Policy::set_tpm_roots(root(), self.vendors.clone());
		let _ = Policy::set_boot_rules(root(), None);
		assert_ok!(set_rules(self.reputation));
		assert_ok!(set_rules(self.attestation));
		assert_ok!(set_rules(self.compute));
		assert_ok!(set_rules(self.emission));
	}

	/// Changes or removes one of the policy items.
	pub(super) fn change(&self, rule: u8, how: u8) -> DispatchResult {
		let drop = how.is_multiple_of(2);
		match rule % 8 {
			0 => {
				let guest_required = self.platform.guest_required | u64::from(how);
				Policy::set_platform(root(), PlatformRules { guest_required, ..self.platform })
			},
			1 => {
				let Some((cpu, rules)) = self.cpus.get(usize::from(how) % self.cpus.len().max(1))
				else {
					return Ok(());
				};
				let rules = CpuRules { mitigations: u64::from(how), ..*rules };
				Policy::set_cpu(root(), *cpu, (!drop).then_some(rules))
			},
			2 => {
				let role = (!drop).then_some(Role::TenantVm);
				Policy::set_measurement(root(), MEASUREMENT, role)
			},
			3 => Policy::set_required(root(), self.required.clone().filter(|_| !drop)),
			4 => Policy::set_amd_roots(root(), self.roots.clone().filter(|_| !drop)),
			5 => {
				let vendor = vec![newcomer::authority().try_into().expect("it fits")];
				let roots = vendor.try_into().expect("it fits");
				Policy::set_tpm_roots(root(), (!drop).then_some(roots))
			},
			6 => {
				let rules = BootRules { secure_boot: how % 4 == 1 };
				Policy::set_boot_rules(root(), (!drop).then_some(rules))
			},
			_ => {
				let parts = vec![[how; 32], [how / 2; 32]].try_into().expect("they fit");
				Policy::set_boot_parts(root(), parts, (!drop).then_some(BootRole::Kernel))
			},
		}
	}
}

/// Sets penalties, prices and the frequency of challenges. The values may be outside of the bounds.
pub(super) fn vary_rules(which: u8, how: u8) -> DispatchResult {
	let part = Perbill::from_percent(u32::from(how % 101));
	match which % 4 {
		0 => set_rules(pallet_reputation::Rules {
			tampered: u16::from(how) * 5,
			failed: u16::from(how),
			max_strikes: how % 5,
			slash: part,
			..ReputationRules::get()
		}),
		1 => set_rules(pallet_attestation::Rules {
			answer: u32::from(how),
			trusted: u32::from(how) * 2,
			regular: u32::from(how / 2),
			billing: u32::from(how) * 10,
			..AttestationRules::get()
		}),
		2 => {
			let rules = ComputeRules::get();
			let shares = pallet_compute::Shares { burned: part, treasury: part, ..rules.shares };
			set_rules(pallet_compute::Rules {
				shares,
				placement: u32::from(how),
				boot_fee: u32::from(how) * 1_000,
				..rules
			})
		},
		_ => set_rules(pallet_emission::Rules {
			era: 10 + u32::from(how % 32),
			bonus: part,
			validators: part,
			payable: u32::from(how % 8),
			..EmissionRules::get()
		}),
	}
}

/// Starts a referendum on a penalty and votes in it.
pub(super) fn refer(how: u8) -> DispatchResult {
	let rules = pallet_reputation::Rules { failed: u16::from(how), ..ReputationRules::get() };
	let call: RuntimeCall =
		pallet_parameters::Call::set_parameter { key_value: rules.parameter() }.into();
	let number = pallet_referenda::ReferendumCount::<Runtime>::get();
	let alice = RuntimeOrigin::signed(Alice.to_account_id());
	let track = Box::new(Origin::Penalties.into());
	let proposal = <Preimage as StorePreimage>::bound(call)?;
	Referenda::submit(alice.clone(), track, proposal, DispatchTime::After(0))?;
	Referenda::place_decision_deposit(alice, number).map_err(|error| error.error)?;
	for who in [Alice, Eve, Ferdie] {
		let balance = Balances::free_balance(who.to_account_id()) / 2;
		let vote = Vote { aye: !how.is_multiple_of(4), conviction: Conviction::Locked1x };
		let _ = ConvictionVoting::vote(
			RuntimeOrigin::signed(who.to_account_id()),
			number,
			AccountVote::Standard { vote, balance },
		);
	}
	Ok(())
}
