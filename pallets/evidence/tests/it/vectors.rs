//! Evidence of real machines from other projects. Each vector must give the result in its manifest.
//!
//! The vectors are in `../shared/vectors` beside the project, or in the folder that `HCC_VECTORS`
//! names. The field cases are in `../shared/field`, or in the folder that `HCC_FIELD` names. A test
//! without its vector prints the name of the vector and passes.

mod azure;
mod boot;
mod ek;
mod field;
mod ima;
mod snp;
mod tpm;
mod tree;
