//! `tracker backup`: a copy of the catalogue.

use std::path::PathBuf;

use super::{CommandError, World, own_files};
use crate::catalog::back_up;
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
        own_files::refuse(&self.file, &loaded)?;
        back_up(catalog, &self.file, self.force)?;
        world.print(format_args!(
            "{} is a copy of {}\n",
            Harmless(self.file.display()),
            Harmless(catalog.display())
        ))
    }
}
