//! Enrols the TPM: submits the certificate of its endorsement key, opens the validators'
//! credentials, and submits the answers.

use std::time::Duration;

use anyhow::Context;
use hcc_chain::{api, AccountId32, Chain, ChainError, Submitter};

use crate::{host::Host, tpm::Credential};

/// Interval between two reads of the enrolment's state.
const POLL_EVERY: Duration = Duration::from_secs(3);
/// Number of blocks that the agent waits for further credentials after more than two thirds of the
/// committee have posted one.
const WAIT_BLOCKS: u64 = 2;

type Enrolment = api::runtime_types::pallet_registry::types::Enrolment<AccountId32, u128>;
use api::runtime_types::bounded_collections::bounded_vec::BoundedVec;

/// Enrols the TPM, unless its attestation key is already enrolled.
pub(crate) async fn ensure_enrolled(
	chain: &Chain,
	host: &Host,
	hot: &Submitter,
	miner: &AccountId32,
) -> anyhow::Result<()> {
	let ak = host.tpm(|tpm| tpm.ak_public()).await?;
	let mut enough_since = None;
	loop {
		host.monitor.attesting.beat();
		let at = chain.best().await?;
		let tpms = api::storage().registry().tpms();
		if let Some(row) = at.storage().try_fetch(tpms, (*miner,)).await? {
			if row.decode()?.ak.0 == ak {
				return Ok(());
			}
			tracing::warn!("another attestation key is enrolled: the TPM was replaced or reset");
		}
		let address = api::storage().registry().enrolments();
		let open = match at.storage().try_fetch(address, (*miner,)).await? {
			Some(row) => Some(row.decode()?).filter(|open| open.ak.0 == ak),
			None => None,
		};
		// The row of an enrolment remains after its deadline. If it has expired, enrolment starts
		// from the beginning.
		let tick = at.storage().fetch(api::storage().clock().current_tick(), ()).await?;
		let tick = tick.decode()?;
		let open = open.filter(|open| open.deadline >= tick);
		match open {
			None => begin(chain, host, hot, miner, &ak).await?,
			Some(open) if open.answered => tracing::debug!("waiting for the seeds of credentials"),
			Some(open) => {
				if may_answer(&open, at.block_number(), &mut enough_since) {
					answer(chain, host, hot, miner, &open).await?;
				}
			},
		}
		tokio::time::sleep(POLL_EVERY).await;
	}
}

async fn begin(
	chain: &Chain,
	host: &Host,
	hot: &Submitter,
	miner: &AccountId32,
	ak: &[u8],
) -> anyhow::Result<()> {
	let ek = host.tpm(|tpm| tpm.ek_certificate()).await?;
	let between = host.config.ek_intermediates()?.into_iter().map(BoundedVec).collect();
	let call = api::tx().registry().enrol_tpm(
		*miner,
		BoundedVec(ek),
		BoundedVec(between),
		BoundedVec(ak.to_vec()),
	);
	match hot.submit(chain, &call).await {
		Ok(_) => tracing::info!("TPM certificate submitted: waiting for credentials"),
		Err(error) if error.is("Registry", "EnrolmentOpen") => {
			tracing::warn!("an enrolment of another key is open: waiting until it ends");
		},
		Err(error) => return Err(error).context("submitting the TPM certificate"),
	}
	Ok(())
}

/// Returns true if more than two thirds of the committee have posted credentials, and the other
/// members have had [`WAIT_BLOCKS`] blocks to do so. Returns true earlier if all members have
/// posted credentials.
fn may_answer(open: &Enrolment, block: u64, enough_since: &mut Option<u64>) -> bool {
	let (committee, posted) = (open.committee.0.len(), posted(open).count());
	if 3 * posted <= 2 * committee {
		*enough_since = None;
		return false;
	}
	let since = *enough_since.get_or_insert(block);
	posted == committee || block >= since + WAIT_BLOCKS
}

fn posted(
	open: &Enrolment,
) -> impl Iterator<Item = (u8, &api::runtime_types::pallet_registry::types::CredentialBytes)> {
	open.committee.0.iter().enumerate().filter_map(|(number, member)| {
		Some((u8::try_from(number).ok()?, &member.posted.as_ref()?.credential))
	})
}

async fn answer(
	chain: &Chain,
	host: &Host,
	hot: &Submitter,
	miner: &AccountId32,
	open: &Enrolment,
) -> anyhow::Result<()> {
	let (numbers, credentials): (Vec<_>, Vec<_>) = posted(open)
		.map(|(number, posted)| {
			let id_object = posted.id_object.0.clone();
			let encrypted_secret = posted.encrypted_secret.0.clone();
			(number, Credential { id_object, encrypted_secret })
		})
		.unzip();
	let opened = host.tpm(move |tpm| tpm.activate(&credentials)).await?;
	let mut answers = Vec::new();
	for (number, secret) in numbers.into_iter().zip(opened) {
		match secret.map(<[u8; 32]>::try_from) {
			Ok(Ok(secret)) => answers.push((number, secret)),
			Ok(Err(_)) => tracing::warn!(number, "a credential's secret has the wrong length"),
			// A faulty validator may have made the credential for another TPM. The credentials of
			// the other validators suffice.
			Err(error) => tracing::warn!(number, %error, "cannot open a credential"),
		}
	}
	let count = answers.len();
	let call = api::tx().registry().answer_credentials(*miner, BoundedVec(answers));
	match hot.submit(chain, &call).await {
		Ok(_) => tracing::info!(count, "credentials answered: waiting for their seeds"),
		Err(error @ ChainError::Refused { .. }) => tracing::warn!(%error, "answer refused"),
		Err(error) => return Err(error).context("answering credentials"),
	}
	Ok(())
}
