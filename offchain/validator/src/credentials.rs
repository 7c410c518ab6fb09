//! Credentials for TPMs that are to be enrolled: made from seeds, posted, and the seeds revealed once the TPM has answered.

use hcc_chain::{api, AccountId32, Chain, ChainAt, ChainError, Submitter};
use hcc_evidence::tpm::{make_credential, seed_hash};

use crate::{
	metrics::Metrics,
	state::{SeedFor, State},
};

type Enrolment = api::runtime_types::pallet_registry::types::Enrolment<AccountId32>;

/// How many ticks a transaction may take.
const MARGIN: u32 = 2;
/// The most transactions at a time: each waits for a block, and votes wait for all of them.
const MAX_STEPS: usize = 2;

/// What an open enrolment asks of a validator now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
	Post,
	Reveal,
	Nothing,
}

/// What `enrolment` asks of `validator` at that tick. One that is about to end, or has ended and is not cleared away, asks for nothing: what
/// comes too late fails, and costs.
pub(crate) fn step(enrolment: &Enrolment, validator: &AccountId32, tick: u32) -> Step {
	if enrolment.deadline < tick.saturating_add(MARGIN) {
		return Step::Nothing;
	}
	let member = enrolment.committee.0.iter().find(|member| member.validator == *validator);
	match member.map(|member| &member.posted) {
		Some(None) if !enrolment.answered => Step::Post,
		Some(Some(posted)) if enrolment.answered && posted.shown.is_none() => Step::Reveal,
		_ => Step::Nothing,
	}
}

/// Does what open enrolments ask for, a few at a time.
pub(crate) async fn serve(
	chain: &Chain,
	at: &ChainAt,
	validator: &AccountId32,
	submitter: &Submitter,
	state: &State,
	metrics: &Metrics,
) -> Result<(), ChainError> {
	let storage = at.storage();
	let tick = storage.fetch(api::storage().verdicts().current_tick(), ()).await?.decode()?;
	let mut taken = 0;
	let mut enrolments = storage.iter(api::storage().registry().enrolments(), ()).await?;
	while let Some(row) = enrolments.next().await {
		let row = row?;
		let (miner,) = row.key()?.decode()?;
		let enrolment = row.value().decode()?;
		let seed = state.seed(&SeedFor {
			genesis: &chain.genesis(),
			miner: &miner.0,
			ek: &enrolment.ek,
			deadline: enrolment.deadline,
			ak_name: &enrolment.ak_name,
		});
		let step = step(&enrolment, validator, tick);
		let outcome = match step {
			Step::Post => post(chain, submitter, &miner, &enrolment, &seed).await,
			Step::Reveal => {
				let call = api::tx().registry().reveal_seed(miner, seed);
				submitter.submit(chain, &call).await.map(drop)
			},
			Step::Nothing => continue,
		};
		match outcome {
			Ok(()) => {
				metrics.credentials.inc();
				tracing::info!(%miner, ?step, "credential");
			},
			// The finalised state is a little old: somebody was faster, or the enrolment has ended.
			Err(error @ ChainError::Refused { .. }) => {
				tracing::debug!(%miner, %error, "credential")
			},
			Err(error) => return Err(error),
		}
		taken += 1;
		if taken == MAX_STEPS {
			break;
		}
	}
	Ok(())
}

async fn post(
	chain: &Chain,
	submitter: &Submitter,
	miner: &AccountId32,
	enrolment: &Enrolment,
	seed: &[u8; 32],
) -> Result<(), ChainError> {
	let genesis = chain.genesis();
	let credential = make_credential(&genesis, seed, &enrolment.ek_key.0, &enrolment.ak_name)
		.map_err(|why| ChainError::Incompatible(format!("no credential can be made: {why}")))?;
	let credential = api::runtime_types::pallet_registry::types::CredentialBytes {
		id_object: bounded(credential.id_object),
		encrypted_secret: bounded(credential.encrypted_secret),
	};
	let hash = seed_hash(&genesis, seed);
	let call = api::tx().registry().post_credential(*miner, hash, credential);
	submitter.submit(chain, &call).await.map(drop)
}

fn bounded<T>(
	items: Vec<T>,
) -> api::runtime_types::bounded_collections::bounded_vec::BoundedVec<T> {
	api::runtime_types::bounded_collections::bounded_vec::BoundedVec(items)
}

#[cfg(test)]
mod tests {
	use api::runtime_types::pallet_registry::types::{CredentialBytes, Member, Posted, Shown};
	use hcc_evidence::{crypto::P256Key, tpm::EndorsementKey};
	use subxt_signer::sr25519::dev;

	use super::*;

	fn posted(shown: Option<Shown>) -> Option<Posted> {
		let credential =
			CredentialBytes { id_object: bounded(vec![1]), encrypted_secret: bounded(vec![2]) };
		Some(Posted { seed_hash: [3; 32], credential, answer: Some([4; 32]), shown })
	}

	/// An enrolment whose committee is Alice alone.
	fn enrolment(answered: bool, posted: Option<Posted>) -> Enrolment {
		let key = EndorsementKey::P256(P256Key { x: [5; 32], y: [6; 32] });
		Enrolment {
			ek: [7; 32],
			ek_key: key.into(),
			root: [9; 32],
			ak: bounded(vec![8]),
			ak_name: vec![9],
			committee: bounded(vec![Member { validator: alice(), posted }]),
			answered,
			deadline: 10,
		}
	}

	fn alice() -> AccountId32 {
		dev::alice().public_key().to_account_id()
	}

	#[test]
	fn a_member_posts_once_and_reveals_once_the_tpm_has_answered() {
		let step = |enrolment| step(&enrolment, &alice(), 0);
		assert_eq!(step(enrolment(false, None)), Step::Post);
		assert_eq!(step(enrolment(false, posted(None))), Step::Nothing);
		assert_eq!(step(enrolment(true, posted(None))), Step::Reveal);
		assert_eq!(step(enrolment(true, posted(Some(Shown::Proven)))), Step::Nothing);
	}

	#[test]
	fn an_enrolment_that_ends_asks_for_nothing() {
		assert_eq!(step(&enrolment(true, posted(None)), &alice(), 8), Step::Reveal);
		for tick in [9, 10, 11, u32::MAX] {
			assert_eq!(step(&enrolment(true, posted(None)), &alice(), tick), Step::Nothing);
		}
	}

	#[test]
	fn who_came_late_or_is_no_member_does_nothing() {
		assert_eq!(step(&enrolment(true, None), &alice(), 0), Step::Nothing);
		let bob = dev::bob().public_key().to_account_id();
		assert_eq!(step(&enrolment(false, None), &bob, 0), Step::Nothing);
	}
}
