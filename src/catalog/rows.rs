//! What the rows of the catalogue's tables mean.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use rusqlite::Row;
use rusqlite::types::FromSql;

use super::count::Count;
use super::torrent::Torrent;
use super::totals::{Carried, Period, Totals};
use crate::protocol::{Generation, InfoHash, InfoHashV2, Timestamp};

/// What [`torrent_of`] reads, in its order.
pub(super) const COLUMNS: &str =
    "file, info_hash, v1, v2, name, size, file_size, stored_size, hidden, private, web_seed, added IS NOT NULL, info_page,
    first_seen, missing_since, completed, uploaded, downloaded,
    carried_store, carried_completed, carried_uploaded, carried_downloaded, carried_expired,
    period_transferred, period_completed";

/// The columns of a row, one after the other: to find each by its name takes longer than to read it.
pub(super) struct Columns<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(super) fn of(row: &'a Row<'a>) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        self.next += 1;
        self.row.get(self.next - 1)
    }

    fn count(&mut self) -> rusqlite::Result<u64> {
        self.next().map(|Count(count)| count)
    }
}

pub(super) fn torrent_of(row: &mut Columns<'_>) -> rusqlite::Result<Torrent> {
    let path = |bytes| PathBuf::from(OsString::from_vec(bytes));
    Ok(Torrent {
        file: path(row.next()?),
        canonical: InfoHash(row.next()?),
        v1: row.next::<Option<_>>()?.map(InfoHash),
        v2: row.next::<Option<_>>()?.map(InfoHashV2),
        name: row.next()?,
        size: row.count()?,
        file_size: row.count()?,
        stored_size: row.next::<Option<_>>()?.map(|Count(bytes)| bytes),
        hidden: row.next()?,
        private: row.next()?,
        has_web_seed: row.next()?,
        added: row.next()?,
        details: None,
        info_page: row.next::<Option<_>>()?.map(path),
        first_seen: Timestamp(row.count()?),
        missing_since: row.next::<Option<_>>()?.map(|Count(at)| Timestamp(at)),
        totals: totals_of(row)?,
        carried: carried_of(row)?,
        period: period_of(row)?,
    })
}

/// The totals in the next three columns.
pub(super) fn totals_of(row: &mut Columns<'_>) -> rusqlite::Result<Totals> {
    Ok(Totals { completed: row.count()?, uploaded: row.count()?, downloaded: row.count()? })
}

/// What was shown at the last refresh, in the next two columns.
pub(super) fn period_of(row: &mut Columns<'_>) -> rusqlite::Result<Period> {
    Ok(Period { transferred: row.count()?, completed: row.count()? })
}

/// The carried counters in the next five columns.
pub(super) fn carried_of(row: &mut Columns<'_>) -> rusqlite::Result<Carried> {
    Ok(Carried {
        generation: Generation(row.next::<i64>()?.cast_unsigned()),
        completed: row.count()?,
        uploaded: row.count()?,
        downloaded: row.count()?,
        expired: row.count()?,
    })
}
