//! Field cases: small inputs that reproduce what operators of such machines ran into.

mod ek;
mod ima;
mod quotes;
mod snp;
