//! Replaces the crate `wasm-opt`. It has only the items that `substrate-wasm-builder` uses, and
//! calls the program `wasm-opt` of Debian's package binaryen.
//!
//! The original crate compiles all of binaryen from C++, which takes a quarter of an hour of one
//! core.

use std::{
	ffi::OsString,
	path::Path,
	process::{Command, ExitStatus},
};

/// A pass that transforms the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
	/// Removes DWARF debug information.
	StripDwarf,
	/// Refuses modules with sign-extension instructions. The original crate replaces these
	/// instructions. That is not necessary, because the target `wasm32v1-none` produces none, and
	/// binaryen 108 lacks that pass.
	SignextLowering,
}

impl Pass {
	fn argument(self) -> &'static str {
		match self {
			Self::StripDwarf => "--strip-dwarf",
			Self::SignextLowering => "--mvp-features",
		}
	}
}

/// The reason why a module was not written.
#[derive(Debug, thiserror::Error)]
pub enum OptimizationError {
	/// The program did not start. Install the package binaryen.
	#[error("wasm-opt cannot be started, install the package binaryen: {0}")]
	Start(#[from] std::io::Error),
	/// The program refused the module. Its messages are on standard error.
	#[error("wasm-opt failed with {0}")]
	Failed(ExitStatus),
}

/// The arguments of a run of the program.
#[derive(Clone, Debug, Default)]
pub struct OptimizationOptions {
	arguments: Vec<OsString>,
}

impl OptimizationOptions {
	/// Returns options that run no pass by themselves.
	pub fn new_opt_level_0() -> Self {
		Self { arguments: vec!["-O0".into()] }
	}

	/// Accepts and produces only features of the WebAssembly MVP.
	pub fn mvp_features_only(&mut self) -> &mut Self {
		self.with("--mvp-features")
	}

	/// Keeps the names of functions if `kept` is true.
	pub fn debug_info(&mut self, kept: bool) -> &mut Self {
		if kept {
			self.with("--debuginfo");
		}
		self
	}

	/// Adds a pass after the passes that were added before.
	pub fn add_pass(&mut self, pass: Pass) -> &mut Self {
		self.with(pass.argument())
	}

	/// Reads the module at `input` and writes the result to `output`.
	///
	/// ## Errors
	/// Fails if the program is missing or refuses the module.
	pub fn run(
		&self,
		input: impl AsRef<Path>,
		output: impl AsRef<Path>,
	) -> Result<(), OptimizationError> {
		let mut program = Command::new("wasm-opt");
		program.args(&self.arguments).arg(input.as_ref()).arg("--output").arg(output.as_ref());
		let status = program.status()?;
		if status.success() {
			Ok(())
		} else {
			Err(OptimizationError::Failed(status))
		}
	}

	fn with(&mut self, argument: &str) -> &mut Self {
		self.arguments.push(argument.into());
		self
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn options_become_arguments_in_order() {
		let mut options = OptimizationOptions::new_opt_level_0();
		options
			.mvp_features_only()
			.debug_info(true)
			.add_pass(Pass::StripDwarf)
			.add_pass(Pass::SignextLowering)
			.debug_info(false);
		assert_eq!(
			options.arguments,
			["-O0", "--mvp-features", "--debuginfo", "--strip-dwarf", "--mvp-features"]
		);
	}
}
