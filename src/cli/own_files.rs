//! Files that a command is told to write, and that must not be those of the tracker itself.

use std::path::{Path, PathBuf};

use super::CommandError;
use crate::config::LoadedConfig;
use crate::platform::terminal::Harmless;

/// What SQLite and the stores put behind the names of their files.
const ENDINGS: [&str; 6] = ["", "-journal", "-wal", "-shm", ".lock", ".new"];

/// What else lies beside the catalogue or the policy.
const OTHERS: [&str; 10] = [
    "refresh.lock",
    "refresh.json",
    "migrate.lock",
    "setup.lock",
    "reachability.lock",
    "announces.salt",
    "admin.secret",
    "admin.secret.lock",
    "admin.attempts",
    "hashing.lock",
];

/// Makes sure that a file may be written: that it is none that the tracker works with, also one that is not there
/// now, and a regular one.
///
/// # Errors
/// Names the file, and says what it is.
pub(super) fn refuse(file: &Path, loaded: &LoadedConfig) -> Result<(), CommandError> {
    // What a link leads to, too.
    let places = [Some(place(file)), file.canonicalize().ok()];
    let is_ours = places.iter().flatten().any(|place| is_ours(place, loaded));
    let is_other = file.metadata().is_ok_and(|metadata| !metadata.is_file());
    if !is_ours && !is_other {
        return Ok(());
    }
    let what = if is_ours { "is a file of the tracker itself" } else { "is no regular file" };
    Err(CommandError::Failed(format!("{} {what}; choose another name", Harmless(file.display()))))
}

fn is_ours(target: &Path, loaded: &LoadedConfig) -> bool {
    let paths = &loaded.config.paths;
    let (history, index) = (loaded.history(), loaded.list_index());
    let stores = [&paths.catalog, &paths.policy, &loaded.config.store.path, &history, &index];
    let others = [
        loaded.file.as_ref(),
        Some(&paths.stats_fragment),
        Some(&paths.rss_fragment),
        paths.full_scrape.as_ref(),
        paths.metrics_file.as_ref(),
    ];
    let list = loaded.list_fragment();
    let is =
        |path: &Path| place(path) == target || path.canonicalize().is_ok_and(|it| it == target);
    let has_ending = |path: &Path| {
        ENDINGS.iter().any(|ending| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            is(Path::new(&name))
        })
    };
    let name = target.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_named = OTHERS.contains(&name) || is_log(name);
    let is_beside = |path: &Path| is_named && place(path).parent() == target.parent();
    stores.iter().any(|path| has_ending(path) || is_beside(path))
        || others.into_iter().flatten().chain(&list).any(|path| is(path))
}

/// Whether the log of announces has such names.
fn is_log(name: &str) -> bool {
    name.starts_with("announces-") && name.ends_with(".log")
}

/// Where a path leads, whether there is something or not: with the folder that it is really in.
pub(super) fn place(path: &Path) -> PathBuf {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_of_the_tracker_are_known_also_before_they_are_there() {
        let home = tempfile::tempdir().unwrap();
        for folder in ["conf", "data", "www/torrents"] {
            fs::create_dir_all(home.path().join(folder)).unwrap();
        }
        std::os::unix::fs::symlink("data", home.path().join("link")).unwrap();
        let mut loaded = LoadedConfig::built_in(&home.path().join("conf"));
        loaded.file = Some(home.path().join("conf/tracker.toml"));
        let is_refused = |name: &str| refuse(&home.path().join(name), &loaded).is_err();
        let paths = &loaded.config.paths;
        let fragments = [&paths.stats_fragment, &paths.rss_fragment, &loaded.config.store.path];
        for own in fragments {
            assert!(refuse(own, &loaded).is_err(), "{}", own.display());
        }
        for own in [
            "conf/tracker.toml",
            "data/catalog.db",
            "data/catalog.db-wal",
            "data/catalog.db-journal",
            "link/catalog.db-journal",
            "data/../conf/../data/policy.snapshot",
            "data/refresh.lock",
            "data/migrate.lock",
            "data/announces.salt",
            "data/history.db",
            "data/history.db-journal",
            "data/announces-2026-11-30.log",
        ] {
            assert!(is_refused(own), "{own}");
        }
        std::os::unix::fs::symlink("data/refresh.lock", home.path().join("other")).unwrap();
        fs::write(home.path().join("data/refresh.lock"), "").unwrap();
        assert!(is_refused("other") && is_refused("www"));
        for free in ["data/backup.db", "data/catalog.db.bak", "refresh.lock", "none/catalog.db"] {
            assert!(!is_refused(free), "{free}");
        }
    }
}
