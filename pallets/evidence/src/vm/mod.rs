//! Evidence of a tenant's VM at boot, its evaluation, the identity of its image, and the usage
//! receipts that the guest signs later.

mod binding;
mod body;
mod evaluate;
pub mod image;
mod receipt;

pub use binding::{boot_nonce, config_statement, vm_host_data, vm_report_data};
#[cfg(feature = "scale")]
pub use binding::{vm_evidence_hash, VmEvidenceHash};
pub use body::{VmEvidence, VmId, KEM_KEY_LEN};
pub use evaluate::{evaluate_vm, Boot, VmClaims};
pub use receipt::{receipt_statement, Receipt, SignedReceipt};
