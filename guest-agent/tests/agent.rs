//! Tests of the agent against honest and dishonest hosts.

use std::{sync::Arc, time::Duration};

use hcc_evidence::{
	host::{agent_host_data, quote_extra_data, Context, HostEvidence, Verdict},
	RejectCode,
};
use hcc_evidence_testing::{miner_binary, Machine, Policy, GENESIS, MINER};
use hcc_guest_protocol::{
	connect,
	guest::{GatheredEvidence, GuestRequest, GuestResponse, VERSIONS},
	Address, Session, SessionError, Stream, VersionRange,
};
use hcc_service::Health;
use hccam::{serve, Agent, Expected, ReportError, ReportSource};
use insecure_sim::ReportFields;
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::UnixStream,
	task::JoinHandle,
};

/// The CID in tests over a UNIX socket. It is not used, because such sockets have no CID.
const NO_CID: u32 = 0;
/// Time limit for a step that should be immediate.
const SOON: Duration = Duration::from_secs(3);

/// A report source: reports that the declared test hierarchy signs.
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

/// Returns the report source of the machine. The launcher has set HOST_DATA.
fn declared(machine: &Machine) -> Declared {
	let host_data = agent_host_data(&GENESIS, &MINER);
	Declared(ReportFields { host_data, ..machine.fields.clone() }, machine.chip.clone())
}

fn agent(machine: &Machine) -> Agent<Declared> {
	let source = declared(machine);
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
	let (agent, context) = (agent(&machine), machine.challenge(1));
	let gathered = gathered(&machine, &context, &agent.public_key());
	let (response, failure) = agent.answer(attest(gathered.clone()));
	assert!(failure.is_none());
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

/// Returns the code with which the agent refuses evidence.
fn refusal(agent: &Agent<Declared>, gathered: GatheredEvidence) -> u16 {
	let (response, failure) = agent.answer(attest(gathered));
	assert!(failure.is_none(), "a bad request does not stop the agent");
	match response {
		GuestResponse::Refused { code, .. } => code,
		other => panic!("not refused: {other:?}"),
	}
}

/// Returns the code with which the agent refuses honest evidence after `change`.
fn refused(change: impl FnOnce(&mut GatheredEvidence)) -> Option<RejectCode> {
	let machine = Machine::named("alice");
	let agent = agent(&machine);
	let mut gathered = gathered(&machine, &machine.challenge(1), &agent.public_key());
	change(&mut gathered);
	RejectCode::from_number(refusal(&agent, gathered))
}

#[test]
fn submitted_log_is_continued() {
	let mut machine = Machine::named("alice");
	machine.run(b"bash");
	let agent = agent(&machine);
	let policy = Policy::default();
	let log = Some(machine.hand_in(&[2], &policy));
	let context = Context { log, ..machine.challenge(1) };
	let gathered = gathered(&machine, &context, &agent.public_key());
	assert_eq!(gathered.ima_delta.from_entry, 2);
	let (response, failure) = agent.answer(attest(gathered.clone()));
	assert!(failure.is_none(), "the submitted part of the log contains the miner's binary");
	let GuestResponse::Evidence { snp_report, guest_signature } = response else {
		panic!("no evidence: {response:?}");
	};
	let evidence = HostEvidence { snp_report, guest_signature, ..machine.answer(&context) };
	let verdict = machine.judge(&evidence, &policy, &context);
	assert!(matches!(verdict, Verdict::Accepted(_)), "{verdict:?}");
	let elsewhere = GatheredEvidence { log: Some(machine.hand_in(&[1], &policy)), ..gathered };
	assert_eq!(refusal(&agent, elsewhere), RejectCode::ImaCheckpoint.number());
}

#[test]
fn altered_evidence_is_refused() {
	assert_eq!(refused(|g| g.nonce[0] ^= 1), Some(RejectCode::QuoteNonce));
	assert_eq!(refused(|g| g.chip[0] ^= 1), Some(RejectCode::QuoteNonce));
	assert_eq!(refused(|g| g.tpm_signature[10] ^= 1), Some(RejectCode::QuoteSignature));
	assert_eq!(refused(|g| g.pcr_values[4][0] ^= 1), Some(RejectCode::PcrDigest));
	assert_eq!(refused(|g| g.ima_delta.from_entry = 1), Some(RejectCode::ImaCheckpoint));
	assert_eq!(refused(|g| g.ima_delta.records.clear()), Some(RejectCode::ImaPcr));
	assert_eq!(refused(|g| g.ak.truncate(5)), Some(RejectCode::KeyEncoding));
}

#[test]
fn missing_miner_binary_is_refused() {
	let machine = Machine::named("alice");
	let source = declared(&machine);
	let expected = Expected { miner_binary: vec![[0x99; 32]] };
	let agent = Agent::new(source, machine.guest.clone(), expected);
	let gathered = gathered(&machine, &machine.challenge(1), &agent.public_key());
	assert_eq!(refusal(&agent, gathered), RejectCode::ImaRequiredMissing.number());
}

#[test]
fn failing_secure_processor_is_reported() {
	let machine = Machine::named("alice");
	let agent = Agent::new(Broken, machine.guest.clone(), Expected::default());
	let identity = agent.answer(GuestRequest::Identify);
	assert!(matches!(identity, (GuestResponse::Failed { .. }, Some(_))));
}

/// Connects to an agent as soon as it listens.
async fn connect_when_ready(address: &Address) -> Box<dyn Stream> {
	loop {
		match connect(address).await {
			Ok(stream) => return stream,
			Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
		}
	}
}

async fn session(address: &Address) -> Session {
	let stream = connect_when_ready(address).await;
	Session::connect(stream, VERSIONS).await.expect("both sides support the versions")
}

async fn ask(session: &mut Session, request: &GuestRequest) -> GuestResponse {
	session.send(request).await.expect("sent");
	let answer = tokio::time::timeout(SOON, session.receive()).await.expect("in time");
	answer.expect("received").expect("an answer")
}

/// An agent that serves at a UNIX socket in its own folder.
struct Served {
	folder: tempfile::TempDir,
	address: Address,
	serving: JoinHandle<std::io::Result<ReportError>>,
}

fn served<S: ReportSource + 'static>(agent: Agent<S>) -> Served {
	let folder = tempfile::tempdir().expect("a folder");
	let address = Address::Unix(folder.path().join("hccam.sock"));
	let served = address.clone();
	let pulse = Health::default().watch("serve", SOON);
	let serving =
		tokio::spawn(async move { serve(&served, NO_CID, Arc::new(agent), &pulse).await });
	Served { folder, address, serving }
}

#[tokio::test]
async fn server_continues_after_bad_requests() {
	let machine = Machine::named("alice");
	let Served { folder: _folder, address, serving } = served(agent(&machine));
	// Neither a probe of the socket nor a host with another version stops the agent.
	drop(connect_when_ready(&address).await);
	let newer = VersionRange::new(VERSIONS.max() + 1, VERSIONS.max() + 1);
	let refused = Session::connect(connect_when_ready(&address).await, newer).await;
	assert!(matches!(
		refused,
		Err(SessionError::NoCommonVersion { ours, theirs }) if ours == newer && theirs == VERSIONS
	));
	let mut session = session(&address).await;
	let identity = ask(&mut session, &GuestRequest::Identify).await;
	let GuestResponse::Identity { guest_pk, report } = identity else {
		panic!("no identity: {identity:?}");
	};
	assert_eq!(report.len(), 1184);
	let honest = gathered(&machine, &machine.challenge(1), &guest_pk);
	let mut altered = honest.clone();
	altered.nonce[0] ^= 1;
	let refused = ask(&mut session, &attest(altered)).await;
	let number = RejectCode::QuoteNonce.number();
	assert!(matches!(refused, GuestResponse::Refused { code, .. } if code == number));
	let answer = ask(&mut session, &attest(honest)).await;
	assert!(matches!(answer, GuestResponse::Evidence { .. }), "{answer:?}");
	assert!(!serving.is_finished());
	serving.abort();
}

#[tokio::test]
async fn unreadable_request_is_refused() {
	let Served { folder: _folder, address, serving } = served(agent(&Machine::named("alice")));
	let mut session = session(&address).await;
	// These bytes do not encode a request.
	session.send(&[9u8; 40]).await.expect("sent");
	let answer = tokio::time::timeout(SOON, session.receive()).await.expect("in time");
	let answer: Option<GuestResponse> = answer.expect("received");
	assert!(matches!(answer, Some(GuestResponse::Refused { code: 0, .. })), "{answer:?}");
	assert!(!serving.is_finished());
	serving.abort();
}

#[tokio::test]
async fn idle_session_does_not_delay_others() {
	let Served { folder: _folder, address, serving } = served(agent(&Machine::named("alice")));
	let _idle = connect_when_ready(&address).await;
	let mut session = session(&address).await;
	let identity = ask(&mut session, &GuestRequest::Identify).await;
	assert!(matches!(identity, GuestResponse::Identity { .. }), "{identity:?}");
	serving.abort();
}

#[tokio::test]
async fn silent_sessions_end_after_five_seconds() {
	let Served { folder: _folder, address, serving } = served(agent(&Machine::named("alice")));
	let Address::Unix(path) = &address else { panic!("a UNIX socket") };
	drop(connect_when_ready(&address).await);
	// Opens more sessions than the agent serves at the same time.
	let mut silent = Vec::new();
	for _ in 0..40 {
		silent.push(UnixStream::connect(path).await.expect("it listens"));
	}
	let first = silent.first_mut().expect("there are some");
	first.write_all(&[0]).await.expect("sent");
	let ended = tokio::time::timeout(2 * Duration::from_secs(5), first.read(&mut [0; 8])).await;
	assert!(!matches!(ended.expect("the agent ends it"), Ok(1..)), "there is nothing to read");
	drop(silent);
	let mut session = session(&address).await;
	let identity = ask(&mut session, &GuestRequest::Identify).await;
	assert!(matches!(identity, GuestResponse::Identity { .. }), "{identity:?}");
	serving.abort();
}

#[tokio::test]
async fn server_stops_after_failed_report() {
	let machine = Machine::named("alice");
	let broken = Agent::new(Broken, machine.guest.clone(), Expected::default());
	let Served { folder: _folder, address, serving } = served(broken);
	let mut session = session(&address).await;
	let answer = ask(&mut session, &GuestRequest::Identify).await;
	assert!(matches!(answer, GuestResponse::Failed { .. }), "{answer:?}");
	let ended = tokio::time::timeout(SOON, serving).await.expect("in time").expect("no panic");
	assert!(ended.expect("it listened").to_string().contains("no such device"));
}
