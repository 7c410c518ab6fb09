//! The miner's host: a virtual machine under QEMU, with a TPM that swtpm emulates.

use std::{fs, path::Path, process::Stdio};

use anyhow::{bail, Context};
use hcc_chain::Submitter;
use hcc_evidence::host::{agent_host_data, Genesis};
use serde_json::{json, Value};
use sha2::{Digest, Sha256, Sha384};
use tokio::process::Command;

use super::{
	control,
	layout::Layout,
	rig::Rig,
	supervisor::{Program, Supervisor},
};
use crate::policy::{boot_parts, boot_spec, measured_digests};

/// The miner's accounts. They have well-known keys that no validator uses.
const OWNER: &str = "//Eve";
const HOT: &str = "//Ferdie";
/// The simulated chip that signs the host's reports.
const CHIP: &str = "alice";
/// The address of the computer that runs `hcc devnet`, in QEMU's user network.
const GATEWAY: &str = "10.0.2.2";
/// The port of the guest agent, and the vsock CID of the virtual machine itself. The virtual
/// machine cannot run an SEV-SNP guest. So the guest agent runs directly in the virtual machine,
/// beside the host agent, unless the rig runs it in a VM of its own.
const GUEST_PORT: u16 = 4050;
const LOOPBACK: u16 = 1;
/// The maximum number of bytes of the IMA log in one transaction. The limit is so low that the
/// virtual machine must submit its log in parts, as a large machine does.
const LOG_PART: usize = 2048;
/// A file of the host that states that hccam has a VM of its own.
const AGENT_VM: &str = "config/agent-vm";
/// The time limit of a TPM command in seconds. The machine's TPM is software, so it is fast.
const TPM_TIMEOUT: u64 = 10;
/// The path of the UEFI event log in the machine.
const BOOT_LOG: &str = "/sys/kernel/security/tpm0/binary_bios_measurements";

/// Makes the host, which will connect to the node at `rpc_port`. Returns the policy that the chain
/// needs for it. In a rig, the miner launches VMs by libvirt.
pub(crate) async fn make(
	layout: &Layout,
	packages: &Path,
	rpc_port: u16,
	rig: Option<&Rig>,
) -> anyhow::Result<Value> {
	let vendor = make_tpm(layout).await?;
	let mut download = Command::new(layout.script("packages.sh"));
	output_of(download.arg(packages)).await?;
	// Without a VM of its own, hccam runs beside the miner. The simulated secure processor then
	// states this measurement.
	let simulated: [u8; 48] = Sha384::digest("the guest of a devnet's host").into();
	let measurement = match rig.map(Rig::agent_measurement).transpose()?.flatten() {
		Some(measurement) => measurement,
		None => simulated,
	};
	let has_vm = measurement != simulated;
	let measurement = hex::encode(measurement);
	let miner = fs::read(layout.program("hcc-miner")).context("cannot read hcc-miner")?;
	let miner = hex::encode(Sha256::digest(miner));
	configure(layout, &measurement, &miner, rpc_port, rig).await?;
	if has_vm {
		layout.write(AGENT_VM, "")?;
	}
	let mut image = Command::new(layout.script("image.sh"));
	image.args([packages, layout.folder(), layout.programs()]).arg(layout.file("config"));
	output_of(&mut image).await?;
	Ok(json!({
		"tpmRoots": [format!("0x{}", hex::encode(vendor))],
		"measurements": [[format!("0x{measurement}"), "hostAgent"]],
		"files": files(layout)?,
		"required": [[format!("0x{miner}")]],
	}))
}

/// Returns a policy entry for each file that may run in the virtual machine.
fn files(layout: &Layout) -> anyhow::Result<Vec<Value>> {
	let mut digests = Vec::new();
	for tree in ["tree/initrd", "tree/root"] {
		digests.extend(measured_digests(&layout.file(tree))?);
	}
	digests.sort();
	digests.dedup();
	Ok(digests
		.into_iter()
		.map(|digest| json!({ "digest": format!("0x{digest}"), "rule": "allowed" }))
		.collect())
}

/// Creates a TPM with an EK certificate. Returns the root certificate of the TPM's vendor, in DER.
async fn make_tpm(layout: &Layout) -> anyhow::Result<Vec<u8>> {
	let ca = layout.file("ca");
	let state = layout.file("tpm");
	for folder in [&ca, &state] {
		fs::create_dir_all(folder)
			.with_context(|| format!("cannot create {}", folder.display()))?;
	}
	let within = |name: &str| ca.join(name).display().to_string();
	let options = layout.write("swtpm/localca.options", "")?;
	let localca = layout.write(
		"swtpm/localca.conf",
		format!(
			"statedir = {}\nsigningkey = {}\nissuercert = {}\ncertserial = {}\n",
			ca.display(),
			within("signkey.pem"),
			within("issuercert.pem"),
			within("certserial")
		),
	)?;
	let config = layout.write(
		"swtpm/setup.conf",
		format!(
			"create_certs_tool = swtpm_localca\ncreate_certs_tool_config = {}\ncreate_certs_tool_options = {}\nactive_pcr_banks = sha256\n",
			localca.display(),
			options.display()
		),
	)?;
	let mut setup = Command::new("swtpm_setup");
	setup
		.args(["--tpm2", "--create-ek-cert", "--pcr-banks", "sha256", "--lock-nvram"])
		.arg("--tpmstate")
		.arg(&state)
		.arg("--config")
		.arg(&config)
		.arg("--logfile")
		.arg(layout.logs().join("swtpm_setup.log"));
	output_of(&mut setup).await.context("cannot make the TPM (is swtpm-tools installed?)")?;
	let root = fs::read(ca.join("swtpm-localca-rootca-cert.pem"))
		.context("swtpm made no certificate authority")?;
	Ok(pem::parse(root)
		.context("invalid certificate of the certificate authority")?
		.into_contents())
}

/// Writes the files of the host's folder /etc/hcc.
async fn configure(
	layout: &Layout,
	measurement: &str,
	miner: &str,
	rpc_port: u16,
	rig: Option<&Rig>,
) -> anyhow::Result<()> {
	layout.write_key("config/owner.key", OWNER)?;
	layout.write_key("config/hot.key", HOT)?;
	let issuer = fs::read(layout.file("ca/issuercert.pem")).context("swtpm made no issuer")?;
	layout.write("config/issuer.pem", issuer)?;
	let mut vek = Command::new(layout.program("insecure-sim"));
	vek.args(["vek", "--chip", CHIP, "--out"]).arg(layout.file("config/vcek.der"));
	output_of(&mut vek).await?;
	let mut roots = Command::new(layout.program("insecure-sim"));
	roots.args(["roots", "--out"]).arg(layout.file("config/roots"));
	output_of(&mut roots).await?;
	let sections = match rig {
		Some(rig) => rig.miner_sections(GATEWAY, CHIP),
		None => "\n[launcher]\nkind = \"process\"\nprogram = \"/usr/bin/insecure-vm\"\n".into(),
	};
	layout.write(
		"config/miner.toml",
		format!(
			"node = \"ws://{GATEWAY}:{rpc_port}\"\nowner_key_file = \"/etc/hcc/owner.key\"\nhot_key_file = \"/etc/hcc/hot.key\"\n\
			 tcti = \"device:/dev/tpmrm0\"\ntpm_timeout = {TPM_TIMEOUT}\nek_chain = [\"/etc/hcc/issuer.pem\"]\nguest = \"vsock:{LOOPBACK}:{GUEST_PORT}\"\nvcek = \"/etc/hcc/vcek.der\"\n\
			 log_part = {LOG_PART}\nrun_dir = \"/run\"\n\
			 \n[offer]\nregion = 276\nvcpus = 16\nmemory = 65536\ndisk = 500\n{sections}"
		),
	)?;
	layout.write(
		"config/guest.toml",
		format!(
			"listen = \"vsock:{GUEST_PORT}\"\nhost_cid = {LOOPBACK}\nvek = [\"/etc/hcc/vcek.der\"]\n\
			 roots = \"/etc/hcc/roots\"\nlaunch_measurement = [\"{measurement}\"]\n\
			 miner_binary = [\"{miner}\"]\n"
		),
	)?;
	layout.write("config/reports", format!("--chip {CHIP} --measurement {measurement}\n"))?;
	Ok(())
}

/// Gives the simulated secure processor the HOST_DATA that a launcher sets: that of the miner's
/// agent on this chain. It lasts over reboots of the machine.
pub(crate) async fn set_host_data(layout: &Layout, genesis: &Genesis) -> anyhow::Result<()> {
	let miner = Submitter::from_uri(OWNER)?.account().0;
	let host_data = hex::encode(agent_host_data(genesis, &miner));
	let file = "/etc/hcc/reports";
	let change = format!(
		"echo \"$(cat {file}) --host-data {host_data}\" >/run/reports.new && cp /run/reports.new \
		 {file} && mv /run/reports.new /run/reports"
	);
	control::run(&layout.file("control.sock"), &change).await.map(drop)
}

/// Starts the machine.
pub(crate) fn start(
	layout: &Layout,
	packages: &Path,
	supervisor: &mut Supervisor<'_>,
) -> anyhow::Result<()> {
	supervisor.start(Program {
		name: "machine".into(),
		path: layout.script("start.sh"),
		arguments: vec![packages.into(), layout.folder().into()],
		log: layout.logs().join("qemu.log"),
	})
}

/// Adds the measured boot of the running machine to policy, as the reference values for the
/// machine's later boots.
pub(crate) async fn add_boot(
	layout: &Layout,
	policy: &mut Value,
	supervisor: &mut Supervisor<'_>,
) -> anyhow::Result<()> {
	let socket = layout.file("control.sock");
	let read = format!("xxd -p {BOOT_LOG}");
	let printed = tokio::select! {
		printed = control::run(&socket, &read) => printed?,
		() = supervisor.watch() => bail!("the machine has stopped"),
	};
	let letters: String = printed.split_whitespace().collect();
	let log = hex::decode(letters).context("invalid event log of the machine")?;
	let path = layout.write("boot.log", &log)?;
	policy["bootParts"] = json!(boot_spec(&boot_parts(&log, &path)?));
	policy["bootRules"] = json!({ "secureBoot": false });
	Ok(())
}

/// Runs a program until it exits, and returns its output.
pub(crate) async fn output_of(command: &mut Command) -> anyhow::Result<Vec<u8>> {
	let name = command.as_std().get_program().to_string_lossy().into_owned();
	let output = command
		.stdin(Stdio::null())
		.kill_on_drop(true)
		.output()
		.await
		.with_context(|| format!("cannot start {name}"))?;
	if !output.status.success() {
		let said = String::from_utf8_lossy(&output.stderr);
		let last: Vec<_> = said.lines().rev().take(5).collect();
		let last: Vec<_> = last.into_iter().rev().collect();
		bail!("{name} failed ({}): {}", output.status, last.join("; "));
	}
	Ok(output.stdout)
}
