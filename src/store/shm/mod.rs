//! Peers in shared memory: one file that any number of processes map and use at once, any of which
//! may be killed at any instruction.
//!
//! `layout` is the file format. `memory` maps the file, `mutex` and `shard` make changes atomic,
//! `pages` divides the room, `table` keeps records in it, `swarm`, `peer` and `endpoints` are what the
//! records are.
//! `announce`, `peers`, `sample` and `walk` are what a store does; `file` and `making` open and make one.

mod announce;
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
mod sample;
mod shard;
mod swarm;
mod table;
#[cfg(test)]
mod tests;
mod trouble;
mod walk;

use std::io;
use std::sync::Arc;

use self::announce::Arrival;
use self::file::{Moment, StoreFile};
use self::layout::header;
use self::trouble::Trouble;
use super::identity::Identity;
use super::rate::AnnounceRate;
use super::{
    Batch, Cursor, Peer, PeerAnnounce, PeerSample, PeerStore, PeerSummary, Proof, StoreError,
    StoreId, StoreInfo, StoreOptions, SwarmCounts, SwarmSummary, Want, files,
};
use crate::platform::random::Random;
use crate::protocol::{InfoHash, Timestamp};

/// How a file of these stores begins.
pub(super) const MAGIC_BYTES: [u8; 8] = header::MAGIC_BYTES;

/// The kind of these stores, as the configuration names it.
const KIND: &str = "shm";

/// Bytes that a peer takes, with all that goes with it, in a store of many: 81 to 85 as measured, and
/// some 115 with an IPv6 address.
const BYTES_A_PEER: u64 = 88;

/// How often an operation is begun anew before a person has to look.
const ATTEMPTS: u32 = 100;

/// Peers in shared memory.
///
/// A file that cannot be used is made anew, also while it is in use.
pub struct ShmStore {
    options: StoreOptions,
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
    pub fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        making::open_or_make(options).map(|file| Self::with(options, file))
    }

    /// Puts an empty store in place of whatever is there.
    ///
    /// # Errors
    /// When the file cannot be replaced or made.
    pub fn rebuild(options: &StoreOptions) -> Result<Self, StoreError> {
        making::rebuild(options).map(|file| Self::with(options, file))
    }

    fn with(options: &StoreOptions, file: StoreFile) -> Self {
        Self {
            options: options.clone(),
            random: Random::new(),
            file: Some(file),
            checked: None,
            sweep_from: 0,
        }
    }

    /// Runs one call on the file. When that turns out to be broken, or not to be the store any more,
    /// it is made anew or opened again, and the call is repeated.
    fn attempt<T>(
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
                Err(Trouble::Crowded) => {
                    let gone = walk::evict_one(file, self.random.bits());
                    gone.map_err(|trouble| self.failure(doing, trouble))?;
                }
                Err(Trouble::Broken(reason)) if !was_broken => {
                    was_broken = true;
                    self.file = Some(making::replace(&self.options, file, reason)?);
                }
                Err(trouble) => return Err(self.failure(doing, trouble)),
            }
        }
        Err(self.failure(doing, Trouble::Broken("it is made anew again and again")))
    }

    fn failure(&self, doing: &'static str, trouble: Trouble) -> StoreError {
        let path = self.options.path.clone();
        match trouble {
            Trouble::Full => StoreError::Full {
                path,
                remedy: "raise `max_size` in [store], or make room where the store is",
            },
            Trouble::Busy => StoreError::Busy { path },
            Trouble::Io(source) => files::failure(doing, &path, source),
            Trouble::Broken(reason) => {
                files::failure(doing, &path, io::Error::new(io::ErrorKind::InvalidData, reason))
            }
            Trouble::Unmapped | Trouble::Retired | Trouble::Crowded => {
                files::failure(doing, &path, io::ErrorKind::Interrupted.into())
            }
        }
    }

    /// Each call with a clock starts here, so it is also where a replaced file is noticed.
    fn moment(&mut self, now: Timestamp) -> Moment {
        let checked = self.checked.replace(now);
        if checked.is_some_and(|checked| checked != now) {
            let path = &self.options.path;
            self.file.take_if(|file| making::has_moved(path, file));
        }
        let now = peer::instant(now);
        Moment { now, cutoff: now.saturating_sub(self.options.expiry.0) }
    }
}

impl PeerStore for ShmStore {
    fn id(&mut self) -> Result<StoreId, StoreError> {
        self.attempt("read", |file, _| file.header(header::LIFE).map(StoreId))
    }

    fn announce(
        &mut self,
        announce: &PeerAnnounce,
        now: Timestamp,
        want: Want,
        sample: &mut PeerSample,
    ) -> Result<SwarmCounts, StoreError> {
        let moment = self.moment(now);
        let StoreOptions { caps, max_rate, .. } = self.options;
        let exempt = Arc::clone(&self.options.exempt);
        self.attempt("write", |file, random| {
            if AnnounceRate::counts(random) {
                file.count_announce(now)?;
            }
            let (counts, is_anomaly) =
                file.with_swarm(announce.info_hash, moment, |shard, swarm| {
                    let (announce, Moment { now, cutoff }) = (*announce, moment);
                    let proof = Proof::of(&announce, shard.geometry.secret[1]);
                    let arrival = Arrival {
                        shard,
                        random,
                        announce,
                        identity: Identity { peer_id: announce.peer_id, proof },
                        now,
                        cutoff,
                        want,
                        caps,
                        exempt: &exempt,
                        max_rate,
                    };
                    arrival.happen(swarm, sample)
                })?;
            if is_anomaly {
                file.count_anomaly()?;
            }
            Ok(counts)
        })
    }

    fn announces_in_the_last_minute(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.attempt("read", |file, _| {
            file.header(header::ANNOUNCE_RATE).map(|rate| AnnounceRate(rate).last_minute(now))
        })
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

    fn remove_swarm(&mut self, info_hash: InfoHash) -> Result<(), StoreError> {
        self.attempt("write", |file, _| walk::remove_swarm(file, info_hash))
    }

    fn expire(&mut self, now: Timestamp, budget: usize) -> Result<usize, StoreError> {
        let (moment, from) = (self.moment(now), self.sweep_from);
        let (swept, next) =
            self.attempt("write", |file, _| walk::expire(file, from, moment, budget))?;
        self.sweep_from = next;
        Ok(swept)
    }

    fn check(&mut self) -> Result<Vec<String>, StoreError> {
        self.attempt("read", |file, _| check::check(file))
    }

    fn info(&mut self) -> Result<StoreInfo, StoreError> {
        let (swarms, peers, most, anomalies) = self.attempt("read", |file, _| {
            let (swarms, peers) = shard::sizes(&file.memory, file.geometry)?;
            Ok((swarms, peers, file.bytes_at_most(), file.header(header::ANOMALIES)?))
        })?;
        let path = self.options.path.clone();
        let metadata =
            std::fs::metadata(&path).map_err(|source| files::failure("measure", &path, source))?;
        let (bytes, room) = (metadata.len(), Some(most / BYTES_A_PEER));
        Ok(StoreInfo { kind: KIND, path, bytes, room, swarms, peers, anomalies })
    }

    fn export_peers(
        &mut self,
        info_hash: InfoHash,
        from: Cursor,
        limit: usize,
    ) -> Result<Batch<Peer>, StoreError> {
        self.attempt("read", |file, _| walk::peers(file, info_hash, from, limit))
    }

    fn import_id(&mut self, id: StoreId) -> Result<(), StoreError> {
        self.attempt("write", |file, _| walk::import_id(file, id))
    }

    fn import_swarm(&mut self, totals: &SwarmSummary, peers: &[Peer]) -> Result<(), StoreError> {
        self.attempt("write", |file, _| walk::import_swarm(file, totals, peers))
    }
}
