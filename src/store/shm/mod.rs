//! Peers in shared memory: one file that any number of processes map and use at once, any of which
//! may be killed at any instruction.
//!
//! `layout` is the file format. `memory` maps the file, `mutex` and `shard` make changes atomic,
//! `pages` divides the room, `table` keeps records in it, `swarm`, `peer` and `endpoints` are what the
//! records are.
//! `announce`, `peers`, `sample` and `walk` are what a store does; `file` and `making` open and make one.

mod announce;
mod buckets;
mod check;
mod correction;
#[cfg(test)]
mod dying;
#[cfg(test)]
mod dying_tests;
mod endpoints;
mod file;
#[cfg(test)]
mod full_tests;
#[cfg(fuzzing)]
pub mod fuzzing;
#[cfg(test)]
mod garbage_tests;
mod hash;
#[cfg(test)]
mod heap_tests;
mod layout;
mod making;
mod memory;
mod mutex;
mod pages;
mod peer;
mod peers;
#[cfg(test)]
mod processes;
mod recount;
mod sample;
mod shard;
mod swarm;
mod table;
#[cfg(test)]
mod tests;
mod trouble;
mod walk;

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use self::announce::PendingAnnounce;
use self::file::{Moment, StoreFile};
use self::layout::header;
use self::trouble::Trouble;
use super::caps::MOST_EVICTED;
use super::identity::Identity;
use super::rate::AnnounceRate;
use super::{
    Allowance, AnnounceLimit, Announced, Batch, Cursor, FileOptions, Generation, Patience, Peer,
    PeerAnnounce, PeerRules, PeerSample, PeerStore, PeerSummary, Proof, Purpose, Recount,
    StoreError, StoreInfo, StoreMaintenance, SwarmCounts, SwarmSummary, Want, files,
};
use crate::platform::random::Random;
use crate::protocol::{InfoHash, Seconds, Timestamp};

/// The kind of these stores, as the configuration names it.
const KIND: &str = "shm";

/// Bytes that a peer takes, with all that goes with it, in a store of many: 81 to 85 as measured, and
/// some 115 with an IPv6 address.
const BYTES_A_PEER: u64 = 88;

/// How often an operation is begun again before a person has to look.
const ATTEMPTS: u32 = 100;

/// How a store in shared memory is opened.
#[derive(Clone, Debug)]
pub struct ShmOptions {
    /// Its file.
    pub file: FileOptions,
    /// What it holds its peers to.
    pub rules: PeerRules,
    /// Bytes that it may take.
    pub max_size: u64,
}

impl ShmOptions {
    /// What a store may take when nobody says: 1 GiB, some 12 million peers.
    pub const MAX_SIZE: u64 = 1 << 30;

    /// A file without limits on its peers but for their expiry, of the usual size.
    #[must_use]
    pub fn new(path: PathBuf, expiry: Seconds) -> Self {
        Self {
            file: FileOptions::new(path),
            rules: PeerRules::new(expiry),
            max_size: Self::MAX_SIZE,
        }
    }
}

/// Peers in shared memory.
///
/// A file that cannot be used is recreated, also while it is in use.
pub struct ShmStore {
    options: ShmOptions,
    patience: Patience,
    random: Random,
    /// `None` after a failure; the next call opens the file again.
    file: Option<StoreFile>,
    /// When the file was last seen at its path; `None` when it has just been opened.
    checked: Option<Timestamp>,
    /// The hash of the swarm that the next sweep starts with.
    sweep_from: u64,
}

impl ShmStore {
    /// Opens the store; makes it where there is none, or none that can be used.
    ///
    /// # Errors
    /// When the file cannot be opened or made.
    pub fn open(options: &ShmOptions) -> Result<Self, StoreError> {
        making::open_or_make(options).map(|file| Self::with(options, file))
    }

    /// Puts an empty store in place of whatever is there.
    ///
    /// # Errors
    /// When the file cannot be replaced or made.
    pub fn rebuild(options: &ShmOptions) -> Result<Self, StoreError> {
        making::rebuild(options).map(|file| Self::with(options, file))
    }

    fn with(options: &ShmOptions, file: StoreFile) -> Self {
        Self {
            options: options.clone(),
            patience: Patience::new(options.file.patience),
            random: Random::new(),
            file: Some(file),
            checked: None,
            sweep_from: 0,
        }
    }

    /// Runs one call on the file. When that turns out to be broken, or not to be the store any more,
    /// it is recreated or opened again, and the call is repeated.
    fn attempt<T>(
        &mut self,
        doing: &'static str,
        call: impl FnMut(&StoreFile, &mut Random) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        let patience = self.patience.left();
        self.options.file.patience = patience;
        if let Some(file) = &mut self.file {
            file.limits.patience = patience;
        }
        self.attempt_patiently(doing, call).inspect_err(|problem| {
            if matches!(problem, StoreError::WouldWait { .. }) {
                self.patience.spend();
            }
        })
    }

    fn attempt_patiently<T>(
        &mut self,
        doing: &'static str,
        mut call: impl FnMut(&StoreFile, &mut Random) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        let mut was_broken = false;
        for _ in 0..ATTEMPTS {
            let Some(file) = &self.file else {
                self.file = Some(making::open_or_make(&self.options)?);
                continue;
            };
            match call(file, &mut self.random) {
                Ok(value) => return Ok(value),
                Err(Trouble::Retired | Trouble::Unmapped) => self.file = None,
                Err(Trouble::Crowded(crowd)) => {
                    let gone = walk::make_way(file, crowd, self.random.bits());
                    gone.map_err(|trouble| self.failure(doing, trouble))?;
                    crowd.tell(&self.options.file.path);
                }
                Err(Trouble::Broken(reason)) if !was_broken => {
                    was_broken = true;
                    self.file = Some(making::replace(&self.options, file, reason)?);
                }
                Err(trouble) => return Err(self.failure(doing, trouble)),
            }
        }
        Err(self.failure(doing, Trouble::Broken("it is recreated again and again")))
    }

    fn failure(&self, doing: &'static str, trouble: Trouble) -> StoreError {
        let path = &self.options.file.path;
        match trouble {
            Trouble::Full => StoreError::Full {
                store: files::name(path),
                remedy: "raise `max_size` in [store], or make room where the store is",
            },
            Trouble::Busy => files::would_wait(path),
            Trouble::Io(source) => files::failure(doing, path, source),
            Trouble::Broken(reason) => {
                files::failure(doing, path, io::Error::new(io::ErrorKind::InvalidData, reason))
            }
            Trouble::Unmapped | Trouble::Retired | Trouble::Crowded(_) => {
                files::failure(doing, path, io::ErrorKind::Interrupted.into())
            }
        }
    }

    /// Each call with a clock starts here, so it is also where a replaced file is noticed.
    fn moment(&mut self, now: Timestamp) -> Moment {
        let checked = self.checked.replace(now);
        if checked.is_some_and(|checked| checked != now) {
            let path = &self.options.file.path;
            self.file.take_if(|file| making::has_moved(path, file));
        }
        let now = peer::instant(now);
        Moment { now, cutoff: now.saturating_sub(self.options.rules.expiry.0) }
    }
}

impl PeerStore for ShmStore {
    fn set_patience(&mut self, patience: Duration) {
        self.patience.set(patience);
    }

    fn generation(&mut self) -> Result<Generation, StoreError> {
        self.attempt("read", |file, _| file.generation())
    }

    fn announce(
        &mut self,
        announce: &PeerAnnounce,
        now: Timestamp,
        want: Want,
        sample: &mut PeerSample,
    ) -> Result<Announced, StoreError> {
        let moment = self.moment(now);
        let rules = self.options.rules.clone();
        let (mut attempts, mut is_too_early, mut crowd) = (0, None, None);
        let announced = self.attempt("write", |file, random| {
            attempts += 1;
            let lately = file.announces_in_the_last_minute(now)?;
            let is_early = match (&rules.announces, is_too_early) {
                (None, _) => false,
                (Some(_), Some(known)) => known,
                (Some(limit), None) => file.is_too_early(limit, announce, now)?,
            };
            is_too_early = Some(is_early);
            let outcome = file.with_swarm(announce.info_hash, moment, |shard, swarm| {
                let (announce, Moment { now, cutoff }) = (*announce, moment);
                let proof = Proof::of(&announce, shard.geometry.secret[1]);
                let pending = PendingAnnounce {
                    shard,
                    random,
                    announce,
                    identity: Identity { peer_id: announce.peer_id, proof },
                    now,
                    cutoff,
                    want,
                    rules: &rules,
                    must_make_way: attempts <= MOST_EVICTED,
                    is_too_early: is_early,
                };
                pending.apply(swarm, sample)
            })?;
            if !is_early && AnnounceRate::counts(random) {
                file.count_announce(now)?;
            }
            if outcome.is_anomaly {
                file.count_anomaly()?;
            }
            crowd = outcome.crowd;
            let (counts, generation) = (outcome.counts, file.generation()?);
            Ok(Announced { counts, generation, announces_in_the_last_minute: lately })
        })?;
        if is_too_early == Some(true) {
            AnnounceLimit::tell(announce);
        }
        if let Some(crowd) = crowd {
            crowd.tell(&self.options.file.path);
        }
        Ok(announced)
    }

    fn announces_in_the_last_minute(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.attempt("read", |file, _| file.announces_in_the_last_minute(now))
    }

    fn take_token(
        &mut self,
        purpose: Purpose,
        address: IpAddr,
        allowance: Allowance,
        now: Timestamp,
    ) -> Result<Option<Seconds>, StoreError> {
        self.attempt("write", |file, _| file.take_token(purpose, address, allowance, now))
    }

    fn counts(
        &mut self,
        info_hashes: &[InfoHash],
        now: Timestamp,
    ) -> Result<Vec<SwarmCounts>, StoreError> {
        let moment = self.moment(now);
        self.attempt("read", |file, _| walk::counts(file, info_hashes, moment))
    }

    fn visit_swarms(
        &mut self,
        from: Cursor,
        limit: usize,
        now: Timestamp,
    ) -> Result<Batch<SwarmSummary>, StoreError> {
        let moment = self.moment(now);
        self.attempt("read", |file, _| walk::visit_swarms(file, from, limit, moment))
    }

    fn visit_peers(
        &mut self,
        info_hash: InfoHash,
        from: Cursor,
        limit: usize,
        now: Timestamp,
    ) -> Result<Batch<PeerSummary>, StoreError> {
        let cutoff = Timestamp(self.moment(now).cutoff.into());
        let Batch { items, next } =
            self.attempt("read", |file, _| walk::peers(file, info_hash, from, limit))?;
        let live = items.iter().filter(|peer| peer.last_seen >= cutoff);
        Ok(Batch { items: live.map(|peer| peer.summary(cutoff)).collect(), next })
    }

    fn expire(&mut self, now: Timestamp, budget: usize) -> Result<usize, StoreError> {
        let (moment, from) = (self.moment(now), self.sweep_from);
        let (swept, next) =
            self.attempt("write", |file, _| walk::expire(file, from, moment, budget))?;
        self.sweep_from = next;
        Ok(swept)
    }
}

impl StoreMaintenance for ShmStore {
    fn check(&mut self) -> Result<Vec<String>, StoreError> {
        self.attempt("read", |file, _| check::check(file))
    }

    fn recount(&mut self, info_hash: InfoHash) -> Result<Option<Recount>, StoreError> {
        self.attempt("write", |file, _| recount::recount(file, info_hash))
    }

    /// None: a peer lies in the tables of its swarm.
    fn remove_lost_peers(&mut self) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn info(&mut self) -> Result<StoreInfo, StoreError> {
        let (swarms, peers, most, anomalies) = self.attempt("read", |file, _| {
            let (swarms, peers) = shard::sizes(&file.memory, file.geometry)?;
            Ok((swarms, peers, file.bytes_at_most(), file.header(header::ANOMALIES)?))
        })?;
        let path = &self.options.file.path;
        let metadata =
            std::fs::metadata(path).map_err(|source| files::failure("measure", path, source))?;
        let (location, bytes) = (files::name(path), metadata.len());
        let room = Some(most / BYTES_A_PEER);
        Ok(StoreInfo { kind: KIND, location, bytes, room, swarms, peers, anomalies })
    }

    fn export_peers(
        &mut self,
        info_hash: InfoHash,
        from: Cursor,
        limit: usize,
    ) -> Result<Batch<Peer>, StoreError> {
        self.attempt("read", |file, _| walk::peers(file, info_hash, from, limit))
    }

    fn import_generation(&mut self, generation: Generation) -> Result<(), StoreError> {
        self.attempt("write", |file, _| file.set_generation(generation))
    }

    fn import_swarm(&mut self, totals: &SwarmSummary, peers: &[Peer]) -> Result<(), StoreError> {
        self.attempt("write", |file, _| walk::import_swarm(file, totals, peers))
    }

    fn remove_swarm(&mut self, info_hash: InfoHash) -> Result<(), StoreError> {
        self.attempt("write", |file, _| walk::remove_swarm(file, info_hash))
    }
}
