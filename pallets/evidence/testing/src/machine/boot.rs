//! Boots and measured files: the PCRs, the event log and the measurement log.

use hcc_evidence::{
	host::{Hash256, QUOTED_PCRS},
	tpm::PcrBank,
};

use super::Machine;
use crate::reference::sha256;

/// An event that the firmware measures.
#[derive(Clone)]
pub struct BootEvent {
	/// The index of the PCR that the event extends.
	pub pcr: u8,
	/// The event type of the TCG's PC Client specification.
	pub kind: u32,
	/// The event data; its SHA-256 digest extends the PCR.
	pub measured: Vec<u8>,
}

impl Machine {
	/// Reboots: the log is empty again, and the firmware measures the same as before.
	pub fn boot(&mut self) {
		self.reset_count += 1;
		for (at, pcr) in self.pcrs.iter_mut().enumerate() {
			*pcr = sha256(&[at as u8]);
		}
		self.log.clear();
		self.pcrs[10] = [0; 32];
		let aggregate = sha256(self.pcrs[..10].as_flattened());
		self.measure(&aggregate, "boot_aggregate");
	}

	/// Reboots under a firmware that measures one event into each PCR. Returns the event log.
	pub fn boot_logged(&mut self) -> Vec<u8> {
		let events: Vec<_> = QUOTED_PCRS
			.into_iter()
			.filter(|index| *index != 10)
			.map(|index| BootEvent { pcr: index, kind: 8, measured: vec![index, 0xe0] })
			.collect();
		self.boot_measuring(&events)
	}

	/// Reboots under a firmware that measures these events. Returns the event log.
	pub fn boot_measuring(&mut self, events: &[BootEvent]) -> Vec<u8> {
		self.boot();
		for at in 0..QUOTED_PCRS.len() {
			self.pcrs[at] = [0; 32];
		}
		let mut log = [0u32.to_le_bytes(), 3u32.to_le_bytes()].concat();
		log.extend([0; 20]);
		let spec = [&b"Spec ID Event03\0"[..], &[0; 8], &[1, 0, 0, 0, 0x0b, 0, 32, 0, 0]].concat();
		log.extend((spec.len() as u32).to_le_bytes());
		log.extend(spec);
		for event in events {
			let at = QUOTED_PCRS.iter().position(|index| *index == event.pcr).expect("quoted");
			let digest = sha256(&event.measured);
			self.pcrs[at] = sha256(&[self.pcrs[at], digest].concat());
			log.extend(u32::from(event.pcr).to_le_bytes());
			log.extend(event.kind.to_le_bytes());
			log.extend([1, 0, 0, 0, 0x0b, 0]);
			log.extend(digest);
			log.extend((event.measured.len() as u32).to_le_bytes());
			log.extend(&event.measured);
		}
		self.log.clear();
		self.pcrs[10] = [0; 32];
		let aggregate = sha256(self.pcrs[..10].as_flattened());
		self.measure(&aggregate, "boot_aggregate");
		log
	}

	/// Runs a file with this content.
	pub fn run(&mut self, content: &[u8]) {
		self.measure(&sha256(content), "/usr/bin/file");
	}

	/// Measures a file as the kernel does: adds a record to the log and extends PCR 10.
	pub fn measure(&mut self, digest: &Hash256, name: &str) {
		let field = |bytes: &[u8]| [&(bytes.len() as u32).to_le_bytes(), bytes].concat();
		let digest = field(&[b"sha256:\0", &digest[..]].concat());
		let data = [digest, field(&[name.as_bytes(), &[0]].concat())].concat();
		let hint = PcrBank::Sha1.hash(&[&data]);
		let record = [&10u32.to_le_bytes()[..], &hint, &field(b"ima-ng"), &field(&data)].concat();
		self.pcrs[10] = sha256(&[self.pcrs[10], sha256(&data)].concat());
		self.log.push(record);
	}
}
