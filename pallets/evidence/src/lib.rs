#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![deny(
	clippy::unwrap_used,
	clippy::expect_used,
	clippy::panic,
	clippy::indexing_slicing,
	clippy::arithmetic_side_effects
)]
#![cfg_attr(
	test,
	allow(
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::indexing_slicing,
		clippy::arithmetic_side_effects
	)
)]

extern crate alloc;

pub mod boot;
mod bytes;
mod certificate;
mod code;
pub mod crypto;
pub mod domain;
pub mod host;
pub mod ima;
pub mod snp;
mod time;
pub mod tpm;
pub mod verdict;
pub mod vm;

#[cfg(any(feature = "std", test))]
pub use code::{Blame, CodeInfo, Witness};
pub use code::{RejectClass, RejectCode};
pub use time::UnixSeconds;
pub use verdict::{Check, Rejection};
