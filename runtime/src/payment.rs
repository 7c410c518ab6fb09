//! Fees and the priority of normal transactions.

use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{
	dispatch::DispatchClass,
	pallet_prelude::{TransactionSource, TransactionValidityError},
	weights::Weight,
};
use pallet_transaction_payment::ChargeTransactionPayment;
use scale_info::TypeInfo;
use sp_runtime::{
	traits::{
		DispatchInfoOf, Implication, PostDispatchInfoOf, TransactionExtension, ValidateResult,
	},
	DispatchResult,
};

use crate::{standing::OPERATIONAL, *};

type Inner = ChargeTransactionPayment<Runtime>;

/// Charges fees as [`ChargeTransactionPayment`] does. This extension has the same encoding and
/// name.
///
/// The tip raises only the priority of normal transactions, and never above the priority of an
/// operational transaction. [`standing::CheckStanding`] sets the priorities of operational
/// transactions. Otherwise, tips could push votes and evidence out of a block. Or normal
/// transactions could come first and use up the author's time.
#[derive(Clone, Eq, PartialEq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct ChargePayment(Inner);

impl ChargePayment {
	/// Creates the extension with a `tip` for the author of the block.
	pub fn new(tip: Balance) -> Self {
		Self(Inner::from(tip))
	}
}

impl TransactionExtension<RuntimeCall> for ChargePayment {
	const IDENTIFIER: &'static str = <Inner as TransactionExtension<RuntimeCall>>::IDENTIFIER;
	type Implicit = ();
	type Val = <Inner as TransactionExtension<RuntimeCall>>::Val;
	type Pre = <Inner as TransactionExtension<RuntimeCall>>::Pre;

	fn weight(&self, call: &RuntimeCall) -> Weight {
		self.0.weight(call)
	}

	fn validate(
		&self,
		origin: RuntimeOrigin,
		call: &RuntimeCall,
		info: &DispatchInfoOf<RuntimeCall>,
		len: usize,
		self_implicit: (),
		inherited_implication: &impl Implication,
		source: TransactionSource,
	) -> ValidateResult<Self::Val, RuntimeCall> {
		let (mut valid, val, origin) = self.0.validate(
			origin,
			call,
			info,
			len,
			self_implicit,
			inherited_implication,
			source,
		)?;
		valid.priority = match info.class {
			DispatchClass::Operational => 0,
			DispatchClass::Normal | DispatchClass::Mandatory => valid.priority.min(OPERATIONAL),
		};
		Ok((valid, val, origin))
	}

	fn prepare(
		self,
		val: Self::Val,
		origin: &RuntimeOrigin,
		call: &RuntimeCall,
		info: &DispatchInfoOf<RuntimeCall>,
		len: usize,
	) -> Result<Self::Pre, TransactionValidityError> {
		self.0.prepare(val, origin, call, info, len)
	}

	fn post_dispatch_details(
		pre: Self::Pre,
		info: &DispatchInfoOf<RuntimeCall>,
		post_info: &PostDispatchInfoOf<RuntimeCall>,
		len: usize,
		result: &DispatchResult,
	) -> Result<Weight, TransactionValidityError> {
		<Inner as TransactionExtension<RuntimeCall>>::post_dispatch_details(
			pre, info, post_info, len, result,
		)
	}
}
