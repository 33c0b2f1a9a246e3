//! Publishing: asks the tracker for a refresh and writes what pages include.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use askama::Template;

use super::fragments::{RssFragment, StatsFragment};
use crate::config::LoadedConfig;
use crate::log::{self, Level};
use crate::protocol::Timestamp;
use crate::tracker::{Progress, Refresh, RefreshError, Report, Skipped};

/// How publishing ended.
pub enum Published {
    /// All was made anew.
    Done(Report),
    /// There was nothing to do.
    Skipped(Skipped),
}

/// What can stop it.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The refresh failed.
    #[error(transparent)]
    Refresh(#[from] RefreshError),
    /// A folder that must be there cannot be made.
    #[error(transparent)]
    Layout(#[from] crate::config::LayoutError),
    /// A fragment cannot be rendered.
    #[error("cannot render {}: {source}", path.display())]
    Render {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: askama::Error,
    },
    /// A fragment cannot be written; the one before it stays.
    #[error("cannot write {}: {source}; the one before it stays until there is room and permission for the tracker's user", path.display())]
    Write {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Refreshes when it is time, or always when forced, and rewrites both fragments. A fragment that
/// cannot be written keeps neither the other one nor the policy from being published.
///
/// # Errors
/// The first of all that went wrong.
pub fn publish(
    loaded: &LoadedConfig,
    now: Timestamp,
    force: bool,
    progress: &mut dyn Progress,
) -> Result<Published, PublishError> {
    // Only at the very first time: a torrents folder that vanished later must be missed, not made.
    if !loaded.config.paths.catalog.exists() {
        crate::config::lay_out_missing(loaded)?;
    }
    let refresh = match Refresh::begin(loaded, now, force, progress)? {
        Ok(refresh) => refresh,
        Err(skipped) => return Ok(Published::Skipped(skipped)),
    };
    let report = refresh.report();
    let paths = &loaded.config.paths;
    let stats = write_fragment(&paths.stats_fragment, &StatsFragment::new(report, loaded));
    let rss = write_fragment(&paths.rss_fragment, &RssFragment::new(report, loaded));
    let report = refresh.commit()?;
    if let Err(problem) = stats.and(rss) {
        // Nobody else will hear them.
        log::list(Level::Warning, &report.messages);
        return Err(problem);
    }
    Ok(Published::Done(report))
}

fn write_fragment(path: &Path, template: &impl Template) -> Result<(), PublishError> {
    let text = template
        .render()
        .map_err(|source| PublishError::Render { path: path.to_owned(), source })?;
    replace_file(path, text.as_bytes())
        .map_err(|source| PublishError::Write { path: path.to_owned(), source })
}

/// Replaces a file whole: written beside it and renamed, so that a reader sees the old one or the
/// new one, and a full disk keeps the old one. Only the holder of the refresh's lock writes, so one
/// temporary name is enough, and what a killed process left there is written over.
fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let beside = PathBuf::from(name);
    // Made new, never opened: who may write to the folder could have put a link there.
    let made = match fs::remove_file(&beside) {
        Err(problem) if problem.kind() != io::ErrorKind::NotFound => Err(problem),
        _ => File::create_new(&beside),
    };
    let written = made.and_then(|mut file| {
        file.write_all(content)?;
        // The web server's user reads it, whatever our mask is.
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
        file.sync_all()
    });
    let replaced = written.and_then(|()| fs::rename(&beside, path));
    if replaced.is_err() {
        // Best effort: what matters is the error that is returned.
        let _ = fs::remove_file(&beside);
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_replaced_stays_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("fragment");
        // A folder in the place of the file: the rename fails, as on a full disk the write does.
        fs::create_dir(&target).unwrap();
        assert!(replace_file(&target, b"new").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_that_somebody_put_there_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, victim) = (folder.path().join("fragment"), folder.path().join("victim"));
        fs::write(&victim, b"mine").unwrap();
        std::os::unix::fs::symlink(&victim, folder.path().join("fragment.new")).unwrap();
        replace_file(&target, b"new").unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"mine");
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }

    #[test]
    fn a_reader_of_the_old_file_keeps_the_old_content() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("fragment");
        replace_file(&target, b"old").unwrap();
        let mut reader = File::open(&target).unwrap();
        replace_file(&target, b"new").unwrap();
        assert_eq!(io::read_to_string(&mut reader).unwrap(), "old");
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }
}
