//! How fine the history is, and where a moment lies in it.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension as _, Transaction};

use super::file::{ALL, damaged};
use super::sample::{Slot, decode_slots, encode_slots};
use crate::catalog::count::Count;
use crate::platform::order::Order as _;
use crate::protocol::{Seconds, Timestamp};

pub(super) const HOUR: u64 = 3_600;
pub(super) const DAY: u64 = 24 * HOUR;

/// How long each sample is kept, at least; at most a day and some refreshes longer, once these have caught up.
pub(super) const FINE_FOR: Seconds = Seconds(2 * 86_400);

/// How long the summary of each hour is kept, at least; at most eight days longer.
pub(super) const HOURLY_FOR: Seconds = Seconds(60 * 86_400);

/// Summaries of hours or days, gathered in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tier {
    /// The hours of a day.
    Hourly,
    /// The days of eight.
    Daily,
}

impl Tier {
    /// Seconds of a summary.
    pub(super) fn slot(self) -> u64 {
        match self {
            Self::Hourly => HOUR,
            Self::Daily => DAY,
        }
    }

    /// Summaries of a chunk.
    pub(super) fn slots_in_chunk(self) -> u64 {
        match self {
            Self::Hourly => 24,
            Self::Daily => 8,
        }
    }

    /// Seconds of a chunk.
    pub(super) fn chunk(self) -> u64 {
        self.slot() * self.slots_in_chunk()
    }

    /// The moment that a summary stands for: the last one in it.
    pub(super) fn end_of(self, slot: u64) -> Timestamp {
        Timestamp(slot.saturating_add(1).saturating_mul(self.slot()).saturating_sub(1))
    }

    fn select(self) -> &'static str {
        match self {
            Self::Hourly => "SELECT slots FROM hourly WHERE chunk = ?1 AND series = ?2",
            Self::Daily => "SELECT slots FROM daily WHERE chunk = ?1 AND series = ?2",
        }
    }

    fn select_some(self) -> &'static str {
        match self {
            Self::Hourly => {
                "SELECT series, slots FROM hourly WHERE chunk = ?1 AND series BETWEEN ?2 AND ?3"
            }
            Self::Daily => {
                "SELECT series, slots FROM daily WHERE chunk = ?1 AND series BETWEEN ?2 AND ?3"
            }
        }
    }

    fn replace(self) -> &'static str {
        match self {
            Self::Hourly => {
                "INSERT OR REPLACE INTO hourly (chunk, series, slots) VALUES (?1, ?2, ?3)"
            }
            Self::Daily => {
                "INSERT OR REPLACE INTO daily (chunk, series, slots) VALUES (?1, ?2, ?3)"
            }
        }
    }

    fn next_chunk(self) -> &'static str {
        match self {
            Self::Hourly => "SELECT min(chunk) FROM hourly WHERE chunk >= ?1",
            Self::Daily => "SELECT min(chunk) FROM daily WHERE chunk >= ?1",
        }
    }

    /// What the chunk of a series holds.
    pub(super) fn load(
        self,
        transaction: &Transaction<'_>,
        chunk: u64,
        series: u64,
    ) -> rusqlite::Result<Vec<Slot>> {
        let slots = transaction
            .prepare_cached(self.select())?
            .query_row((Count(chunk), Count(series)), |row| self.decode(chunk, row.get_ref(0)?))
            .optional()?;
        Ok(slots.unwrap_or_default())
    }

    /// Shows what the chunk holds of each series that is wanted, by its number, as far as it holds something.
    pub(super) fn load_each<T>(
        self,
        transaction: &Transaction<'_>,
        chunk: u64,
        wanted: &mut BTreeMap<u64, T>,
        mut show: impl FnMut(&mut T, Vec<Slot>),
    ) -> rusqlite::Result<()> {
        let mut numbers = wanted.keys().copied().filter(|number| *number != ALL);
        let from = numbers.next().unwrap_or(ALL);
        let (to, count) = (numbers.next_back().unwrap_or(from), wanted.len() as u64);
        // To skip a row takes an eighth of looking for one.
        if to - from > 8 * count {
            for (number, of) in wanted {
                show(of, self.load(transaction, chunk, *number)?);
            }
            return Ok(());
        }
        if let Some(all) = wanted.get_mut(&ALL) {
            show(all, self.load(transaction, chunk, ALL)?);
        }
        let mut select = transaction.prepare_cached(self.select_some())?;
        let mut rows = select.query((Count(chunk), Count(from.max(ALL + 1)), Count(to)))?;
        while let Some(row) = rows.next()? {
            let Count(number) = row.get(0)?;
            if let Some(of) = wanted.get_mut(&number) {
                show(of, self.decode(chunk, row.get_ref(1)?)?);
            }
        }
        Ok(())
    }

    /// The summaries in the bytes of a chunk.
    pub(super) fn decode(self, chunk: u64, bytes: ValueRef<'_>) -> rusqlite::Result<Vec<Slot>> {
        let first = chunk.saturating_mul(self.slots_in_chunk());
        let slots = decode_slots(first, bytes.as_blob()?);
        let last = first.saturating_add(self.slots_in_chunk());
        slots
            .filter(|slots| slots.last().is_none_or(|(number, _)| *number < last))
            .ok_or_else(|| damaged("summaries"))
    }

    /// Adds summaries to the chunk of a series. Those that are there come first.
    pub(super) fn add(
        self,
        transaction: &Transaction<'_>,
        (chunk, series): (u64, u64),
        slots: Vec<Slot>,
    ) -> rusqlite::Result<()> {
        let mut all = self.load(transaction, chunk, series)?;
        if all.is_empty() {
            all = slots;
        } else {
            // Days come twice when the clock was set back.
            all.extend(slots);
            all.order_by_key(|(number, _)| *number);
            let mut folded = Vec::with_capacity(all.len());
            all.into_iter().for_each(|slot| super::sample::fold(&mut folded, slot));
            all = folded;
        }
        let bytes = encode_slots(chunk.saturating_mul(self.slots_in_chunk()), &all);
        let mut replace = transaction.prepare_cached(self.replace())?;
        replace.execute((Count(chunk), Count(series), bytes)).map(|_| ())
    }

    /// The first chunk from this one on that anything is in.
    pub(super) fn chunk_from(
        self,
        transaction: &Transaction<'_>,
        from: u64,
    ) -> rusqlite::Result<Option<u64>> {
        let mut next = transaction.prepare_cached(self.next_chunk())?;
        let found: Option<Count> = next.query_row([Count(from)], |row| row.get(0))?;
        Ok(found.map(|Count(chunk)| chunk))
    }

    /// All chunks that anything is in, from this one on, in order.
    pub(super) fn chunks(
        self,
        transaction: &Transaction<'_>,
        from: u64,
    ) -> rusqlite::Result<Vec<u64>> {
        let mut chunks = Vec::new();
        let mut from = from;
        while let Some(chunk) = self.chunk_from(transaction, from)? {
            // In a damaged file a number may be the largest that SQLite has.
            if chunks.last().is_some_and(|last| chunk <= *last) {
                break;
            }
            chunks.push(chunk);
            from = chunk.saturating_add(1);
        }
        Ok(chunks)
    }
}
