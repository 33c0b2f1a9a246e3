//! Whether others can connect to the peers: some are tried after each refresh, and never by who answers clients.
//!
//! A peer is tried at an address that it was seen at, at a port that it may have. Who has the torrent and is of the
//! program that announced can be reached. That peers cannot be reached is only believed while enough others can, by
//! the same protocol and in the same round: else it is this host that may not connect to anybody.

mod announces;
mod handshakes;
mod schedule;

use std::collections::{HashMap, HashSet};
use std::io;
use std::time::Duration;

use self::handshakes::{Answer, Bounds, ask};
use self::schedule::{Candidate, Schedule};
use super::rescan::republish;
use super::{RefreshError, read_store};
use crate::catalog::{Catalog, CatalogError, PolicySnapshot, Tried};
use crate::config::{LoadedConfig, ReachabilityCheck};
use crate::platform::lock::{self, LockError};
use crate::platform::random::{Random, unguessable};
use crate::protocol::{Endpoint, InfoHash, PeerId, Seconds, Timestamp};
use crate::store::{Cursor, Purpose, StoreError, StoreMaintenance, if_any, walk};

/// How long it is remembered how a peer was found, where it is not tried again.
const REMEMBERED: Seconds = Seconds(6 * 60 * 60);

/// Of so many peers that were tried one at least must be there, or none is held to be out of reach.
const ONE_OF: usize = 10;

/// From so many different networks peers must have answered where others have not answered at all: a firewall that
/// lets one port out must not make all others look closed.
const NETWORKS: usize = 3;

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
    let mut catalog = Catalog::open(path)?;
    let known = catalog.tried()?;
    let due = match if_any(read_store(loaded))? {
        Some(mut store) => {
            let policy = PolicySnapshot::open(&loaded.config.paths.policy).ok();
            candidates(store.as_mut(), policy.as_ref(), Schedule::of(loaded, &known, now), now)?
        }
        None => Vec::new(),
    };
    let before = begin(&mut catalog, &due, &known, now)?;
    // Half a minute later it may be another one: somebody can have put a copy in its place.
    drop(catalog);
    let answers = ask(&due, our_peer_id()?, &Bounds::default())?;
    let tried = judge(&due, &answers, now);
    let mut catalog = Catalog::open(path)?;
    catalog.record_tried(&tried, now.before(REMEMBERED), now)?;
    if catalog.unreachable()? != before {
        drop(catalog);
        republish(loaded, now)?;
    }
    Ok(Some(summed_up(&tried)))
}

/// Notes that these are tried now, before anybody is: whatever becomes of this process, they were. Returns those that
/// could not be reached until now.
fn begin(
    catalog: &mut Catalog,
    due: &[Candidate],
    known: &[Tried],
    now: Timestamp,
) -> Result<Vec<Endpoint>, CatalogError> {
    let known: HashMap<_, _> = known.iter().map(|it| (it.endpoint, it.is_reachable)).collect();
    let noted = due.iter().map(|candidate| Tried {
        endpoint: candidate.endpoint,
        at: now,
        is_reachable: known.get(&candidate.endpoint).copied().flatten(),
    });
    let before = catalog.unreachable()?;
    catalog.record_tried(&noted.collect::<Vec<_>>(), now.before(REMEMBERED), now)?;
    Ok(before)
}

/// Those that are to be tried now. Where there are too many for one time, chance decides with which swarm to begin.
fn candidates(
    store: &mut dyn StoreMaintenance,
    policy: Option<&PolicySnapshot>,
    mut schedule: Schedule<'_>,
    now: Timestamp,
) -> Result<Vec<Candidate>, StoreError> {
    let summaries = walk(|from| store.visit_swarms(from, BATCH, now))?;
    let mut swarms: Vec<InfoHash> = summaries.iter().map(|swarm| swarm.info_hash).collect();
    let first = Random::new().below(swarms.len() as u64);
    swarms.rotate_left(usize::try_from(first).unwrap_or(0));
    for info_hash in swarms {
        if schedule.is_full() {
            break;
        }
        let is_ours = policy.is_some_and(|policy| policy.find(info_hash).is_some());
        let mut next = Some(Cursor::default());
        while let Some(from) = next
            && !schedule.is_full()
        {
            let peers = store.export_peers(info_hash, from, BATCH)?;
            peers.items.iter().for_each(|peer| schedule.consider(info_hash, is_ours, peer));
            next = peers.next;
        }
    }
    Ok(schedule.due())
}

/// How peers were found. Where hardly anybody can be reached, that is not their fault.
fn judge(asked: &[Candidate], answers: &[Option<Answer>], now: Timestamp) -> Vec<Tried> {
    let beliefs = [true, false].map(|is_v4| {
        let of_family = asked.iter().zip(answers);
        Belief::from(of_family.filter(|(it, _)| it.endpoint.ip().is_ipv4() == is_v4))
    });
    let tried = asked.iter().zip(answers).filter_map(|(candidate, answer)| {
        let endpoint = candidate.endpoint;
        let belief = if endpoint.ip().is_ipv4() { beliefs[0] } else { beliefs[1] };
        let is_reachable = match answer.as_ref()? {
            Answer::Reachable => Some(true),
            Answer::Refused if belief >= Belief::Refusals => Some(false),
            Answer::Silent if belief >= Belief::Silence => Some(false),
            Answer::Refused | Answer::Silent | Answer::Unknown => None,
        };
        Some(Tried { endpoint, at: now, is_reachable })
    });
    tried.collect()
}

/// What is believed of those that cannot be reached. What comes later takes more, and includes what is before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Belief {
    /// Nothing.
    Nothing,
    /// That it is the peer where a connection is refused.
    Refusals,
    /// Also where nothing comes back.
    Silence,
}

impl Belief {
    /// What these answers, all by the same protocol, are good for.
    fn from<'a>(answers: impl Iterator<Item = (&'a Candidate, &'a Option<Answer>)>) -> Self {
        let (mut networks, mut reached, mut all) = (HashSet::new(), 0, 0);
        for (candidate, answer) in answers {
            all += usize::from(answer.is_some());
            if *answer == Some(Answer::Reachable) {
                reached += 1;
                networks.insert(Purpose::Announce.network(candidate.endpoint.ip()));
            }
        }
        let is_all_silent = networks.len() < NETWORKS;
        match reached {
            0 => Self::Nothing,
            _ if reached * ONE_OF < all => Self::Nothing,
            _ if is_all_silent => Self::Refusals,
            _ => Self::Silence,
        }
    }
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
    use std::net::IpAddr;

    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000);

    fn candidate(number: u8) -> Candidate {
        Candidate {
            endpoint: (IpAddr::from([8, 8, number, 8]), 6881).into(),
            info_hash: InfoHash([1; 20]),
            peer_id: PeerId([number; 20]),
        }
    }

    fn judged(answers: &[Option<Answer>]) -> Vec<Option<bool>> {
        let asked: Vec<Candidate> = (1..).map(candidate).take(answers.len()).collect();
        judge(&asked, answers, NOW).into_iter().map(|tried| tried.is_reachable).collect()
    }

    #[test]
    fn that_peers_cannot_be_reached_is_believed_where_enough_others_can() {
        let [reachable, refused, silent, unknown] =
            [Answer::Reachable, Answer::Refused, Answer::Silent, Answer::Unknown].map(Some);
        let (yes, no) = (Some(true), Some(false));
        let of_one_time = [reachable, refused, silent, unknown, None];
        assert_eq!(judged(&of_one_time), [yes, no, None, None], "one port may be let out");
        let three = [reachable, reachable, reachable, refused, silent];
        assert_eq!(judged(&three), [yes, yes, yes, no, no]);
        assert_eq!(judged(&[refused, silent, unknown]), [None, None, None]);
        let hardly_any = [&[reachable; 3][..], &[refused; 28]].concat();
        assert_eq!(judged(&hardly_any).into_iter().flatten().count(), 3);
    }

    #[test]
    fn peers_count_as_tried_before_anybody_is() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("catalog.db");
        let known = [(1, Some(false)), (2, Some(true))].map(|(number, is_reachable)| Tried {
            endpoint: candidate(number).endpoint,
            at: NOW.before(Seconds(100)),
            is_reachable,
        });
        let mut catalog = Catalog::open(&path).unwrap();
        catalog.record_tried(&known, Timestamp(0), NOW).unwrap();
        let due = [1, 2, 3].map(candidate);
        let before = begin(&mut catalog, &due, &known, NOW).unwrap();
        assert_eq!(before, [candidate(1).endpoint]);
        let tried = catalog.tried().unwrap();
        let found: Vec<_> = tried.iter().map(|it| (it.at, it.is_reachable)).collect();
        assert_eq!(found, [Some(false), Some(true), None].map(|verdict| (NOW, verdict)));
    }

    #[test]
    fn what_is_known_over_one_protocol_says_nothing_of_the_other() {
        let at = |text: &str| {
            let address: std::net::SocketAddr = text.parse().unwrap();
            Candidate { endpoint: (address.ip(), address.port()).into(), ..candidate(1) }
        };
        let asked = [at("8.8.8.8:6881"), at("[2a00::1]:6881"), at("8.8.4.4:6881")];
        let answers = [Answer::Reachable, Answer::Refused, Answer::Refused].map(Some);
        let found: Vec<_> =
            judge(&asked, &answers, NOW).into_iter().map(|tried| tried.is_reachable).collect();
        assert_eq!(found, [Some(true), None, Some(false)]);
    }
}
