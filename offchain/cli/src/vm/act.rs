use anyhow::Context;
use hcc_chain::{api, AccountId32, Chain, ChainAt, Payload, Receipt, Submitter, UnsignedCall};
use serde_json::json;

use super::{
	amount::{parse_alpha, parse_usd},
	show::{flavours, named},
	Common, Tenant,
};
use crate::{
	chain::connected,
	exit::{Exit, Failure},
	output::outln,
};

/// Actions on a VM that need no argument besides the VM's number.
#[derive(Clone, Copy)]
pub(super) enum Action {
	Stop,
	Start,
	Reboot,
	Terminate,
}

#[derive(Debug, clap::Args)]
pub(crate) struct One {
	/// The VM's number.
	vm: u64,
	#[command(flatten)]
	tenant: Tenant,
	#[command(flatten)]
	common: Common,
}

impl One {
	pub(super) fn run(&self, action: Action) -> anyhow::Result<()> {
		let change = Change::new(self.vm, &self.tenant, &self.common)?;
		let vm = self.vm;
		connected(&self.common.node, async |chain: Chain| {
			let calls = api::tx().compute();
			match action {
				Action::Stop => change.make(&chain, &calls.stop(vm), "stopped").await,
				Action::Start => change.make(&chain, &calls.start(vm), RESTART).await,
				Action::Reboot => change.make(&chain, &calls.reboot(vm), RESTART).await,
				Action::Terminate => change.make(&chain, &calls.terminate(vm), "terminated").await,
			}
		})
	}
}

/// The outcome of `start` and `reboot`.
const RESTART: &str = "restart requested";

#[derive(Debug, clap::Args)]
pub(crate) struct TopUp {
	/// The VM's number.
	vm: u64,
	/// The amount in α.
	#[arg(value_parser = parse_alpha)]
	amount: u128,
	#[command(flatten)]
	tenant: Tenant,
	#[command(flatten)]
	common: Common,
}

impl TopUp {
	pub(super) fn run(&self) -> anyhow::Result<()> {
		let call = api::tx().compute().top_up(self.vm, self.amount);
		let change = Change::new(self.vm, &self.tenant, &self.common)?;
		connected(&self.common.node, async |chain: Chain| {
			change.make(&chain, &call, "topped up").await.context("topping up")
		})
	}
}

/// Change the flavour of a stopped VM, at the current price. Disks can only grow.
#[derive(Debug, clap::Args)]
pub(crate) struct Resize {
	/// The VM's number.
	vm: u64,
	/// The flavour, by number or name: hcc vm flavours lists them.
	#[arg(long)]
	flavour: String,
	/// The highest acceptable price, in USD an hour.
	#[arg(long, value_parser = parse_usd)]
	max_price: u64,
	#[command(flatten)]
	tenant: Tenant,
	#[command(flatten)]
	common: Common,
}

impl Resize {
	pub(super) fn run(&self) -> anyhow::Result<()> {
		let change = Change::new(self.vm, &self.tenant, &self.common)?;
		connected(&self.common.node, async |chain: Chain| {
			let flavour = named(&flavours(&chain.best().await?).await?, &self.flavour)?;
			let call = api::tx().compute().resize(self.vm, flavour, self.max_price);
			change.make(&chain, &call, "resized").await.context("resizing")
		})
	}
}

/// Allow or exclude chips of product lines with reduced trust, from the VM's next boot on.
#[derive(Debug, clap::Args)]
pub(crate) struct Reduced {
	/// The VM's number.
	vm: u64,
	/// True to allow such chips, false to exclude them.
	#[arg(action = clap::ArgAction::Set)]
	reduced: bool,
	#[command(flatten)]
	tenant: Tenant,
	#[command(flatten)]
	common: Common,
}

impl Reduced {
	pub(super) fn run(&self) -> anyhow::Result<()> {
		let call = api::tx().compute().set_reduced(self.vm, self.reduced);
		let change = Change::new(self.vm, &self.tenant, &self.common)?;
		let what = if self.reduced { "reduced trust allowed" } else { "full trust required" };
		connected(&self.common.node, async |chain: Chain| {
			change.make(&chain, &call, what).await.context("changing the allowed chips")
		})
	}
}

/// A change of a VM by its tenant.
pub(super) struct Change<'a> {
	vm: u64,
	/// `None` if the tenant signs on another machine.
	signer: Option<Submitter>,
	common: &'a Common,
}

impl<'a> Change<'a> {
	pub(super) fn new(vm: u64, tenant: &Tenant, common: &'a Common) -> anyhow::Result<Self> {
		Ok(Self { vm, signer: tenant.signer()?, common })
	}

	/// Submits the call and reports its outcome, or prints the call.
	pub(super) async fn make<P: Payload>(
		&self,
		chain: &Chain,
		call: &P,
		what: &str,
	) -> anyhow::Result<()> {
		match &self.signer {
			Some(signer) => self.done(what, &signer.submit(chain, call).await?),
			None => self.print(&self.unsigned(chain, call).await?),
		}
		Ok(())
	}

	/// Returns the account of the VM's tenant.
	pub(super) async fn tenant(&self, at: &ChainAt) -> anyhow::Result<AccountId32> {
		let row = at.storage().try_fetch(api::storage().compute().vms(), (self.vm,)).await?;
		let unknown = || Failure::error(Exit::NotFound, format!("there is no VM {}", self.vm));
		Ok(row.ok_or_else(unknown)?.decode()?.tenant)
	}

	async fn unsigned<P: Payload>(&self, chain: &Chain, call: &P) -> anyhow::Result<UnsignedCall> {
		let tenant = self.tenant(&chain.best().await?).await?;
		Ok(UnsignedCall::new(chain, tenant, call).await?)
	}

	fn print(&self, call: &UnsignedCall) {
		if self.common.json {
			outln!(
				"{}",
				json!({
					"vm": self.vm,
					"call": call.name,
					"signer": call.signer.to_string(),
					"text": call.text,
					"scale": call.hex(),
				})
			);
		} else {
			outln!("{call}");
		}
	}

	fn done(&self, what: &str, receipt: &Receipt) {
		let vm = self.vm;
		if self.common.json {
			outln!("{}", json!({ "vm": vm, "block": format!("{:?}", receipt.block) }));
		} else {
			outln!("VM {vm}: {what} in block {:?}", receipt.block);
		}
	}
}
