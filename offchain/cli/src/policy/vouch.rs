use std::{
	fs, io,
	path::{Path, PathBuf},
};

use anyhow::{ensure, Context};
use hcc_chain::{api, Chain};
use hcc_evidence::{
	ima::{FileSignature, Records},
	tpm::{AttestationKey, PublicKey},
};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
	chain::{connected, NODE},
	input::{self, Limit},
	key::KeyArgs,
	output::outln,
};

use api::runtime_types::bounded_collections::bounded_vec::BoundedVec;

/// Maximum number of files in one transaction: `MAX_VOUCHED` of the policy pallet.
const FILES_PER_CALL: usize = 16;
/// The maximum length of a value of `security.ima`, in bytes.
const MAX_SIGNATURE: usize = 9 + 512;

/// Submit vouchers for files that a trusted signer has signed. The chain verifies each signature
/// once, and allows the file from its next policy revision on.
///
/// Signatures have the format of the kernel's integrity subsystem (`security.ima`, over SHA-256),
/// as `evmctl ima_sign` makes them. The command reads them from an IMA log of the template ima-sig,
/// or from FILE.sig beside each file, as `evmctl ima_sign --sigfile` writes them. The account pays
/// a deposit for each voucher. The chain returns it once trust in the signer is revoked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
	/// The signer's public key or certificate, in PEM or DER.
	#[arg(long, value_name = "FILE")]
	signer: PathBuf,

	/// An IMA log: /sys/kernel/security/ima/binary_runtime_measurements.
	#[arg(long, value_name = "FILE")]
	log: Option<PathBuf>,

	/// Signed files, each with its signature in FILE.sig.
	files: Vec<PathBuf>,

	#[command(flatten)]
	key: KeyArgs,

	/// The WebSocket URL of a node.
	#[arg(long, value_name = "URL", default_value = NODE)]
	node: String,

	/// Print one JSON object.
	#[arg(long)]
	json: bool,
}

/// A file's digest, and the value of its attribute `security.ima`.
type Signed = ([u8; 32], Vec<u8>);

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
	ensure!(args.log.is_some() || !args.files.is_empty(), "give --log or files: see --help");
	let (signer, key) = signer(&args.signer)?;
	let signed = signed(args, &key)?;
	ensure!(!signed.is_empty(), "found no file that {} has signed", args.signer.display());
	let found = signed.len();
	let submitter = args.key.submitter()?;
	let vouched = connected(&args.node, async |chain| {
		let new = unknown(&chain, signer, signed).await?;
		for (done, part) in new.chunks(FILES_PER_CALL).enumerate() {
			let files = part.iter().map(|(digest, bytes)| (*digest, BoundedVec(bytes.clone())));
			let call = api::tx().policy().vouch(signer, BoundedVec(files.collect()));
			submitter.submit(&chain, &call).await.context("vouching")?;
			if !args.json {
				outln!("{} of {} files", done * FILES_PER_CALL + part.len(), new.len());
			}
		}
		Ok(new.len())
	})?;
	if args.json {
		outln!("{}", json!({ "vouched": vouched, "known": found - vouched }));
	} else {
		outln!("submitted vouchers for {vouched} files; {} had one already", found - vouched);
	}
	Ok(())
}

/// Reads the signer's key, and computes its id on the chain.
fn signer(path: &Path) -> anyhow::Result<([u8; 32], PublicKey)> {
	let der = input::public_key(path)?;
	let key =
		AttestationKey::from_spki(&der).with_context(|| format!("in {}", path.display()))?.key;
	Ok((Sha256::digest(&der).into(), key))
}

/// Returns the files that the signer has signed, in ascending order of their digests.
fn signed(args: &Args, key: &PublicKey) -> anyhow::Result<Vec<Signed>> {
	let mut signed = Vec::new();
	if let Some(path) = &args.log {
		let log = input::read(path, &Limit::IMA_LOG)?;
		signed.extend(signed_in_log(&log, key).with_context(|| format!("in {}", path.display()))?);
	}
	for file in &args.files {
		signed.push(read_signed(file, key)?);
	}
	signed.sort();
	signed.dedup_by(|later, earlier| later.0 == earlier.0);
	Ok(signed)
}

/// Returns the files of an IMA log that the signer has signed. Skips files with a signature by
/// another signer or in another format.
fn signed_in_log(log: &[u8], key: &PublicKey) -> anyhow::Result<Vec<Signed>> {
	let mut signed = Vec::new();
	for record in Records::new(log, 0) {
		let record = record?;
		let (Some(bytes), Ok(("sha256", digest))) = (record.signature(), record.file_digest())
		else {
			continue;
		};
		let Ok(digest) = <[u8; 32]>::try_from(digest) else { continue };
		let holds = FileSignature::parse(bytes).and_then(|found| found.verify(key, &digest));
		if holds.is_ok() && bytes.len() <= MAX_SIGNATURE {
			signed.push((digest, bytes.to_vec()));
		}
	}
	Ok(signed)
}

/// Reads a file and its signature in FILE.sig. Fails if the signature is invalid.
fn read_signed(file: &Path, key: &PublicKey) -> anyhow::Result<Signed> {
	let unreadable = || format!("cannot read {}", file.display());
	let mut content = fs::File::open(file).with_context(unreadable)?;
	// Reading a device might never end.
	let is_file = content.metadata().with_context(unreadable)?.is_file();
	ensure!(is_file, "{} is not a regular file", file.display());
	let mut hasher = Sha256::new();
	io::copy(&mut content, &mut hasher).with_context(unreadable)?;
	let mut signature_path = file.as_os_str().to_owned();
	signature_path.push(".sig");
	let signature_path = PathBuf::from(signature_path);
	let bytes = input::read(&signature_path, &Limit::KEY)?;
	let digest = hasher.finalize().into();
	FileSignature::parse(&bytes)
		.and_then(|found| found.verify(key, &digest))
		.with_context(|| format!("in {}", signature_path.display()))?;
	Ok((digest, bytes))
}

/// Returns the files that have no voucher by the signer.
async fn unknown(
	chain: &Chain,
	signer: [u8; 32],
	signed: Vec<Signed>,
) -> anyhow::Result<Vec<Signed>> {
	let at = chain.best().await?;
	let address = api::storage().policy().file_signers();
	let trusted = at.storage().try_fetch(address, (signer,)).await?.is_some();
	ensure!(trusted, "the chain does not trust signer 0x{}", hex::encode(signer));
	let mut unknown = Vec::new();
	for file in signed {
		let address = api::storage().policy().vouched();
		let vouchers = match at.storage().try_fetch(address, (file.0,)).await? {
			Some(row) => row.decode()?.0,
			None => Vec::new(),
		};
		if !vouchers.iter().any(|voucher| voucher.signer == signer) {
			unknown.push(file);
		}
	}
	Ok(unknown)
}
