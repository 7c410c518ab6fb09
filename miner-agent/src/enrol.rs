//! Proves the TPM to the chain: shows its certificate, opens the validators' credentials, answers.

use std::time::Duration;

use anyhow::Context;
use hcc_chain::{api, AccountId32, Chain, ChainError, Submitter};

use crate::{config::certificate, host::Host};

/// How often to look whether something has come.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How many blocks to wait for the last credentials once there are enough.
const PATIENCE: u64 = 2;

type Enrolment = api::runtime_types::pallet_registry::types::Enrolment<AccountId32>;
use api::runtime_types::bounded_collections::bounded_vec::BoundedVec;

/// Enrols the TPM, unless it is.
pub(crate) async fn ensure_enrolled(
	chain: &Chain,
	host: &Host,
	hot: &Submitter,
	miner: &AccountId32,
) -> anyhow::Result<()> {
	let ak = host.tpm(|tpm| tpm.ak_public()).await?;
	let mut enough_since = None;
	loop {
		let at = chain.best().await?;
		let tpms = api::storage().registry().tpms();
		if let Some(row) = at.storage().try_fetch(tpms, (*miner,)).await? {
			if row.decode()?.ak.0 == ak {
				return Ok(());
			}
			tracing::warn!("another attestation key is enrolled: the tpm was replaced or reset");
		}
		let address = api::storage().registry().enrolments();
		let open = match at.storage().try_fetch(address, (*miner,)).await? {
			Some(row) => Some(row.decode()?).filter(|open| open.ak.0 == ak),
			None => None,
		};
		// A row stays when its time is over; then it is begun anew.
		let tick = at.storage().fetch(api::storage().verdicts().current_tick(), ()).await?;
		let tick = tick.decode()?;
		let open = open.filter(|open| open.deadline >= tick);
		match open {
			None => begin(chain, host, hot, &ak).await?,
			Some(open) if open.answered => tracing::debug!("waiting for seeds"),
			Some(open) => {
				if may_answer(&open, at.block_number(), &mut enough_since) {
					answer(chain, host, hot, &open).await?;
				}
			},
		}
		tokio::time::sleep(LOOK_EVERY).await;
	}
}

async fn begin(chain: &Chain, host: &Host, hot: &Submitter, ak: &[u8]) -> anyhow::Result<()> {
	let ek = host.tpm(|tpm| tpm.ek_certificate()).await?;
	let chain_of_ek = host.config.ek_chain.iter().map(|path| Ok(BoundedVec(certificate(path)?)));
	let between = chain_of_ek.collect::<anyhow::Result<Vec<_>>>()?;
	let call = api::tx().registry().enrol_tpm(
		BoundedVec(ek),
		BoundedVec(between),
		BoundedVec(ak.to_vec()),
	);
	match hot.submit(chain, &call).await {
		Ok(_) => tracing::info!("the tpm is shown; validators make credentials"),
		Err(error) if error.is("Registry", "EnrolmentOpen") => {
			tracing::warn!("an enrolment with another key is open: waiting for its end");
		},
		Err(error) => return Err(error).context("showing the tpm"),
	}
	Ok(())
}

/// Whether there are enough credentials, and the rest has had time to come.
fn may_answer(open: &Enrolment, block: u64, enough_since: &mut Option<u64>) -> bool {
	let (committee, posted) = (open.committee.0.len(), posted(open).count());
	if 3 * posted <= 2 * committee {
		*enough_since = None;
		return false;
	}
	let since = *enough_since.get_or_insert(block);
	posted == committee || block >= since + PATIENCE
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
	open: &Enrolment,
) -> anyhow::Result<()> {
	let mut answers = Vec::new();
	for (number, credential) in posted(open) {
		let (object, secret) =
			(credential.id_object.0.clone(), credential.encrypted_secret.0.clone());
		match host.tpm(move |tpm| tpm.activate(&object, &secret)).await {
			Ok(found) => match <[u8; 32]>::try_from(found) {
				Ok(secret) => answers.push((number, secret)),
				Err(_) => tracing::warn!(number, "a credential with a secret of another length"),
			},
			// A validator may have made one for nobody; the others are enough.
			Err(error) => tracing::warn!(number, %error, "a credential that does not open"),
		}
	}
	let count = answers.len();
	let call = api::tx().registry().answer_credentials(BoundedVec(answers));
	match hot.submit(chain, &call).await {
		Ok(_) => tracing::info!(count, "credentials answered; waiting for their seeds"),
		Err(error @ ChainError::Refused { .. }) => tracing::warn!(%error, "answering"),
		Err(error) => return Err(error).context("answering credentials"),
	}
	Ok(())
}
