//! Evidence in the bodies of blocks: the chain itself keeps its hash only.

use hcc_evidence::host::{evidence_hash, subject_id, HostEvidence};
use subxt::events::Phase;

use crate::{api, ChainAt, ChainError, H256};

/// Evidence that a block includes, and as what it is to be judged.
#[derive(Clone, Debug)]
pub struct Included {
	pub subject: H256,
	pub chip: [u8; 32],
	pub seq: u64,
	pub evidence: HostEvidence,
}

/// The evidence that a block includes. A call that the chain took as evidence and that cannot be found again is an error: to pass it over
/// would be to judge less than there is.
pub async fn evidence_in(at: &ChainAt, genesis: [u8; 32]) -> Result<Vec<Included>, ChainError> {
	let events = at.events().fetch().await?;
	let mut included = Vec::new();
	let mut bodies = None;
	for event in events.iter() {
		let event = event?;
		let Some(fields) = event.decode_fields_as::<api::attestation::events::EvidenceIncluded>()
		else {
			continue;
		};
		let fields = fields?;
		let Phase::ApplyExtrinsic(index) = event.phase() else { continue };
		if bodies.is_none() {
			bodies = Some(calls(at).await?);
		}
		let calls = bodies.as_deref().unwrap_or_default();
		let evidence = calls
			.iter()
			.filter(|(of, _)| *of == index as usize)
			.flat_map(|(_, call)| evidence_of(call))
			.find(|evidence| {
				let hash = evidence_hash(evidence);
				subject_id(&genesis, &fields.chip, fields.seq, &hash) == fields.subject.0
			})
			.ok_or_else(|| {
				let what =
					format!("the evidence of subject {} is not in its block", fields.subject);
				ChainError::Incompatible(what)
			})?;
		included.push(Included {
			subject: fields.subject,
			chip: fields.chip,
			seq: fields.seq,
			evidence: evidence.clone(),
		});
	}
	Ok(included)
}

/// The calls of a block with their numbers.
async fn calls(at: &ChainAt) -> Result<Vec<(usize, api::Call)>, ChainError> {
	let extrinsics = at.extrinsics().fetch().await?;
	let mut calls = Vec::new();
	for extrinsic in extrinsics.iter() {
		let extrinsic = extrinsic?;
		calls.push((extrinsic.index(), extrinsic.decode_call_data_as::<api::Call>()?));
	}
	Ok(calls)
}

/// The evidence in a call and in the calls within it.
fn evidence_of(call: &api::Call) -> Vec<&HostEvidence> {
	use api::{multisig, sudo, utility};
	match call {
		api::Call::Attestation(api::attestation::Call::submit_evidence { evidence }) => {
			vec![&evidence.0]
		},
		api::Call::Utility(
			utility::Call::batch { calls }
			| utility::Call::batch_all { calls }
			| utility::Call::force_batch { calls },
		) => calls.iter().flat_map(evidence_of).collect(),
		api::Call::Utility(
			utility::Call::as_derivative { call, .. } | utility::Call::with_weight { call, .. },
		)
		| api::Call::Multisig(
			multisig::Call::as_multi { call, .. }
			| multisig::Call::as_multi_threshold_1 { call, .. },
		)
		| api::Call::Sudo(sudo::Call::sudo_as { call, .. }) => evidence_of(call),
		_ => Vec::new(),
	}
}
