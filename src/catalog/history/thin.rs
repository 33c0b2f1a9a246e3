//! Thinning: what is old becomes coarser, in small steps, within the transaction that records.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension as _, Transaction};

use super::file::damaged;
use super::sample::{Changes, Slot, decode_sample, fold};
use super::tier::{DAY, FINE_FOR, HOUR, HOURLY_FOR, Tier};
use crate::catalog::count::Count;
use crate::protocol::Timestamp;

/// How many refreshes in a row may have had a wrong time, so that nothing becomes coarser for it.
const WRONG: u64 = 8;

/// Makes at most `budget` chunks of hours, and as many of days. When that is not less than what is recorded meanwhile, it
/// keeps up with that.
pub(super) fn thin(transaction: &Transaction<'_>, budget: usize) -> rusqlite::Result<()> {
    let Some(now) = settled(transaction)? else { return Ok(()) };
    let mut left = budget;
    while left > 0
        && let Some(day) = oldest_day(transaction)?
        && day < now.before(FINE_FOR).0 / DAY
    {
        left -= summarize_hours(transaction, day, left)?;
    }
    let mut left = budget;
    while left > 0
        && let Some(day) = Tier::Hourly.chunk_from(transaction, 0)?
        && day / Tier::Daily.slots_in_chunk()
            < now.before(HOURLY_FOR).0 / DAY / Tier::Daily.slots_in_chunk()
    {
        left -= summarize_days(transaction, day / Tier::Daily.slots_in_chunk(), left)?;
    }
    Ok(())
}

/// The time that what is old is measured from: that of a refresh some refreshes ago.
fn settled(transaction: &Transaction<'_>) -> rusqlite::Result<Option<Timestamp>> {
    let at: Option<Count> = transaction
        .prepare_cached("SELECT at FROM fine ORDER BY at DESC LIMIT 1 OFFSET ?1")?
        .query_row([Count(WRONG)], |row| row.get(0))
        .optional()?;
    Ok(at.map(|Count(at)| Timestamp(at)))
}

/// The day of the oldest sample.
fn oldest_day(transaction: &Transaction<'_>) -> rusqlite::Result<Option<u64>> {
    let mut select = transaction.prepare_cached("SELECT min(at) FROM fine")?;
    let oldest: Option<Count> = select.query_row([], |row| row.get(0))?;
    Ok(oldest.map(|Count(at)| at / DAY))
}

/// Makes chunks of hours of a day's samples, for so many torrents at most, beginning with those that have none yet. When
/// that were the last ones, the samples go. Returns how many were made, at least 1 for the work.
fn summarize_hours(
    transaction: &Transaction<'_>,
    day: u64,
    budget: usize,
) -> rusqlite::Result<usize> {
    let from = next_of(transaction, day)?;
    let some = first_of_day(transaction, day, from, budget)?;
    let mut hours: BTreeMap<u64, Vec<Slot>> = BTreeMap::new();
    each_refresh(transaction, day, |at, mut changes| {
        while let Some((series, sample)) = next_from(&mut changes, from)? {
            if some.last().is_none_or(|last| series > *last) {
                break;
            }
            let sample = decode_sample(sample).ok_or_else(|| damaged("figures"))?;
            fold(hours.entry(series).or_default(), (at / HOUR, sample.into()));
        }
        Ok(())
    })?;
    for (series, slots) in hours {
        if is_known(transaction, series)? {
            Tier::Hourly.add(transaction, (day, series), slots)?;
        }
    }
    match some.last() {
        Some(last) if some.len() == budget => {
            let next = (Count(day), Count(last.saturating_add(1)));
            transaction.execute("INSERT OR REPLACE INTO thinned VALUES (1, ?1, ?2)", next)?;
        }
        _ => {
            let day = (Count(day * DAY), Count((day + 1) * DAY));
            transaction.execute("DELETE FROM fine WHERE at >= ?1 AND at < ?2", day)?;
            transaction.execute("DELETE FROM thinned", [])?;
        }
    }
    Ok(some.len().max(1))
}

/// Whether a torrent has not been forgotten since.
fn is_known(transaction: &Transaction<'_>, series: u64) -> rusqlite::Result<bool> {
    transaction.prepare_cached("SELECT 1 FROM series WHERE id = ?1")?.exists([Count(series)])
}

/// The first torrent whose samples of this day have not become hours.
fn next_of(transaction: &Transaction<'_>, day: u64) -> rusqlite::Result<u64> {
    let next = transaction
        .query_row("SELECT next FROM thinned WHERE day = ?1", [Count(day)], |row| row.get(0))
        .optional()?;
    Ok(next.map_or(0, |Count(next)| next))
}

/// The first torrents of a day from this one on, so many at most.
fn first_of_day(
    transaction: &Transaction<'_>,
    day: u64,
    from: u64,
    most: usize,
) -> rusqlite::Result<BTreeSet<u64>> {
    let mut found = BTreeSet::new();
    each_refresh(transaction, day, |_, mut changes| {
        while let Some((series, _)) = next_from(&mut changes, from)? {
            if found.len() < most {
                found.insert(series);
            } else if found.last().is_some_and(|last| series < *last) {
                if found.insert(series) {
                    found.pop_last();
                }
            } else {
                break;
            }
        }
        Ok(())
    })?;
    Ok(found)
}

/// The next torrent that is not before `from`, and the bytes of its sample.
fn next_from<'a>(
    changes: &mut Changes<'a>,
    from: u64,
) -> rusqlite::Result<Option<(u64, &'a [u8])>> {
    for change in changes {
        let (series, sample) = change.ok_or_else(|| damaged("changes"))?;
        if series >= from {
            return Ok(Some((series, sample)));
        }
    }
    Ok(None)
}

/// Shows the refreshes of a day, in their order, and what they found.
fn each_refresh(
    transaction: &Transaction<'_>,
    day: u64,
    mut visit: impl FnMut(u64, Changes<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut select = transaction
        .prepare_cached("SELECT at, changes FROM fine WHERE at >= ?1 AND at < ?2 ORDER BY at")?;
    let mut rows = select.query((Count(day * DAY), Count((day + 1) * DAY)))?;
    while let Some(row) = rows.next()? {
        let Count(at) = row.get(0)?;
        visit(at, Changes::of(row.get_ref(1)?.as_blob()?))?;
    }
    Ok(())
}

/// Makes chunks of days of eight days' hours, for so many torrents at most; their hours go. Returns how many were made, at
/// least 1 for the work.
fn summarize_days(
    transaction: &Transaction<'_>,
    chunk: u64,
    budget: usize,
) -> rusqlite::Result<usize> {
    let days = Tier::Daily.slots_in_chunk();
    let days = chunk * days..(chunk + 1) * days;
    let some = first_of_hours(transaction, days.clone(), budget)?;
    let Some(&last) = some.last() else { return Ok(1) };
    let mut summaries: BTreeMap<u64, Vec<Slot>> = BTreeMap::new();
    for day in days {
        let mut select = transaction.prepare_cached(
            "SELECT series, slots FROM hourly WHERE chunk = ?1 AND series <= ?2 ORDER BY series",
        )?;
        let mut rows = select.query((Count(day), Count(last)))?;
        while let Some(row) = rows.next()? {
            let Count(series) = row.get(0)?;
            let summary = summaries.entry(series).or_default();
            for (_, hour) in Tier::Hourly.decode(day, row.get_ref(1)?)? {
                fold(summary, (day, hour));
            }
        }
        let mut delete =
            transaction.prepare_cached("DELETE FROM hourly WHERE chunk = ?1 AND series <= ?2")?;
        delete.execute((Count(day), Count(last)))?;
    }
    for (series, slots) in summaries {
        Tier::Daily.add(transaction, (chunk, series), slots)?;
    }
    Ok(some.len())
}

/// The first torrents that have hours in one of these days, so many at most.
fn first_of_hours(
    transaction: &Transaction<'_>,
    days: std::ops::Range<u64>,
    most: usize,
) -> rusqlite::Result<BTreeSet<u64>> {
    let mut found = BTreeSet::new();
    for day in days {
        let mut select = transaction.prepare_cached(
            "SELECT series FROM hourly WHERE chunk = ?1 ORDER BY series LIMIT ?2",
        )?;
        let mut rows = select.query((Count(day), Count(most as u64)))?;
        while let Some(row) = rows.next()? {
            let Count(series) = row.get(0)?;
            found.insert(series);
        }
    }
    while found.len() > most {
        found.pop_last();
    }
    Ok(found)
}
