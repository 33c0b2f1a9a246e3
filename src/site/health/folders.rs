//! The folders that the tracker writes to.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::accounts;
use super::examination::Examination;
use super::outcome::Outcome;
use crate::platform::privilege;

/// Whether the data folder is there, closed to others, and can be written by the tracker.
pub(super) fn data(examination: &Examination<'_>) -> Option<Outcome> {
    let folder = examination.loaded.config.paths.catalog.parent()?;
    let shown = folder.display();
    let found = match fs::metadata(folder) {
        Ok(found) if found.is_dir() => found,
        Ok(_) => return Some(Outcome::wrong(format!("{shown} is not a folder"), "move it away")),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => {
            return Some(Outcome::wrong(
                format!("{shown} is missing"),
                "`tracker refresh` as the web server's user makes it",
            ));
        }
        Err(problem) => return Some(examination.stopped(folder, &problem)),
    };
    let mode = found.permissions().mode() & 0o777;
    let owner = accounts::name(found.uid());
    if mode & 0o007 != 0 {
        return Some(Outcome::wrong(
            format!("{shown} is open to everybody on this machine (mode {mode:o})"),
            format!("chmod 700 {shown}"),
        ));
    }
    if let Some(server) = another_user(examination, found.uid()) {
        return Some(Outcome::wrong(
            format!(
                "{shown} belongs to {owner}, and the web server, which runs as {server}, cannot use it"
            ),
            format!("as root, chown -R {server} {shown}"),
        ));
    }
    if !examination.is_the_tracker() {
        return Some(accounts::unseen(folder, Some(found.uid())));
    }
    Some(match privilege::may_write(folder) {
        true => Outcome::fine(format!("{shown} (mode {mode:o}, of {owner})")),
        false => cannot_be_written(examination, folder),
    })
}

/// The user of this machine's web servers, where the torrents folder is theirs and the data folder is not.
fn another_user(examination: &Examination<'_>, owner: u32) -> Option<String> {
    let servers = accounts::web_servers();
    let torrents = accounts::owner(&examination.loaded.config.paths.torrents)?;
    (servers.contains(&torrents) && !servers.contains(&owner)).then(|| accounts::name(torrents))
}

/// Whether the torrents folder is there, and refreshes can write the fragments.
pub(super) fn torrents(examination: &Examination<'_>) -> Option<Outcome> {
    let paths = &examination.loaded.config.paths;
    let shown = paths.torrents.display();
    match examination.folder() {
        Err(problem) if problem.source.kind() == io::ErrorKind::PermissionDenied => {
            return Some(examination.stopped(&paths.torrents, &problem.source));
        }
        Err(problem) => {
            return Some(Outcome::wrong(
                format!("{shown}: {}", problem.source),
                format!(
                    "make it (mkdir -p {shown}; chown {} {shown}), or set `torrents` in [paths] to \
                     where your torrents are",
                    accounts::name(examination.owner().unwrap_or_else(privilege::user))
                ),
            ));
        }
        Ok(_) => {}
    }
    if !examination.is_the_tracker() {
        return Some(Outcome::fine(shown.to_string()));
    }
    let fragments = [&paths.stats_fragment, &paths.rss_fragment];
    let files = fragments.into_iter().chain(&paths.full_scrape).chain(&paths.metrics_file);
    let mut folders = files.filter_map(|file| file.parent());
    Some(match folders.find(|folder| !privilege::may_write(folder)) {
        None => Outcome::fine(shown.to_string()),
        Some(folder) => cannot_be_written(examination, folder),
    })
}

/// Whether the web server can read the fragments that refreshes write.
pub(super) fn fragments(examination: &Examination<'_>) -> Option<Outcome> {
    let paths = &examination.loaded.config.paths;
    let list = examination.loaded.list_fragment();
    let fragments = [Some(&paths.stats_fragment), list.as_ref(), Some(&paths.rss_fragment)];
    for fragment in fragments.into_iter().flatten() {
        let shown = fragment.display();
        match fs::metadata(fragment) {
            Ok(found) if found.permissions().mode() & 0o004 == 0 => {
                return Some(Outcome::wrong(
                    format!("{shown} cannot be read by the web server"),
                    format!("chmod 644 {shown}"),
                ));
            }
            Ok(_) => {}
            Err(problem) => {
                let folder_is_there = fragment.parent().is_some_and(Path::is_dir);
                return folder_is_there.then(|| {
                    Outcome::wrong(
                        format!("{shown}: {problem}"),
                        "`tracker refresh --force` writes it",
                    )
                });
            }
        }
    }
    let shown = fragments.into_iter().flatten().map(|fragment| fragment.display().to_string());
    Some(Outcome::fine(shown.collect::<Vec<_>>().join(", ")))
}

/// A folder that the tracker may not write to.
pub(super) fn cannot_be_written(examination: &Examination<'_>, folder: &Path) -> Outcome {
    let (shown, user) = (folder.display(), accounts::name(privilege::user()));
    examination.wrong_by_itself(
        format!("{shown} cannot be written by {user}, as whom the tracker runs"),
        format!("as root, chown {user} {shown} and chmod u+rwx {shown}"),
    )
}
