//! Changes of policy after which chips may have to submit whole logs again, and changes whose
//! permitted origin does not depend on the rule alone.

use frame_support::{
	ensure,
	pallet_prelude::{ConstU32, DispatchResult},
	BoundedVec,
};
use frame_system::pallet_prelude::OriginFor;
use hcc_evidence::boot::{BootRole, BootRules};

use crate::{tightening::*, *};

impl<T: Config> Pallet<T> {
	pub(crate) fn change_files(
		origin: OriginFor<T>,
		digests: BoundedVec<FileHash, ConstU32<MAX_FILES>>,
		rule: Option<FileRule>,
	) -> DispatchResult {
		let rule_of = |digest| Files::<T>::get(digest).current().copied();
		let tightens = digests.iter().all(|digest| tightens_file(rule_of(digest), rule));
		let loosens = digests.iter().all(|digest| tightens_file(rule, rule_of(digest)));
		Self::admit(origin, tightens)?;
		Self::do_set_files(digests, rule)?;
		Self::note_stricter(!loosens);
		Ok(())
	}

	pub(crate) fn change_required(
		origin: OriginFor<T>,
		files: Option<RequiredFiles>,
	) -> DispatchResult {
		let row = Required::<T>::get();
		Self::admit(origin, tightens_required(row.current(), files.as_ref()))?;
		let loosens = tightens_required(files.as_ref(), row.current());
		Self::do_set_value::<Required<T>, _>(files, PolicyItem::Required)?;
		Self::note_stricter(!loosens);
		Ok(())
	}

	pub(crate) fn change_boot_rules(
		origin: OriginFor<T>,
		rules: Option<BootRules>,
	) -> DispatchResult {
		let row = Boot::<T>::get();
		Self::admit(origin, tightens_boot(row.current(), rules.as_ref()))?;
		// The first rules count as stricter: a boot that was accepted without rules must be
		// checked.
		let former = row.current().copied();
		let stricter =
			rules.is_some_and(|new| former.is_none_or(|old| new.secure_boot && !old.secure_boot));
		Self::do_set_value::<Boot<T>, _>(rules, PolicyItem::BootRules)?;
		Self::note_stricter(stricter);
		Ok(())
	}

	pub(crate) fn change_boot_parts(
		origin: OriginFor<T>,
		digests: BoundedVec<BootDigest, ConstU32<MAX_FILES>>,
		role: Option<BootRole>,
	) -> DispatchResult {
		Self::admit(origin, role.is_none())?;
		let known = |digest| BootParts::<T>::get(digest).current().is_some();
		// Without boot rules the digests are not used, so their change tightens nothing.
		let stricter = Boot::<T>::get().current().is_some() && digests.iter().any(known);
		Self::do_set_boot_parts(digests, role)?;
		Self::note_stricter(stricter);
		Ok(())
	}

	pub(crate) fn change_revocation_grace(
		origin: OriginFor<T>,
		grace: Option<u64>,
	) -> DispatchResult {
		let known = RevocationGrace::<T>::get();
		let tightens = grace.is_some_and(|grace| known.is_none_or(|known| grace <= known));
		// The change makes no revision, because accepted evidence does not depend on the grace
		// time.
		Self::ensure_may(origin, tightens)?;
		ensure!(grace != known, Error::<T>::Unchanged);
		RevocationGrace::<T>::set(grace);
		Self::deposit_event(Event::RevocationGraceSet { grace });
		Ok(())
	}
}
