//! Tests that run the program `hcc`, as a script does.

mod access;
mod boots;
mod evidence;
mod field;
mod image;
mod inputs;
mod keys;
mod output;
mod policy;
mod verify;
