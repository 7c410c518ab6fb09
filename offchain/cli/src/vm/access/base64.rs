//! Base64 of RFC 4648, as OpenSSH writes keys and fingerprints.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes bytes without padding.
pub(super) fn encode_unpadded(bytes: &[u8]) -> String {
	let mut text = String::new();
	for chunk in bytes.chunks(3) {
		let mut group = [0; 4];
		group[1..=chunk.len()].copy_from_slice(chunk);
		let group = u32::from_be_bytes(group);
		for digit in 0..=chunk.len() {
			let index = (group >> (18 - 6 * digit)) & 63;
			text.push(char::from(DIGITS[index as usize]));
		}
	}
	text
}

/// Encodes bytes with padding.
pub(super) fn encode(bytes: &[u8]) -> String {
	let mut text = encode_unpadded(bytes);
	while text.len() % 4 != 0 {
		text.push('=');
	}
	text
}

/// Decodes text with padding. Returns `None` if it is not canonical.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
	let digits = text.trim_end_matches('=');
	let (mut bytes, mut group, mut bits) = (Vec::new(), 0u32, 0);
	for digit in digits.bytes() {
		let value = DIGITS.iter().position(|of| *of == digit)?;
		group = ((group << 6) | value as u32) & 0xff_ffff;
		bits += 6;
		if bits >= 8 {
			bits -= 8;
			bytes.push((group >> bits) as u8);
		}
	}
	Some(bytes).filter(|bytes| encode(bytes) == text)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn vectors_of_rfc_4648_round_trip() {
		for (bytes, text) in [
			("", ""),
			("f", "Zg=="),
			("fo", "Zm8="),
			("foo", "Zm9v"),
			("foob", "Zm9vYg=="),
			("fooba", "Zm9vYmE="),
			("foobar", "Zm9vYmFy"),
		] {
			assert_eq!(encode(bytes.as_bytes()), text);
			assert_eq!(encode_unpadded(bytes.as_bytes()), text.trim_end_matches('='));
			assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
		}
		let all: Vec<u8> = (0..=255).collect();
		assert_eq!(decode(&encode(&all)), Some(all));
	}

	#[test]
	fn other_text_is_refused() {
		for text in ["Zg", "Zg=", "Zh==", "Zg===", "Z", "Zm9v\n", "Zm 9v", "Zm9_"] {
			assert_eq!(decode(text), None, "{text}");
		}
	}
}
