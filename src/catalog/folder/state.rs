//! The state of a `.torrent` file by which a scan knows that it need not read it again.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use super::watched::FileTime;
use crate::platform::folder::FileStatus;

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
