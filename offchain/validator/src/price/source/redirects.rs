//! Tests of redirects with two local servers that redirect to each other. One server has TLS, and
//! the other has none. A request over TLS must be answered over TLS.

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

/// Time that the tests wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A certificate for a server at 127.0.0.1, valid from 2020 to 2120. It is self-signed and not a
/// certificate authority. Its private key is public, but this key cannot certify other servers.
/// These commands create it, with `copy_extensions=copy` in the configuration:
///
/// ```text
/// openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
///   -addext subjectAltName=IP:127.0.0.1
/// openssl ca -selfsign -startdate 20200101000000Z -enddate 21200101000000Z
/// ```
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

/// The private key of [`CERTIFICATE`].
const KEY: &[u8] = b"\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgItNqgvfPzCM90bCi
g3lY04VF/MLq62iMFEiprVtJ4OihRANCAARLUPPxyARFyCUuSzPabDuxohwa4OmW
djEhLg7Ij/jtNa+BTyCJyQN8PYvyCI4DQgJ203+TqdceaZMK0UD1jecA
-----END PRIVATE KEY-----
";

/// A listener that accepts connections over TLS.
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
			.expect("versions that ring supports")
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
			// If a client does not trust the certificate, it closes the connection, and `accept`
			// fails.
			if let Ok(stream) = self.acceptor.accept(stream).await {
				return (stream, peer);
			}
		}
	}

	fn local_addr(&self) -> io::Result<Self::Addr> {
		self.listener.local_addr()
	}
}

/// A server with TLS, a server without TLS, and a client of both.
struct Servers {
	safe: String,
	open: String,
	/// Number of requests for a price to the server without TLS.
	open_asked: Arc<AtomicUsize>,
	/// A client that trusts the certificate of the server with TLS.
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
		let client = client(TIMEOUT).add_root_certificate(trusted).build().expect("a client");
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

/// Returns the routes of both servers. `asked` counts requests for a price.
fn app(safe: &str, open: &str, asked: &Arc<AtomicUsize>) -> Router {
	let redirect_to = |url: String| get(move || async move { Redirect::temporary(&url) });
	let asked = asked.clone();
	let answer = move || {
		asked.fetch_add(1, Ordering::Relaxed);
		async { r#"{"usd":"1.5"}"# }
	};
	Router::new()
		.route("/price", get(answer))
		.route("/to-safe", redirect_to(format!("{safe}/price")))
		.route("/to-open", redirect_to(format!("{open}/price")))
		.route("/to-open-later", redirect_to(format!("{safe}/to-open")))
		.route("/hops/{left}", get(hop))
}

/// Redirects to itself `left` times, and then to a price.
async fn hop(Path(left): Path<usize>) -> Redirect {
	match left {
		0 | 1 => Redirect::temporary("/price"),
		_ => Redirect::temporary(&format!("/hops/{}", left - 1)),
	}
}

#[tokio::test]
async fn redirect_from_tls_to_plain_is_rejected() {
	let servers = Servers::start().await;
	for path in ["/to-open", "/to-open-later"] {
		let refused = servers.fetch(&servers.safe, path).await.expect_err(path);
		let SourceError::Unreachable(why) = &refused else { panic!("{path}: {refused}") };
		assert!(why.is_redirect(), "{path}: {refused}");
		let text = refused.to_string();
		assert!(text.ends_with(": redirect from https to a URL without TLS"), "{path}: {text}");
		assert!(!text.contains(path), "the URL may contain a key: {text}");
	}
	assert_eq!(
		servers.open_asked.load(Ordering::Relaxed),
		0,
		"the server without TLS receives no request"
	);
}

#[tokio::test]
async fn redirect_to_equal_or_better_security_is_followed() {
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
async fn redirects_are_limited() {
	let servers = Servers::start().await;
	let hops = async |hops: usize| servers.fetch(&servers.safe, &format!("/hops/{hops}")).await;
	assert_eq!(hops(MAX_REDIRECTS).await.expect("followed"), 1_500_000_000);
	let refused = hops(MAX_REDIRECTS + 1).await.expect_err("one redirect too many");
	assert!(matches!(&refused, SourceError::Unreachable(why) if why.is_redirect()), "{refused}");
}

/// Tests the fetcher of the released program. The fetcher in the other tests trusts an additional
/// certificate.
#[tokio::test]
async fn self_signed_certificate_is_rejected() {
	let servers = Servers::start().await;
	let fetcher = Fetcher::new(TIMEOUT).expect("a client");
	let refused = fetcher.fetch(&source(&servers.safe, "/price")).await.expect_err("not trusted");
	assert!(matches!(&refused, SourceError::Unreachable(why) if why.is_connect()), "{refused}");
	assert!(format!("{refused:?}").contains("UnknownIssuer"), "{refused:?}");
	assert_eq!(servers.fetch(&servers.safe, "/price").await.expect("trusted"), 1_500_000_000);
}
