//! The agent of a VM whose boot is confirmed.

use ed25519_dalek::{Signature, VerifyingKey};
use hcc_evidence::vm::{receipt_statement, SignedReceipt};
use hcc_guest::{Folder, RunningAgent};
use hcc_guest_protocol::vm::{
	BootRequest, BootResponse, ConfigureResponse, ConfirmRequest, ConfirmResponse, StopResponse,
	UsageRequest, UsageResponse, VmRequest,
};
use tempfile::TempDir;

use crate::host::{
	booting, configure, Host, Processor, Steady, Vm, CONFIG, GENERATION, GENESIS, VM,
};

const BOOT: BootRequest =
	BootRequest { genesis: GENESIS, vm: VM, generation: GENERATION, counter: 3, nonce: [9; 32] };
const CONFIRM: ConfirmRequest = ConfirmRequest { vm: VM, generation: GENERATION, counter: 3 };

/// A VM after its boot, with the answers that the host has received.
struct Started {
	folder: TempDir,
	shown: BootResponse,
	confirmed: ConfirmResponse,
}

async fn started() -> Started {
	let mut vm = booting(Processor::launched_with(CONFIG));
	let mut host = vm.host().await;
	let configured: ConfigureResponse = host.ask(&configure(CONFIG, 1)).await;
	assert_eq!(configured, ConfigureResponse::Configured);
	let shown = host.ask(&VmRequest::ShowBoot(BOOT)).await;
	let confirmed = host.ask(&VmRequest::Confirm(CONFIRM)).await;
	drop(host);
	vm.ended().await.expect("the boot is confirmed");
	Started { folder: vm.into_folder(), shown, confirmed }
}

/// Starts the agent in the running VM. The meter starts as it stood at the boot's evidence.
fn running(folder: TempDir, minutes: u64) -> Vm {
	let state = Folder::of(&folder.path().join("run"));
	let agent = RunningAgent::new(state, Steady { minutes }).expect("the boot is recorded");
	Vm::serving(folder, agent)
}

async fn usage(host: &mut Host, interval: u32) -> UsageResponse {
	host.ask(&VmRequest::ReportUsage(UsageRequest { genesis: GENESIS, interval })).await
}

async fn receipt(host: &mut Host, interval: u32) -> SignedReceipt {
	match usage(host, interval).await {
		UsageResponse::Receipt(receipt) => receipt,
		UsageResponse::Failed { message } => panic!("no receipt: {message}"),
	}
}

#[tokio::test]
async fn receipts_are_signed_and_monotone() {
	let Started { folder, shown, .. } = started().await;
	let BootResponse::Evidence { guest_pk, .. } = shown else { panic!("no evidence: {shown:?}") };
	let mut vm = running(folder, 1);
	let mut host = vm.host().await;
	let mut before = 0;
	for interval in [5, 6, 9] {
		let signed = receipt(&mut host, interval).await;
		let seen = signed.receipt;
		assert_eq!((seen.vm, seen.generation, seen.boot_counter), (VM, GENERATION, 3));
		assert_eq!((seen.interval, seen.sequence), (interval, before + 1));
		assert_eq!((seen.elapsed, seen.cpu_time, seen.steal), (60_000, 30_000, 1_000));
		assert_eq!((seen.memory, seen.disk, seen.egress), (512, 10, 1));
		let key = VerifyingKey::from_bytes(&guest_pk).expect("a key");
		let signature = Signature::from_bytes(&signed.signature);
		let statement = receipt_statement(&GENESIS, &seen);
		key.verify_strict(&statement, &signature).expect("signed by the key of the boot");
		assert_eq!(receipt(&mut host, interval).await, signed, "repeated");
		before = seen.sequence;
	}
	let answer = usage(&mut host, 8).await;
	assert!(matches!(answer, UsageResponse::Failed { .. }), "{answer:?}");
	vm.stop();
}

#[tokio::test]
async fn restarted_agent_continues_receipts() {
	let Started { folder, .. } = started().await;
	let mut vm = running(folder, 1);
	let first = receipt(&mut vm.host().await, 5).await;
	vm.stop();
	let mut vm = running(vm.into_folder(), 2);
	let mut host = vm.host().await;
	assert_eq!(receipt(&mut host, 5).await, first);
	let second = receipt(&mut host, 6).await.receipt;
	assert_eq!((second.sequence, second.elapsed), (2, 60_000));
	vm.stop();
}

#[tokio::test]
async fn answers_of_boot_are_repeated() {
	let Started { folder, shown, confirmed } = started().await;
	let mut vm = running(folder, 1);
	let mut host = vm.host().await;
	assert_eq!(host.ask::<BootResponse>(&VmRequest::ShowBoot(BOOT)).await, shown);
	assert_eq!(host.ask::<ConfirmResponse>(&VmRequest::Confirm(CONFIRM)).await, confirmed);
	vm.stop();
}

#[tokio::test]
async fn requests_for_another_boot_are_refused() {
	let Started { folder, .. } = started().await;
	let mut vm = running(folder, 1);
	let mut host = vm.host().await;
	let other = BootRequest { counter: 4, ..BOOT };
	let answer: BootResponse = host.ask(&VmRequest::ShowBoot(other)).await;
	assert!(matches!(answer, BootResponse::Failed { .. }), "{answer:?}");
	let other = ConfirmRequest { counter: 4, ..CONFIRM };
	let answer: ConfirmResponse = host.ask(&VmRequest::Confirm(other)).await;
	assert!(matches!(answer, ConfirmResponse::Refused { code: 10, .. }), "{answer:?}");
	let other = UsageRequest { genesis: [2; 32], interval: 5 };
	let answer: UsageResponse = host.ask(&VmRequest::ReportUsage(other)).await;
	assert!(matches!(answer, UsageResponse::Failed { .. }), "{answer:?}");
	let answer: ConfigureResponse = host.ask(&configure(CONFIG, 2)).await;
	assert!(matches!(answer, ConfigureResponse::Refused { code: 11, .. }), "{answer:?}");
	vm.stop();
}

#[tokio::test]
async fn stop_ends_agent() {
	let Started { folder, .. } = started().await;
	let mut vm = running(folder, 1);
	let mut host = vm.host().await;
	let answer: StopResponse = host.ask(&VmRequest::Stop).await;
	assert_eq!(answer, StopResponse::Stopping);
	drop(host);
	assert!(vm.ended().await.is_ok());
}

#[test]
fn unconfirmed_boot_is_not_served() {
	let folder = tempfile::tempdir().expect("a folder");
	let started = RunningAgent::new(Folder::of(folder.path()), Steady { minutes: 0 });
	assert!(started.is_err());
}
