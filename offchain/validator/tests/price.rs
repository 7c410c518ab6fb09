//! Sources of prices that answer, and sources that do otherwise, on a local server.

use std::{convert::Infallible, time::Duration};

use axum::{
	body::{Body, Bytes},
	http::StatusCode,
	response::{IntoResponse, Redirect},
	routing::get,
	Router,
};
use futures::stream;
use hcc_validator::price::{combine, Fetcher, Source, SourceError};

/// How long the tests wait for an answer.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// An answer that comes slowly, for ever.
async fn slow() -> impl IntoResponse {
	let parts = stream::unfold((), |()| async {
		tokio::time::sleep(Duration::from_millis(200)).await;
		Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), ()))
	});
	Body::from_stream(parts)
}

/// An answer that comes fast, for ever.
async fn endless() -> impl IntoResponse {
	Body::from_stream(stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![b' '; 4_096]))))
}

async fn server() -> String {
	let json = |body: &'static str| get(move || async move { body });
	let app = Router::new()
		.route("/good", json(r#"{"data":{"price":"0.4321"}}"#))
		.route("/near", json(r#"{"data":{"price":0.4323}}"#))
		.route("/outlier", json(r#"{"data":{"price":43.21}}"#))
		.route("/zero", json(r#"{"data":{"price":0}}"#))
		.route("/garbage", json("<html>maintenance</html>"))
		.route("/cut", json(r#"{"data":{"pri"#))
		.route("/moved", get(|| async { Redirect::temporary("/good") }))
		.route("/loop", get(|| async { Redirect::temporary("/loop") }))
		.route("/down", get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
		.route("/slow", get(slow))
		.route("/endless", get(endless));
	let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
	let address = listener.local_addr().expect("an address");
	tokio::spawn(async move { axum::serve(listener, app).await });
	format!("http://{address}")
}

async fn fetch(server: &str, path: &str) -> Result<u64, SourceError> {
	let source = Source { url: format!("{server}{path}"), pointer: "/data/price".into() };
	Fetcher::new(PATIENCE).expect("a client").fetch(&source).await
}

#[tokio::test]
async fn a_price_is_read_where_the_pointer_says() {
	let server = server().await;
	assert_eq!(fetch(&server, "/good").await.expect("a price"), 432_100_000);
	assert_eq!(fetch(&server, "/moved").await.expect("followed"), 432_100_000);
	let source = Source { url: format!("{server}/good"), pointer: "/data/usd".into() };
	let missing = Fetcher::new(PATIENCE).expect("a client").fetch(&source).await;
	assert!(matches!(missing, Err(SourceError::NotThere(_))), "{missing:?}");
}

#[tokio::test]
async fn a_source_that_fails_says_how() {
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
	let nobody = fetch("http://127.0.0.1:1", "/good").await.expect_err("nobody listens");
	assert!(matches!(&nobody, SourceError::Unreachable(why) if why.is_connect()), "{nobody}");
}

#[tokio::test]
async fn a_price_is_made_as_long_as_more_than_half_of_the_sources_agree() {
	let server = server().await;
	let price = async |paths: &[&str]| {
		let mut found = Vec::new();
		for path in paths {
			found.extend(fetch(&server, path).await.ok());
		}
		combine(&found, paths.len())
	};
	assert_eq!(price(&["/good", "/near", "/outlier"]).await, Some(432_200_000));
	assert_eq!(price(&["/good", "/near", "/down"]).await, Some(432_200_000));
	assert_eq!(price(&["/good", "/garbage", "/down"]).await, None);
	assert_eq!(price(&["/good", "/outlier"]).await, None);
	assert_eq!(price(&["/down", "/zero"]).await, None);
}
