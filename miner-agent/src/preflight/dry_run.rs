//! Makes evidence of this host for an invented challenge, and evaluates it as the chain would.

use anyhow::Context as _;
use hcc_chain::{AccountId32, Chain};
use hcc_evidence::{
	crypto::RustCrypto,
	host::{evaluate, ChipHash, Collateral, Context, FoldedLog, Genesis, PolicyQuery, Verdict},
	snp::{verify_vek, Vek},
	tpm::{AttestationKey, Wanted},
};

use super::{
	fail,
	logs::{capacity, sha256_digests},
	pass,
	policy::ChainPolicy,
	skip, CheckResult,
};
use crate::{
	agent_vm,
	attest::{gather, Challenge},
	config::{certificate, Config},
	guest::Guest,
	host::Host,
	log::{Capacity, Log},
	monitor::Monitor,
	register::chip_of,
};

const ACCEPTED: &str = "evidence that the chain's policy accepts (dry run)";

/// Judges this host as the validators will judge it after a boot. Nothing is submitted: no chain
/// makes the nonce of this challenge, so that no account can use the evidence.
pub(super) async fn check(
	config: &Config,
	chain: Option<&Chain>,
	policy: Result<&ChainPolicy, &str>,
) -> CheckResult {
	let (Some(chain), Ok(policy)) = (chain, policy) else {
		return skip(ACCEPTED, policy.err().unwrap_or("needs a node"), "start a node");
	};
	match verdict(config, chain.genesis(), policy).await {
		Ok(Verdict::Accepted(accepted)) => {
			let entries = accepted.claims().boot.entries;
			let revision = policy.revision;
			let seen =
				format!("accepted by policy revision {revision}, with {entries} log entries");
			pass(ACCEPTED, seen)
		},
		Ok(Verdict::Rejected(why)) => {
			let remedy = why.code.info().remedy;
			fail(ACCEPTED, why, remedy)
		},
		Ok(Verdict::Undecided(_)) => {
			skip(ACCEPTED, "undecided: the chain lacks a revocation list", "post it: hcc policy")
		},
		Err(error) => fail(ACCEPTED, format!("{error:#}"), "correct what fails above"),
	}
}

/// Gathers evidence for an invented challenge and evaluates it.
async fn verdict(
	config: &Config,
	genesis: Genesis,
	policy: &ChainPolicy,
) -> anyhow::Result<Verdict> {
	let miner = config.miner(&config.hot()?)?;
	let host = Host::open(config.clone(), &Monitor::default())?;
	let address = agent_vm::address(config, genesis).await?;
	let report = Guest::meet(&address).await?.report;
	host.set_guest(Some(address));
	let (chip, reported_tcb) = chip_of(&report)?;
	let vek = vek(config, policy, chip, reported_tcb).await?;
	let capacity = capacity(config, policy);
	let log = Log::read(&config.ima_log)?;
	let submitted = submit_parts(&log, capacity, policy, &genesis, &miner).await?;
	let mut nonce = [0; 32];
	getrandom::fill(&mut nonce).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
	let challenge = Challenge {
		miner,
		chip,
		seq: 0,
		nonce,
		checkpoint: None,
		submitted: submitted.clone(),
		made: 0,
		deadline: u32::MAX,
		is_of_pause: false,
		boot_log_required: policy.boot_rules.is_some(),
	};
	let evidence = gather(&host, genesis, capacity, challenge).await?;
	let ak = host.tpm(|tpm| tpm.ak_public()).await.context("reading the attestation key")?;
	let ak = AttestationKey::from_tpmt_public(&ak)?;
	let collateral = Collateral {
		vek: &vek,
		revocation_current_until: Wanted::Any,
		ak: &ak,
		// The chain stores the name at enrolment, from this TPM.
		qualified_signer: Wanted::Any,
	};
	let context = Context {
		challenge: hcc_evidence::host::Challenge { genesis, miner: miner.0, chip, seq: 0, nonce },
		now: policy.now,
		boot: None,
		former: None,
		boot_profile: policy.boot_profile(&miner, chip).await?,
		log: submitted,
	};
	let extract = policy.answer(PolicyQuery::of(&evidence)).await?;
	Ok(evaluate::<RustCrypto, _>(&evidence, &collateral, &extract, &context))
}

/// Returns the chip's key: that of the configured certificate, or else that on the chain.
async fn vek(
	config: &Config,
	policy: &ChainPolicy,
	chip: ChipHash,
	reported_tcb: [u8; 8],
) -> anyhow::Result<Vek> {
	if let Some(path) = &config.vcek {
		return Ok(verify_vek::<RustCrypto>(&certificate(path)?, &policy.amd_roots, policy.now)?);
	}
	let vek = policy.vek(chip, reported_tcb).await?;
	vek.context("the chip's key is not registered: set vcek to its certificate")
}

/// Folds the beginning of a log that is too long for one piece of evidence, as the chain does when
/// a miner submits the log in parts.
async fn submit_parts(
	log: &Log,
	capacity: Capacity,
	policy: &ChainPolicy,
	genesis: &Genesis,
	miner: &AccountId32,
) -> anyhow::Result<Option<FoldedLog>> {
	let mut folded = None;
	for part in log.parts_before_evidence(capacity) {
		let records = log.records(part).unwrap_or_default();
		let files = sha256_digests(records).into_iter().collect();
		let extract = policy.extract(files, Vec::new()).await?;
		let revision = policy.revision;
		let next =
			FoldedLog::follow(folded.as_ref(), records, (&extract, revision), genesis, &miner.0)?;
		folded = Some(next);
	}
	Ok(folded)
}
