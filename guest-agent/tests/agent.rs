//! The agent against hosts that are honest, and hosts that are not.

#[allow(dead_code)]
#[path = "../../pallets/evidence/tests/host/machine.rs"]
mod machine;

use hcc_evidence::{
	host::{quote_extra_data, Context, HostEvidence, Verdict},
	RejectCode,
};
use hccam::{
	connect,
	frame::{receive, send},
	protocol::{Attest, Request, Response, VERSION},
	serve, Address, Agent, Expected, ReportError, ReportSource,
};
use insecure_sim::ReportFields;
use machine::{miner_binary, Machine, Policy};

/// The declared test hierarchy in place of the secure processor.
struct Declared(ReportFields, insecure_sim::Chip);

impl ReportSource for Declared {
	fn report(&mut self, report_data: [u8; 64]) -> Result<Vec<u8>, ReportError> {
		let fields = ReportFields { report_data, ..self.0.clone() };
		let report = fields.sign(&self.1).map_err(|error| ReportError(error.to_string()))?;
		Ok(report.to_vec())
	}
}

/// A secure processor that fails.
struct Broken;

impl ReportSource for Broken {
	fn report(&mut self, _: [u8; 64]) -> Result<Vec<u8>, ReportError> {
		Err(ReportError("no such device".into()))
	}
}

fn agent(machine: &Machine) -> Agent<Declared> {
	let source = Declared(machine.fields.clone(), machine.chip.clone());
	Agent::new(source, machine.guest.clone(), Expected { miner_binary: vec![miner_binary()] })
}

/// What an honest host gathers.
fn gathered(machine: &Machine, context: &Context, guest_pk: &[u8; 32]) -> Attest {
	let challenge = &context.challenge;
	let (genesis, nonce) = (&challenge.genesis, &challenge.nonce);
	let extra_data = quote_extra_data(genesis, nonce, &challenge.miner, &challenge.chip, guest_pk);
	let tpms_attest = machine.quote(&extra_data);
	Attest {
		genesis: challenge.genesis,
		miner: challenge.miner,
		chip: challenge.chip,
		seq: challenge.seq,
		nonce: challenge.nonce,
		ak: machine.ak_public(),
		tpm_signature: machine.sign_quote(&tpms_attest),
		tpms_attest,
		pcr_values: machine.pcrs,
		ima_delta: machine.delta(context),
		checkpoint: context.boot.clone(),
		log: context.log.clone(),
		boot: None,
	}
}

fn attest(gathered: Attest) -> Request {
	Request::Attest(Box::new(gathered))
}

#[test]
fn what_the_agent_binds_is_what_the_validators_accept() {
	let machine = Machine::named("alice");
	let (mut agent, context) = (agent(&machine), machine.challenge(1));
	let gathered = gathered(&machine, &context, &agent.public_key());
	let (response, refusal) = agent.answer(attest(gathered.clone()));
	assert!(refusal.is_none());
	let Response::Evidence { snp_report, guest_signature } = response else {
		panic!("no evidence: {response:?}");
	};
	let evidence = HostEvidence {
		miner: gathered.miner,
		seq: gathered.seq,
		snp_report,
		tpms_attest: gathered.tpms_attest,
		tpm_signature: gathered.tpm_signature,
		pcr_values: gathered.pcr_values,
		ima_delta: gathered.ima_delta,
		boot: None,
		guest_pk: agent.public_key(),
		guest_signature,
	};
	let verdict = machine.judge(&evidence, &Policy::default(), &context);
	assert!(matches!(verdict, Verdict::Accepted(_)), "{verdict:?}");
}

/// The code with which the agent refuses what a change makes of honest work.
fn refused(change: impl FnOnce(&mut Attest)) -> RejectCode {
	let machine = Machine::named("alice");
	let mut agent = agent(&machine);
	let mut gathered = gathered(&machine, &machine.challenge(1), &agent.public_key());
	change(&mut gathered);
	let (response, refusal) = agent.answer(attest(gathered));
	let refusal = refusal.expect("refused");
	assert!(
		matches!(response, Response::Refused { code, .. } if code == refusal.0.code.number()),
		"the host is told the same"
	);
	refusal.0.code
}

#[test]
fn a_log_that_was_handed_in_is_gone_on_with() {
	let mut machine = Machine::named("alice");
	machine.run(b"bash");
	let mut agent = agent(&machine);
	let policy = Policy::default();
	let log = Some(machine.hand_in(&[2], &policy));
	let context = Context { log, ..machine.challenge(1) };
	let gathered = gathered(&machine, &context, &agent.public_key());
	assert_eq!(gathered.ima_delta.from_entry, 2);
	let (response, refusal) = agent.answer(attest(gathered.clone()));
	assert!(refusal.is_none(), "the miner's binary is in the part that was handed in");
	let Response::Evidence { snp_report, guest_signature } = response else {
		panic!("no evidence: {response:?}");
	};
	let evidence = HostEvidence { snp_report, guest_signature, ..machine.answer(&context) };
	let verdict = machine.judge(&evidence, &policy, &context);
	assert!(matches!(verdict, Verdict::Accepted(_)), "{verdict:?}");
	let elsewhere = Attest { log: Some(machine.hand_in(&[1], &policy)), ..gathered };
	let (_, refusal) = agent.answer(attest(elsewhere));
	assert_eq!(refusal.expect("refused").0.code, RejectCode::ImaCheckpoint);
}

#[test]
fn a_host_that_lies_is_refused() {
	assert_eq!(refused(|g| g.nonce[0] ^= 1), RejectCode::QuoteNonce);
	assert_eq!(refused(|g| g.chip[0] ^= 1), RejectCode::QuoteNonce);
	assert_eq!(refused(|g| g.tpm_signature[10] ^= 1), RejectCode::QuoteSignature);
	assert_eq!(refused(|g| g.pcr_values[4][0] ^= 1), RejectCode::PcrDigest);
	assert_eq!(refused(|g| g.ima_delta.from_entry = 1), RejectCode::ImaCheckpoint);
	assert_eq!(refused(|g| g.ima_delta.records.clear()), RejectCode::ImaPcr);
	assert_eq!(refused(|g| g.ak.truncate(5)), RejectCode::KeyEncoding);
}

#[test]
fn a_host_that_does_not_run_the_miners_binary_is_refused() {
	let machine = Machine::named("alice");
	let source = Declared(machine.fields.clone(), machine.chip.clone());
	let expected = Expected { miner_binary: vec![[0x99; 32]] };
	let mut agent = Agent::new(source, machine.guest.clone(), expected);
	let gathered = gathered(&machine, &machine.challenge(1), &agent.public_key());
	let (_, refusal) = agent.answer(attest(gathered));
	assert_eq!(refusal.expect("refused").0.code, RejectCode::ImaRequiredMissing);
}

#[test]
fn without_a_secure_processor_there_is_an_answer_but_no_evidence() {
	let machine = Machine::named("alice");
	let mut agent = Agent::new(Broken, machine.guest.clone(), Expected::default());
	let hello = agent.answer(Request::Hello { version: VERSION });
	assert!(matches!(hello, (Response::Failed { .. }, None)));
	let other = agent.answer(Request::Hello { version: VERSION + 1 });
	assert!(matches!(other, (Response::Failed { .. }, None)));
}

#[tokio::test]
async fn over_a_socket_the_agent_serves_until_it_refuses() {
	let folder = tempfile::tempdir().expect("a folder");
	let address = Address::Unix(folder.path().join("hccam.sock"));
	let served = address.clone();
	let serving = tokio::spawn(async move {
		let machine = Machine::named("alice");
		serve(&served, &mut agent(&machine)).await
	});
	let mut stream = loop {
		match connect(&address).await {
			Ok(stream) => break stream,
			Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
		}
	};
	send(&mut stream, &Request::Hello { version: VERSION }).await.expect("sent");
	let hello = receive(&mut stream).await.expect("received");
	let Some(Response::Guest { guest_pk, report }) = hello else { panic!("no guest: {hello:?}") };
	assert_eq!(report.len(), 1184);
	let machine = Machine::named("alice");
	let mut lie = gathered(&machine, &machine.challenge(1), &guest_pk);
	lie.nonce[0] ^= 1;
	send(&mut stream, &attest(lie)).await.expect("sent");
	let refused = receive(&mut stream).await.expect("received");
	let number = RejectCode::QuoteNonce.number();
	assert!(matches!(refused, Some(Response::Refused { code, .. }) if code == number));
	let refusal = serving.await.expect("no panic").expect("it listened");
	assert_eq!(refusal.0.code, RejectCode::QuoteNonce);
}
