//! The numbered invariants of the README.

#![cfg(any(feature = "try-runtime", feature = "std"))]

extern crate alloc;
use alloc::collections::{BTreeMap, BTreeSet};

use frame_support::{ensure, traits::fungible::InspectHold};
use hcc_primitives::units::Balance;

use crate::*;

impl<T: Config> Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		let mut held = BTreeMap::<AccountIdOf<T>, (Balance, Balance)>::new();
		for (id, image) in Images::<T>::iter() {
			ensure!(id == Self::id_of(&image), "1: an image has another id than its content gives");
			ensure!(content::are_rows(&image.rows), "2: the rows of an image are malformed");
			let sound = image.locations.iter().all(|location| content::is_location(location));
			ensure!(sound, "3: a location is not an HTTPS address");
			if let Some(publisher) = image.publisher {
				let (images, _) = held.entry(publisher).or_default();
				*images = images.saturating_add(image.deposit);
			}
		}
		for (id, rebuilds) in Rebuilds::<T>::iter() {
			ensure!(Images::<T>::contains_key(id), "4: statements of an image that does not exist");
			ensure!(!rebuilds.is_empty(), "4: a list of statements is empty");
			let signers: BTreeSet<_> = rebuilds.iter().map(|rebuild| rebuild.signer).collect();
			ensure!(signers.len() == rebuilds.len(), "4: a key has two statements for an image");
			for rebuild in rebuilds {
				let (_, statements) = held.entry(rebuild.account).or_default();
				*statements = statements.saturating_add(rebuild.deposit);
			}
		}
		for (who, (images, statements)) in held {
			let on_hold =
				|reason: HoldReason| T::NativeBalance::balance_on_hold(&reason.into(), &who);
			ensure!(
				on_hold(HoldReason::Image) == images,
				"5: the amount on hold differs from the deposits of the images"
			);
			ensure!(
				on_hold(HoldReason::Rebuild) == statements,
				"5: the amount on hold differs from the deposits of the statements"
			);
		}
		Ok(())
	}
}
