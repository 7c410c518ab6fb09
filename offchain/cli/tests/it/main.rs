//! Tests that run the `hcc` program as a script does.

mod boots;
mod evidence;
mod image;
mod policy;
mod verify;
