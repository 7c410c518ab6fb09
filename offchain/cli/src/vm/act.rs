use anyhow::Context;
use hcc_chain::{api, Chain, Receipt};
use serde_json::json;

use super::{
	amount::{parse_alpha, parse_usd},
	show::{flavours, named},
	Common, Tenant,
};
use crate::{chain::connected, output::outln};

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
		let submitter = self.tenant.submitter()?;
		let vm = self.vm;
		let receipt = connected(&self.common.node, async |chain: Chain| {
			let calls = api::tx().compute();
			Ok(match action {
				Action::Stop => submitter.submit(&chain, &calls.stop(vm)).await?,
				Action::Start => submitter.submit(&chain, &calls.start(vm)).await?,
				Action::Reboot => submitter.submit(&chain, &calls.reboot(vm)).await?,
				Action::Terminate => submitter.submit(&chain, &calls.terminate(vm)).await?,
			})
		})?;
		let what = match action {
			Action::Stop => "stopped",
			Action::Start | Action::Reboot => "restart requested",
			Action::Terminate => "terminated",
		};
		done(&self.common, vm, what, &receipt)
	}
}

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
		let submitter = self.tenant.submitter()?;
		let receipt = connected(&self.common.node, async |chain: Chain| {
			submitter.submit(&chain, &call).await.context("topping up")
		})?;
		done(&self.common, self.vm, "topped up", &receipt)
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
		let submitter = self.tenant.submitter()?;
		let receipt = connected(&self.common.node, async |chain: Chain| {
			let flavour = named(&flavours(&chain.best().await?).await?, &self.flavour)?;
			let call = api::tx().compute().resize(self.vm, flavour, self.max_price);
			submitter.submit(&chain, &call).await.context("resizing")
		})?;
		done(&self.common, self.vm, "resized", &receipt)
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
		let submitter = self.tenant.submitter()?;
		let receipt = connected(&self.common.node, async |chain: Chain| {
			submitter.submit(&chain, &call).await.context("changing the allowed chips")
		})?;
		let what = if self.reduced { "reduced trust allowed" } else { "full trust required" };
		done(&self.common, self.vm, what, &receipt)
	}
}

fn done(common: &Common, vm: u64, what: &str, receipt: &Receipt) -> anyhow::Result<()> {
	if common.json {
		outln!("{}", json!({ "vm": vm, "block": format!("{:?}", receipt.block) }));
	} else {
		outln!("VM {vm}: {what} in block {:?}", receipt.block);
	}
	Ok(())
}
