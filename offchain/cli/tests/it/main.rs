//! Tests that run the `hcc` program as a script does.

mod boots;
mod evidence;
mod field;
mod image;
mod inputs;
mod output;
mod policy;
mod verify;
