//! A machine that does not exist: chip, TPM, kernel log and guest, each of which can be made to lie.

use ed25519_dalek::Signer;
use hcc_evidence::{
	boot::{BootRole, BootRules},
	crypto::RustCrypto,
	host::{
		challenge_nonce, chip_hash, evaluate, guest_statement, host_report_data, quote_extra_data,
		BootState, Challenge, Claims, Collateral, Context, FoldedLog, GenerationTrust, Hash256,
		HostEvidence, HostPolicy, ImaDelta, PcrSet, PinnedContext, PlatformPolicy, RequiredFile,
		TcbFloors, Verdict, EVAL_VERSION, QUOTED_PCRS,
	},
	ima::{DigestList, FileVerdict, HashAlgorithm, Limits},
	snp::{self, CpuId, GuestPolicy, PlatformInfo, ProductLine, Vek},
	tpm::{AttestationKey, PcrBank, Wanted},
	RejectCode, Rejection, UnixSeconds,
};
use insecure_sim::{Chip, ReportFields};
use p256::ecdsa::{signature::hazmat::PrehashSigner, Signature, SigningKey};
use sha2::{Digest, Sha256};

/// 2026-06-01: within the validity of the test hierarchy.
pub(crate) const NOW: UnixSeconds = UnixSeconds(1_780_272_000);
pub(crate) const GENESIS: Hash256 = [0x47; 32];
pub(crate) const MINER: [u8; 32] = [0x4d; 32];
/// The launch measurement of the attestation agent's guest.
pub(crate) const MEASUREMENT: [u8; 48] = [0x6d; 48];

pub(crate) fn sha256(bytes: &[u8]) -> Hash256 {
	Sha256::digest(bytes).into()
}

/// The miner's binary: what must be measured.
pub(crate) fn miner_binary() -> Hash256 {
	sha256(b"hcc-miner")
}
#[derive(Clone)]
pub(crate) struct Machine {
	pub(crate) chip: Chip,
	pub(crate) vek: Vek,
	pub(crate) ak: SigningKey,
	pub(crate) guest: ed25519_dalek::SigningKey,
	/// The log's records, from the boot on.
	pub(crate) log: Vec<Vec<u8>>,
	pub(crate) pcrs: PcrSet,
	pub(crate) reset_count: u32,
	/// What the guest's report says; REPORT_DATA is put in when it answers.
	pub(crate) fields: ReportFields,
}

/// What a firmware measures.
#[derive(Clone)]
pub(crate) struct BootEvent {
	pub(crate) pcr: u8,
	pub(crate) kind: u32,
	pub(crate) measured: Vec<u8>,
}

impl Machine {
	/// A machine of that name, booted, on which the miner's binary runs.
	pub(crate) fn named(name: &str) -> Self {
		let chip = Chip::named(name);
		let vcek = insecure_sim::issue_vcek(&chip).expect("the hierarchy issues certificates");
		let vek = snp::verify_vek::<RustCrypto>(&vcek, &[insecure_sim::roots()], NOW)
			.expect("the hierarchy's certificates hold");
		let mut machine = Self {
			chip,
			vek,
			ak: SigningKey::from_slice(&sha256(name.as_bytes())).expect("a scalar"),
			guest: ed25519_dalek::SigningKey::from_bytes(&sha256(
				&[name.as_bytes(), b"guest"].concat(),
			)),
			log: Vec::new(),
			pcrs: [[0; 32]; QUOTED_PCRS.len()],
			reset_count: 6,
			fields: ReportFields::new([0; 64], MEASUREMENT),
		};
		machine.boot();
		machine.run(b"hcc-miner");
		machine
	}

	/// Boots: the log starts anew, the firmware measures what it measured before.
	pub(crate) fn boot(&mut self) {
		self.reset_count += 1;
		for (at, pcr) in self.pcrs.iter_mut().enumerate() {
			*pcr = sha256(&[at as u8]);
		}
		self.log.clear();
		self.pcrs[10] = [0; 32];
		let aggregate = sha256(self.pcrs[..10].as_flattened());
		self.measure(&aggregate, "boot_aggregate");
	}

	/// Boots under a firmware that logs what it measures, something into each PCR, and gives that log.
	pub(crate) fn boot_logged(&mut self) -> Vec<u8> {
		let events: Vec<_> = QUOTED_PCRS
			.into_iter()
			.filter(|index| *index != 10)
			.map(|index| BootEvent { pcr: index, kind: 8, measured: vec![index, 0xe0] })
			.collect();
		self.boot_measuring(&events)
	}

	/// Boots under a firmware that measures these, and gives its log.
	pub(crate) fn boot_measuring(&mut self, events: &[BootEvent]) -> Vec<u8> {
		self.boot();
		for at in 0..QUOTED_PCRS.len() {
			self.pcrs[at] = [0; 32];
		}
		let mut log = [0u32.to_le_bytes(), 3u32.to_le_bytes()].concat();
		log.extend([0; 20]);
		let spec = [&b"Spec ID Event03\0"[..], &[0; 8], &[1, 0, 0, 0, 0x0b, 0, 32, 0, 0]].concat();
		log.extend((spec.len() as u32).to_le_bytes());
		log.extend(spec);
		for event in events {
			let at = QUOTED_PCRS.iter().position(|index| *index == event.pcr).expect("quoted");
			let digest = sha256(&event.measured);
			self.pcrs[at] = sha256(&[self.pcrs[at], digest].concat());
			log.extend(u32::from(event.pcr).to_le_bytes());
			log.extend(event.kind.to_le_bytes());
			log.extend([1, 0, 0, 0, 0x0b, 0]);
			log.extend(digest);
			log.extend((event.measured.len() as u32).to_le_bytes());
			log.extend(&event.measured);
		}
		self.log.clear();
		self.pcrs[10] = [0; 32];
		let aggregate = sha256(self.pcrs[..10].as_flattened());
		self.measure(&aggregate, "boot_aggregate");
		log
	}

	/// Runs a file of that content.
	pub(crate) fn run(&mut self, content: &[u8]) {
		self.measure(&sha256(content), "/usr/bin/file");
	}

	/// What the kernel does for a file: an entry in the log, and PCR 10 extended.
	pub(crate) fn measure(&mut self, digest: &Hash256, name: &str) {
		let field = |bytes: &[u8]| [&(bytes.len() as u32).to_le_bytes(), bytes].concat();
		let digest = field(&[b"sha256:\0", &digest[..]].concat());
		let data = [digest, field(&[name.as_bytes(), &[0]].concat())].concat();
		let hint = PcrBank::Sha1.hash(&[&data]);
		let record = [&10u32.to_le_bytes()[..], &hint, &field(b"ima-ng"), &field(&data)].concat();
		self.pcrs[10] = sha256(&[self.pcrs[10], sha256(&data)].concat());
		self.log.push(record);
	}

	/// A challenge to this machine, with nothing known of it yet.
	pub(crate) fn challenge(&self, seq: u64) -> Context {
		let chip = chip_hash(self.vek.product, self.chip.id());
		let nonce = challenge_nonce(&GENESIS, &MINER, &chip, seq, &[0x70; 32]);
		Context {
			challenge: Challenge { genesis: GENESIS, miner: MINER, chip, seq, nonce },
			now: NOW,
			boot: None,
			former: None,
			boot_profile: None,
			log: None,
		}
	}

	/// A challenge after evidence was accepted.
	pub(crate) fn next_challenge(&self, seq: u64, before: &Claims) -> Context {
		Context {
			boot: Some(before.boot.clone()),
			boot_profile: Some(before.boot_profile),
			..self.challenge(seq)
		}
	}

	/// What a chain pins for an answer to that challenge.
	pub(crate) fn pinned(&self, context: &Context) -> PinnedContext {
		PinnedContext {
			miner: context.challenge.miner,
			chip: context.challenge.chip,
			seq: context.challenge.seq,
			nonce: context.challenge.nonce,
			now: context.now,
			revision: 0,
			eval_version: EVAL_VERSION,
			vek: self.vek.clone(),
			revocation_current_until: None,
			ak: self.ak_public(),
			qualified_signer: self.signer(),
			boot: context.boot.clone(),
			former: context.former.clone(),
			boot_profile: context.boot_profile,
			log: context.log.clone(),
		}
	}

	/// The records that the chain has not seen.
	pub(crate) fn delta(&self, context: &Context) -> ImaDelta {
		let current = |boot: &&BootState| boot.reset_count == self.reset_count;
		let handed_in = context.log.as_ref().map(|log| log.entries);
		let accepted = context.boot.as_ref().filter(current).map(|boot| boot.entries);
		let from_entry = handed_in.or(accepted).unwrap_or(0);
		ImaDelta { from_entry, records: self.log[from_entry as usize..].concat() }
	}

	/// The log handed in in parts, up to each of these entries.
	pub(crate) fn hand_in(&self, ends: &[usize], policy: &Policy) -> FoldedLog {
		let mut log: Option<FoldedLog> = None;
		for end in ends {
			let from = log.as_ref().map_or(0, |log| log.entries as usize);
			let part = self.log[from..*end].concat();
			let next = FoldedLog::follow(log.as_ref(), &part, (policy, 3), &GENESIS, &MINER);
			log = Some(next.expect("the log can be followed"));
		}
		log.expect("a part")
	}

	/// TPMS_ATTEST of the quoted PCRs.
	pub(crate) fn quote(&self, extra_data: &[u8]) -> Vec<u8> {
		self.quote_of(extra_data, 0x47ff)
	}

	pub(crate) fn quote_of(&self, extra_data: &[u8], mask: u32) -> Vec<u8> {
		let tpm2b = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
		let digest = sha256(self.pcrs.as_flattened());
		[
			&0xff54_4347u32.to_be_bytes()[..],
			&0x8018u16.to_be_bytes(),
			&tpm2b(&self.signer()),
			&tpm2b(extra_data),
			&1_000u64.to_be_bytes(),
			&self.reset_count.to_be_bytes(),
			&0u32.to_be_bytes(),
			&[1],
			&7u64.to_be_bytes(),
			&1u32.to_be_bytes(),
			&0x000bu16.to_be_bytes(),
			&[3],
			&mask.to_le_bytes()[..3],
			&tpm2b(&digest),
		]
		.concat()
	}

	/// The qualified name of the attestation key.
	pub(crate) fn signer(&self) -> Vec<u8> {
		[&[0x00, 0x0b][..], &sha256(self.ak.verifying_key().to_sec1_point(true).as_bytes())]
			.concat()
	}

	/// TPMT_SIGNATURE of the attestation key.
	pub(crate) fn sign_quote(&self, attest: &[u8]) -> Vec<u8> {
		let signature: Signature = self.ak.sign_prehash(&sha256(attest)).expect("signs");
		let tpm2b = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
		[
			&0x0018u16.to_be_bytes()[..],
			&0x000bu16.to_be_bytes(),
			&tpm2b(&signature.r().to_bytes()),
			&tpm2b(&signature.s().to_bytes()),
		]
		.concat()
	}

	/// An answer to a challenge, as an honest machine gives it.
	pub(crate) fn answer(&self, context: &Context) -> HostEvidence {
		let challenge = &context.challenge;
		let guest_pk = self.guest.verifying_key().to_bytes();
		let extra_data = quote_extra_data(
			&challenge.genesis,
			&challenge.nonce,
			&challenge.miner,
			&challenge.chip,
			&guest_pk,
		);
		let attest = self.quote(&extra_data);
		let mut evidence = HostEvidence {
			miner: challenge.miner,
			seq: challenge.seq,
			snp_report: Vec::new(),
			tpm_signature: self.sign_quote(&attest),
			tpms_attest: attest,
			pcr_values: self.pcrs,
			ima_delta: self.delta(context),
			boot: None,
			guest_pk,
			guest_signature: [0; 64],
		};
		self.seal(&mut evidence, context);
		evidence
	}

	/// Binds the report to the evidence as it stands, and signs it as the guest: what a machine can do whose guest lies along.
	pub(crate) fn seal(&self, evidence: &mut HostEvidence, context: &Context) {
		let challenge = &context.challenge;
		let mut fields = self.fields.clone();
		fields.report_data = host_report_data::<RustCrypto>(
			&challenge.genesis,
			&challenge.nonce,
			&challenge.miner,
			&evidence.guest_pk,
			&evidence.tpms_attest,
			&context.last_chunk(),
			&evidence.ima_delta.records,
		);
		evidence.snp_report = fields.sign(&self.chip).expect("the chip signs").to_vec();
		self.sign(evidence);
	}

	/// Signs the evidence as the guest.
	pub(crate) fn sign(&self, evidence: &mut HostEvidence) {
		let statement = guest_statement::<RustCrypto>(&GENESIS, evidence);
		evidence.guest_signature = self.guest.sign(&statement).to_bytes();
	}

	pub(crate) fn attestation_key(&self) -> AttestationKey {
		AttestationKey::from_tpmt_public(&self.ak_public()).expect("a public area")
	}

	/// The attestation key's public area: TPMT_PUBLIC of a restricted ECDSA key.
	pub(crate) fn ak_public(&self) -> Vec<u8> {
		let point = self.ak.verifying_key().to_sec1_point(false);
		let tpm2b = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
		[
			&[0x00, 0x23, 0x00, 0x0b, 0x00, 0x05, 0x04, 0x72, 0x00, 0x00][..],
			&[0x00, 0x10, 0x00, 0x18, 0x00, 0x0b, 0x00, 0x03, 0x00, 0x10],
			&tpm2b(point.x().expect("a point")),
			&tpm2b(point.y().expect("a point")),
		]
		.concat()
	}

	/// Judges evidence with this machine's collateral.
	pub(crate) fn judge(
		&self,
		evidence: &HostEvidence,
		policy: &Policy,
		context: &Context,
	) -> Verdict {
		let (ak, signer) = (self.attestation_key(), self.signer());
		let collateral = Collateral {
			vek: &self.vek,
			revocation_current_until: Wanted::Any,
			ak: &ak,
			qualified_signer: Wanted::Exactly(&signer),
		};
		evaluate::<RustCrypto, _>(evidence, &collateral, policy, context)
	}

	pub(crate) fn claims(&self, evidence: &HostEvidence, context: &Context) -> Claims {
		match self.judge(evidence, &Policy::default(), context) {
			Verdict::Accepted(accepted) => accepted.claims().clone(),
			other => panic!("not accepted: {other:?}"),
		}
	}

	pub(crate) fn refusal(&self, evidence: &HostEvidence, context: &Context) -> Rejection {
		self.refusal_by(evidence, &Policy::default(), context)
	}

	pub(crate) fn refusal_by(
		&self,
		evidence: &HostEvidence,
		policy: &Policy,
		context: &Context,
	) -> Rejection {
		match self.judge(evidence, policy, context) {
			Verdict::Rejected(rejection) => rejection,
			other => panic!("not rejected: {other:?}"),
		}
	}

	pub(crate) fn code(&self, evidence: &HostEvidence, context: &Context) -> RejectCode {
		self.refusal(evidence, context).code
	}
}

/// A policy that accepts the machines of these tests as they should be.
#[derive(Clone)]
pub(crate) struct Policy {
	pub(crate) files: DigestList,
	pub(crate) required: Vec<RequiredFile>,
	pub(crate) trust: GenerationTrust,
	pub(crate) guest: (u64, u64),
	pub(crate) platform: (u64, u64),
	pub(crate) mitigations: u64,
	pub(crate) floors: Option<TcbFloors>,
	pub(crate) measurements: Vec<[u8; 48]>,
	pub(crate) boot_rules: Option<BootRules>,
	pub(crate) boot_parts: Vec<([u8; 32], BootRole)>,
	pub(crate) limits: Limits,
}

impl Default for Policy {
	fn default() -> Self {
		let tcb = insecure_sim::TCB.version;
		let mut policy = Self {
			files: DigestList::default(),
			required: vec![RequiredFile { any_of: vec![miner_binary(), sha256(b"hcc-miner 2")] }],
			trust: GenerationTrust::Full,
			guest: (GuestPolicy::RESERVED_ONE, GuestPolicy::CXL_ALLOW),
			platform: (
				PlatformInfo::ALIAS_CHECK_COMPLETE,
				PlatformInfo::SMT_EN | PlatformInfo::ECC_EN | PlatformInfo::ALIAS_CHECK_COMPLETE,
			),
			mitigations: 0,
			floors: Some(TcbFloors { current: tcb, reported: tcb, committed: tcb, launch: tcb }),
			measurements: vec![MEASUREMENT],
			boot_rules: None,
			boot_parts: Vec::new(),
			limits: Limits { bytes: 64 << 10, entries: 512 },
		};
		for content in [&b"hcc-miner"[..], b"hcc-miner 2", b"bash", b"libc"] {
			policy.judge(content, FileVerdict::Allowed);
		}
		policy
	}
}

impl Policy {
	pub(crate) fn judge(&mut self, content: &[u8], verdict: FileVerdict) {
		self.files.insert((HashAlgorithm::Sha256, sha256(content).to_vec()), verdict);
	}
}

impl PlatformPolicy for Policy {
	fn trust(&self, _: ProductLine) -> GenerationTrust {
		self.trust
	}

	fn guest_policy(&self) -> (u64, u64) {
		self.guest
	}

	fn platform_info(&self) -> (u64, u64) {
		self.platform
	}

	fn mitigations(&self, _: CpuId) -> u64 {
		self.mitigations
	}

	fn tcb_floors(&self, cpu: CpuId) -> Option<TcbFloors> {
		self.floors.filter(|_| cpu == insecure_sim::CPU)
	}

	fn allows_measurement(&self, measurement: &[u8; 48]) -> bool {
		self.measurements.contains(measurement)
	}
}

impl HostPolicy for Policy {
	type Files = DigestList;

	fn files(&self) -> &DigestList {
		&self.files
	}

	fn required(&self) -> &[RequiredFile] {
		&self.required
	}

	fn boot_rules(&self) -> Option<BootRules> {
		self.boot_rules
	}

	fn boot_role(&self, digest: &[u8; 32]) -> Option<BootRole> {
		self.boot_parts.iter().find(|(part, _)| part == digest).map(|(_, role)| *role)
	}

	fn limits(&self) -> Limits {
		self.limits
	}
}
