//! Taking over what another store has kept.

use rusqlite::params;

use super::connection::Database;
use super::peer::{Found, PeerRow};
use super::schema::{self, stored};
use super::swarm::Swarm;
use super::transaction::Immediate;
use crate::store::random::Random;
use crate::store::{Peer, StoreId, SwarmCounts, SwarmSummary};

/// Gives the store the name of another one's life.
pub(super) fn import_id(database: &Database, id: StoreId) -> rusqlite::Result<()> {
    database.execute("UPDATE store SET id = ?1", params![stored(id.0)])?;
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
        let row = PeerRow::new(schema::tag(peer.peer_id, swarm.salt), *peer);
        if matches!(PeerRow::find(database, &swarm, peer.peer_id, row.class)?, Found::Nobody) {
            row.put(database, swarm.id, None)?;
            swarm.count_in(peer.role);
        }
    }
    swarm.save(database)?;
    transaction.commit()
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
