//! The host's TPM, accessed through the TCG's software stack.

use std::str::FromStr;

use hcc_evidence::{
	host::{PcrSet, QUOTED_PCRS},
	tpm::certificate_in_nv,
};
use tss_esapi::{
	abstraction::{ek, nv, AsymmetricAlgorithmSelection, DefaultKey},
	attributes::ObjectAttributesBuilder,
	constants::SessionType,
	handles::{
		AuthHandle, KeyHandle, NvIndexHandle, NvIndexTpmHandle, ObjectHandle, SessionHandle,
		TpmHandle,
	},
	interface_types::{
		algorithm::{HashingAlgorithm, PublicAlgorithm},
		ecc::EccCurve,
		key_bits::RsaKeyBits,
		resource_handles::{Hierarchy, NvAuth},
		session_handles::{AuthSession, PolicySession},
	},
	structures::{
		Data, Digest, EccPoint, EccScheme, EncryptedSecret, HashScheme, IdObject,
		KeyDerivationFunctionScheme, PcrSelectionList, PcrSelectionListBuilder, PcrSlot, Public,
		PublicBuilder, PublicEccParametersBuilder, SignatureScheme, SymmetricDefinition,
		SymmetricDefinitionObject,
	},
	traits::Marshall,
	Context, Error as TssError, TctiNameConf, WrapperErrorKind,
};

/// NV index of the certificate of the RSA endorsement key: TCG, "EK Credential Profile", table 2.
const EK_CERTIFICATE: u32 = 0x01c0_0002;
/// Maximum number of quotes until one agrees with the PCR values read. The kernel may extend PCR 10
/// in between.
const ATTEMPTS: u32 = 8;

/// Failures of TPM operations.
#[derive(Debug, thiserror::Error)]
pub enum TpmError {
	/// The TPM is missing or cannot be used. Load its driver, or correct `tcti`; the user needs
	/// access to the device.
	#[error("cannot use the TPM at {tcti}: {reason}")]
	Unusable { tcti: String, reason: String },
	/// The TPM refused a command.
	#[error("TPM command failed: {0}")]
	Tpm(#[from] TssError),
	/// The TPM has no certificate for its RSA endorsement key. Ask its vendor.
	#[error("the TPM has no certificate of its endorsement key at {EK_CERTIFICATE:#x}")]
	NoCertificate,
	/// The SHA-256 bank is not allocated. Allocate it in the firmware settings.
	#[error("the TPM has no SHA-256 bank, or returned other PCRs than requested")]
	NoBank,
	/// The kernel extended PCR 10 during each attempt. Retry.
	#[error("PCR 10 changed during each of {ATTEMPTS} quotes")]
	Unsteady,
}

/// A quote and the PCR values that it covers.
pub struct Quote {
	/// TPMS_ATTEST.
	pub attest: Vec<u8>,
	/// TPMT_SIGNATURE.
	pub signature: Vec<u8>,
	pub pcrs: PcrSet,
}

/// An open TPM.
pub struct Tpm {
	context: Context,
}

impl Tpm {
	/// Opens a TPM by its TCTI.
	pub fn open(tcti: &str) -> Result<Self, TpmError> {
		let unusable = |reason: String| TpmError::Unusable { tcti: tcti.to_string(), reason };
		// The crate ignores `path`, and would open another TPM at the default port.
		if tcti.starts_with("swtpm:") && tcti.contains("path=") {
			return Err(unusable("swtpm needs host= and port=, not path=".into()));
		}
		let name = TctiNameConf::from_str(tcti).map_err(|error| unusable(error.to_string()))?;
		let context = Context::new(name).map_err(|error| unusable(error.to_string()))?;
		Ok(Self { context })
	}

	/// Reads the certificate of the endorsement key, DER.
	pub fn ek_certificate(&mut self) -> Result<Vec<u8>, TpmError> {
		let index = NvIndexTpmHandle::new(EK_CERTIFICATE)?;
		let object: ObjectHandle = self
			.context
			.execute_without_session(|context| {
				context.tr_from_tpm_public(TpmHandle::NvIndex(index))
			})
			.map_err(|_| TpmError::NoCertificate)?;
		let auth = NvAuth::NvIndex(NvIndexHandle::from(object));
		let bytes = self.context.execute_with_session(Some(AuthSession::Password), |context| {
			nv::read_full(context, auth, index)
		})?;
		certificate_in_nv(&bytes).map(<[u8]>::to_vec).map_err(|_| TpmError::NoCertificate)
	}

	/// Returns the public area of the attestation key: TPMT_PUBLIC.
	pub fn ak_public(&mut self) -> Result<Vec<u8>, TpmError> {
		let (key, public) = self.primary(ak_template()?)?;
		self.context.flush_context(key.into())?;
		Ok(public.marshall()?)
	}

	/// Opens a credential, given as TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET. Returns the secret.
	pub fn activate(&mut self, id_object: &[u8], secret: &[u8]) -> Result<Vec<u8>, TpmError> {
		let blob = IdObject::try_from(body(id_object)?)?;
		let secret = EncryptedSecret::try_from(body(secret)?)?;
		let template = ek::create_ek_public_from_default_template_2(
			AsymmetricAlgorithmSelection::Rsa(RsaKeyBits::Rsa2048),
			DefaultKey,
		)?;
		let (ek, _) = self.primary(template)?;
		let opened = self.with_ak(|context, ak| {
			with_ek_session(context, |context, session| {
				let sessions = (Some(AuthSession::Password), Some(session), None);
				context.execute_with_sessions(sessions, |context| {
					context.activate_credential(ak, ek, blob, secret)
				})
			})
		});
		self.context.flush_context(ek.into())?;
		Ok(opened?.value().to_vec())
	}

	/// Quotes [`QUOTED_PCRS`] over `extra_data`. Returns the quote with the PCR values that it
	/// covers.
	pub fn quote(&mut self, extra_data: [u8; 32]) -> Result<Quote, TpmError> {
		for _ in 0..ATTEMPTS {
			let before = self.pcrs()?;
			let data = Data::try_from(extra_data.to_vec())?;
			let selection = selection(&QUOTED_PCRS)?;
			let (attest, signature) = self.with_ak(|context, ak| {
				context.execute_with_session(Some(AuthSession::Password), |context| {
					context.quote(ak, data, SignatureScheme::Null, selection)
				})
			})?;
			// Equal values before and after the quote imply that the quote covers them.
			if self.pcrs()? == before {
				return Ok(Quote {
					attest: attest.marshall()?,
					signature: signature.marshall()?,
					pcrs: before,
				});
			}
		}
		Err(TpmError::Unsteady)
	}

	/// Reads the values of [`QUOTED_PCRS`] in the SHA-256 bank.
	pub fn pcrs(&mut self) -> Result<PcrSet, TpmError> {
		let mut left = selection(&QUOTED_PCRS)?;
		let mut found: Vec<(PcrSlot, [u8; 32])> = Vec::new();
		while !left.is_empty() {
			let wanted = left.clone();
			let (_, read, digests) =
				self.context.execute_without_session(|context| context.pcr_read(wanted))?;
			let slots: Vec<PcrSlot> =
				read.get_selections().iter().flat_map(|bank| bank.selected()).collect();
			if slots.is_empty() || slots.len() != digests.len() {
				return Err(TpmError::NoBank);
			}
			for (slot, digest) in slots.into_iter().zip(digests.value()) {
				found.push((slot, digest.value().try_into().map_err(|_| TpmError::NoBank)?));
			}
			left.subtract(&read)?;
		}
		let mut values: PcrSet = Default::default();
		for (index, value) in QUOTED_PCRS.iter().zip(values.iter_mut()) {
			let slot = slot(*index)?;
			let read = found.iter().find(|(of, _)| *of == slot).ok_or(TpmError::NoBank)?;
			*value = read.1;
		}
		Ok(values)
	}

	/// Creates a primary key of the endorsement hierarchy. A template gives the same key until the
	/// TPM's seed changes.
	fn primary(&mut self, template: Public) -> Result<(KeyHandle, Public), TssError> {
		let made = self.context.execute_with_session(Some(AuthSession::Password), |context| {
			context.create_primary(Hierarchy::Endorsement, template, None, None, None, None)
		})?;
		Ok((made.key_handle, made.out_public))
	}

	/// Loads the attestation key for the duration of an operation.
	fn with_ak<T>(
		&mut self,
		act: impl FnOnce(&mut Context, KeyHandle) -> Result<T, TssError>,
	) -> Result<T, TssError> {
		let (key, _) = self.primary(ak_template()?)?;
		self.context.execute_with_temporary_object(key.into(), |context, object| {
			act(context, KeyHandle::from(object))
		})
	}
}

/// The template of a restricted ECDSA key on P-256 with SHA-256. Any change to it derives another
/// key.
fn ak_template() -> Result<Public, TssError> {
	let attributes = ObjectAttributesBuilder::new()
		.with_fixed_tpm(true)
		.with_fixed_parent(true)
		.with_sensitive_data_origin(true)
		.with_user_with_auth(true)
		.with_no_da(true)
		.with_restricted(true)
		.with_sign_encrypt(true)
		.build()?;
	let parameters = PublicEccParametersBuilder::new()
		.with_symmetric(SymmetricDefinitionObject::Null)
		.with_ecc_scheme(EccScheme::EcDsa(HashScheme::new(HashingAlgorithm::Sha256)))
		.with_curve(EccCurve::NistP256)
		.with_key_derivation_function_scheme(KeyDerivationFunctionScheme::Null)
		.with_is_signing_key(true)
		.with_is_decryption_key(false)
		.with_restricted(true)
		.build()?;
	PublicBuilder::new()
		.with_public_algorithm(PublicAlgorithm::Ecc)
		.with_name_hashing_algorithm(HashingAlgorithm::Sha256)
		.with_object_attributes(attributes)
		.with_auth_policy(Digest::default())
		.with_ecc_parameters(parameters)
		.with_ecc_unique_identifier(EccPoint::default())
		.build()
}

/// Runs an operation in a policy session that authorises one use of the endorsement key. Its policy
/// requires the secret of the endorsement hierarchy.
fn with_ek_session<T>(
	context: &mut Context,
	act: impl FnOnce(&mut Context, AuthSession) -> Result<T, TssError>,
) -> Result<T, TssError> {
	let session = context
		.execute_without_session(|context| {
			context.start_auth_session(
				None,
				None,
				None,
				SessionType::Policy,
				SymmetricDefinition::AES_128_CFB,
				HashingAlgorithm::Sha256,
			)
		})?
		.ok_or(TssError::WrapperError(WrapperErrorKind::WrongValueFromTpm))?;
	context.execute_with_temporary_object(SessionHandle::from(session).into(), |context, _| {
		let policy = PolicySession::try_from(session)?;
		context.execute_with_session(Some(AuthSession::Password), |context| {
			context.policy_secret(
				policy,
				AuthHandle::Endorsement,
				Default::default(),
				Default::default(),
				Default::default(),
				None,
			)
		})?;
		act(context, session)
	})
}

/// Returns the body of a TPM2B structure.
fn body(bytes: &[u8]) -> Result<&[u8], TssError> {
	match bytes {
		[high, low, rest @ ..] if usize::from(u16::from_be_bytes([*high, *low])) == rest.len() => {
			Ok(rest)
		},
		_ => Err(TssError::WrapperError(WrapperErrorKind::WrongParamSize)),
	}
}

/// Converts a PCR index to its bit in a selection.
fn slot(index: u8) -> Result<PcrSlot, TssError> {
	let mask = 1u32.checked_shl(index.into());
	PcrSlot::try_from(mask.ok_or(TssError::WrapperError(WrapperErrorKind::InvalidParam))?)
}

fn selection(indices: &[u8]) -> Result<PcrSelectionList, TssError> {
	let slots = indices.iter().map(|index| slot(*index)).collect::<Result<Vec<_>, _>>()?;
	PcrSelectionListBuilder::new().with_selection(HashingAlgorithm::Sha256, &slots).build()
}
