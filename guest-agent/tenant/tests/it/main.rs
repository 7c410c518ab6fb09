//! The agent of a VM against its host.

mod boot;
mod host;
mod running;
