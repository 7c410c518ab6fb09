//! Orders whose outcome is not known yet.
//!
//! The signed order is stored before it is sent. If the command ends without an answer, the same
//! command finds the stored order and looks for it in the blocks. As long as a block can include
//! the stored order, the command sends the same bytes again. Blocks include these bytes at most
//! once. The command signs a new order only after no block can include the stored one.

use std::{
	fs,
	io::{ErrorKind, Write},
	os::unix::fs::OpenOptionsExt,
	path::{Path, PathBuf},
};

use anyhow::{ensure, Context};
use hcc_chain::{ChainError, Fate, SignedCall, H256};
use serde_json::{json, Value};

use crate::input::{self, Limit};

/// The file that stores a signed order.
pub(super) struct PendingOrder {
	path: PathBuf,
}

impl PendingOrder {
	/// Returns the path at which the order with this digest is stored, in the folder of `file`.
	pub(super) fn beside(file: &Path, digest: &[u8; 32]) -> Self {
		let (short, _) = digest.split_at(8);
		let mut path = file.as_os_str().to_owned();
		path.push(format!(".{}.order", hex::encode(short)));
		Self { path: path.into() }
	}

	fn read(&self) -> anyhow::Result<Option<SignedCall>> {
		if !self.path.exists() {
			return Ok(None);
		}
		let text = input::read_text(&self.path, &Limit::CONFIG)?;
		let damaged = || format!("{} is damaged: check if the order exists", self.path.display());
		let json: Value = serde_json::from_str(&text).with_context(damaged)?;
		let transaction = json["transaction"].as_str().with_context(damaged)?;
		Ok(Some(SignedCall {
			bytes: hex::decode(transaction).with_context(damaged)?,
			nonce: json["nonce"].as_u64().with_context(damaged)?,
			birth: json["birth"].as_u64().with_context(damaged)?,
		}))
	}

	/// Stores a signed order. Fails if another process has stored an order at this path.
	fn write(&self, signed: &SignedCall) -> anyhow::Result<()> {
		let json = json!({
			"transaction": hex::encode(&signed.bytes),
			"nonce": signed.nonce,
			"birth": signed.birth,
		});
		let unwritable = || format!("cannot write {}", self.path.display());
		let mut options = fs::OpenOptions::new();
		let mut file = options
			.write(true)
			.create_new(true)
			.mode(0o600)
			.open(&self.path)
			.with_context(unwritable)?;
		let written = writeln!(file, "{json}").and_then(|()| file.sync_all());
		if written.is_err() {
			self.clear()?;
		}
		written.with_context(unwritable)
	}

	/// Removes the stored order, because its outcome is known.
	pub(super) fn clear(&self) -> anyhow::Result<()> {
		match fs::remove_file(&self.path) {
			Err(error) if error.kind() != ErrorKind::NotFound => {
				Err(error).with_context(|| format!("cannot remove {}", self.path.display()))
			},
			_ => Ok(()),
		}
	}

	/// Returns the block that includes the order. Sends the order unless a block includes it
	/// already. The caller removes the stored order after it has read the outcome from the block.
	pub(super) async fn submit(&self, sender: &impl Sender) -> anyhow::Result<H256> {
		let stored = self.read()?;
		let fate = match &stored {
			Some(signed) => Some(sender.fate(signed).await.context("looking for the order")?),
			None => None,
		};
		let (signed, is_new) = match (stored, fate) {
			(Some(_), Some(Fate::Included(block))) => return Ok(block),
			(Some(signed), Some(Fate::Pending)) => (signed, false),
			(_, Some(Fate::Void) | None) | (None, Some(_)) => {
				self.clear()?;
				let signed = sender.sign().await?;
				ensure!(!signed.bytes.is_empty(), "the signed order is empty");
				self.write(&signed)?;
				(signed, true)
			},
		};
		match sender.send(&signed).await {
			Ok(block) | Err(ChainError::Unconfirmed(block)) => Ok(block),
			Err(error) => {
				let has_no_effect = match &error {
					ChainError::Refused { .. } => true,
					// If the order was sent before, the pool may reject it because a block has
					// included it.
					ChainError::NotTaken { .. } => is_new,
					_ => false,
				};
				if has_no_effect {
					self.clear()?;
					return Err(error).context("ordering");
				}
				let remedy =
					"ordering: run the same command again, which looks for this order first";
				Err(error).context(remedy)
			},
		}
	}
}

/// The operations of the chain that an order needs.
pub(super) trait Sender {
	/// Returns the fate of a signed order.
	async fn fate(&self, signed: &SignedCall) -> Result<Fate, ChainError>;
	/// Signs the order.
	async fn sign(&self) -> anyhow::Result<SignedCall>;
	/// Sends a signed order. Returns the hash of the block that includes it.
	async fn send(&self, signed: &SignedCall) -> Result<H256, ChainError>;
}

#[cfg(test)]
mod tests {
	use std::cell::{Cell, RefCell};

	use super::*;

	const BLOCK: H256 = H256([7; 32]);

	/// A chain whose answers to submissions are lost unless `answers` is set.
	struct Lossy {
		fate: Cell<Fate>,
		signed: Cell<u64>,
		sent: RefCell<Vec<u64>>,
		answers: Cell<bool>,
	}

	impl Lossy {
		fn new() -> Self {
			let (signed, answers) = (Cell::new(0), Cell::new(false));
			Self { fate: Cell::new(Fate::Pending), signed, sent: RefCell::default(), answers }
		}
	}

	impl Sender for Lossy {
		async fn fate(&self, _: &SignedCall) -> Result<Fate, ChainError> {
			Ok(self.fate.get())
		}

		async fn sign(&self) -> anyhow::Result<SignedCall> {
			let nonce = self.signed.get();
			self.signed.set(nonce + 1);
			Ok(SignedCall { bytes: vec![1, 2, 3], nonce, birth: 40 })
		}

		async fn send(&self, signed: &SignedCall) -> Result<H256, ChainError> {
			self.sent.borrow_mut().push(signed.nonce);
			if self.answers.get() {
				return Ok(BLOCK);
			}
			Err(ChainError::TimedOut(120))
		}
	}

	fn file(folder: &Path) -> PendingOrder {
		PendingOrder::beside(&folder.join("config.key"), &[0xab; 32])
	}

	#[tokio::test]
	async fn included_order_is_not_sent_again_after_timeout() {
		let folder = tempfile::tempdir().expect("a folder");
		let (chain, file) = (Lossy::new(), file(folder.path()));
		let error = file.submit(&chain).await.expect_err("no answer");
		assert!(format!("{error:#}").contains("run the same command again"), "{error:#}");
		chain.fate.set(Fate::Included(BLOCK));
		assert_eq!(file.submit(&chain).await.expect("found"), BLOCK);
		assert_eq!(*chain.sent.borrow(), [0], "sent once");
		file.clear().expect("removed");
		chain.answers.set(true);
		file.submit(&chain).await.expect("a new order");
		assert_eq!(*chain.sent.borrow(), [0, 1], "a later order is another one");
	}

	#[tokio::test]
	async fn pending_order_is_sent_again_with_the_same_nonce() {
		let folder = tempfile::tempdir().expect("a folder");
		let (chain, file) = (Lossy::new(), file(folder.path()));
		assert!(file.submit(&chain).await.is_err());
		assert!(file.submit(&chain).await.is_err());
		assert_eq!((chain.signed.get(), chain.sent.borrow().clone()), (1, vec![0, 0]));
	}

	#[tokio::test]
	async fn void_order_is_replaced() {
		let folder = tempfile::tempdir().expect("a folder");
		let (chain, file) = (Lossy::new(), file(folder.path()));
		assert!(file.submit(&chain).await.is_err());
		chain.fate.set(Fate::Void);
		chain.answers.set(true);
		assert_eq!(file.submit(&chain).await.expect("sent"), BLOCK);
		assert_eq!(*chain.sent.borrow(), [0, 1]);
	}

	#[test]
	fn stored_order_is_read_back() {
		let folder = tempfile::tempdir().expect("a folder");
		let file = file(folder.path());
		let signed = SignedCall { bytes: vec![1, 0xff], nonce: 3, birth: 9 };
		assert_eq!(file.read().expect("readable"), None);
		file.write(&signed).expect("written");
		assert!(file.write(&signed).is_err(), "another process has stored one");
		assert_eq!(file.read().expect("readable"), Some(signed));
		fs::write(&file.path, "{}").expect("written");
		assert!(file.read().is_err());
		file.clear().expect("removed");
		file.clear().expect("removed already");
	}
}
