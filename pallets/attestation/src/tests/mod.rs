mod challenges;
mod draw;
mod evidence;
mod liveness;
mod log;
#[allow(dead_code)]
#[path = "../../../evidence/tests/host/machine.rs"]
pub(crate) mod machine;
mod renewal;
mod standstill;
mod sweep;
mod verdicts;
