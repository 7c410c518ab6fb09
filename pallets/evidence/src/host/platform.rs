//! Checks of the hardware: the report, its chip, its firmware and its guest.

use super::{
	agent_host_data, chip_hash, host_report_data, Collateral, Context, GenerationTrust,
	HostEvidence, HostPolicy, PlatformPolicy, TcbFloors,
};
use crate::{
	crypto::Crypto,
	snp::{self, report_data, AuthenticReport, CpuId, GuestPolicy, TcbVersion, VekKind},
	Check, RejectCode, Rejection,
};

/// The privilege level of the attestation agent, which is the most privileged level of the guest.
const AGENT_VMPL: u32 = 0;

/// Checks that AMD's hardware signed the report on the challenged chip, and that the report is
/// bound to the rest of the evidence. Guest and platform must comply with policy.
///
/// [`check_firmware`] follows later, so that a software fault, which weighs more, is reported
/// first.
pub(super) fn check<C: Crypto, P: HostPolicy>(
	evidence: &HostEvidence,
	collateral: &Collateral<'_>,
	policy: &P,
	context: &Context,
) -> Check<AuthenticReport> {
	let vek = collateral.vek;
	let VekKind::Vcek { hardware_id } = vek.kind else {
		return Err(Rejection::new(RejectCode::LoadedKey, "SIGNING_KEY", "VLEK", "VCEK"));
	};
	let challenge = &context.challenge;
	let chip = chip_hash(vek.product, &hardware_id);
	if chip != challenge.chip {
		return Err(Rejection::new(RejectCode::Chip, "CHIP_ID", &chip, &challenge.chip));
	}
	let authentic = snp::authenticate::<C>(&evidence.snp_report, vek, context.now);
	let wanted = host_report_data::<C>(
		&challenge.genesis,
		&challenge.nonce,
		&challenge.miner,
		&evidence.guest_pk,
		&evidence.tpms_attest,
		&context.last_chunk(),
		&evidence.ima_delta.records,
	);
	let seen = report_data(&evidence.snp_report).unwrap_or_default();
	// A report of an unsupported version costs no strike, so it must answer this challenge, too.
	let is_genuine = authentic
		.as_ref()
		.map_or_else(|why| why.code == RejectCode::ReportVersionUnsupported, |_| true);
	if is_genuine && seen != wanted {
		return Err(Rejection::new(RejectCode::ReportData, "REPORT_DATA", seen, &wanted));
	}
	let report = authentic?;
	check_host_data(&report, context)?;
	check_guest(&report, policy)?;
	check_platform_info(&report, policy)?;
	Ok(report)
}

/// Checks that the guest was launched as the attestation agent of this miner. The public image of
/// the agent, ordered as a VM, has another HOST_DATA.
fn check_host_data(authentic: &AuthenticReport, context: &Context) -> Check {
	let challenge = &context.challenge;
	let wanted = agent_host_data(&challenge.genesis, &challenge.miner);
	let seen = authentic.report().host_data;
	if seen != wanted {
		return Err(Rejection::new(RejectCode::AgentHostData, "HOST_DATA", &seen, &wanted));
	}
	Ok(())
}

/// Checks an authentic report by policy: the guest, its platform and the platform's firmware.
///
/// ## Errors
/// Classes [`crate::RejectClass::SnpPolicy`], [`crate::RejectClass::Tcb`] and
/// [`crate::RejectClass::Measurement`]; [`RejectCode::GenerationSuspended`].
pub fn check_platform<P: PlatformPolicy>(report: &AuthenticReport, policy: &P) -> Check {
	check_guest(report, policy)?;
	check_platform_info(report, policy)?;
	check_firmware(report, policy)
}

fn check_guest<P: PlatformPolicy>(authentic: &AuthenticReport, policy: &P) -> Check {
	let report = authentic.report();
	// These checks are independent of policy. A guest proves nothing if its host can read its
	// memory. The same holds if the host can move the guest to another host that can read it.
	authentic.check_not_debuggable()?;
	if report.policy.has(GuestPolicy::MIGRATE_MA) {
		return Err(Rejection::new(RejectCode::MigrationAgent, "POLICY.MIGRATE_MA", 1u8, 0u8));
	}
	let (required, forbidden) = policy.guest_policy();
	check_bits(RejectCode::GuestPolicy, "POLICY", report.policy.0, required, forbidden)?;
	if report.vmpl != AGENT_VMPL {
		return Err(Rejection::new(RejectCode::Vmpl, "VMPL", report.vmpl, AGENT_VMPL));
	}
	if !policy.allows_measurement(&report.measurement) {
		return Err(Rejection::new(
			RejectCode::LaunchMeasurement,
			"MEASUREMENT",
			&report.measurement,
			"an allowed measurement",
		));
	}
	Ok(())
}

fn check_platform_info<P: PlatformPolicy>(authentic: &AuthenticReport, policy: &P) -> Check {
	let report = authentic.report();
	let (required, allowed) = policy.platform_info();
	let info = report.platform_info.0;
	check_bits(RejectCode::PlatformInfo, "PLATFORM_INFO", info, required, !allowed)
}

fn check_bits(
	code: RejectCode,
	field: &'static str,
	seen: u64,
	required: u64,
	forbidden: u64,
) -> Check {
	if seen & required != required || seen & forbidden != 0 {
		let wanted = alloc::format!("with {required:#x}, without {forbidden:#x}");
		return Err(Rejection::new(code, field, alloc::format!("{seen:#x}"), wanted));
	}
	Ok(())
}

/// Checks the platform's firmware by policy.
pub(super) fn check_firmware<P: PlatformPolicy>(authentic: &AuthenticReport, policy: &P) -> Check {
	let report = authentic.report();
	let product = authentic.vek().product;
	if policy.trust(product) == GenerationTrust::Suspended {
		let wanted = "one that is trusted";
		let code = RejectCode::GenerationSuspended;
		return Err(Rejection::new(code, "product line", product.name(), wanted));
	}
	let unknown = |seen: alloc::string::String| {
		Rejection::new(RejectCode::TcbUnknown, "CPUID", seen, "a cpu with a floor")
	};
	// Reports of version 2 do not state the CPU, and floors are defined for each CPU.
	let cpu = report.cpu.ok_or_else(|| unknown("not stated".into()))?;
	let floors = policy.tcb_floors(cpu).ok_or_else(|| unknown(alloc::format!("{cpu}")))?;
	check_floors(authentic, &floors)?;
	check_mitigations(report.current_mitigations, cpu, policy)
}

fn check_floors(report: &AuthenticReport, floors: &TcbFloors) -> Check {
	for (lane, seen, floor) in [
		("CURRENT_TCB", report.current_tcb(), floors.current),
		("REPORTED_TCB", report.reported_tcb(), floors.reported),
		("COMMITTED_TCB", report.committed_tcb(), floors.committed),
		("LAUNCH_TCB", report.launch_tcb(), floors.launch),
	] {
		check_floor(lane, seen, floor)?;
	}
	Ok(())
}

/// Compares a TCB version with its floor by component. Milan and Genoa have no FMC: the FMC then
/// counts as zero and fails any floor above zero.
fn check_floor(lane: &'static str, seen: TcbVersion, floor: TcbVersion) -> Check {
	let components = [
		("fmc", seen.fmc.unwrap_or(0), floor.fmc.unwrap_or(0)),
		("bootloader", seen.boot_loader, floor.boot_loader),
		("tee", seen.tee, floor.tee),
		("snp", seen.snp, floor.snp),
		("microcode", seen.microcode, floor.microcode),
	];
	match components.into_iter().find(|(_, seen, floor)| seen < floor) {
		Some((name, seen, floor)) => Err(Rejection::new(
			RejectCode::TcbFloor,
			lane,
			alloc::format!("{name} {seen}"),
			alloc::format!("{name} {floor} or later"),
		)),
		None => Ok(()),
	}
}

fn check_mitigations<P: PlatformPolicy>(seen: Option<u64>, cpu: CpuId, policy: &P) -> Check {
	let required = policy.mitigations(cpu);
	let active = seen.unwrap_or(0);
	if active & required != required {
		return Err(Rejection::new(
			RejectCode::Mitigation,
			"CURRENT_MIT_VECTOR",
			alloc::format!("{active:#x}"),
			alloc::format!("{required:#x}"),
		));
	}
	Ok(())
}
