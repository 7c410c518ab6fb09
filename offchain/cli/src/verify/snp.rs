use std::path::{Path, PathBuf};

use anyhow::{bail, Context};
use hcc_evidence::{
	crypto::RustCrypto,
	host::check_platform,
	snp::{
		self, AmdRoots, GuestPolicy, PlatformInfo, ProductLine, Report, TcbLayout, TcbVersion, Vek,
	},
	Check, RejectCode, Rejection, UnixSeconds,
};
use serde_json::{json, Map, Value};
use time::OffsetDateTime;

use super::policy::Policy;
use crate::{
	input::{self, Authority, HexBytes, Limit},
	outcome::Outcome,
};

/// Verify an AMD SEV-SNP attestation report.
///
/// Checks the certificate chain to AMD's pinned root, the validity periods, and the report's
/// signature. Compares the TCB and the chip in the certificate with the report. Rejects guests that
/// can be debugged and, under a VCEK, reports that mask their chip. Without --policy, VMPL and TCB
/// are displayed, but not checked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
	/// The report: 1184 raw bytes.
	#[arg(long, value_name = "FILE")]
	report: PathBuf,

	/// The chip's certificate, a VCEK or VLEK, in DER or PEM. Its chain may be in the same file.
	#[arg(long, value_name = "FILE")]
	vek: PathBuf,

	/// Trust these roots instead of AMD's: a folder with subfolders milan, genoa or turin, each
	/// with ark, ask and optionally asvk (.der, .pem, .crt or .cer).
	#[arg(long, value_name = "DIR")]
	roots: Option<PathBuf>,

	/// The time at which the certificates must be valid: a date, RFC 3339, or seconds since 1970
	/// [default: now].
	#[arg(long, value_name = "TIME", value_parser = input::instant)]
	now: Option<UnixSeconds>,

	/// The expected REPORT_DATA: 64 bytes.
	#[arg(long, value_name = "HEX", value_parser = input::hex_bytes)]
	report_data: Option<HexBytes>,

	/// Also check the report against this policy: guest policy, platform bits, TCB floors and
	/// launch measurements. The file is a JSON object in the format of `policy` in a chain spec's
	/// genesis, with platform, cpus, measurements and generations. With a policy, VMPL must be 0.
	#[arg(long, value_name = "FILE")]
	policy: Option<PathBuf>,

	/// A certificate revocation list of the root, in DER or PEM. Certificates on the list are
	/// rejected. The list must not have expired.
	#[arg(long, value_name = "FILE")]
	crl: Option<PathBuf>,

	/// Print one JSON object.
	#[arg(long)]
	pub(crate) json: bool,
}

pub(crate) fn verify(args: &Args) -> anyhow::Result<Outcome> {
	let report = input::read(&args.report, &Limit::REPORT)?;
	if report.len() != snp::REPORT_LEN {
		return Err(input::mismatch(&args.report, "a report of 1184 bytes", &report));
	}
	let vek = input::leaf(&args.vek)?;
	let roots = match &args.roots {
		Some(folder) => read_roots(folder)?,
		None => snp::roots(),
	};
	let now = match args.now {
		Some(now) => now,
		None => UnixSeconds(u64::try_from(OffsetDateTime::now_utc().unix_timestamp())?),
	};
	if args.report_data.as_ref().is_some_and(|wanted| wanted.0.len() != 64) {
		bail!("--report-data needs 64 bytes in hexadecimal");
	}

	let policy = args.policy.as_deref().map(Policy::read).transpose()?;
	let crls = args.crl.as_deref().map(|path| input::crls(path, snp::MAX_CRL)).transpose()?;

	let mut claims = Map::new();
	let mut product = None;
	let result = (|| -> Check {
		let parsed = Report::parse(&report)?;
		product = parsed.cpu.and_then(|cpu| cpu.product_line());
		claims = report_claims(&parsed, product);
		let vek = snp::verify_vek::<RustCrypto>(&vek, &roots, now)?;
		claims = report_claims(&parsed, Some(vek.product));
		claims.insert("vek_tcb".into(), tcb(vek.tcb));
		claims.insert("vek_not_before".into(), json!(input::rfc3339(vek.not_before)));
		claims.insert("vek_not_after".into(), json!(input::rfc3339(vek.not_after)));
		if let Some(crls) = &crls {
			check_revocation(crls, &vek, &roots, now)?;
		}
		let report = snp::authenticate::<RustCrypto>(&report, &vek, now)?;
		report.check_not_debuggable()?;
		if let Some(policy) = &policy {
			check_platform(&report, policy)?;
		}
		match &args.report_data {
			Some(wanted) if report.report().report_data != wanted.0.as_slice() => {
				Err(Rejection::new(
					RejectCode::ReportData,
					"REPORT_DATA",
					&report.report().report_data,
					wanted.0.as_slice(),
				))
			},
			_ => Ok(()),
		}
	})();
	Ok(Outcome { result: result.into(), claims })
}

/// Checks that the root has not revoked the certificate that issued the chip's certificate.
fn check_revocation(crls: &[Vec<u8>], vek: &Vek, roots: &[AmdRoots], now: UnixSeconds) -> Check {
	let root = roots.iter().find(|root| snp::ark_id(&root.ark) == vek.ark);
	let ark = root.map_or(&[][..], |root| &root.ark);
	let crl = input::crl_of(crls, ark).unwrap_or_default();
	let list = snp::UnverifiedCrl::parse(crl)?.verify::<RustCrypto>(ark, now)?;
	if now > list.next_update {
		let (code, until) = (RejectCode::CertificateValidity, list.next_update);
		return Err(Rejection::new(code, "nextUpdate", now.0, until.0));
	}
	if list.revoked.contains(&vek.issuer) {
		let wanted = "one that is not revoked";
		let code = RejectCode::CertificateRevoked;
		return Err(Rejection::new(code, "ASK serial", &vek.issuer, wanted));
	}
	Ok(())
}

fn read_roots(folder: &Path) -> anyhow::Result<Vec<AmdRoots>> {
	let certificate = |product: &Path, name: &str, which| -> anyhow::Result<Option<Vec<u8>>> {
		let found = ["der", "pem", "crt", "cer"].map(|end| product.join(name).with_extension(end));
		let found = found.iter().find(|path| path.exists());
		found.map(|path| input::authority(path, which)).transpose()
	};
	let mut roots = Vec::new();
	for product in ProductLine::ALL {
		let within = folder.join(product.name().to_lowercase());
		if !within.is_dir() {
			continue;
		}
		let missing = |name: &str| format!("{} has no {name}.der or {name}.pem", within.display());
		roots.push(AmdRoots {
			product,
			ark: certificate(&within, "ark", Authority::Ark)?.with_context(|| missing("ark"))?,
			ask: certificate(&within, "ask", Authority::Ask)?.with_context(|| missing("ask"))?,
			asvk: certificate(&within, "asvk", Authority::Asvk)?,
		});
	}
	if roots.is_empty() {
		bail!("{} contains none of the folders milan, genoa, turin", folder.display());
	}
	Ok(roots)
}

fn tcb(version: TcbVersion) -> Value {
	Value::Object(version.components().map(|(name, svn)| (name.to_owned(), json!(svn))).collect())
}

fn raw_tcb(raw: [u8; 8], product: Option<ProductLine>) -> Value {
	product
		.and_then(|product| TcbVersion::parse(raw, TcbLayout::from(product)))
		.map_or_else(|| json!(hex::encode(raw)), tcb)
}

fn report_claims(report: &Report, product: Option<ProductLine>) -> Map<String, Value> {
	let policy = report.policy;
	let (abi_major, abi_minor) = policy.abi();
	let platform = report.platform_info;
	let version = |v: snp::FirmwareVersion| format!("{}.{}.{}", v.major, v.minor, v.build);
	let claims = json!({
		"version": report.version,
		"product": product.map(ProductLine::name),
		"cpuid": report.cpu.map(|cpu| cpu.to_string()),
		"chip_id": hex::encode(report.chip_id),
		"measurement": hex::encode(report.measurement),
		"report_data": hex::encode(report.report_data),
		"host_data": hex::encode(report.host_data),
		"guest_svn": report.guest_svn,
		"vmpl": report.vmpl,
		"policy": {
			"raw": format!("{:#x}", policy.0),
			"abi": format!("{abi_major}.{abi_minor}"),
			"smt": policy.has(GuestPolicy::SMT),
			"migrate_ma": policy.has(GuestPolicy::MIGRATE_MA),
			"debug": policy.has(GuestPolicy::DEBUG),
			"single_socket": policy.has(GuestPolicy::SINGLE_SOCKET),
			"cxl_allow": policy.has(GuestPolicy::CXL_ALLOW),
			"mem_aes_256_xts": policy.has(GuestPolicy::MEM_AES_256_XTS),
			"rapl_dis": policy.has(GuestPolicy::RAPL_DIS),
			"ciphertext_hiding": policy.has(GuestPolicy::CIPHERTEXT_HIDING),
			"page_swap_disable": policy.has(GuestPolicy::PAGE_SWAP_DISABLE),
		},
		"platform_info": {
			"raw": format!("{:#x}", platform.0),
			"smt_en": platform.has(PlatformInfo::SMT_EN),
			"tsme_en": platform.has(PlatformInfo::TSME_EN),
			"ecc_en": platform.has(PlatformInfo::ECC_EN),
			"rapl_dis": platform.has(PlatformInfo::RAPL_DIS),
			"ciphertext_hiding_dram_en": platform.has(PlatformInfo::CIPHERTEXT_HIDING_DRAM_EN),
			"alias_check_complete": platform.has(PlatformInfo::ALIAS_CHECK_COMPLETE),
			"iommu_write_safe": platform.has(PlatformInfo::IOMMU_WRITE_SAFE),
			"tio_en": platform.has(PlatformInfo::TIO_EN),
		},
		"signing_key": format!("{:?}", report.flags.signing_key()).to_uppercase(),
		"family_id": hex::encode(report.family_id),
		"image_id": hex::encode(report.image_id),
		"id_key_digest": hex::encode(report.id_key_digest),
		"author_key_digest": hex::encode(report.author_key_digest),
		"report_id": hex::encode(report.report_id),
		"current_tcb": raw_tcb(report.current_tcb, product),
		"reported_tcb": raw_tcb(report.reported_tcb, product),
		"committed_tcb": raw_tcb(report.committed_tcb, product),
		"launch_tcb": raw_tcb(report.launch_tcb, product),
		"current_firmware": version(report.current_firmware),
		"committed_firmware": version(report.committed_firmware),
		"launch_mitigations": report.launch_mitigations.map(|bits| format!("{bits:#x}")),
		"current_mitigations": report.current_mitigations.map(|bits| format!("{bits:#x}")),
	});
	match claims {
		Value::Object(claims) => claims,
		_ => Map::new(),
	}
}
