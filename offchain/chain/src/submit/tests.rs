use std::{cell::RefCell, collections::BTreeMap, future::ready};

use secrecy::ExposeSecret;
use tokio::sync::oneshot;

use super::*;

/// A pool like that of a node: it has one transaction per nonce, and of two it keeps the one
/// with the higher priority. `state` is the next nonce for a block.
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

	async fn submit_urgently(&self, in_state: u64, next: u64) -> Result<u64, ChainError> {
		let sent = send_first(in_state, next, |nonce| self.take(nonce, OPERATIONAL)).await;
		sent.map(|(nonce, ())| nonce)
	}
}

const NORMAL: u64 = 1_000;
const OPERATIONAL: u64 = 1_000_000_000;

fn refused(code: i32) -> ChainError {
	ChainError::NotTaken { code, reason: "chosen by the test".into() }
}

#[tokio::test]
async fn urgent_transaction_replaces_pending_one() {
	let pool = Pool::of(5, &[(5, NORMAL), (6, NORMAL)]);
	assert_eq!(pool.submit_urgently(5, 7).await.expect("taken"), 5);
	let left: Vec<_> = pool.priorities.into_inner().into_iter().collect();
	assert_eq!(left, [(5, OPERATIONAL), (6, NORMAL)], "the transaction behind it stays pending");
}

#[tokio::test]
async fn urgent_transaction_waits_behind_urgent_one() {
	let pool = Pool::of(5, &[(5, OPERATIONAL)]);
	assert_eq!(pool.submit_urgently(5, 6).await.expect("taken"), 6);
}

#[tokio::test]
async fn urgent_transaction_takes_next_nonce_of_empty_pool() {
	assert_eq!(Pool::of(5, &[]).submit_urgently(5, 5).await.expect("taken"), 5);
}

#[tokio::test]
async fn used_nonce_is_not_retried() {
	let pool = Pool::of(6, &[]);
	assert_eq!(pool.submit_urgently(5, 6).await.expect("taken"), 6);
	assert!(pool.submit_urgently(5, 5).await.is_err(), "no other nonce is available");
}

#[tokio::test]
async fn refused_call_is_not_sent_with_other_nonce() {
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
async fn waiting_does_not_block_sending() {
	let turn = Mutex::new(());
	let (sender, receiver) = oneshot::channel();
	let receive =
		|receiver: oneshot::Receiver<u8>| async move { receiver.await.map_err(|_| timed_out()) };
	let first = send_in_turn(&turn, ready(Ok(receiver)), receive);
	let send = |sender: oneshot::Sender<u8>| async move { sender.send(7).map_err(|_| timed_out()) };
	let second = send_in_turn(&turn, ready(Ok(sender)), send);
	let both = async { tokio::join!(first, second) };
	let (first, second) = timeout(Duration::from_secs(10), both).await.expect("both proceed");
	assert_eq!(first.expect("the value is received"), 7);
	assert!(second.is_ok());
}

#[tokio::test]
async fn sending_waits_for_its_turn() {
	let turn = Mutex::new(());
	let held = turn.lock().await;
	let sending = send_in_turn(&turn, ready(Ok(())), |()| ready(Ok(())));
	assert!(timeout(Duration::from_millis(50), sending).await.is_err());
	drop(held);
	let sending = send_in_turn(&turn, ready(Ok(())), |()| ready(Ok(())));
	assert!(sending.await.is_ok());
}

#[tokio::test]
async fn pending_transactions_are_limited() {
	let submitter = Submitter::from_uri("//Alice").expect("a key");
	let most = submitter.acquire_room(10 * MAX_PENDING).await.expect("room");
	let more = timeout(Duration::from_millis(50), submitter.acquire_room(1));
	assert!(more.await.is_err(), "no capacity is left");
	drop(most);
	let rest = submitter.acquire_room(MAX_PENDING - 1).await;
	let last = timeout(Duration::from_secs(10), submitter.acquire_room(1));
	assert!(rest.is_ok() && last.await.expect("in time").is_ok());
}

#[test]
fn derived_secrets_differ_by_key_and_purpose() {
	let secret = |uri: &str, purpose: &str| {
		let submitter = Submitter::from_uri(uri).expect("a key");
		*submitter.derived_secret(purpose).expose_secret()
	};
	assert_eq!(secret("//Alice", "seeds"), secret("//Alice", "seeds"));
	assert_ne!(secret("//Alice", "seeds"), secret("//Bob", "seeds"));
	assert_ne!(secret("//Alice", "seeds"), secret("//Alice", "other"));
	let account = Submitter::from_uri("//Alice").expect("a key").account();
	assert_ne!(secret("//Alice", "seeds"), account.0);
}

#[test]
fn replaced_differs_from_invalid() {
	// The message of subxt's backend.
	let replaced = not_included("Transaction was usurped by another with the same nonce".into());
	assert!(replaced.is_replaced(), "{replaced}");
	let invalid = "Transaction is invalid (eg because of a bad nonce, signature etc)";
	assert!(!not_included(invalid.into()).is_replaced());
	assert!(!timed_out().is_replaced());
}
