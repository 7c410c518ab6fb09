mod signed;
#[cfg(test)]
mod tests;
mod tip;

pub use signed::{Fate, SignedCall};

use std::{future::Future, path::Path, time::Duration};

use secrecy::{SecretBox, SecretString};
use subxt::{
	config::{DefaultExtrinsicParamsBuilder, SubstrateConfig},
	tx::Payload,
};
use subxt_signer::DeriveJunction;
use tokio::{
	sync::{Mutex, Semaphore, SemaphorePermit},
	time::{timeout, timeout_at, Instant},
};

use crate::{
	client::rpc,
	error::{INVALID, TOO_LOW_PRIORITY},
	inclusion::{decode_call, included, Receipt, Sent},
	keys::{Key, KeyError, PassphraseSource},
	numbers::PendingNonces,
	AccountId32, Chain, ChainError,
};

/// Number of blocks after the last finalised block during which a transaction is valid. This number
/// exceeds the lag of finality at which the clock of deadlines stops.
pub(crate) const MORTALITY: u64 = 64;
/// Maximum number of pending transactions that are not urgent. A node's pool holds 8192
/// transactions of all accounts together, without a limit per account. A node serves 1024
/// subscriptions per connection.
const MAX_PENDING: usize = 64;
/// Time to wait until a block includes a transaction.
const INCLUSION_TIMEOUT: Duration = Duration::from_secs(120);
/// Number of times that an urgent transaction is submitted in all, if it is lost each time.
const TRIES: usize = 3;
/// Pause before an urgent transaction is submitted again.
const RETRY_PAUSE: Duration = Duration::from_secs(2);
/// Interval at which an urgent submission checks if a block includes another transaction with the
/// same nonce: two blocks.
const CHECK_INTERVAL: Duration = Duration::from_secs(12);
/// Time that a prompt transaction waits in the pool behind transactions with lower nonces: three
/// blocks. After that, the transaction is submitted again ahead of them.
const PATIENCE: Duration = Duration::from_secs(18);
/// Error text for a transaction that was replaced in the pool by another transaction of the same
/// account.
const REPLACED: &str = "another transaction of this account has replaced it: submit it again";

/// Signs and submits transactions, and waits for blocks that include them. Many transactions can be
/// pending at the same time. Transactions receive nonces in the order of submission, except that an
/// urgent transaction goes first.
///
/// A transaction cannot be included before transactions with lower nonces. If the pool drops a
/// transaction or finds it invalid, the transactions with higher nonces wait. The next transaction
/// that is submitted takes the lost nonce. Without such a submission, the waiting transactions fail
/// with [`ChainError::TimedOut`], and expire later.
pub struct Submitter {
	key: Key,
	/// Remaining capacity for pending transactions that are not urgent.
	room: Semaphore,
	/// Held by an urgent transaction until a block includes it.
	urgent_turn: Mutex<()>,
	/// Held while a nonce is queried and used, so that no two transactions take the same nonce.
	nonce_lock: Mutex<()>,
	/// The nonces of pending transactions.
	nonces: PendingNonces,
}

impl Submitter {
	/// Creates a submitter with a key.
	pub fn new(key: Key) -> Self {
		Self {
			key,
			room: Semaphore::new(MAX_PENDING),
			urgent_turn: Mutex::default(),
			nonce_lock: Mutex::default(),
			nonces: PendingNonces::default(),
		}
	}

	/// Creates a submitter with the key in a file, plain or encrypted.
	///
	/// ## Errors
	/// Those of [`Key::read`].
	pub fn from_file(path: &Path, passphrase: &PassphraseSource) -> Result<Self, KeyError> {
		Key::read(path, passphrase).map(Self::new)
	}

	/// Creates a submitter with the key of a secret URI: a phrase or a hexadecimal seed, with or
	/// without a derivation path. Programs take keys from files instead ([`Self::from_file`]).
	///
	/// ## Errors
	/// [`ChainError::Key`].
	pub fn from_uri(uri: &str) -> Result<Self, ChainError> {
		Key::from_uri(&SecretString::from(uri)).map(Self::new)
	}

	/// Returns the account that signs.
	pub fn account(&self) -> AccountId32 {
		self.key.account()
	}

	/// Derives a secret from the key for another purpose than signing.
	///
	/// It is the public key of a hard derivation that is never published. Computing it needs the
	/// secret key.
	pub fn derived_secret(&self, purpose: &str) -> SecretBox<[u8; 32]> {
		let child = self.key.pair.derive([DeriveJunction::hard(purpose)]);
		SecretBox::new(Box::new(child.public_key().0))
	}

	/// Submits a call, and waits until a block includes it. Other submissions can proceed at the
	/// same time.
	///
	/// ## Errors
	/// - [`ChainError::Refused`] if the call failed, or if the pool rejected it because it could
	///   not succeed. Nothing has changed.
	/// - [`ChainError::NotTaken`] if the pool rejected the transaction. The error contains the
	///   remedy.
	/// - [`ChainError::is_replaced`] if an urgent transaction replaced this transaction. Check that
	///   the call is still needed, and submit it again.
	/// - [`ChainError::TimedOut`] if no block includes the transaction within two minutes. A block
	///   may still include it: check before you submit it again.
	/// - [`ChainError::Unconfirmed`] if a block includes the transaction, but neither the state nor
	///   the node's events show the outcome of the call.
	pub async fn submit<P: Payload>(&self, chain: &Chain, call: &P) -> Result<Receipt, ChainError> {
		let _room = self.acquire_room(1).await?;
		let waiting = self.submit_and_wait(chain, call);
		timeout(INCLUSION_TIMEOUT, waiting).await.map_err(|_| timed_out())?
	}

	/// Submits a call of the class `Operational` ahead of all pending transactions of this account,
	/// and waits until a block includes it.
	///
	/// Blocks reserve room for operational calls, but a transaction cannot be included before
	/// transactions with lower nonces. While blocks have no room for `Normal` calls, a normal call
	/// without a tip may wait in the pool indefinitely. Evidence with a higher nonce would then
	/// miss its deadline. So an urgent call does not wait for capacity. It uses the account's nonce
	/// in the state of the best block. The first pending transaction has the same nonce.
	///
	/// Both transactions provide the same tag (account, nonce) to the pool, which keeps the one
	/// with the higher priority. Each operational call has a higher priority than all normal calls.
	/// Among operational calls, votes come first, then proofs, then evidence, then the rest.
	/// Transactions with higher nonces stay in the pool, because the replacement provides the same
	/// tag. The sender of the replaced transaction receives [`ChainError::is_replaced`].
	///
	/// The pool keeps the pending transaction only if it is operational as well, so the next block
	/// will include it. The urgent call then takes the nonce after all pending transactions. Urgent
	/// calls of the same [`Submitter`] wait for each other.
	///
	/// Do not submit calls of another class this way. Of two normal calls without tips, the smaller
	/// call has the higher priority. So a normal call might needlessly replace another one.
	///
	/// ## Errors
	/// The errors of [`Self::submit`].
	pub async fn submit_urgent<P: Payload>(
		&self,
		chain: &Chain,
		call: &P,
	) -> Result<Receipt, ChainError> {
		let _turn = self.urgent_turn.lock().await;
		timeout(INCLUSION_TIMEOUT, self.submit_first_with_retries(chain, call))
			.await
			.map_err(|_| timed_out())?
	}

	/// Submits a call of the class `Operational` that must not wait for other transactions, and
	/// waits until a block includes it. The call does not wait for capacity. If no block includes
	/// it within three blocks, for example because transactions with lower nonces wait, the call is
	/// submitted again ahead of them (see [`Self::submit_urgent`]). Blocks may then include both
	/// transactions, so the call must be harmless when it is executed twice.
	///
	/// `make` creates the call once no other transaction can take a nonce before it. So a number
	/// in the call can increase with the nonce.
	///
	/// ## Errors
	/// The errors of [`Self::submit`].
	pub async fn submit_promptly<P: Payload>(
		&self,
		chain: &Chain,
		make: impl Fn() -> P,
	) -> Result<Receipt, ChainError> {
		let sending = async {
			let nonce = self.next_nonce(chain).await?;
			self.send(chain, &make(), nonce).await
		};
		let first = send_in_turn(&self.nonce_lock, sending, included);
		match timeout(PATIENCE, first).await {
			Ok(outcome) => outcome,
			Err(_) => self.submit_urgent(chain, &make()).await,
		}
	}

	/// Submits calls that must be included in this order, in one block or in several, and waits for
	/// all of them.
	///
	/// ## Errors
	/// The errors of [`Self::submit`], for the first call that fails. Blocks may still include
	/// later calls.
	pub async fn submit_all<P: Payload>(
		&self,
		chain: &Chain,
		calls: &[P],
	) -> Result<Vec<Receipt>, ChainError> {
		let _room = self.acquire_room(calls.len()).await?;
		let waiting = async {
			let mut receipts = Vec::new();
			for sent in self.send_all(chain, calls).await? {
				receipts.push(included(sent).await?);
			}
			Ok(receipts)
		};
		timeout(INCLUSION_TIMEOUT, waiting).await.map_err(|_| timed_out())?
	}

	/// Submits independent calls, waits for all of them, and returns the outcome of each. If a call
	/// fails, the other calls are not affected.
	///
	/// ## Errors
	/// Fails only if nothing was submitted. Each call has the errors of [`Self::submit`].
	pub async fn submit_each<P: Payload>(
		&self,
		chain: &Chain,
		calls: &[P],
	) -> Result<Vec<Result<Receipt, ChainError>>, ChainError> {
		self.submit_each_of::<P, _>(chain, calls.len(), || calls).await
	}

	/// Submits independent calls as [`Self::submit_each`] does. `make` creates the `count` calls
	/// once no other transaction can take a nonce before them.
	///
	/// ## Errors
	/// The errors of [`Self::submit_each`].
	pub async fn submit_each_made<P: Payload>(
		&self,
		chain: &Chain,
		count: usize,
		make: impl FnOnce() -> Vec<P>,
	) -> Result<Vec<Result<Receipt, ChainError>>, ChainError> {
		self.submit_each_of::<P, _>(chain, count, make).await
	}

	async fn submit_each_of<P: Payload, C: AsRef<[P]>>(
		&self,
		chain: &Chain,
		count: usize,
		make: impl FnOnce() -> C,
	) -> Result<Vec<Result<Receipt, ChainError>>, ChainError> {
		let _room = self.acquire_room(count).await?;
		let deadline = Instant::now() + INCLUSION_TIMEOUT;
		let sending = self.send_each::<P, C>(chain, make);
		let sent = timeout_at(deadline, sending).await.map_err(|_| timed_out())??;
		let mut outcomes = Vec::new();
		for sent in sent {
			outcomes.push(match sent {
				Ok(sent) => {
					let waiting = timeout_at(deadline, included(sent));
					waiting.await.unwrap_or_else(|_| Err(timed_out()))
				},
				Err(error) => Err(error),
			});
		}
		Ok(outcomes)
	}

	/// Waits for the capacity to submit `calls` more transactions. If `calls` exceeds the total
	/// capacity, waits for the total capacity.
	async fn acquire_room(&self, calls: usize) -> Result<SemaphorePermit<'_>, ChainError> {
		let calls = u32::try_from(calls.min(MAX_PENDING)).unwrap_or(u32::MAX);
		let closed = |_| ChainError::NotIncluded("the submitter is closed".into());
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
		send_in_turn(&self.nonce_lock, sending, included).await
	}

	/// Submits an urgent call, and retries if it is lost. An urgent call is lost if a block
	/// includes the transaction that the call should replace, so that the nonce is used.
	async fn submit_first_with_retries<P: Payload>(
		&self,
		chain: &Chain,
		call: &P,
	) -> Result<Receipt, ChainError> {
		for _ in 1..TRIES {
			match self.submit_first(chain, call).await {
				Err(error @ (ChainError::NotIncluded(_) | ChainError::NotTaken { .. })) => {
					tracing::debug!(%error, "submitting the urgent call again");
					tokio::time::sleep(RETRY_PAUSE).await;
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
			let _nonce_lock = self.nonce_lock.lock().await;
			let next = self.next_nonce(chain).await?;
			// The nonce in the state is queried after the nonce of the pool. If a block is imported
			// between the queries, the nonce in the state is the greater one.
			let in_state = self.nonce_in_state(chain).await?;
			send_first(in_state, next, |nonce| self.send(chain, call, nonce)).await?
		};
		let mut waiting = std::pin::pin!(included(sent));
		loop {
			if let Ok(outcome) = timeout(CHECK_INTERVAL, waiting.as_mut()).await {
				return outcome;
			}
			// Another node's block may include the transaction that this one should replace. The
			// pool does not report that, as long as some fork could include this one.
			if self.nonce_in_state(chain).await? > nonce {
				let lost = "a block has another transaction with its nonce";
				let outcome = timeout(RETRY_PAUSE, waiting.as_mut()).await;
				return outcome.unwrap_or_else(|_| Err(ChainError::NotIncluded(lost.into())));
			}
		}
	}

	/// Returns the nonce in the state of the best block, regardless of the pool.
	async fn nonce_in_state(&self, chain: &Chain) -> Result<u64, ChainError> {
		let best = chain.best().await?;
		Ok(best.tx().account_nonce(&self.account()).await?)
	}

	/// Sends calls in order. Stops if the pool rejects a call.
	async fn send_all<P: Payload>(
		&self,
		chain: &Chain,
		calls: &[P],
	) -> Result<Vec<Sent<'_>>, ChainError> {
		let _nonce_lock = self.nonce_lock.lock().await;
		let mut nonce = self.next_nonce(chain).await?;
		let mut all = Vec::new();
		for call in calls {
			all.push(self.send(chain, call, nonce).await?);
			nonce = self.nonces.free_from(nonce);
		}
		Ok(all)
	}

	/// Sends calls in order. If the pool rejects a call, sends the calls after it nevertheless.
	async fn send_each<P: Payload, C: AsRef<[P]>>(
		&self,
		chain: &Chain,
		make: impl FnOnce() -> C,
	) -> Result<Vec<Result<Sent<'_>, ChainError>>, ChainError> {
		let _nonce_lock = self.nonce_lock.lock().await;
		let mut nonce = self.next_nonce(chain).await?;
		let calls = make();
		let mut each = Vec::new();
		for call in calls.as_ref() {
			each.push(self.send(chain, call, nonce).await);
			// A rejected transaction does not use its nonce.
			nonce = self.nonces.free_from(nonce);
		}
		Ok(each)
	}

	/// Returns the next nonce, computed from the best block, the pool and the reserved nonces. The
	/// nonce in the state of the last finalised block may be used already.
	async fn next_nonce(&self, chain: &Chain) -> Result<u64, ChainError> {
		let next = chain.rpc.system_account_next_index(&self.account()).await.map_err(rpc)?;
		Ok(self.nonces.free_from(next))
	}

	async fn send<P: Payload>(
		&self,
		chain: &Chain,
		call: &P,
		nonce: u64,
	) -> Result<Sent<'_>, ChainError> {
		self.send_tipped(chain, call, nonce, 0).await
	}

	async fn send_tipped<P: Payload>(
		&self,
		chain: &Chain,
		call: &P,
		nonce: u64,
		tip: u128,
	) -> Result<Sent<'_>, ChainError> {
		self.key.check_chain(chain.kind())?;
		let at = chain.finalised().await?;
		let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
			.nonce(nonce)
			.tip(tip)
			.mortal_from_unchecked(MORTALITY, at.block_number(), at.block_hash())
			.build();
		let signed = at.tx().create_signable_offline(call, params)?.sign(&self.key.pair)?;
		let known = decode_call(&at, &at.tx().call_data(call)?);
		let reserved = self.nonces.reserve(nonce);
		let progress = signed
			.submit_and_watch()
			.await
			.map_err(|error| ChainError::not_taken(error.into(), at.metadata_ref()))?;
		let (signer, genesis) = (self.account(), chain.genesis());
		Ok(Sent { progress, call: known, signer, genesis, _nonce: reserved })
	}
}

/// Sends while it holds the lock `turn`, then releases the lock and waits for the outcome.
async fn send_in_turn<S, T, W: Future<Output = Result<T, ChainError>>>(
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

/// Sends an urgent transaction with the nonce that the account has in the state. If the pool keeps
/// another transaction with this nonce, sends the urgent transaction with the nonce `next` instead.
/// Returns the nonce that was used.
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

/// Returns `true` if the pool rejects a transaction because of its nonce. Either a block has used
/// the nonce, or the pool has a transaction with that nonce and no lower priority. The pool returns
/// the same code for a transaction that is invalid for another reason. Such a transaction is
/// invalid with every nonce, so a second attempt does no harm.
fn is_occupied(error: &ChainError) -> bool {
	matches!(error, ChainError::NotTaken { code: INVALID | TOO_LOW_PRIORITY, .. })
}

/// Returns the error for a transaction that the pool dropped. subxt indicates a replaced
/// transaction only by its message.
pub(crate) fn not_included(message: String) -> ChainError {
	if message.contains("usurped") {
		return ChainError::replaced();
	}
	ChainError::NotIncluded(message)
}

fn timed_out() -> ChainError {
	ChainError::TimedOut(INCLUSION_TIMEOUT.as_secs())
}

impl ChainError {
	/// Returns the error for a transaction that another one replaced in the pool.
	pub fn replaced() -> Self {
		Self::NotIncluded(REPLACED.into())
	}

	/// Returns `true` if an urgent transaction of the same account replaced this one in the pool
	/// (see [`Submitter::submit_urgent`]). The transaction is not at fault. Submit it again if it
	/// is still needed.
	pub fn is_replaced(&self) -> bool {
		matches!(self, Self::NotIncluded(reason) if reason == REPLACED)
	}
}
