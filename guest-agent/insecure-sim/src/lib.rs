#![doc = include_str!("../README.md")]

mod certificate;
mod hierarchy;
mod report;

pub use certificate::{issue_crl, issue_vcek};
pub use hierarchy::{declare, roots, Chip, PRODUCT};
pub use report::{ReportFields, CPU, TCB};
