//! Tests of the agent against honest and dishonest hosts.

use hcc_evidence::{
	host::{quote_extra_data, Context, HostEvidence, Verdict},
	RejectCode,
};
use hcc_evidence_testing::{miner_binary, Machine, Policy};
use hcc_guest_protocol::{
	connect,
	guest::{GatheredEvidence, GuestRequest, GuestResponse, VERSIONS},
	Address, Session, SessionError, Stream, VersionRange,
};
use hccam::{serve, Agent, Expected, ReportError, ReportSource};
use insecure_sim::ReportFields;

/// A report source of the declared test hierarchy.
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

/// Returns the evidence that an honest host gathers.
fn gathered(machine: &Machine, context: &Context, guest_pk: &[u8; 32]) -> GatheredEvidence {
	let challenge = &context.challenge;
	let (genesis, nonce) = (&challenge.genesis, &challenge.nonce);
	let extra_data = quote_extra_data(genesis, nonce, &challenge.miner, &challenge.chip, guest_pk);
	let tpms_attest = machine.quote(&extra_data);
	GatheredEvidence {
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

fn attest(gathered: GatheredEvidence) -> GuestRequest {
	GuestRequest::Attest(Box::new(gathered))
}

#[test]
fn bound_evidence_is_accepted() {
	let machine = Machine::named("alice");
	let (mut agent, context) = (agent(&machine), machine.challenge(1));
	let gathered = gathered(&machine, &context, &agent.public_key());
	let (response, refusal) = agent.answer(attest(gathered.clone()));
	assert!(refusal.is_none());
	let GuestResponse::Evidence { snp_report, guest_signature } = response else {
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

/// Returns the code with which the agent refuses altered evidence.
fn refused(change: impl FnOnce(&mut GatheredEvidence)) -> RejectCode {
	let machine = Machine::named("alice");
	let mut agent = agent(&machine);
	let mut gathered = gathered(&machine, &machine.challenge(1), &agent.public_key());
	change(&mut gathered);
	let (response, refusal) = agent.answer(attest(gathered));
	let refusal = refusal.expect("refused");
	assert!(
		matches!(response, GuestResponse::Refused { code, .. } if code == refusal.0.code.number()),
		"the host receives the same code"
	);
	refusal.0.code
}

#[test]
fn submitted_log_is_continued() {
	let mut machine = Machine::named("alice");
	machine.run(b"bash");
	let mut agent = agent(&machine);
	let policy = Policy::default();
	let log = Some(machine.hand_in(&[2], &policy));
	let context = Context { log, ..machine.challenge(1) };
	let gathered = gathered(&machine, &context, &agent.public_key());
	assert_eq!(gathered.ima_delta.from_entry, 2);
	let (response, refusal) = agent.answer(attest(gathered.clone()));
	assert!(refusal.is_none(), "the submitted part of the log contains the miner's binary");
	let GuestResponse::Evidence { snp_report, guest_signature } = response else {
		panic!("no evidence: {response:?}");
	};
	let evidence = HostEvidence { snp_report, guest_signature, ..machine.answer(&context) };
	let verdict = machine.judge(&evidence, &policy, &context);
	assert!(matches!(verdict, Verdict::Accepted(_)), "{verdict:?}");
	let elsewhere = GatheredEvidence { log: Some(machine.hand_in(&[1], &policy)), ..gathered };
	let (_, refusal) = agent.answer(attest(elsewhere));
	assert_eq!(refusal.expect("refused").0.code, RejectCode::ImaCheckpoint);
}

#[test]
fn altered_evidence_is_refused() {
	assert_eq!(refused(|g| g.nonce[0] ^= 1), RejectCode::QuoteNonce);
	assert_eq!(refused(|g| g.chip[0] ^= 1), RejectCode::QuoteNonce);
	assert_eq!(refused(|g| g.tpm_signature[10] ^= 1), RejectCode::QuoteSignature);
	assert_eq!(refused(|g| g.pcr_values[4][0] ^= 1), RejectCode::PcrDigest);
	assert_eq!(refused(|g| g.ima_delta.from_entry = 1), RejectCode::ImaCheckpoint);
	assert_eq!(refused(|g| g.ima_delta.records.clear()), RejectCode::ImaPcr);
	assert_eq!(refused(|g| g.ak.truncate(5)), RejectCode::KeyEncoding);
}

#[test]
fn missing_miner_binary_is_refused() {
	let machine = Machine::named("alice");
	let source = Declared(machine.fields.clone(), machine.chip.clone());
	let expected = Expected { miner_binary: vec![[0x99; 32]] };
	let mut agent = Agent::new(source, machine.guest.clone(), expected);
	let gathered = gathered(&machine, &machine.challenge(1), &agent.public_key());
	let (_, refusal) = agent.answer(attest(gathered));
	assert_eq!(refusal.expect("refused").0.code, RejectCode::ImaRequiredMissing);
}

#[test]
fn failing_secure_processor_is_reported() {
	let machine = Machine::named("alice");
	let mut agent = Agent::new(Broken, machine.guest.clone(), Expected::default());
	let identity = agent.answer(GuestRequest::Identify);
	assert!(matches!(identity, (GuestResponse::Failed { .. }, None)));
}

/// Connects to an agent as soon as it listens.
async fn connect_when_ready(address: &Address) -> Box<dyn Stream> {
	loop {
		match connect(address).await {
			Ok(stream) => return stream,
			Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
		}
	}
}

#[tokio::test]
async fn server_stops_after_refusal() {
	let folder = tempfile::tempdir().expect("a folder");
	let address = Address::Unix(folder.path().join("hccam.sock"));
	let served = address.clone();
	let serving = tokio::spawn(async move {
		let machine = Machine::named("alice");
		serve(&served, &mut agent(&machine)).await
	});
	// Neither a probe of the socket nor a host of another version stops the agent.
	drop(connect_when_ready(&address).await);
	let newer = VersionRange::new(VERSIONS.max() + 1, VERSIONS.max() + 1);
	let refused = Session::connect(connect_when_ready(&address).await, newer).await;
	assert!(matches!(
		refused,
		Err(SessionError::NoCommonVersion { ours, theirs }) if ours == newer && theirs == VERSIONS
	));
	let mut session =
		Session::connect(connect_when_ready(&address).await, VERSIONS).await.expect("connected");
	session.send(&GuestRequest::Identify).await.expect("sent");
	let identity = session.receive().await.expect("received");
	let Some(GuestResponse::Identity { guest_pk, report }) = identity else {
		panic!("no identity: {identity:?}");
	};
	assert_eq!(report.len(), 1184);
	let machine = Machine::named("alice");
	let mut altered = gathered(&machine, &machine.challenge(1), &guest_pk);
	altered.nonce[0] ^= 1;
	session.send(&attest(altered)).await.expect("sent");
	let refused = session.receive().await.expect("received");
	let number = RejectCode::QuoteNonce.number();
	assert!(matches!(refused, Some(GuestResponse::Refused { code, .. }) if code == number));
	let refusal = serving.await.expect("no panic").expect("it listened");
	assert_eq!(refusal.0.code, RejectCode::QuoteNonce);
}
