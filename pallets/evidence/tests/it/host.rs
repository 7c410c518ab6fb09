//! Evidence of simulated hosts under the declared test hierarchy, evaluated as a whole.

mod accepted;
mod bindings;
mod boot;
mod log_submission;
mod platform;
mod software;
mod vm;
