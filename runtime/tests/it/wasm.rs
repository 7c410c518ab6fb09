//! Makes blocks as a node does. Every call goes to the wasm runtime. The state is in memory.

use std::time::{Duration, Instant};

use codec::{Decode, Encode};
use frame_system::ConsumedWeight;
use hccs_runtime::*;
use sc_executor::WasmExecutor;
use sp_core::traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode};
use sp_io::{SubstrateHostFunctions, TestExternalities};
use sp_runtime::ApplyExtrinsicResult;

use super::author::{header, slot_after, time};

/// The wasm runtime and its executor. The code is compiled once.
pub(super) struct Wasm {
	executor: WasmExecutor<SubstrateHostFunctions>,
	code: WrappedRuntimeCode<'static>,
}

/// A block that was made.
pub(super) struct Made {
	/// Number of extrinsics in the block. These are all extrinsics before the first one that does
	/// not fit.
	pub(super) fit: usize,
	pub(super) weight: ConsumedWeight,
	pub(super) bytes: u32,
	pub(super) took: Took,
}

/// Durations of the steps in which a block is made.
#[derive(Debug)]
#[allow(dead_code)] // Only printed.
pub(super) struct Took {
	/// The initialisation and the timestamp.
	begin: Duration,
	/// The hooks and the first transaction.
	polled: Duration,
	/// The other transactions.
	transactions: Duration,
	/// The finalisation, including the computation of the state root.
	end: Duration,
}

impl Wasm {
	pub(super) fn new() -> Self {
		let executor = WasmExecutor::<SubstrateHostFunctions>::builder().build();
		let code =
			WrappedRuntimeCode(WASM_BINARY.expect("the build includes the wasm runtime").into());
		let wasm = Self { executor, code };
		// The first call compiles the wasm code, so that later calls do not measure this.
		wasm.call(&mut TestExternalities::default(), "Core_version", &[]);
		wasm
	}

	fn call(&self, state: &mut TestExternalities, method: &str, arguments: &[u8]) -> Vec<u8> {
		let code = RuntimeCode { code_fetcher: &self.code, hash: vec![3], heap_pages: None };
		let context = CallContext::Onchain { import: false };
		let mut ext = state.ext();
		let (answer, _) = self.executor.call(&mut ext, &code, method, arguments, context);
		answer.expect("the runtime does not panic")
	}

	/// Applies an extrinsic. Returns `false` if it does not fit into the block.
	fn apply(&self, state: &mut TestExternalities, extrinsic: &[u8]) -> bool {
		let answer = self.call(state, "BlockBuilder_apply_extrinsic", extrinsic);
		match ApplyExtrinsicResult::decode(&mut &answer[..])
			.expect("the result has the declared type")
		{
			Ok(outcome) => {
				outcome.expect("the extrinsic succeeds");
				true
			},
			Err(error) if error.exhausted_resources() => false,
			Err(error) => panic!("{error:?}"),
		}
	}

	/// Makes the next block with the given extrinsics, up to the first one that does not fit.
	pub(super) fn make(&self, state: &mut TestExternalities, extrinsics: &[Vec<u8>]) -> Made {
		let (header, time) = state.execute_with(|| {
			let slot = slot_after(1);
			(header(0, slot).encode(), time(slot).encode())
		});
		let (in_time, begin) = timed(|| {
			self.call(state, "Core_initialize_block", &header);
			self.apply(state, &time)
		});
		assert!(in_time, "the timestamp fits");
		let (mut fit, mut polled, mut transactions) = (0, Duration::ZERO, Duration::ZERO);
		for extrinsic in extrinsics {
			let (fits, took) = timed(|| self.apply(state, extrinsic));
			if !fits {
				break;
			}
			*(if fit == 0 { &mut polled } else { &mut transactions }) += took;
			fit += 1;
		}
		let (weight, bytes) = state.execute_with(|| (System::block_weight(), System::block_size()));
		let (_, end) = timed(|| self.call(state, "BlockBuilder_finalize_block", &[]));
		Made { fit, weight, bytes, took: Took { begin, polled, transactions, end } }
	}
}

fn timed<R>(does: impl FnOnce() -> R) -> (R, Duration) {
	let begin = Instant::now();
	let done = does();
	(done, begin.elapsed())
}
