//! Evidence of a tenant's VM at boot, and its evaluation. The identity of its image and its
//! configuration. The confirmations and usage receipts that the guest signs later.

mod binding;
mod body;
pub mod config;
mod confirmation;
mod evaluate;
pub mod image;
mod rebuild;
mod receipt;

pub use binding::{boot_nonce, console_statement, vm_host_data, vm_report_data};
#[cfg(feature = "scale")]
pub use binding::{vm_evidence_hash, VmEvidenceHash};
pub use body::{VmEvidence, VmId, KEM_KEY_LEN};
pub use confirmation::{confirmation_statement, Confirmation, SignedConfirmation};
pub use evaluate::{evaluate_vm, Boot, VmClaims};
pub use rebuild::rebuild_statement;
pub use receipt::{receipt_statement, Receipt, SignedReceipt};
