//! The tracks of referenda. A track determines the approval and support that a referendum needs,
//! its periods, and its enactment delay.

extern crate alloc;
use alloc::borrow::Cow;

use frame_system::RawOrigin;
use hcc_primitives::units::{ALPHA, DAYS, HOURS, MINUTES};
use pallet_referenda::{Curve, Track, TrackInfo};
use sp_runtime::{str_array, Perbill};

use super::Origin;
use crate::{Balance, BlockNumber, OriginCaller};

/// Numbers of the tracks.
const ROOT: u16 = 0;
const EMERGENCY: u16 = 1;
const CANCELLING: u16 = 2;
const TIGHTENING: u16 = 10;
const LOOSENING: u16 = 11;
const PENALTIES: u16 = 12;
const SPENDING: u16 = 13;

/// Returns a curve from `from` percent of the votes at the start to a simple majority at the end.
const fn approval(from: u32) -> Curve {
	Curve::LinearDecreasing {
		length: Perbill::from_percent(100),
		floor: Perbill::from_percent(50),
		ceil: Perbill::from_percent(from),
	}
}

/// Returns a curve from `from` percent of all tokens that can vote at the start to `to` percent at
/// the end.
const fn support(from: u32, to: u32) -> Curve {
	Curve::LinearDecreasing {
		length: Perbill::from_percent(100),
		floor: Perbill::from_percent(to),
		ceil: Perbill::from_percent(from),
	}
}

/// The only track that can change the runtime. A decision takes effect after two days at the
/// earliest.
const ROOT_TRACK: Track<u16, Balance, BlockNumber> = Track {
	id: ROOT,
	info: TrackInfo {
		name: str_array("root"),
		// Five slots, so that one or two long referenda leave room for others.
		max_deciding: 5,
		decision_deposit: 10_000 * ALPHA,
		prepare_period: 2 * HOURS,
		decision_period: 14 * DAYS,
		confirm_period: DAYS,
		min_enactment_period: 2 * DAYS,
		min_approval: approval(100),
		min_support: support(50, 10),
	},
};

/// The track for safe mode and for calls that root has whitelisted. This track alone changes no
/// rule. To occupy all slots of this track, an account must lock half a million α for six hours.
const EMERGENCY_TRACK: Track<u16, Balance, BlockNumber> = Track {
	id: EMERGENCY,
	info: TrackInfo {
		name: str_array("emergency"),
		max_deciding: 500,
		decision_deposit: 1_000 * ALPHA,
		prepare_period: 10 * MINUTES,
		decision_period: 6 * HOURS,
		confirm_period: 30 * MINUTES,
		min_enactment_period: MINUTES,
		min_approval: approval(80),
		min_support: support(50, 10),
	},
};

/// The track that cancels referenda and returns their deposits. It is faster than the root track,
/// but needs at least as much support at any time. Only root can kill referenda, which confiscates
/// their deposits.
const CANCELLING_TRACK: Track<u16, Balance, BlockNumber> = Track {
	id: CANCELLING,
	info: TrackInfo {
		name: str_array("cancelling"),
		max_deciding: 100,
		decision_deposit: 1_000 * ALPHA,
		prepare_period: 10 * MINUTES,
		// Half of the decision period of the root track. At that time, the root track needs a
		// support of 30 percent.
		decision_period: 7 * DAYS,
		confirm_period: 3 * HOURS,
		min_enactment_period: 10 * MINUTES,
		min_approval: approval(100),
		min_support: support(50, 35),
	},
};

/// The fast track for stricter policy, because policy must reject a weakness soon after its
/// discovery. Chips are re-attested after each tightening.
const TIGHTENING_TRACK: Track<u16, Balance, BlockNumber> = Track {
	id: TIGHTENING,
	info: TrackInfo {
		name: str_array("tightening"),
		max_deciding: 20,
		decision_deposit: 100 * ALPHA,
		prepare_period: 10 * MINUTES,
		decision_period: 3 * DAYS,
		confirm_period: HOURS,
		min_enactment_period: 10 * MINUTES,
		min_approval: approval(80),
		min_support: support(25, 2),
	},
};

/// The track for looser policy. Its enactment delay is a day, so that everyone has notice before
/// policy accepts more than before.
const LOOSENING_TRACK: Track<u16, Balance, BlockNumber> = Track {
	id: LOOSENING,
	info: TrackInfo {
		name: str_array("loosening"),
		max_deciding: 10,
		decision_deposit: 500 * ALPHA,
		prepare_period: HOURS,
		decision_period: 7 * DAYS,
		confirm_period: 12 * HOURS,
		min_enactment_period: DAYS,
		min_approval: approval(100),
		min_support: support(50, 5),
	},
};

const PENALTIES_TRACK: Track<u16, Balance, BlockNumber> = Track {
	id: PENALTIES,
	info: TrackInfo {
		name: str_array("penalties"),
		max_deciding: 10,
		decision_deposit: 500 * ALPHA,
		prepare_period: HOURS,
		decision_period: 7 * DAYS,
		confirm_period: 12 * HOURS,
		min_enactment_period: 12 * HOURS,
		min_approval: approval(100),
		min_support: support(50, 5),
	},
};

const SPENDING_TRACK: Track<u16, Balance, BlockNumber> = Track {
	id: SPENDING,
	info: TrackInfo {
		name: str_array("spending"),
		max_deciding: 20,
		decision_deposit: 100 * ALPHA,
		prepare_period: HOURS,
		decision_period: 7 * DAYS,
		confirm_period: 12 * HOURS,
		min_enactment_period: HOURS,
		min_approval: approval(100),
		min_support: support(50, 5),
	},
};

static TRACKS: [Track<u16, Balance, BlockNumber>; 7] = [
	ROOT_TRACK,
	EMERGENCY_TRACK,
	CANCELLING_TRACK,
	TIGHTENING_TRACK,
	LOOSENING_TRACK,
	PENALTIES_TRACK,
	SPENDING_TRACK,
];

/// The tracks, for `pallet-referenda`.
pub struct Tracks;

impl pallet_referenda::TracksInfo<Balance, BlockNumber> for Tracks {
	type Id = u16;
	type RuntimeOrigin = OriginCaller;

	fn tracks() -> impl Iterator<Item = Cow<'static, Track<u16, Balance, BlockNumber>>> {
		TRACKS.iter().map(Cow::Borrowed)
	}

	fn track_for(origin: &OriginCaller) -> Result<u16, ()> {
		match origin {
			OriginCaller::system(RawOrigin::Root) => Ok(ROOT),
			OriginCaller::Origins(origin) => Ok(match origin {
				Origin::Emergency => EMERGENCY,
				Origin::Cancelling => CANCELLING,
				Origin::Tightening => TIGHTENING,
				Origin::Loosening => LOOSENING,
				Origin::Penalties => PENALTIES,
				Origin::Spending => SPENDING,
			}),
			_ => Err(()),
		}
	}
}
