//! The default peer store: one SQLite file, which works wherever a CGI may write.

mod addresses;
mod announce;
mod connection;
mod error;
mod journal;
mod peer;
#[cfg(test)]
mod processes;
mod recovery;
mod sample;
mod schema;
mod swarm;
#[cfg(test)]
mod tests;
mod transaction;
mod transfer;
mod walk;

use std::path::PathBuf;
use std::sync::Arc;

use self::announce::Arrival;
use self::connection::{Database, KIND};
use self::error::Kind;
use super::{
    Access, Batch, Caps, Cursor, Peer, PeerAnnounce, PeerSample, PeerStore, PeerSummary,
    StoreError, StoreId, StoreInfo, StoreOptions, SwarmCounts, SwarmSummary, Want, files,
};
use crate::platform::network::Network;
use crate::platform::random::Random;
use crate::protocol::{InfoHash, Seconds, Timestamp};

/// Announces after which a process is known to keep the file open.
const SETTLED: u32 = 64;

/// Peers in an SQLite file.
///
/// A file that cannot be read as a store is moved aside and made anew, also while it is in use.
pub struct SqliteStore {
    path: PathBuf,
    site: Option<PathBuf>,
    access: Access,
    expiry: Seconds,
    caps: Caps,
    exempt: Arc<Network>,
    max_rate: Option<u64>,
    random: Random,
    /// `None` after a failure; the next call opens the file again.
    database: Option<Database>,
    /// When the file was last seen at its path; `None` when it has just been opened.
    checked: Option<Timestamp>,
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
        recovery::open_or_make(options.place()).map(|database| Self::with(options, database))
    }

    /// Moves the store aside, whatever it holds, and makes an empty one.
    ///
    /// # Errors
    /// When the file cannot be moved or made.
    pub fn rebuild(options: &StoreOptions) -> Result<Self, StoreError> {
        recovery::rebuild(options.place()).map(|database| Self::with(options, database))
    }

    fn with(options: &StoreOptions, database: Database) -> Self {
        Self {
            path: options.path.clone(),
            site: options.site.clone(),
            access: options.access,
            expiry: options.expiry,
            caps: options.caps,
            exempt: Arc::clone(&options.exempt),
            max_rate: options.max_rate,
            random: Random::new(),
            database: Some(database),
            checked: None,
            announces: 0,
            sweep_from: 0,
            stays: false,
        }
    }

    fn place(&self) -> files::Place<'_> {
        files::Place { path: &self.path, site: self.site.as_deref(), access: self.access }
    }

    /// Runs one call of the kind that a process makes many of.
    fn run<T>(
        &mut self,
        doing: &'static str,
        call: impl FnMut(&Database, &mut Random) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let value = self.attempt(doing, call)?;
        self.database.iter().for_each(Database::keep_statements);
        Ok(value)
    }

    /// Runs one call on the file. When that turns out to be broken or gone, it is made anew or opened
    /// again, and the call is repeated once.
    fn attempt<T>(
        &mut self,
        doing: &'static str,
        mut call: impl FnMut(&Database, &mut Random) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let database = match self.database.take() {
            Some(database) => database,
            None => {
                self.announces = 0;
                recovery::open_or_make(self.place())?
            }
        };
        let failure = match call(&database, &mut self.random) {
            Ok(value) => {
                self.database = Some(database);
                return Ok(value);
            }
            Err(failure) => failure,
        };
        let database = match error::kind(&failure) {
            Kind::Broken => recovery::replace(self.place(), database, &failure.to_string())?,
            Kind::Moved => recovery::open_or_make(self.place())?,
            Kind::Busy | Kind::Closed | Kind::Other => {
                self.database = Some(database);
                return Err(error::sqlite(doing, &self.path, failure));
            }
        };
        self.announces = 0;
        let repeated = call(&database, &mut self.random);
        self.database = Some(database);
        repeated.map_err(|source| error::sqlite(doing, &self.path, source))
    }

    /// Counts an announce, and suits the file to a process that stays when this one is seen to.
    fn settle(&mut self) {
        self.announces = self.announces.saturating_add(1);
        if self.announces == SETTLED
            && let Some(database) = &self.database
        {
            self.stays = true;
            if let Err(failure) = journal::settle(database, &self.path) {
                // Not now; the next ones will do with what there is.
                self.announces = 0;
                let path = self.path.display();
                crate::info!("the journal of the peer store {path} stays as it is: {failure}");
            }
        }
    }

    /// Who was last seen before this is gone. Each call with a clock starts here, so it is also where
    /// a replaced file is noticed.
    fn cutoff(&mut self, now: Timestamp) -> Timestamp {
        self.notice_replacement(now);
        now.min(schema::LAST_INSTANT).before(self.expiry)
    }

    /// Lets go of a file that is not at its path any more; looks at most once a second.
    fn notice_replacement(&mut self, now: Timestamp) {
        let checked = self.checked.replace(now);
        if checked.is_some_and(|checked| checked != now) {
            self.database.take_if(|database| database.has_moved());
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if let Some(database) = &self.database
            && self.stays
            && !database.has_moved()
        {
            journal::unsettle(database);
        }
    }
}

impl PeerStore for SqliteStore {
    fn id(&mut self) -> Result<StoreId, StoreError> {
        // Most announces ask for it first, and some processes make no more than one announce.
        self.attempt("read", |database, _| Ok(database.life))
    }

    fn announce(
        &mut self,
        announce: &PeerAnnounce,
        now: Timestamp,
        want: Want,
        sample: &mut PeerSample,
    ) -> Result<SwarmCounts, StoreError> {
        let (cutoff, announce) = (self.cutoff(now), *announce);
        let (caps, exempt, max_rate) = (self.caps, Arc::clone(&self.exempt), self.max_rate);
        self.run("write", |database, random| {
            let exempt = &exempt;
            let arrival =
                Arrival { database, random, announce, now, cutoff, want, caps, exempt, max_rate };
            arrival.happen(sample)
        })
        .inspect(|_| self.settle())
    }

    fn announces_in_the_last_minute(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.attempt("read", |database, _| Ok(database.announce_rate()?.last_minute(now)))
    }

    fn counts(
        &mut self,
        info_hashes: &[InfoHash],
        now: Timestamp,
    ) -> Result<Vec<SwarmCounts>, StoreError> {
        let cutoff = self.cutoff(now);
        self.run("read", |database, _| walk::counts(database, info_hashes, cutoff))
    }

    fn visit_swarms(
        &mut self,
        from: Cursor,
        limit: usize,
        now: Timestamp,
    ) -> Result<Batch<SwarmSummary>, StoreError> {
        let cutoff = self.cutoff(now);
        self.run("read", |database, _| walk::visit_swarms(database, from, limit, cutoff))
    }

    fn visit_peers(
        &mut self,
        info_hash: InfoHash,
        from: Cursor,
        limit: usize,
        now: Timestamp,
    ) -> Result<Batch<PeerSummary>, StoreError> {
        let cutoff = self.cutoff(now);
        self.run("read", |database, _| walk::visit_peers(database, info_hash, from, limit, cutoff))
    }

    fn remove_swarm(&mut self, info_hash: InfoHash) -> Result<(), StoreError> {
        self.run("write", |database, _| walk::remove_swarm(database, info_hash))
    }

    fn expire(&mut self, now: Timestamp, budget: usize) -> Result<usize, StoreError> {
        let cutoff = self.cutoff(now);
        self.stays = true;
        let start = self.sweep_from;
        let mut turned = false;
        let mut swept = 0;
        while swept < budget {
            let (from, left) = (self.sweep_from, budget - swept);
            let (more, next) =
                self.run("write", |database, _| walk::expire(database, from, (now, cutoff), left))?;
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
        self.run("read", |database, _| walk::check(database))
    }

    fn info(&mut self) -> Result<StoreInfo, StoreError> {
        let [swarms, peers, anomalies] = self.run("read", |database, _| {
            let count = |text| database.query_row(text, [], |row| schema::number_in(row, 0));
            Ok([
                count("SELECT count(*) FROM swarm")?,
                count("SELECT count(*) FROM peer")?,
                count("SELECT anomalies FROM store")?,
            ])
        })?;
        let path = self.path.clone();
        let metadata =
            std::fs::metadata(&path).map_err(|source| files::failure("measure", &path, source))?;
        let bytes = metadata.len();
        Ok(StoreInfo { kind: KIND, path, bytes, room: None, swarms, peers, anomalies })
    }

    fn export_peers(
        &mut self,
        info_hash: InfoHash,
        from: Cursor,
        limit: usize,
    ) -> Result<Batch<Peer>, StoreError> {
        self.run("read", |database, _| walk::peers(database, info_hash, from, limit))
    }

    fn import_id(&mut self, id: StoreId) -> Result<(), StoreError> {
        self.run("write", |database, _| transfer::import_id(database, id))?;
        // What was read of the file before is no longer true.
        self.database = None;
        Ok(())
    }

    fn import_swarm(&mut self, totals: &SwarmSummary, peers: &[Peer]) -> Result<(), StoreError> {
        self.run("write", |database, random| {
            transfer::import_swarm(database, random, totals, peers)
        })
    }
}
