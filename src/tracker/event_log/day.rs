//! The files of the log, one for each day.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::event::{Event, Happened};
use super::salt::Salt;
use crate::config::{AnnounceLog, LoadedConfig};
use crate::platform::date::rfc_3339;
use crate::platform::files;
use crate::protocol::{Seconds, Timestamp};

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// Bytes of a day's file at most: whoever sends many announces must not fill the disk.
const MOST_BYTES: u64 = 1 << 30;

/// What names of files begin and end with; between is the date.
const PREFIX: &str = "announces-";
const SUFFIX: &str = ".log";

/// The log's folder, and how it is written.
#[derive(Debug)]
pub(super) struct Days {
    folder: PathBuf,
    hashed: bool,
    keep: Seconds,
    /// Lines that could not be written, since one could be.
    lost: AtomicU64,
}

impl Days {
    /// As a configuration has it.
    pub(super) fn of(loaded: &LoadedConfig) -> Self {
        let folder = loaded.config.paths.catalog.parent().unwrap_or(Path::new("/")).to_owned();
        let log = loaded.config.log;
        Self {
            folder,
            hashed: log.announces != AnnounceLog::Full,
            keep: log.keep.seconds(),
            lost: AtomicU64::new(0),
        }
    }

    /// Writes events, and says in the owner's log when that cannot be done. In the order in which they happened.
    pub(super) fn write(&self, events: &[Event]) {
        for events in events.chunk_by(|one, other| one.at.0 / DAY == other.at.0 / DAY) {
            let Some(first) = events.first() else { continue };
            let path = self.path_of(first.at);
            if let Err(problem) = self.append(&path, events) {
                let lost = events.iter().map(Event::weight).sum::<u64>();
                let lost = self.lost.fetch_add(lost, Ordering::Relaxed).saturating_add(lost);
                crate::warning!(
                    "{lost} lines are lost to the log of announces so far, {} cannot be written: {problem}; make room, or \
                     set `announces` in [log] to \"off\"",
                    path.display()
                );
            }
        }
    }

    fn append(&self, path: &Path, events: &[Event]) -> io::Result<()> {
        let Some(first) = events.first() else { return Ok(()) };
        let mut options = File::options();
        let (mut file, metadata) =
            files::open(path, options.append(true).create(true).mode(0o600))?;
        if metadata.len() >= MOST_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it has a gigabyte, the most of a day",
            ));
        }
        let salt = match self.hashed {
            true => Some(Salt::of_day(&self.salt(), first.at.0 / DAY)?),
            false => None,
        };
        let mut text = String::new();
        let lost = self.lost.load(Ordering::Relaxed);
        if lost > 0 {
            Event { at: first.at, happened: Happened::Lost(lost) }.append_to(&mut text, None);
        }
        events.iter().for_each(|event| event.append_to(&mut text, salt.as_ref()));
        // At once, so that lines of several processes do not mix.
        file.write_all(text.as_bytes())?;
        // What is lost meanwhile is told by the next one.
        self.lost.fetch_sub(lost, Ordering::Relaxed);
        Ok(())
    }

    /// Removes files of days that are no longer kept, and an old salt.
    pub(super) fn forget_old(&self, now: Timestamp) {
        let oldest = name_of(now.before(self.keep));
        let names = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let is_old = |name: &str| {
            let is_one =
                name.len() == oldest.len() && name.starts_with(PREFIX) && name.ends_with(SUFFIX);
            is_one && *name < *oldest
        };
        for entry in names.filter(|entry| entry.file_name().to_str().is_some_and(is_old)) {
            let path = entry.path();
            if let Err(problem) = fs::remove_file(&path) {
                crate::warning!("cannot remove the old log {}: {problem}", path.display());
            }
        }
        // Who cannot be reached now is asked again by the next refresh.
        let _ = Salt::forget_before(&self.salt(), now.0 / DAY);
    }

    fn path_of(&self, at: Timestamp) -> PathBuf {
        self.folder.join(name_of(at))
    }

    fn salt(&self) -> PathBuf {
        self.folder.join("announces.salt")
    }
}

/// The name of the file of a day: names are in the order of days.
fn name_of(at: Timestamp) -> String {
    let date = rfc_3339(at.0);
    format!("{PREFIX}{}{SUFFIX}", date.get(..10).unwrap_or_default())
}

impl Event {
    /// How many events are lost with it.
    fn weight(&self) -> u64 {
        if let Happened::Lost(count) = self.happened { count } else { 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::InfoHash;

    const NOW: Timestamp = Timestamp(1_700_000_000);

    fn days(folder: &Path) -> Days {
        Days {
            folder: folder.to_owned(),
            hashed: true,
            keep: Seconds(2 * 86_400),
            lost: AtomicU64::new(0),
        }
    }

    fn torrent(at: Timestamp) -> Event {
        Event { at, happened: Happened::Torrent { change: "added", torrent: InfoHash([1; 20]) } }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn each_day_has_a_file_and_old_ones_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let log = days(folder.path());
        let later = |days: u32| NOW + Seconds(days * 86_400);
        fs::write(folder.path().join("announces-old.log"), "").unwrap();
        fs::write(folder.path().join("announces-1970-01-01.log.gz"), "").unwrap();
        log.write(&[torrent(NOW), torrent(NOW), torrent(later(1)), torrent(later(3))]);
        let lines =
            |name: &str| fs::read_to_string(folder.path().join(name)).unwrap().lines().count();
        assert_eq!([lines("announces-2023-11-14.log"), lines("announces-2023-11-15.log")], [2, 1]);
        log.forget_old(later(3));
        let kept = [
            "announces-1970-01-01.log.gz",
            "announces-2023-11-15.log",
            "announces-2023-11-17.log",
            "announces-old.log",
            "announces.salt",
        ];
        assert_eq!(names(folder.path()), kept);
        assert_ne!(fs::read(folder.path().join("announces.salt")).unwrap(), b"");
        log.forget_old(later(4));
        assert_eq!(fs::read(folder.path().join("announces.salt")).unwrap(), b"");
    }

    #[test]
    fn a_file_that_is_full_or_no_file_takes_nothing_and_nobody_fails() {
        let folder = tempfile::tempdir().unwrap();
        let log = days(folder.path());
        let path = folder.path().join("announces-2023-11-14.log");
        File::create(&path).unwrap().set_len(MOST_BYTES).unwrap();
        log.write(&[torrent(NOW)]);
        assert_eq!(fs::metadata(&path).unwrap().len(), MOST_BYTES);
        fs::remove_file(&path).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        log.write(&[torrent(NOW), torrent(NOW)]);
        assert!(!elsewhere.exists(), "a link is not followed");
        fs::remove_file(&path).unwrap();
        for lines in [2, 3] {
            log.write(&[torrent(NOW)]);
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(text.lines().count(), lines, "{text}");
            assert_eq!(text.matches(" lost events=3").count(), 1, "{text}");
        }
        days(&folder.path().join("nowhere")).write(&[torrent(NOW)]);
    }
}
