//! Outcomes of included calls, read from the state after their block.
//!
//! Events also contain the outcome of a call. But anyone can fill a block with so many events that
//! a node does not return them. So events serve only to explain why a call had no effect.

use hcc_evidence::host::{evidence_hash, subject_id};

use crate::{api, evidence::chips_of, AccountId32, ChainAt, ChainError, H256};

use api::runtime_types::pallet_compute::types::VmState;

/// Returns `true` if the state proves that a call of `signer` took effect. Returns `None` for a
/// call whose effect this program does not know.
///
/// `false` does not mean that the call failed: a later call may have changed the state again, and
/// some calls succeed without an effect.
pub(crate) async fn took_effect(
	call: &api::Call,
	signer: AccountId32,
	genesis: &[u8; 32],
	at: &ChainAt,
) -> Result<Option<bool>, ChainError> {
	let took = match call {
		api::Call::Attestation(call) => of_attestation(call, genesis, at).await?,
		api::Call::Verdicts(call) => of_verdicts(call, at).await?,
		api::Call::Registry(call) => of_registry(call, signer, at).await?,
		api::Call::Compute(call) => of_compute(call, at).await?,
		api::Call::Oracle(api::oracle::Call::report { validator, block, .. }) => {
			let reports = at.storage().fetch(api::storage().oracle().reports(), ()).await?;
			let mut reports = reports.decode()?.0.into_iter();
			Some(reports.any(|report| report.feeder == *validator && report.block == *block))
		},
		_ => None,
	};
	Ok(took)
}

async fn of_attestation(
	call: &api::attestation::Call,
	genesis: &[u8; 32],
	at: &ChainAt,
) -> Result<Option<bool>, ChainError> {
	use api::attestation::Call;
	let (chips, evidence) = match call {
		Call::submit_evidence { evidence } => (chips_of(at, evidence.miner).await?, evidence),
		Call::contest { chip, evidence, .. } => (vec![*chip], evidence),
		Call::submit_log { miner, from, .. } => {
			let address = api::storage().attestation().logs();
			let row = at.storage().try_fetch(address, (*miner,)).await?;
			let entries = row.map(|row| row.decode()).transpose()?.map(|log| log.0.entries);
			return Ok(Some(entries.is_some_and(|entries| entries > *from)));
		},
		_ => return Ok(None),
	};
	let hash = evidence_hash(evidence);
	for chip in chips {
		let subject = H256(subject_id(genesis, &chip, evidence.seq, &hash));
		let address = api::storage().attestation().contexts();
		if at.storage().try_fetch(address, (subject,)).await?.is_some() {
			return Ok(Some(true));
		}
	}
	Ok(Some(false))
}

async fn of_verdicts(call: &api::verdicts::Call, at: &ChainAt) -> Result<Option<bool>, ChainError> {
	use api::verdicts::Call;
	match call {
		Call::vote { validator, votes, finalised } => {
			let statements = at.storage().fetch(api::storage().clock().statements(), ()).await?;
			let mut statements = statements.decode()?.0.into_iter();
			let stated =
				statements.any(|row| row.validator == *validator && row.finalised >= *finalised);
			let mut took = stated;
			for vote in &votes.0 {
				took = took && has_vote(at, vote.subject, validator, vote.hash).await?;
			}
			Ok(Some(took))
		},
		Call::prove { subject, .. } => {
			let address = api::storage().verdicts().subjects();
			let row = at.storage().try_fetch(address, (*subject,)).await?;
			let row = row.map(|row| row.decode()).transpose()?;
			Ok(Some(row.is_some_and(|row| row.proven.is_some())))
		},
	}
}

/// Returns `true` if `validator` has voted for the finding with this hash on a subject.
async fn has_vote(
	at: &ChainAt,
	subject: H256,
	validator: &AccountId32,
	hash: H256,
) -> Result<bool, ChainError> {
	let address = api::storage().verdicts().subjects();
	let Some(row) = at.storage().try_fetch(address, (subject,)).await? else { return Ok(false) };
	let row = row.decode()?;
	let member = row.committee.0.iter().position(|member| member == validator);
	let is_cast = |member| {
		let cast = row.votes.0.iter().find(|cast| usize::from(cast.member) == member);
		let finding = cast.and_then(|cast| row.findings.0.get(usize::from(cast.finding)));
		finding.is_some_and(|finding| finding.hash == hash)
	};
	Ok(member.is_some_and(is_cast))
}

async fn of_registry(
	call: &api::registry::Call,
	signer: AccountId32,
	at: &ChainAt,
) -> Result<Option<bool>, ChainError> {
	use api::registry::Call;
	let registry = || api::storage().registry();
	let took = match call {
		Call::register { .. } => {
			at.storage().try_fetch(registry().miners(), (signer,)).await?.is_some()
		},
		Call::add_chip { chip } => {
			let row = at.storage().try_fetch(registry().miner_of_chip(), (*chip,)).await?;
			row.map(|row| row.decode()).transpose()? == Some(signer)
		},
		Call::enrol_tpm { miner, ak, .. } => {
			let row = at.storage().try_fetch(registry().enrolments(), (*miner,)).await?;
			let row = row.map(|row| row.decode()).transpose()?;
			row.is_some_and(|row| row.ak == *ak)
		},
		Call::answer_credentials { miner, .. } => {
			let row = at.storage().try_fetch(registry().enrolments(), (*miner,)).await?;
			let row = row.map(|row| row.decode()).transpose()?;
			row.is_some_and(|row| row.answered)
		},
		Call::post_credential { validator, miner, seed_hash, .. } => {
			let row = at.storage().try_fetch(registry().enrolments(), (*miner,)).await?;
			let members = row.map(|row| row.decode()).transpose()?.map(|row| row.committee.0);
			let own = members.into_iter().flatten().find(|member| member.validator == *validator);
			own.and_then(|own| own.posted).is_some_and(|posted| posted.seed_hash == *seed_hash)
		},
		Call::reveal_seed { validator, miner, .. } => {
			let row = at.storage().try_fetch(registry().enrolments(), (*miner,)).await?;
			let members = row.map(|row| row.decode()).transpose()?.map(|row| row.committee.0);
			let own = members.into_iter().flatten().find(|member| member.validator == *validator);
			own.and_then(|own| own.posted).is_some_and(|posted| posted.shown.is_some())
		},
		_ => return Ok(None),
	};
	Ok(Some(took))
}

async fn of_compute(call: &api::compute::Call, at: &ChainAt) -> Result<Option<bool>, ChainError> {
	use api::compute::Call;
	let took = match call {
		Call::boot { vm } => {
			let state = vm_state(at, *vm).await?;
			matches!(
				state,
				Some(VmState::Booting { .. } | VmState::Attested { .. } | VmState::Running { .. })
			)
		},
		Call::report_crash { vm } => {
			!matches!(vm_state(at, *vm).await?, Some(VmState::Running { .. }))
		},
		Call::confirm { confirmed } => {
			let confirmation = confirmed.confirmation;
			let address = api::storage().compute().boots();
			let row = at.storage().try_fetch(address, (confirmation.vm,)).await?;
			let row = row.map(|row| row.decode()).transpose()?;
			let wanted = (confirmation.generation, confirmation.boot_counter);
			row.is_some_and(|row| {
				(row.generation, row.counter) == wanted && row.confirmed.is_some()
			})
		},
		Call::attest { evidence } => {
			let address = api::storage().compute().boots();
			let row = at.storage().try_fetch(address, (evidence.vm,)).await?;
			let row = row.map(|row| row.decode()).transpose()?;
			let wanted = (evidence.generation, evidence.boot_counter);
			row.is_some_and(|row| (row.generation, row.counter) == wanted)
		},
		_ => return Ok(None),
	};
	Ok(Some(took))
}

async fn vm_state(at: &ChainAt, vm: u64) -> Result<Option<VmState>, ChainError> {
	let row = at.storage().try_fetch(api::storage().compute().vms(), (vm,)).await?;
	Ok(row.map(|row| row.decode()).transpose()?.map(|row| row.state))
}
