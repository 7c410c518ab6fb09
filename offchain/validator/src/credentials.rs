//! Credentials for TPMs that are to be enrolled: made from seeds, posted, and the seeds revealed once the TPM has answered.

use api::runtime_types::pallet_registry::types::CredentialBytes;
use hcc_chain::{api, AccountId32, Chain, ChainAt, ChainError, Submitter};
use hcc_evidence::tpm::{make_credential, seed_hash};

use crate::{
	metrics::Metrics,
	state::{SeedFor, State},
	subject,
};

type Enrolment = api::runtime_types::pallet_registry::types::Enrolment<AccountId32>;

/// How many ticks a transaction may take.
const MARGIN: u32 = 2;
/// The most credentials and seeds that are sent at a time.
const MAX_AT_ONCE: usize = 16;

/// What an open enrolment asks of a validator now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
	Post,
	Reveal,
	Nothing,
}

/// What `enrolment` asks of `validator` while it lasts.
fn asks(enrolment: &Enrolment, validator: &AccountId32) -> Step {
	let member = enrolment.committee.0.iter().find(|member| member.validator == *validator);
	match member.map(|member| &member.posted) {
		Some(None) if !enrolment.answered => Step::Post,
		Some(Some(posted)) if enrolment.answered && posted.shown.is_none() => Step::Reveal,
		_ => Step::Nothing,
	}
}

/// What `validator` does for an enrolment: what a final block asks for, and the best one still does, which is of that tick. What the best one has already
/// would fail, and cost; and so would what comes when the enrolment is about to end.
///
/// What only the best block asks for is left alone: another may take its place. Where a seed were known before the answers are final, whoever lacks the TPM could give others
/// there; and a credential whose seed follows from another deadline could not be proven there.
fn step(
	finalised: &Enrolment,
	best: Option<&Enrolment>,
	validator: &AccountId32,
	tick: u32,
) -> Step {
	let wanted = asks(finalised, validator);
	let still = best.is_some_and(|best| {
		has_same_seed(best, finalised)
			&& asks(best, validator) == wanted
			&& best.deadline >= tick.saturating_add(MARGIN)
	});
	if still {
		wanted
	} else {
		Step::Nothing
	}
}

/// Whether both are the same enrolment of a miner, as far as a seed goes: see [`SeedFor`].
fn has_same_seed(one: &Enrolment, other: &Enrolment) -> bool {
	let of = |enrolment: &Enrolment| (enrolment.ek, enrolment.deadline);
	of(one) == of(other) && one.ak_name == other.ak_name
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
					posts.push(api::tx().registry().post_credential(miner, hash, credential));
				},
				// One enrolment holds up no other.
				Err(error) => tracing::error!(%miner, %error, "no credential"),
			},
			Step::Reveal => {
				revealing.push(miner);
				reveals.push(api::tx().registry().reveal_seed(miner, seed));
			},
			Step::Nothing => {},
		}
	}
	if posts.is_empty() && reveals.is_empty() {
		return Ok(());
	}
	let (posted, revealed) =
		tokio::join!(submitter.submit_each(chain, &posts), submitter.submit_each(chain, &reveals));
	// Both, before an error of either is given.
	let noted = [
		posted.and_then(|outcomes| note(metrics, Step::Post, &posting, outcomes)),
		revealed.and_then(|outcomes| note(metrics, Step::Reveal, &revealing, outcomes)),
	];
	noted.into_iter().collect()
}

/// What is to be done for which miners, and their enrolments.
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
		if asks(&enrolment, validator) == Step::Nothing {
			continue;
		}
		let now = read(&best, miner).await?;
		match step(&enrolment, now.as_ref(), validator, tick) {
			Step::Nothing => {},
			step => steps.push((miner, enrolment, step)),
		}
		if steps.len() == MAX_AT_ONCE {
			break;
		}
	}
	Ok(steps)
}

/// The enrolment of a miner in a block's state, if there is one.
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
		.map_err(|why| ChainError::Incompatible(format!("no credential can be made: {why}")))?;
	Ok(CredentialBytes {
		id_object: bounded(made.id_object),
		encrypted_secret: bounded(made.encrypted_secret),
	})
}

/// Notes what came of a step for each of those miners.
///
/// ## Errors
/// The first that is no refusal, once all are noted.
fn note<T>(
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
				tracing::info!(%miner, ?step, "credential");
			},
			// The enrolment has ended meanwhile.
			Err(error @ ChainError::Refused { .. }) => {
				tracing::debug!(%miner, %error, "credential");
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
	use api::runtime_types::pallet_registry::types::{Member, Posted, Shown};
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

	/// What Alice does at that tick where a final block and the best one have the same.
	fn at_rest(enrolment: &Enrolment, tick: u32) -> Step {
		step(enrolment, Some(enrolment), &alice(), tick)
	}

	#[test]
	fn a_member_posts_once_and_reveals_once_the_tpm_has_answered() {
		assert_eq!(at_rest(&enrolment(false, None), 0), Step::Post);
		assert_eq!(at_rest(&enrolment(false, posted(None)), 0), Step::Nothing);
		assert_eq!(at_rest(&enrolment(true, posted(None)), 0), Step::Reveal);
		assert_eq!(at_rest(&enrolment(true, posted(Some(Shown::Proven))), 0), Step::Nothing);
	}

	#[test]
	fn an_enrolment_that_ends_asks_for_nothing() {
		let answered = enrolment(true, posted(None));
		assert_eq!(at_rest(&answered, 8), Step::Reveal);
		for tick in [9, 10, 11, u32::MAX] {
			assert_eq!(at_rest(&answered, tick), Step::Nothing);
		}
		assert_eq!(step(&answered, None, &alice(), 0), Step::Nothing, "it has ended");
	}

	#[test]
	fn who_came_late_or_is_no_member_does_nothing() {
		assert_eq!(at_rest(&enrolment(true, None), 0), Step::Nothing);
		let (open, bob) = (enrolment(false, None), dev::bob().public_key().to_account_id());
		assert_eq!(step(&open, Some(&open), &bob, 0), Step::Nothing);
	}

	#[test]
	fn what_the_best_block_has_is_not_sent_again() {
		let step = |finalised, best| step(&finalised, Some(&best), &alice(), 0);
		let lacking = || enrolment(false, None);
		assert_eq!(step(lacking(), enrolment(false, posted(None))), Step::Nothing);
		let hidden = || enrolment(true, posted(None));
		let shown = enrolment(true, posted(Some(Shown::Proven)));
		assert_eq!(step(hidden(), shown), Step::Nothing);
	}

	#[test]
	fn no_seed_is_revealed_before_the_answers_are_final() {
		let (open, answered) = (enrolment(false, posted(None)), enrolment(true, posted(None)));
		assert_eq!(step(&open, Some(&answered), &alice(), 0), Step::Nothing);
	}

	#[test]
	fn nothing_is_done_for_an_enrolment_in_the_place_of_another() {
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
	fn what_was_sent_is_counted_whatever_else_is_refused_or_fails() {
		let (metrics, miners) = (Metrics::default(), [alice(); 4]);
		let refusal = || ChainError::Refused {
			pallet: "Registry".into(),
			error: "NoEnrolment".into(),
			meaning: String::new(),
		};
		let outcomes = vec![Err(refusal()), Ok(())];
		note(&metrics, Step::Post, &miners[..2], outcomes).expect("a refusal ends nothing");
		assert_eq!(metrics.credentials.get(), 1);
		let outcomes = vec![Err(ChainError::TimedOut(120)), Err(refusal()), Ok(()), Ok(())];
		let noted = note(&metrics, Step::Reveal, &miners, outcomes);
		assert!(matches!(noted, Err(ChainError::TimedOut(120))));
		assert_eq!(metrics.credentials.get(), 3);
	}
}
