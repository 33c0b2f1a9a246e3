//! Files that a command is told to write, and that must not be those of the tracker itself.

use std::path::Path;

use super::CommandError;
use crate::config::LoadedConfig;
use crate::platform::terminal::Harmless;

/// Makes sure that a file may be overwritten: that it is none that the tracker works with, and a regular one.
///
/// # Errors
/// Names the file, and says what it is.
pub(super) fn refuse(file: &Path, loaded: &LoadedConfig) -> Result<(), CommandError> {
    let LoadedConfig { config, file: own, .. } = loaded;
    let (paths, store) = (&config.paths, &config.store.path);
    let ours = [Some(&paths.catalog), Some(&paths.policy), Some(store), own.as_ref()];
    let itself = |path: &Path| std::fs::canonicalize(path).ok();
    let target = itself(file);
    let is_ours = ours.into_iter().flatten().any(|path| target.is_some() && itself(path) == target);
    let is_other = file.metadata().is_ok_and(|metadata| !metadata.is_file());
    if !is_ours && !is_other {
        return Ok(());
    }
    let what = if is_ours { "is a file of the tracker itself" } else { "is no regular file" };
    Err(CommandError::Failed(format!("{} {what}; choose another name", Harmless(file.display()))))
}
