//! Evidence of real machines, collected by others: each must give what its manifest says.
//!
//! The vectors lie beside the project, at `../shared/vectors`, or where `HCC_VECTORS` says. Where one is absent its test says so, by name.

mod azure;
mod boot;
mod ek;
mod ima;
mod snp;
mod tpm;
mod tree;
