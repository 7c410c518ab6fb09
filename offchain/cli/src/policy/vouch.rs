use std::path::{Path, PathBuf};

use anyhow::{bail, ensure, Context};
use hcc_chain::{api, Chain, Submitter};
use hcc_evidence::{
	ima::{FileSignature, Records},
	tpm::{AttestationKey, PublicKey},
};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::chain::{connected, NODE};

use api::runtime_types::bounded_collections::bounded_vec::BoundedVec;

/// For how many files one transaction vouches: `MAX_VOUCHED` of the policy pallet.
const AT_ONCE: usize = 16;
/// The longest value of `security.ima` that is taken.
const MAX_SIGNATURE: usize = 9 + 512;

/// Vouch for files that a trusted signer has signed: the chain verifies each signature once, and allows the file from its next revision of policy on.
///
/// Signatures are those of the kernel's integrity subsystem, `security.ima`, over SHA-256, as `evmctl ima_sign` makes them. They are found in a measurement log of the template ima-sig, or in files beside those that they
/// sign, as `evmctl ima_sign --sigfile` writes them: FILE.sig. Each takes a deposit until the signer is trusted no more.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
	/// The signer's public key, PEM or DER (`openssl x509 -pubkey -noout` takes it out of a certificate).
	#[arg(long, value_name = "FILE")]
	signer: PathBuf,

	/// A measurement log: /sys/kernel/security/ima/binary_runtime_measurements.
	#[arg(long, value_name = "FILE")]
	log: Option<PathBuf>,

	/// Files that are signed, each with its signature beside it in FILE.sig.
	files: Vec<PathBuf>,

	/// A file with the secret URI of the account that vouches: a phrase, or a seed in hexadecimal.
	#[arg(long, value_name = "FILE")]
	key_file: PathBuf,

	/// The node.
	#[arg(long, value_name = "URL", default_value = NODE)]
	node: String,

	/// Print one JSON object.
	#[arg(long)]
	json: bool,
}

/// A file and the value of its `security.ima`.
type Signed = ([u8; 32], Vec<u8>);

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
	ensure!(args.log.is_some() || !args.files.is_empty(), "give --log or files: see --help");
	let (signer, key) = signer(&args.signer)?;
	let signed = signed(args, &key)?;
	ensure!(!signed.is_empty(), "nothing of it is signed by {}", args.signer.display());
	let found = signed.len();
	let uri = std::fs::read_to_string(&args.key_file)
		.with_context(|| format!("cannot read {}", args.key_file.display()))?;
	let submitter =
		Submitter::from_uri(&uri).with_context(|| format!("in {}", args.key_file.display()))?;
	let vouched = connected(&args.node, async |chain| {
		let new = unknown(&chain, signer, signed).await?;
		for (done, part) in new.chunks(AT_ONCE).enumerate() {
			let files = part.iter().map(|(digest, bytes)| (*digest, BoundedVec(bytes.clone())));
			let call = api::tx().policy().vouch(signer, BoundedVec(files.collect()));
			submitter.submit(&chain, &call).await.context("vouching")?;
			if !args.json {
				println!("{} of {} files", done * AT_ONCE + part.len(), new.len());
			}
		}
		Ok(new.len())
	})?;
	if args.json {
		println!("{}", json!({ "vouched": vouched, "known": found - vouched }));
	} else {
		println!("vouched for {vouched} files; {} were known", found - vouched);
	}
	Ok(())
}

/// The signer's id on chain, and its key.
fn signer(path: &Path) -> anyhow::Result<([u8; 32], PublicKey)> {
	let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
	let der = if bytes.starts_with(b"-----BEGIN") {
		let parsed = pem::parse(&bytes).with_context(|| format!("in {}", path.display()))?;
		if parsed.tag() != "PUBLIC KEY" {
			bail!("{} holds a {}, where a PUBLIC KEY is wanted", path.display(), parsed.tag());
		}
		parsed.into_contents()
	} else {
		bytes
	};
	let key =
		AttestationKey::from_spki(&der).with_context(|| format!("in {}", path.display()))?.key;
	Ok((Sha256::digest(&der).into(), key))
}

/// The files that the signer has signed, in ascending order.
fn signed(args: &Args, key: &PublicKey) -> anyhow::Result<Vec<Signed>> {
	let mut signed = Vec::new();
	if let Some(path) = &args.log {
		let log = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
		signed.extend(in_log(&log, key).with_context(|| format!("in {}", path.display()))?);
	}
	for file in &args.files {
		signed.push(beside(file, key)?);
	}
	signed.sort();
	signed.dedup_by(|later, earlier| later.0 == earlier.0);
	Ok(signed)
}

/// What a measurement log shows that the signer has signed. Signatures of others, and of other kinds, are passed over.
fn in_log(log: &[u8], key: &PublicKey) -> anyhow::Result<Vec<Signed>> {
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

/// A file with its signature beside it, which must hold.
fn beside(file: &Path, key: &PublicKey) -> anyhow::Result<Signed> {
	let content = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
	let mut beside = file.as_os_str().to_owned();
	beside.push(".sig");
	let beside = PathBuf::from(beside);
	let bytes =
		std::fs::read(&beside).with_context(|| format!("cannot read {}", beside.display()))?;
	let digest = Sha256::digest(&content).into();
	FileSignature::parse(&bytes)
		.and_then(|found| found.verify(key, &digest))
		.with_context(|| format!("in {}", beside.display()))?;
	Ok((digest, bytes))
}

/// The files for which nobody has vouched by that signer.
async fn unknown(
	chain: &Chain,
	signer: [u8; 32],
	signed: Vec<Signed>,
) -> anyhow::Result<Vec<Signed>> {
	let at = chain.best().await?;
	let address = api::storage().policy().file_signers();
	let trusted = at.storage().try_fetch(address, (signer,)).await?.is_some();
	ensure!(trusted, "the chain trusts no signer 0x{}", hex::encode(signer));
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
