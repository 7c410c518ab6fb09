//! Tests of penalties of hosts, and of hosts after changes of policy, on the whole chain.

use codec::{Decode, Encode};
use frame_support::{
	assert_ok,
	pallet_prelude::DispatchResult,
	traits::{fungible::InspectHold, Get},
};
use hcc_evidence::{
	boot::{BootRole, BootRules},
	host::Claims,
	RejectCode,
};
use hcc_evidence_testing::{sha256, BootEvent, Machine};
use hcc_primitives::{units::HOURS, Finding, Liveness, Tier};
use hccs_runtime::*;
use pallet_policy::FileRule;
use pallet_registry::Standing;

use super::network::*;

fn miner_bond() -> Balance {
	Balances::balance_on_hold(&pallet_registry::HoldReason::Bond.into(), &miner())
}

/// Makes the machine's log inconsistent with the quoted PCR 10.
pub(super) fn corrupt_log(machine: &mut Machine) {
	machine.run(b"rootkit");
	machine.log.pop();
}

#[test]
fn third_strike_suspends_and_slashes_after_window() {
	run(|mut machine| {
		let (before, issued) = (miner_bond(), issued_before_eras());
		corrupt_log(&mut machine);
		for _ in 0..3 {
			assert_eq!(attest(&machine).code, RejectCode::ImaPcr.number());
		}
		let record = Reputation::record(chip(&machine)).expect("the chip has a record");
		assert_eq!(Reputation::tier_of(chip(&machine)), Tier::Suspended);
		let slash = record.slashes.first().expect("a slash is pending").clone();
		while Clock::tick() < slash.due {
			assert_eq!(miner_bond(), before);
			block();
		}
		let lost = slash.part.mul_floor(before);
		assert_eq!(miner_bond(), before - lost);
		let pending = Balances::free_balance(Compensation::pot());
		assert!(lost > 0 && issued_before_eras() - pending <= issued - lost, "the slash is burned");
		assert_eq!(Registry::standing(miner()), Some(Standing::Underbonded));
		assert_ok!(Registry::bond_more(RuntimeOrigin::signed(miner()), lost));
		assert_eq!(Registry::standing(miner()), Some(Standing::Ready));
	});
}

#[test]
fn tpm_with_removed_root_is_rejected_until_trusted_again() {
	run(|machine| {
		let trust = |roots: &[&[u8]]| {
			let roots = roots.iter().map(|root| root.to_vec().try_into().expect("it fits"));
			let roots = roots.collect::<Vec<_>>().try_into().expect("they fit");
			assert_ok!(Policy::set_tpm_roots(RuntimeOrigin::root(), Some(roots)));
		};
		trust(&[b"vendor", b"another"]);
		pallet_registry::Tpms::<Runtime>::mutate(miner(), |tpm| {
			tpm.as_mut().expect("the TPM is enrolled").root = sp_io::hashing::blake2_256(b"vendor");
		});
		assert!(attest(&machine).is_accepted());
		trust(&[b"another"]);
		let evidence = machine.answer(&challenge(&machine));
		let missing = pallet_attestation::Error::<Runtime>::TpmMissing;
		assert_eq!(submit(&evidence).expect_err("the TPM is not trusted").error, missing.into());
		trust(&[b"another", b"vendor"]);
		assert_ok!(submit(&evidence));
		let subject = subject(&machine);
		assert!(evaluate(subject, &evidence).is_accepted());
	});
}

/// Revokes the certificate of the ASK, which signs the VEKs of the chips.
pub(super) fn revoke_issuer() {
	let now = pallet_timestamp::Now::<Runtime>::get() / 1_000;
	// The ASK of the test hierarchy has serial number 0.
	let list = insecure_sim::issue_crl(now, &[0]).expect("the hierarchy issues lists");
	let origin = RuntimeOrigin::signed(VALIDATORS[0].to_account_id());
	assert_ok!(Policy::post_crl(origin, list.try_into().expect("it fits")));
}

/// A host is not at fault if governance or AMD withdraws trust. While trust is withdrawn, a silent
/// host earns nothing and loses nothing.
#[test]
fn silence_after_withdrawn_trust_costs_nothing() {
	let root_of_the_tpm = || {
		let roots = vec![b"another".to_vec().try_into().expect("it fits")];
		let roots = Some(roots.try_into().expect("they fit"));
		assert_ok!(Policy::set_tpm_roots(RuntimeOrigin::root(), roots));
	};
	let root_of_the_chip = || {
		assert_ok!(Policy::set_amd_roots(RuntimeOrigin::root(), None));
	};
	let withdrawals: [&dyn Fn(); 3] = [&root_of_the_tpm, &root_of_the_chip, &revoke_issuer];
	for withdraw in withdrawals {
		run(|machine| {
			let vendor = vec![b"vendor".to_vec().try_into().expect("it fits")];
			let vendor = Some(vendor.try_into().expect("they fit"));
			assert_ok!(Policy::set_tpm_roots(RuntimeOrigin::root(), vendor));
			pallet_registry::Tpms::<Runtime>::mutate(miner(), |tpm| {
				tpm.as_mut().expect("the TPM is enrolled").root =
					sp_io::hashing::blake2_256(b"vendor");
			});
			assert!(attest(&machine).is_accepted());
			withdraw();
			let record = Reputation::record(chip(&machine)).expect("the chip has a record");
			let counts = Attestation::statistics().counts;
			assert!(
				submit(&machine.answer(&challenge(&machine))).is_err(),
				"no answer is accepted"
			);
			blocks(60);
			let after = Reputation::record(chip(&machine)).expect("the chip has a record");
			assert_eq!((after.missed, after.score.strikes), (record.missed, record.score.strikes));
			assert_eq!(after.score.value, record.score.value);
			let since = Attestation::statistics().counts;
			assert!(since.void > counts.void && since.missed == counts.missed);
			let fit = <Attestation as Liveness>::fit(&chip(&machine));
			assert_eq!(fit, None, "the chip receives no VMs");
		});
	}
}

#[test]
fn exit_does_not_avoid_pending_slash() {
	run(|mut machine| {
		let before = miner_bond();
		corrupt_log(&mut machine);
		for _ in 0..3 {
			attest(&machine);
		}
		assert_ok!(Registry::exit(RuntimeOrigin::signed(miner())));
		blocks(2 * HOURS + 40);
		assert!(miner_bond() < before);
		let part = Reputation::rules().slash;
		assert_eq!(miner_bond(), before - part.mul_floor(before));
	});
}

#[test]
fn undone_false_verdict_costs_nothing() {
	run(|mut machine| {
		let before = miner_bond();
		corrupt_log(&mut machine);
		attest(&machine);
		attest(&machine);
		machine.boot();
		machine.run(b"hcc-miner");
		let (subject, evidence) = answer(&machine);
		vote_all(&VALIDATORS[..3], subject, &false_finding());
		blocks(2);
		assert!(
			Reputation::record(chip(&machine)).expect("the chip has a record").slashes.len() == 1
		);
		assert_ok!(prove(&VALIDATORS[3].to_account_id(), subject, &evidence));
		let record = Reputation::record(chip(&machine)).expect("the chip has a record");
		assert!(record.slashes.is_empty());
		// From now on, the host answers honestly, because silence would be the next strike.
		for _ in 0..3 {
			assert!(attest(&machine).is_accepted());
		}
		assert_eq!(miner_bond(), before);
	});
}

#[test]
fn failures_caused_by_false_acceptance_are_undone_with_it() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		let known = Attestation::host(chip(&machine)).expect("the chip has a host");
		let (before, held) = (score(&machine), miner_bond());
		let (subject, evidence) = answer(&machine);
		let honest = evaluate(subject, &evidence);
		let mut claims = Claims::decode(&mut &honest.claims[..]).expect("an acceptance has claims");
		claims.boot_profile = [9; 32];
		let claims = claims.encode().try_into().expect("the length is unchanged");
		vote_all(&VALIDATORS[..3], subject, &Finding { claims, ..honest });
		blocks(2);
		for _ in 0..3 {
			assert_eq!(
				attest(&machine).code,
				RejectCode::BootPcrs.number(),
				"the host booted as before"
			);
		}
		let record = Reputation::record(chip(&machine)).expect("the chip has a record");
		assert_eq!(record.score.tier(&Reputation::rules()), Tier::Suspended);
		assert_eq!(record.slashes.len(), 1);
		assert_ok!(prove(&VALIDATORS[3].to_account_id(), subject, &evidence));
		let record = Reputation::record(chip(&machine)).expect("the chip has a record");
		assert_eq!((record.failed, record.score.strikes, record.slashes.len()), (0, 0, 0));
		assert_eq!(score(&machine), before);
		let host = Attestation::host(chip(&machine)).expect("the chip has a host");
		assert_eq!((host.checkpoint, host.boot_profile), (known.checkpoint, known.boot_profile));
		for _ in 0..3 {
			assert!(attest(&machine).is_accepted());
		}
		assert_eq!(miner_bond(), held);
	});
}

/// Runs accepted rounds until the evidence of the chip must cover its whole log.
fn wait_until_log_due(machine: &Machine) {
	block();
	while let Some(due) = Attestation::log_due(chip(machine)) {
		if due <= Clock::tick() {
			break;
		}
		assert_eq!(attest(machine).code, 0, "rounds are accepted until then");
	}
}

#[test]
fn forbidden_file_must_disappear_within_an_hour() {
	run(|mut machine| {
		machine.run(b"bash");
		assert!(attest(&machine).is_accepted());
		let files = vec![sha256(b"bash")].try_into().expect("it fits");
		assert_ok!(Policy::set_files(RuntimeOrigin::root(), files, Some(FileRule::Forbidden)));
		wait_until_log_due(&machine);
		let before = Reputation::record(chip(&machine)).expect("the chip has a record").score;
		// A challenge that was open before this tick does not require the whole log.
		let code = (0..3)
			.map(|_| attest(&machine).code)
			.find(|code| *code != 0)
			.expect("the whole log is rejected");
		assert_eq!(code, RejectCode::ImaOutdatedFile.number());
		let after = Reputation::record(chip(&machine)).expect("the chip has a record").score;
		assert!(after.value >= before.value && after.strikes == before.strikes);
		assert_eq!(Reputation::tier_of(chip(&machine)), Tier::Quarantine);
		machine.boot();
		machine.run(b"hcc-miner");
		assert!(attest(&machine).is_accepted());
		assert_ne!(Reputation::tier_of(chip(&machine)), Tier::Quarantine);
	});
}

/// Returns the boot events of the machine's boot.
fn boot_events() -> Vec<BootEvent> {
	[(0, "firmware"), (4, "kernel"), (9, "initrd"), (8, "command line")]
		.into_iter()
		.map(|(pcr, what)| BootEvent { pcr, kind: 13, measured: what.as_bytes().to_vec() })
		.collect()
}

fn allow(what: &str, role: Option<BootRole>) {
	let digests = vec![sha256(what.as_bytes())].try_into().expect("it fits");
	assert_ok!(Policy::set_boot_parts(RuntimeOrigin::root(), digests, role));
}

/// Answers a challenge with a boot event log. Returns the code of the verdict.
fn attest_boot(machine: &Machine, log: &[u8]) -> u16 {
	let context = challenge(machine);
	let mut evidence = machine.answer(&context);
	evidence.boot = Some(log.to_vec());
	machine.sign(&mut evidence);
	assert_ok!(submit(&evidence));
	let subject = subject(machine);
	let finding = evaluate(subject, &evidence);
	vote_all(&VALIDATORS, subject, &finding);
	blocks(2);
	finding.code
}

#[test]
fn boot_parts_are_compared_with_policy() {
	run(|mut machine| {
		let log = machine.boot_measuring(&boot_events());
		machine.run(b"hcc-miner");
		assert_eq!(attest_boot(&machine, &log), 0, "without boot rules, the first boot is trusted");
		for (what, role) in [
			("firmware", BootRole::Firmware),
			("kernel", BootRole::Kernel),
			("initrd", BootRole::Initrd),
			("command line", BootRole::CommandLine),
		] {
			allow(what, Some(role));
		}
		let rules = BootRules { secure_boot: false };
		assert_ok!(Policy::set_boot_rules(RuntimeOrigin::root(), Some(rules)));
		// The machine boots with another command line, for example one that loads no IMA policy.
		let mut events = boot_events();
		events[3].measured = b"command line ima=off".to_vec();
		let other = machine.boot_measuring(&events);
		machine.run(b"hcc-miner");
		assert_eq!(attest_boot(&machine, &other), RejectCode::BootUnknown.number());
		// Without a boot event log, the boot cannot be evaluated.
		let context = challenge(&machine);
		let evidence = machine.answer(&context);
		assert_ok!(submit(&evidence));
		let finding = evaluate(subject(&machine), &evidence);
		assert_eq!(finding.code, RejectCode::BootLogMissing.number());
		vote_all(&VALIDATORS, subject(&machine), &finding);
		blocks(2);
		// The allowed boot is accepted. Another kernel is accepted after policy allows it.
		let log = machine.boot_measuring(&boot_events());
		machine.run(b"hcc-miner");
		assert_eq!(attest_boot(&machine, &log), 0);
		assert!(attest(&machine).is_accepted(), "one event log per boot is enough");
		allow("kernel 2", Some(BootRole::Kernel));
		let mut events = boot_events();
		events[1].measured = b"kernel 2".to_vec();
		let log = machine.boot_measuring(&events);
		machine.run(b"hcc-miner");
		assert_eq!(attest_boot(&machine, &log), 0);
	});
}

#[test]
fn long_log_is_submitted_in_parts_and_proven() {
	run(|mut machine| {
		let most: u32 = <Runtime as pallet_attestation::Config>::MaxEntries::get();
		let most = most as usize;
		for _ in 0..2 * most + 40 {
			machine.run(b"bash");
		}
		let submit_log = |from: usize, to: usize| {
			let records = machine.log[from..to].concat().try_into().expect("it fits");
			let origin = RuntimeOrigin::signed(miner());
			Attestation::submit_log(origin, miner(), from as u32, records, false)
		};
		let too_long = pallet_attestation::Error::<Runtime>::LogTooLong;
		assert_eq!(
			submit_log(0, most + 1).expect_err("the part is too long").error,
			too_long.into()
		);
		assert_ok!(submit_log(0, most));
		assert_ok!(submit_log(most, 2 * most));
		let log = Attestation::log(miner()).expect("the log was followed");
		assert!(log.findings.is_empty() && log.entries as usize == 2 * most);
		let context = hcc_evidence::host::Context { log: Some(log), ..challenge(&machine) };
		let evidence = machine.answer(&context);
		assert_ok!(submit(&evidence));
		let subject = subject(&machine);
		let finding = evaluate(subject, &evidence);
		assert!(finding.is_accepted());
		vote_all(&VALIDATORS[..3], subject, &false_finding());
		blocks(2);
		assert_ok!(prove(&VALIDATORS[3].to_account_id(), subject, &evidence));
		assert_eq!(
			Attestation::host(chip(&machine)).expect("the chip has a host").checkpoint,
			None,
			"the verdict is void"
		);
		blocks(1);
		let context = hcc_evidence::host::Context { log: context.log, ..challenge(&machine) };
		let evidence = machine.answer(&context);
		assert_ok!(submit(&evidence));
		let subject = self::subject(&machine);
		vote_all(&VALIDATORS[..3], subject, &evaluate(subject, &evidence));
		blocks(2);
		let host = Attestation::host(chip(&machine)).expect("the chip has a host");
		assert_eq!(host.checkpoint.expect("evidence was accepted").entries as usize, 2 * most + 42);
		assert_eq!(attest(&machine).code, 0, "later evidence continues the log");
		assert_ok!(Registry::exit(RuntimeOrigin::signed(miner())));
		assert_eq!(Attestation::log(miner()), None);
	});
}

/// An RSA-4096 public key, and signatures that OpenSSL made with its private key. Signature `n` is
/// over a digest that consists of 32 bytes `n`.
const SIGNER: &[u8] = include_bytes!("../../../pallets/policy/src/benchmarking/signer.der");
const SIGNATURES: &[u8] = include_bytes!("../../../pallets/policy/src/benchmarking/signatures.bin");

/// Returns the hash that identifies the signer.
pub(super) fn signer() -> [u8; 32] {
	sp_io::hashing::sha2_256(SIGNER)
}

/// Adds the signer to the trusted signers of policy, or removes it.
pub(super) fn set_signer(trusted: bool) -> DispatchResult {
	let key: pallet_policy::SignerKey = SIGNER.to_vec().try_into().expect("it fits");
	Policy::set_file_signer(RuntimeOrigin::root(), key, trusted)
}

/// Submits a voucher by `who` for the file whose digest consists of 32 bytes `file`.
pub(super) fn vouch(file: u8, who: &AccountId) -> DispatchResult {
	let at = usize::from(file) * 512;
	let signature = [&[3, 2, 4, 0, 0, 0, 0, 2, 0], &SIGNATURES[at..at + 512]].concat();
	let files = vec![([file; 32], signature.try_into().expect("it fits"))];
	let files = files.try_into().expect("it fits");
	Policy::vouch(RuntimeOrigin::signed(who.clone()), signer(), files)
}

#[test]
fn signed_file_is_accepted_while_signer_is_trusted() {
	run(|mut machine| {
		machine.measure(&[7; 32], "/usr/bin/signed");
		let unknown = RejectCode::ImaUnknownFile.number();
		assert_eq!(attest(&machine).code, unknown);
		assert_ok!(set_signer(true));
		assert_eq!(attest(&machine).code, unknown, "no voucher exists");
		assert_ok!(vouch(7, &miner()));
		blocks(1);
		assert_eq!(attest(&machine).code, 0);
		assert_ok!(set_signer(false));
		let log_due = || Attestation::log_due(chip(&machine)).expect("the whole log is due");
		blocks(1);
		while Clock::tick() <= log_due() {
			block();
		}
		let mut code = attest(&machine).code;
		// The answered challenge may have been opened before the tick from which the whole log is
		// due.
		for _ in 0..2 {
			if code == 0 {
				code = attest(&machine).code;
			}
		}
		assert_eq!(code, RejectCode::ImaOutdatedFile.number());
	});
}

/// Returns the size of the storage of the attestation, verdicts and reputation pallets, in bytes.
/// The size includes storage keys.
fn storage_size() -> usize {
	use sp_io::{hashing::twox_128, storage};

	let of = |pallet: &[u8]| {
		let prefix = twox_128(pallet);
		let mut bytes = 0;
		let mut key = prefix.to_vec();
		while let Some(next) = storage::next_key(&key).filter(|key| key.starts_with(&prefix)) {
			bytes += next.len() + storage::get(&next).map_or(0, |value| value.len());
			key = next;
		}
		bytes
	};
	[&b"Attestation"[..], b"Verdicts", b"Reputation"].into_iter().map(of).sum()
}

#[test]
fn attestations_leave_no_storage_beyond_ring_buffers() {
	run(|machine| {
		// Runs rounds for as many intervals as the chain records. Then removes the chip, so that no
		// challenge is open, and waits until all proof windows close.
		let rounds = || {
			let last = Attestation::interval().index + pallet_attestation::MAX_LIVENESS_RECORDS + 2;
			while Attestation::interval().index < last {
				assert!(attest(&machine).is_accepted());
			}
			assert_ok!(Registry::remove_chip(RuntimeOrigin::signed(miner()), chip(&machine)));
			blocks(HOURS + 100);
			storage_size()
		};
		let before = rounds();
		let origin = RuntimeOrigin::signed(miner());
		assert_ok!(Registry::add_chip(origin.clone(), chip(&machine)));
		let certificate =
			insecure_sim::issue_vcek(&machine.chip).expect("the hierarchy issues certificates");
		assert_ok!(Policy::register_vek(origin, certificate.try_into().expect("it fits")));
		let made = Attestation::statistics().counts.made;
		assert_eq!(rounds(), before);
		assert!(Attestation::statistics().counts.made > made + 100);
	});
}
