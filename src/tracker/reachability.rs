//! Whether others can connect to the peers: some are tried after each refresh, and never by who answers clients.
//!
//! A peer is tried at an address that it was seen at, at a port that it may have. Who has the torrent and is the
//! peer that it said can be reached. That a peer cannot be reached is only believed while others can: else it is
//! this host that may not connect to anybody.

mod announces;
mod handshakes;
mod schedule;

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use self::handshakes::{Answer, Bounds, ask};
use self::schedule::{Candidate, Schedule};
use super::rescan::republish;
use super::{RefreshError, read_store};
use crate::catalog::{Catalog, CatalogError, Tried};
use crate::config::{LoadedConfig, ReachabilityCheck};
use crate::platform::lock::{self, LockError};
use crate::platform::random::unguessable;
use crate::protocol::{PeerId, Seconds, Timestamp};
use crate::store::{Cursor, StoreError, StoreMaintenance, if_any};

/// How long it is remembered how a peer was found.
const REMEMBERED: Seconds = Seconds(24 * 60 * 60);

/// Swarms or peers read in one go.
const BATCH: usize = 500;

/// What came of trying some peers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TriedPeers {
    /// Others can connect to them.
    pub reachable: usize,
    /// Nobody can.
    pub unreachable: usize,
    /// It was not to be told.
    pub unknown: usize,
}

/// What can stop it.
#[derive(Debug, thiserror::Error)]
pub enum ReachabilityError {
    /// The catalogue cannot be read or written.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The peer store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was found cannot be published.
    #[error(transparent)]
    Publish(#[from] RefreshError),
    /// Nobody can be kept from trying at the same time.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The system gives no sockets, or no random numbers.
    #[error("cannot try to connect to peers: {0}; allow the tracker's user more open files")]
    System(#[from] io::Error),
}

/// Tries some of the peers whose turn it is, for half a minute at most, and publishes what came of it; `None` where the
/// configuration does not want that, or another process is at it.
///
/// # Errors
/// When catalogue or store cannot be used; then what was known stays.
pub fn check_reachability(
    loaded: &LoadedConfig,
    now: Timestamp,
) -> Result<Option<TriedPeers>, ReachabilityError> {
    if loaded.config.reachability.check == ReachabilityCheck::Off || loaded.config.is_replica() {
        return Ok(None);
    }
    let path = &loaded.config.paths.catalog;
    // Two at once would try each peer twice as often.
    let lock = lock::within(&path.with_file_name("reachability.lock"), Duration::ZERO)?;
    let Some(_lock) = lock else { return Ok(None) };
    let known = Catalog::open(path)?.tried()?;
    let due = match if_any(read_store(loaded))? {
        Some(mut store) => candidates(store.as_mut(), Schedule::of(loaded, &known, now), now)?,
        None => Vec::new(),
    };
    let answers = ask(&due, our_peer_id()?, &Bounds::default())?;
    let tried = judge(&due, &answers, &known, now);
    let mut catalog = Catalog::open(path)?;
    let before = catalog.unreachable()?;
    catalog.record_tried(&tried, now.before(REMEMBERED))?;
    if catalog.unreachable()? != before {
        drop(catalog);
        republish(loaded, now)?;
    }
    Ok(Some(summed_up(&tried)))
}

/// Those that are to be tried now.
fn candidates(
    store: &mut dyn StoreMaintenance,
    mut schedule: Schedule<'_>,
    now: Timestamp,
) -> Result<Vec<Candidate>, StoreError> {
    let mut next = Some(Cursor::default());
    while let Some(from) = next
        && !schedule.is_full()
    {
        let swarms = store.visit_swarms(from, BATCH, now)?;
        for swarm in &swarms.items {
            let mut next = Some(Cursor::default());
            while let Some(from) = next
                && !schedule.is_full()
            {
                let peers = store.export_peers(swarm.info_hash, from, BATCH)?;
                peers.items.iter().for_each(|peer| schedule.consider(swarm.info_hash, peer));
                next = peers.next;
            }
        }
        next = swarms.next;
    }
    Ok(schedule.due())
}

/// How peers were found. Where nobody can be reached, that is not their fault.
fn judge(
    asked: &[Candidate],
    answers: &[Option<Answer>],
    known: &[Tried],
    now: Timestamp,
) -> Vec<Tried> {
    let found = |answer: Answer| answers.contains(&Some(answer));
    let asked_again: HashSet<_> = asked.iter().map(|candidate| candidate.endpoint).collect();
    let was_reachable =
        |tried: &Tried| tried.is_reachable == Some(true) && !asked_again.contains(&tried.endpoint);
    let is_believed = found(Answer::Reachable) || known.iter().any(was_reachable);
    if !is_believed && found(Answer::Unreachable) {
        crate::warning!(
            "of the peers that were tried none can be reached, which is not held against them: perhaps this host may not \
             connect to others; set check in [reachability] to \"off\" then"
        );
    }
    let tried = asked.iter().zip(answers).filter_map(|(candidate, answer)| {
        let is_reachable = match answer.as_ref()? {
            Answer::Reachable => Some(true),
            Answer::Unreachable if is_believed => Some(false),
            Answer::Unreachable | Answer::Unknown => None,
        };
        Some(Tried { endpoint: candidate.endpoint, at: now, is_reachable })
    });
    tried.collect()
}

fn summed_up(tried: &[Tried]) -> TriedPeers {
    let count = |is_reachable| tried.iter().filter(|it| it.is_reachable == is_reachable).count();
    TriedPeers {
        reachable: count(Some(true)),
        unreachable: count(Some(false)),
        unknown: count(None),
    }
}

/// What we say that we are; another one each time, so that nobody knows us by it.
fn our_peer_id() -> io::Result<PeerId> {
    let mut id = *b"-TK0100-............";
    let random: [u8; 12] = unguessable()?;
    id[8..].copy_from_slice(&random);
    Ok(PeerId(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Endpoint, InfoHash};

    const NOW: Timestamp = Timestamp(1_700_000_000);

    fn candidate(number: u8) -> Candidate {
        Candidate {
            endpoint: Endpoint([number; 18]),
            info_hash: InfoHash([1; 20]),
            peer_id: PeerId([number; 20]),
        }
    }

    fn judged(answers: &[Option<Answer>], known: &[Tried]) -> Vec<Option<bool>> {
        let asked: Vec<Candidate> = (1..).map(candidate).take(answers.len()).collect();
        judge(&asked, answers, known, NOW).into_iter().map(|tried| tried.is_reachable).collect()
    }

    #[test]
    fn that_peers_cannot_be_reached_is_believed_where_others_can() {
        let [reachable, unreachable, unknown] =
            [Answer::Reachable, Answer::Unreachable, Answer::Unknown].map(Some);
        let all = [reachable, unreachable, unknown, None];
        assert_eq!(judged(&all, &[]), [Some(true), Some(false), None], "of one there was no time");
        assert_eq!(judged(&[unreachable, unreachable], &[]), [None, None]);
        let tried = |number: u8| Tried {
            endpoint: Endpoint([number; 18]),
            at: NOW,
            is_reachable: Some(true),
        };
        assert_eq!(judged(&[unreachable], &[tried(9)]), [Some(false)]);
        assert_eq!(judged(&[unreachable], &[tried(1)]), [None], "it was the only one");
    }
}
