//! Tests of the capacity of blocks for evidence. The wasm runtime applies the evidence, as in a
//! node that authors a block.

use std::time::{Duration, Instant};

use codec::{Decode, Encode};
use frame_support::{assert_ok, dispatch::DispatchClass};
use hcc_evidence::host::{challenge_nonce, HostEvidence};
use hcc_evidence_testing::{Machine, GENESIS};
use hcc_primitives::{units::MINUTES, OnChipChange};
use hccs_runtime::*;
use pallet_attestation::{Hosts, OpenChallenge};
use sc_executor::WasmExecutor;
use sp_core::{
	sr25519,
	traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
	Pair,
};
use sp_runtime::transaction_validity::TransactionValidityError;

use super::{
	author::transaction,
	contests::enrol,
	network::{self, chip},
	polls::worst_hook_weight,
};

/// Number of miners that the chain is designed for. Each of them attests once per [`INTERVAL`] on
/// average.
pub(super) const MINERS: u32 = 10_000;
/// Mean interval between two challenges of a chip, in blocks.
pub(super) const INTERVAL: u32 = 20 * MINUTES;
/// Number of miners that answer in one block.
pub(super) const ANSWERS_PER_BLOCK: u32 = MINERS / INTERVAL;

/// A miner with its machine and an open challenge.
struct Miner {
	key: sr25519::Pair,
	machine: Machine,
}

impl Miner {
	/// Registers, enrols and challenges a miner.
	fn new(number: u32) -> Self {
		let name = format!("filled {number}");
		let machine = Machine::named(&name);
		let key =
			sr25519::Pair::from_string(&format!("//{number}"), None).expect("the path is valid");
		let miner = Self { key, machine };
		let who = miner.account();
		enrol(&who, &miner.machine, sp_io::hashing::blake2_256(name.as_bytes()));
		let origin = RuntimeOrigin::signed(who.clone());
		let chip = chip(&miner.machine);
		assert_ok!(Registry::add_chip(origin.clone(), chip));
		let certificate = insecure_sim::issue_vcek(&miner.machine.chip)
			.expect("the hierarchy issues certificates");
		assert_ok!(Policy::register_vek(origin, certificate.try_into().expect("it fits")));
		<Attestation as OnChipChange<AccountId>>::on_ready(&chip, &who);
		let deadline = u32::MAX - 1;
		Hosts::<Runtime>::mutate(chip, |host| {
			let host = host.as_mut().expect("the chip has a host");
			host.seq = 1;
			host.challenge = Some(OpenChallenge {
				seq: 1,
				nonce: miner.nonce(),
				made: 0,
				deadline,
				subject: None,
			});
		});
		miner
	}

	fn account(&self) -> AccountId {
		AccountId::new(self.key.public().0)
	}

	fn nonce(&self) -> [u8; 32] {
		challenge_nonce(&GENESIS, &self.key.public().0, &chip(&self.machine), 1, &[0x70; 32])
	}

	fn evidence(&self) -> HostEvidence {
		let mut context = self.machine.challenge(1);
		context.challenge.miner = self.key.public().0;
		context.challenge.nonce = self.nonce();
		self.machine.answer(&context)
	}

	/// Returns the extrinsic with the miner's evidence.
	fn extrinsic(&self) -> UncheckedExtrinsic {
		let evidence = Box::new(self.evidence());
		let call = pallet_attestation::Call::<Runtime>::submit_evidence { evidence };
		transaction(&self.key, call, 0)
	}
}

/// Returns the extrinsics of all miners for one block. The block is still empty.
fn evidence_extrinsics(state: &mut sp_io::TestExternalities) -> Vec<Vec<u8>> {
	state.execute_with(|| {
		let miners: Vec<_> = (0..ANSWERS_PER_BLOCK).map(Miner::new).collect();
		network::block();
		frame_system::BlockWeight::<Runtime>::kill();
		miners.iter().map(|miner| miner.extrinsic().encode()).collect()
	})
}

/// Applies extrinsics in wasm, as a block author does. Returns the number of extrinsics that fit
/// into the block, and the duration.
fn apply(state: &mut sp_io::TestExternalities, extrinsics: &[Vec<u8>]) -> (u32, Duration) {
	type Applied = Result<sp_runtime::DispatchOutcome, TransactionValidityError>;
	let executor = WasmExecutor::<sp_io::SubstrateHostFunctions>::builder().build();
	let fetcher =
		WrappedRuntimeCode(WASM_BINARY.expect("the build includes the wasm runtime").into());
	let code = RuntimeCode { code_fetcher: &fetcher, hash: vec![2], heap_pages: None };
	let mut call = |method, data: &[u8]| {
		let context = CallContext::Onchain { import: false };
		let mut ext = state.ext();
		executor.call(&mut ext, &code, method, data, context).0.expect("the runtime does not panic")
	};
	// The first call compiles the wasm code, so it is not measured.
	call("Core_version", &[]);
	let begin = Instant::now();
	let mut fit = 0;
	for extrinsic in extrinsics {
		let answer = call("BlockBuilder_apply_extrinsic", extrinsic);
		match Applied::decode(&mut &answer[..]).expect("the result has the declared type") {
			Ok(outcome) => {
				assert_ok!(outcome);
			},
			Err(error) if error.exhausted_resources() => break,
			Err(error) => panic!("{error:?}"),
		}
		fit += 1;
	}
	(fit, begin.elapsed())
}

#[test]
fn block_holds_evidence_of_ten_thousand_miners() {
	let (mut state, _) = network::new();
	let extrinsics = evidence_extrinsics(&mut state);
	let (fit, took) = apply(&mut state, &extrinsics);
	assert_eq!(fit, ANSWERS_PER_BLOCK, "all evidence fits");
	state.execute_with(|| {
		let judged = pallet_attestation::Contexts::<Runtime>::iter().count();
		assert_eq!(judged, ANSWERS_PER_BLOCK as usize);
		let filled = System::block_weight().get(DispatchClass::Operational).ref_time();
		let most = <Runtime as frame_system::Config>::BlockWeights::get().max_block.ref_time();
		println!(
			"{fit} evidences of {} bytes: {took:?}, and {:.1} % of a block's weight",
			extrinsics[0].len(),
			filled as f64 * 100.0 / most as f64,
		);
	});
}

/// If evidence did not fit into full blocks, an attacker could pay for transactions and thus make
/// miners miss their deadlines.
#[test]
fn evidence_fits_into_otherwise_full_block() {
	let (mut state, _) = network::new();
	let mut extrinsics = evidence_extrinsics(&mut state);
	let remark = state.execute_with(|| {
		let weights = <Runtime as frame_system::Config>::BlockWeights::get();
		let most = weights.get(DispatchClass::Normal).max_total.expect("the class has a limit");
		frame_system::BlockWeight::<Runtime>::mutate(|filled| {
			*filled.get_mut(DispatchClass::Normal) = most;
			*filled.get_mut(DispatchClass::Mandatory) = worst_hook_weight();
		});
		let lengths = <Runtime as frame_system::Config>::BlockLength::get();
		frame_system::BlockSize::<Runtime>::put(*lengths.max.get(DispatchClass::Normal));
		let key = sr25519::Pair::from_string("//payer", None).expect("the path is valid");
		network::endow(&AccountId::new(key.public().0));
		let remark = frame_system::Call::<Runtime>::remark { remark: vec![] };
		transaction(&key, remark, 0).encode()
	});
	extrinsics.push(remark);
	let (fit, _) = apply(&mut state, &extrinsics);
	assert_eq!(fit, ANSWERS_PER_BLOCK, "only the evidence fits");
	state.execute_with(|| {
		assert_eq!(
			pallet_attestation::Contexts::<Runtime>::iter().count(),
			ANSWERS_PER_BLOCK as usize
		);
	});
}
