//! The state of a file by which a scan knows that it need not read it again, and the times of files.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::platform::folder::FileStatus;

/// What was modified this shortly before it was looked at may have changed once more without another time of
/// modification: the coarsest clocks of file systems (FAT) tick every two seconds.
const UNSEEN_CHANGE_NANOS: u64 = 2_000_000_000;

/// A time by the clock of a file system: nanoseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileTime(pub i64);

impl FileTime {
    /// The time of what is not there.
    pub(super) const MISSING: Self = Self(i64::MIN);

    pub(super) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }

    /// As the system tells it: seconds, and nanoseconds within the second.
    pub(super) fn of(seconds: i64, nanos: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
    }

    /// When what is at `path`, followed through links, was modified.
    pub(super) fn of_modification(path: &Path) -> Self {
        fs::metadata(path).map_or(Self::MISSING, |it| Self::of(it.mtime(), it.mtime_nsec()))
    }

    /// Whether what was modified at this time and looked at at the other may have changed in between without
    /// another time of modification.
    pub(super) fn may_hide_a_change(self, looked_at: Self) -> bool {
        self.0.abs_diff(looked_at.0) < UNSEEN_CHANGE_NANOS
    }

    /// Whole seconds since 1970.
    pub(super) fn seconds(self) -> i64 {
        self.0 / 1_000_000_000
    }

    /// Whether the clock that showed it counts less than whole seconds.
    pub(super) fn is_fine(self) -> bool {
        self.0 % 1_000_000_000 != 0
    }
}

/// What changes with the content of a file: its size, its inode, and when content and inode were changed last.
/// The time of the inode tells of what keeps the time of the content, such as a change of permissions.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct FileState {
    /// Bytes.
    pub(super) size: u64,
    pub(super) inode: u64,
    pub(super) modified: FileTime,
    /// Of the inode.
    changed: FileTime,
}

impl From<&FileStatus> for FileState {
    fn from(status: &FileStatus) -> Self {
        Self {
            size: status.size,
            inode: status.inode,
            modified: FileTime(status.modified),
            changed: FileTime(status.changed),
        }
    }
}

impl FileState {
    /// Whether any change after `seen` has another time than this state has. A file
    /// that was changed just before may change once more within one tick of the file system's clock.
    pub(super) fn is_settled(&self, seen: FileTime) -> bool {
        let latest = self.modified.max(self.changed);
        latest < seen && !latest.may_hide_a_change(seen)
    }
}

/// How the catalogue keeps it: four numbers of 8 bytes, little-endian.
impl ToSql for FileState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let Self { size, inode, modified, changed } = self;
        let numbers = [*size, *inode, modified.0.cast_unsigned(), changed.0.cast_unsigned()];
        Ok(numbers.map(u64::to_le_bytes).concat().into())
    }
}

impl FromSql for FileState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?;
        let ([size, inode, modified, changed], []) = bytes.as_chunks::<8>() else {
            return Err(FromSqlError::InvalidBlobSize {
                expected_size: 32,
                blob_size: bytes.len(),
            });
        };
        Ok(Self {
            size: u64::from_le_bytes(*size),
            inode: u64::from_le_bytes(*inode),
            modified: FileTime(i64::from_le_bytes(*modified)),
            changed: FileTime(i64::from_le_bytes(*changed)),
        })
    }
}
