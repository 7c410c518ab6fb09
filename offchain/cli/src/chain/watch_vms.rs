//! Events of `hcc watch` about VMs and payments.

use hcc_chain::api::{
	compensation::events::{CaseClosed, CaseOpened, Compensated},
	compute::events::{
		Assigned, AssignmentFailed, Attested, BootFailed, Booted, ChargeBurned, ChargeReduced,
		Charged, ConfigSet, Crashed, DiskPaid, EscrowLow, Ordered, Refunded, Settled, Stopped,
		Terminated,
	},
	emission::events::{EraClosed, EraForgotten, PaidOut},
	usage::events::ReceiptSubmitted,
};
use serde_json::json;

use super::{
	price::usd,
	watch::{Event, EventRow},
};
use crate::vm::{alpha, usd_per_hour};

pub(super) fn of_compute(event: &Event<'_>) -> anyhow::Result<Option<EventRow>> {
	Ok(match lifecycle_event(event)? {
		None => payment_event(event)?,
		entry => entry,
	})
}

fn lifecycle_event(event: &Event<'_>) -> anyhow::Result<Option<EventRow>> {
	Ok(if let Some(e) = event.decode_fields_as::<Ordered>() {
		let e = e?;
		let text = format!(
			"VM {} is ordered by {} with an escrow of {} α",
			e.vm,
			e.tenant,
			alpha(e.escrow)
		);
		let row = json!({
			"event": "ordered",
			"vm": e.vm,
			"tenant": e.tenant.to_string(),
			"escrow": alpha(e.escrow),
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<Assigned>() {
		let e = e?;
		let price = usd_per_hour(e.rate);
		let text = format!("VM {} is assigned to {} for {price} USD an hour", e.vm, e.miner);
		let row = json!({
			"event": "assigned",
			"vm": e.vm,
			"miner": e.miner.to_string(),
			"generation": e.generation,
			"usd_per_hour": price,
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<Attested>() {
		let e = e?;
		let text = format!("VM {}: evidence of boot {} is accepted", e.vm, e.counter);
		let row = json!({
			"event": "attested",
			"vm": e.vm,
			"chip": hex::encode(e.chip),
			"boot": e.counter,
			"until": e.until,
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<ConfigSet>() {
		let e = e?;
		let text = format!("VM {} has revision {} of its configuration", e.vm, e.revision);
		let row = json!({
			"event": "config_set",
			"vm": e.vm,
			"revision": e.revision,
			"sha256": hex::encode(e.hash),
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<Booted>() {
		let e = e?;
		let text = format!("VM {} runs: its guest has confirmed boot {}", e.vm, e.counter);
		let row = json!({
			"event": "booted",
			"vm": e.vm,
			"chip": hex::encode(e.chip),
			"boot": e.counter,
			"fee": alpha(e.fee),
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<AssignmentFailed>() {
		let e = e?;
		let why = format!("{:?}", e.why).to_lowercase();
		let text = format!("VM {} was not booted by {} ({why})", e.vm, e.miner);
		let row = json!({
			"event": "not_booted",
			"vm": e.vm,
			"miner": e.miner.to_string(),
			"why": why,
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<Crashed>() {
		let e = e?;
		let text = format!("VM {} has crashed, according to its miner", e.vm);
		Some((json!({ "event": "crashed", "vm": e.vm, "today": e.today }), text))
	} else if let Some(e) = event.decode_fields_as::<Stopped>() {
		let e = e?;
		let why = format!("{:?}", e.why).to_lowercase();
		let text = format!("VM {} is stopped ({why})", e.vm);
		Some((json!({ "event": "stopped", "vm": e.vm, "why": why }), text))
	} else if let Some(e) = event.decode_fields_as::<Terminated>() {
		let e = e?;
		let (why, released) = (format!("{:?}", e.why).to_lowercase(), alpha(e.released));
		let text = format!("VM {} is terminated ({why}): {released} α are released", e.vm);
		let row = json!({ "event": "terminated", "vm": e.vm, "why": why, "released": released });
		Some((row, text))
	} else {
		None
	})
}

fn payment_event(event: &Event<'_>) -> anyhow::Result<Option<EventRow>> {
	Ok(if let Some(e) = event.decode_fields_as::<Charged>() {
		let e = e?;
		let (amount, price) = (alpha(e.amount), usd(e.price));
		let text =
			format!("VM {} is charged {amount} α for {} slots, at {price} USD", e.vm, e.slots);
		let row = json!({
			"event": "charged",
			"vm": e.vm,
			"first": e.first,
			"last": e.last,
			"slots": e.slots,
			"amount": amount,
			"usd": price,
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<Settled>() {
		let e = e?;
		let all = [e.to_miner, e.to_validators, e.to_treasury, e.burned];
		let amount = alpha(all.iter().fold(0u128, |sum, part| sum.saturating_add(*part)));
		let text =
			format!("VM {} pays {amount} α, of which {} to its miner", e.vm, alpha(e.to_miner));
		let row = json!({
			"event": "settled",
			"vm": e.vm,
			"first": e.first,
			"last": e.last,
			"slots": e.slots,
			"amount": amount,
			"usd": usd(e.price),
			"miner": e.miner.to_string(),
			"to_miner": alpha(e.to_miner),
			"to_validators": alpha(e.to_validators),
			"to_treasury": alpha(e.to_treasury),
			"burned": alpha(e.burned),
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<Refunded>() {
		let e = e?;
		let amount = alpha(e.amount);
		let text = format!("VM {} is refunded {amount} α: its host was not live", e.vm);
		let row = json!({
			"event": "refunded",
			"vm": e.vm,
			"first": e.first,
			"last": e.last,
			"amount": amount,
			"usd": usd(e.price),
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<DiskPaid>() {
		let e = e?;
		let amount = alpha(e.amount);
		let text = format!("VM {} pays {amount} α of disk rent while stopped", e.vm);
		let row = json!({
			"event": "disk_paid",
			"vm": e.vm,
			"slots": e.slots,
			"amount": amount,
			"usd": usd(e.price),
			"miner": e.miner.to_string(),
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<ChargeReduced>() {
		let e = e?;
		let amount = alpha(e.amount);
		let text = format!("VM {} is refunded {amount} α for a shortfall", e.vm);
		let row = json!({
			"event": "charge_reduced",
			"vm": e.vm,
			"first": e.first,
			"last": e.last,
			"amount": amount,
			"usd": usd(e.price),
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<ChargeBurned>() {
		let e = e?;
		let amount = alpha(e.amount);
		let text = format!("VM {} has no receipt: {amount} α of its charge are burned", e.vm);
		let row = json!({
			"event": "charge_burned",
			"vm": e.vm,
			"first": e.first,
			"last": e.last,
			"amount": amount,
			"usd": usd(e.price),
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<EscrowLow>() {
		let e = e?;
		let (escrow, interval) = (alpha(e.escrow), alpha(e.interval));
		let text =
			format!("VM {}: the escrow is low, {escrow} α at {interval} α an interval", e.vm);
		Some((json!({ "event": "escrow_low", "vm": e.vm, "escrow": escrow }), text))
	} else if let Some(e) = event.decode_fields_as::<BootFailed>() {
		let e = e?;
		let (refunded, burned) = (alpha(e.refunded), alpha(e.burned));
		let text = format!("VM {}: a boot failed", e.vm);
		let row = json!({
			"event": "boot_failed",
			"vm": e.vm,
			"refunded": refunded,
			"burned": burned,
		});
		Some((row, text))
	} else {
		None
	})
}

pub(super) fn of_usage(event: &Event<'_>) -> anyhow::Result<Option<EventRow>> {
	let Some(e) = event.decode_fields_as::<ReceiptSubmitted>() else { return Ok(None) };
	let (receipt, lost) = e.map(|e| (e.receipt, e.lost))?;
	let (vm, interval) = (receipt.vm, receipt.interval);
	let text = format!("VM {vm} reports interval {interval}: shortfall of {lost} ms");
	let row = json!({
		"event": "receipt",
		"vm": vm,
		"interval": interval,
		"elapsed_ms": receipt.elapsed,
		"cpu_ms": receipt.cpu_time,
		"steal_ms": receipt.steal,
		"memory_mib": receipt.memory,
		"disk_gib": receipt.disk,
		"egress_mib": receipt.egress,
		"lost_ms": lost,
	});
	Ok(Some((row, text)))
}

pub(super) fn of_emission(event: &Event<'_>) -> anyhow::Result<Option<EventRow>> {
	Ok(if let Some(e) = event.decode_fields_as::<EraClosed>() {
		let e = e?;
		let minted = e.miners.saturating_add(e.validators).saturating_add(e.treasury);
		let (budget, burned) = (alpha(e.budget), alpha(e.burned));
		let text = format!(
			"era {} has ended: of {budget} α miners can receive {}, {burned} are burned",
			e.era,
			alpha(e.miners)
		);
		let row = json!({
			"event": "era_closed",
			"era": e.era,
			"budget": budget,
			"minted": alpha(minted),
			"miners": alpha(e.miners),
			"validators": alpha(e.validators),
			"treasury": alpha(e.treasury),
			"burned": burned,
			"owed": alpha(e.total_owed),
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<PaidOut>() {
		let e = e?;
		let amount = alpha(e.amount);
		let text = format!("{} receives {amount} α of era {}", e.miner, e.era);
		let row = json!({
			"event": "paid_out",
			"era": e.era,
			"miner": e.miner.to_string(),
			"amount": amount,
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<EraForgotten>() {
		let e = e?;
		let burned = alpha(e.burned);
		let text = format!("era {} is removed: {burned} α were not paid out and are burned", e.era);
		Some((json!({ "event": "era_forgotten", "era": e.era, "burned": burned }), text))
	} else {
		None
	})
}

pub(super) fn of_compensation(event: &Event<'_>) -> anyhow::Result<Option<EventRow>> {
	Ok(if let Some(e) = event.decode_fields_as::<CaseOpened>() {
		let e = e?;
		let chip = hex::encode(e.chip);
		let text = format!(
			"tenants who paid for chip {chip} in intervals {} to {} may receive part of a slash",
			e.first, e.last
		);
		let row = json!({ "event": "case_opened", "chip": chip, "first": e.first, "last": e.last });
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<Compensated>() {
		let e = e?;
		let (paid, amount) = (alpha(e.paid), alpha(e.amount));
		let text = format!("{} receives {amount} α of a slash for {paid} α paid", e.tenant);
		let row = json!({
			"event": "compensated",
			"chip": hex::encode(e.chip),
			"tenant": e.tenant.to_string(),
			"paid": paid,
			"amount": amount,
		});
		Some((row, text))
	} else if let Some(e) = event.decode_fields_as::<CaseClosed>() {
		let e = e?;
		let (given, burned) = (alpha(e.given), alpha(e.burned));
		let text = format!("a slash is divided: {given} α to tenants, {burned} α burned");
		let row = json!({
			"event": "case_closed",
			"chip": hex::encode(e.chip),
			"pot": alpha(e.pot),
			"given": given,
			"burned": burned,
		});
		Some((row, text))
	} else {
		None
	})
}
