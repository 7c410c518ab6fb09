//! Tests with a software TPM, which tpm2-tools control. It must activate credentials, and its
//! quotes must verify.
//!
//! The tests need `swtpm` and `tpm2-tools`, which `scripts/setup.sh` installs.

use std::{
	fs,
	net::TcpListener,
	path::PathBuf,
	process::{Child, Command, Stdio},
	thread,
	time::Duration,
};

use hcc_evidence::{
	crypto::{P256Key, RustCrypto},
	tpm::{
		credential_secret, make_credential, verify_quote, AttestationKey, EndorsementKey, PcrBank,
		PcrSelection, PcrValues, PublicKey, QuoteRequest, Sha1, Signature, Wanted,
	},
	RejectCode,
};

const GENESIS: [u8; 32] = [0x47; 32];
const SEED: [u8; 32] = [0x5e; 32];

/// A running software TPM with a folder for the files of the tools. Its process ends on drop.
struct Swtpm {
	folder: tempfile::TempDir,
	process: Child,
	tcti: String,
}

impl Swtpm {
	fn start() -> Self {
		let folder = tempfile::tempdir().expect("a folder");
		let port = two_ports();
		let process = Command::new("swtpm")
			.args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear", "--tpmstate"])
			.arg(format!("dir={}", folder.path().display()))
			.args(["--server", &format!("type=tcp,bindaddr=127.0.0.1,port={port}")])
			.args(["--ctrl", &format!("type=tcp,bindaddr=127.0.0.1,port={}", port + 1)])
			.stdout(Stdio::null())
			.stderr(Stdio::null())
			.spawn()
			.expect("swtpm starts; scripts/setup.sh installs it");
		let tcti = format!("swtpm:host=127.0.0.1,port={port}");
		let tpm = Self { folder, process, tcti };
		tpm.wait();
		tpm
	}

	fn wait(&self) {
		for _ in 0..100 {
			let ready = self.command("tpm2_getcap properties-fixed").status().expect("tpm2-tools");
			if ready.success() {
				return;
			}
			thread::sleep(Duration::from_millis(100));
		}
		panic!("swtpm does not respond");
	}

	fn command(&self, line: &str) -> Command {
		let mut words = line.split(' ');
		let mut command = Command::new(words.next().expect("a command"));
		command.args(words).env("TPM2TOOLS_TCTI", &self.tcti).current_dir(self.folder.path());
		command.stdout(Stdio::null()).stderr(Stdio::null());
		command
	}

	/// Runs a tool and then flushes the transient objects, because the TPM has room for only three.
	fn run(&self, line: &str) {
		let output = self
			.command(line)
			.stderr(Stdio::piped())
			.output()
			.expect("tpm2-tools run; scripts/setup.sh installs them");
		assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
		let flushed = self.command("tpm2_flushcontext -t").status().expect("tpm2-tools run");
		assert!(flushed.success(), "the tpm flushes");
	}

	fn path(&self, name: &str) -> PathBuf {
		self.folder.path().join(name)
	}

	fn file(&self, name: &str) -> Vec<u8> {
		fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
	}
}

impl Drop for Swtpm {
	fn drop(&mut self) {
		// An error means that the process has ended already.
		self.process.kill().unwrap_or_default();
		self.process.wait().expect("swtpm ends");
	}
}

/// Returns a free port whose successor is also free.
fn two_ports() -> u16 {
	loop {
		let first = TcpListener::bind("127.0.0.1:0").expect("a port");
		let port = first.local_addr().expect("an address").port();
		let next = port.checked_add(1).map(|next| TcpListener::bind(("127.0.0.1", next)));
		if let Some(Ok(_)) = next {
			return port;
		}
	}
}

/// Decodes the public area of an endorsement key.
fn endorsement_key(public: &[u8]) -> EndorsementKey {
	match AttestationKey::from_tpm2b_public(public).expect("TPM2B_PUBLIC").key {
		PublicKey::Rsa(key) => EndorsementKey::Rsa2048(key),
		PublicKey::P256(P256Key { x, y }) => EndorsementKey::P256(P256Key { x, y }),
		other => panic!("no credential is made for {}", other.name()),
	}
}

/// Encodes a credential in the file format of tpm2-tools.
fn tools_credential(id_object: &[u8], encrypted_secret: &[u8]) -> Vec<u8> {
	[&0xbadc_c0deu32.to_be_bytes()[..], &1u32.to_be_bytes(), id_object, encrypted_secret].concat()
}

fn activates(algorithm: &str) {
	let tpm = Swtpm::start();
	tpm.run(&format!("tpm2_createek -c ek.ctx -G {algorithm} -u ek.pub"));
	tpm.run("tpm2_createak -C ek.ctx -c ak.ctx -G ecc -g sha256 -s ecdsa -u ak.pub -n ak.name");
	let ek = endorsement_key(&tpm.file("ek.pub"));
	let ak = AttestationKey::from_tpm2b_public(&tpm.file("ak.pub")).expect("TPM2B_PUBLIC");
	assert_eq!(ak.name, Some(tpm.file("ak.name")));

	let credential =
		make_credential(&GENESIS, &SEED, &ek, &tpm.file("ak.name")).expect("a credential is made");
	let file = tools_credential(&credential.id_object, &credential.encrypted_secret);
	fs::write(tpm.path("credential"), file).expect("the credential is written");
	tpm.run("tpm2_startauthsession --policy-session -S session.ctx");
	tpm.run("tpm2_policysecret -S session.ctx -c e");
	tpm.run(
		"tpm2_activatecredential -c ak.ctx -C ek.ctx -i credential -o secret -P session:session.ctx",
	);
	assert_eq!(tpm.file("secret"), credential_secret(&GENESIS, &SEED));
}

#[test]
fn tpm_activates_credential_for_rsa_ek() {
	activates("rsa");
}

#[test]
fn tpm_activates_credential_for_ecc_ek() {
	activates("ecc");
}

fn quotes(algorithm: &str, scheme: &str) {
	let tpm = Swtpm::start();
	tpm.run("tpm2_createek -c ek.ctx -G rsa -u ek.pub");
	tpm.run(&format!(
		"tpm2_createak -C ek.ctx -c ak.ctx -G {algorithm} -g sha256 -s {scheme} -u ak.pub"
	));
	tpm.run("tpm2_readpublic -c ak.ctx -q ak.qname");
	tpm.run(&format!("tpm2_pcrextend 10:sha256={}", "ab".repeat(32)));
	let list = "sha256:0,1,2,3,4,5,6,7,8,9,10,14";
	tpm.run(&format!(
		"tpm2_quote -c ak.ctx -l {list} -q 0011223344 --scheme {scheme} -g sha256 -m attest -s signature -f tss -o values -F values"
	));

	let key = AttestationKey::from_tpm2b_public(&tpm.file("ak.pub")).expect("TPM2B_PUBLIC");
	let attest = tpm.file("attest");
	let signature = Signature::parse(&tpm.file("signature")).expect("TPMT_SIGNATURE");
	let indices = [0u8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14];
	let values = tpm.file("values");
	let values = indices.into_iter().zip(values.chunks(32));
	let values =
		PcrValues(values.map(|(at, value)| (PcrBank::Sha256, at, value.to_vec())).collect());
	let signer = tpm.file("ak.qname");
	let selections = [PcrSelection { bank: PcrBank::Sha256, mask: 0x47ff }];
	let verify = |nonce: &[u8]| {
		let request = QuoteRequest {
			nonce: Wanted::Exactly(nonce),
			sha1: Sha1::Refuse,
			selections: Wanted::Exactly(&selections),
			qualified_signer: Wanted::Exactly(&signer),
			values: Wanted::Exactly(&values),
		};
		verify_quote::<RustCrypto>(&attest, &signature, &key, &request)
			.map(drop)
			.map_err(|refused| refused.code)
	};
	assert_eq!(verify(&[0x00, 0x11, 0x22, 0x33, 0x44]), Ok(()));
	assert_eq!(verify(&[0x00]), Err(RejectCode::QuoteNonce));
}

#[test]
fn ecdsa_quote_verifies() {
	quotes("ecc", "ecdsa");
}

#[test]
fn rsassa_quote_verifies() {
	quotes("rsa", "rsassa");
}

#[test]
fn rsapss_quote_verifies() {
	quotes("rsa", "rsapss");
}
