//! The vocabulary that the hccs pallets share.
//!
//! Only what two pallets must agree on lives here: identifiers, units and the traits by which one pallet asks, commands or is called back
//! by another. Nothing here has storage or behaviour of its own.

#![cfg_attr(not(feature = "std"), no_std)]

pub mod units;
