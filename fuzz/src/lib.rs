//! What fuzz targets share: where they put files, how they read their bytes, and what they have a peer
//! store do.

use std::fs;
use std::path::{Path, PathBuf};

pub mod announces;
pub mod input;

/// A folder for the files of a target that this process alone uses; scripts/fuzz has it in memory.
///
/// # Panics
/// Where there is not a folder for temporary files.
#[must_use]
pub fn place(target: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("tracker-fuzz-{target}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    folder
}

/// Removes the files of the input before.
///
/// # Panics
/// When something stays.
pub fn empty(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
}
