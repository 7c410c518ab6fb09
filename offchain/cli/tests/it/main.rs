//! Tests that run the program `hcc`, as a script does.

mod boots;
mod evidence;
mod field;
mod inputs;
mod output;
mod policy;
mod verify;
