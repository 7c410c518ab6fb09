use hcc_evidence::{
	boot::{code_events, judge, replay, BootParts, BootRole, BootRules, Events},
	tpm::PcrBank,
	RejectCode,
};
use serde_json::Value;

use super::tree::{assert_all_known, Vector};

const LOGS: &[&str] = &["debian-10", "rhel8-uefi", "ubuntu-1804-amd-sev", "ubuntu-2404-amd-sevsnp"];

/// The logs with SHA-256 digests in which the Secure Boot variable is on.
const SECURE_BOOT: &[&str] = &["rhel8-uefi"];

#[test]
fn every_event_log_has_a_test() {
	assert_all_known("uefi-eventlog", LOGS);
}

/// Returns the banks of a `pcrs.json`, each with its indices and values.
fn banks(json: &Value) -> Vec<(PcrBank, Vec<(usize, Vec<u8>)>)> {
	let banks = json.as_object().expect("an object of banks");
	let banks = banks.iter().filter_map(|(name, values)| {
		let bank = PcrBank::ALL.into_iter().find(|bank| bank.name() == name)?;
		let values = values.as_object()?.iter().map(|(index, value)| {
			let value = hex::decode(value.as_str().expect("a string")).expect("hexadecimal");
			(index.parse().expect("an index"), value)
		});
		Some((bank, values.collect()))
	});
	banks.collect()
}

#[test]
fn real_event_logs_replay_to_their_pcrs() {
	for name in LOGS {
		let Some(vector) = Vector::find(&format!("uefi-eventlog/{name}")) else { continue };
		let log = vector.file("eventlog.bin");
		let banks = banks(&vector.json("pcrs.json"));
		assert!(!banks.is_empty(), "{name}");
		for (bank, values) in banks {
			let replayed = replay(&log, bank).unwrap_or_else(|why| panic!("{name}: {why}"));
			for (index, value) in values {
				let zero = vec![0; bank.digest_len()];
				let seen = replayed[index].as_ref().unwrap_or(&zero);
				assert_eq!(*seen, value, "{name} {} pcr {index}", bank.name());
			}
		}
	}
}

#[test]
fn qemu_event_log_replays_to_its_quote() {
	let Some(vector) = Vector::find("ima-qemu/cloud61-ovmf") else { return };
	let replayed =
		replay(&vector.file("binary_bios_measurements"), PcrBank::Sha256).expect("the log replays");
	let quoted = vector.file("quote_sha256.pcrs");
	for (index, value) in quoted.chunks(32).take(8).enumerate() {
		assert_eq!(replayed[index].as_deref(), Some(value), "pcr {index}");
	}
}

#[test]
fn real_event_logs_replay_to_their_quotes() {
	for (name, file) in [
		("tpm-quote/gce-cos-85-nonce9009", "pcrs-sha256.json"),
		("tpm-ima-e2e/laptop-good-1", "pcrs.json"),
	] {
		let Some(vector) = Vector::find(name) else { continue };
		let replayed =
			replay(&vector.file("eventlog.bin"), PcrBank::Sha256).expect("the log replays");
		let json = vector.json(file);
		let values = json.get("sha256").unwrap_or(&json);
		for index in 0..8usize {
			let value = match values {
				Value::Array(rows) => &rows[index],
				other => &other[index.to_string()],
			};
			let value = value.as_str().expect("a value");
			let seen = replayed[index].as_ref().map(hex::encode);
			assert_eq!(seen.as_deref(), Some(value), "{name} pcr {index}");
		}
	}
}

#[test]
fn altered_event_log_gives_other_pcrs_or_fails() {
	let Some(vector) = Vector::find("ima-qemu/cloud61-ovmf") else { return };
	let log = vector.file("binary_bios_measurements");
	let sound = replay(&log, PcrBank::Sha256).expect("the log replays");
	let mut elsewhere = 0;
	for event in Events::new(&log).expect("a header") {
		let event = event.expect("a whole event");
		for (bank, digest) in &event.digests {
			let at = digest.as_ptr() as usize - log.as_ptr() as usize;
			let mut altered = log.clone();
			altered[at] ^= 1;
			let replayed = replay(&altered, PcrBank::Sha256).expect("still a log");
			if *bank == PcrBank::Sha256 && event.kind != hcc_evidence::boot::EV_NO_ACTION {
				assert_ne!(replayed, sound, "event {}", event.index);
				elsewhere += 1;
			}
		}
	}
	assert!(elsewhere > 10, "only {elsewhere} events changed the result");
	for len in [0, 31, 40, log.len() - 1] {
		let refused = replay(&log[..len], PcrBank::Sha256).expect_err("cut off");
		assert_eq!(refused.code, RejectCode::BootLogEncoding);
	}
}

/// A list of the components that a reference machine booted.
struct Listed(Vec<([u8; 32], BootRole)>);

impl BootParts for Listed {
	fn role(&self, digest: &[u8; 32]) -> Option<BootRole> {
		self.0.iter().find(|(listed, _)| listed == digest).map(|(_, role)| *role)
	}
}

/// Lists all components in a log. If PCR 8 has no events, the first event of PCR 9 is a command
/// line, as the kernel's EFI stub measures it.
fn listed(log: &[u8]) -> Listed {
	let events = code_events(log).expect("a log");
	let grub = events.iter().any(|code| code.event.pcr == 8);
	let mut stub = [BootRole::CommandLine, BootRole::Initrd].into_iter();
	let role = |pcr| match pcr {
		0 | 2 => BootRole::Firmware,
		4 => BootRole::Kernel,
		8 => BootRole::CommandLine,
		9 if grub => BootRole::Initrd,
		9 => stub.next().expect("two events"),
		_ => BootRole::Loader,
	};
	let mut role = role;
	Listed(events.iter().map(|code| (code.digest, role(code.event.pcr))).collect())
}

#[test]
fn sha1_event_log_is_rejected() {
	let Some(vector) = Vector::find("uefi-eventlog/debian-10") else { return };
	let log = vector.file("eventlog.bin");
	for refused in [code_events(&log).map(drop), replay(&log, PcrBank::Sha256).map(drop)] {
		let refused = refused.expect_err("no SHA-256");
		assert_eq!(refused.code, RejectCode::BootLogBank);
		assert!(refused.to_string().contains("digests is sha1, wanted sha256"), "{refused}");
	}
}

#[test]
fn zeroes_after_last_event_are_padding() {
	for (name, file) in [
		("uefi-eventlog/rhel8-uefi", "eventlog.bin"),
		("uefi-eventlog/debian-10", "eventlog.bin"),
		("ima-qemu/cloud61-ovmf", "binary_bios_measurements"),
	] {
		let Some(vector) = Vector::find(name) else { continue };
		let log = vector.file(file);
		let bank = if name.ends_with("debian-10") { PcrBank::Sha1 } else { PcrBank::Sha256 };
		let sound = replay(&log, bank).expect("the log replays");
		for zeroes in [1, 15, 16, 32, 4_096] {
			let padded = [&log[..], &vec![0; zeroes]].concat();
			assert_eq!(replay(&padded, bank), Ok(sound.clone()), "{name}: {zeroes}");
			let garbage = [&padded[..], &[1]].concat();
			assert_ne!(replay(&garbage, bank), Ok(sound.clone()), "{name}: {zeroes}");
		}
	}
}

#[test]
fn real_boots_are_judged_by_reference_list() {
	let grub = LOGS[1..].iter().map(|name| (format!("uefi-eventlog/{name}"), "eventlog.bin"));
	let stub = [("ima-qemu/cloud61-ovmf".to_owned(), "binary_bios_measurements")];
	for (name, file) in grub.chain(stub) {
		let Some(vector) = Vector::find(&name) else { continue };
		let log = vector.file(file);
		let all = listed(&log);
		let lax = BootRules { secure_boot: false };
		assert_eq!(judge(&log, lax, &all), Ok(()), "{name}");
		for code in code_events(&log).expect("a log") {
			let rest = all.0.iter().filter(|(digest, _)| *digest != code.digest).copied();
			let refused = judge(&log, lax, &Listed(rest.collect())).expect_err("not listed");
			assert_eq!(refused.code, RejectCode::BootUnknown, "{name}");
		}
		let strict = judge(&log, BootRules { secure_boot: true }, &all);
		let on = SECURE_BOOT.iter().any(|with| name.ends_with(with));
		assert_eq!(strict.is_ok(), on, "{name}: {strict:?}");
	}
}
