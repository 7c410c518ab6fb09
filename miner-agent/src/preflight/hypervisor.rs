//! Checks of libvirt, QEMU and the images of VMs.

use super::{fail, pass, policy::ChainPolicy, skip, CheckResult};
use crate::{
	config::Config,
	launcher::{self, SurveyedImage, Versions},
	LauncherConfig, LibvirtConfig,
};

const LIBVIRT: &str = "libvirt 10.5 or later, for SEV-SNP";
const QEMU: &str = "QEMU 9.1 or later, for SEV-SNP";
const IMAGES: &str = "images of SEV-SNP VMs whose firmware and other bytes are those on the chain";

/// The first versions that launch SEV-SNP guests, as libvirt encodes versions.
const MIN_LIBVIRT: u32 = 10_005_000;
const MIN_QEMU: u32 = 9_001_000;

/// Checks the launcher of VMs under libvirt, if one is configured.
pub(super) async fn check(
	config: &Config,
	policy: Result<&ChainPolicy, &str>,
) -> anyhow::Result<Vec<CheckResult>> {
	let Some(LauncherConfig::Libvirt(libvirt)) = &config.launcher else {
		let seen = "the configuration has no [launcher] of kind libvirt";
		let remedy = "add the section, so that the miner can run VMs";
		return Ok([LIBVIRT, QEMU, IMAGES].map(|what| skip(what, seen, remedy)).to_vec());
	};
	let versions = versions(launcher::versions(libvirt).await);
	let surveyed = (**libvirt).clone();
	let mut surveyed = tokio::task::spawn_blocking(move || survey(&surveyed)).await?;
	if let (Ok(images), Some(agent)) = (&mut surveyed, &config.agent_vm) {
		// Tenants cannot order the image of hccam, so the directory need not list it.
		images.retain(|image| image.folder != agent.image);
	}
	Ok(versions.into_iter().chain([images(libvirt, surveyed, policy).await]).collect())
}

fn survey(config: &LibvirtConfig) -> Result<Vec<SurveyedImage>, String> {
	launcher::survey_images(config).map_err(|error| error.to_string())
}

fn versions(versions: Result<Versions, String>) -> [CheckResult; 2] {
	let Versions { libvirt, vmm } = match versions {
		Ok(versions) => versions,
		Err(error) => {
			let remedy = "start libvirtd; correct uri in [launcher]";
			return [fail(LIBVIRT, error, remedy), skip(QEMU, "needs libvirt", "see above")];
		},
	};
	let judged = |what, version, least, remedy| {
		let seen = in_words(version);
		if version >= least {
			pass(what, seen)
		} else {
			fail(what, seen, remedy)
		}
	};
	[
		judged(LIBVIRT, libvirt, MIN_LIBVIRT, "install a later release of libvirt"),
		judged(QEMU, vmm, MIN_QEMU, "install a later release of QEMU, and restart libvirtd"),
	]
}

/// Writes a version that libvirt encodes as a number.
fn in_words(version: u32) -> String {
	format!("{}.{}.{}", version / 1_000_000, version / 1_000 % 1_000, version % 1_000)
}

/// Checks that each image is undamaged and in the chain's directory, since tenants order no other.
async fn images(
	config: &LibvirtConfig,
	surveyed: Result<Vec<SurveyedImage>, String>,
	policy: Result<&ChainPolicy, &str>,
) -> CheckResult {
	const PULL: &str = "fetch the image again: hcc image pull ID --out FOLDER";
	let surveyed = match surveyed {
		Ok(surveyed) => surveyed,
		Err(error) => return fail(IMAGES, error, "make the folder image_dir"),
	};
	let mut listed = Vec::new();
	for SurveyedImage { folder, image } in &surveyed {
		let folder = folder.display();
		let id = match image {
			Ok(id) => id,
			Err(error) => return fail(IMAGES, format!("{folder} is damaged: {error}"), PULL),
		};
		let policy = match policy {
			Ok(policy) => policy,
			Err(reason) => return skip(IMAGES, reason, "start a node"),
		};
		match policy.image_firmware(id).await {
			Ok(Some(firmware)) => {
				listed.push(format!("{folder} with firmware {}", hex::encode(firmware)));
			},
			Ok(None) => {
				let seen = format!("the chain does not list image {} in {folder}", hex::encode(id));
				let remedy = "remove the folder, or register the image (hcc image register)";
				return fail(IMAGES, seen, remedy);
			},
			Err(error) => return fail(IMAGES, format!("{error:#}"), "see the message"),
		}
	}
	if listed.is_empty() {
		let seen = format!("{} contains no image", config.image_dir.display());
		return fail(IMAGES, seen, "fetch one: hcc image list, hcc image pull ID --out FOLDER");
	}
	pass(IMAGES, listed.join(", "))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::preflight::Status;

	#[test]
	fn old_versions_fail() {
		let judged = |libvirt, vmm| {
			versions(Ok(Versions { libvirt, vmm })).map(|result| (result.status, result.seen))
		};
		let sufficient = judged(10_005_000, 9_001_000);
		assert_eq!(sufficient, ["10.5.0", "9.1.0"].map(|seen| (Status::Pass, seen.into())));
		let old = judged(10_004_999, 9_000_050);
		assert_eq!(old, ["10.4.999", "9.0.50"].map(|seen| (Status::Fail, seen.into())));
		let [libvirt, qemu] = versions(Err("no connection".into()));
		assert_eq!((libvirt.status, qemu.status), (Status::Fail, Status::Skip));
	}

	#[tokio::test]
	async fn damaged_and_absent_images_fail() {
		let config = LibvirtConfig::default();
		let damaged = SurveyedImage { folder: "/i/one".into(), image: Err("a byte".into()) };
		let result = images(&config, Ok(vec![damaged]), Err("no node")).await;
		assert_eq!(result.status, Status::Fail);
		assert!(result.seen.contains("/i/one is damaged: a byte"), "{}", result.seen);
		assert_eq!(images(&config, Ok(Vec::new()), Err("no node")).await.status, Status::Fail);
		assert_eq!(images(&config, Err("no folder".into()), Err("")).await.status, Status::Fail);
		let good = SurveyedImage { folder: "/i/one".into(), image: Ok([7; 32]) };
		let result = images(&config, Ok(vec![good]), Err("no node")).await;
		assert_eq!((result.status, &*result.seen), (Status::Skip, "no node"));
	}

	#[tokio::test]
	async fn launcher_of_processes_is_skipped() {
		let results = check(&Config::default(), Err("no node")).await.expect("checked");
		assert_eq!(results.len(), 3);
		assert!(results.iter().all(|result| result.status == Status::Skip));
	}
}
