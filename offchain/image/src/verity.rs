//! The hash tree of a root file system, as dm-verity reads it: format 1, SHA-256, blocks of 4096
//! bytes, no salt, no superblock.

use sha2::{Digest, Sha256};

use crate::manifest::BLOCK;

/// The length of a digest.
const DIGEST: usize = 32;

/// The hash tree of a root file system.
pub(crate) struct Tree {
	pub(crate) root_hash: [u8; DIGEST],
	/// The digest of the tree's bytes.
	pub(crate) digest: [u8; DIGEST],
}

/// Builds the hash tree of data that arrives in parts.
pub(crate) struct TreeBuilder {
	/// The digests of the whole blocks so far.
	leaves: Vec<u8>,
	block: Sha256,
	/// The number of bytes in the current block.
	filled: usize,
}

impl TreeBuilder {
	pub(crate) fn new() -> Self {
		Self { leaves: Vec::new(), block: Sha256::new(), filled: 0 }
	}

	/// Adds data. The size of all data must be a multiple of the block size.
	pub(crate) fn update(&mut self, mut data: &[u8]) {
		while !data.is_empty() {
			let len = data.len().min(BLOCK as usize - self.filled);
			let (part, rest) = data.split_at(len);
			self.block.update(part);
			self.filled += len;
			if self.filled == BLOCK as usize {
				self.leaves.extend_from_slice(&self.block.finalize_reset());
				self.filled = 0;
			}
			data = rest;
		}
	}

	/// Returns the tree of at least two blocks. In the file the highest level comes first.
	pub(crate) fn finish(self) -> Tree {
		let mut levels = vec![padded(self.leaves)];
		while let Some(level) = levels.last().filter(|level| level.len() > BLOCK as usize) {
			let digests = level.chunks(BLOCK as usize).flat_map(Sha256::digest).collect();
			levels.push(padded(digests));
		}
		let mut file = Sha256::new();
		levels.iter().rev().for_each(|level| file.update(level));
		let top = levels.last().map(Vec::as_slice).unwrap_or_default();
		Tree { root_hash: Sha256::digest(top).into(), digest: file.finalize().into() }
	}
}

fn padded(mut level: Vec<u8>) -> Vec<u8> {
	level.resize(level.len().next_multiple_of(BLOCK as usize), 0);
	level
}

#[cfg(test)]
mod tests {
	use super::*;

	/// Returns blocks that each hold the low byte of their number.
	fn tree(blocks: usize) -> Tree {
		let mut builder = TreeBuilder::new();
		let data: Vec<u8> = (0..blocks).flat_map(|block| [block as u8; BLOCK as usize]).collect();
		// Parts that do not match the blocks.
		data.chunks(5000).for_each(|part| builder.update(part));
		builder.finish()
	}

	/// The vectors were made by `veritysetup format --no-superblock --salt=-`, version 2.6.1.
	#[test]
	fn trees_equal_those_of_veritysetup() {
		for (blocks, root_hash, digest) in [
			(
				2,
				"dd9c4d99ab2332f88ff3bd4cb99e3db16fea710ecbc8cef4b7e237fc5765401b",
				"dd9c4d99ab2332f88ff3bd4cb99e3db16fea710ecbc8cef4b7e237fc5765401b",
			),
			(
				128,
				"eade1212c3a6dd9dd817bf456bf067c41cdb483af154c5d0890d32744b7e4f6b",
				"eade1212c3a6dd9dd817bf456bf067c41cdb483af154c5d0890d32744b7e4f6b",
			),
			(
				129,
				"f0dbc433d6188c4e8e30ee2de31ee90ab1edf2fd7438d97feab12f75375886ad",
				"410ef0a7cde20283700a89e12300d9bbc0d96043c2a7c830a62579487f6cce34",
			),
			(
				16385,
				"d72de7e859386ba347f7410cafa0dc73abc8dc40b844f69c623f49409aa313c2",
				"7648835cf344df5007fa3f5a6374ee2d858328c61d986efb1b7193920595ac6f",
			),
		] {
			let tree = tree(blocks);
			assert_eq!(hex::encode(tree.root_hash), root_hash, "{blocks} blocks");
			assert_eq!(hex::encode(tree.digest), digest, "{blocks} blocks");
		}
	}
}
