//! The default peer store: one SQLite file, which works wherever a CGI may write.

mod addresses;
mod announce;
mod buckets;
mod connection;
mod counting;
mod crowd;
mod error;
mod journal;
mod lost;
mod peer;
#[cfg(test)]
mod processes;
mod recount;
mod recovery;
mod sample;
mod schema;
mod swarm;
#[cfg(test)]
mod tests;
mod transaction;
mod transfer;
mod walk;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use self::announce::Moment;
use self::connection::{Database, KIND};
use self::error::Kind;
use self::transaction::Immediate;
use super::{
    Allowance, AnnounceLimit, Announced, Batch, Cursor, FileOptions, Generation, Patience, Peer,
    PeerAnnounce, PeerRules, PeerSample, PeerStore, PeerSummary, Purpose, Recount, StoreError,
    StoreInfo, StoreMaintenance, SwarmCounts, SwarmSummary, Want, files,
};
use crate::platform::random::Random;
use crate::protocol::{InfoHash, Seconds, Timestamp};

/// Announces after which a process is known to keep the file open.
const SETTLED: u32 = 64;

/// How a SQLite store is opened.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// Its file.
    pub file: FileOptions,
    /// What it holds its peers to.
    pub rules: PeerRules,
}

impl SqliteOptions {
    /// A file without limits on its peers but for their expiry.
    #[must_use]
    pub fn new(path: PathBuf, expiry: Seconds) -> Self {
        Self { file: FileOptions::new(path), rules: PeerRules::new(expiry) }
    }
}

/// Peers in an SQLite file.
///
/// A file that cannot be read as a store is moved aside and recreated, also while it is in use.
pub struct SqliteStore {
    options: SqliteOptions,
    patience: Patience,
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
    pub fn open(options: &SqliteOptions) -> Result<Self, StoreError> {
        recovery::open_or_make(&options.file).map(|database| Self::with(options, database))
    }

    /// Moves the store aside, whatever it holds, and makes an empty one.
    ///
    /// # Errors
    /// When the file cannot be moved or made.
    pub fn rebuild(options: &SqliteOptions) -> Result<Self, StoreError> {
        recovery::rebuild(&options.file).map(|database| Self::with(options, database))
    }

    fn with(options: &SqliteOptions, database: Database) -> Self {
        Self {
            options: options.clone(),
            patience: Patience::new(options.file.patience),
            random: Random::new(),
            database: Some(database),
            checked: None,
            announces: 0,
            sweep_from: 0,
            stays: false,
        }
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

    /// Runs one call on the file. When that turns out to be broken or gone, it is recreated or opened
    /// again, and the call is repeated once.
    fn attempt<T>(
        &mut self,
        doing: &'static str,
        call: impl FnMut(&Database, &mut Random) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.options.file.patience = self.patience.left();
        self.attempt_patiently(doing, call).inspect_err(|problem| {
            if matches!(problem, StoreError::WouldWait { .. }) {
                self.patience.spend();
            }
        })
    }

    fn attempt_patiently<T>(
        &mut self,
        doing: &'static str,
        mut call: impl FnMut(&Database, &mut Random) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let (file, caps) = (&self.options.file, self.options.rules.caps);
        let mut database = match self.database.take() {
            Some(database) => database,
            None => {
                self.announces = 0;
                recovery::open_or_make(file)?
            }
        };
        database.caps = caps;
        let outcome = database.set_patience(file.patience);
        let failure = match outcome.and_then(|()| call(&database, &mut self.random)) {
            Ok(value) => {
                self.database = Some(database);
                return Ok(value);
            }
            Err(failure) => failure,
        };
        database.doubt();
        let mut database = match error::kind(&failure) {
            Kind::Broken => recovery::replace(file, database, &failure.to_string())?,
            Kind::Moved => recovery::open_or_make(file)?,
            Kind::Busy | Kind::Closed | Kind::Other => {
                self.database = Some(database);
                return Err(error::sqlite(doing, &file.path, failure));
            }
        };
        database.caps = caps;
        self.announces = 0;
        let repeated = call(&database, &mut self.random).inspect_err(|_| database.doubt());
        self.database = Some(database);
        repeated.map_err(|source| error::sqlite(doing, &file.path, source))
    }

    /// Takes announces in, all in one transaction.
    fn arrive<T>(
        &mut self,
        now: Timestamp,
        mut call: impl FnMut(&mut Moment<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let (cutoff, rules) = (self.cutoff(now), self.options.rules.clone());
        let (value, crowds, too_early) = self.run("write", |database, random| {
            let transaction = Immediate::begin(database)?;
            let mut moment = Moment {
                database,
                random,
                now,
                cutoff,
                rules: &rules,
                crowds: Vec::new(),
                too_early: None,
            };
            let value = call(&mut moment)?;
            let (crowds, too_early) = (moment.crowds, moment.too_early);
            transaction.commit()?;
            Ok((value, crowds, too_early))
        })?;
        crowds.iter().for_each(|crowd| crowd.tell(&self.options.file.path));
        too_early.iter().for_each(AnnounceLimit::tell);
        self.patience.renew();
        self.settle();
        Ok(value)
    }

    /// Counts an announce, and suits the file to a process that stays when this one is seen to.
    fn settle(&mut self) {
        self.announces = self.announces.saturating_add(1);
        if self.announces == SETTLED
            && let Some(database) = &self.database
        {
            self.stays = true;
            if let Err(failure) = journal::settle(database, &self.options.file.path) {
                // Not now; the next ones will do with what there is.
                self.announces = 0;
                let path = self.options.file.path.display();
                crate::info!("the journal of the peer store {path} stays as it is: {failure}");
            }
        }
    }

    /// Who was last seen before this is gone. Each call with a clock starts here, so it is also where
    /// a replaced file is noticed.
    fn cutoff(&mut self, now: Timestamp) -> Timestamp {
        self.notice_replacement(now);
        now.min(schema::LAST_INSTANT).before(self.options.rules.expiry)
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
    fn set_patience(&mut self, patience: Duration) {
        self.patience.set(patience);
    }

    fn generation(&mut self) -> Result<Generation, StoreError> {
        // Some processes make no more than one announce.
        self.attempt("read", |database, _| Ok(database.generation))
    }

    fn announce(
        &mut self,
        announce: &PeerAnnounce,
        now: Timestamp,
        want: Want,
        sample: &mut PeerSample,
    ) -> Result<Announced, StoreError> {
        self.arrive(now, |moment| moment.announce(announce, want, sample))
    }

    fn announce_many(
        &mut self,
        announces: &[(PeerAnnounce, Want)],
        now: Timestamp,
        samples: &mut [PeerSample],
    ) -> Result<Vec<Announced>, StoreError> {
        self.arrive(now, |moment| {
            let each = announces.iter().zip(&mut *samples);
            each.map(|((announce, want), sample)| moment.announce(announce, *want, sample))
                .collect()
        })
    }

    fn announces_in_the_last_minute(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.attempt("read", |database, _| Ok(database.announce_rate()?.last_minute(now)))
    }

    fn take_token(
        &mut self,
        purpose: Purpose,
        address: IpAddr,
        allowance: Allowance,
        now: Timestamp,
    ) -> Result<Option<Seconds>, StoreError> {
        self.notice_replacement(now);
        self.run("write", |database, _| {
            let transaction = Immediate::begin(database)?;
            let wait = buckets::take_token(database, purpose, address, allowance, now)?;
            transaction.commit()?;
            Ok(wait)
        })
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
        if swept < budget {
            self.run("write", |database, _| counting::count_again(database))?;
        }
        Ok(swept)
    }
}

impl StoreMaintenance for SqliteStore {
    fn check(&mut self) -> Result<Vec<String>, StoreError> {
        self.run("read", |database, _| walk::check(database))
    }

    fn recount(&mut self, info_hash: InfoHash) -> Result<Option<Recount>, StoreError> {
        self.run("write", |database, _| recount::recount(database, info_hash))
    }

    fn remove_lost_peers(&mut self) -> Result<u64, StoreError> {
        self.run("write", |database, _| lost::remove(database))
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
        let path = &self.options.file.path;
        let metadata =
            std::fs::metadata(path).map_err(|source| files::failure("measure", path, source))?;
        let (location, bytes) = (files::name(path), metadata.len());
        Ok(StoreInfo { kind: KIND, location, bytes, room: None, swarms, peers, anomalies })
    }

    fn export_peers(
        &mut self,
        info_hash: InfoHash,
        from: Cursor,
        limit: usize,
    ) -> Result<Batch<Peer>, StoreError> {
        self.run("read", |database, _| walk::peers(database, info_hash, from, limit))
    }

    fn import_generation(&mut self, generation: Generation) -> Result<(), StoreError> {
        self.run("write", |database, _| transfer::import_generation(database, generation))?;
        // What was read of the file before is no longer true.
        self.database = None;
        Ok(())
    }

    fn import_swarm(&mut self, totals: &SwarmSummary, peers: &[Peer]) -> Result<(), StoreError> {
        self.run("write", |database, random| {
            transfer::import_swarm(database, random, totals, peers)
        })
    }

    fn remove_swarm(&mut self, info_hash: InfoHash) -> Result<(), StoreError> {
        self.run("write", |database, _| walk::remove_swarm(database, info_hash))
    }
}
