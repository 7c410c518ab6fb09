//! The client of a miner's relay.

use std::{fmt, str::FromStr, time::Duration};

use ed25519_dalek::{Signer, SigningKey};
use hcc_evidence::{host::MinerId, vm::console_statement};
use hcc_guest_protocol::{
	relay::{ConsoleProof, Refusal, RelayRequest, RelayResponse, Service, MAX_MESSAGE, VERSIONS},
	Session, SessionError,
};
use tokio::{net::TcpStream, time::timeout};

use crate::exit::{Exit, Failure};

/// Time limit for a connection to a relay.
const CONNECT: Duration = Duration::from_secs(10);
/// Time limit for its answer. It connects to the VM first.
const ANSWER: Duration = Duration::from_secs(15);

/// The endpoint of a relay: `host:port`. The chain hardly checks it, so the text may be hostile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint(String);

impl FromStr for Endpoint {
	type Err = String;

	fn from_str(text: &str) -> Result<Self, String> {
		let valid = |(host, port): (&str, &str)| {
			let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
			let ipv6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
			let host = match ipv6 {
				Some(host) => host.parse::<std::net::Ipv6Addr>().is_ok(),
				None => !host.is_empty() && !host.starts_with('-') && host.bytes().all(allowed),
			};
			host && port.bytes().all(|byte| byte.is_ascii_digit())
				&& port.parse::<u16>().is_ok_and(|port| port != 0)
		};
		match text.rsplit_once(':') {
			Some(parts) if valid(parts) => Ok(Self(text.into())),
			_ => Err(format!("{} is not HOST:PORT", super::printable(text))),
		}
	}
}

impl fmt::Display for Endpoint {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(&self.0)
	}
}

/// The way to a VM.
#[derive(Clone, Debug)]
pub(super) struct Route {
	pub vm: u64,
	pub genesis: [u8; 32],
	pub relay: Endpoint,
}

/// The tenant's proof for the console log.
pub(super) struct Tenant<'a> {
	pub key: &'a SigningKey,
	pub miner: MinerId,
}

impl Route {
	/// Opens a service of the VM.
	pub(super) async fn open(
		&self,
		service: Service,
		tenant: Option<&Tenant<'_>>,
	) -> anyhow::Result<TcpStream> {
		let connecting = timeout(CONNECT, TcpStream::connect(&self.relay.0)).await;
		let stream = match connecting {
			Ok(Ok(stream)) => stream,
			Ok(Err(error)) => return Err(self.unreachable(&error.to_string())),
			Err(_) => return Err(self.unreachable("no answer")),
		};
		// Keystrokes must not wait for more bytes. Without it the connection only is slower.
		drop(stream.set_nodelay(true));
		let answer = timeout(ANSWER, self.negotiate(stream, service, tenant)).await;
		match answer {
			Ok(Ok(Ok(stream))) => Ok(stream),
			Ok(Ok(Err(refusal))) => Err(self.refused(refusal)),
			Ok(Err(error)) => Err(self.unreachable(&error.to_string())),
			Err(_) => Err(self.unreachable("it does not answer the request")),
		}
	}

	async fn negotiate(
		&self,
		stream: TcpStream,
		service: Service,
		tenant: Option<&Tenant<'_>>,
	) -> Result<Result<TcpStream, Refusal>, SessionError> {
		let mut session = Session::connect(stream, VERSIONS).await?;
		let request = RelayRequest { genesis: self.genesis, vm: self.vm, service };
		session.send(&request).await?;
		let mut response = receive(&mut session).await?;
		if let (RelayResponse::Prove { nonce }, Some(tenant)) = (response, tenant) {
			let statement = console_statement(&self.genesis, &tenant.miner, self.vm, &nonce);
			let signature = tenant.key.sign(&statement).to_bytes();
			session.send(&ConsoleProof { signature }).await?;
			response = receive(&mut session).await?;
		}
		match response {
			RelayResponse::Open => Ok(Ok(session.into_stream())),
			RelayResponse::Refused(refusal) => Ok(Err(refusal)),
			RelayResponse::Prove { .. } => Err(SessionError::Malformed),
		}
	}

	fn unreachable(&self, why: &str) -> anyhow::Error {
		let message = format!(
			"cannot reach VM {} through the relay {}: {why}; check the network, or retry later",
			self.vm, self.relay
		);
		Failure::error(Exit::Relay, message)
	}

	fn refused(&self, refusal: Refusal) -> anyhow::Error {
		let (vm, relay, code) = (self.vm, &self.relay, refusal.code());
		let message = format!("the relay {relay} refused VM {vm}: {refusal} (code {code})");
		Failure::error(Exit::Relay, message)
	}
}

async fn receive(session: &mut Session<TcpStream>) -> Result<RelayResponse, SessionError> {
	session.receive_within(MAX_MESSAGE).await?.ok_or(SessionError::Closed)
}

#[cfg(test)]
mod tests {
	use ed25519_dalek::Signature;
	use tokio::net::TcpListener;

	use super::*;

	#[test]
	fn endpoints_are_parsed_strictly() {
		for text in ["192.0.2.1:7922", "host-1.example:1", "[2001:db8::1]:65535"] {
			assert_eq!(text.parse::<Endpoint>().expect("an endpoint").to_string(), text);
		}
		for text in [
			"",
			":1",
			"host",
			"host:",
			"host:0",
			"host:65536",
			"host:+1",
			"-o:1",
			"a b:1",
			"a%b:1",
			"a'b:1",
			"[::1:1",
			"[x]:1",
			"::1:1",
			"host:1\n",
			"ho\u{1b}st:1",
		] {
			assert!(text.parse::<Endpoint>().is_err(), "{text:?}");
		}
	}

	/// Starts a relay that answers one request, and returns the way to a VM through it.
	async fn answering(response: RelayResponse) -> Route {
		let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
		let relay = listener.local_addr().expect("an address").to_string();
		tokio::spawn(async move {
			let (stream, _) = listener.accept().await.expect("accepted");
			let mut session = Session::accept(stream, VERSIONS).await.expect("negotiated");
			let request: RelayRequest = session.receive().await.expect("read").expect("a request");
			assert_eq!((request.vm, request.genesis), (7, [1; 32]));
			session.send(&response).await.expect("sent");
		});
		Route { vm: 7, genesis: [1; 32], relay: relay.parse().expect("an endpoint") }
	}

	#[tokio::test]
	async fn open_service_is_a_stream() {
		let route = answering(RelayResponse::Open).await;
		assert!(route.open(Service::Ssh, None).await.is_ok());
	}

	#[tokio::test]
	async fn refusals_and_silent_relays_have_an_exit_code() {
		for response in [
			RelayResponse::Refused(Refusal::NotRunning),
			// SSH needs no proof.
			RelayResponse::Prove { nonce: [0; 32] },
		] {
			let route = answering(response).await;
			let error = route.open(Service::Ssh, None).await.expect_err("refused");
			assert_eq!(Exit::of(&error), Exit::Relay, "{error:#}");
		}
		// Port 1 of the loopback interface refuses connections.
		let relay = "127.0.0.1:1".parse().expect("an endpoint");
		let error = Route { vm: 7, genesis: [1; 32], relay }.open(Service::Ssh, None).await;
		assert_eq!(Exit::of(&error.expect_err("nothing listens")), Exit::Relay);
	}

	#[tokio::test]
	async fn tenant_proves_its_key_for_the_console_log() {
		let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
		let relay = listener.local_addr().expect("an address").to_string();
		let key = SigningKey::from_bytes(&[5; 32]);
		let verifying = key.verifying_key();
		let relaying = tokio::spawn(async move {
			let (stream, _) = listener.accept().await.expect("accepted");
			let mut session = Session::accept(stream, VERSIONS).await.expect("negotiated");
			let request: RelayRequest = session.receive().await.expect("read").expect("a request");
			assert_eq!(request.service, Service::Logs { follow: true });
			session.send(&RelayResponse::Prove { nonce: [3; 32] }).await.expect("sent");
			let proof: ConsoleProof = session.receive().await.expect("read").expect("a proof");
			let statement = console_statement(&[1; 32], &[2; 32], 7, &[3; 32]);
			let signature = Signature::from_bytes(&proof.signature);
			verifying.verify_strict(&statement, &signature).expect("the tenant's signature");
			session.send(&RelayResponse::Open).await.expect("sent");
		});
		let relay = relay.parse().expect("an endpoint");
		let route = Route { vm: 7, genesis: [1; 32], relay };
		let tenant = Tenant { key: &key, miner: [2; 32] };
		let opened = route.open(Service::Logs { follow: true }, Some(&tenant)).await;
		assert!(opened.is_ok());
		relaying.await.expect("the proof is valid");
	}
}
