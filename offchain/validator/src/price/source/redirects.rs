//! Where an answer may lead: two local servers, one with TLS and one without, that lead to each other. What is asked over TLS is answered over TLS.

use std::{
	io,
	net::SocketAddr,
	sync::{
		atomic::{AtomicUsize, Ordering},
		Arc,
	},
};

use axum::{extract::Path, response::Redirect, routing::get, serve::Listener, Router};
use reqwest::Certificate;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
	rustls::{
		crypto::ring,
		pki_types::{pem::PemObject, CertificateDer, PrivateKeyDer},
		ServerConfig,
	},
	server::TlsStream,
	TlsAcceptor,
};

use super::*;

/// How long the tests wait for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Of a server at 127.0.0.1, valid from 2020 to 2120. It vouches for itself, and is no authority: whoever has its key, as everybody does, can vouch for nobody
/// else. Made by `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -addext subjectAltName=IP:127.0.0.1`, then by `openssl ca -selfsign
/// -startdate 20200101000000Z -enddate 21200101000000Z` with `copy_extensions=copy`.
const CERTIFICATE: &[u8] = b"\
-----BEGIN CERTIFICATE-----
MIIBdjCCARygAwIBAgIUCLxDwWYz+dYYSGQiRtqczdSnQqswCgYIKoZIzj0EAwIw
IDEeMBwGA1UEAwwVSU5TRUNVUkUgVEVTVCBPRiBIQ0NTMCAXDTIwMDEwMTAwMDAw
MFoYDzIxMjAwMTAxMDAwMDAwWjAgMR4wHAYDVQQDDBVJTlNFQ1VSRSBURVNUIE9G
IEhDQ1MwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARLUPPxyARFyCUuSzPabDux
ohwa4OmWdjEhLg7Ij/jtNa+BTyCJyQN8PYvyCI4DQgJ203+TqdceaZMK0UD1jecA
ozIwMDAPBgNVHREECDAGhwR/AAABMB0GA1UdDgQWBBSa20G5Do5ufVw2MnF/cYaV
Cfs7CzAKBggqhkjOPQQDAgNIADBFAiBz4fC37NyVwiqo0AD+ustZ6Y1z4yZzhLHV
Z6owuPtIHQIhAN6SxXWm2Dvf0N0xsT3C1rYbO/hmsO2PLbaC7Yqycqu8
-----END CERTIFICATE-----
";

/// Its key.
const KEY: &[u8] = b"\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgItNqgvfPzCM90bCi
g3lY04VF/MLq62iMFEiprVtJ4OihRANCAARLUPPxyARFyCUuSzPabDuxohwa4OmW
djEhLg7Ij/jtNa+BTyCJyQN8PYvyCI4DQgJ203+TqdceaZMK0UD1jecA
-----END PRIVATE KEY-----
";

/// Takes connections over TLS.
struct Tls {
	listener: TcpListener,
	acceptor: TlsAcceptor,
}

impl Tls {
	fn over(listener: TcpListener) -> Self {
		let certificate = CertificateDer::from_pem_slice(CERTIFICATE).expect("a certificate");
		let key = PrivateKeyDer::from_pem_slice(KEY).expect("a key");
		let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
			.with_safe_default_protocol_versions()
			.expect("versions that ring knows")
			.with_no_client_auth()
			.with_single_cert(vec![certificate], key)
			.expect("the key of the certificate");
		Self { listener, acceptor: TlsAcceptor::from(Arc::new(config)) }
	}
}

impl Listener for Tls {
	type Io = TlsStream<TcpStream>;
	type Addr = SocketAddr;

	async fn accept(&mut self) -> (Self::Io, Self::Addr) {
		loop {
			let (stream, peer) = self.listener.accept().await.expect("a connection");
			// A client that does not trust the certificate goes away.
			if let Ok(stream) = self.acceptor.accept(stream).await {
				return (stream, peer);
			}
		}
	}

	fn local_addr(&self) -> io::Result<Self::Addr> {
		self.listener.local_addr()
	}
}

/// A server with TLS, one without, and who asks them.
struct Servers {
	safe: String,
	open: String,
	/// How often a price was asked of the one without.
	open_asked: Arc<AtomicUsize>,
	/// Trusts the certificate of the one with TLS.
	fetcher: Fetcher,
}

impl Servers {
	async fn start() -> Self {
		let (with_tls, without) = (listen().await, listen().await);
		let safe = format!("https://{}", with_tls.local_addr().expect("an address"));
		let open = format!("http://{}", without.local_addr().expect("an address"));
		let open_asked = Arc::default();
		let safe_app = app(&safe, &open, &Arc::default());
		let open_app = app(&safe, &open, &open_asked);
		let with_tls = Tls::over(with_tls);
		tokio::spawn(async move { axum::serve(with_tls, safe_app).await });
		tokio::spawn(async move { axum::serve(without, open_app).await });
		let trusted = Certificate::from_pem(CERTIFICATE).expect("a certificate");
		let client = client(PATIENCE).add_root_certificate(trusted).build().expect("a client");
		Self { safe, open, open_asked, fetcher: Fetcher { client } }
	}

	async fn fetch(&self, server: &str, path: &str) -> Result<Price, SourceError> {
		self.fetcher.fetch(&source(server, path)).await
	}
}

async fn listen() -> TcpListener {
	TcpListener::bind("127.0.0.1:0").await.expect("a port")
}

fn source(server: &str, path: &str) -> Source {
	Source { url: format!("{server}{path}"), pointer: "/usd".into() }
}

/// What each of the two answers; `asked` counts how often it was a price.
fn app(safe: &str, open: &str, asked: &Arc<AtomicUsize>) -> Router {
	let leads_to = |url: String| get(move || async move { Redirect::temporary(&url) });
	let asked = asked.clone();
	let answer = move || {
		asked.fetch_add(1, Ordering::Relaxed);
		async { r#"{"usd":"1.5"}"# }
	};
	Router::new()
		.route("/price", get(answer))
		.route("/to-safe", leads_to(format!("{safe}/price")))
		.route("/to-open", leads_to(format!("{open}/price")))
		.route("/to-open-later", leads_to(format!("{safe}/to-open")))
		.route("/hops/{left}", get(hop))
}

/// Leads elsewhere so many times before there is a price.
async fn hop(Path(left): Path<usize>) -> Redirect {
	match left {
		0 | 1 => Redirect::temporary("/price"),
		_ => Redirect::temporary(&format!("/hops/{}", left - 1)),
	}
}

#[tokio::test]
async fn what_is_asked_over_tls_is_not_answered_without() {
	let servers = Servers::start().await;
	for path in ["/to-open", "/to-open-later"] {
		let refused = servers.fetch(&servers.safe, path).await.expect_err(path);
		let SourceError::Unreachable(why) = &refused else { panic!("{path}: {refused}") };
		assert!(why.is_redirect(), "{path}: {refused}");
		let told = refused.to_string();
		assert!(told.ends_with(": it leads to where anybody could answer"), "{path}: {told}");
		assert!(!told.contains(path), "a key may be in the address: {told}");
	}
	assert_eq!(servers.open_asked.load(Ordering::Relaxed), 0, "it is not even asked");
}

#[tokio::test]
async fn an_answer_may_lead_to_where_it_is_no_less_safe() {
	let servers = Servers::start().await;
	let price = async |server: &str, path: &str| servers.fetch(server, path).await.expect(path);
	assert_eq!(price(&servers.safe, "/price").await, 1_500_000_000);
	assert_eq!(price(&servers.safe, "/to-safe").await, 1_500_000_000);
	assert_eq!(price(&servers.open, "/to-safe").await, 1_500_000_000);
	assert_eq!(servers.open_asked.load(Ordering::Relaxed), 0);
	assert_eq!(price(&servers.open, "/to-open").await, 1_500_000_000);
	assert_eq!(servers.open_asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_answer_may_lead_elsewhere_so_often_and_no_more() {
	let servers = Servers::start().await;
	let hops = async |hops: usize| servers.fetch(&servers.safe, &format!("/hops/{hops}")).await;
	assert_eq!(hops(MAX_REDIRECTS).await.expect("followed"), 1_500_000_000);
	let refused = hops(MAX_REDIRECTS + 1).await.expect_err("once too often");
	assert!(matches!(&refused, SourceError::Unreachable(why) if why.is_redirect()), "{refused}");
}

/// The fetcher of these tests differs in whom it trusts from the one that ships.
#[tokio::test]
async fn a_server_for_which_no_authority_vouches_is_not_believed() {
	let servers = Servers::start().await;
	let fetcher = Fetcher::new(PATIENCE).expect("a client");
	let refused = fetcher.fetch(&source(&servers.safe, "/price")).await.expect_err("not trusted");
	assert!(matches!(&refused, SourceError::Unreachable(why) if why.is_connect()), "{refused}");
	assert!(format!("{refused:?}").contains("UnknownIssuer"), "{refused:?}");
	assert_eq!(servers.fetch(&servers.safe, "/price").await.expect("trusted"), 1_500_000_000);
}
