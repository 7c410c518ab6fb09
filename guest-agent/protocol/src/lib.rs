#![doc = include_str!("../README.md")]

mod address;
mod frame;
pub mod guest;
mod listener;
mod session;
mod version;
pub mod vm;

pub use address::{connect, Address, Stream, MAX_PRIVILEGED_PORT};
pub use frame::MAX_FRAME;
pub use listener::{Listener, Peers};
pub use session::{Session, SessionError};
pub use version::{Hello, HelloResponse, VersionRange, NEGOTIATION};
