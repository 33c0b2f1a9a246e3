//! How a change of the torrents folder is noticed without reading it: by times of modification.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How coarse a file system's times may be (FAT counts in steps of two seconds).
const COARSEST_CLOCK: Duration = Duration::from_secs(2);

/// The time of something that was still changing when it was read: no file has it.
const UNSETTLED: i64 = i64::MIN;

/// A folder, or a file that was broken and may be an upload under way, as it was when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The torrents folder's path with the way inside it.
    pub path: PathBuf,
    /// Its time of modification in nanoseconds since 1970, or a time that nothing has when it was
    /// modified so recently that a later change may not show.
    pub modified_nanos: i64,
}

impl Watched {
    /// Notes how `path` is before it is read, so that a change while it is read shows; `None` when
    /// it is not there.
    pub(super) fn before_reading(path: &Path) -> Option<Self> {
        let modified = modified_nanos(path)?;
        let modified_nanos = if is_settled(modified) { modified } else { UNSETTLED };
        Some(Self { path: path.to_path_buf(), modified_nanos })
    }
}

/// Whether a change from now on gets another time than `modified`.
fn is_settled(modified: i64) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let age = i128::from(modified).abs_diff(i128::try_from(now.as_nanos()).unwrap_or(i128::MAX));
    age >= COARSEST_CLOCK.as_nanos()
}

/// When what is at `path`, followed through links, was modified: nanoseconds since 1970. `None` when
/// it is not there.
#[must_use]
pub fn modified_nanos(path: &Path) -> Option<i64> {
    let metadata = fs::metadata(path).ok()?;
    Some(metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec()))
}

/// Whether anything watched has changed or gone since it was read. A few system calls, no more.
#[must_use]
pub fn has_changed(watched: &[Watched]) -> bool {
    watched.iter().any(|watched| modified_nanos(&watched.path) != Some(watched.modified_nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn age(path: &Path, seconds: u64) {
        let time = SystemTime::now() - Duration::from_secs(seconds);
        fs::File::open(path).unwrap().set_modified(time).unwrap();
    }

    #[test]
    fn a_change_shows_and_nothing_shows_without_one() {
        let folder = tempfile::tempdir().unwrap();
        age(folder.path(), 100);
        let watched = [Watched::before_reading(folder.path()).unwrap()];
        assert!(!has_changed(&watched));
        fs::write(folder.path().join("new"), "").unwrap();
        assert!(has_changed(&watched));
    }

    #[test]
    fn what_goes_away_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        age(&file, 100);
        let watched = [Watched::before_reading(&file).unwrap()];
        fs::remove_file(&file).unwrap();
        assert!(has_changed(&watched));
        assert_eq!(Watched::before_reading(&file), None);
    }

    #[test]
    fn what_was_modified_a_moment_ago_is_looked_at_again() {
        let folder = tempfile::tempdir().unwrap();
        age(folder.path(), 0);
        let just_now = modified_nanos(folder.path());
        let watched = [Watched::before_reading(folder.path()).unwrap()];
        // A second change within one tick of the clock leaves the time as it was.
        assert_eq!(modified_nanos(folder.path()), just_now);
        assert!(has_changed(&watched));
    }
}
