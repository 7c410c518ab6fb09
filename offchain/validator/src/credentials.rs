//! Credentials for TPMs in enrolment. The worker derives a seed, and posts the credential that
//! contains the seed. It reveals the seed after the TPM has answered.

use api::runtime_types::pallet_registry::types::CredentialBytes;
use hcc_chain::{api, AccountId32, Chain, ChainAt, ChainError, Submitter};
use hcc_evidence::tpm::{make_credential, seed_hash};

use crate::{
	metrics::Metrics,
	state::{SeedFor, State},
	subject,
};

type Enrolment = api::runtime_types::pallet_registry::types::Enrolment<AccountId32, u128>;

/// Number of ticks that a transaction may need until a block includes it.
const MARGIN: u32 = 2;
/// Maximum number of credentials and seeds that are sent in one batch.
const MAX_BATCH: usize = 16;

/// The step that an open enrolment requires of a validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
	Post,
	Reveal,
	Nothing,
}

/// Returns the step that `enrolment` requires of `validator`, regardless of its deadline.
fn required_step(enrolment: &Enrolment, validator: &AccountId32) -> Step {
	let member = enrolment.committee.0.iter().find(|member| member.validator == *validator);
	match member.map(|member| &member.posted) {
		Some(None) if !enrolment.answered => Step::Post,
		Some(Some(posted)) if enrolment.answered && posted.shown.is_none() => Step::Reveal,
		_ => Step::Nothing,
	}
}

/// Returns the step that `validator` takes for an enrolment. Both the finalised and the best block
/// must require the step. `tick` is the tick of the best block. A step fails and costs its fee if
/// the best block no longer requires it, or if the deadline is too close.
///
/// A step that only the best block requires is not taken, because another block may replace the
/// best block. If a seed were revealed before the answers are final, an account without the TPM
/// could use the seed to answer on another fork. A seed also depends on the deadline. On a fork
/// with another deadline, the seed would not prove the credential.
fn step(
	finalised: &Enrolment,
	best: Option<&Enrolment>,
	validator: &AccountId32,
	tick: u32,
) -> Step {
	let wanted = required_step(finalised, validator);
	let still = best.is_some_and(|best| {
		has_same_seed(best, finalised)
			&& required_step(best, validator) == wanted
			&& last_tick(best, wanted) >= tick.saturating_add(MARGIN)
	});
	if still {
		wanted
	} else {
		Step::Nothing
	}
}

/// Returns the last tick at which the chain accepts a step.
fn last_tick(enrolment: &Enrolment, step: Step) -> u32 {
	match step {
		Step::Post => enrolment.answers_until,
		Step::Reveal | Step::Nothing => enrolment.deadline,
	}
}

/// Returns `true` if the same seed is derived for both enrolments of a miner. See [`SeedFor`].
fn has_same_seed(one: &Enrolment, other: &Enrolment) -> bool {
	let of = |enrolment: &Enrolment| (enrolment.ek, enrolment.deadline);
	of(one) == of(other) && one.ak_name == other.ak_name
}

/// Takes the steps that open enrolments require, a limited number at a time.
pub(crate) async fn serve(
	chain: &Chain,
	at: &ChainAt,
	validator: &AccountId32,
	submitter: &Submitter,
	state: &State,
	metrics: &Metrics,
) -> Result<(), ChainError> {
	let genesis = chain.genesis();
	let (mut posting, mut posts) = (Vec::new(), Vec::new());
	let (mut revealing, mut reveals) = (Vec::new(), Vec::new());
	for (miner, enrolment, step) in steps(chain, at, validator).await? {
		let seed = state.seed(&SeedFor {
			genesis: &genesis,
			miner: &miner.0,
			ek: &enrolment.ek,
			deadline: enrolment.deadline,
			ak_name: &enrolment.ak_name,
		});
		match step {
			Step::Post => match credential(&genesis, &seed, &enrolment) {
				Ok(credential) => {
					let hash = seed_hash(&genesis, &seed);
					posting.push(miner);
					posts.push(
						api::tx().registry().post_credential(*validator, miner, hash, credential),
					);
				},
				// A failure for one enrolment must not block the other enrolments.
				Err(error) => tracing::error!(%miner, %error, "the credential cannot be made"),
			},
			Step::Reveal => {
				revealing.push(miner);
				reveals.push(api::tx().registry().reveal_seed(*validator, miner, seed));
			},
			Step::Nothing => {},
		}
	}
	if posts.is_empty() && reveals.is_empty() {
		return Ok(());
	}
	let (posted, revealed) =
		tokio::join!(submitter.submit_each(chain, &posts), submitter.submit_each(chain, &reveals));
	// The outcomes of posting and of revealing are both recorded before an error is returned.
	let noted = [
		posted.and_then(|outcomes| record_outcomes(metrics, Step::Post, &posting, outcomes)),
		revealed.and_then(|outcomes| record_outcomes(metrics, Step::Reveal, &revealing, outcomes)),
	];
	noted.into_iter().collect()
}

/// Returns each miner whose enrolment requires a step, with the enrolment and the step.
async fn steps(
	chain: &Chain,
	at: &ChainAt,
	validator: &AccountId32,
) -> Result<Vec<(AccountId32, Enrolment, Step)>, ChainError> {
	let best = chain.best().await?;
	let tick = subject::tick(&best).await?;
	let storage = at.storage();
	let mut steps = Vec::new();
	let mut enrolments = storage.iter(api::storage().registry().enrolments(), ()).await?;
	while let Some(row) = enrolments.next().await {
		let row = row?;
		let (miner,) = row.key()?.decode()?;
		let enrolment = row.value().decode()?;
		if required_step(&enrolment, validator) == Step::Nothing {
			continue;
		}
		let now = read(&best, miner).await?;
		match step(&enrolment, now.as_ref(), validator, tick) {
			Step::Nothing => {},
			step => steps.push((miner, enrolment, step)),
		}
		if steps.len() == MAX_BATCH {
			break;
		}
	}
	Ok(steps)
}

/// Reads the enrolment of a miner in the state of a block.
async fn read(at: &ChainAt, miner: AccountId32) -> Result<Option<Enrolment>, ChainError> {
	let address = api::storage().registry().enrolments();
	let Some(found) = at.storage().try_fetch(address, (miner,)).await? else { return Ok(None) };
	Ok(Some(found.decode()?))
}

fn credential(
	genesis: &[u8; 32],
	seed: &[u8; 32],
	enrolment: &Enrolment,
) -> Result<CredentialBytes, ChainError> {
	let made = make_credential(genesis, seed, &enrolment.ek_key.0, &enrolment.ak_name)
		.map_err(|why| ChainError::Incompatible(format!("the credential cannot be made: {why}")))?;
	Ok(CredentialBytes {
		id_object: bounded(made.id_object),
		encrypted_secret: bounded(made.encrypted_secret),
	})
}

/// Records the outcome of a step for each miner.
///
/// ## Errors
/// The first error that is not a refusal, after all outcomes are recorded.
fn record_outcomes<T>(
	metrics: &Metrics,
	step: Step,
	miners: &[AccountId32],
	outcomes: Vec<Result<T, ChainError>>,
) -> Result<(), ChainError> {
	let mut failure = None;
	for (miner, outcome) in miners.iter().zip(outcomes) {
		match outcome {
			Ok(_) => {
				metrics.credentials.inc();
				tracing::info!(%miner, ?step, "credential step taken");
			},
			// The enrolment has ended in the meantime.
			Err(error @ ChainError::Refused { .. }) => {
				tracing::debug!(%miner, %error, "credential step refused");
			},
			Err(error) => failure = failure.or(Some(error)),
		}
	}
	failure.map_or(Ok(()), Err)
}

fn bounded<T>(
	items: Vec<T>,
) -> api::runtime_types::bounded_collections::bounded_vec::BoundedVec<T> {
	api::runtime_types::bounded_collections::bounded_vec::BoundedVec(items)
}

#[cfg(test)]
mod tests {
	use api::runtime_types::pallet_registry::types::{CredentialStatus, Member, PostedCredential};
	use hcc_evidence::{crypto::P256Key, tpm::EndorsementKey};
	use subxt_signer::sr25519::dev;

	use super::*;

	fn posted(shown: Option<CredentialStatus>) -> Option<PostedCredential> {
		let credential =
			CredentialBytes { id_object: bounded(vec![1]), encrypted_secret: bounded(vec![2]) };
		Some(PostedCredential { seed_hash: [3; 32], credential, answer: Some([4; 32]), shown })
	}

	/// Returns an enrolment with Alice as the only committee member.
	fn enrolment(answered: bool, posted: Option<PostedCredential>) -> Enrolment {
		let key = EndorsementKey::P256(P256Key { x: [5; 32], y: [6; 32] });
		Enrolment {
			ek: [7; 32],
			ek_key: key.into(),
			root: [9; 32],
			ak: bounded(vec![8]),
			ak_name: vec![9],
			committee: bounded(vec![Member { validator: alice(), posted }]),
			answered,
			answers_until: 5,
			deadline: 10,
			eval_version: 3,
			deposit: 1,
		}
	}

	fn alice() -> AccountId32 {
		dev::alice().public_key().to_account_id()
	}

	/// Returns the step that Alice takes at a tick if the enrolment is the same in the finalised
	/// and in the best block.
	fn step_in_same_state(enrolment: &Enrolment, tick: u32) -> Step {
		step(enrolment, Some(enrolment), &alice(), tick)
	}

	#[test]
	fn member_posts_once_and_reveals_after_answer() {
		assert_eq!(step_in_same_state(&enrolment(false, None), 0), Step::Post);
		assert_eq!(step_in_same_state(&enrolment(false, posted(None)), 0), Step::Nothing);
		assert_eq!(step_in_same_state(&enrolment(true, posted(None)), 0), Step::Reveal);
		assert_eq!(
			step_in_same_state(&enrolment(true, posted(Some(CredentialStatus::Proven))), 0),
			Step::Nothing
		);
	}

	#[test]
	fn enrolment_near_deadline_requires_nothing() {
		let answered = enrolment(true, posted(None));
		assert_eq!(step_in_same_state(&answered, 8), Step::Reveal);
		for tick in [9, 10, 11, u32::MAX] {
			assert_eq!(step_in_same_state(&answered, tick), Step::Nothing);
		}
		assert_eq!(step(&answered, None, &alice(), 0), Step::Nothing, "the enrolment has ended");
	}

	#[test]
	fn credential_after_first_half_is_not_posted() {
		let open = enrolment(false, None);
		assert_eq!(step_in_same_state(&open, 3), Step::Post);
		assert_eq!(step_in_same_state(&open, 4), Step::Nothing);
	}

	#[test]
	fn late_member_and_non_member_do_nothing() {
		assert_eq!(step_in_same_state(&enrolment(true, None), 0), Step::Nothing);
		let (open, bob) = (enrolment(false, None), dev::bob().public_key().to_account_id());
		assert_eq!(step(&open, Some(&open), &bob, 0), Step::Nothing);
	}

	#[test]
	fn step_in_best_block_is_not_repeated() {
		let step = |finalised, best| step(&finalised, Some(&best), &alice(), 0);
		let lacking = || enrolment(false, None);
		assert_eq!(step(lacking(), enrolment(false, posted(None))), Step::Nothing);
		let hidden = || enrolment(true, posted(None));
		let shown = enrolment(true, posted(Some(CredentialStatus::Proven)));
		assert_eq!(step(hidden(), shown), Step::Nothing);
	}

	#[test]
	fn seed_is_not_revealed_before_answers_are_final() {
		let (open, answered) = (enrolment(false, posted(None)), enrolment(true, posted(None)));
		assert_eq!(step(&open, Some(&answered), &alice(), 0), Step::Nothing);
	}

	#[test]
	fn enrolment_that_replaced_another_requires_nothing() {
		for open in [enrolment(false, None), enrolment(true, posted(None))] {
			let others = [
				Enrolment { ek: [0; 32], ..open.clone() },
				Enrolment { ak_name: vec![0], ..open.clone() },
				Enrolment { deadline: open.deadline + 1, ..open.clone() },
			];
			for other in others {
				assert_eq!(step(&open, Some(&other), &alice(), 0), Step::Nothing);
			}
		}
	}

	#[test]
	fn accepted_steps_are_counted_despite_failures() {
		let (metrics, miners) = (Metrics::default(), [alice(); 4]);
		let refusal = || ChainError::Refused {
			pallet: "Registry".into(),
			error: "NoEnrolment".into(),
			meaning: String::new(),
		};
		let outcomes = vec![Err(refusal()), Ok(())];
		record_outcomes(&metrics, Step::Post, &miners[..2], outcomes)
			.expect("a refusal is not an error");
		assert_eq!(metrics.credentials.get(), 1);
		let outcomes = vec![Err(ChainError::TimedOut(120)), Err(refusal()), Ok(()), Ok(())];
		let noted = record_outcomes(&metrics, Step::Reveal, &miners, outcomes);
		assert!(matches!(noted, Err(ChainError::TimedOut(120))));
		assert_eq!(metrics.credentials.get(), 3);
	}
}
