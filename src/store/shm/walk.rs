//! The slow calls: counts for scrapes, walks over swarms and peers, the general sweep, taking over.
//! None of them holds a lock for longer than an announce may.

use super::correction::Correction;
use super::endpoints::Place;
use super::file::{Moment, SWEEP, StoreFile};
use super::hash;
use super::layout::shard;
use super::peer::{self, kept_left};
use super::shard::Shard;
use super::swarm::Swarm;
use super::table::NEVER;
use super::trouble::Trouble;
use crate::protocol::InfoHash;
use crate::store::caps::{self, COMPARED, Crowd};
use crate::store::network::MOST_LIMITED;
use crate::store::peer::Class;
use crate::store::{Batch, Cursor, Peer, SwarmCounts, SwarmSummary};

/// Peers that a batch has at most, as they are read under one lock.
const BATCH: usize = 1000;

/// Peers that are put in under one lock.
const IMPORTED: usize = 64;

/// Counts for each info-hash, in order.
pub(super) fn counts(
    file: &StoreFile,
    info_hashes: &[InfoHash],
    moment: Moment,
) -> Result<Vec<SwarmCounts>, Trouble> {
    let count = |&info_hash| {
        file.with_swarm(info_hash, moment, |_, swarm| {
            Ok(swarm.map_or_else(SwarmCounts::default, |swarm| swarm.counts()))
        })
    };
    info_hashes.iter().map(count).collect()
}

/// Where a walk goes on: after the swarms that were looked at.
type Next = Option<u64>;

/// Looks at the swarms of one leaf from a hash on, while their shard is locked, for as long as `look`
/// says so.
fn look_at_leaf(
    file: &StoreFile,
    from: u64,
    mut look: impl FnMut(&Shard<'_>, &mut Swarm) -> Result<bool, Trouble>,
) -> Result<Next, Trouble> {
    let number = hash::shard_of(file.geometry, from);
    let shard = file.shard(number)?;
    let (swarms, next) = shard.swarms_from(from)?;
    for (hash, mut swarm) in swarms {
        if !look(&shard, &mut swarm)? {
            return Ok(Some(hash));
        }
    }
    let next = next.or_else(|| {
        let bits = file.geometry.shard_bits();
        let after = u64::from(number) + 1;
        (after < u64::from(file.geometry.shards)).then(|| after << (u64::BITS - bits))
    });
    match next {
        Some(next) if next <= from => Err(Trouble::BROKEN_CIRCLE),
        next => Ok(next),
    }
}

/// Swarms in the order of their hashes.
pub(super) fn visit_swarms(
    file: &StoreFile,
    from: Cursor,
    limit: usize,
    Moment { now, cutoff }: Moment,
) -> Result<Batch<SwarmSummary>, Trouble> {
    let (mut items, mut correction) = (Vec::new(), Correction::default());
    let (mut next, mut fuel) = (Some(from.0), file.most_leaves()?);
    while let Some(from) = next
        && items.len() < limit.max(1)
    {
        fuel = fuel.checked_sub(1).ok_or(Trouble::BROKEN_CIRCLE)?;
        next = look_at_leaf(file, from, |shard, swarm| {
            if items.len() == limit.max(1)
                || !shard.correct(swarm, now, &mut correction)?
                || shard.sweep(swarm, cutoff, SWEEP)? == SWEEP
            {
                return Ok(false);
            }
            items.push(swarm.summary());
            Ok(true)
        })?;
    }
    Ok(Batch { items, next: next.map(Cursor) })
}

/// Sweeps swarms from a hash on, round the end, until it is back there or has swept its budget.
/// Returns how many peers went, and the hash to go on with.
pub(super) fn expire(
    file: &StoreFile,
    start: u64,
    Moment { now, cutoff }: Moment,
    budget: usize,
) -> Result<(usize, u64), Trouble> {
    let (mut swept, mut at, mut turned) = (0, start, start == 0);
    let mut correction = Correction::default();
    // Twice round, and once more for each time that a leaf is left to others before its end.
    let mut fuel = file.most_leaves()?.saturating_mul(3).saturating_add(budget as u64);
    while swept < budget {
        fuel = fuel.checked_sub(1).ok_or(Trouble::BROKEN_CIRCLE)?;
        let mut share = SWEEP.min(budget - swept);
        let next = look_at_leaf(file, at, |shard, swarm| {
            if !shard.correct(swarm, now, &mut correction)? {
                return Ok(false);
            }
            let gone = shard.sweep(swarm, cutoff, share)?;
            (swept, share) = (swept + gone, share - gone);
            Ok(share > 0)
        })?;
        // All were met when the last one was, the second time, or the one that came first.
        let was_last = next.is_none_or(|next| turned && start > at && next >= start);
        at = next.unwrap_or(0);
        if was_last && turned {
            break;
        }
        turned |= next.is_none();
    }
    Ok((swept, at))
}

/// Peers of one swarm, of those that are there, in the order of their hashes, which never change.
pub(super) fn peers(
    file: &StoreFile,
    info_hash: InfoHash,
    from: Cursor,
    limit: usize,
) -> Result<Batch<Peer>, Trouble> {
    let limit = limit.clamp(1, BATCH);
    let shard = file.shard_of(info_hash)?;
    let Some(swarm) = shard.find_swarm(info_hash)? else {
        return Ok(Batch { items: Vec::new(), next: None });
    };
    let mut peers = Vec::new();
    for class in Class::ALL {
        first_peers(&shard, &swarm, class, from.0, limit + 1, &mut peers)?;
    }
    peers.sort_unstable_by_key(|&(hash, _)| hash);
    let next = peers.get(limit).map(|&(hash, _)| Cursor(hash));
    peers.truncate(limit);
    Ok(Batch { items: peers.into_iter().map(|(_, peer)| peer).collect(), next })
}

/// At least `limit` peers of a class from a hash on, if there are so many.
fn first_peers(
    shard: &Shard<'_>,
    swarm: &Swarm,
    class: Class,
    from: u64,
    limit: usize,
    peers: &mut Vec<(u64, Peer)>,
) -> Result<(), Trouble> {
    let (mut at, enough) = (Some(from), peers.len() + limit);
    while let Some(hash) = at
        && peers.len() < enough
    {
        let Some(spot) = shard.descend(swarm.table(class), hash)? else { break };
        for slot in 0..spot.leaf.head.count {
            let peer = shard.peer(&spot, slot)?;
            let hash = hash::of_peer(shard.geometry, peer.identity());
            if hash >= from {
                peers.push((hash, peer));
            }
        }
        at = spot.end();
    }
    Ok(())
}

/// Forgets a swarm, in small parts.
pub(super) fn remove_swarm(file: &StoreFile, info_hash: InfoHash) -> Result<(), Trouble> {
    loop {
        let shard = file.shard_of(info_hash)?;
        let Some(mut swarm) = shard.find_swarm(info_hash)? else { return Ok(()) };
        if shard.clear(&mut swarm, SWEEP)? < SWEEP {
            return shard.delete_swarm(info_hash);
        }
    }
}

/// Makes one go where there are as many as there may be: the peer, or the swarm, that is most dispensable, as
/// far as one can tell by a look at some swarms. The shard that has most has to give one.
pub(super) fn make_way(file: &StoreFile, crowd: Crowd, from: u64) -> Result<(), Trouble> {
    let counter = match crowd {
        Crowd::Swarms => shard::SWARM_COUNT,
        Crowd::Peers | Crowd::SwarmPeers => shard::PEER_COUNT,
    };
    let mut fullest = (0, 0);
    for number in 0..file.geometry.shards {
        let count = file.memory.get(file.geometry.shard(number) + counter)?;
        fullest = fullest.max((count, number));
    }
    let shard = file.shard(fullest.1)?;
    let bits = file.geometry.shard_bits();
    let first = u64::from(fullest.1).checked_shl(u64::BITS - bits).unwrap_or(0);
    let (mut looked_at, mut least, mut has_turned) = (0, None, false);
    let mut next = Some(first | from.checked_shr(bits).unwrap_or(0));
    while looked_at < COMPARED {
        let Some(at) = next else {
            // Round the end, once; some may be met twice.
            if has_turned {
                break;
            }
            (next, has_turned) = (Some(first), true);
            continue;
        };
        let (swarms, after) = shard.swarms_from(at)?;
        for (_, swarm) in swarms {
            if let Some(rank) = rank_for(&shard, &swarm, crowd)? {
                if least.is_none_or(|(least, _)| rank < least) {
                    least = Some((rank, swarm));
                }
                looked_at += 1;
            }
        }
        next = after;
    }
    match least {
        Some((_, swarm)) if crowd == Crowd::Swarms => {
            drop(shard);
            remove_swarm(file, swarm.info_hash)
        }
        Some((_, mut swarm)) => shard.evict_oldest(&mut swarm).map(|_| ()),
        None => Ok(()),
    }
}

/// How dispensable a swarm is, or the one of its peers that was silent for longest; nothing where it has none.
fn rank_for(
    shard: &Shard<'_>,
    swarm: &Swarm,
    crowd: Crowd,
) -> Result<Option<(bool, u64)>, Trouble> {
    if crowd == Crowd::Swarms {
        return Ok(Some(caps::rank(swarm.peers(), swarm.last_announce.into())));
    }
    if swarm.peers() == 0 {
        return Ok(None);
    }
    let seen = shard.oldest_class(swarm)?.map_or(NEVER, |(_, bound)| bound);
    Ok(Some(caps::rank(swarm.peers(), seen.into())))
}

/// Puts a swarm's totals in, and those of its peers that are not there.
pub(super) fn import_swarm(
    file: &StoreFile,
    totals: &SwarmSummary,
    peers: &[Peer],
) -> Result<(), Trouble> {
    let info_hash = totals.info_hash;
    let shard = file.shard_of(info_hash)?;
    let mut swarm = match shard.find_swarm(info_hash)? {
        Some(swarm) => swarm,
        None => shard.create_swarm(info_hash)?,
    };
    swarm.take_over(totals);
    shard.save(&swarm)?;
    shard.commit()?;
    drop(shard);
    for part in peers.chunks(IMPORTED) {
        let shard = file.shard_of(info_hash)?;
        for peer in part {
            let Some(mut swarm) = shard.find_swarm(info_hash)? else { return Ok(()) };
            let proof = peer.proof.carried(peer.addresses, shard.geometry.secret[1]);
            let peer = Peer { proof, left: peer.left.map(kept_left), ..*peer };
            if !is_there(&shard, &swarm, &peer)? {
                super::announce::put(&shard, &mut swarm, None, &peer)?;
                shard.save(&swarm)?;
                shard.commit()?;
            }
        }
    }
    Ok(())
}

/// Whether a peer is there already, or another one where this one was seen.
fn is_there(shard: &Shard<'_>, swarm: &Swarm, peer: &Peer) -> Result<bool, Trouble> {
    if shard.find_peer(swarm, peer.identity(), peer.class())?.is_some() {
        return Ok(true);
    }
    let (v4, v6) = peer.addresses.reachable().endpoints();
    let places = v4.map(Place::V4).into_iter().chain(v6.map(Place::V6));
    for place in places.filter(|_| !peer.is_stated) {
        if shard.peers_at(swarm, place, MOST_LIMITED)?.iter().any(|other| !other.is_stated) {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Swarm {
    fn take_over(&mut self, totals: &SwarmSummary) {
        let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        self.completed = count(totals.counts.completed);
        self.expired = count(totals.expired);
        self.departed_uploaded = totals.departed_uploaded;
        self.departed_downloaded = totals.departed_downloaded;
        self.last_announce = peer::instant(totals.last_announce);
    }
}
