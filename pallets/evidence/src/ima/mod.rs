//! The measurement log of the kernel's Integrity Measurement Architecture.
//!
//! Source: Linux, `security/integrity/ima` (`ima_template.c`, `ima_template_lib.c`, `ima_fs.c`).
//! The log has the format of the file `binary_runtime_measurements` or of a per-bank log such as
//! `binary_runtime_measurements_sha256`. Integers are little-endian, as on x86-64 or with
//! `ima_canonical_fmt`.

mod entry;
mod files;
mod fold;
mod record;
mod replay;
mod signature;

pub use files::{DigestList, FileDigest, FileVerdict, Files, HashAlgorithm, Renewed};
pub use fold::{fold, LogFindings};
pub use record::{Record, Records, Template};
pub(crate) use replay::replay_strictly;
pub use replay::{replay, Checkpoint, Limits, Replayed, Violations, IMA_PCR};
pub use signature::{key_id, FileSignature};
