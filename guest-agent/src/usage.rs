//! What a VM got, told by its guest: signed receipts, one a billing interval.

use std::time::Duration;

use ed25519_dalek::{Signer, SigningKey};
use hcc_evidence::{
	host::Genesis,
	vm::{receipt_statement, Receipt, SignedReceipt, VmId},
};

/// What a machine has had since it booted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
	/// How long ago it booted, by its own clock.
	pub uptime: Duration,
	/// How long its vCPUs have worked, all together.
	pub cpu_time: Duration,
	/// How long they wanted to and could not.
	pub steal: Duration,
	/// In MiB.
	pub memory: u32,
	/// In GiB.
	pub disk: u32,
	/// What it has sent, in bytes.
	pub egress: u64,
}

/// The machine that a guest runs on.
pub trait Meter: Send {
	/// What it has had until now.
	fn read(&mut self) -> std::io::Result<Reading>;
}

/// Why there is no receipt.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
	/// The interval comes before one that was told of: its time is in that receipt.
	#[error("interval {asked} comes before {told}, which was told of")]
	Past { asked: u32, told: u32 },
	/// The machine cannot be read.
	#[error("cannot read what the machine had: {0}")]
	Meter(#[from] std::io::Error),
}

/// Tells what a VM got since its boot or the last receipt. The host says for which interval; time and amounts are the guest's own.
pub struct Teller<M> {
	meter: M,
	key: SigningKey,
	vm: VmId,
	generation: u32,
	boot_counter: u32,
	/// Up to where was told.
	until: Reading,
	sequence: u32,
	last: Option<SignedReceipt>,
}

impl<M: Meter> Teller<M> {
	/// A teller for that boot, whose key its evidence shows.
	pub fn new(meter: M, key: SigningKey, vm: VmId, generation: u32, boot_counter: u32) -> Self {
		let until = Reading::default();
		Self { meter, key, vm, generation, boot_counter, until, sequence: 0, last: None }
	}

	/// Counts from now on, unless something was told: the boot is shown, and what came before is nobody's to pay.
	///
	/// ## Errors
	/// Where the machine cannot be read.
	pub fn begin(&mut self) -> Result<(), TellError> {
		if self.last.is_none() {
			self.until = self.meter.read()?;
		}
		Ok(())
	}

	/// The receipt for that interval: the same one, where it is asked for again.
	///
	/// ## Errors
	/// Where a later interval was told of, or the machine cannot be read.
	pub fn tell(&mut self, genesis: &Genesis, interval: u32) -> Result<SignedReceipt, TellError> {
		match &self.last {
			Some(last) if last.receipt.interval == interval => return Ok(*last),
			Some(last) if last.receipt.interval > interval => {
				return Err(TellError::Past { asked: interval, told: last.receipt.interval });
			},
			_ => {},
		}
		let now = self.meter.read()?;
		let receipt = self.since(&now, interval);
		let signature = self.key.sign(&receipt_statement(genesis, &receipt)).to_bytes();
		let signed = SignedReceipt { receipt, signature };
		self.until = now;
		self.sequence = receipt.sequence;
		self.last = Some(signed);
		Ok(signed)
	}

	fn since(&self, now: &Reading, interval: u32) -> Receipt {
		let millis = |later: Duration, earlier| later.saturating_sub(earlier).as_millis();
		let egress = now.egress.saturating_sub(self.until.egress) >> 20;
		Receipt {
			vm: self.vm,
			generation: self.generation,
			boot_counter: self.boot_counter,
			sequence: self.sequence.saturating_add(1),
			interval,
			elapsed: clamped(millis(now.uptime, self.until.uptime)),
			cpu_time: clamped(millis(now.cpu_time, self.until.cpu_time)),
			steal: clamped(millis(now.steal, self.until.steal)),
			memory: now.memory,
			disk: now.disk,
			egress: clamped(egress),
		}
	}
}

fn clamped<N, T: TryFrom<N> + Bounded>(number: N) -> T {
	T::try_from(number).unwrap_or(T::MOST)
}

/// A number with a largest value.
trait Bounded {
	const MOST: Self;
}

impl Bounded for u32 {
	const MOST: Self = Self::MAX;
}

impl Bounded for u64 {
	const MOST: Self = Self::MAX;
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

	fn teller(script: Vec<Reading>) -> Teller<Script> {
		Teller::new(Script(script), SigningKey::from_bytes(&[3; 32]), 7, 1, 2)
	}

	#[test]
	fn a_receipt_tells_of_what_came_since_the_last() {
		let mut teller = teller(vec![at(10), at(70)]);
		let first = teller.tell(&[1; 32], 5).expect("it is read").receipt;
		assert_eq!((first.sequence, first.interval, first.elapsed), (1, 5, 10_000));
		let second = teller.tell(&[1; 32], 6).expect("it is read").receipt;
		assert_eq!((second.sequence, second.elapsed), (2, 60_000));
		assert_eq!((second.cpu_time, second.steal, second.egress), (120_000, 6_000, 60));
		assert_eq!((second.memory, second.disk), (2_048, 20));
	}

	#[test]
	fn what_came_before_the_boot_was_shown_is_not_told_of() {
		let mut teller = teller(vec![at(10), at(70), at(80)]);
		teller.begin().expect("it is read");
		assert_eq!(teller.tell(&[1; 32], 5).expect("it is read").receipt.elapsed, 60_000);
		teller.begin().expect("nothing is read");
		assert_eq!(teller.tell(&[1; 32], 6).expect("it is read").receipt.elapsed, 10_000);
	}

	#[test]
	fn no_interval_is_told_of_in_two_ways() {
		let mut teller = teller(vec![at(10), at(70)]);
		let first = teller.tell(&[1; 32], 5).expect("it is read");
		assert_eq!(teller.tell(&[1; 32], 5).expect("it was told"), first);
		assert!(matches!(teller.tell(&[1; 32], 4), Err(TellError::Past { asked: 4, told: 5 })));
		assert_eq!(teller.tell(&[1; 32], 6).expect("it is read").receipt.elapsed, 60_000);
	}

	#[test]
	fn what_cannot_be_read_is_not_told_of() {
		let mut teller = teller(vec![]);
		assert!(matches!(teller.tell(&[1; 32], 5), Err(TellError::Meter(_))));
	}

	#[test]
	fn the_key_of_the_boot_signs() {
		let mut teller = teller(vec![at(10)]);
		let signed = teller.tell(&[1; 32], 5).expect("it is read");
		let key = SigningKey::from_bytes(&[3; 32]).verifying_key();
		let signature = Signature::from_bytes(&signed.signature);
		let statement = receipt_statement(&[1; 32], &signed.receipt);
		assert!(key.verify(&statement, &signature).is_ok());
	}
}
