//! Recording what a refresh found: one row for it, and only the torrents that have other figures than before.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{OptionalExtension as _, Transaction, TransactionBehavior};

use super::file::{ALL, History, HistoryError, damaged, set_aside};
use super::sample::{Sample, decode_sample, encode_changes, encode_sample};
use super::thin::thin;
use super::tier::Tier;
use crate::catalog::count::Count;
use crate::catalog::dates::EARLIEST;
use crate::protocol::{InfoHash, Seconds, Timestamp};

/// The least number of chunks that a refresh makes of what is old, if there is so much.
const STEP: usize = 2_048;

/// What a refresh found of one torrent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundFigures {
    /// The torrent, by its canonical info-hash.
    pub info_hash: InfoHash,
    /// Its figures.
    pub sample: Sample,
    /// Whether its figures count among those of all together.
    pub is_listed: bool,
}

/// What a refresh found.
#[derive(Clone, Copy, Debug)]
pub struct RefreshFigures<'a> {
    /// When.
    pub at: Timestamp,
    /// All that are listed together.
    pub all: Sample,
    /// Each torrent that is tracked, listed or not.
    pub torrents: &'a [FoundFigures],
    /// Torrents that are forgotten for good.
    pub forgotten: &'a [InfoHash],
}

/// Records what a refresh found in the history at `path`, which is made when it is missing, and set aside when it is
/// damaged. Returns what the owner should know: nothing here keeps a refresh from going on.
#[must_use]
pub fn record_history(path: &Path, found: &RefreshFigures<'_>) -> Option<String> {
    if found.at < EARLIEST {
        // A clock that was not set yet: in no history is that a time.
        return None;
    }
    let record = || History::open(path)?.record(found);
    let problem = record().err()?;
    if !matches!(problem, HistoryError::Broken { .. }) {
        return Some(format!("{problem}; the figures of this refresh are not recorded"));
    }
    Some(match set_aside(path).map(|aside| (aside, record())) {
        Ok((aside, again)) => {
            let again = again.err().map(|again| format!("; {again}")).unwrap_or_default();
            let aside = aside.display();
            format!("{problem}: it is now {aside}, and charts begin anew{again}")
        }
        Err(source) => format!("{problem}; but it cannot be moved away: {source}"),
    })
}

/// What is known of a torrent from refreshes before.
#[derive(Clone, Copy)]
struct Known {
    id: u64,
    /// When it changed last.
    at: Timestamp,
    last: Sample,
}

impl History {
    /// Records what a refresh found, and makes what is old coarser; all of it, or nothing.
    pub(super) fn record(&mut self, found: &RefreshFigures<'_>) -> Result<(), HistoryError> {
        let recorded = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                forget(&transaction, found.forgotten)?;
                let changed = add(&transaction, found)?;
                thin(&transaction, STEP + changed)?;
                transaction.commit()
            });
        recorded.map_err(self.failed("write to"))
    }
}

/// Adds a row, and returns how many torrents are in it.
fn add(transaction: &Transaction<'_>, found: &RefreshFigures<'_>) -> rusqlite::Result<usize> {
    let now = next_moment(transaction, found.at)?;
    let (before, mut known) = known(transaction, found.torrents.len())?;
    let mut changes = Vec::new();
    let mut grown = Sample::default();
    for it in found.torrents {
        let series = known.remove(&it.info_hash);
        if let Some(Known { last, .. }) = series.filter(|_| it.is_listed) {
            grown.completed += it.sample.completed.saturating_sub(last.completed);
            grown.downloaded = grown
                .downloaded
                .saturating_add(it.sample.downloaded.saturating_sub(last.downloaded));
        }
        match series {
            Some(Known { at, last, .. }) if last == it.sample && at <= now => {}
            Some(Known { id, .. }) => changes.push((id, it.sample)),
            None if it.sample == Sample::default() => {}
            None => changes.push((insert(transaction, it.info_hash, now)?, it.sample)),
        }
    }
    // Torrents that are tracked no more have no peers.
    for Known { id, last, .. } in known.into_values() {
        if (last.seeders, last.leechers) != (0, 0) {
            changes.push((id, Sample { seeders: 0, leechers: 0, ..last }));
        }
    }
    // What was counted stays so when torrents go, and one that comes with totals brings nothing of now.
    let all = before.map_or(found.all, |Known { last, .. }| Sample {
        completed: last.completed.saturating_add(grown.completed),
        downloaded: last.downloaded.saturating_add(grown.downloaded),
        ..found.all
    });
    changes.push((ALL, all));
    changes.sort_unstable_by_key(|(id, _)| *id);
    let mut insert =
        transaction.prepare_cached("INSERT INTO fine (at, changes) VALUES (?1, ?2)")?;
    insert.execute((Count(now.0), encode_changes(&changes)))?;
    if before.is_none() {
        let all = "INSERT INTO series (id, info_hash, at, last) VALUES (?1, x'', 0, x'')";
        transaction.execute(all, [Count(ALL)])?;
    }
    let mut update =
        transaction.prepare_cached("UPDATE series SET at = ?2, last = ?3 WHERE id = ?1")?;
    for (id, sample) in &changes {
        update.execute((Count(*id), Count(now.0), encode_sample(*sample)))?;
    }
    Ok(changes.len())
}

/// The moment that what is found now is recorded at: after all that was recorded before, but for what lies in the
/// future, which goes. A clock that was wrong has written that.
fn next_moment(transaction: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<Timestamp> {
    let ahead = Count((now + crate::protocol::CLOCK_TOLERANCE).0);
    transaction.execute("DELETE FROM fine WHERE at > ?1", [ahead])?;
    let newest: Option<Count> =
        transaction.query_row("SELECT max(at) FROM fine", [], |row| row.get(0))?;
    Ok(newest.map_or(now, |Count(newest)| now.max(Timestamp(newest) + Seconds(1))))
}

/// What is known of all together, and of each torrent; of about so many.
fn known(
    transaction: &Transaction<'_>,
    expected: usize,
) -> rusqlite::Result<(Option<Known>, HashMap<InfoHash, Known>)> {
    let mut select = transaction.prepare_cached("SELECT id, info_hash, at, last FROM series")?;
    let mut rows = select.query([])?;
    let (mut all, mut torrents) = (None, HashMap::with_capacity(expected));
    while let Some(row) = rows.next()? {
        let (Count(id), Count(at)) = (row.get(0)?, row.get(2)?);
        let last = row.get_ref(3)?.as_blob()?;
        let last = decode_sample(last).ok_or_else(|| damaged("figures"))?;
        let known = Known { id, at: Timestamp(at), last };
        match row.get_ref(1)?.as_blob()? {
            [] => all = Some(known),
            bytes => {
                let bytes = bytes.try_into().map_err(|_| damaged("info-hashes"))?;
                torrents.insert(InfoHash(bytes), known);
            }
        }
    }
    Ok((all, torrents))
}

/// Gives a torrent a number.
fn insert(
    transaction: &Transaction<'_>,
    info_hash: InfoHash,
    now: Timestamp,
) -> rusqlite::Result<u64> {
    let mut insert = transaction
        .prepare_cached("INSERT INTO series (info_hash, at, last) VALUES (?1, ?2, x'')")?;
    insert.execute((info_hash.0, Count(now.0)))?;
    Ok(transaction.last_insert_rowid().cast_unsigned())
}

/// Forgets torrents and what was recorded of them. Their samples of the last days go with those days.
fn forget(transaction: &Transaction<'_>, torrents: &[InfoHash]) -> rusqlite::Result<()> {
    if torrents.is_empty() {
        return Ok(());
    }
    let chunks = [
        (
            "DELETE FROM hourly WHERE chunk = ?1 AND series = ?2",
            Tier::Hourly.chunks(transaction, 0)?,
        ),
        ("DELETE FROM daily WHERE chunk = ?1 AND series = ?2", Tier::Daily.chunks(transaction, 0)?),
    ];
    for info_hash in torrents {
        let id: Option<Count> = transaction
            .prepare_cached("DELETE FROM series WHERE info_hash = ?1 RETURNING id")?
            .query_row([info_hash.0], |row| row.get(0))
            .optional()?;
        let Some(id) = id else { continue };
        for (delete, chunks) in &chunks {
            let mut delete = transaction.prepare_cached(delete)?;
            for chunk in chunks {
                delete.execute((Count(*chunk), id))?;
            }
        }
    }
    Ok(())
}
