//! The firmware's event log: the measurements before the kernel started.
//!
//! Source: TCG, "PC Client Platform Firmware Profile", section 10 (event logging). The log has the
//! format of the kernel's `binary_bios_measurements`, with little-endian integers. The data of an
//! event describes the measured component, but only its digest is proven.

mod event;
mod replay;
mod rules;

use event::missing_bank;
pub use event::{Event, Events, EV_NO_ACTION};
pub use replay::{replay, BootPcrs, PCRS};
pub use rules::{code_events, judge, BootParts, BootRole, BootRules, CodeEvent, MAX_JUDGED};
