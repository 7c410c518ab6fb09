//! Tests with a TPM that never answers, and with a software TPM. The tests with a software TPM need
//! `swtpm` and `tpm2-tools`, which `scripts/setup.sh` installs.

use std::{
	fs,
	net::TcpListener,
	process::{Child, Command, Stdio},
	thread,
	time::Instant,
};

use hcc_evidence::tpm::{
	credential_secret, make_credential, AttestationKey, EndorsementKey as CredentialKey, PublicKey,
};

use super::*;

const GENESIS: [u8; 32] = [0x47; 32];
const SEED: [u8; 32] = [0x5e; 32];
const EK_HANDLE: u32 = 0x8101_0001;

fn settings(tcti: &str, timeout: Duration) -> TpmSettings {
	TpmSettings {
		tcti: tcti.into(),
		ek_handle: None,
		ek_cert: None,
		endorsement_auth: Vec::new().into(),
		timeout,
	}
}

/// Returns listeners at a port and at the next higher port, for swtpm's commands and for its
/// control channel.
fn two_listeners() -> (TcpListener, TcpListener) {
	loop {
		let first = TcpListener::bind("127.0.0.1:0").expect("a port");
		let port = first.local_addr().expect("an address").port();
		let next = port.checked_add(1).map(|next| TcpListener::bind(("127.0.0.1", next)));
		if let Some(Ok(second)) = next {
			return (first, second);
		}
	}
}

fn tcti_of(listener: &TcpListener) -> String {
	let port = listener.local_addr().expect("an address").port();
	format!("swtpm:host=127.0.0.1,port={port}")
}

/// Starts a TPM that accepts connections and never answers. Returns its TCTI.
fn hanging_tpm() -> String {
	let (commands, control) = two_listeners();
	let tcti = tcti_of(&commands);
	for listener in [commands, control] {
		thread::spawn(move || {
			let mut connections = Vec::new();
			for connection in listener.incoming().flatten() {
				connections.push(connection);
			}
		});
	}
	tcti
}

#[test]
fn hanging_tpm_times_out_and_is_opened_again() {
	let limit = Duration::from_millis(300);
	let tpm = SharedTpm::new(settings(&hanging_tpm(), limit));
	let mut errors = Vec::new();
	let begun = Instant::now();
	for _ in 0..6 {
		errors.push(tpm.run(Tpm::pcrs).expect_err("it never answers"));
	}
	assert!(begun.elapsed() < Duration::from_secs(60), "each command has a time limit");
	let timeouts = errors.iter().filter(|error| matches!(error, TpmError::TimedOut(_))).count();
	assert_eq!(timeouts, 4, "one for each thread that may hang");
	assert!(matches!(errors.last(), Some(TpmError::Hanging(4))), "{errors:?}");
	let counters = tpm.counters();
	assert_eq!(counters.timeouts.get(), 4);
	assert_eq!(counters.failures.get(), 6);
}

#[test]
fn missing_tpm_is_described() {
	let tpm = SharedTpm::new(settings("device:/nowhere/tpm", Duration::from_secs(10)));
	let error = tpm.run(Tpm::pcrs).expect_err("there is no such device").to_string();
	assert!(error.contains("0xa") && error.contains("device exists"), "{error}");
}

/// A software TPM, with a folder for the files of the tools. The process of the TPM ends when this
/// value is dropped.
struct Swtpm {
	folder: tempfile::TempDir,
	process: Child,
	tcti: String,
}

impl Swtpm {
	fn start() -> Self {
		let folder = tempfile::tempdir().expect("a folder");
		let (commands, control) = two_listeners();
		let port = commands.local_addr().expect("an address").port();
		drop((commands, control));
		let tpm = Self { process: spawn(&folder, port), tcti: tcti(port), folder };
		for _ in 0..100 {
			if tpm.tool("tpm2_getcap properties-fixed").status().expect("tpm2-tools").success() {
				return tpm;
			}
			thread::sleep(Duration::from_millis(100));
		}
		panic!("swtpm does not respond");
	}

	fn tool(&self, line: &str) -> Command {
		let mut words = line.split(' ');
		let mut command = Command::new(words.next().expect("a command"));
		command.args(words).env("TPM2TOOLS_TCTI", &self.tcti).current_dir(self.folder.path());
		command.stdout(Stdio::null()).stderr(Stdio::null());
		command
	}

	/// Runs a tool, and then flushes the transient objects, because the TPM has room for only three
	/// of them.
	fn run(&self, line: &str) {
		let output = self.tool(line).stderr(Stdio::piped()).output().expect("tpm2-tools run");
		assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
		assert!(self.tool("tpm2_flushcontext -t").status().expect("tpm2-tools run").success());
	}

	fn shared(&self) -> SharedTpm {
		SharedTpm::new(self.settings())
	}

	fn settings(&self) -> TpmSettings {
		settings(&self.tcti, Duration::from_secs(30))
	}
}

fn tcti(port: u16) -> String {
	format!("swtpm:host=127.0.0.1,port={port}")
}

fn spawn(folder: &tempfile::TempDir, port: u16) -> Child {
	Command::new("swtpm")
		.args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear", "--tpmstate"])
		.arg(format!("dir={}", folder.path().display()))
		.args(["--server", &format!("type=tcp,bindaddr=127.0.0.1,port={port}")])
		.args(["--ctrl", &format!("type=tcp,bindaddr=127.0.0.1,port={}", port + 1)])
		.stdout(Stdio::null())
		.stderr(Stdio::null())
		.spawn()
		.expect("swtpm starts; scripts/setup.sh installs it")
}

impl Drop for Swtpm {
	fn drop(&mut self) {
		// The call fails only if the process has already ended.
		self.process.kill().unwrap_or_default();
		self.process.wait().expect("swtpm ends");
	}
}

#[test]
fn tpm_is_opened_once_and_again_after_failure() {
	let mut swtpm = Swtpm::start();
	let tpm = swtpm.shared();
	let key = tpm.run(Tpm::ak_public).expect("a key");
	tpm.run(Tpm::pcrs).expect("the PCRs");
	let opened = || tpm.counters().opened.get();
	assert_eq!(opened(), 1);
	swtpm.process.kill().expect("it runs");
	swtpm.process.wait().expect("it ends");
	let error = tpm.run(Tpm::ak_public).expect_err("the TPM was ended").to_string();
	assert!(error.contains("0xa"), "{error}");
	let port = swtpm.tcti.rsplit('=').next().and_then(|port| port.parse().ok()).expect("a port");
	swtpm.process = spawn(&swtpm.folder, port);
	let again = (0..100).find_map(|_| {
		thread::sleep(Duration::from_millis(100));
		tpm.run(Tpm::ak_public).ok()
	});
	assert_eq!(again, Some(key), "the key derives from the TPM's seed");
	assert_eq!(opened(), 2);
}

fn credential(ek: &CredentialKey, name: &[u8]) -> Credential {
	let made = make_credential(&GENESIS, &SEED, ek, name).expect("a credential is made");
	Credential { id_object: made.id_object, encrypted_secret: made.encrypted_secret }
}

/// Opens three credentials. The second one is faulty. Returns the results.
fn activated(tpm: &SharedTpm) -> Result<OpenedCredentials, TpmError> {
	let ek = tpm.run(Tpm::ek_public)?;
	let ek = match AttestationKey::from_tpmt_public(&ek).expect("TPMT_PUBLIC").key {
		PublicKey::Rsa(key) => CredentialKey::Rsa2048(key),
		other => panic!("not an RSA key: {other:?}"),
	};
	let ak = tpm.run(Tpm::ak_public)?;
	let ak = AttestationKey::from_tpmt_public(&ak).expect("TPMT_PUBLIC");
	let name = ak.name.expect("the key has a name");
	let of_other_key = credential(&ek, &[&name[..2], &[0; 32]].concat());
	let all = [credential(&ek, &name), of_other_key, credential(&ek, &name)];
	tpm.run(move |tpm| tpm.activate(&all))
}

fn assert_activated(opened: OpenedCredentials) {
	let secret = credential_secret(&GENESIS, &SEED);
	let opened: Vec<_> = opened.into_iter().map(Result::ok).collect();
	assert_eq!(opened, [Some(secret.to_vec()), None, Some(secret.to_vec())]);
}

#[test]
fn faulty_credential_does_not_affect_others() {
	let swtpm = Swtpm::start();
	assert_activated(activated(&swtpm.shared()).expect("the TPM answers"));
}

#[test]
fn persistent_key_and_authorisation_value_are_used() {
	let swtpm = Swtpm::start();
	swtpm.run(&format!("tpm2_createek -c {EK_HANDLE:#x} -G rsa -u ek.pub"));
	swtpm.run("tpm2_changeauth -c e secret");
	let error = activated(&swtpm.shared()).expect_err("the hierarchy has a value").to_string();
	assert!(error.contains("0x9a2") && error.contains("endorsement_auth_file"), "{error}");
	let settings = TpmSettings {
		ek_handle: Some(EK_HANDLE),
		endorsement_auth: b"secret".to_vec().into(),
		..swtpm.settings()
	};
	assert_activated(activated(&SharedTpm::new(settings)).expect("the TPM answers"));
	let settings = TpmSettings { ek_handle: Some(EK_HANDLE + 1), ..swtpm.settings() };
	let error = SharedTpm::new(settings).run(Tpm::ek_public).expect_err("no such key").to_string();
	assert!(error.contains("ek_handle"), "{error}");
}

#[test]
fn contents_of_nv_are_named_and_file_is_read() {
	let swtpm = Swtpm::start();
	let missing = swtpm.shared().run(Tpm::ek_certificate).expect_err("nothing is stored");
	assert!(matches!(missing, TpmError::NoCertificate), "{missing}");
	fs::write(swtpm.folder.path().join("nv"), [0x30, 0]).expect("written");
	swtpm.run("tpm2_nvdefine 0x01c00002 -s 2 -C o -a ownerread|ownerwrite|authread|authwrite");
	swtpm.run("tpm2_nvwrite 0x01c00002 -C o -i nv");
	let error = swtpm.shared().run(Tpm::ek_certificate).expect_err("a placeholder");
	assert!(
		matches!(error, TpmError::OtherContents { found: NvError::EmptySequence, .. }),
		"{error}"
	);
	assert!(error.to_string().contains("0x1c00002 holds an empty SEQUENCE"), "{error}");
	let (file, der) =
		(swtpm.folder.path().join("ek"), [&[0x30, 0x81, 0xc8][..], &[5; 200]].concat());
	fs::write(&file, &der).expect("written");
	let settings = TpmSettings { ek_cert: Some(file), ..swtpm.settings() };
	assert_eq!(SharedTpm::new(settings).run(Tpm::ek_certificate).expect("the file"), der);
}
