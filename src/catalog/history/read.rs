//! Reading: what was recorded of some torrents over a while, in one pass over the file.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::file::{ALL, History, HistoryError, damaged};
use super::sample::{Changes, Sample, Summary, decode_sample};
use super::series::{Recorded, Series, Span};
use super::tier::Tier;
use crate::catalog::count::Count;
use crate::platform::order::Order as _;
use crate::protocol::{CLOCK_TOLERANCE, InfoHash, Seconds, Timestamp};

impl History {
    /// The series of each of `torrents`, in their order, by canonical info-hash, one of each span; `None` is all that are
    /// listed together. A series of a torrent that was never recorded has gaps only. What a refresh found stands until the
    /// next one, but no longer than `stands`. Several spans take little longer than the longest of them.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn series<const N: usize>(
        &self,
        torrents: &[Option<InfoHash>],
        (spans, now): ([Span; N], Timestamp),
        stands: Seconds,
    ) -> Result<Vec<[Series; N]>, HistoryError> {
        let begin = spans.map(|span| span.begin(now)).into_iter().min().unwrap_or(now);
        let read = || {
            // One state of it, whatever refreshes do meanwhile.
            let transaction = self.connection.unchecked_transaction()?;
            let wanted = torrents.iter().map(|it| known(&transaction, *it));
            let wanted: Vec<Option<Known>> = wanted.collect::<rusqlite::Result<_>>()?;
            let mut reading = Reading::new(&transaction, begin, now);
            reading.read(known(&transaction, None)?.iter().chain(wanted.iter().flatten()))?;
            let nothing = Recorded::default();
            let refreshes = reading.recorded.get(&ALL).unwrap_or(&nothing);
            let series = wanted.iter().map(|known| {
                let own = known.as_ref().and_then(|known| reading.recorded.get(&known.id));
                let own = own.unwrap_or(&nothing);
                spans.map(|span| Series::of(own, refreshes, (span, now), stands))
            });
            Ok(series.collect())
        };
        read().map_err(self.failed("read"))
    }
}

impl History {
    /// What the last refresh found of all that are listed together; `None` where nothing was recorded yet.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn last_of_all(&self) -> Result<Option<Sample>, HistoryError> {
        let all = known(&self.connection, None).map_err(self.failed("read"))?;
        Ok(all.map(|all| all.last))
    }
}

/// What the file says of a torrent itself.
struct Known {
    id: u64,
    /// When it changed last.
    at: Timestamp,
    last: Sample,
}

fn known(connection: &Connection, info_hash: Option<InfoHash>) -> rusqlite::Result<Option<Known>> {
    let key = info_hash.as_ref().map_or(&[][..], |hash| &hash.0);
    connection
        .prepare_cached("SELECT id, at, last FROM series WHERE info_hash = ?1")?
        .query_row([key], |row| {
            let (Count(id), Count(at)) = (row.get(0)?, row.get(1)?);
            let last = decode_sample(row.get_ref(2)?.as_blob()?);
            Ok(Known { id, at: Timestamp(at), last: last.ok_or_else(|| damaged("figures"))? })
        })
        .optional()
}

/// What was read of the wanted torrents.
struct Reading<'a> {
    transaction: &'a Transaction<'a>,
    begin: Timestamp,
    now: Timestamp,
    recorded: BTreeMap<u64, Recorded>,
}

impl<'a> Reading<'a> {
    fn new(transaction: &'a Transaction<'a>, begin: Timestamp, now: Timestamp) -> Self {
        Self { transaction, begin, now, recorded: BTreeMap::new() }
    }

    fn read<'b>(&mut self, wanted: impl Iterator<Item = &'b Known>) -> rusqlite::Result<()> {
        for known in wanted {
            // Of most torrents that is all.
            let before = (known.at < self.begin).then_some((known.at, known.last));
            self.recorded.insert(known.id, Recorded { before, since: Vec::new() });
        }
        for tier in [Tier::Daily, Tier::Hourly] {
            self.read_chunks(tier)?;
        }
        self.read_fine()?;
        for recorded in self.recorded.values_mut() {
            recorded.since.order_by_key(|(at, _)| *at);
        }
        self.look_further_back()
    }

    fn read_chunks(&mut self, tier: Tier) -> rusqlite::Result<()> {
        let first = self.begin.0 / tier.chunk();
        for chunk in tier.chunks(self.transaction, first)? {
            self.read_chunk(tier, chunk)?;
        }
        Ok(())
    }

    fn read_chunk(&mut self, tier: Tier, chunk: u64) -> rusqlite::Result<()> {
        let (begin, now) = (self.begin, self.now);
        tier.load_each(self.transaction, chunk, &mut self.recorded, |recorded, slots| {
            let timed = slots.into_iter().map(|(slot, summary)| (tier.end_of(slot), summary));
            recorded.since.extend(timed.filter(|(at, _)| (begin..=now).contains(at)));
        })
    }

    fn read_fine(&mut self) -> rusqlite::Result<()> {
        let mut select = self.transaction.prepare_cached(
            "SELECT at, changes FROM fine WHERE at >= ?1 AND at <= ?2 ORDER BY at",
        )?;
        let latest = self.now + CLOCK_TOLERANCE;
        let mut rows = select.query((Count(self.begin.0), Count(latest.0)))?;
        while let Some(row) = rows.next()? {
            let Count(at) = row.get(0)?;
            each_of(&mut self.recorded, row.get_ref(1)?.as_blob()?, |recorded, sample| {
                recorded.since.push((Timestamp(at), Summary::from(sample)));
            })?;
        }
        Ok(())
    }

    /// Finds the last that was recorded before the beginning, of those that have changed since.
    fn look_further_back(&mut self) -> rusqlite::Result<()> {
        let mut select = self
            .transaction
            .prepare_cached("SELECT at, changes FROM fine WHERE at < ?1 ORDER BY at DESC")?;
        let mut rows = select.query([Count(self.begin.0)])?;
        while self.lacks_any()
            && let Some(row) = rows.next()?
        {
            let Count(at) = row.get(0)?;
            each_of(&mut self.recorded, row.get_ref(1)?.as_blob()?, |recorded, sample| {
                recorded.before.get_or_insert((Timestamp(at), sample));
            })?;
        }
        for tier in [Tier::Hourly, Tier::Daily] {
            let chunks = tier.chunks(self.transaction, 0)?;
            let last = self.begin.0 / tier.chunk();
            for &chunk in chunks.iter().rev().filter(|chunk| **chunk <= last) {
                self.look_into(tier, chunk)?;
            }
        }
        Ok(())
    }

    fn lacks_any(&self) -> bool {
        self.recorded.values().any(|recorded| recorded.before.is_none())
    }

    fn look_into(&mut self, tier: Tier, chunk: u64) -> rusqlite::Result<()> {
        for (id, recorded) in &mut self.recorded {
            if recorded.before.is_some() {
                continue;
            }
            let slots = tier.load(self.transaction, chunk, *id)?.into_iter();
            let mut timed = slots.map(|(slot, summary)| (tier.end_of(slot), summary.last));
            recorded.before = timed.rfind(|(at, _)| *at < self.begin);
        }
        Ok(())
    }
}

/// Shows the samples of those that are wanted of what a refresh found.
fn each_of(
    wanted: &mut BTreeMap<u64, Recorded>,
    changes: &[u8],
    mut visit: impl FnMut(&mut Recorded, Sample),
) -> rusqlite::Result<()> {
    let Some((&last, _)) = wanted.last_key_value() else { return Ok(()) };
    for change in Changes::of(changes) {
        let (id, sample) = change.ok_or_else(|| damaged("changes"))?;
        if id > last {
            break;
        }
        if let Some(recorded) = wanted.get_mut(&id) {
            visit(recorded, decode_sample(sample).ok_or_else(|| damaged("figures"))?);
        }
    }
    Ok(())
}
