//! Writes the runtime's metadata in version 16 to the file that the argument names. `make metadata`
//! runs this program.

use std::{env, fs, process::ExitCode};

use hccs_runtime::Runtime;

fn main() -> ExitCode {
	let Some(path) = env::args().nth(1) else {
		eprintln!("usage: metadata FILE");
		return ExitCode::from(1);
	};
	// Constants may read storage, so the metadata is computed with an empty storage.
	let metadata = sp_io::TestExternalities::default()
		.execute_with(|| Runtime::metadata_at_version(16))
		.expect("the runtime has metadata of version 16");
	match fs::write(&path, &*metadata) {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("could not write {path}: {error}");
			ExitCode::from(1)
		},
	}
}
