//! Device paths of UEFI (UEFI specification, chapter 10).

/// The length of the fields before the device path of a UEFI_IMAGE_LOAD_EVENT.
const HEADER: usize = 32;
/// Types and subtypes of nodes: a file's path, and a file in a firmware volume.
const FILE_PATH: (u8, u8) = (4, 4);
const FIRMWARE_FILE: (u8, u8) = (4, 6);
/// The type of the node that ends a path.
const END: u8 = 0x7f;

/// Returns the file that a UEFI_IMAGE_LOAD_EVENT names: its path, or the id of a firmware file.
/// Returns an empty text if the event names no file, for example because a loader passed the image
/// in memory.
pub(super) fn of_image(event: &[u8]) -> String {
	let mut rest = event.get(HEADER..).unwrap_or_default();
	let mut found = String::new();
	while let [kind, subtype, low, high, ..] = rest {
		let len = usize::from(u16::from_le_bytes([*low, *high]));
		let Some((node, after)) = rest.split_at_checked(len).filter(|_| len >= 4) else { break };
		let data = node.get(4..).unwrap_or_default();
		match (*kind, *subtype) {
			(END, _) => break,
			FILE_PATH => join(&mut found, &file_name(data)),
			FIRMWARE_FILE if data.len() == 16 => {
				found = format!("firmware file {}", guid(data));
			},
			_ => {},
		}
		rest = after;
	}
	found
}

/// Appends the next part of a path. Firmware may split a path into several nodes.
fn join(path: &mut String, part: &str) {
	if !path.is_empty() && !path.ends_with('\\') && !part.starts_with('\\') {
		path.push('\\');
	}
	path.push_str(part);
}

/// Decodes UTF-16 up to the first NUL. Escapes the other control characters.
fn file_name(data: &[u8]) -> String {
	let units = data.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
	let chars = char::decode_utf16(units.take_while(|unit| *unit != 0));
	let mut name = String::new();
	for char in chars.map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)) {
		if char.is_control() {
			name.extend(char.escape_default());
		} else {
			name.push(char);
		}
	}
	name
}

/// Formats an EFI_GUID, whose first three fields are in little-endian.
fn guid(bytes: &[u8]) -> String {
	const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
	let mut text = String::new();
	for (at, from) in ORDER.into_iter().enumerate() {
		if matches!(at, 4 | 6 | 8 | 10) {
			text.push('-');
		}
		text.push_str(&format!("{:02x}", bytes.get(from).copied().unwrap_or(0)));
	}
	text
}

#[cfg(test)]
mod tests {
	use super::*;

	fn event(nodes: &[&[u8]]) -> Vec<u8> {
		[&[0; HEADER][..], &nodes.concat()].concat()
	}

	fn file(name: &str) -> Vec<u8> {
		let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
		let len = u16::try_from(name.len() + 4).expect("short").to_le_bytes();
		[&[4, 4][..], &len, &name].concat()
	}

	#[test]
	fn file_paths_are_joined() {
		let end = [0x7f, 0xff, 4, 0];
		let disk = [2, 2, 6, 0, 1, 2];
		let path = event(&[&disk, &file("\\EFI"), &file("BOOT\\BOOTX64.EFI"), &end]);
		assert_eq!(of_image(&path), "\\EFI\\BOOT\\BOOTX64.EFI");
		assert_eq!(of_image(&event(&[&file("a\nb"), &end])), "a\\nb");
	}

	#[test]
	fn event_without_file_has_no_path() {
		for bad in [vec![], vec![0; 40], event(&[&[4, 4, 3, 0]]), event(&[&[4, 4, 0xff, 0xff, 1]])]
		{
			assert_eq!(of_image(&bad), "");
		}
	}

	#[test]
	fn firmware_file_is_shown_by_id() {
		let id: Vec<u8> = (0..16).collect();
		let node = [&[4, 6, 20, 0][..], &id].concat();
		let wanted = "firmware file 03020100-0504-0706-0809-0a0b0c0d0e0f";
		assert_eq!(of_image(&event(&[&node])), wanted);
	}
}
