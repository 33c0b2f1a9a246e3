//! `tracker backup`: a copy of the catalogue.

use std::path::{Path, PathBuf};

use super::{CommandError, World};
use crate::catalog::back_up;
use crate::config::LoadedConfig;
use crate::platform::terminal::Harmless;

/// Write a copy of the catalogue (torrents, totals, decisions) to a file, also while it is in use
#[derive(Debug, clap::Args)]
pub(super) struct BackupArguments {
    /// The copy; its folder must be writable for the user that the tracker runs as
    file: PathBuf,
    /// Overwrite the file if there is one
    #[arg(long)]
    force: bool,
}

impl BackupArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let loaded = world.load_owner_config()?;
        let catalog = &loaded.config.paths.catalog;
        self.refuse_files_of_ours(&loaded)?;
        back_up(catalog, &self.file, self.force)?;
        world.print(format_args!(
            "{} is a copy of {}\n",
            Harmless(self.file.display()),
            Harmless(catalog.display())
        ))
    }

    /// A copy never takes the place of what the tracker works with.
    fn refuse_files_of_ours(&self, loaded: &LoadedConfig) -> Result<(), CommandError> {
        let LoadedConfig { config, file, .. } = loaded;
        let (paths, store) = (&config.paths, &config.store.path);
        let ours = [Some(&paths.catalog), Some(&paths.policy), Some(store), file.as_ref()];
        let itself = |path: &Path| std::fs::canonicalize(path).ok();
        let target = itself(&self.file);
        let is_ours =
            ours.into_iter().flatten().any(|path| target.is_some() && itself(path) == target);
        let is_other = self.file.metadata().is_ok_and(|metadata| !metadata.is_file());
        if is_ours || is_other {
            let name = Harmless(self.file.display());
            let what =
                if is_ours { "is a file of the tracker itself" } else { "is no regular file" };
            return Err(CommandError::Failed(format!(
                "{name} {what}; choose another name for the copy"
            )));
        }
        Ok(())
    }
}
