//! Measures the usage of a VM from within its guest, and issues one signed receipt for each billing
//! interval.

use std::time::Duration;

use codec::{Decode, Encode};
use ed25519_dalek::{Signer, SigningKey};
use hcc_evidence::{
	host::Genesis,
	vm::{receipt_statement, Receipt, SignedReceipt, VmId},
};

/// The resources that a machine has received since it booted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Reading {
	/// Time since the boot, by the machine's own clock.
	pub uptime: Duration,
	/// Time for which the vCPUs have run. The times of all vCPUs are added up.
	pub cpu_time: Duration,
	/// Time for which the vCPUs were ready to run, but the host did not run them. The times of all
	/// vCPUs are added up.
	pub steal: Duration,
	/// The size of the memory, in MiB.
	pub memory: u32,
	/// The size of the disk, in GiB.
	pub disk: u32,
	/// The number of bytes that the machine has sent.
	pub egress: u64,
}

/// A source of readings: the machine that a guest runs on.
pub trait Meter: Send {
	/// Reads the resources received so far.
	fn read(&mut self) -> std::io::Result<Reading>;
}

/// Reasons why a receipt cannot be issued.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
	/// A receipt for a later interval exists. It already contains the usage of the requested
	/// interval.
	#[error("interval {asked} is before {last}, the interval of the last receipt")]
	Past { asked: u32, last: u32 },
	/// The resources of the machine cannot be read.
	#[error("cannot read the machine's resources: {0}")]
	Meter(#[from] std::io::Error),
}

/// The receipts of a boot so far. An agent that restarts continues from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Progress {
	/// The reading at which the next receipt starts.
	pub start: Reading,
	/// The last receipt.
	pub last: Option<SignedReceipt>,
}

/// Issues receipts of the resources received since the boot or the last receipt.
///
/// The host names the interval. The guest itself measures time and amounts.
pub struct ReceiptIssuer<M> {
	meter: M,
	key: SigningKey,
	vm: VmId,
	generation: u32,
	boot_counter: u32,
	progress: Progress,
}

impl<M: Meter> ReceiptIssuer<M> {
	/// Creates an issuer for one boot. The evidence of this boot must contain the public key of
	/// `key`.
	pub fn new(meter: M, key: SigningKey, vm: VmId, generation: u32, boot_counter: u32) -> Self {
		Self { meter, key, vm, generation, boot_counter, progress: Progress::default() }
	}

	/// Continues from the receipts that an earlier issuer of the same boot has issued.
	#[must_use]
	pub fn resume(self, progress: Progress) -> Self {
		Self { progress, ..self }
	}

	/// Returns the receipts so far.
	pub fn progress(&self) -> Progress {
		self.progress
	}

	/// Starts to count from now, unless a receipt exists. The tenant does not pay for the time
	/// before evidence of the boot was made.
	///
	/// ## Errors
	/// Fails if the resources of the machine cannot be read.
	pub fn begin(&mut self) -> Result<(), ReceiptError> {
		if self.progress.last.is_none() {
			self.progress.start = self.meter.read()?;
		}
		Ok(())
	}

	/// Issues the receipt for an interval. A repeated request returns the same receipt.
	///
	/// ## Errors
	/// Fails if a receipt for a later interval exists, or if the resources of the machine cannot be
	/// read.
	pub fn issue(
		&mut self,
		genesis: &Genesis,
		interval: u32,
	) -> Result<SignedReceipt, ReceiptError> {
		match &self.progress.last {
			Some(last) if last.receipt.interval == interval => return Ok(*last),
			Some(last) if last.receipt.interval > interval => {
				return Err(ReceiptError::Past { asked: interval, last: last.receipt.interval });
			},
			_ => {},
		}
		let now = self.meter.read()?;
		let receipt = self.since(&now, interval);
		let signature = self.key.sign(&receipt_statement(genesis, &receipt)).to_bytes();
		let signed = SignedReceipt { receipt, signature };
		self.progress = Progress { start: now, last: Some(signed) };
		Ok(signed)
	}

	fn since(&self, now: &Reading, interval: u32) -> Receipt {
		let millis = |later: Duration, earlier| later.saturating_sub(earlier).as_millis();
		let Progress { start, last } = &self.progress;
		let sequence = last.map_or(0, |last| last.receipt.sequence);
		let egress = now.egress.saturating_sub(start.egress) >> 20;
		Receipt {
			vm: self.vm,
			generation: self.generation,
			boot_counter: self.boot_counter,
			sequence: sequence.saturating_add(1),
			interval,
			elapsed: clamped(millis(now.uptime, start.uptime)),
			cpu_time: clamped(millis(now.cpu_time, start.cpu_time)),
			steal: clamped(millis(now.steal, start.steal)),
			memory: now.memory,
			disk: now.disk,
			egress: clamped(egress),
		}
	}
}

fn clamped<N, T: TryFrom<N> + Bounded>(number: N) -> T {
	T::try_from(number).unwrap_or(T::LARGEST)
}

/// A number type that has a largest value.
trait Bounded {
	const LARGEST: Self;
}

impl Bounded for u32 {
	const LARGEST: Self = Self::MAX;
}

impl Bounded for u64 {
	const LARGEST: Self = Self::MAX;
}

#[cfg(test)]
mod tests {
	use ed25519_dalek::{Signature, Verifier};

	use super::*;

	struct Script(Vec<Reading>);

	impl Meter for Script {
		fn read(&mut self) -> std::io::Result<Reading> {
			if self.0.is_empty() {
				return Err(std::io::ErrorKind::UnexpectedEof.into());
			}
			Ok(self.0.remove(0))
		}
	}

	fn at(seconds: u64) -> Reading {
		Reading {
			uptime: Duration::from_secs(seconds),
			cpu_time: Duration::from_secs(2 * seconds),
			steal: Duration::from_millis(100 * seconds),
			memory: 2_048,
			disk: 20,
			egress: seconds << 20,
		}
	}

	fn issuer(script: Vec<Reading>) -> ReceiptIssuer<Script> {
		ReceiptIssuer::new(Script(script), SigningKey::from_bytes(&[3; 32]), 7, 1, 2)
	}

	#[test]
	fn receipt_covers_time_since_last() {
		let mut issuer = issuer(vec![at(10), at(70)]);
		let first = issuer.issue(&[1; 32], 5).expect("readable").receipt;
		assert_eq!((first.sequence, first.interval, first.elapsed), (1, 5, 10_000));
		let second = issuer.issue(&[1; 32], 6).expect("readable").receipt;
		assert_eq!((second.sequence, second.elapsed), (2, 60_000));
		assert_eq!((second.cpu_time, second.steal, second.egress), (120_000, 6_000, 60));
		assert_eq!((second.memory, second.disk), (2_048, 20));
	}

	#[test]
	fn receipts_start_at_boot_evidence() {
		let mut issuer = issuer(vec![at(10), at(70), at(80)]);
		issuer.begin().expect("readable");
		assert_eq!(issuer.issue(&[1; 32], 5).expect("readable").receipt.elapsed, 60_000);
		issuer.begin().expect("no reading needed");
		assert_eq!(issuer.issue(&[1; 32], 6).expect("readable").receipt.elapsed, 10_000);
	}

	#[test]
	fn repeated_interval_gives_same_receipt() {
		let mut issuer = issuer(vec![at(10), at(70)]);
		let first = issuer.issue(&[1; 32], 5).expect("readable");
		assert_eq!(issuer.issue(&[1; 32], 5).expect("the same receipt"), first);
		assert!(matches!(issuer.issue(&[1; 32], 4), Err(ReceiptError::Past { asked: 4, last: 5 })));
		assert_eq!(issuer.issue(&[1; 32], 6).expect("readable").receipt.elapsed, 60_000);
	}

	#[test]
	fn resumed_issuer_continues_sequence() {
		let mut before = issuer(vec![at(10)]);
		let first = before.issue(&[1; 32], 5).expect("readable");
		let mut after = issuer(vec![at(70)]).resume(before.progress());
		assert_eq!(after.issue(&[1; 32], 5).expect("the same receipt"), first);
		let second = after.issue(&[1; 32], 6).expect("readable").receipt;
		assert_eq!((second.sequence, second.elapsed), (2, 60_000));
	}

	#[test]
	fn unreadable_machine_gives_no_receipt() {
		let mut issuer = issuer(vec![]);
		assert!(matches!(issuer.issue(&[1; 32], 5), Err(ReceiptError::Meter(_))));
	}

	#[test]
	fn receipt_is_signed_by_boot_key() {
		let mut issuer = issuer(vec![at(10)]);
		let signed = issuer.issue(&[1; 32], 5).expect("readable");
		let key = SigningKey::from_bytes(&[3; 32]).verifying_key();
		let signature = Signature::from_bytes(&signed.signature);
		let statement = receipt_statement(&[1; 32], &signed.receipt);
		assert!(key.verify(&statement, &signature).is_ok());
	}
}
