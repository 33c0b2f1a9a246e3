//! The pages for visitors that refreshes write.

use std::fs;
use std::io;

use super::examination::Examination;
use super::folders::cannot_be_written;
use super::outcome::{Outcome, some_of};
use crate::platform::privilege;
use crate::site::page_folder::{self, PageFolderError};
use crate::site::static_pages::script_is_known;

/// Whether the folder of the pages takes them, and nothing of the owner's is in their place. `None` without one.
pub(super) fn are_written(examination: &Examination<'_>) -> Option<Outcome> {
    let config = &examination.loaded.config;
    let folder = config.paths.pages.as_deref().filter(|_| config.has_pages())?;
    let shown = folder.display();
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Some(Outcome::wrong(format!("{shown} is not a folder"), "move it away")),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => {
            return Some(Outcome::wrong(
                format!("{shown} is missing"),
                "`tracker refresh --force` makes it where it never was; or make it again",
            ));
        }
        Err(problem) => return Some(examination.stopped(folder, &problem)),
    }
    if !examination.is_the_tracker() {
        return Some(Outcome::fine(shown.to_string()));
    }
    if !privilege::may_write(folder) {
        return Some(cannot_be_written(examination, folder));
    }
    Some(match page_folder::clashes(examination.loaded) {
        Err(PageFolderError::Manifest { path, source })
            if source.kind() == io::ErrorKind::PermissionDenied =>
        {
            examination.stopped(&path, &source)
        }
        Err(problem) => Outcome::of_error(problem),
        Ok(clashes) if clashes.is_empty() && !script_is_known(examination.loaded) => {
            Outcome::told(format!(
                "{shown}; there is neither search nor sorting in them, as the address of the script is not known: set `script_url` \
                 in [paths]"
            ))
        }
        Ok(clashes) if clashes.is_empty() => Outcome::fine(shown.to_string()),
        Ok(clashes) => {
            let clashes: Vec<_> = clashes.iter().map(|path| path.display().to_string()).collect();
            Outcome::wrong(
                format!("yours, and so left out as pages: {}", some_of(&clashes)),
                "move them away, or name another folder by `pages` in [paths]; then `tracker refresh --force`",
            )
        }
    })
}
