use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize};

/// An IP network, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Net {
	address: IpAddr,
	prefix: u8,
}

/// Reasons why a text is not a [`Net`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNet {
	#[error("{0:?} is not an IP address, or a network such as 203.0.113.0/24")]
	Malformed(String),
	#[error("{0:?} has bits behind its prefix")]
	HostBits(String),
}

impl Net {
	/// Returns the first address.
	pub const fn address(&self) -> IpAddr {
		self.address
	}

	/// Returns the number of leading bits that all addresses share.
	pub const fn prefix(&self) -> u8 {
		self.prefix
	}
}

impl FromStr for Net {
	type Err = InvalidNet;

	fn from_str(text: &str) -> Result<Self, InvalidNet> {
		let malformed = || InvalidNet::Malformed(text.into());
		let (address, prefix) = match text.split_once('/') {
			Some((address, prefix)) => (address, Some(prefix)),
			None => (text, None),
		};
		let address: IpAddr = address.parse().map_err(|_| malformed())?;
		let (bits, most) = match address {
			// An IPv4 address fills the upper bits.
			IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
			IpAddr::V6(v6) => (v6.to_bits(), 128),
		};
		let prefix = match prefix {
			Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => {
				prefix.parse::<u8>().map_err(|_| malformed())?
			},
			Some(_) => return Err(malformed()),
			None => most,
		};
		if prefix > most {
			return Err(malformed());
		}
		// A shift by all bits leaves nothing.
		let behind = bits.checked_shl(prefix.into()).unwrap_or_default();
		if behind != 0 {
			return Err(InvalidNet::HostBits(text.into()));
		}
		Ok(Self { address, prefix })
	}
}

impl TryFrom<String> for Net {
	type Error = InvalidNet;

	fn try_from(text: String) -> Result<Self, InvalidNet> {
		text.parse()
	}
}

impl fmt::Display for Net {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{}/{}", self.address, self.prefix)
	}
}

impl From<Net> for String {
	fn from(net: Net) -> Self {
		net.to_string()
	}
}
