//! AMD SEV-SNP: attestation reports and the keys that sign them.
//!
//! Sources: AMD publication 56860, "SEV Secure Nested Paging Firmware ABI Specification", table
//! "ATTESTATION_REPORT". AMD publication 57230, "Versioned Chip Endorsement Key (VCEK) Certificate
//! and KDS Interface Specification".

mod authenticate;
mod crl;
mod policy;
mod product;
mod report;
mod tcb;
mod vek;

pub use authenticate::{authenticate, AuthenticReport};
pub use crl::{ark_id, ArkId, RevocationList, Serial, UnverifiedCrl, MAX_CRL};
pub use policy::{GuestPolicy, PlatformInfo};
pub use product::{CpuId, ProductLine};
pub(crate) use report::report_data;
pub use report::{FirmwareVersion, Report, ReportFlags, SigningKey, REPORT_LEN, SIGNED_LEN};
pub use tcb::{TcbLayout, TcbVersion};
pub use vek::{roots, verify_vek, AmdRoots, HardwareId, Vek, VekKind};
