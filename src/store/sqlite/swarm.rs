//! One swarm's row: the counts of its peers and its totals, and the sweeping of its silent peers.

use rusqlite::{OptionalExtension as _, Row, params};

use super::addresses::Location;
use super::connection::Database;
use super::counting;
use super::peer::{self, PeerRow};
use super::schema::{
    Class, LAST_INSTANT, SwarmKey, class_in, instant_in, number_in, role_in, stored,
};
use crate::platform::random::Random;
use crate::protocol::{CLOCK_TOLERANCE, InfoHash, Timestamp};
use crate::store::peer::Peer;
use crate::store::{Role, SwarmCounts};

/// The columns that `Swarm::read` takes, in its order.
macro_rules! columns {
    () => {
        "id, info_hash, salt, seeders, leechers, partial_seeds, completed, expired, \
         departed_uploaded, departed_downloaded, last_announce, \
         (SELECT min(last_seen) FROM peer WHERE swarm = swarm.id)"
    };
}

const FIND: &str = concat!("SELECT ", columns!(), " FROM swarm WHERE info_hash = ?1");
const WALK: &str =
    concat!("SELECT ", columns!(), " FROM swarm WHERE id >= ?1 ORDER BY id LIMIT ?2");
const INSERT: &str = "INSERT INTO swarm(info_hash, salt, seeders, leechers, partial_seeds, \
     completed, expired, departed_uploaded, departed_downloaded, last_announce) \
     VALUES (?1, ?2, 0, 0, 0, 0, 0, 0, 0, 0)";
const UPDATE: &str = "UPDATE swarm SET seeders = ?2, leechers = ?3, partial_seeds = ?4, \
     completed = ?5, expired = ?6, departed_uploaded = ?7, departed_downloaded = ?8, \
     last_announce = ?9 WHERE id = ?1";
const SILENT: &str =
    "SELECT class, tag FROM peer WHERE swarm = ?1 AND last_seen < ?2 ORDER BY last_seen LIMIT ?3";
const TAKE_OUT: &str = "DELETE FROM peer WHERE swarm = ?1 AND class = ?2 AND tag = ?3 \
     RETURNING uploaded, downloaded, role, last_seen, addresses";
const COUNT_SILENT: &str = "SELECT count(*), ifnull(sum(role = 1), 0), ifnull(sum(role = 2), 0) \
     FROM peer WHERE swarm = ?1 AND last_seen < ?2";

/// A swarm as its row holds it. `counts` are those of the rows, silent peers included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Swarm {
    pub(super) id: i64,
    pub(super) info_hash: InfoHash,
    pub(super) salt: i64,
    pub(super) counts: SwarmCounts,
    pub(super) expired: u64,
    pub(super) departed_uploaded: u64,
    pub(super) departed_downloaded: u64,
    /// When a peer that has left since announced last; those here may be younger.
    pub(super) last_announce: Timestamp,
    /// No peer is older; `None` when there is none or all old ones were swept.
    oldest: Option<Timestamp>,
    pub(super) changed: bool,
    /// How many peers it has by its row.
    saved_peers: u64,
}

impl Swarm {
    /// Looks for a swarm.
    pub(super) fn find(database: &Database, info_hash: InfoHash) -> rusqlite::Result<Option<Self>> {
        database.statement(FIND)?.query_row(params![info_hash.0], Self::read).optional()
    }

    /// Some swarms from an id on, in order of ids.
    pub(super) fn walk(
        database: &Database,
        from: i64,
        limit: usize,
    ) -> rusqlite::Result<Vec<Self>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = database.statement(WALK)?;
        let rows = statement.query_map(params![from, limit], Self::read)?;
        rows.collect()
    }

    /// Makes an empty swarm.
    pub(super) fn create(
        database: &Database,
        info_hash: InfoHash,
        random: &mut Random,
    ) -> rusqlite::Result<Self> {
        let salt = random.positive();
        database.statement(INSERT)?.execute(params![info_hash.0, salt])?;
        let id = database.last_insert_rowid();
        counting::count_swarms(database, 1)?;
        Ok(Self {
            id,
            info_hash,
            salt,
            counts: SwarmCounts::default(),
            expired: 0,
            departed_uploaded: 0,
            departed_downloaded: 0,
            last_announce: Timestamp(0),
            oldest: None,
            changed: false,
            saved_peers: 0,
        })
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut swarm = Self {
            id: row.get(0)?,
            info_hash: InfoHash(row.get(1)?),
            salt: row.get(2)?,
            counts: SwarmCounts {
                seeders: row.get(3)?,
                leechers: row.get(4)?,
                partial_seeds: row.get(5)?,
                completed: number_in(row, 6)?,
            },
            expired: number_in(row, 7)?,
            departed_uploaded: number_in(row, 8)?,
            departed_downloaded: number_in(row, 9)?,
            last_announce: instant_in(row, 10)?,
            oldest: row.get::<_, Option<i64>>(11)?.map(|_| instant_in(row, 11)).transpose()?,
            changed: false,
            saved_peers: 0,
        };
        swarm.saved_peers = swarm.peers();
        Ok(swarm)
    }

    /// What its peers are found by.
    pub(super) fn key(&self) -> SwarmKey {
        SwarmKey { id: self.id, salt: self.salt }
    }

    /// How many peers it has, silent ones included.
    pub(super) fn peers(&self) -> u64 {
        let SwarmCounts { seeders, leechers, partial_seeds, .. } = self.counts;
        u64::from(seeders) + u64::from(leechers) + u64::from(partial_seeds)
    }

    /// How many it has more than its row says.
    pub(super) fn unsaved_peers(&self) -> i64 {
        stored(self.peers()) - stored(self.saved_peers)
    }

    /// Writes the row if it is not what it was.
    pub(super) fn save(&mut self, database: &Database) -> rusqlite::Result<()> {
        if !self.changed {
            return Ok(());
        }
        database.statement(UPDATE)?.execute(params![
            self.id,
            self.counts.seeders,
            self.counts.leechers,
            self.counts.partial_seeds,
            stored(self.counts.completed),
            stored(self.expired),
            stored(self.departed_uploaded),
            stored(self.departed_downloaded),
            stored(self.last_announce.0),
        ])?;
        counting::count_peers(database, self.unsaved_peers())?;
        self.saved_peers = self.peers();
        Ok(())
    }

    /// Counts one peer more.
    pub(super) fn count_in(&mut self, role: Role) {
        let count = self.counts.of_role(role);
        *count = count.saturating_add(1);
        self.changed = true;
    }

    /// Counts one peer less.
    pub(super) fn count_out(&mut self, role: Role) {
        let count = self.counts.of_role(role);
        *count = count.saturating_sub(1);
        self.changed = true;
    }

    /// Counts the download that a peer has ended since it was known like this, if any.
    pub(super) fn count_completed(&mut self, peer: &Peer, known: Option<&Peer>) {
        if peer.has_completed_since(known) {
            self.counts.completed = self.counts.completed.saturating_add(1);
            self.changed = true;
        }
    }

    /// Keeps what a peer moved, that announced last at `last`.
    pub(super) fn count_departed(&mut self, uploaded: u64, downloaded: u64, last: Timestamp) {
        self.departed_uploaded = self.departed_uploaded.saturating_add(uploaded);
        self.departed_downloaded = self.departed_downloaded.saturating_add(downloaded);
        self.last_announce = self.last_announce.max(last);
        self.changed = true;
    }

    /// Takes what lies in the future as now, at most `budget` peers of it; says whether nothing does
    /// any more. What differs by less than two clocks may is left alone.
    pub(super) fn correct(
        &mut self,
        database: &Database,
        now: Timestamp,
        budget: usize,
    ) -> rusqlite::Result<bool> {
        let latest = now + CLOCK_TOLERANCE;
        if self.last_announce > latest {
            self.last_announce = latest;
            self.changed = true;
        }
        let ahead = PeerRow::ahead(database, self.id, latest, budget)?;
        for row in &ahead {
            row.correct(database, self.id, now)?;
        }
        Ok(ahead.len() < budget)
    }

    /// Whether a silent peer may still be among the rows.
    pub(super) fn has_silent(&self, cutoff: Timestamp) -> bool {
        self.oldest.is_some_and(|oldest| oldest < cutoff)
    }

    /// Takes out at most `budget` peers that were last seen before `cutoff`.
    pub(super) fn sweep(
        &mut self,
        database: &Database,
        cutoff: Timestamp,
        budget: usize,
    ) -> rusqlite::Result<usize> {
        if !self.has_silent(cutoff) {
            return Ok(0);
        }
        let silent = self.silent(database, cutoff, budget)?;
        for &(class, tag) in &silent {
            self.take_out_silent(database, class, tag)?;
        }
        if silent.len() < budget {
            self.oldest = None;
        }
        Ok(silent.len())
    }

    /// Takes so many peers out, those that were silent for longest, as if they had been for too long.
    pub(super) fn take_out_oldest(
        &mut self,
        database: &Database,
        count: usize,
    ) -> rusqlite::Result<()> {
        if count == 0 {
            return Ok(());
        }
        for (class, tag) in self.silent(database, LAST_INSTANT, count)? {
            self.take_out_silent(database, class, tag)?;
        }
        Ok(())
    }

    fn silent(
        &self,
        database: &Database,
        cutoff: Timestamp,
        budget: usize,
    ) -> rusqlite::Result<Vec<(Class, i64)>> {
        let limit = i64::try_from(budget).unwrap_or(i64::MAX);
        let mut statement = database.statement(SILENT)?;
        let rows = statement.query_map(params![self.id, stored(cutoff.0), limit], |row| {
            Ok((class_in(row, 0)?, row.get(1)?))
        })?;
        rows.collect()
    }

    /// Takes out one silent peer and keeps what it moved.
    pub(super) fn take_out_silent(
        &mut self,
        database: &Database,
        class: Class,
        tag: i64,
    ) -> rusqlite::Result<()> {
        let taken = database
            .statement(TAKE_OUT)?
            .query_row(params![self.id, class.number(), tag], |row| {
                let moved = (number_in(row, 0)?, number_in(row, 1)?);
                Ok((moved, role_in(row, 2)?, instant_in(row, 3)?, row.get::<_, Location>(4)?))
            })
            .optional()?;
        let Some(((uploaded, downloaded), role, last_seen, location)) = taken else {
            return Ok(());
        };
        self.count_departed(uploaded, downloaded, last_seen);
        self.count_out(role);
        self.expired = self.expired.saturating_add(1);
        peer::remove_endpoints(database, self.id, tag, location.addresses)
    }

    /// The counts without the silent peers that no sweep has met yet.
    pub(super) fn live_counts(
        &self,
        database: &Database,
        cutoff: Timestamp,
    ) -> rusqlite::Result<SwarmCounts> {
        let mut counts = self.counts;
        if self.has_silent(cutoff) {
            let (all, partial, seeders): (u32, u32, u32) = database
                .statement(COUNT_SILENT)?
                .query_row(params![self.id, stored(cutoff.0)], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?;
            let leechers = all.saturating_sub(partial).saturating_sub(seeders);
            counts.seeders = counts.seeders.saturating_sub(seeders);
            counts.partial_seeds = counts.partial_seeds.saturating_sub(partial);
            counts.leechers = counts.leechers.saturating_sub(leechers);
        }
        Ok(counts)
    }
}
