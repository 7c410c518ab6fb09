//! Images as folders: what is verified, what is refused, and the values that follow from the files.

mod firmware;
mod folder;
mod manifest;
mod synthetic;
