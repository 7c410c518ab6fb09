//! Calls in block bodies, including those inside other calls.

use hcc_evidence::{host::HostEvidence, vm::config::config_hash};

use crate::{api, Chain, ChainAt, ChainError, H256};

/// Pallets whose calls can contain other calls.
const WRAPPERS: [&str; 4] = ["Utility", "Multisig", "Sudo", "Whitelist"];

/// The calls of a block that concern evidence or configurations of VMs, including failed ones: only
/// the state shows which calls took effect.
#[derive(Debug, Default)]
pub struct Body {
	calls: Vec<api::Call>,
	/// Number of calls with evidence or votes that this program cannot decode, because the runtime
	/// has a newer format.
	pub undecodable: usize,
}

/// Evidence in a call of a block. The call may have failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'a> {
	/// The contested chip, if the call is a contest. `None` for the answer to a challenge: the call
	/// does not name the challenged chip, which may be any chip of the miner.
	pub(crate) chip: Option<[u8; 32]>,
	pub(crate) evidence: &'a HostEvidence,
}

impl Body {
	/// Fetches the body of a block.
	pub async fn fetch(at: &ChainAt) -> Result<Self, ChainError> {
		Ok(Self::of(at.extrinsics().fetch().await?))
	}

	/// Fetches the body of a block by its number, and decodes the body with the metadata of the
	/// block `at`. Works even if the node has pruned the block's state. Returns `None` if the node
	/// has pruned the body as well.
	pub(crate) async fn fetch_by_number(
		chain: &Chain,
		at: &ChainAt,
		number: u64,
	) -> Result<Option<Self>, ChainError> {
		let Some(extrinsics) = chain.body(number).await? else { return Ok(None) };
		Ok(Some(Self::of(at.extrinsics().from_bytes(extrinsics).await)))
	}

	fn of(extrinsics: Extrinsics<'_>) -> Self {
		let mut body = Self::default();
		for extrinsic in extrinsics.iter().flatten() {
			let (pallet, call) = (extrinsic.pallet_name(), extrinsic.call_name());
			let own = matches!(
				(pallet, call),
				("Attestation", "submit_evidence" | "contest") | ("Verdicts", "vote")
			);
			let configures = matches!((pallet, call), ("Compute", "order" | "set_config"));
			if !own && !configures && !WRAPPERS.contains(&pallet) {
				continue;
			}
			match extrinsic.decode_call_data_as::<api::Call>() {
				Ok(call) => body.calls.push(call),
				Err(_) if own => body.undecodable += 1,
				// A call that this program does not know contains neither evidence nor votes.
				Err(error) => tracing::debug!(%error, pallet, "a call cannot be decoded"),
			}
		}
		body
	}

	/// Returns the calls. A call that wraps other calls is replaced by them.
	fn calls(&self) -> Vec<&api::Call> {
		let mut unwrapped = Vec::new();
		self.calls.iter().for_each(|call| unwrap_into(call, &mut unwrapped));
		unwrapped
	}

	pub(crate) fn candidates(&self) -> Vec<Candidate<'_>> {
		self.calls().into_iter().filter_map(candidate).collect()
	}

	/// Returns the configuration of a VM with this hash.
	pub(crate) fn configuration(&self, hash: &[u8; 32]) -> Option<Vec<u8>> {
		let mut all = self.calls().into_iter().filter_map(configured);
		all.find(|bytes| config_hash(bytes).as_ref() == Some(hash)).map(<[u8]>::to_vec)
	}

	/// Returns each vote in the block as a pair: the subject, and the hash of the finding.
	pub fn votes(&self) -> Vec<(H256, H256)> {
		let mut all = Vec::new();
		for call in self.calls() {
			if let api::Call::Verdicts(api::verdicts::Call::vote { votes, .. }) = call {
				all.extend(votes.0.iter().map(|vote| (vote.subject, vote.hash)));
			}
		}
		all
	}
}

type Extrinsics<'a> = subxt::extrinsics::Extrinsics<
	'a,
	subxt::SubstrateConfig,
	subxt::client::OnlineClientAtBlockImpl<subxt::SubstrateConfig>,
>;

fn candidate(call: &api::Call) -> Option<Candidate<'_>> {
	match call {
		api::Call::Attestation(api::attestation::Call::submit_evidence { evidence }) => {
			Some(Candidate { chip: None, evidence: &evidence.0 })
		},
		api::Call::Attestation(api::attestation::Call::contest { chip, evidence, .. }) => {
			Some(Candidate { chip: Some(*chip), evidence: &evidence.0 })
		},
		_ => None,
	}
}

/// Returns the bytes of the configuration that a call sets.
fn configured(call: &api::Call) -> Option<&[u8]> {
	match call {
		api::Call::Compute(api::compute::Call::order { order, .. }) => Some(&order.config.bytes.0),
		api::Call::Compute(api::compute::Call::set_config { config, .. }) => Some(&config.0),
		_ => None,
	}
}

/// Appends a call to `unwrapped`. Of a call that wraps other calls, appends the inner calls
/// instead.
fn unwrap_into<'a>(call: &'a api::Call, unwrapped: &mut Vec<&'a api::Call>) {
	use api::{multisig, sudo, utility, whitelist};
	match call {
		api::Call::Utility(
			utility::Call::batch { calls }
			| utility::Call::batch_all { calls }
			| utility::Call::force_batch { calls },
		) => calls.iter().for_each(|call| unwrap_into(call, unwrapped)),
		api::Call::Utility(utility::Call::if_else { main, fallback }) => {
			unwrap_into(main, unwrapped);
			unwrap_into(fallback, unwrapped);
		},
		api::Call::Utility(
			utility::Call::as_derivative { call, .. }
			| utility::Call::with_weight { call, .. }
			| utility::Call::dispatch_as { call, .. }
			| utility::Call::dispatch_as_fallible { call, .. },
		)
		| api::Call::Multisig(
			multisig::Call::as_multi { call, .. }
			| multisig::Call::as_multi_threshold_1 { call, .. },
		)
		| api::Call::Sudo(
			sudo::Call::sudo { call }
			| sudo::Call::sudo_as { call, .. }
			| sudo::Call::sudo_unchecked_weight { call, .. },
		)
		| api::Call::Whitelist(whitelist::Call::dispatch_whitelisted_call_with_preimage { call }) => {
			unwrap_into(call, unwrapped);
		},
		call => unwrapped.push(call),
	}
}

#[cfg(test)]
pub(crate) mod tests {
	use api::{
		attestation, multisig,
		runtime_types::{
			bounded_collections::bounded_vec::BoundedVec, pallet_verdicts::types::Vote,
			sp_weights::weight_v2::Weight,
		},
		utility,
	};
	use hcc_evidence::host::ImaDelta;
	use subxt::utils::{AccountId32, Static};

	use super::*;

	/// Returns evidence with a valid length and invalid content.
	pub(crate) fn evidence(miner: u8, seq: u64) -> HostEvidence {
		HostEvidence {
			miner: [miner; 32],
			seq,
			snp_report: vec![0; hcc_evidence::snp::REPORT_LEN],
			tpms_attest: vec![1],
			tpm_signature: vec![2],
			pcr_values: [[0; 32]; 12],
			ima_delta: ImaDelta { from_entry: 0, records: vec![3] },
			boot: None,
			guest_pk: [4; 32],
			guest_signature: [5; 64],
		}
	}

	fn submission(miner: u8, seq: u64) -> api::Call {
		let evidence = Static(evidence(miner, seq)).into();
		api::Call::Attestation(attestation::Call::submit_evidence { evidence })
	}

	fn vote(subject: u8, hash: u8) -> api::Call {
		let vote = Vote { subject: H256([subject; 32]), hash: H256([hash; 32]), finding: None };
		api::Call::Verdicts(api::verdicts::Call::vote {
			validator: AccountId32([1; 32]),
			votes: BoundedVec(vec![vote]),
			finalised: 7,
		})
	}

	#[test]
	fn configuration_is_found_by_hash() {
		let set = |bytes: &[u8]| {
			api::Call::Compute(api::compute::Call::set_config {
				vm: 1,
				config: BoundedVec(bytes.to_vec()),
				revision: 2,
				signature: [3; 64],
			})
		};
		let batch = api::Call::Utility(utility::Call::batch_all { calls: vec![set(b"second")] });
		let body = Body { calls: vec![set(b"first"), batch], undecodable: 0 };
		let hash = |bytes| config_hash(bytes).expect("it is not empty");
		assert_eq!(body.configuration(&hash(b"second")), Some(b"second".to_vec()));
		assert_eq!(body.configuration(&hash(b"third")), None);
	}

	#[test]
	fn nested_evidence_is_found() {
		let batch = |calls| api::Call::Utility(utility::Call::batch_all { calls });
		let multisig = api::Call::Multisig(multisig::Call::as_multi {
			threshold: 2,
			other_signatories: Vec::new(),
			maybe_timepoint: None,
			call: Box::new(batch(vec![submission(2, 5), vote(8, 9)])),
			max_weight: Weight { ref_time: 0, proof_size: 0 },
		});
		let contest = api::Call::Attestation(attestation::Call::contest {
			chip: [6; 32],
			evidence: Static(evidence(3, 6)).into(),
			certificate: BoundedVec(Vec::new()),
		});
		let calls = vec![submission(1, 4), batch(vec![multisig, contest])];
		let body = Body { calls, undecodable: 0 };
		let found: Vec<_> = body
			.candidates()
			.iter()
			.map(|found| (found.evidence.miner[0], found.evidence.seq, found.chip))
			.collect();
		assert_eq!(found, [(1, 4, None), (2, 5, None), (3, 6, Some([6; 32]))]);
		assert_eq!(body.votes(), [(H256([8; 32]), H256([9; 32]))]);
	}
}
