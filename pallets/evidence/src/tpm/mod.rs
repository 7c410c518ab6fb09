//! TPM 2.0 quotes.
//!
//! Source: TCG, "Trusted Platform Module Library", part 2 (structures), revision 1.59.

mod attest;
mod credential;
mod ek;
mod key;
mod pcr;
mod quote;
mod signature;

pub use attest::{Attest, ClockInfo};
pub use credential::{
	credential_secret, make_credential, seed_hash, Credential, CredentialSecret, CredentialSeed,
};
pub use ek::{certificate_in_nv, verify_ek, verify_ek_to_root, EndorsementKey};
pub use key::{AttestationKey, PublicKey, Scheme};
pub use pcr::{PcrBank, PcrSelection, PcrValues};
pub use quote::{verify_quote, AuthenticQuote, QuoteRequest, Sha1, Wanted};
pub use signature::Signature;
