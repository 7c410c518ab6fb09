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

/// Number of blocks after the last finalised one for which a transaction is valid. Exceeds the lag
/// of finality at which the clock of deadlines stops.
pub(crate) const MORTALITY: u64 = 64;
/// Maximum number of pending transactions that are not urgent. A node's pool holds 8192
/// transactions of all accounts together, without a limit per account. A node serves 1024
/// subscriptions per connection.
const MAX_PENDING: usize = 64;
/// Time to wait for a block that includes a transaction.
const INCLUSION_TIMEOUT: Duration = Duration::from_secs(120);
/// Number of times that an urgent transaction is submitted if it is lost.
const TRIES: usize = 3;
/// Pause before it is submitted again.
const RETRY_PAUSE: Duration = Duration::from_secs(2);
/// Interval of checks for another transaction with the same nonce in a block: two blocks.
const CHECK_INTERVAL: Duration = Duration::from_secs(12);
/// Time to wait for the block of a transaction that must not wait for the ones before it: three
/// blocks. After that it goes ahead of them.
const PATIENCE: Duration = Duration::from_secs(18);
/// Reason that is given for a transaction that another one of the same account replaced in the
/// pool.
const REPLACED: &str = "another transaction of this account has replaced it: submit it again";

/// Signs and submits transactions, and waits for blocks that include them. Many transactions can be
/// pending at the same time. They have nonces in the order of submission, except that an urgent
/// transaction goes first.
///
/// A transaction cannot be included before those with lower nonces. If one of these is lost,
/// because the pool drops it or finds it invalid, the transactions behind it wait. The next
/// transaction that is submitted takes the lost nonce. If none is submitted, the waiting
/// transactions fail with [`ChainError::TimedOut`], and expire later.
pub struct Submitter {
	key: Key,
	/// Remaining capacity for pending transactions that are not urgent.
	room: Semaphore,
	/// Held by an urgent transaction until a block includes it.
	urgent_turn: Mutex<()>,
	/// Held while a nonce is queried and used, so that no two transactions take the same one.
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
	/// - [`ChainError::NotTaken`] if the pool rejected it. The error contains the remedy.
	/// - [`ChainError::is_replaced`] if an urgent transaction replaced it. Check that it is still
	///   needed, and submit it again.
	/// - [`ChainError::TimedOut`] if no block includes it within two minutes. A block may still do
	///   so: check before you submit it again.
	/// - [`ChainError::Unconfirmed`] if a block includes it, but neither the state nor the node's
	///   events show its outcome.
	pub async fn submit<P: Payload>(&self, chain: &Chain, call: &P) -> Result<Receipt, ChainError> {
		let _room = self.acquire_room(1).await?;
		let waiting = self.submit_and_wait(chain, call);
		timeout(INCLUSION_TIMEOUT, waiting).await.map_err(|_| timed_out())?
	}

	/// Submits a call of the class `Operational` ahead of all pending transactions of this account,
	/// and waits until a block includes it.
	///
	/// Blocks reserve room for operational calls, but a transaction cannot be included before those
	/// with lower nonces. If blocks have no room for `Normal` calls, one without a tip may wait in
	/// the pool indefinitely. Evidence behind it would miss its challenge. So an urgent call does
	/// not wait for capacity. It uses the account's nonce in the state of the best block. The first
	/// pending transaction has the same nonce.
	///
	/// Both transactions provide the same tag (account, nonce) to the pool, which keeps the one
	/// with the higher priority. Each operational call has a higher priority than all normal ones,
	/// by its kind: votes, then proofs, then evidence, then others. Transactions behind the
	/// replaced one stay in the pool, because the tag is still provided. The sender of the replaced
	/// transaction receives [`ChainError::is_replaced`].
	///
	/// If the pool keeps the pending transaction, that one is operational as well, and the next
	/// block will include it. The urgent call then takes the nonce after all pending transactions.
	/// Urgent calls of the same [`Submitter`] wait for each other.
	///
	/// Do not submit calls of another class this way. Of two normal calls without tips, the smaller
	/// one has the higher priority, so it might replace the other one needlessly.
	///
	/// ## Errors
	/// Those of [`Self::submit`].
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
	/// waits until a block includes it. It needs no capacity. If transactions before it are not
	/// included within three blocks, it is submitted again ahead of them (see
	/// [`Self::submit_urgent`]). Both may be included then, so the call must be harmless twice.
	///
	/// `make` creates the call once no other transaction can take a nonce before it. So a number
	/// in the call can increase with the nonce.
	///
	/// ## Errors
	/// Those of [`Self::submit`].
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
	/// Those of [`Self::submit`], for the first call that fails. Later calls may be included
	/// nevertheless.
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

	/// Submits independent calls, waits for all of them, and returns the outcome of each. A failure
	/// of one does not affect the others.
	///
	/// ## Errors
	/// Fails only if nothing was submitted. The errors of the calls are those of [`Self::submit`].
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
	/// Those of [`Self::submit_each`].
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

	/// Waits for the capacity to submit `calls` more transactions. A larger number than the total
	/// capacity counts as the total capacity.
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

	/// Submits an urgent call, and retries if it is lost. That happens if a block includes the
	/// transaction that it should replace, and so uses its nonce.
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
			// This query comes after that of the pool: if a block is imported in between, this
			// nonce is the greater one.
			let in_state = self.nonce_in_state(chain).await?;
			send_first(in_state, next, |nonce| self.send(chain, call, nonce)).await?
		};
		let mut waiting = std::pin::pin!(included(sent));
		loop {
			if let Ok(outcome) = timeout(CHECK_INTERVAL, waiting.as_mut()).await {
				return outcome;
			}
			// Another node's block may include the transaction that this one should replace. The
			// pool does not report it until no fork is left that could include this one.
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

	/// Sends calls in order, and stops at the first one that the pool rejects.
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

	/// Sends calls in order, including those after one that the pool rejects.
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

	/// Returns the next nonce by the best block and the pool that is not reserved. The nonce in the
	/// finalised block may be used already.
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

/// Sends while it holds `turn`, then releases it and waits.
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
/// another transaction with that nonce, sends it with `next` instead. Returns the nonce.
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
/// the nonce, or the pool has a transaction with that nonce and no lower priority. A transaction
/// that is invalid for another reason is invalid with every nonce.
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
