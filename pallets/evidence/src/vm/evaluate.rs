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

/// What the chain wants to see of a boot: the order that it is of, its number and its nonce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
	pub vm: VmId,
	pub generation: u32,
	pub counter: u32,
	pub nonce: Hash256,
	pub config_hash: Hash256,
	pub holders_root: Hash256,
	/// The launch measurement of the image that was ordered.
	pub measurement: [u8; 48],
}

/// What accepted evidence of a VM states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmClaims {
	/// The chip on which the VM runs.
	pub chip: ChipHash,
	/// How far that chip's product line is trusted.
	pub trust: GenerationTrust,
}

/// Judges a VM's evidence by `vek`, a key of a chip of the miner that was to boot it: pure, as [`crate::host::evaluate`].
///
/// Of the platform it asks what policy asks of hosts; of the guest, that it is the image that was ordered.
///
/// Costs one P-384 verification.
///
/// ## Errors
/// As `evaluate` for hosts; [`RejectCode::Boot`], [`RejectCode::HostData`].
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
	check_platform(&report, &ForImage { policy, measurement: wanted.measurement })?;
	let chip = chip_hash(vek.product, &hardware_id);
	Ok(VmClaims { chip, trust: policy.trust(vek.product) })
}

/// Evidence of another boot is refused before anything is verified.
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

/// What is acceptable of hosts, but of the image that a tenant has ordered.
struct ForImage<'a, P> {
	policy: &'a P,
	measurement: [u8; 48],
}

impl<P: PlatformPolicy> PlatformPolicy for ForImage<'_, P> {
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
