//! What hosts lose, and what becomes of them when policy changes: on the whole chain.

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
use hcc_primitives::{units::HOURS, Finding, Liveness, Tier};
use pallet_policy::FileRule;
use pallet_registry::Standing;

use super::{
	machine::{sha256, BootEvent, Machine},
	network::*,
};
use crate::*;

fn stake() -> Balance {
	Balances::balance_on_hold(&pallet_registry::HoldReason::Bond.into(), &miner())
}

/// A log that does not lead to the quote.
pub(super) fn forge(machine: &mut Machine) {
	machine.run(b"rootkit");
	machine.log.pop();
}

#[test]
fn the_third_strike_suspends_and_costs_a_part_of_the_bond_after_the_window() {
	run(|mut machine| {
		let (before, issued) = (stake(), issued_before_eras());
		forge(&mut machine);
		for _ in 0..3 {
			assert_eq!(attest(&machine).code, RejectCode::ImaPcr.number());
		}
		let record = Reputation::record(chip(&machine)).expect("noted");
		assert_eq!(Reputation::tier_of(chip(&machine)), Tier::Suspended);
		let slash = record.slash.expect("to come");
		while Verdicts::tick() < slash.due {
			assert_eq!(stake(), before);
			block();
		}
		let lost = slash.part.mul_floor(before);
		assert_eq!(stake(), before - lost);
		let waits = Balances::free_balance(Compensation::pot());
		assert!(lost > 0 && issued_before_eras() - waits <= issued - lost, "nobody has it");
		assert_eq!(Registry::standing(miner()), Some(Standing::Underbonded));
		assert_ok!(Registry::bond_more(RuntimeOrigin::signed(miner()), lost));
		assert_eq!(Registry::standing(miner()), Some(Standing::Ready));
	});
}

#[test]
fn a_tpm_whose_vendors_root_is_removed_proves_nothing_until_it_is_trusted_again() {
	run(|machine| {
		let trust = |roots: &[&[u8]]| {
			let roots = roots.iter().map(|root| root.to_vec().try_into().expect("short"));
			let roots = roots.collect::<Vec<_>>().try_into().expect("few");
			assert_ok!(Policy::set_tpm_roots(RuntimeOrigin::root(), Some(roots)));
		};
		trust(&[b"vendor", b"another"]);
		pallet_registry::Tpms::<Runtime>::mutate(miner(), |tpm| {
			tpm.as_mut().expect("enrolled").root = sp_io::hashing::blake2_256(b"vendor");
		});
		assert!(attest(&machine).is_accepted());
		trust(&[b"another"]);
		let evidence = machine.answer(&challenge(&machine));
		let missing = pallet_attestation::Error::<Runtime>::TpmMissing;
		assert_eq!(submit(&evidence).expect_err("not genuine").error, missing.into());
		trust(&[b"another", b"vendor"]);
		assert_ok!(submit(&evidence));
		let subject = subject(&machine);
		assert!(found(subject, &evidence).is_accepted());
	});
}

/// AMD revokes the certificate by which the keys of chips are signed.
pub(super) fn revoke_the_issuer() {
	let now = pallet_timestamp::Now::<Runtime>::get() / 1_000;
	// The serial number of the hierarchy's ASK is 0.
	let list = insecure_sim::issue_crl(now, &[0]).expect("the hierarchy issues lists");
	let origin = RuntimeOrigin::signed(VALIDATORS[0].to_account_id());
	assert_ok!(Policy::post_crl(origin, list.try_into().expect("short")));
}

/// What governance or AMD takes back is no fault of those who relied on it: they earn nothing, and lose nothing.
#[test]
fn silence_counts_for_nothing_once_trust_is_withdrawn_from_what_an_answer_would_rest_on() {
	let root_of_the_tpm = || {
		let roots = vec![b"another".to_vec().try_into().expect("short")];
		let roots = Some(roots.try_into().expect("few"));
		assert_ok!(Policy::set_tpm_roots(RuntimeOrigin::root(), roots));
	};
	let root_of_the_chip = || {
		assert_ok!(Policy::set_amd_roots(RuntimeOrigin::root(), None));
	};
	let withdrawals: [&dyn Fn(); 3] = [&root_of_the_tpm, &root_of_the_chip, &revoke_the_issuer];
	for withdraw in withdrawals {
		run(|machine| {
			let vendor = vec![b"vendor".to_vec().try_into().expect("short")];
			let vendor = Some(vendor.try_into().expect("few"));
			assert_ok!(Policy::set_tpm_roots(RuntimeOrigin::root(), vendor));
			pallet_registry::Tpms::<Runtime>::mutate(miner(), |tpm| {
				tpm.as_mut().expect("enrolled").root = sp_io::hashing::blake2_256(b"vendor");
			});
			assert!(attest(&machine).is_accepted());
			withdraw();
			let record = Reputation::record(chip(&machine)).expect("noted");
			let counts = Attestation::statistics().counts;
			assert!(submit(&machine.answer(&challenge(&machine))).is_err(), "no answer is taken");
			blocks(60);
			let after = Reputation::record(chip(&machine)).expect("noted");
			assert_eq!((after.missed, after.score.strikes), (record.missed, record.score.strikes));
			assert_eq!(after.score.value, record.score.value);
			let since = Attestation::statistics().counts;
			assert!(since.void > counts.void && since.missed == counts.missed);
			let fit = <Attestation as Liveness>::fit(&chip(&machine));
			assert_eq!(fit, None, "but it gets no work");
		});
	}
}

#[test]
fn leaving_before_the_slash_is_no_way_out_of_it() {
	run(|mut machine| {
		let before = stake();
		forge(&mut machine);
		for _ in 0..3 {
			attest(&machine);
		}
		assert_ok!(Registry::exit(RuntimeOrigin::signed(miner())));
		blocks(2 * HOURS + 40);
		assert!(stake() < before);
		let part = Reputation::rules().slash;
		assert_eq!(stake(), before - part.mul_floor(before));
	});
}

#[test]
fn a_false_verdict_that_is_undone_costs_a_miner_nothing() {
	run(|mut machine| {
		let before = stake();
		forge(&mut machine);
		attest(&machine);
		attest(&machine);
		machine.boot();
		machine.run(b"hcc-miner");
		let (subject, evidence) = answer(&machine);
		vote_all(&VALIDATORS[..3], subject, &lie());
		blocks(2);
		assert!(Reputation::record(chip(&machine)).expect("noted").slash.is_some());
		assert_ok!(prove(&VALIDATORS[3].to_account_id(), subject, &evidence));
		assert_eq!(Reputation::record(chip(&machine)).expect("noted").slash, None);
		// An honest host from here on: silence would be the next strike.
		for _ in 0..3 {
			assert!(attest(&machine).is_accepted());
		}
		assert_eq!(stake(), before);
	});
}

#[test]
fn what_an_honest_machine_fails_at_because_of_a_false_acceptance_is_undone_with_it() {
	run(|machine| {
		assert!(attest(&machine).is_accepted());
		let known = Attestation::host(chip(&machine)).expect("enlisted");
		let (before, held) = (score(&machine), stake());
		let (subject, evidence) = answer(&machine);
		let honest = found(subject, &evidence);
		let mut claims = Claims::decode(&mut &honest.claims[..]).expect("what is accepted claims");
		claims.boot_profile = [9; 32];
		let claims = claims.encode().try_into().expect("as long as before");
		vote_all(&VALIDATORS[..3], subject, &Finding { claims, ..honest });
		blocks(2);
		for _ in 0..3 {
			assert_eq!(attest(&machine).code, RejectCode::BootPcrs.number(), "it booted as ever");
		}
		let record = Reputation::record(chip(&machine)).expect("noted");
		assert_eq!(record.score.tier(&Reputation::rules()), Tier::Suspended);
		assert!(record.slash.is_some());
		assert_ok!(prove(&VALIDATORS[3].to_account_id(), subject, &evidence));
		let record = Reputation::record(chip(&machine)).expect("noted");
		assert_eq!((record.failed, record.score.strikes, record.slash), (0, 0, None));
		assert_eq!(score(&machine), before);
		let host = Attestation::host(chip(&machine)).expect("enlisted");
		assert_eq!((host.checkpoint, host.boot_profile), (known.checkpoint, known.boot_profile));
		for _ in 0..3 {
			assert!(attest(&machine).is_accepted());
		}
		assert_eq!(stake(), held);
	});
}

/// Waits until a chip must show its whole log, in rounds of evidence that is accepted.
fn wait_for_renewal(machine: &Machine) {
	block();
	while let Some(due) = Attestation::renewal(chip(machine)) {
		if due <= Verdicts::tick() {
			break;
		}
		assert_eq!(attest(machine).code, 0, "until then all is as before");
	}
}

#[test]
fn a_file_that_is_allowed_no_more_must_be_gone_within_the_hour() {
	run(|mut machine| {
		machine.run(b"bash");
		assert!(attest(&machine).is_accepted());
		let files = vec![sha256(b"bash")].try_into().expect("one");
		assert_ok!(Policy::set_files(RuntimeOrigin::root(), files, Some(FileRule::Forbidden)));
		wait_for_renewal(&machine);
		let before = Reputation::record(chip(&machine)).expect("noted").score;
		// The challenge that was open by then is answered as it was asked.
		let code = (0..3)
			.map(|_| attest(&machine).code)
			.find(|code| *code != 0)
			.expect("its whole log is wanted");
		assert_eq!(code, RejectCode::ImaOutdatedFile.number());
		let after = Reputation::record(chip(&machine)).expect("noted").score;
		assert!(after.value >= before.value && after.strikes == before.strikes);
		assert_eq!(Reputation::tier_of(chip(&machine)), Tier::Quarantine);
		machine.boot();
		machine.run(b"hcc-miner");
		assert!(attest(&machine).is_accepted());
		assert_ne!(Reputation::tier_of(chip(&machine)), Tier::Quarantine);
	});
}

/// What the machine boots.
fn boot() -> Vec<BootEvent> {
	[(0, "firmware"), (4, "kernel"), (9, "initrd"), (8, "command line")]
		.into_iter()
		.map(|(pcr, what)| BootEvent { pcr, kind: 13, measured: what.as_bytes().to_vec() })
		.collect()
}

fn allow(what: &str, role: Option<BootRole>) {
	let digests = vec![sha256(what.as_bytes())].try_into().expect("one");
	assert_ok!(Policy::set_boot_parts(RuntimeOrigin::root(), digests, role));
}

/// An answer with the firmware's event log, judged.
fn attest_boot(machine: &Machine, log: &[u8]) -> u16 {
	let context = challenge(machine);
	let mut evidence = machine.answer(&context);
	evidence.boot = Some(log.to_vec());
	machine.sign(&mut evidence);
	assert_ok!(submit(&evidence));
	let subject = subject(machine);
	let finding = found(subject, &evidence);
	vote_all(&VALIDATORS, subject, &finding);
	blocks(2);
	finding.code
}

#[test]
fn what_boots_is_held_against_policy() {
	run(|mut machine| {
		let log = machine.boot_measuring(&boot());
		machine.run(b"hcc-miner");
		assert_eq!(attest_boot(&machine, &log), 0, "taken on first use while there are no rules");
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
		// Another command line: for one that loads no IMA policy.
		let mut events = boot();
		events[3].measured = b"command line ima=off".to_vec();
		let other = machine.boot_measuring(&events);
		machine.run(b"hcc-miner");
		assert_eq!(attest_boot(&machine, &other), RejectCode::BootUnknown.number());
		// Without a log, nothing can be told.
		let context = challenge(&machine);
		let evidence = machine.answer(&context);
		assert_ok!(submit(&evidence));
		let finding = found(subject(&machine), &evidence);
		assert_eq!(finding.code, RejectCode::BootLogMissing.number());
		vote_all(&VALIDATORS, subject(&machine), &finding);
		blocks(2);
		// As it should be; and another kernel, once it is listed.
		let log = machine.boot_measuring(&boot());
		machine.run(b"hcc-miner");
		assert_eq!(attest_boot(&machine, &log), 0);
		assert!(attest(&machine).is_accepted(), "the log is wanted once a boot");
		allow("kernel 2", Some(BootRole::Kernel));
		let mut events = boot();
		events[1].measured = b"kernel 2".to_vec();
		let log = machine.boot_measuring(&events);
		machine.run(b"hcc-miner");
		assert_eq!(attest_boot(&machine, &log), 0);
	});
}

#[test]
fn a_log_too_long_for_one_evidence_is_handed_in_and_judged_and_proven_with_it() {
	run(|mut machine| {
		let most: u32 = <Runtime as pallet_attestation::Config>::MaxEntries::get();
		let most = most as usize;
		for _ in 0..2 * most + 40 {
			machine.run(b"bash");
		}
		let hand_in = |from: usize, to: usize| {
			let records = machine.log[from..to].concat().try_into().expect("short");
			let origin = RuntimeOrigin::signed(miner());
			Attestation::submit_log(origin, from as u32, records)
		};
		let too_long = pallet_attestation::Error::<Runtime>::LogTooLong;
		assert_eq!(hand_in(0, most + 1).expect_err("too long").error, too_long.into());
		assert_ok!(hand_in(0, most));
		assert_ok!(hand_in(most, 2 * most));
		let log = Attestation::log(miner()).expect("followed");
		assert!(log.findings.is_empty() && log.entries as usize == 2 * most);
		let context = hcc_evidence::host::Context { log: Some(log), ..challenge(&machine) };
		let evidence = machine.answer(&context);
		assert_ok!(submit(&evidence));
		let subject = subject(&machine);
		let finding = found(subject, &evidence);
		assert!(finding.is_accepted());
		vote_all(&VALIDATORS[..3], subject, &lie());
		blocks(2);
		assert_ok!(prove(&VALIDATORS[3].to_account_id(), subject, &evidence));
		assert_eq!(Attestation::host(chip(&machine)).expect("enlisted").checkpoint, None, "void");
		blocks(1);
		let context = hcc_evidence::host::Context { log: context.log, ..challenge(&machine) };
		let evidence = machine.answer(&context);
		assert_ok!(submit(&evidence));
		let subject = self::subject(&machine);
		vote_all(&VALIDATORS[..3], subject, &found(subject, &evidence));
		blocks(2);
		let host = Attestation::host(chip(&machine)).expect("enlisted");
		assert_eq!(host.checkpoint.expect("accepted").entries as usize, 2 * most + 42);
		assert_eq!(attest(&machine).code, 0, "from then on as ever");
		assert_ok!(Registry::exit(RuntimeOrigin::signed(miner())));
		assert_eq!(Attestation::log(miner()), None);
	});
}

/// A key of RSA-4096, and signatures that openssl made with it: over the digests that are 32 times 0, 1, and so on.
const SIGNER: &[u8] = include_bytes!("../../../pallets/policy/src/benchmarking/signer.der");
const SIGNATURES: &[u8] = include_bytes!("../../../pallets/policy/src/benchmarking/signatures.bin");

/// The number of that key.
pub(super) fn signer() -> [u8; 32] {
	sp_io::hashing::sha2_256(SIGNER)
}

/// Trusts that key, or does so no more.
pub(super) fn set_signer(trusted: bool) -> DispatchResult {
	let key: pallet_policy::SignerKey = SIGNER.to_vec().try_into().expect("short");
	Policy::set_file_signer(RuntimeOrigin::root(), key, trusted)
}

/// Somebody vouches for the file whose digest is 32 times that number.
pub(super) fn vouch(file: u8, who: &AccountId) -> DispatchResult {
	let at = usize::from(file) * 512;
	let signature = [&[3, 2, 4, 0, 0, 0, 0, 2, 0], &SIGNATURES[at..at + 512]].concat();
	let files = vec![([file; 32], signature.try_into().expect("short"))];
	let files = files.try_into().expect("one");
	Policy::vouch(RuntimeOrigin::signed(who.clone()), signer(), files)
}

#[test]
fn a_file_that_a_trusted_signer_has_signed_is_accepted_until_the_signer_is_not() {
	run(|mut machine| {
		machine.measure(&[7; 32], "/usr/bin/signed");
		let unknown = RejectCode::ImaUnknownFile.number();
		assert_eq!(attest(&machine).code, unknown);
		assert_ok!(set_signer(true));
		assert_eq!(attest(&machine).code, unknown, "nobody has vouched");
		assert_ok!(vouch(7, &miner()));
		blocks(1);
		assert_eq!(attest(&machine).code, 0);
		assert_ok!(set_signer(false));
		let renewal = || Attestation::renewal(chip(&machine)).expect("its log is wanted anew");
		blocks(1);
		while Verdicts::tick() <= renewal() {
			block();
		}
		let mut code = attest(&machine).code;
		// A challenge of before that tick may have been open.
		for _ in 0..2 {
			if code == 0 {
				code = attest(&machine).code;
			}
		}
		assert_eq!(code, RejectCode::ImaOutdatedFile.number());
	});
}

/// How many bytes the pallets keep that attestations go through, their keys among them.
fn kept() -> usize {
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
fn an_attestation_leaves_no_byte_behind_beyond_the_rings() {
	run(|machine| {
		// For as many intervals as are remembered; then the chip leaves, so that nothing is open, and all windows close.
		let rounds = || {
			let last = Attestation::interval().index + pallet_attestation::MAX_LIVES + 2;
			while Attestation::interval().index < last {
				assert!(attest(&machine).is_accepted());
			}
			assert_ok!(Registry::remove_chip(RuntimeOrigin::signed(miner()), chip(&machine)));
			blocks(HOURS + 100);
			kept()
		};
		let before = rounds();
		let origin = RuntimeOrigin::signed(miner());
		assert_ok!(Registry::add_chip(origin.clone(), chip(&machine)));
		let certificate = insecure_sim::issue_vcek(&machine.chip).expect("the hierarchy issues");
		assert_ok!(Policy::register_vek(origin, certificate.try_into().expect("short")));
		let made = Attestation::statistics().counts.made;
		assert_eq!(rounds(), before);
		assert!(Attestation::statistics().counts.made > made + 100);
	});
}
