//! Tests of the public interface: simulated machines, real evidence, a software TPM, fuzz targets.

mod credential;
mod crypto;
mod fuzz;
mod host;
mod swtpm;
mod vectors;
