//! A real TPM's certificate and key: swtpm's, of `shared/vectors`.

use std::{
	env, fs,
	path::{Path, PathBuf},
};

/// Where that TPM's files are: beside the project, or where `HCC_VECTORS` says.
fn folder() -> PathBuf {
	let beside = || {
		let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
		above.map(|folder| folder.join("shared/vectors")).find(|folder| folder.is_dir())
	};
	let vectors = env::var_os("HCC_VECTORS").map(Into::into).or_else(beside);
	vectors.unwrap_or_default().join("ima-qemu")
}

fn file(name: &str) -> Option<Vec<u8>> {
	fs::read(folder().join(name)).ok()
}

/// The authority that issued the certificate, DER; empty where the vectors are absent.
pub fn ca() -> Vec<u8> {
	let files = fs::read_dir(folder().join("swtpm-ca")).into_iter().flatten().flatten();
	files
		.filter(|file| file.file_name().to_string_lossy().contains("issuer"))
		.find_map(|file| {
			let text = fs::read(file.path()).ok()?;
			Some(pem::parse(text).ok()?.into_contents())
		})
		.unwrap_or_default()
}

/// The certificate of the endorsement key.
pub fn ek_certificate() -> Option<Vec<u8>> {
	let found = file("cloud61-tis/ek_rsa_cert.der");
	if found.is_none() {
		eprintln!("skipped: shared/vectors/ima-qemu is absent");
	}
	found
}

/// TPMT_PUBLIC of the attestation key.
pub fn ak() -> Option<Vec<u8>> {
	Some(file("cloud61-tis/ak.pub")?.split_off(2))
}
