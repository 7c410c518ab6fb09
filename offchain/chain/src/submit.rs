use std::{future::Future, str::FromStr, time::Duration};

use subxt::{
	client::OnlineClientAtBlockImpl,
	config::{DefaultExtrinsicParamsBuilder, SubstrateConfig},
	error::TransactionEventsError,
	extrinsics::ExtrinsicEvents,
	tx::{Payload, TransactionProgress, TransactionStatus},
};
use subxt_signer::{sr25519::Keypair, SecretUri};
use tokio::{
	sync::{Mutex, Semaphore, SemaphorePermit},
	time::{timeout, timeout_at, Instant},
};

use crate::{
	client::rpc,
	error::{INVALID, TOO_LOW_PRIORITY},
	numbers::{Numbers, Taken},
	AccountId32, Chain, ChainError, H256,
};

/// For how many blocks after the last finalised one a transaction is valid: longer than finality may lag while the clock of deadlines runs.
pub(crate) const MORTALITY: u64 = 64;
/// How many transactions that are not urgent may be on their way at once. A node's pool holds 8192 of all accounts together, without a limit for each, and a node
/// serves 1024 subscriptions of one connection.
const ON_THEIR_WAY: usize = 64;
/// How long to wait for its inclusion.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often what is urgent is submitted where no block includes it.
const TRIES: usize = 3;
/// How long to wait before that.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How often to look meanwhile whether a block has another transaction of its number: two blocks.
const LOOK_EVERY: Duration = Duration::from_secs(12);
/// What is told of a transaction whose place in the pool another of its account has taken.
const REPLACED: &str = "another transaction of this account has taken its number: submit it again";

type Progress = TransactionProgress<SubstrateConfig, OnlineClientAtBlockImpl<SubstrateConfig>>;

/// A transaction on its way, and its number.
struct Sent<'a> {
	progress: Progress,
	_number: Taken<'a>,
}

/// A transaction that a block includes and that succeeded.
pub struct Receipt {
	/// Of the block. It may still be replaced.
	pub block: H256,
	pub events: ExtrinsicEvents<SubstrateConfig>,
}

/// Signs and submits, and waits for blocks. Many may wait at once: what was sent first has the lower number, and goes first. What is urgent goes before what
/// waits.
///
/// A transaction cannot be included before those with lower numbers. Where one of these is lost (the pool drops it, or finds it invalid), those behind it wait
/// until another takes its number, which the next that is submitted does. Where none is submitted, they are told as [`ChainError::TimedOut`], and
/// are invalid once they are too old.
pub struct Submitter {
	key: Keypair,
	/// Left to what is on its way and not urgent.
	room: Semaphore,
	/// Held by what is urgent until a block includes it.
	urgent_turn: Mutex<()>,
	/// Held while a number is asked for and used, by whatever is submitted, so that no two take the same.
	numbering: Mutex<()>,
	/// Those of what is waited for.
	numbers: Numbers,
}

impl Submitter {
	/// With the key of that secret URI: a phrase, a seed in hexadecimal, with a path of derivation or without.
	pub fn from_uri(uri: &str) -> Result<Self, ChainError> {
		let bad = |reason: String| ChainError::Key(reason);
		let uri = SecretUri::from_str(uri.trim()).map_err(|error| bad(error.to_string()))?;
		let key = Keypair::from_uri(&uri).map_err(|error| bad(error.to_string()))?;
		Ok(Self {
			key,
			room: Semaphore::new(ON_THEIR_WAY),
			urgent_turn: Mutex::default(),
			numbering: Mutex::default(),
			numbers: Numbers::default(),
		})
	}

	/// The account that signs.
	pub fn account(&self) -> AccountId32 {
		self.key.public_key().to_account_id()
	}

	/// Submits a call and waits until a block includes it, side by side with others.
	///
	/// ## Errors
	/// - [`ChainError::Refused`] where the call failed, or could not but fail, so that it was not taken; nothing has changed.
	/// - [`ChainError::NotTaken`] where the pool did not take it, with what to do.
	/// - [`ChainError::is_replaced`] where something urgent took its place. Look whether it is still wanted, and submit it again.
	/// - [`ChainError::TimedOut`] where no block has it in two minutes. It may still come: look before it is submitted again.
	pub async fn submit<P: Payload>(&self, chain: &Chain, call: &P) -> Result<Receipt, ChainError> {
		let _room = self.room_for(1).await?;
		let waiting = self.submit_and_wait(chain, call);
		timeout(PATIENCE, waiting).await.map_err(|_| late())?
	}

	/// Submits a call of the class `Operational` ahead of all that this account has submitted before, and waits until a block includes it.
	///
	/// Blocks keep room for operational calls, but a transaction cannot be included before those with lower numbers. Where the room for
	/// `Normal` calls is used up, one of those without a tip may wait in the pool for as long as that lasts, and would hold up evidence
	/// until its challenge is missed. So the call does not wait for room, and takes the number that the account has in the state of the
	/// best block, which is that of its first transaction that waits. Both provide the same tag (account, number) to the pool, which keeps
	/// the one of the higher priority: a normal call has its tip, an operational one a multiple of its fee besides. What waits behind it
	/// stays where it is, since its tag is provided as before. Whoever waits for what was replaced gets [`ChainError::is_replaced`].
	///
	/// Where the pool keeps the first that waits, that is operational itself, and will be in the next block: then the call takes the number after
	/// all that waits. Of the same [`Submitter`]'s urgent calls each waits for the one before.
	///
	/// A call of another class must not be submitted so: of two normal calls without tips the smaller one has the higher priority, so that it
	/// might replace the other for nothing.
	///
	/// ## Errors
	/// As [`Self::submit`].
	pub async fn submit_urgent<P: Payload>(
		&self,
		chain: &Chain,
		call: &P,
	) -> Result<Receipt, ChainError> {
		let _turn = self.urgent_turn.lock().await;
		timeout(PATIENCE, self.insist(chain, call)).await.map_err(|_| late())?
	}

	/// Submits calls that are to be included in this order, in one block or in several, and waits for all.
	///
	/// ## Errors
	/// As [`Self::submit`], of the first call that fails. Those after it may be included nevertheless.
	pub async fn submit_all<P: Payload>(
		&self,
		chain: &Chain,
		calls: &[P],
	) -> Result<Vec<Receipt>, ChainError> {
		let _room = self.room_for(calls.len()).await?;
		let waiting = async {
			let mut receipts = Vec::new();
			for sent in self.send_all(chain, calls).await? {
				receipts.push(included(sent).await?);
			}
			Ok(receipts)
		};
		timeout(PATIENCE, waiting).await.map_err(|_| late())?
	}

	/// Submits calls that have nothing to do with each other, waits for all, and gives what became of each: what fails with one holds up no other.
	///
	/// ## Errors
	/// Where nothing was submitted. Those of the calls are as those of [`Self::submit`].
	pub async fn submit_each<P: Payload>(
		&self,
		chain: &Chain,
		calls: &[P],
	) -> Result<Vec<Result<Receipt, ChainError>>, ChainError> {
		let _room = self.room_for(calls.len()).await?;
		let deadline = Instant::now() + PATIENCE;
		let sending = self.send_each(chain, calls);
		let sent = timeout_at(deadline, sending).await.map_err(|_| late())??;
		let mut outcomes = Vec::new();
		for sent in sent {
			outcomes.push(match sent {
				Ok(sent) => {
					let waiting = timeout_at(deadline, included(sent));
					waiting.await.unwrap_or_else(|_| Err(late()))
				},
				Err(error) => Err(error),
			});
		}
		Ok(outcomes)
	}

	/// Waits until so many more may be on their way; more than may ever be count as that many.
	async fn room_for(&self, calls: usize) -> Result<SemaphorePermit<'_>, ChainError> {
		let calls = u32::try_from(calls.min(ON_THEIR_WAY)).unwrap_or(u32::MAX);
		let closed = |_| ChainError::NotIncluded("nothing is submitted any more".into());
		self.room.acquire_many(calls).await.map_err(closed)
	}

	async fn submit_and_wait<P: Payload>(
		&self,
		chain: &Chain,
		call: &P,
	) -> Result<Receipt, ChainError> {
		let sending = async {
			let nonce = self.next_nonce(chain).await?;
			self.send(chain, call, nonce).await
		};
		sent_in_turn(&self.numbering, sending, included).await
	}

	/// Submits what is urgent, and again where it got lost: a block may have had what it was to replace, and the number with it.
	async fn insist<P: Payload>(&self, chain: &Chain, call: &P) -> Result<Receipt, ChainError> {
		for _ in 1..TRIES {
			match self.submit_first(chain, call).await {
				Err(error @ (ChainError::NotIncluded(_) | ChainError::NotTaken { .. })) => {
					tracing::debug!(%error, "submitting what is urgent once more");
					tokio::time::sleep(AGAIN_AFTER).await;
				},
				outcome => return outcome,
			}
		}
		self.submit_first(chain, call).await
	}

	async fn submit_first<P: Payload>(
		&self,
		chain: &Chain,
		call: &P,
	) -> Result<Receipt, ChainError> {
		let (nonce, sent) = {
			let _numbering = self.numbering.lock().await;
			let next = self.next_nonce(chain).await?;
			// After the pool's: where a block comes in between, this is the greater.
			let in_state = self.nonce_in_state(chain).await?;
			send_first(in_state, next, |nonce| self.send(chain, call, nonce)).await?
		};
		let mut waiting = std::pin::pin!(included(sent));
		loop {
			if let Ok(outcome) = timeout(LOOK_EVERY, waiting.as_mut()).await {
				return outcome;
			}
			// Another node's block may have what this was to replace. The pool does not tell until no fork is left in which this could be included.
			if self.nonce_in_state(chain).await? > nonce {
				let lost = "a block has another transaction of its number";
				let outcome = timeout(AGAIN_AFTER, waiting.as_mut()).await;
				return outcome.unwrap_or_else(|_| Err(ChainError::NotIncluded(lost.into())));
			}
		}
	}

	/// Of the best block alone, whatever waits in the pool.
	async fn nonce_in_state(&self, chain: &Chain) -> Result<u64, ChainError> {
		let best = chain.best().await?;
		Ok(best.tx().account_nonce(&self.account()).await?)
	}

	/// One after the other; none after one that the pool does not take.
	async fn send_all<P: Payload>(
		&self,
		chain: &Chain,
		calls: &[P],
	) -> Result<Vec<Sent<'_>>, ChainError> {
		let _numbering = self.numbering.lock().await;
		let mut nonce = self.next_nonce(chain).await?;
		let mut all = Vec::new();
		for call in calls {
			all.push(self.send(chain, call, nonce).await?);
			nonce = self.numbers.free_from(nonce);
		}
		Ok(all)
	}

	/// One after the other, whatever becomes of those before.
	async fn send_each<P: Payload>(
		&self,
		chain: &Chain,
		calls: &[P],
	) -> Result<Vec<Result<Sent<'_>, ChainError>>, ChainError> {
		let _numbering = self.numbering.lock().await;
		let mut nonce = self.next_nonce(chain).await?;
		let mut each = Vec::new();
		for call in calls {
			each.push(self.send(chain, call, nonce).await);
			// What the pool does not take takes no number.
			nonce = self.numbers.free_from(nonce);
		}
		Ok(each)
	}

	/// Of the best block and the pool: the finalised block's number would be used twice. None that is waited for.
	async fn next_nonce(&self, chain: &Chain) -> Result<u64, ChainError> {
		let next = chain.rpc.system_account_next_index(&self.account()).await.map_err(rpc)?;
		Ok(self.numbers.free_from(next))
	}

	async fn send<P: Payload>(
		&self,
		chain: &Chain,
		call: &P,
		nonce: u64,
	) -> Result<Sent<'_>, ChainError> {
		let at = chain.finalised().await?;
		let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
			.nonce(nonce)
			.mortal_from_unchecked(MORTALITY, at.block_number(), at.block_hash())
			.build();
		let signed = at.tx().create_signable_offline(call, params)?.sign(&self.key)?;
		let number = self.numbers.take(nonce);
		let progress = signed
			.submit_and_watch()
			.await
			.map_err(|error| ChainError::not_taken(error.into(), at.metadata_ref()))?;
		Ok(Sent { progress, _number: number })
	}
}

/// Sends holding `turn`, and waits without.
async fn sent_in_turn<S, T, W: Future<Output = Result<T, ChainError>>>(
	turn: &Mutex<()>,
	sending: impl Future<Output = Result<S, ChainError>>,
	wait: impl FnOnce(S) -> W,
) -> Result<T, ChainError> {
	let sent = {
		let _turn = turn.lock().await;
		sending.await?
	};
	wait(sent).await
}

/// Waits until a block includes a transaction.
async fn included(mut sent: Sent<'_>) -> Result<Receipt, ChainError> {
	while let Some(status) = sent.progress.next().await {
		match status? {
			TransactionStatus::InBestBlock(block) | TransactionStatus::InFinalizedBlock(block) => {
				let hash = block.block_hash();
				return match block.wait_for_success().await {
					Ok(events) => Ok(Receipt { block: hash, events }),
					Err(TransactionEventsError::ExtrinsicFailed(error)) => {
						Err(ChainError::dispatch(&error))
					},
					Err(other) => Err(other.into()),
				};
			},
			TransactionStatus::Error { message }
			| TransactionStatus::Invalid { message }
			| TransactionStatus::Dropped { message } => return Err(not_included(message)),
			TransactionStatus::Validated
			| TransactionStatus::Broadcasted
			| TransactionStatus::NoLongerInBestBlock => {},
		}
	}
	Err(ChainError::NotIncluded("the node stopped telling of it".into()))
}

/// Sends what is urgent by the number that the account has in the state, or, where the pool keeps what it has of that number, by its own next one. Gives
/// the number.
async fn send_first<T, F: Future<Output = Result<T, ChainError>>>(
	in_state: u64,
	next: u64,
	send: impl Fn(u64) -> F,
) -> Result<(u64, T), ChainError> {
	match send(in_state).await {
		Err(error) if next > in_state && is_occupied(&error) => Ok((next, send(next).await?)),
		outcome => Ok((in_state, outcome?)),
	}
}

/// Whether the pool refuses a transaction for its number: a block has used that by now, or what the pool has of that number is of no lower
/// priority. What is invalid for another reason is so by each number.
fn is_occupied(error: &ChainError) -> bool {
	matches!(error, ChainError::NotTaken { code: INVALID | TOO_LOW_PRIORITY, .. })
}

/// The error of a transaction that the pool has let go. subxt tells by words alone of one that was replaced.
fn not_included(message: String) -> ChainError {
	if message.contains("usurped") {
		return ChainError::replaced();
	}
	ChainError::NotIncluded(message)
}

fn late() -> ChainError {
	ChainError::TimedOut(PATIENCE.as_secs())
}

impl ChainError {
	/// What is told of a transaction in whose place the pool took another.
	pub fn replaced() -> Self {
		Self::NotIncluded(REPLACED.into())
	}

	/// Whether something urgent of the same account took the transaction's place in the pool, by [`Submitter::submit_urgent`]: no fault of the
	/// transaction's, which is to be submitted again if it is still wanted.
	pub fn is_replaced(&self) -> bool {
		matches!(self, Self::NotIncluded(reason) if reason == REPLACED)
	}
}

#[cfg(test)]
mod tests {
	use std::{cell::RefCell, collections::BTreeMap, future::ready};

	use tokio::sync::oneshot;

	use super::*;

	/// A pool as that of a node: one transaction of each number, and of two the one of the higher priority. `state` is the number that is next in a
	/// block.
	struct Pool {
		state: u64,
		priorities: RefCell<BTreeMap<u64, u64>>,
	}

	impl Pool {
		fn of(state: u64, priorities: &[(u64, u64)]) -> Self {
			Self { state, priorities: RefCell::new(priorities.iter().copied().collect()) }
		}

		async fn take(&self, nonce: u64, priority: u64) -> Result<(), ChainError> {
			if nonce < self.state {
				return Err(refused(INVALID));
			}
			let mut priorities = self.priorities.borrow_mut();
			if priorities.get(&nonce).is_some_and(|old| *old >= priority) {
				return Err(refused(TOO_LOW_PRIORITY));
			}
			priorities.insert(nonce, priority);
			Ok(())
		}

		async fn take_urgently(&self, in_state: u64, next: u64) -> Result<u64, ChainError> {
			let sent = send_first(in_state, next, |nonce| self.take(nonce, OPERATIONAL)).await;
			sent.map(|(nonce, ())| nonce)
		}
	}

	const NORMAL: u64 = 1_000;
	const OPERATIONAL: u64 = 1_000_000_000;

	fn refused(code: i32) -> ChainError {
		ChainError::NotTaken { code, reason: "as the test wants".into() }
	}

	#[tokio::test]
	async fn what_is_urgent_takes_the_place_of_what_waits() {
		let pool = Pool::of(5, &[(5, NORMAL), (6, NORMAL)]);
		assert_eq!(pool.take_urgently(5, 7).await.expect("taken"), 5);
		let left: Vec<_> = pool.priorities.into_inner().into_iter().collect();
		assert_eq!(left, [(5, OPERATIONAL), (6, NORMAL)], "what waits behind it goes on waiting");
	}

	#[tokio::test]
	async fn what_is_urgent_waits_behind_what_is_urgent_too() {
		let pool = Pool::of(5, &[(5, OPERATIONAL)]);
		assert_eq!(pool.take_urgently(5, 6).await.expect("taken"), 6);
	}

	#[tokio::test]
	async fn where_nothing_waits_the_number_is_the_next() {
		assert_eq!(Pool::of(5, &[]).take_urgently(5, 5).await.expect("taken"), 5);
	}

	#[tokio::test]
	async fn a_number_that_a_block_has_just_used_is_not_insisted_on() {
		let pool = Pool::of(6, &[]);
		assert_eq!(pool.take_urgently(5, 6).await.expect("taken"), 6);
		assert!(pool.take_urgently(5, 5).await.is_err(), "there is no other");
	}

	#[tokio::test]
	async fn what_the_chain_refuses_is_not_tried_by_another_number() {
		let tried = RefCell::new(Vec::new());
		let refusal = || ChainError::Refused {
			pallet: "Attestation".into(),
			error: "NoChallenge".into(),
			meaning: String::new(),
		};
		let sent = send_first(5, 7, |nonce| {
			tried.borrow_mut().push(nonce);
			ready(Err::<(), _>(refusal()))
		})
		.await;
		assert!(sent.is_err_and(|error| error.is("Attestation", "NoChallenge")));
		assert_eq!(tried.into_inner(), [5]);
	}

	#[tokio::test]
	async fn what_waits_keeps_nothing_from_being_sent() {
		let turn = Mutex::new(());
		let (tell, told) = oneshot::channel();
		let hear = |told: oneshot::Receiver<u8>| async move { told.await.map_err(|_| late()) };
		let first = sent_in_turn(&turn, ready(Ok(told)), hear);
		let say = |tell: oneshot::Sender<u8>| async move { tell.send(7).map_err(|_| late()) };
		let second = sent_in_turn(&turn, ready(Ok(tell)), say);
		let both = async { tokio::join!(first, second) };
		let (first, second) = timeout(Duration::from_secs(10), both).await.expect("both go on");
		assert_eq!(first.expect("it was told"), 7);
		assert!(second.is_ok());
	}

	#[tokio::test]
	async fn what_is_sent_is_sent_one_after_the_other() {
		let turn = Mutex::new(());
		let held = turn.lock().await;
		let sending = sent_in_turn(&turn, ready(Ok(())), |()| ready(Ok(())));
		assert!(timeout(Duration::from_millis(50), sending).await.is_err());
		drop(held);
		let sending = sent_in_turn(&turn, ready(Ok(())), |()| ready(Ok(())));
		assert!(sending.await.is_ok());
	}

	#[tokio::test]
	async fn so_many_may_be_on_their_way_and_no_more() {
		let submitter = Submitter::from_uri("//Alice").expect("a key");
		let most = submitter.room_for(10 * ON_THEIR_WAY).await.expect("room");
		let more = timeout(Duration::from_millis(50), submitter.room_for(1));
		assert!(more.await.is_err(), "there is no room");
		drop(most);
		let rest = submitter.room_for(ON_THEIR_WAY - 1).await;
		let last = timeout(Duration::from_secs(10), submitter.room_for(1));
		assert!(rest.is_ok() && last.await.expect("in time").is_ok());
	}

	#[test]
	fn what_was_replaced_is_told_from_what_is_invalid() {
		// As subxt's backend says it.
		let replaced =
			not_included("Transaction was usurped by another with the same nonce".into());
		assert!(replaced.is_replaced(), "{replaced}");
		let invalid = "Transaction is invalid (eg because of a bad nonce, signature etc)";
		assert!(!not_included(invalid.into()).is_replaced());
		assert!(!late().is_replaced());
	}
}
