//! A proxy in front of a node. It can refuse to return the events of every second block, as a node
//! does if a block has too many events.

use std::{
	net::Ipv4Addr,
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc, Mutex, PoisonError,
	},
};

use futures::{SinkExt, StreamExt};
use serde_json::{json, Value};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
	accept_async_with_config, connect_async_with_config,
	tungstenite::{protocol::WebSocketConfig, Message},
};

use crate::{Error, Result};

/// The storage key of `System.Events`.
const EVENTS_KEY: &str = "0x26aa394eea5630e07c48ae0c9558cef780d41e5e16056765bc8461851072c9d7";

/// A proxy that listens on a free port.
#[derive(Debug)]
pub struct Proxy {
	url: String,
	/// The URL of the node behind the proxy. `None` until the network is ready.
	node: Mutex<Option<String>>,
	/// `true` during the flood: the proxy refuses the events of every second block.
	flood: AtomicBool,
	/// The hashes of the blocks whose events were requested during the flood, in the order of the
	/// requests.
	blocks: Mutex<Vec<String>>,
}

impl Proxy {
	/// Opens a proxy. The proxy closes all connections until [`Proxy::forward_to`] is called.
	///
	/// ## Errors
	/// [`Error::Start`] if no port is free.
	pub async fn open() -> Result<Arc<Self>> {
		let no_port = |source| Error::Start { program: "the proxy".into(), source };
		let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(no_port)?;
		let address = listener.local_addr().map_err(no_port)?;
		let proxy = Arc::new(Self {
			url: format!("ws://{address}"),
			node: Mutex::default(),
			flood: AtomicBool::new(false),
			blocks: Mutex::default(),
		});
		tokio::spawn(proxy.clone().accept(listener));
		Ok(proxy)
	}

	/// Returns the proxy's own URL.
	pub fn url(&self) -> &str {
		&self.url
	}

	/// Makes the proxy forward new connections to a node.
	pub fn forward_to(&self, node: &str) {
		*self.node.lock().unwrap_or_else(PoisonError::into_inner) = Some(node.to_owned());
	}

	/// Begins or ends the flood, in which the proxy refuses events.
	pub fn set_flood(&self, flood: bool) {
		self.flood.store(flood, Ordering::SeqCst);
	}

	async fn accept(self: Arc<Self>, listener: TcpListener) {
		while let Ok((stream, _)) = listener.accept().await {
			let node = self.node.lock().unwrap_or_else(PoisonError::into_inner).clone();
			if let Some(node) = node {
				let proxy = self.clone();
				// Errors are ignored, because the client connects again after a connection has
				// ended.
				tokio::spawn(async move { proxy.relay(stream, &node).await });
			}
		}
	}

	/// Relays messages until one side ends the connection.
	async fn relay(&self, stream: TcpStream, node: &str) -> Option<()> {
		let limits = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
		let mut client = accept_async_with_config(stream, Some(limits)).await.ok()?;
		let (mut node, _) = connect_async_with_config(node, Some(limits), true).await.ok()?;
		loop {
			tokio::select! {
				message = client.next() => {
					let message = message?.ok()?;
					match self.refusal(&message) {
						Some(refusal) => client.send(refusal).await.ok()?,
						None => node.send(message).await.ok()?,
					}
				},
				message = node.next() => client.send(message?.ok()?).await.ok()?,
			}
		}
	}

	/// Returns the proxy's answer to a request that it refuses. Returns `None` for a request that
	/// it relays.
	fn refusal(&self, message: &Message) -> Option<Message> {
		let Message::Text(text) = message else { return None };
		if !self.flood.load(Ordering::SeqCst) {
			return None;
		}
		let request: Value = serde_json::from_str(text.as_str()).ok()?;
		let is_events = request["method"] == "state_getStorage"
			&& request["params"][0].as_str() == Some(EVENTS_KEY);
		if !is_events || !self.is_refused(request["params"][1].as_str().unwrap_or_default()) {
			return None;
		}
		let error = json!({ "code": -32008, "message": "Response is too big" });
		let answer = json!({ "jsonrpc": "2.0", "id": request["id"], "error": error });
		Some(Message::text(answer.to_string()))
	}

	/// Returns `true` for every second block whose events are requested.
	fn is_refused(&self, block: &str) -> bool {
		let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
		let known = blocks.iter().position(|known| known == block);
		let index = known.unwrap_or_else(|| {
			blocks.push(block.to_owned());
			blocks.len() - 1
		});
		index.is_multiple_of(2)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn request(key: &str, block: &str) -> Message {
		let params = json!([key, block]);
		let request =
			json!({ "jsonrpc": "2.0", "id": 7, "method": "state_getStorage", "params": params });
		Message::text(request.to_string())
	}

	#[tokio::test]
	async fn events_of_every_second_block_are_refused_during_flood() {
		let proxy = Proxy::open().await.expect("a port is free");
		let refused = |block: &str| proxy.refusal(&request(EVENTS_KEY, block)).is_some();
		assert!(!refused("0x01"), "there is no flood");
		proxy.set_flood(true);
		assert!(refused("0x01") && !refused("0x02") && refused("0x03"));
		assert!(refused("0x01"), "again");
		assert!(proxy.refusal(&request("0x00", "0x01")).is_none(), "another row");
		let answer = proxy.refusal(&request(EVENTS_KEY, "0x01")).expect("it is refused");
		let answer: Value =
			serde_json::from_str(answer.to_text().expect("it is text")).expect("JSON");
		assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(7), &json!(-32008)));
	}

	#[tokio::test]
	async fn requests_reach_the_node() {
		let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
		let address = listener.local_addr().expect("it listens");
		tokio::spawn(async move {
			let (stream, _) = listener.accept().await.expect("the proxy connects");
			let mut node = accept_async_with_config(stream, None).await.expect("a handshake");
			let request = node.next().await.expect("a message").expect("it is valid");
			node.send(request).await.expect("the proxy listens");
		});
		let proxy = Proxy::open().await.expect("a port is free");
		proxy.forward_to(&format!("ws://{address}"));
		let connected = connect_async_with_config(proxy.url(), None, true).await;
		let (mut client, _) = connected.expect("the proxy listens");
		client.send(request("0x00", "0x01")).await.expect("the proxy reads");
		let answer = client.next().await.expect("an answer").expect("it is valid");
		assert_eq!(answer, request("0x00", "0x01"));
	}
}
