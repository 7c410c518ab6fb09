//! Evidence in block bodies. The state of the chain contains only its hash.

use std::collections::BTreeMap;

use hcc_evidence::host::{evidence_hash, subject_id, HostEvidence};
use subxt::events::Phase;

use crate::{api, ChainAt, ChainError, H256};

/// Evidence that a block includes, and the subject under which it is judged.
#[derive(Clone, Debug)]
pub struct Included {
	pub subject: H256,
	pub chip: [u8; 32],
	pub seq: u64,
	pub evidence: HostEvidence,
}

/// The evidence in a block.
#[derive(Clone, Debug, Default)]
pub struct Found {
	pub evidence: Vec<Included>,
	/// Subjects whose evidence this program cannot find in the block, for example because an
	/// unknown call wraps it. They cannot be judged, and must not block the others.
	pub missing: Vec<H256>,
}

/// Returns the evidence that a block includes.
pub async fn evidence_in(at: &ChainAt, genesis: [u8; 32]) -> Result<Found, ChainError> {
	let mut found = Found::default();
	let inclusions = inclusions(at).await?;
	if inclusions.is_empty() {
		return Ok(found);
	}
	let calls = calls(at, &inclusions).await?;
	for (index, event) in inclusions {
		let call = index.and_then(|index| calls.get(&index));
		let evidence = call.into_iter().flat_map(evidence_of).find(|evidence| {
			let hash = evidence_hash(evidence);
			subject_id(&genesis, &event.chip, event.seq, &hash) == event.subject.0
		});
		match evidence {
			Some(evidence) => found.evidence.push(Included {
				subject: event.subject,
				chip: event.chip,
				seq: event.seq,
				evidence: evidence.clone(),
			}),
			None => found.missing.push(event.subject),
		}
	}
	Ok(found)
}

type InclusionEvent = api::attestation::events::EvidenceIncluded;

/// Returns the events of included evidence in a block, with the indices of their transactions.
async fn inclusions(at: &ChainAt) -> Result<Vec<(Option<usize>, InclusionEvent)>, ChainError> {
	let mut inclusions = Vec::new();
	for event in at.events().fetch().await?.iter() {
		let event = event?;
		if let Some(fields) = event.decode_fields_as::<InclusionEvent>() {
			let index = match event.phase() {
				Phase::ApplyExtrinsic(index) => Some(index as usize),
				Phase::Finalization | Phase::Initialization => None,
			};
			inclusions.push((index, fields?));
		}
	}
	Ok(inclusions)
}

/// Returns the calls of the transactions that contain evidence, by index. Omits a call that cannot
/// be decoded.
async fn calls(
	at: &ChainAt,
	inclusions: &[(Option<usize>, InclusionEvent)],
) -> Result<BTreeMap<usize, api::Call>, ChainError> {
	let extrinsics = at.extrinsics().fetch().await?;
	let wanted = |index: usize| inclusions.iter().any(|(of, _)| *of == Some(index));
	let mut calls = BTreeMap::new();
	for (index, extrinsic) in extrinsics.iter().enumerate().filter(|(index, _)| wanted(*index)) {
		let call = extrinsic.ok().and_then(|e| e.decode_call_data_as::<api::Call>().ok());
		calls.extend(call.map(|call| (index, call)));
	}
	Ok(calls)
}

/// Returns the evidence in a call and in the calls that it contains.
fn evidence_of(call: &api::Call) -> Vec<&HostEvidence> {
	use api::{multisig, sudo, utility};
	match call {
		api::Call::Attestation(
			api::attestation::Call::submit_evidence { evidence }
			| api::attestation::Call::contest { evidence, .. },
		) => vec![&evidence.0],
		api::Call::Utility(
			utility::Call::batch { calls }
			| utility::Call::batch_all { calls }
			| utility::Call::force_batch { calls },
		) => calls.iter().flat_map(evidence_of).collect(),
		api::Call::Utility(utility::Call::if_else { main, fallback }) => {
			[evidence_of(main), evidence_of(fallback)].concat()
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
		) => evidence_of(call),
		_ => Vec::new(),
	}
}
