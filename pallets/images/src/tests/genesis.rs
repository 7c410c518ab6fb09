//! Images of the chain spec.

use frame_support::assert_noop;
use sp_core::H256;

use crate::{mock::*, DigestsSpec, Error, ImageSpec, RowSpec};

fn spec() -> ImageSpec {
	ImageSpec {
		name: "minimal".into(),
		version: "1".into(),
		digests: DigestsSpec {
			firmware: H256([1; 32]),
			kernel: H256([2; 32]),
			initrd: H256([3; 32]),
			command_line: H256([4; 32]),
			squashfs: H256([5; 32]),
			verity: H256([6; 32]),
		},
		rows: [1u8, 2]
			.map(|vcpus| RowSpec { vcpus: vcpus.into(), measurement: vec![vcpus; 48].into() })
			.to_vec(),
		locations: Vec::new(),
		endorsed: true,
	}
}

#[test]
fn initial_image_has_no_publisher() {
	run_with(vec![spec()], || {
		let row = Images::image(id("1")).expect("it has the id of its content");
		assert!(row.publisher.is_none() && row.endorsed && row.deposit == 0);
		assert_noop!(Images::remove(signed(1), id("1")), Error::<Test>::NotThePublisher);
	});
}

#[test]
#[should_panic(expected = "the images in the chain spec must be valid")]
fn malformed_initial_image_stops_genesis() {
	run_with(vec![ImageSpec { rows: Vec::new(), ..spec() }], || {});
}
