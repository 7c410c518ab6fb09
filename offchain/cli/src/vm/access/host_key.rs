//! The SSH host key of a VM: fetched through the relay, and compared with the boot row.

use std::time::Duration;

use anyhow::{bail, ensure, Context};
use base64::{
	prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD},
	Engine,
};
use sha2::{Digest, Sha256};
use tokio::{
	io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
	time::timeout,
};

use super::{alias, printable, Pinned, Reach};
use crate::{
	exit::{Exit, Failure},
	output::outln,
};

/// The only kind of host key that VMs have, as OpenSSH calls it.
pub(super) const KEY_TYPE: &str = "ssh-ed25519";
/// Time limit for the host key.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The maximum length of a packet (RFC 4253, section 6.1), and of what precedes the version.
const MAX_PACKET: usize = 35_000;
const MAX_BANNER: usize = 8 << 10;

/// Numbers of messages (RFC 4253, section 12; RFC 5656, section 7.1).
const DISCONNECT: u8 = 1;
const IGNORE: u8 = 2;
const DEBUG: u8 = 4;
const KEXINIT: u8 = 20;
const ECDH_INIT: u8 = 30;
const ECDH_REPLY: u8 = 31;

/// Algorithms that this client offers. It never uses the last three kinds, but the server must find
/// a common one.
const KEX: &str = "curve25519-sha256,curve25519-sha256@libssh.org";
const CIPHERS: &str = "aes128-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com,\
	chacha20-poly1305@openssh.com";
const MACS: &str = "hmac-sha2-256,hmac-sha2-512,hmac-sha2-256-etm@openssh.com,\
	hmac-sha2-512-etm@openssh.com";
const COMPRESSION: &str = "none";

/// Print the host key that an SSH client has received as a line of known_hosts, if it is the one of
/// the VM's boot.
#[derive(Debug, clap::Args)]
pub(crate) struct PrintHostKey {
	#[command(flatten)]
	reach: Reach,
	#[command(flatten)]
	pinned: Pinned,
	/// The key in base64. OpenSSH also asks without a key, to sort algorithms.
	#[arg(long)]
	key: Option<String>,
}

impl PrintHostKey {
	pub(crate) fn run(&self) -> anyhow::Result<()> {
		let Some(text) = self.key.as_deref().filter(|key| *key != "NONE") else { return Ok(()) };
		let key = BASE64_STANDARD.decode(text).context("the key is not in base64")?;
		let wanted = match self.pinned.host_key {
			Some(wanted) => wanted.0,
			None => self.reach.target()?.pinned()?,
		};
		check(self.reach.vm, &key, &wanted)?;
		outln!("{}", known_hosts_line(self.reach.vm, &key));
		Ok(())
	}
}

/// Returns a line of known_hosts.
fn known_hosts_line(vm: u64, key: &[u8]) -> String {
	format!("{} {KEY_TYPE} {}", alias(vm), BASE64_STANDARD.encode(key))
}

/// Returns a fingerprint as OpenSSH prints it.
pub(super) fn fingerprint(digest: &[u8; 32]) -> String {
	format!("SHA256:{}", BASE64_STANDARD_NO_PAD.encode(digest))
}

/// Checks that a host key is the one of the boot row.
pub(super) fn check(vm: u64, key: &[u8], wanted: &[u8; 32]) -> anyhow::Result<()> {
	let seen: [u8; 32] = Sha256::digest(key).into();
	if seen == *wanted {
		return Ok(());
	}
	let message = format!(
		"DO NOT CONNECT: this is not VM {vm}!\n\
		The SSH host key is {}.\n\
		The finalised boot of VM {vm} has {}.\n\
		The relay or the network leads to another machine. Nothing was sent to it. \
		If the VM has just rebooted, retry in a minute. Otherwise report the miner.",
		fingerprint(&seen),
		fingerprint(wanted)
	);
	Err(Failure::error(Exit::HostKey, message))
}

/// Fetches the host key from an SSH server, as ssh-keyscan does. The server proves nothing here: an
/// SSH client verifies its signature later.
pub(super) async fn fetch<S>(stream: &mut S) -> anyhow::Result<Vec<u8>>
where
	S: AsyncRead + AsyncWrite + Unpin,
{
	let fetched = timeout(TIMEOUT, exchange(stream)).await;
	let fetched = fetched.unwrap_or_else(|_| bail!("the server sends no host key"));
	fetched.map_err(|error| {
		let message = format!("the VM's SSH server cannot be asked for its key: {error:#}");
		Failure::error(Exit::Relay, message)
	})
}

async fn exchange<S>(stream: &mut S) -> anyhow::Result<Vec<u8>>
where
	S: AsyncRead + AsyncWrite + Unpin,
{
	let version = format!("SSH-2.0-hcc_{}\r\n", env!("CARGO_PKG_VERSION"));
	stream.write_all(version.as_bytes()).await?;
	read_version(stream).await?;
	let mut random = [0; 48];
	getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
	let (cookie, share) = random.split_at(16);
	write_packet(stream, &key_init(cookie)).await?;
	expect_message(stream, KEXINIT).await?;
	// Any 32 bytes are a public key of X25519.
	write_packet(stream, &[&[ECDH_INIT][..], &string(share)].concat()).await?;
	let reply = expect_message(stream, ECDH_REPLY).await?;
	let (key, _) = take_string(&reply).context("the reply contains no key")?;
	Ok(key.to_vec())
}

/// Returns the message with the algorithms of this client.
fn key_init(cookie: &[u8]) -> Vec<u8> {
	let lists = [KEX, KEY_TYPE, CIPHERS, CIPHERS, MACS, MACS, COMPRESSION, COMPRESSION, "", ""];
	let mut message = [&[KEXINIT][..], cookie].concat();
	for list in lists {
		message.extend(string(list.as_bytes()));
	}
	// No guessed packet follows, and four bytes are reserved.
	message.extend([0; 5]);
	message
}

/// Encodes a string of RFC 4251.
fn string(bytes: &[u8]) -> Vec<u8> {
	let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
	[&len.to_be_bytes()[..], bytes].concat()
}

/// Splits a string of RFC 4251 from the start of a message.
fn take_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
	let (len, rest) = bytes.split_first_chunk()?;
	rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)
}

/// Reads lines up to the server's version.
async fn read_version(stream: &mut (impl AsyncRead + Unpin)) -> anyhow::Result<()> {
	let mut line = Vec::new();
	for _ in 0..MAX_BANNER {
		match stream.read_u8().await? {
			b'\n' if line.starts_with(b"SSH-2.0-") => return Ok(()),
			b'\n' => line.clear(),
			byte => line.push(byte),
		}
	}
	bail!("it is not an SSH server")
}

/// Writes an unencrypted packet.
async fn write_packet(
	stream: &mut (impl AsyncWrite + Unpin),
	payload: &[u8],
) -> anyhow::Result<()> {
	const BLOCK: usize = 8;
	// At least four bytes.
	let padding = BLOCK - (payload.len() + 5) % BLOCK;
	let padding = if padding < 4 { padding + BLOCK } else { padding };
	let len = u32::try_from(payload.len() + padding + 1)?;
	let start = [&len.to_be_bytes()[..], &[u8::try_from(padding)?]].concat();
	stream.write_all(&[&start[..], payload, &vec![0; padding]].concat()).await?;
	stream.flush().await?;
	Ok(())
}

/// Reads the next message of this number, and returns its body.
async fn expect_message(
	stream: &mut (impl AsyncRead + Unpin),
	number: u8,
) -> anyhow::Result<Vec<u8>> {
	loop {
		let payload = read_packet(stream).await?;
		let (seen, body) = payload.split_first().context("an empty packet")?;
		match *seen {
			seen if seen == number => return Ok(body.to_vec()),
			IGNORE | DEBUG => {},
			DISCONNECT => {
				let text = body.get(4..).and_then(take_string).map(|(text, _)| text);
				let text = String::from_utf8_lossy(text.unwrap_or_default()).into_owned();
				bail!("it disconnects: {}", printable(&text));
			},
			seen => bail!("message {seen} instead of {number}"),
		}
	}
}

async fn read_packet(stream: &mut (impl AsyncRead + Unpin)) -> anyhow::Result<Vec<u8>> {
	let len = usize::try_from(stream.read_u32().await?)?;
	let padding = usize::from(stream.read_u8().await?);
	ensure!(len <= MAX_PACKET && padding < len, "a packet of {len} bytes is malformed");
	let mut payload = vec![0; len - 1];
	stream.read_exact(&mut payload).await?;
	payload.truncate(len - 1 - padding);
	Ok(payload)
}

#[cfg(test)]
mod tests {
	use tokio::io::duplex;

	use super::*;

	/// Answers as an SSH server would, with these messages after its version.
	async fn fetched(banner: &str, messages: Vec<Vec<u8>>) -> anyhow::Result<Vec<u8>> {
		let (mut client, mut server) = duplex(1 << 16);
		let banner = banner.to_owned();
		let serving = tokio::spawn(async move {
			server.write_all(banner.as_bytes()).await.expect("written");
			for message in messages {
				write_packet(&mut server, &message).await.expect("written");
			}
			let mut version = vec![0; 8];
			server.read_exact(&mut version).await.expect("read");
			assert_eq!(version, b"SSH-2.0-");
			let mut rest = Vec::new();
			drop(server.read_to_end(&mut rest).await);
		});
		let fetched = fetch(&mut client).await;
		drop(client);
		serving.await.expect("the server does not fail");
		fetched
	}

	fn reply(key: &[u8]) -> Vec<u8> {
		[&[ECDH_REPLY][..], &string(key), &string(&[1; 32]), &string(b"signature")].concat()
	}

	#[tokio::test]
	async fn key_of_server_is_fetched() {
		let messages =
			vec![vec![IGNORE, 0, 0, 0, 0], vec![KEXINIT; 300], vec![DEBUG, 0], reply(b"the key")];
		let key = fetched("welcome\r\nSSH-2.0-server\r\n", messages).await;
		assert_eq!(key.expect("fetched"), b"the key");
	}

	#[tokio::test]
	async fn other_answers_are_errors_with_text() {
		let disconnect = [&[DISCONNECT, 0, 0, 0, 2][..], &string(b"go\x1b away")].concat();
		for (banner, messages, text) in [
			("HTTP/1.1 400\r\n\r\n", vec![], "cannot be asked"),
			("SSH-2.0-x\r\n", vec![disconnect], "go\\u{1b} away"),
			("SSH-2.0-x\r\n", vec![reply(b"early")], "message 31 instead of 20"),
			("SSH-2.0-x\r\n", vec![vec![KEXINIT], vec![ECDH_REPLY, 0, 0, 0, 9, 1]], "no key"),
			("SSH-2.0-x\r\n\u{7f}\u{7f}\u{7f}\u{7f}\u{1}", vec![], "malformed"),
		] {
			// The last banner is the start of a packet of two gigabytes.
			let serving = async {
				if messages.is_empty() {
					let (mut client, mut server) = duplex(1 << 16);
					server.write_all(banner.as_bytes()).await.expect("written");
					server.shutdown().await.expect("ended");
					fetch(&mut client).await
				} else {
					fetched(banner, messages).await
				}
			};
			let error = serving.await.expect_err("no key");
			assert_eq!(Exit::of(&error), Exit::Relay);
			assert!(error.to_string().contains(text), "{error:#}");
		}
	}

	#[test]
	fn packets_are_padded_to_blocks() {
		for len in 0..40 {
			let payload = vec![7; len];
			let (written, read) = super::super::block_on(async {
				let mut written = Vec::<u8>::new();
				write_packet(&mut written, &payload).await?;
				let read = read_packet(&mut &written[..]).await?;
				Ok((written, read))
			})
			.expect("written and read");
			assert!(written.len() % 8 == 0 && written.len() >= 16, "{written:?}");
			assert!(written[4] >= 4, "{written:?}");
			assert_eq!(read, payload);
		}
	}

	#[test]
	fn key_of_another_machine_is_refused_loudly() {
		let wanted: [u8; 32] = Sha256::digest(b"key").into();
		assert!(check(7, b"key", &wanted).is_ok());
		let error = check(7, b"other", &wanted).expect_err("another key");
		assert_eq!(Exit::of(&error), Exit::HostKey);
		let message = error.to_string();
		assert!(message.starts_with("DO NOT CONNECT"), "{message}");
		assert!(message.contains(&fingerprint(&wanted)), "{message}");
	}
}
