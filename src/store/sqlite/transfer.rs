//! Taking over what another store has kept.

use rusqlite::params;

use super::addresses::Place;
use super::connection::Database;
use super::peer::PeerRow;
use super::schema::stored;
use super::swarm::Swarm;
use super::transaction::Immediate;
use crate::platform::random::Random;
use crate::store::{Generation, Peer, SwarmCounts, SwarmSummary};

/// Gives the store the generation of another one.
pub(super) fn import_generation(
    database: &Database,
    generation: Generation,
) -> rusqlite::Result<()> {
    database.execute("UPDATE store SET id = ?1", params![stored(generation.0)])?;
    Ok(())
}

/// Puts a swarm's totals and some of its peers in, all or nothing.
pub(super) fn import_swarm(
    database: &Database,
    random: &mut Random,
    totals: &SwarmSummary,
    peers: &[Peer],
) -> rusqlite::Result<()> {
    let transaction = Immediate::begin(database)?;
    let mut swarm = match Swarm::find(database, totals.info_hash)? {
        Some(swarm) => swarm,
        None => Swarm::create(database, totals.info_hash, random)?,
    };
    swarm.take_over(totals);
    for peer in peers {
        let proof = peer.proof.carried(peer.addresses, swarm.salt.cast_unsigned());
        let row = PeerRow::new(swarm.salt, Peer { proof, ..*peer });
        let known = PeerRow::find(database, swarm.key(), row.peer.identity(), row.class)?;
        if known.is_none() && !is_at_an_endpoint_of_another(database, &swarm, peer)? {
            row.put(database, swarm.id, None)?;
            swarm.count_in(peer.role);
        }
    }
    swarm.save(database)?;
    transaction.commit()
}

/// Whether another peer is where this one was seen.
fn is_at_an_endpoint_of_another(
    database: &Database,
    swarm: &Swarm,
    peer: &Peer,
) -> rusqlite::Result<bool> {
    for place in Place::all(peer.addresses.reachable()).filter(|_| !peer.is_stated) {
        if PeerRow::at(database, swarm.key(), &place)?.iter().any(|row| !row.peer.is_stated) {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Swarm {
    fn take_over(&mut self, totals: &SwarmSummary) {
        self.counts = SwarmCounts { completed: totals.counts.completed, ..self.counts };
        self.expired = totals.expired;
        self.departed_uploaded = totals.departed_uploaded;
        self.departed_downloaded = totals.departed_downloaded;
        self.last_announce = totals.last_announce;
        self.changed = true;
    }
}
