//! The certificate and key of a TPM that swtpm emulates, from `shared/vectors`.

use std::{
	env, fs,
	path::{Path, PathBuf},
};

/// Returns the folder of the TPM's files. `HCC_VECTORS` names the vectors; by default they are in
/// `shared/vectors` beside the project.
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

/// Returns the certificate (DER) of the issuing authority, or nothing if the vectors are absent.
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

/// Returns the certificate of the endorsement key, or `None` if the vectors are absent.
pub fn ek_certificate() -> Option<Vec<u8>> {
	let found = file("cloud61-tis/ek_rsa_cert.der");
	if found.is_none() {
		eprintln!("skipped: shared/vectors/ima-qemu is absent");
	}
	found
}

/// Returns the TPMT_PUBLIC of the attestation key, or `None` if the vectors are absent.
pub fn ak() -> Option<Vec<u8>> {
	Some(file("cloud61-tis/ak.pub")?.split_off(2))
}
