//! Calls that another program signs, for example on a machine that holds the key.

use std::fmt;

use subxt::{
	ext::scale_value::{
		scale::decode_as_type,
		stringify::{self, custom_formatters::format_hex},
	},
	tx::Payload,
};

use crate::{AccountId32, Chain, ChainAt, ChainError};

/// A call that is printed instead of signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsignedCall {
	/// The account that must sign.
	pub signer: AccountId32,
	/// The names of the pallet and of the call.
	pub name: String,
	/// The call with its arguments in words.
	pub text: String,
	/// The call in SCALE, by the metadata of the node's best block.
	pub data: Vec<u8>,
}

impl UnsignedCall {
	/// Encodes and describes a call.
	///
	/// ## Errors
	/// Fails if the runtime does not know the call.
	pub async fn new<P: Payload>(
		chain: &Chain,
		signer: AccountId32,
		call: &P,
	) -> Result<Self, ChainError> {
		let at = chain.best().await?;
		let data = at.tx().call_data(call)?;
		let name = format!("{}.{}", call.pallet_name(), call.call_name());
		let text = describe(&at, &data).unwrap_or_else(|| name.clone());
		Ok(Self { signer, name, text, data })
	}

	/// Returns the SCALE bytes in hexadecimal.
	pub fn hex(&self) -> String {
		format!("0x{}", hex::encode(&self.data))
	}
}

impl fmt::Display for UnsignedCall {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(
			f,
			"sign {} with the account {}: {}; SCALE {}",
			self.name,
			self.signer,
			self.text,
			self.hex()
		)
	}
}

/// Describes a call with the names of its fields. Byte arrays are in hexadecimal.
fn describe(at: &ChainAt, data: &[u8]) -> Option<String> {
	let metadata = at.metadata_ref();
	let call = metadata.outer_enums().call_enum_ty();
	let value = decode_as_type(&mut &data[..], call, metadata.types()).ok()?;
	let mut text = String::new();
	stringify::to_writer_custom::<u32, &mut String>()
		.add_custom_formatter(|value, writer| format_hex(value, &mut **writer))
		.write(&value, &mut text)
		.ok()?;
	Some(text)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn text_names_signer_call_and_bytes() {
		let call = UnsignedCall {
			signer: AccountId32([1; 32]),
			name: "Registry.add_chip".into(),
			text: "Registry (add_chip { chip: 0x07 })".into(),
			data: vec![12, 7],
		};
		let text = call.to_string();
		for part in ["Registry.add_chip", &call.signer.to_string(), "chip: 0x07", "SCALE 0x0c07"] {
			assert!(text.contains(part), "{part}: {text}");
		}
	}
}
