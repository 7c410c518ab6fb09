//! The tables of the firmware.

use hcc_image::{Error, Firmware, Image};

use crate::synthetic;

/// The last bytes of the firmware, with the footer table.
const TABLE: usize = 200;
/// The SEV metadata: from the middle of the firmware.
const METADATA: std::ops::Range<usize> = 4096..4096 + 64;

fn refused(bytes: &[u8]) -> &'static str {
	match Firmware::parse(bytes) {
		Err(Error::Firmware(why)) => why,
		other => panic!("{other:?}"),
	}
}

#[test]
fn tables_are_found() {
	let firmware = Firmware::parse(&synthetic::firmware()).expect("a firmware");
	assert_eq!(firmware.hash_table_address(), 0x81_0c00);
	assert_eq!(firmware.hash_table_size(), 0x400);
}

#[test]
fn firmware_without_tables_is_refused() {
	assert_eq!(refused(&[]), "its footer table is malformed");
	assert_eq!(refused(&[0; 8192]), "it has no footer table");
}

#[test]
fn shortened_firmware_is_refused() {
	let bytes = synthetic::firmware();
	for len in (0..bytes.len()).step_by(61) {
		assert!(Firmware::parse(&bytes[..len]).is_err(), "the first {len} bytes");
	}
	// The footer table stays, but what it points to does not.
	for len in (0..bytes.len() - METADATA.start).step_by(61) {
		let rest = &bytes[bytes.len() - len..];
		assert!(Firmware::parse(rest).is_err(), "the last {len} bytes");
	}
}

#[test]
fn firmware_with_an_entry_renamed_is_refused() {
	let bytes = synthetic::firmware();
	let guids = [
		("666588dc4a989847a75e5585a7bf67cc", "it has no SEV metadata"),
		("1f3755723b3a044b927b1da6efa8d454", "it has no table of kernel hashes"),
		("de71f7007e1acb4f890e68c77e2fb44e", "it has no reset block"),
	];
	for (guid, why) in guids {
		let guid = hex::decode(guid).expect("a GUID");
		let at = bytes.windows(16).position(|window| window == guid).expect("an entry");
		let mut other = bytes.clone();
		other[at] ^= 1;
		assert_eq!(refused(&other), why);
	}
}

#[test]
fn firmware_without_the_area_for_kernel_hashes_is_refused() {
	let mut bytes = synthetic::firmware();
	let kind = METADATA.end - 4;
	assert_eq!(bytes[kind], 0x10);
	bytes[kind] = 1;
	assert_eq!(refused(&bytes), "its SEV metadata has no area for kernel hashes");
}

/// The crate `sev` panics on malformed firmware. It must only see what our own parser accepts.
#[test]
fn changed_tables_never_cause_a_panic() {
	let folder = tempfile::tempdir().expect("a folder");
	synthetic::write(folder.path());
	let bytes = synthetic::firmware();
	let (mut accepted, mut refused) = (0, 0);
	for at in METADATA.chain(bytes.len() - TABLE..bytes.len()) {
		for value in [0, 1, 0x7f, 0xff] {
			let mut other = bytes.clone();
			other[at] = value;
			synthetic::replace(folder.path(), synthetic::FIRMWARE, &other);
			match Image::verify(folder.path(), |_| {}) {
				Ok(_) => accepted += 1,
				Err(Error::Firmware(_)) => refused += 1,
				Err(error) => panic!("byte {at}, value {value}: {error}"),
			}
		}
	}
	assert!(accepted > 0 && refused > 0, "{accepted} accepted, {refused} refused");
}
