//! Evidence in the bodies of blocks: the chain itself keeps its hash only.

use std::collections::BTreeMap;

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

/// What a block includes of evidence.
#[derive(Clone, Debug, Default)]
pub struct Found {
	pub evidence: Vec<Included>,
	/// Subjects whose evidence is not in the block as far as this program can read it: wrapped in a call that it does not know, perhaps. They cannot
	/// be judged, and must not keep anybody from judging the rest.
	pub missing: Vec<H256>,
}

/// The evidence that a block includes.
pub async fn evidence_in(at: &ChainAt, genesis: [u8; 32]) -> Result<Found, ChainError> {
	let mut found = Found::default();
	let taken = taken(at).await?;
	if taken.is_empty() {
		return Ok(found);
	}
	let calls = calls(at, &taken).await?;
	for (index, event) in taken {
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

type Taken = api::attestation::events::EvidenceIncluded;

/// The evidence that the chain took in a block, with the numbers of the transactions.
async fn taken(at: &ChainAt) -> Result<Vec<(Option<usize>, Taken)>, ChainError> {
	let mut taken = Vec::new();
	for event in at.events().fetch().await?.iter() {
		let event = event?;
		if let Some(fields) = event.decode_fields_as::<Taken>() {
			let index = match event.phase() {
				Phase::ApplyExtrinsic(index) => Some(index as usize),
				Phase::Finalization | Phase::Initialization => None,
			};
			taken.push((index, fields?));
		}
	}
	Ok(taken)
}

/// The calls of the transactions that brought evidence, by their numbers. One that cannot be decoded is left out.
async fn calls(
	at: &ChainAt,
	taken: &[(Option<usize>, Taken)],
) -> Result<BTreeMap<usize, api::Call>, ChainError> {
	let extrinsics = at.extrinsics().fetch().await?;
	let wanted = |index: usize| taken.iter().any(|(of, _)| *of == Some(index));
	let mut calls = BTreeMap::new();
	for (index, extrinsic) in extrinsics.iter().enumerate().filter(|(index, _)| wanted(*index)) {
		let call = extrinsic.ok().and_then(|e| e.decode_call_data_as::<api::Call>().ok());
		calls.extend(call.map(|call| (index, call)));
	}
	Ok(calls)
}

/// The evidence in a call and in the calls within it.
fn evidence_of(call: &api::Call) -> Vec<&HostEvidence> {
	use api::{multisig, sudo, utility};
	match call {
		api::Call::Attestation(
			api::attestation::Call::submit_evidence { evidence }
			| api::attestation::Call::claim { evidence, .. },
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
