//! The host's TPM, accessed through the TCG's software stack.

mod error;
mod nv;
mod shared;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, str::FromStr, time::Duration};

use hcc_evidence::host::{PcrSet, QUOTED_PCRS};
use secrecy::{ExposeSecret, SecretSlice};
use tss_esapi::{
	abstraction::{ek, nv::read_full, AsymmetricAlgorithmSelection, DefaultKey},
	attributes::ObjectAttributesBuilder,
	constants::{SessionType, Tss2ResponseCodeKind},
	handles::{
		AuthHandle, KeyHandle, NvIndexHandle, NvIndexTpmHandle, ObjectHandle, PersistentTpmHandle,
		SessionHandle, TpmHandle,
	},
	interface_types::{
		algorithm::{HashingAlgorithm, PublicAlgorithm},
		ecc::EccCurve,
		key_bits::RsaKeyBits,
		resource_handles::{Hierarchy, NvAuth},
		session_handles::{AuthSession, PolicySession},
	},
	structures::{
		Auth, Data, Digest, EccPoint, EccScheme, EncryptedSecret, HashScheme, IdObject,
		KeyDerivationFunctionScheme, PcrSelectionList, PcrSelectionListBuilder, PcrSlot, Public,
		PublicBuilder, PublicEccParametersBuilder, SignatureScheme, SymmetricDefinition,
		SymmetricDefinitionObject,
	},
	traits::Marshall,
	Context, Error as TssError, TctiNameConf, WrapperErrorKind,
};

pub use error::TpmError;
pub use nv::NvError;
pub use shared::{SharedTpm, TpmCounters};

use error::describe;
use shared::Deadline;

/// NV index of the certificate of the RSA endorsement key: TCG, "EK Credential Profile", table 2.
const EK_CERTIFICATE: u32 = 0x01c0_0002;
/// Maximum number of attempts to read PCR values and a quote that agree. The kernel may extend PCR
/// 10 between both reads.
const ATTEMPTS: u32 = 8;

/// Settings of a TPM.
#[derive(Clone, Debug)]
pub struct TpmSettings {
	/// The transport to the TPM: `device:…` or `swtpm:…`.
	pub tcti: String,
	/// The persistent handle of the RSA endorsement key. With `None`, the key is created from its
	/// template.
	pub ek_handle: Option<u32>,
	/// A file with the certificate of the endorsement key. With `None`, the certificate is read
	/// from the TPM.
	pub ek_cert: Option<PathBuf>,
	/// The authorisation value of the endorsement hierarchy.
	pub endorsement_auth: SecretSlice<u8>,
	/// The time limit of each TPM command.
	pub timeout: Duration,
}

/// A quote and the PCR values that it covers.
pub struct Quote {
	/// The quoted structure: TPMS_ATTEST.
	pub attest: Vec<u8>,
	/// The signature of the attestation key: TPMT_SIGNATURE.
	pub signature: Vec<u8>,
	pub pcrs: PcrSet,
}

/// A credential for the attestation key: TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET.
pub struct Credential {
	pub id_object: Vec<u8>,
	pub encrypted_secret: Vec<u8>,
}

/// The result of opening each credential: its secret, or the reason why it cannot be opened.
pub type OpenedCredentials = Vec<Result<Vec<u8>, TpmError>>;

/// An open TPM.
pub struct Tpm {
	context: Context,
	settings: TpmSettings,
	/// The time at which the TPM is overdue. The beginning of each command extends it.
	deadline: Deadline,
}

/// The endorsement key while it is in use.
struct EndorsementKey {
	key: KeyHandle,
	public: Public,
	/// True if the key was created from its template. It is then not persistent, and must be
	/// flushed after use.
	is_transient: bool,
}

impl Tpm {
	/// Opens a TPM by its TCTI.
	fn open(settings: &TpmSettings, deadline: Deadline) -> Result<Self, TpmError> {
		let tcti = &settings.tcti;
		let unusable = |reason: String| TpmError::Unusable { tcti: tcti.clone(), reason };
		// The crate `tss_esapi` ignores `path`, and would open another TPM at the default port.
		if tcti.starts_with("swtpm:") && tcti.contains("path=") {
			return Err(unusable("swtpm needs host= and port=, not path=".into()));
		}
		let refused = |why: TssError| unusable(describe(&why));
		let name = TctiNameConf::from_str(tcti).map_err(refused)?;
		let mut context = Context::new(name).map_err(refused)?;
		let value = settings.endorsement_auth.expose_secret();
		if !value.is_empty() {
			let auth = Auth::try_from(value.to_vec())?;
			context.tr_set_auth(ObjectHandle::Endorsement, auth)?;
		}
		Ok(Self { context, settings: settings.clone(), deadline })
	}

	/// Returns the context for one command, and extends the deadline for this command.
	fn command(&mut self) -> &mut Context {
		self.deadline.begin_command();
		&mut self.context
	}

	/// Reads the certificate of the endorsement key, in DER.
	pub fn ek_certificate(&mut self) -> Result<Vec<u8>, TpmError> {
		let (place, contents) = match self.settings.ek_cert.clone() {
			Some(path) => {
				let shown = path.display().to_string();
				match crate::config::certificate(&path) {
					Ok(contents) => (shown, contents),
					Err(error) => {
						let error = std::io::Error::other(format!("{error:#}"));
						return Err(TpmError::Unreadable { path: shown, error });
					},
				}
			},
			None => (format!("the TPM's NV index {EK_CERTIFICATE:#x}"), self.read_certificate()?),
		};
		match nv::certificate(&contents) {
			Ok(der) => Ok(der.to_vec()),
			Err(found) => Err(TpmError::OtherContents { place, found }),
		}
	}

	/// Reads the contents of the NV index that is reserved for the certificate.
	fn read_certificate(&mut self) -> Result<Vec<u8>, TpmError> {
		let index = NvIndexTpmHandle::new(EK_CERTIFICATE)?;
		let found = self.command().execute_without_session(|context| {
			context.tr_from_tpm_public(TpmHandle::NvIndex(index))
		});
		let object: ObjectHandle = match found {
			Err(TssError::Tss2Error(code)) if code.kind() == Some(Tss2ResponseCodeKind::Handle) => {
				return Err(TpmError::NoCertificate);
			},
			found => found?,
		};
		let auth = NvAuth::NvIndex(NvIndexHandle::from(object));
		Ok(self.command().execute_with_session(Some(AuthSession::Password), |context| {
			read_full(context, auth, index)
		})?)
	}

	/// Returns the public area of the endorsement key: TPMT_PUBLIC.
	pub fn ek_public(&mut self) -> Result<Vec<u8>, TpmError> {
		let ek = self.endorsement_key()?;
		let public = ek.public.marshall();
		self.release(ek)?;
		Ok(public?)
	}

	/// Returns the public area of the attestation key: TPMT_PUBLIC.
	pub fn ak_public(&mut self) -> Result<Vec<u8>, TpmError> {
		let (key, public) = self.primary(ak_template()?)?;
		self.command().flush_context(key.into())?;
		Ok(public.marshall()?)
	}

	/// Opens credentials. Loads the endorsement key and the attestation key only once.
	///
	/// ## Errors
	/// Fails if a key cannot be loaded, or if the connection to the TPM fails. A faulty credential
	/// does not affect the other credentials.
	pub fn activate(&mut self, credentials: &[Credential]) -> Result<OpenedCredentials, TpmError> {
		let ek = self.endorsement_key()?;
		let opened = self.activate_with(ek.key, credentials);
		let released = self.release(ek);
		let opened = opened?;
		released?;
		Ok(opened)
	}

	fn activate_with(
		&mut self,
		ek: KeyHandle,
		credentials: &[Credential],
	) -> Result<OpenedCredentials, TpmError> {
		let (ak, _) = self.primary(ak_template()?)?;
		let mut opened = Vec::new();
		for credential in credentials {
			match self.activate_one(ek, ak, credential) {
				// If the connection is lost, the loaded keys are lost as well.
				Err(error) if error.is_of_connection() => return Err(error),
				result => opened.push(result),
			}
		}
		self.command().flush_context(ak.into())?;
		Ok(opened)
	}

	fn activate_one(
		&mut self,
		ek: KeyHandle,
		ak: KeyHandle,
		credential: &Credential,
	) -> Result<Vec<u8>, TpmError> {
		let blob = IdObject::try_from(body(&credential.id_object)?)?;
		let secret = EncryptedSecret::try_from(body(&credential.encrypted_secret)?)?;
		let deadline = self.deadline.clone();
		let opened = with_ek_session(&mut self.context, &deadline, |context, session| {
			let sessions = (Some(AuthSession::Password), Some(session), None);
			context.execute_with_sessions(sessions, |context| {
				context.activate_credential(ak, ek, blob, secret)
			})
		})?;
		Ok(opened.value().to_vec())
	}

	/// Loads the RSA endorsement key. Uses the persistent key if it is configured, and otherwise
	/// creates the key from the TCG's template.
	fn endorsement_key(&mut self) -> Result<EndorsementKey, TpmError> {
		if let Some(handle) = self.settings.ek_handle {
			let handle = TpmHandle::Persistent(PersistentTpmHandle::new(handle)?);
			let object = self
				.command()
				.execute_without_session(|context| context.tr_from_tpm_public(handle))?;
			let key = KeyHandle::from(object);
			let (public, _, _) =
				self.command().execute_without_session(|context| context.read_public(key))?;
			return Ok(EndorsementKey { key, public, is_transient: false });
		}
		let template = ek::create_ek_public_from_default_template_2(
			AsymmetricAlgorithmSelection::Rsa(RsaKeyBits::Rsa2048),
			DefaultKey,
		)?;
		self.deadline.begin_rsa_key();
		let (key, public) = create_primary(&mut self.context, template)?;
		Ok(EndorsementKey { key, public, is_transient: true })
	}

	/// Removes the endorsement key from the TPM's working memory.
	fn release(&mut self, ek: EndorsementKey) -> Result<(), TpmError> {
		let mut object = ObjectHandle::from(ek.key);
		if ek.is_transient {
			self.command().flush_context(object)?;
		} else {
			self.command().tr_close(&mut object)?;
		}
		Ok(())
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
			// If the values are equal before and after the quote, the quote covers these values.
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
				self.command().execute_without_session(|context| context.pcr_read(wanted))?;
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

	/// Creates a primary key of the endorsement hierarchy. The same template results in the same
	/// key until the TPM's seed changes.
	fn primary(&mut self, template: Public) -> Result<(KeyHandle, Public), TssError> {
		create_primary(self.command(), template)
	}

	/// Loads the attestation key for the duration of an operation.
	fn with_ak<T>(
		&mut self,
		act: impl FnOnce(&mut Context, KeyHandle) -> Result<T, TssError>,
	) -> Result<T, TssError> {
		let (key, _) = self.primary(ak_template()?)?;
		self.command().execute_with_temporary_object(key.into(), |context, object| {
			act(context, KeyHandle::from(object))
		})
	}
}

/// Creates a primary key of the endorsement hierarchy.
fn create_primary(
	context: &mut Context,
	template: Public,
) -> Result<(KeyHandle, Public), TssError> {
	let made = context.execute_with_session(Some(AuthSession::Password), |context| {
		context.create_primary(Hierarchy::Endorsement, template, None, None, None, None)
	})?;
	Ok((made.key_handle, made.out_public))
}

/// Returns the template of the attestation key: a restricted ECDSA key on P-256 with SHA-256. Any
/// change to the template results in another key.
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

/// Runs an operation in a policy session that authorises one use of the endorsement key. The key's
/// policy requires the authorisation value of the endorsement hierarchy.
fn with_ek_session<T>(
	context: &mut Context,
	deadline: &Deadline,
	act: impl FnOnce(&mut Context, AuthSession) -> Result<T, TssError>,
) -> Result<T, TssError> {
	deadline.begin_command();
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
		deadline.begin_command();
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
		deadline.begin_command();
		act(context, session)
	})
}

/// Returns the body of a TPM2B structure, without the length field.
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
