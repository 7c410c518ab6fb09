use frame_support::{
	ensure,
	pallet_prelude::{ConstU32, DispatchResult},
	storage::{StorageMap, StorageValue},
	traits::{EnsureOrigin, Get},
	BoundedVec,
};
use frame_system::pallet_prelude::OriginFor;
use hcc_evidence::{
	boot::BootRole,
	host::GenerationTrust,
	snp::{CpuId, ProductLine},
};
use sp_io::hashing::blake2_256;
use sp_runtime::DispatchError;

use crate::{history::HistoryError, *};

impl<T> From<HistoryError> for Error<T> {
	fn from(refused: HistoryError) -> Self {
		match refused {
			HistoryError::Unchanged => Self::Unchanged,
			HistoryError::Full => Self::TooManyRevisions,
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Checks the origin of a new revision. `tightens` states that the change only tightens policy.
	/// Every change counts as a possible tightening, because a change that loosens policy can also
	/// tighten a part of it.
	pub(crate) fn admit(origin: OriginFor<T>, tightens: bool) -> DispatchResult {
		Self::ensure_may(origin, tightens)?;
		LastTightening::<T>::put(CurrentRevision::<T>::get().saturating_add(1));
		Ok(())
	}

	/// Checks that the origin may make a change. `tightens` states that the change only tightens.
	pub(crate) fn ensure_may(origin: OriginFor<T>, tightens: bool) -> DispatchResult {
		let origin = if tightens {
			match T::TightenOrigin::try_origin(origin) {
				Ok(_) => return Ok(()),
				Err(origin) => origin,
			}
		} else {
			origin
		};
		T::AdminOrigin::ensure_origin(origin)?;
		Ok(())
	}

	/// Makes a revision in which `change` takes effect.
	pub(crate) fn revise(
		subject: PolicyItem,
		change: impl FnOnce(Revision) -> Result<(), DispatchError>,
	) -> DispatchResult {
		let revision =
			CurrentRevision::<T>::get().checked_add(1).ok_or(Error::<T>::TooManyRevisions)?;
		change(revision)?;
		CurrentRevision::<T>::put(revision);
		Self::deposit_event(Event::Changed { revision, subject });
		Ok(())
	}

	/// Records that the rules for files or boot became stricter in this revision.
	pub(crate) fn note_stricter(stricter: bool) {
		if stricter {
			LastFileTightening::<T>::put(CurrentRevision::<T>::get());
			LastTightening::<T>::put(CurrentRevision::<T>::get());
		}
	}

	/// Sets the value of a rule from `revision` on.
	fn set_row<V: Clone + PartialEq>(
		row: &mut History<V>,
		value: Option<V>,
		revision: Revision,
	) -> Result<(), DispatchError> {
		row.set(value, revision, T::OldestNeeded::get()).map_err(|why| Error::<T>::from(why).into())
	}

	/// Sets a rule that has its own storage value, in one revision.
	pub(crate) fn do_set_value<Row, V>(value: Option<V>, subject: PolicyItem) -> DispatchResult
	where
		Row: StorageValue<History<V>, Query = History<V>>,
		V: codec::FullCodec + Clone + PartialEq,
	{
		Self::revise(subject, |revision| Row::try_mutate(|row| Self::set_row(row, value, revision)))
	}

	/// Sets the roots of TPM vendors. A TPM that was enrolled under a removed root is not genuine
	/// until that root is trusted again.
	pub(crate) fn do_set_tpm_roots(roots: Option<TpmRootList>) -> DispatchResult {
		let former = TpmRoots::<T>::get().current().cloned().unwrap_or_default();
		let now = roots.clone().unwrap_or_default();
		Self::do_set_value::<TpmRoots<T>, _>(roots, PolicyItem::TpmRoots)?;
		for root in former.iter().filter(|root| !now.contains(root)) {
			DistrustedTpmRoots::<T>::insert(blake2_256(root), ());
		}
		for root in now.iter().filter(|root| !former.contains(root)) {
			DistrustedTpmRoots::<T>::remove(blake2_256(root));
		}
		Ok(())
	}

	/// Sets the same value for each of the keys, in one revision.
	fn do_set_each<Rows, K, V>(
		keys: impl IntoIterator<Item = K>,
		value: Option<V>,
		subject: PolicyItem,
	) -> DispatchResult
	where
		Rows: StorageMap<K, History<V>>,
		K: codec::FullCodec,
		V: codec::FullCodec + Clone + PartialEq,
	{
		Self::revise(subject, |revision| {
			keys.into_iter().try_for_each(|key| {
				Rows::try_mutate_exists(key, |stored| {
					let mut row = stored.take().unwrap_or_default();
					Self::set_row(&mut row, value.clone(), revision)?;
					*stored = Some(row).filter(|row| !row.is_empty());
					Ok(())
				})
			})
		})
	}

	pub(crate) fn do_set_cpu(cpu: CpuId, rules: Option<CpuRules>) -> DispatchResult {
		Self::do_set_each::<Cpus<T>, _, _>([cpu], rules, PolicyItem::Cpu(cpu))
	}

	pub(crate) fn do_set_measurement(
		measurement: LaunchMeasurement,
		role: Option<Role>,
	) -> DispatchResult {
		let subject = PolicyItem::Measurement(measurement);
		Self::do_set_each::<Measurements<T>, _, _>([measurement], role, subject)
	}

	pub(crate) fn do_set_generation(
		product: ProductLine,
		trust: Option<GenerationTrust>,
	) -> DispatchResult {
		let subject = PolicyItem::Generation(product);
		Self::do_set_each::<Generations<T>, _, _>([product], trust, subject)
	}

	pub(crate) fn do_set_file_signer(signer: SignerId, key: Option<SignerKey>) -> DispatchResult {
		let subject = PolicyItem::FileSigner(signer);
		Self::do_set_each::<FileSigners<T>, _, _>([signer], key, subject)
	}

	pub(crate) fn do_set_files(
		digests: BoundedVec<FileHash, ConstU32<MAX_FILES>>,
		rule: Option<FileRule>,
	) -> DispatchResult {
		ensure!(!digests.is_empty(), Error::<T>::Unchanged);
		let subject = PolicyItem::Files(digests.len() as u32);
		Self::do_set_each::<Files<T>, _, _>(digests, rule, subject)
	}

	pub(crate) fn do_set_boot_parts(
		digests: BoundedVec<BootDigest, ConstU32<MAX_FILES>>,
		role: Option<BootRole>,
	) -> DispatchResult {
		ensure!(!digests.is_empty(), Error::<T>::Unchanged);
		let subject = PolicyItem::BootParts(digests.len() as u32);
		Self::do_set_each::<BootParts<T>, _, _>(digests, role, subject)
	}
}

#[cfg(any(feature = "try-runtime", feature = "std"))]
impl<T: Config> Pallet<T> {
	/// Checks the numbered invariants of the README.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		let newest = CurrentRevision::<T>::get();
		check(&Platform::<T>::get(), newest)?;
		let judges = Platform::<T>::get().current().is_some();
		ensure!(
			judges || AmdRoots::<T>::get().current().is_none(),
			"9: an AMD root is trusted without platform rules"
		);
		check(&Required::<T>::get(), newest)?;
		check(&Boot::<T>::get(), newest)?;
		BootParts::<T>::iter_values().try_for_each(|row| check(&row, newest))?;
		check(&AmdRoots::<T>::get(), newest)?;
		check(&TpmRoots::<T>::get(), newest)?;
		ensure!(
			LastFileTightening::<T>::get() <= newest,
			"2: the last file tightening is later than the newest revision"
		);
		ensure!(
			LastTightening::<T>::get() <= newest,
			"2: the last tightening is later than the newest revision"
		);
		Cpus::<T>::iter_values().try_for_each(|row| check(&row, newest))?;
		Measurements::<T>::iter_values().try_for_each(|row| check(&row, newest))?;
		Files::<T>::iter_values().try_for_each(|row| check(&row, newest))?;
		Generations::<T>::iter_values().try_for_each(|row| check(&row, newest))?;
		for list in Crls::<T>::iter_values() {
			ensure!(
				list.this_update <= list.next_update,
				"6: a revocation list ends before it was made"
			);
		}
		FileSigners::<T>::iter_values().try_for_each(|row| check(&row, newest))?;
		Self::check_vouchers()?;
		Self::check_veks()
	}
}

#[cfg(any(feature = "try-runtime", feature = "std"))]
fn check<V: Clone + PartialEq>(
	row: &History<V>,
	newest: Revision,
) -> Result<(), sp_runtime::TryRuntimeError> {
	let spans = row.spans();
	for span in spans {
		ensure!(span.removed.is_none_or(|removed| span.added < removed), "1: a span is empty");
		ensure!(span.added <= newest, "2: a span begins after the newest revision");
		ensure!(
			span.removed.is_none_or(|removed| removed <= newest),
			"2: a span ends after the newest revision"
		);
	}
	for (former, latter) in spans.iter().zip(spans.iter().skip(1)) {
		let ended = former.removed.ok_or("1: an open span is not the last one")?;
		ensure!(ended <= latter.added, "1: spans overlap");
		ensure!(
			ended < latter.added || former.value != latter.value,
			"3: a value is followed by the same value"
		);
	}
	Ok(())
}
