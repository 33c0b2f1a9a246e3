//! The default peer store: one SQLite file, which works wherever a CGI may write.

mod announce;
mod connection;
mod error;
mod journal;
mod peer;
#[cfg(test)]
mod processes;
mod random;
mod recovery;
mod sample;
mod schema;
mod swarm;
#[cfg(test)]
mod tests;
mod transaction;
mod walk;

use std::path::PathBuf;

use rusqlite::Connection;

use self::announce::Arrival;
use self::error::Kind;
use self::random::Random;
use super::{
    Announced, Batch, Cursor, PeerAnnounce, PeerSample, PeerStore, PeerSummary, StoreError,
    StoreId, StoreInfo, StoreOptions, SwarmCounts, SwarmSummary, Want,
};
use crate::protocol::{InfoHash, Seconds, Timestamp};

/// Announces after which a process is known to keep the file open.
const SETTLED: u32 = 64;

/// Peers in an SQLite file.
///
/// A file that cannot be read as a store is moved aside and made anew, also while it is in use.
pub struct SqliteStore {
    path: PathBuf,
    expiry: Seconds,
    random: Random,
    /// `None` after a failure; the next call opens the file again.
    connection: Option<Connection>,
    /// When the file was last seen at its path.
    checked: Timestamp,
    /// Announces over this connection.
    announces: u32,
    /// The swarm that the next sweep starts with.
    sweep_from: i64,
    /// Whether this process does more than one announce, and so leaves the file fit for those that do
    /// no more.
    stays: bool,
}

impl SqliteStore {
    /// Opens the store; makes it where there is none, or none that can be read.
    ///
    /// # Errors
    /// When the file cannot be opened or made.
    pub fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        recovery::open_or_make(&options.path).map(|connection| Self::with(options, connection))
    }

    /// Moves the store aside, whatever it holds, and makes an empty one.
    ///
    /// # Errors
    /// When the file cannot be moved or made.
    pub fn rebuild(options: &StoreOptions) -> Result<Self, StoreError> {
        recovery::rebuild(&options.path).map(|connection| Self::with(options, connection))
    }

    fn with(options: &StoreOptions, connection: Connection) -> Self {
        Self {
            path: options.path.clone(),
            expiry: options.expiry,
            random: Random::new(),
            connection: Some(connection),
            checked: Timestamp(0),
            announces: 0,
            sweep_from: 0,
            stays: false,
        }
    }

    /// What there is to tell about the file.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn info(&mut self) -> Result<StoreInfo, StoreError> {
        let (swarms, peers) = self.run("read", |connection, _| {
            let count = |text| connection.query_row(text, [], |row| schema::number_in(row, 0));
            Ok((count("SELECT count(*) FROM swarm")?, count("SELECT count(*) FROM peer")?))
        })?;
        let bytes = std::fs::metadata(&self.path)
            .map_err(|source| error::io("measure", &self.path, source))?
            .len();
        Ok(StoreInfo { kind: "sqlite", path: self.path.clone(), bytes, swarms, peers })
    }

    /// Runs one call on the file. When that turns out to be broken or gone, it is made anew or opened
    /// again, and the call is repeated once.
    fn run<T>(
        &mut self,
        doing: &'static str,
        mut call: impl FnMut(&Connection, &mut Random) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                self.announces = 0;
                recovery::open_or_make(&self.path)?
            }
        };
        let failure = match call(&connection, &mut self.random) {
            Ok(value) => {
                self.connection = Some(connection);
                return Ok(value);
            }
            Err(failure) => failure,
        };
        let connection = match error::kind(&failure) {
            Kind::Broken => recovery::replace(&self.path, connection, &failure.to_string())?,
            Kind::Moved => recovery::open_or_make(&self.path)?,
            Kind::Busy | Kind::Closed | Kind::Other => {
                self.connection = Some(connection);
                return Err(error::sqlite(doing, &self.path, failure));
            }
        };
        self.announces = 0;
        let repeated = call(&connection, &mut self.random);
        self.connection = Some(connection);
        repeated.map_err(|source| error::sqlite(doing, &self.path, source))
    }

    /// Counts an announce, and suits the file to a process that stays when this one is seen to.
    fn settle(&mut self) {
        self.announces = self.announces.saturating_add(1);
        if self.announces == SETTLED
            && let Some(connection) = &self.connection
        {
            self.stays = true;
            if let Err(failure) = journal::settle(connection, &self.path) {
                // Not now; the next ones will do with what there is.
                self.announces = 0;
                let path = self.path.display();
                crate::info!("the journal of the peer store {path} stays as it is: {failure}");
            }
        }
    }

    /// Lets go of a file that is not at its path any more; looks at most once a second.
    fn notice_replacement(&mut self, now: Timestamp) {
        if self.checked != now {
            self.checked = now;
            self.connection.take_if(|connection| connection::has_moved(connection));
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection
            && self.stays
            && !connection::has_moved(connection)
        {
            journal::unsettle(connection);
        }
    }
}

impl PeerStore for SqliteStore {
    fn id(&mut self) -> Result<StoreId, StoreError> {
        self.run("read", |connection, _| {
            connection
                .prepare_cached("SELECT id FROM store")?
                .query_row([], |row| schema::number_in(row, 0))
                .map(StoreId)
        })
    }

    fn announce(
        &mut self,
        announce: &PeerAnnounce,
        now: Timestamp,
        want: Want,
        sample: &mut PeerSample,
    ) -> Result<Announced, StoreError> {
        self.notice_replacement(now);
        let cutoff = now.before(self.expiry);
        self.run("write", |connection, random| {
            let arrival = Arrival { connection, random, announce, now, cutoff, want };
            arrival.happen(sample)
        })
        .inspect(|_| self.settle())
    }

    fn counts(
        &mut self,
        info_hashes: &[InfoHash],
        now: Timestamp,
    ) -> Result<Vec<SwarmCounts>, StoreError> {
        self.notice_replacement(now);
        let cutoff = now.before(self.expiry);
        self.run("read", |connection, _| walk::counts(connection, info_hashes, cutoff))
    }

    fn visit_swarms(
        &mut self,
        from: Cursor,
        limit: usize,
        now: Timestamp,
    ) -> Result<Batch<SwarmSummary>, StoreError> {
        self.notice_replacement(now);
        let cutoff = now.before(self.expiry);
        self.run("read", |connection, _| walk::visit_swarms(connection, from, limit, cutoff))
    }

    fn visit_peers(
        &mut self,
        info_hash: InfoHash,
        from: Cursor,
        limit: usize,
        now: Timestamp,
    ) -> Result<Batch<PeerSummary>, StoreError> {
        self.notice_replacement(now);
        let cutoff = now.before(self.expiry);
        self.run("read", |connection, _| {
            walk::visit_peers(connection, info_hash, from, limit, cutoff)
        })
    }

    fn remove_swarm(&mut self, info_hash: InfoHash) -> Result<(), StoreError> {
        self.run("write", |connection, _| walk::remove_swarm(connection, info_hash))
    }

    fn expire(&mut self, now: Timestamp, budget: usize) -> Result<usize, StoreError> {
        self.notice_replacement(now);
        self.stays = true;
        let cutoff = now.before(self.expiry);
        let start = self.sweep_from;
        let mut turned = false;
        let mut swept = 0;
        while swept < budget {
            let (from, left) = (self.sweep_from, budget - swept);
            let (more, next) =
                self.run("write", |connection, _| walk::expire(connection, from, cutoff, left))?;
            swept += more;
            self.sweep_from = next;
            let past_the_last = next == 0;
            if (turned && (past_the_last || next > start)) || (past_the_last && start == 0) {
                break;
            }
            turned |= past_the_last;
        }
        Ok(swept)
    }

    fn check(&mut self) -> Result<Vec<String>, StoreError> {
        self.run("read", |connection, _| walk::check(connection))
    }
}
