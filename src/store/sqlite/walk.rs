//! The slow calls: counts for scrapes, walks over swarms and peers, the general sweep, the check.

use rusqlite::params;

use super::addresses::{Addresses, Place};
use super::connection::Database;
use super::counting;
use super::lost;
use super::peer::PeerRow;
use super::schema::{self, Class, instant_in, number_in, role_in, stored};
use super::swarm::Swarm;
use super::transaction::{Immediate, Snapshot};
use crate::protocol::{InfoHash, Timestamp};
use crate::store::identity::Identity;
use crate::store::{Batch, Cursor, Peer, PeerSummary, Role, SwarmCounts, SwarmSummary};

/// Peers after which a batch of swarms is long enough, so that no walk holds back writers for long.
const PEERS_PER_BATCH: usize = 10_000;

/// Swarms that the general sweep looks at in one transaction.
const SWARMS_PER_SWEEP: usize = 256;

/// More problems than this say nothing new.
const ENOUGH: usize = 100;

/// Peers that it takes out in one transaction, while which nobody else can write.
const PEERS_PER_SWEEP: usize = 1000;

const LIVE: &str = "SELECT role, left, uploaded, downloaded, last_seen FROM peer \
     WHERE swarm = ?1 AND class BETWEEN 0 AND 2";

/// Counts for each info-hash, in order.
pub(super) fn counts(
    database: &Database,
    info_hashes: &[InfoHash],
    cutoff: Timestamp,
) -> rusqlite::Result<Vec<SwarmCounts>> {
    let _snapshot = Snapshot::begin(database)?;
    let count = |&info_hash| match Swarm::find(database, info_hash)? {
        Some(swarm) => swarm.live_counts(database, cutoff),
        None => Ok(SwarmCounts::default()),
    };
    info_hashes.iter().map(count).collect()
}

/// Swarms in order of their ids.
pub(super) fn visit_swarms(
    database: &Database,
    from: Cursor,
    limit: usize,
    cutoff: Timestamp,
) -> rusqlite::Result<Batch<SwarmSummary>> {
    let _snapshot = Snapshot::begin(database)?;
    let mut swarms = Swarm::walk(database, stored(from.0), limit.max(1).saturating_add(1))?;
    let after = (swarms.len() > limit.max(1)).then(|| swarms.pop()).flatten();
    let mut batch = Batch { items: Vec::with_capacity(swarms.len()), next: after.map(cursor_of) };
    let mut visited = 0;
    for swarm in &swarms {
        if visited >= PEERS_PER_BATCH {
            batch.next = Some(cursor_of(*swarm));
            break;
        }
        let (summary, peers) = summary(database, swarm, cutoff)?;
        batch.items.push(summary);
        visited += peers;
    }
    Ok(batch)
}

fn cursor_of(swarm: Swarm) -> Cursor {
    Cursor(swarm.id.unsigned_abs())
}

/// The figures of a swarm, and how many rows were read for them.
fn summary(
    database: &Database,
    swarm: &Swarm,
    cutoff: Timestamp,
) -> rusqlite::Result<(SwarmSummary, usize)> {
    let mut summary = SwarmSummary {
        info_hash: swarm.info_hash,
        counts: SwarmCounts { completed: swarm.counts.completed, ..SwarmCounts::default() },
        expired: swarm.expired,
        departed_uploaded: swarm.departed_uploaded,
        departed_downloaded: swarm.departed_downloaded,
        live_uploaded: 0,
        live_downloaded: 0,
        left: 0,
        last_announce: swarm.last_announce,
    };
    let mut statement = database.statement(LIVE)?;
    let mut rows = statement.query(params![swarm.id])?;
    let mut read = 0;
    while let Some(row) = rows.next()? {
        read += 1;
        let last_seen = instant_in(row, 4)?;
        summary.last_announce = summary.last_announce.max(last_seen);
        if last_seen < cutoff {
            continue;
        }
        let role = role_in(row, 0)?;
        *summary.counts.of_role(role) += 1;
        summary.live_uploaded = summary.live_uploaded.saturating_add(number_in(row, 2)?);
        summary.live_downloaded = summary.live_downloaded.saturating_add(number_in(row, 3)?);
        if role != Role::Seeder && row.get::<_, Option<i64>>(1)?.is_some() {
            summary.left = summary.left.saturating_add(number_in(row, 1)?);
        }
    }
    Ok((summary, read))
}

/// Living peers of one swarm.
pub(super) fn visit_peers(
    database: &Database,
    info_hash: InfoHash,
    from: Cursor,
    limit: usize,
    cutoff: Timestamp,
) -> rusqlite::Result<Batch<PeerSummary>> {
    let Batch { items, next } = peers(database, info_hash, from, limit)?;
    let live = items.iter().filter(|peer| peer.last_seen >= cutoff);
    Ok(Batch { items: live.map(|peer| peer.summary(cutoff)).collect(), next })
}

/// Peers of one swarm in order of their tags, which never change.
pub(super) fn peers(
    database: &Database,
    info_hash: InfoHash,
    from: Cursor,
    limit: usize,
) -> rusqlite::Result<Batch<Peer>> {
    let _snapshot = Snapshot::begin(database)?;
    let Some(swarm) = Swarm::find(database, info_hash)? else {
        return Ok(Batch { items: Vec::new(), next: None });
    };
    let limit = limit.max(1);
    let mut peers = Vec::new();
    for class in Class::ALL {
        let more = limit.saturating_add(1);
        peers.extend(PeerRow::walk(database, swarm.id, class, stored(from.0), more)?);
    }
    peers.sort_unstable_by_key(|peer| peer.tag);
    let next = peers.get(limit).map(|peer| Cursor(peer.tag.unsigned_abs()));
    peers.truncate(limit);
    Ok(Batch { items: peers.into_iter().map(|row| row.peer).collect(), next })
}

/// Forgets a swarm.
pub(super) fn remove_swarm(database: &Database, info_hash: InfoHash) -> rusqlite::Result<()> {
    let transaction = Immediate::begin(database)?;
    if let Some(swarm) = Swarm::find(database, info_hash)? {
        delete(database, &swarm)?;
    }
    transaction.commit()
}

/// Takes a swarm out with all its peers, in a transaction that is under way.
pub(super) fn delete(database: &Database, swarm: &Swarm) -> rusqlite::Result<()> {
    database.execute("DELETE FROM peer WHERE swarm = ?1", params![swarm.id])?;
    database.execute("DELETE FROM endpoint WHERE swarm = ?1", params![swarm.id])?;
    database.execute("DELETE FROM swarm WHERE id = ?1", params![swarm.id])?;
    counting::count_swarms(database, -1)?;
    counting::count_peers(database, -stored(swarm.peers()))
}

/// Sweeps some swarms from the id `from` on. Returns how many peers went, and the id to go on with:
/// 0 when the last swarm was met.
pub(super) fn expire(
    database: &Database,
    from: i64,
    (now, cutoff): (Timestamp, Timestamp),
    budget: usize,
) -> rusqlite::Result<(usize, i64)> {
    let transaction = Immediate::begin(database)?;
    let budget = budget.min(PEERS_PER_SWEEP);
    let swarms = Swarm::walk(database, from, SWARMS_PER_SWEEP)?;
    let mut next = match swarms.last() {
        Some(last) if swarms.len() == SWARMS_PER_SWEEP => last.id.saturating_add(1),
        _ => 0,
    };
    let mut swept = 0;
    for mut swarm in swarms {
        let is_correct = swarm.correct(database, now, PEERS_PER_SWEEP)?;
        swept += swarm.sweep(database, cutoff, budget - swept)?;
        swarm.save(database)?;
        if !is_correct || swarm.has_silent(cutoff) {
            next = swarm.id;
            break;
        }
    }
    transaction.commit()?;
    Ok((swept, next))
}

/// Names what does not hold.
pub(super) fn check(database: &Database) -> rusqlite::Result<Vec<String>> {
    let _snapshot = Snapshot::begin(database)?;
    let mut problems: Vec<String> = database
        .statement("PRAGMA integrity_check")?
        .query_map([], |row| row.get(0))?
        .filter(|line| !line.as_ref().is_ok_and(|line| line == "ok"))
        .collect::<rusqlite::Result<_>>()?;
    problems.extend(lost::check(database)?);
    problems.extend(counting::check(database)?);
    let mut from = 0;
    loop {
        let swarms = Swarm::walk(database, from, SWARMS_PER_SWEEP)?;
        for swarm in &swarms {
            check_swarm(database, swarm, &mut problems)?;
        }
        let after = swarms.last().and_then(|last| last.id.checked_add(1));
        let Some(next) = after.filter(|_| problems.len() < ENOUGH) else {
            return Ok(problems);
        };
        from = next;
    }
}

fn check_swarm(
    database: &Database,
    swarm: &Swarm,
    problems: &mut Vec<String>,
) -> rusqlite::Result<()> {
    let mut counted = SwarmCounts { completed: swarm.counts.completed, ..SwarmCounts::default() };
    let mut seen = std::collections::HashSet::<Identity>::new();
    let mut endpoints = std::collections::HashSet::new();
    let mut places = Vec::new();
    for class in Class::ALL {
        for row in PeerRow::walk(database, swarm.id, class, i64::MIN, usize::MAX)? {
            let peer = &row.peer;
            *counted.of_role(peer.role) += 1;
            for problem in row.problems(swarm.salt) {
                problems.push(format!("peer {} of {} {problem}", peer.peer_id, swarm.info_hash));
            }
            places.extend(Place::all(peer.addresses).map(|place| (place, row.tag)));
            let (v4, v6) = peer.addresses.reachable().endpoints();
            let shares = !peer.is_stated
                && (v4.is_some_and(|v4| !endpoints.insert(Place::v4(v4)))
                    || v6.is_some_and(|v6| !endpoints.insert(Place::v6(v6))));
            if !seen.insert(peer.identity()) || shares {
                problems
                    .push(format!("peer {} of {} is there twice", peer.peer_id, swarm.info_hash));
            }
        }
    }
    places.sort_unstable();
    let found = database
        .statement("SELECT place, tag FROM endpoint WHERE swarm = ?1 ORDER BY place, tag")?
        .query_map(params![swarm.id], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<Vec<(Place, i64)>>>()?;
    if found != places {
        problems.push(format!("swarm {} lists other endpoints than it has", swarm.info_hash));
    }
    if counted != swarm.counts {
        problems
            .push(format!("swarm {} counts {}; it has {counted}", swarm.info_hash, swarm.counts));
    }
    Ok(())
}

impl PeerRow {
    fn problems(&self, salt: i64) -> Vec<&'static str> {
        let Addresses { v4, v6 } = self.peer.addresses;
        let vouched = [v4.map(|v4| v4.at), v6.map(|v6| v6.at)];
        let mut problems = Vec::new();
        if self.tag != schema::tag(self.peer.identity(), salt) {
            problems.push("stands at a wrong tag");
        }
        if self.class != self.peer.class() {
            problems.push("is in a wrong class");
        }
        if vouched.into_iter().flatten().any(|at| at > self.peer.last_seen) {
            problems.push("has an address that is younger than its last announce");
        }
        problems
    }
}
