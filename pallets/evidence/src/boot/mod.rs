//! The firmware's event log: what it measured before the kernel took over.
//!
//! Source: TCG, "PC Client Platform Firmware Profile", section 10 (event logging). The log is read as the kernel's
//! `binary_bios_measurements` gives it; its integers are little-endian. An event's data says what was measured; only its digest is proven.

mod event;
mod replay;
mod rules;

pub use event::{Event, Events, EV_NO_ACTION};
pub use replay::{replay, BootPcrs, PCRS};
pub use rules::{code_events, judge, BootParts, BootRole, BootRules, CodeEvent, MAX_JUDGED};
