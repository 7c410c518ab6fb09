//! Tests of a price feed with local servers. Some sources answer, others fail in various ways, and
//! the feed derives the price from several sources.

use std::{
	convert::Infallible,
	sync::{
		atomic::{AtomicUsize, Ordering},
		Arc,
	},
	time::{Duration, Instant},
};

use axum::{
	body::{Body, Bytes},
	http::StatusCode,
	response::{IntoResponse, Redirect},
	routing::{get, MethodRouter},
	Router,
};
use futures::stream;
use hcc_chain::{Nodes, Submitter};
use hcc_validator::{
	metrics::Metrics,
	price::{Feed, Fetcher, Source, SourceError},
};

/// Time that a fetcher in the tests waits for an answer.
const TIMEOUT: Duration = Duration::from_millis(1_500);
/// Time that a feed waits for an answer.
const FEED_TIMEOUT: Duration = Duration::from_secs(5);
/// A URL at which no server listens.
const NO_SERVER: &str = "http://127.0.0.1:1";

/// A source that sends an endless answer slowly.
async fn slow() -> impl IntoResponse {
	let parts = stream::unfold((), |()| async {
		tokio::time::sleep(Duration::from_millis(200)).await;
		Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), ()))
	});
	Body::from_stream(parts)
}

/// A source that sends an endless answer fast.
async fn endless() -> impl IntoResponse {
	Body::from_stream(stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![b' '; 4_096]))))
}

/// A source that fails the first request and answers later ones.
fn recovering() -> MethodRouter {
	let asked = Arc::new(AtomicUsize::new(0));
	get(move || {
		let down = asked.fetch_add(1, Ordering::Relaxed) == 0;
		async move {
			if down {
				return Err(StatusCode::SERVICE_UNAVAILABLE);
			}
			Ok(r#"{"data":{"price":"0.4323"}}"#)
		}
	})
}

async fn server() -> String {
	let json = |body: &'static str| get(move || async move { body });
	let app = Router::new()
		.route("/good", json(r#"{"data":{"price":"0.4321"}}"#))
		.route("/near", json(r#"{"data":{"price":0.4323}}"#))
		.route("/low", json(r#"{"data":{"price":"0.43"}}"#))
		.route("/outlier", json(r#"{"data":{"price":43.21}}"#))
		.route("/zero", json(r#"{"data":{"price":0}}"#))
		.route("/garbage", json("<html>maintenance</html>"))
		.route("/cut", json(r#"{"data":{"pri"#))
		.route("/moved", get(|| async { Redirect::temporary("/good") }))
		.route("/loop", get(|| async { Redirect::temporary("/loop") }))
		.route("/down", get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
		.route("/recovering", recovering())
		.route("/slow", get(slow))
		.route("/endless", get(endless));
	let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
	let address = listener.local_addr().expect("an address");
	tokio::spawn(async move { axum::serve(listener, app).await });
	format!("http://{address}")
}

fn source(server: &str, path: &str) -> Source {
	Source { url: format!("{server}{path}"), pointer: "/data/price".into() }
}

async fn fetch(server: &str, path: &str) -> Result<u64, SourceError> {
	Fetcher::new(TIMEOUT).expect("a client").fetch(&source(server, path)).await
}

/// Starts one server for each path. Returns the sources.
async fn sources(paths: &[&str]) -> Vec<Source> {
	let mut sources = Vec::new();
	for path in paths {
		sources.push(source(&server().await, path));
	}
	sources
}

/// Returns a feed like a worker's feed, and its metrics. To query the sources, the feed needs no
/// node.
fn feed(sources: Vec<Source>) -> (Feed, Metrics) {
	let worker = Arc::new(Submitter::from_uri("//Alice").expect("a key"));
	let metrics = Metrics::default();
	let nodes = Arc::new(Nodes::new("ws://127.0.0.1:1").expect("a URL"));
	let validator = worker.account();
	let feed = Feed::new(nodes, validator, worker, sources, 25, metrics.clone());
	(feed.expect("a client"), metrics)
}

/// Returns the price that a feed derives from the given sources, and the number of sources that
/// failed.
async fn price_of(sources: Vec<Source>) -> (Option<u64>, u64) {
	let (feed, metrics) = feed(sources);
	(feed.price().await, metrics.source_failures.get())
}

async fn price(paths: &[&str]) -> (Option<u64>, u64) {
	price_of(sources(paths).await).await
}

#[tokio::test]
async fn price_is_read_at_pointer() {
	let server = server().await;
	assert_eq!(fetch(&server, "/good").await.expect("a price"), 432_100_000);
	assert_eq!(fetch(&server, "/moved").await.expect("followed"), 432_100_000);
	let source = Source { url: format!("{server}/good"), pointer: "/data/usd".into() };
	let missing = Fetcher::new(TIMEOUT).expect("a client").fetch(&source).await;
	assert!(matches!(missing, Err(SourceError::NotThere(_))), "{missing:?}");
}

#[tokio::test]
async fn failing_source_returns_its_error() {
	let server = server().await;
	let refused = async |path| fetch(&server, path).await.expect_err(path);
	assert!(matches!(refused("/garbage").await, SourceError::NotJson(_)));
	assert!(matches!(refused("/cut").await, SourceError::NotJson(_)));
	assert!(matches!(refused("/zero").await, SourceError::NotAPrice(_)));
	assert!(matches!(refused("/down").await, SourceError::Status(503)));
	assert!(matches!(refused("/nowhere").await, SourceError::Status(404)));
	assert!(matches!(refused("/endless").await, SourceError::TooLong));
	let looping = refused("/loop").await;
	assert!(matches!(&looping, SourceError::Unreachable(why) if why.is_redirect()), "{looping}");
	let slow = refused("/slow").await;
	assert!(matches!(&slow, SourceError::Unreachable(why) if why.is_timeout()), "{slow}");
	let refused = fetch(NO_SERVER, "/good").await.expect_err("no server listens");
	assert!(matches!(&refused, SourceError::Unreachable(why) if why.is_connect()), "{refused}");
}

#[tokio::test]
async fn feed_takes_median_of_sources() {
	assert_eq!(price(&["/good"]).await, (Some(432_100_000), 0));
	assert_eq!(price(&["/near", "/low"]).await, (Some(431_150_000), 0), "halfway");
	assert_eq!(price(&["/near", "/low", "/good"]).await, (Some(432_100_000), 0));
	assert_eq!(price(&["/near", "/moved", "/low"]).await, (Some(432_100_000), 0));
}

#[tokio::test]
async fn outlier_does_not_change_price() {
	assert_eq!(price(&["/outlier", "/good", "/near"]).await, (Some(432_200_000), 0));
	assert_eq!(price(&["/good", "/outlier"]).await, (None, 0), "either could be the outlier");
	let half = ["/good", "/near", "/outlier", "/outlier"];
	assert_eq!(price(&half).await, (None, 0), "two against two");
}

#[tokio::test]
async fn feed_tolerates_failing_source() {
	let mut with_an_outage = sources(&["/good", "/near"]).await;
	with_an_outage.push(source(NO_SERVER, "/good"));
	assert_eq!(price_of(with_an_outage).await, (Some(432_200_000), 1));
	for out in ["/down", "/garbage", "/cut", "/zero", "/nowhere", "/loop", "/endless"] {
		assert_eq!(price(&["/good", out, "/near"]).await, (Some(432_200_000), 1), "{out}");
	}
	let with_an_outlier = ["/near", "/down", "/low", "/outlier", "/good"];
	assert_eq!(price(&with_an_outlier).await, (Some(432_100_000), 1), "three of five agree");
}

#[tokio::test]
async fn half_of_sources_give_no_price() {
	assert_eq!(price(&[]).await, (None, 0));
	assert_eq!(price(&["/down"]).await, (None, 1));
	assert_eq!(price(&["/good", "/down"]).await, (None, 1));
	assert_eq!(price(&["/good", "/garbage", "/down"]).await, (None, 2));
	assert_eq!(price(&["/good", "/near", "/zero", "/down"]).await, (None, 2));
	assert_eq!(price(&["/good", "/near", "/outlier", "/down"]).await, (None, 1));
}

#[tokio::test]
async fn recovered_source_counts_again() {
	let (feed, metrics) = feed(sources(&["/good", "/recovering"]).await);
	assert_eq!(feed.price().await, None);
	assert_eq!(feed.price().await, Some(432_200_000));
	assert_eq!(metrics.source_failures.get(), 1);
}

#[tokio::test]
async fn slow_sources_delay_feed_once() {
	let sources = sources(&["/slow", "/good", "/slow", "/near", "/low"]).await;
	let begun = Instant::now();
	assert_eq!(price_of(sources).await, (Some(432_100_000), 2));
	let took = begun.elapsed();
	assert!(took >= FEED_TIMEOUT && took < 2 * FEED_TIMEOUT, "{took:?}");
}
