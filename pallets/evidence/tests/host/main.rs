//! A host's evidence as a whole: made by a machine that does not exist, under the declared test hierarchy, and judged by `evaluate`.

mod accepted;
mod bindings;
mod boot;
mod handed_in;
mod machine;
mod platform;
mod software;
mod vm;
