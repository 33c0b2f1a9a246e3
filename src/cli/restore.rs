//! `tracker restore`: a copy of the catalogue takes its place.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::{CommandError, World};
use crate::catalog::{BackupError, restore};
use crate::config::{act_for_owner, lay_out_missing};
use crate::platform::files;
use crate::platform::terminal::Harmless;
use crate::site::{PublishError, hide_new_data, publish};
use crate::tracker::{Quiet, Turn, Urgency};

/// Put a copy that `backup` made in the place of the catalogue, then refresh
///
/// The copy is verified before anything is replaced. The catalogue that is there is kept beside it, its name ends
/// in `.replaced`. A refresh that is under way is waited for.
#[derive(Debug, clap::Args)]
pub(super) struct RestoreArguments {
    /// The copy
    file: PathBuf,
}

impl RestoreArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let mut loaded = world.read_config()?;
        // Opened by the user who asks: a copy need not be readable for the site's owner.
        let mut file = open(&self.file)?;
        act_for_owner(&loaded)?;
        hide_new_data(&mut loaded).map_err(PublishError::from)?;
        let catalog = &loaded.config.paths.catalog;
        if !catalog.exists() {
            lay_out_missing(&loaded)?;
        }
        let kept = {
            let _turn = Turn::wait_for(&loaded).map_err(PublishError::from)?;
            restore(catalog, &mut file, &self.file)?
        };
        let name = Harmless(catalog.display());
        world.print(match kept {
            Some(kept) => format!(
                "{name} is restored; the one before is kept as {}\n",
                Harmless(kept.display())
            ),
            None => format!("{name} is restored\n"),
        })?;
        publish(&loaded, Urgency::Now, &mut Quiet)?;
        Ok(())
    }
}

/// A pipe would be waited for.
fn open(path: &Path) -> Result<File, BackupError> {
    match files::open_linked(path, File::options().read(true)) {
        Ok((file, _)) => Ok(file),
        Err(problem) => {
            let (path, source) = (path.to_owned(), problem.into());
            Err(BackupError::Io { doing: "read", path, source })
        }
    }
}
