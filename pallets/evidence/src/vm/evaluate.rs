use super::{vm_host_data, vm_report_data, VmEvidence, VmId, KEM_KEY_LEN};
use crate::{
	crypto::Crypto,
	host::{
		check_platform, chip_hash, ChipHash, GenerationTrust, Genesis, Hash256, PlatformPolicy,
		TcbFloors,
	},
	snp::{self, AuthenticReport, CpuId, ProductLine, Vek, VekKind},
	Check, RejectCode, Rejection, UnixSeconds,
};

/// The boot that the chain opened. Its values are the expectations for the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
	pub vm: VmId,
	pub generation: u32,
	pub counter: u32,
	pub nonce: Hash256,
	pub config_hash: Hash256,
	pub holders_root: Hash256,
	/// The launch measurement of the ordered image.
	pub measurement: [u8; 48],
}

/// The claims of accepted evidence of a VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmClaims {
	/// The chip on which the VM runs.
	pub chip: ChipHash,
	/// The trust in the chip's product line.
	pub trust: GenerationTrust,
}

/// Evaluates a VM's evidence. `vek` is a key of a chip of the miner that must boot the VM.
///
/// The platform must meet the policy for hosts, and the guest must run the ordered image. The
/// function is pure, like [`crate::host::evaluate`], and costs one P-384 verification.
///
/// ## Errors
/// The errors of [`snp::authenticate`] and [`check_platform`]; [`RejectCode::Boot`],
/// [`RejectCode::EvidenceLength`], [`RejectCode::LoadedKey`], [`RejectCode::ReportData`],
/// [`RejectCode::HostData`].
pub fn evaluate_vm<C: Crypto, P: PlatformPolicy>(
	evidence: &VmEvidence,
	vek: &Vek,
	policy: &P,
	wanted: &Boot,
	genesis: &Genesis,
	now: UnixSeconds,
) -> Check<VmClaims> {
	check_addressee(evidence, wanted)?;
	let VekKind::Vcek { hardware_id } = vek.kind else {
		return Err(Rejection::new(RejectCode::LoadedKey, "SIGNING_KEY", "VLEK", "VCEK"));
	};
	let report = snp::authenticate::<C>(&evidence.snp_report, vek, now)?;
	check_bindings(&report, evidence, wanted, genesis)?;
	check_platform(&report, &OrderedImage { policy, measurement: wanted.measurement })?;
	let chip = chip_hash(vek.product, &hardware_id);
	Ok(VmClaims { chip, trust: policy.trust(vek.product) })
}

/// Rejects evidence of another boot, or with a malformed key, before anything is verified.
fn check_addressee(evidence: &VmEvidence, wanted: &Boot) -> Check {
	let seen = (evidence.vm, evidence.generation, evidence.boot_counter);
	let boot = (wanted.vm, wanted.generation, wanted.counter);
	if seen != boot {
		let name = |(vm, generation, counter)| alloc::format!("boot {vm}/{generation}/{counter}");
		return Err(Rejection::new(RejectCode::Boot, "boot", name(seen), name(boot)));
	}
	let len = evidence.kem_pk.len();
	if len != KEM_KEY_LEN {
		return Err(Rejection::new(RejectCode::EvidenceLength, "kem_pk", len, KEM_KEY_LEN));
	}
	Ok(())
}

fn check_bindings(
	report: &AuthenticReport,
	evidence: &VmEvidence,
	wanted: &Boot,
	genesis: &Genesis,
) -> Check {
	let report = report.report();
	let data = vm_report_data(genesis, wanted, evidence);
	if report.report_data != data {
		let code = RejectCode::ReportData;
		return Err(Rejection::new(code, "REPORT_DATA", &report.report_data, &data));
	}
	let (config, holders) = (&wanted.config_hash, &wanted.holders_root);
	let data = vm_host_data(genesis, wanted.vm, wanted.generation, config, holders);
	if report.host_data != data {
		return Err(Rejection::new(RejectCode::HostData, "HOST_DATA", &report.host_data, &data));
	}
	Ok(())
}

/// The policy for hosts, except that only the ordered image is allowed.
struct OrderedImage<'a, P> {
	policy: &'a P,
	measurement: [u8; 48],
}

impl<P: PlatformPolicy> PlatformPolicy for OrderedImage<'_, P> {
	fn trust(&self, product: ProductLine) -> GenerationTrust {
		self.policy.trust(product)
	}

	fn guest_policy(&self) -> (u64, u64) {
		self.policy.guest_policy()
	}

	fn platform_info(&self) -> (u64, u64) {
		self.policy.platform_info()
	}

	fn mitigations(&self, cpu: CpuId) -> u64 {
		self.policy.mitigations(cpu)
	}

	fn tcb_floors(&self, cpu: CpuId) -> Option<TcbFloors> {
		self.policy.tcb_floors(cpu)
	}

	fn allows_measurement(&self, measurement: &[u8; 48]) -> bool {
		*measurement == self.measurement
	}
}
