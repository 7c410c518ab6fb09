//! The rules for the content of an image. They need no storage.

use hcc_evidence::vm::image::{rows_are_ordered, ImageRow};

use crate::types::SCHEME;

/// Returns true if the text is not empty and has visible ASCII characters only. Such a name looks
/// the same everywhere and fits into one line of a terminal.
pub fn is_label(text: &[u8]) -> bool {
	!text.is_empty() && text.iter().all(u8::is_ascii_graphic)
}

/// Returns true if there is a row, and the rows have ascending numbers of vCPUs above zero.
pub fn are_rows(rows: &[ImageRow]) -> bool {
	rows.first().is_some_and(|row| row.vcpus > 0) && rows_are_ordered(rows)
}

/// Returns true if the text is an HTTPS address in visible ASCII characters.
pub fn is_location(text: &[u8]) -> bool {
	text.strip_prefix(SCHEME).is_some_and(is_label)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn label_has_visible_ascii_only() {
		assert!(is_label(b"debian-13"));
		for text in ["", "two words", "new\nline", "d\u{435}bian", "\u{1b}[2J"] {
			assert!(!is_label(text.as_bytes()), "{text:?}");
		}
	}

	#[test]
	fn rows_ascend_from_one_vcpu() {
		let rows = |vcpus: &[u32]| {
			let row = |vcpus: &u32| ImageRow { vcpus: *vcpus, measurement: [7; 48] };
			vcpus.iter().map(row).collect::<Vec<_>>()
		};
		assert!(are_rows(&rows(&[1])) && are_rows(&rows(&[2, 4, 16])));
		for vcpus in [&[][..], &[0], &[0, 1], &[2, 2], &[4, 2]] {
			assert!(!are_rows(&rows(vcpus)), "{vcpus:?}");
		}
	}

	#[test]
	fn location_is_https() {
		assert!(is_location(b"https://images.example/debian/13"));
		for text in
			["", "https://", "http://images.example", "HTTPS://a", "https://a b", "file:///a"]
		{
			assert!(!is_location(text.as_bytes()), "{text}");
		}
	}
}
