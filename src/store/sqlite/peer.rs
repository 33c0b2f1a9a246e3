//! One peer's row: how it is found, read, written and taken out.

use rusqlite::types::ToSql;
use rusqlite::{Row, params};

use super::addresses::{Location, Place};
use super::connection::Database;
use super::schema::{
    self, Class, SwarmKey, class_in, instant_in, number_in, role_in, role_number, stored,
};
use crate::protocol::{PeerId, Timestamp};
use crate::store::identity::Identity;
use crate::store::network::{MOST_ASKED, MOST_LIMITED, Network};
use crate::store::peer::Peer;
use crate::store::{Addresses, PeerAnnounce, Proof};

/// The columns that `PeerRow::read` takes, in its order.
macro_rules! columns {
    () => {
        "addresses, peer_id, proof, role, left, uploaded, downloaded, first_seen, last_seen, class, \
         peer.tag"
    };
}

const FIND: &str =
    concat!("SELECT ", columns!(), " FROM peer WHERE swarm = ?1 AND class = ?2 AND tag = ?3");
const WITHIN: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM endpoint CROSS JOIN peer ON peer.swarm = endpoint.swarm AND peer.class IN (0, 1, 2) \
     AND peer.tag = endpoint.tag WHERE endpoint.swarm = ?1 AND place BETWEEN ?2 AND ?3 LIMIT ?4"
);
const WALK: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM peer WHERE swarm = ?1 AND class = ?2 AND tag >= ?3 ORDER BY tag LIMIT ?4"
);
const INSERT: &str = "INSERT INTO peer(swarm, class, tag, addresses, role, left, uploaded, \
     downloaded, last_seen, first_seen, peer_id, proof) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const UPDATE: &str = "UPDATE peer SET addresses = ?4, role = ?5, left = ?6, uploaded = ?7, \
     downloaded = ?8, last_seen = ?9 WHERE swarm = ?1 AND class = ?2 AND tag = ?3";
const AHEAD: &str =
    concat!("SELECT ", columns!(), " FROM peer WHERE swarm = ?1 AND last_seen > ?2 LIMIT ?3");
const CORRECT: &str = "UPDATE peer SET addresses = ?4, first_seen = ?5, last_seen = ?6 \
     WHERE swarm = ?1 AND class = ?2 AND tag = ?3";
const DELETE: &str = "DELETE FROM peer WHERE swarm = ?1 AND class = ?2 AND tag = ?3";
const ENTER: &str = "INSERT INTO endpoint(swarm, place, tag) VALUES (?1, ?2, ?3)";
const STRIKE: &str = "DELETE FROM endpoint WHERE swarm = ?1 AND place = ?2 AND tag = ?3";

/// A peer's row.
#[derive(Clone, Copy, Debug)]
pub(super) struct PeerRow {
    pub(super) class: Class,
    pub(super) tag: i64,
    pub(super) peer: Peer,
}

impl PeerRow {
    /// The row of a peer.
    pub(super) fn new(salt: i64, peer: Peer) -> Self {
        Self { class: peer.class(), tag: schema::tag(peer.identity(), salt), peer }
    }

    /// Looks for a peer, first in the class where it is most likely.
    pub(super) fn find(
        database: &Database,
        swarm: SwarmKey,
        identity: Identity,
        likely: Class,
    ) -> rusqlite::Result<Option<Self>> {
        let tag = schema::tag(identity, swarm.salt);
        let mut statement = database.statement(FIND)?;
        let others = Class::ALL.into_iter().filter(|&class| class != likely);
        for class in std::iter::once(likely).chain(others) {
            let mut rows = statement.query(params![swarm.id, class.number(), tag])?;
            if let Some(row) = rows.next()? {
                // Another peer may have the same tag: 1 in 2^63 for each pair.
                return Ok(Some(Self::read(row)?).filter(|row| row.peer.identity() == identity));
            }
        }
        Ok(None)
    }

    /// The living peer that an announce is likeliest of, by the address that it came from.
    pub(super) fn find_by_address(
        database: &Database,
        swarm: SwarmKey,
        announce: &PeerAnnounce,
        cutoff: Timestamp,
    ) -> rusqlite::Result<Option<Self>> {
        let Some(seen) = announce.seen_from() else { return Ok(None) };
        // At its own endpoint first: of very many at one address not all are looked at.
        let (v4, v6) = announce.seen_at();
        let own = v4.map(Place::v4).into_iter().chain(v6.map(Place::v6));
        let own = own.map(|place| (place.clone(), place));
        for ends in own.chain([Place::ends(Network::only(seen))]) {
            let rows = Self::between(database, swarm, &ends, MOST_ASKED)?.into_iter();
            let rows = rows
                .filter(|row| row.peer.last_seen >= cutoff && row.peer.may_send(announce, cutoff));
            let likeliest = rows.max_by(|one, other| announce.likelier(&one.peer, &other.peer));
            if likeliest.is_some() {
                return Ok(likeliest);
            }
        }
        Ok(None)
    }

    /// Peers in a network, not all of them where they are very many.
    pub(super) fn within(
        database: &Database,
        swarm: SwarmKey,
        network: Network,
    ) -> rusqlite::Result<Vec<Self>> {
        Self::between(database, swarm, &Place::ends(network), MOST_LIMITED)
    }

    /// The peers that have an endpoint.
    pub(super) fn at(
        database: &Database,
        swarm: SwarmKey,
        endpoint: &Place,
    ) -> rusqlite::Result<Vec<Self>> {
        Self::between(database, swarm, &(endpoint.clone(), endpoint.clone()), MOST_LIMITED)
    }

    fn between(
        database: &Database,
        swarm: SwarmKey,
        (first, last): &(Place, Place),
        most: usize,
    ) -> rusqlite::Result<Vec<Self>> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut statement = database.statement(WITHIN)?;
        let rows = statement.query_map(params![swarm.id, first, last, most], Self::read)?;
        rows.collect()
    }

    /// The peers of one class from a tag on, in order of tags.
    pub(super) fn walk(
        database: &Database,
        swarm: i64,
        class: Class,
        from: i64,
        limit: usize,
    ) -> rusqlite::Result<Vec<Self>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = database.statement(WALK)?;
        let rows = statement.query_map(params![swarm, class.number(), from, limit], Self::read)?;
        rows.collect()
    }

    /// Some of the peers that were seen after an instant.
    pub(super) fn ahead(
        database: &Database,
        swarm: i64,
        latest: Timestamp,
        limit: usize,
    ) -> rusqlite::Result<Vec<Self>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = database.statement(AHEAD)?;
        let rows = statement.query_map(params![swarm, stored(latest.0), limit], Self::read)?;
        rows.collect()
    }

    /// Takes a peer that was seen in the future as seen now.
    pub(super) fn correct(
        &self,
        database: &Database,
        swarm: i64,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let peer = self.peer.corrected(now);
        database.statement(CORRECT)?.execute(params![
            swarm,
            self.class.number(),
            self.tag,
            Location::of(&peer),
            stored(peer.first_seen.0),
            stored(peer.last_seen.0),
        ])?;
        Ok(())
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let Location { addresses, hashes, is_stated, counted } = row.get(0)?;
        let peer = Peer {
            addresses,
            hashes,
            is_stated,
            counted,
            peer_id: PeerId(row.get(1)?),
            proof: Proof::from_bits(row.get(2)?),
            role: role_in(row, 3)?,
            left: row.get::<_, Option<i64>>(4)?.map(|_| number_in(row, 4)).transpose()?,
            uploaded: number_in(row, 5)?,
            downloaded: number_in(row, 6)?,
            first_seen: instant_in(row, 7)?,
            last_seen: instant_in(row, 8)?,
        };
        Ok(Self { class: class_in(row, 9)?, tag: row.get(10)?, peer })
    }

    /// Writes the row, in place of the one of `known`.
    pub(super) fn put(
        &self,
        database: &Database,
        swarm: i64,
        known: Option<&Self>,
    ) -> rusqlite::Result<()> {
        match known {
            Some(known) if (known.class, known.tag) == (self.class, self.tag) => {
                self.write(database, swarm, false)?;
            }
            Some(known) => {
                database.statement(DELETE)?.execute(params![
                    swarm,
                    known.class.number(),
                    known.tag
                ])?;
                self.write(database, swarm, true)?;
            }
            None => self.write(database, swarm, true)?,
        }
        let place = |row: &Self| (row.tag, row.peer.addresses.endpoints());
        if known.is_some_and(|known| place(known) == place(self)) {
            return Ok(());
        }
        if let Some(known) = known {
            remove_endpoints(database, swarm, known.tag, known.peer.addresses)?;
        }
        for place in Place::all(self.peer.addresses) {
            database.statement(ENTER)?.execute(params![swarm, place, self.tag])?;
        }
        Ok(())
    }

    fn write(&self, database: &Database, swarm: i64, new: bool) -> rusqlite::Result<()> {
        let mut statement = database.statement(if new { INSERT } else { UPDATE })?;
        let class = self.class.number();
        let peer = &self.peer;
        let location = Location::of(peer);
        let role = role_number(peer.role);
        let left = peer.left.map(stored);
        let (uploaded, downloaded) = (stored(peer.uploaded), stored(peer.downloaded));
        let last_seen = stored(peer.last_seen.0);
        let known: [&dyn ToSql; 9] = [
            &swarm,
            &class,
            &self.tag,
            &location,
            &role,
            &left,
            &uploaded,
            &downloaded,
            &last_seen,
        ];
        if new {
            let (first_seen, proof) = (stored(peer.first_seen.0), peer.proof.to_bits());
            let fixed: [&dyn ToSql; 3] = [&first_seen, &peer.peer_id.0, &proof];
            statement.execute(rusqlite::params_from_iter(known.iter().chain(&fixed)))?;
        } else {
            statement.execute(known)?;
        }
        Ok(())
    }

    /// Takes the row out.
    pub(super) fn delete(&self, database: &Database, swarm: i64) -> rusqlite::Result<()> {
        let place = params![swarm, self.class.number(), self.tag];
        database.statement(DELETE)?.execute(place)?;
        remove_endpoints(database, swarm, self.tag, self.peer.addresses)
    }
}

/// Takes the endpoints of a peer out.
pub(super) fn remove_endpoints(
    database: &Database,
    swarm: i64,
    tag: i64,
    addresses: Addresses,
) -> rusqlite::Result<()> {
    for place in Place::all(addresses) {
        database.statement(STRIKE)?.execute(params![swarm, place, tag])?;
    }
    Ok(())
}
