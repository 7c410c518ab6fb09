//! The VM in the last finalised block: its miner's relay, and the host key of its boot.

use hcc_chain::{api, AccountId32, Chain};

use super::{
	super::{show::word, Row, State},
	relay::{Endpoint, Route},
	Reach,
};
use crate::{
	chain::connected,
	exit::{Exit, Failure},
};

/// A VM that a miner has.
pub(super) struct Target {
	pub route: Route,
	pub miner: AccountId32,
	/// The SHA-256 digest of the SSH host key, from the boot row; or the reason why there is none.
	host_key: Result<[u8; 32], String>,
}

impl Target {
	/// Returns the SHA-256 digest of the SSH host key.
	pub(super) fn pinned(&self) -> anyhow::Result<[u8; 32]> {
		self.host_key.clone().map_err(|reason| Failure::error(Exit::NotReady, reason))
	}
}

impl Reach {
	/// Returns the way to the VM. Asks a node unless the arguments suffice.
	pub(super) fn route(&self) -> anyhow::Result<Route> {
		match (&self.relay, self.genesis) {
			(Some(relay), Some(genesis)) => {
				Ok(Route { vm: self.vm, genesis: genesis.0, relay: relay.clone() })
			},
			_ => Ok(self.target()?.route),
		}
	}

	/// Reads the VM from the last finalised block.
	pub(super) fn target(&self) -> anyhow::Result<Target> {
		connected(&self.node, async |chain: Chain| self.read(&chain).await)
	}

	async fn read(&self, chain: &Chain) -> anyhow::Result<Target> {
		let at = chain.finalised().await?;
		let (vm, compute) = (self.vm, api::storage().compute());
		let Some(row) = at.storage().try_fetch(compute.vms(), (vm,)).await? else {
			let message =
				format!("VM {vm} does not exist in the last finalised block, or was terminated");
			return Err(Failure::error(Exit::NotFound, message));
		};
		let row: Row = row.decode()?;
		let boot = at.storage().try_fetch(compute.boots(), (vm,)).await?;
		let boot = boot.map(|boot| boot.decode()).transpose()?;
		let Some(place) = &row.place else {
			let message = format!("VM {vm} is {}: no miner has it", word(&row.state));
			return Err(Failure::error(Exit::NotReady, message));
		};
		let relay = match &self.relay {
			Some(relay) => relay.clone(),
			None => {
				let relays = api::storage().registry().relays();
				let published = at.storage().try_fetch(relays, (place.miner,)).await?;
				let published = published.map(|published| published.decode()).transpose()?;
				published_relay(&place.miner, published.map(|published| published.0))?
			},
		};
		let route = Route { vm, genesis: chain.genesis(), relay };
		let boot = boot.map(|boot| ((boot.generation, boot.counter), boot.ssh_host_key_hash));
		Ok(Target { route, miner: place.miner, host_key: host_key(vm, &row, boot) })
	}
}

/// Returns the host key of a VM that runs, or the reason why there is none. `boot` is the number of
/// the last boot whose evidence was accepted, with its key.
fn host_key(vm: u64, row: &Row, boot: Option<((u32, u32), [u8; 32])>) -> Result<[u8; 32], String> {
	let State::Running { .. } = row.state else {
		return Err(format!("VM {vm} is {}: wait until it runs", word(&row.state)));
	};
	match boot {
		Some((number, key)) if number == (row.generation, row.boot_counter) => Ok(key),
		_ => Err(format!("no boot of VM {vm} is final yet: retry in a minute")),
	}
}

/// Parses the endpoint that a miner has published.
fn published_relay(miner: &AccountId32, published: Option<Vec<u8>>) -> anyhow::Result<Endpoint> {
	let Some(bytes) = published else {
		let message = format!("miner {miner} publishes no relay: ask for it, and use --relay");
		return Err(Failure::error(Exit::Relay, message));
	};
	String::from_utf8_lossy(&bytes).parse::<Endpoint>().map_err(|error| {
		let message = format!("miner {miner} publishes a malformed relay: {error}");
		Failure::error(Exit::Relay, message)
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn missing_and_malformed_relays_have_an_exit_code() {
		let miner = AccountId32([1; 32]);
		let parsed = published_relay(&miner, Some(b"host:1".to_vec()));
		assert_eq!(parsed.expect("an endpoint").to_string(), "host:1");
		for published in [None, Some(b"host".to_vec()), Some(b"a:1\xff".to_vec())] {
			let error = published_relay(&miner, published).expect_err("no endpoint");
			assert_eq!(Exit::of(&error), Exit::Relay);
		}
	}
}
