//! Boots of a VM over a UNIX socket, with the simulated secure processor.

use codec::Encode;
use ed25519_dalek::{Signature, VerifyingKey};
use hcc_evidence::{
	snp::Report,
	vm::{confirmation_statement, vm_report_data, Boot, SignedConfirmation, VmEvidence},
};
use hcc_guest::{Fatal, Folder};
use hcc_guest_protocol::{
	connect,
	vm::{
		BootRequest, BootResponse, Configure, ConfigureResponse, ConfirmRequest, ConfirmResponse,
		StopResponse, UsageRequest, UsageResponse, VmRequest,
	},
	Session, SessionError, VersionRange,
};

use crate::host::{
	agent, booting, configure, sign, Broken, Host, Processor, ANOTHER_CONFIG, CONFIG, GENERATION,
	GENESIS, VM,
};

fn show(counter: u32) -> BootRequest {
	BootRequest { genesis: GENESIS, vm: VM, generation: GENERATION, counter, nonce: [9; 32] }
}

const fn confirm(counter: u32) -> ConfirmRequest {
	ConfirmRequest { vm: VM, generation: GENERATION, counter }
}

/// Returns the code with which the agent refuses a configuration.
async fn refusal(host: &mut Host, request: VmRequest) -> u16 {
	match host.ask(&request).await {
		ConfigureResponse::Refused { code, .. } => code,
		ConfigureResponse::Configured => panic!("the configuration is accepted"),
	}
}

async fn confirm_refusal(host: &mut Host, counter: u32) -> u16 {
	match host.ask(&VmRequest::Confirm(confirm(counter))).await {
		ConfirmResponse::Refused { code, .. } => code,
		ConfirmResponse::Confirmed(_) => panic!("the boot is confirmed"),
	}
}

async fn show_failure(host: &mut Host, request: BootRequest) -> String {
	match host.ask(&VmRequest::ShowBoot(request)).await {
		BootResponse::Failed { message } => message,
		BootResponse::Evidence { .. } => panic!("the boot is shown"),
	}
}

async fn configured(host: &mut Host) {
	let answer: ConfigureResponse = host.ask(&configure(CONFIG, 1)).await;
	assert_eq!(answer, ConfigureResponse::Configured);
}

fn verify(guest_pk: &[u8; 32], signed: &SignedConfirmation) {
	let statement = confirmation_statement(&GENESIS, &signed.confirmation);
	let key = VerifyingKey::from_bytes(guest_pk).expect("a key");
	let signature = Signature::from_bytes(&signed.signature);
	key.verify_strict(&statement, &signature).expect("signed by the key of the boot");
}

#[tokio::test]
async fn boot_is_configured_shown_and_confirmed() {
	let mut vm = booting(Processor::launched_with(CONFIG));
	let mut host = vm.host().await;
	configured(&mut host).await;
	let shown: BootResponse = host.ask(&VmRequest::ShowBoot(show(3))).await;
	let BootResponse::Evidence { snp_report, guest_pk, kem_pk, ssh_host_key_hash } = shown.clone()
	else {
		panic!("no evidence: {shown:?}");
	};
	let boot = Boot {
		vm: VM,
		generation: GENERATION,
		counter: 3,
		nonce: [9; 32],
		config_hash: [0; 32],
		holders_root: [0; 32],
		measurement: [0; 48],
	};
	let evidence = VmEvidence {
		vm: VM,
		generation: GENERATION,
		boot_counter: 3,
		snp_report: Vec::new(),
		guest_pk,
		kem_pk,
		ssh_host_key_hash,
	};
	let report = Report::parse(&snp_report).expect("a report");
	assert_eq!(report.report_data, vm_report_data(&GENESIS, &boot, &evidence));
	let again: BootResponse = host.ask(&VmRequest::ShowBoot(show(3))).await;
	assert_eq!(again, shown, "a repeated request returns the same evidence");

	let answer: ConfirmResponse = host.ask(&VmRequest::Confirm(confirm(3))).await;
	let ConfirmResponse::Confirmed(signed) = answer else { panic!("not confirmed: {answer:?}") };
	verify(&guest_pk, &signed);
	assert_eq!((signed.confirmation.boot_counter, signed.confirmation.key_commit), (3, None));
	drop(host);
	assert!(vm.ended().await.is_ok());

	let folder = Folder::of(&vm.run_dir());
	let booted = folder.booted().expect("the boot is recorded");
	assert_eq!((booted.confirmation, booted.evidence), (signed, shown));
	assert_eq!(folder.config().expect("stored"), CONFIG.as_bytes());
	let host_name = std::fs::read_to_string(vm.run_dir().join("hostname"));
	assert_eq!(host_name.expect("stored"), "web-1\n");
	let key = folder.guest_key().expect("stored");
	assert_eq!(key.verifying_key().to_bytes(), guest_pk);
}

#[tokio::test]
async fn configuration_that_host_data_does_not_bind_is_refused() {
	let mut vm = booting(Processor::launched_with(CONFIG));
	let mut host = vm.host().await;
	assert_eq!(refusal(&mut host, configure(ANOTHER_CONFIG, 1)).await, 3);
	// Bytes that the launch does not bind are not parsed.
	assert_eq!(refusal(&mut host, configure("not JSON", 1)).await, 3);
	for change in [
		|asked: &mut Configure| asked.vm += 1,
		|asked: &mut Configure| asked.generation += 1,
		|asked: &mut Configure| asked.holders_root[0] ^= 1,
	] {
		let VmRequest::Configure(mut asked) = configure(CONFIG, 1) else { unreachable!() };
		change(&mut asked);
		assert_eq!(refusal(&mut host, VmRequest::Configure(asked)).await, 3);
	}
	// The agent still accepts the right one.
	configured(&mut host).await;
	vm.stop();
}

#[tokio::test]
async fn unsigned_configuration_is_refused() {
	let mut vm = booting(Processor::launched_with(CONFIG));
	let mut host = vm.host().await;
	for change in [
		|asked: &mut Configure| asked.signature[0] ^= 1,
		|asked: &mut Configure| asked.signer[0] ^= 1,
		|asked: &mut Configure| asked.tenant[0] ^= 1,
		|asked: &mut Configure| asked.order_nonce += 1,
		|asked: &mut Configure| asked.revision += 1,
		|asked: &mut Configure| asked.genesis[0] ^= 1,
	] {
		let VmRequest::Configure(mut asked) = configure(CONFIG, 1) else { unreachable!() };
		change(&mut asked);
		assert_eq!(refusal(&mut host, VmRequest::Configure(asked)).await, 2);
	}
	vm.stop();
}

#[tokio::test]
async fn older_revision_and_other_signer_are_refused() {
	let mut vm = booting(Processor::launched_with(CONFIG));
	let mut host = vm.host().await;
	for revision in [2, 2, 3] {
		let answer: ConfigureResponse = host.ask(&configure(CONFIG, revision)).await;
		assert_eq!(answer, ConfigureResponse::Configured);
	}
	assert_eq!(refusal(&mut host, configure(CONFIG, 2)).await, 5);
	assert_eq!(refusal(&mut host, sign(CONFIG, 4, 8)).await, 4);
	vm.stop();
}

#[tokio::test]
async fn oversized_and_unreadable_configurations_are_refused() {
	let long = " ".repeat(4097);
	for (config, code) in [("", 1), (long.as_str(), 1), ("{}", 6)] {
		let mut vm = booting(Processor::launched_with(config));
		let mut host = vm.host().await;
		assert_eq!(refusal(&mut host, configure(config, 1)).await, code);
		assert!(show_failure(&mut host, show(1)).await.contains("no configuration"));
		vm.stop();
	}
}

#[tokio::test]
async fn request_before_its_turn_is_refused() {
	let mut vm = booting(Processor::launched_with(CONFIG));
	let mut host = vm.host().await;
	assert!(show_failure(&mut host, show(1)).await.contains("no configuration"));
	assert_eq!(confirm_refusal(&mut host, 1).await, 7);
	configured(&mut host).await;
	assert_eq!(confirm_refusal(&mut host, 1).await, 9);
	let other = BootRequest { vm: VM + 1, ..show(1) };
	assert!(show_failure(&mut host, other).await.contains("another VM"));
	let _: BootResponse = host.ask(&VmRequest::ShowBoot(show(1))).await;
	assert_eq!(confirm_refusal(&mut host, 2).await, 10);
	let usage = VmRequest::ReportUsage(UsageRequest { genesis: GENESIS, interval: 1 });
	let answer: UsageResponse = host.ask(&usage).await;
	assert!(matches!(answer, UsageResponse::Failed { .. }), "{answer:?}");
	let answer: StopResponse = host.ask(&VmRequest::Stop).await;
	assert!(matches!(answer, StopResponse::Refused { code: 12, .. }), "{answer:?}");
	assert!(!vm.has_ended());
	assert!(Folder::of(&vm.run_dir()).booted().is_err(), "nothing is recorded");
	vm.stop();
}

#[tokio::test]
async fn later_boot_replaces_shown_one_until_confirmed() {
	let mut vm = booting(Processor::launched_with(CONFIG));
	let mut host = vm.host().await;
	configured(&mut host).await;
	for counter in [1, 2] {
		let shown: BootResponse = host.ask(&VmRequest::ShowBoot(show(counter))).await;
		assert!(matches!(shown, BootResponse::Evidence { .. }), "{shown:?}");
	}
	assert_eq!(confirm_refusal(&mut host, 1).await, 10);
	let answer: ConfirmResponse = host.ask(&VmRequest::Confirm(confirm(2))).await;
	assert!(matches!(answer, ConfirmResponse::Confirmed(_)), "{answer:?}");
	drop(host);
	assert!(vm.ended().await.is_ok());
}

#[tokio::test]
async fn lost_host_can_start_again() {
	let mut vm = booting(Processor::launched_with(CONFIG));
	configured(&mut vm.host().await).await;
	let shown: BootResponse = vm.host().await.ask(&VmRequest::ShowBoot(show(1))).await;
	let mut host = vm.host().await;
	configured(&mut host).await;
	let again: BootResponse = host.ask(&VmRequest::ShowBoot(show(1))).await;
	assert_eq!(shown, again);
	vm.stop();
}

#[tokio::test]
async fn session_of_version_one_carries_no_new_requests() {
	let mut vm = booting(Processor::launched_with(CONFIG));
	drop(vm.host().await);
	let stream = connect(&vm.address()).await.expect("connected");
	let mut session =
		Session::connect(stream, VersionRange::new(1, 1)).await.expect("version 1 is understood");
	session.send(&VmRequest::ShowBoot(show(1))).await.expect("sent");
	let answer: Option<BootResponse> = session.receive().await.expect("received");
	assert!(matches!(answer, Some(BootResponse::Failed { .. })), "{answer:?}");
	session.send(&configure(CONFIG, 1)).await.expect("sent");
	let answer: Result<Option<ConfigureResponse>, SessionError> = session.receive().await;
	assert!(matches!(answer, Ok(None) | Err(SessionError::Broken(_))), "{answer:?}");
	vm.stop();
}

#[tokio::test]
async fn unreadable_request_ends_only_its_session() {
	let mut vm = booting(Processor::launched_with(CONFIG));
	let mut host = vm.host().await;
	let mut other = vm.host().await;
	other.session.send(&[9u8; 40]).await.expect("sent");
	let answer: Result<Option<BootResponse>, SessionError> = other.session.receive().await;
	assert!(matches!(answer, Ok(None) | Err(SessionError::Broken(_))), "{answer:?}");
	configured(&mut host).await;
	vm.stop();
}

#[tokio::test]
async fn failing_secure_processor_ends_agent() {
	let Err(fatal) = agent(Broken::always(), tempfile::tempdir().expect("a folder").path()) else {
		panic!("the agent starts without a report");
	};
	assert_eq!(fatal.exit_code(), 4);

	let mut vm = booting(Broken::after_start(CONFIG));
	let mut host = vm.host().await;
	configured(&mut host).await;
	let message = show_failure(&mut host, show(1)).await;
	assert!(message.contains("no such device"), "{message}");
	assert_eq!(vm.ended().await.expect_err("it ends").exit_code(), 4);
}

#[tokio::test]
async fn state_that_cannot_be_written_confirms_nothing() {
	let mut vm = booting(Processor::launched_with(CONFIG));
	let mut host = vm.host().await;
	configured(&mut host).await;
	let _: BootResponse = host.ask(&VmRequest::ShowBoot(show(1))).await;
	std::fs::remove_dir_all(vm.run_dir()).expect("removed");
	assert_eq!(confirm_refusal(&mut host, 1).await, 0);
	let fatal = vm.ended().await.expect_err("it ends");
	assert!(matches!(fatal, Fatal::State(_)), "{fatal}");
}

#[test]
fn truncated_record_is_refused() {
	let folder = tempfile::tempdir().expect("a folder");
	std::fs::write(folder.path().join("boot.scale"), [1u8].encode()).expect("written");
	assert!(Folder::of(folder.path()).booted().is_err());
}
