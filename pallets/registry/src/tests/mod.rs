mod asks;
mod enrolment;
mod lifecycle;
pub mod tpm;
