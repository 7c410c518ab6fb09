mod enrolment;
mod lifecycle;
pub mod tpm;
