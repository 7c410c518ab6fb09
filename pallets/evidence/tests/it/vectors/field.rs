//! Field cases: small inputs that reproduce problems of operators of such machines.

mod ek;
mod ima;
mod quotes;
mod snp;
