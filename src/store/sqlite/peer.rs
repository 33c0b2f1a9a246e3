//! One peer's row: how it is found, read, written and taken out.

use rusqlite::types::ToSql;
use rusqlite::{Row, params};

use super::addresses::{self, Addresses, Endpoint, Range};
use super::connection::Database;
use super::schema::{self, Class, class_in, instant_in, number_in, role_in, role_number, stored};
use super::swarm::Swarm;
use crate::protocol::{PeerId, Timestamp};
use crate::store::identity::Identity;
use crate::store::network::Network;
use crate::store::peer::{Hashes, Peer};
use crate::store::{PeerAnnounce, Proof};

/// The columns that `PeerRow::read` takes, in its order.
macro_rules! columns {
    () => {
        "v4, v6, v4_at, v6_at, marks, peer_id, proof, role, left, uploaded, downloaded, first_seen, \
         last_seen, class, tag"
    };
}

const FIND: &str =
    concat!("SELECT ", columns!(), " FROM peer WHERE swarm = ?1 AND class = ?2 AND tag = ?3");
const AT_V4: &str =
    concat!("SELECT ", columns!(), " FROM peer WHERE swarm = ?1 AND v4 BETWEEN ?2 AND ?3 LIMIT ?4");
const AT_V6: &str =
    concat!("SELECT ", columns!(), " FROM peer WHERE swarm = ?1 AND v6 BETWEEN ?2 AND ?3 LIMIT ?4");
const WALK: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM peer WHERE swarm = ?1 AND class = ?2 AND tag >= ?3 ORDER BY tag LIMIT ?4"
);
const INSERT: &str = "INSERT INTO peer(swarm, class, tag, v4_at, v6_at, marks, role, left, \
     uploaded, downloaded, last_seen, v4, v6, first_seen, peer_id, proof) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
const UPDATE: &str = "UPDATE peer SET v4_at = ?4, v6_at = ?5, marks = ?6, role = ?7, left = ?8, \
     uploaded = ?9, downloaded = ?10, last_seen = ?11 \
     WHERE swarm = ?1 AND class = ?2 AND tag = ?3";
const AHEAD: &str =
    concat!("SELECT ", columns!(), " FROM peer WHERE swarm = ?1 AND last_seen > ?2 LIMIT ?3");
const CORRECT: &str = "UPDATE peer SET v4_at = ?4, v6_at = ?5, first_seen = ?6, last_seen = ?7 \
     WHERE swarm = ?1 AND class = ?2 AND tag = ?3";
const DELETE: &str = "DELETE FROM peer WHERE swarm = ?1 AND class = ?2 AND tag = ?3";

/// Bits of the column `marks`.
mod mark {
    pub(super) const HASHES: u8 = 0b11;
    pub(super) const STATED: u8 = 1 << 2;
    pub(super) const COUNTED: u8 = 1 << 3;
}

/// What the marks of a row say that a sample needs to know: under which info-hashes the peer
/// announced, and whether it states its address.
pub(super) fn read_marks(marks: u8) -> (Hashes, bool) {
    (Hashes::from_bits(marks & mark::HASHES), marks & mark::STATED != 0)
}

/// Peers at one address that are looked at, where no limit keeps them few.
const LOOKS: usize = 500;

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
        swarm: &Swarm,
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
        swarm: &Swarm,
        announce: &PeerAnnounce,
        cutoff: Timestamp,
    ) -> rusqlite::Result<Option<Self>> {
        let Some(seen) = announce.seen_from() else { return Ok(None) };
        let rows = Self::within(database, swarm, Network::only(seen))?;
        let rows = rows
            .into_iter()
            .filter(|row| row.peer.last_seen >= cutoff && row.peer.may_send(announce, cutoff));
        Ok(rows.max_by(|one, other| announce.likelier(&one.peer, &other.peer)))
    }

    /// Peers in a network, not all of them where they are very many.
    pub(super) fn within(
        database: &Database,
        swarm: &Swarm,
        network: Network,
    ) -> rusqlite::Result<Vec<Self>> {
        Self::in_range(database, swarm, &Range::of(network))
    }

    /// The peers that have one of these endpoints.
    pub(super) fn at(
        database: &Database,
        swarm: &Swarm,
        endpoint: Range,
    ) -> rusqlite::Result<Vec<Self>> {
        Self::in_range(database, swarm, &endpoint)
    }

    fn in_range(database: &Database, swarm: &Swarm, range: &Range) -> rusqlite::Result<Vec<Self>> {
        let most = i64::try_from(LOOKS).unwrap_or(i64::MAX);
        match *range {
            Range::V4(first, last) => database
                .statement(AT_V4)?
                .query_map(params![swarm.id, Endpoint(first), Endpoint(last), most], Self::read)?
                .collect(),
            Range::V6(first, last) => database
                .statement(AT_V6)?
                .query_map(params![swarm.id, Endpoint(first), Endpoint(last), most], Self::read)?
                .collect(),
        }
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
        let Addresses { v4, v6 } = peer.addresses;
        database.statement(CORRECT)?.execute(params![
            swarm,
            self.class.number(),
            self.tag,
            v4.map(|v4| stored(v4.at.0)),
            v6.map(|v6| stored(v6.at.0)),
            stored(peer.first_seen.0),
            stored(peer.last_seen.0),
        ])?;
        Ok(())
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let marks: u8 = row.get(4)?;
        let (hashes, is_stated) = read_marks(marks);
        let peer = Peer {
            addresses: addresses::read(row, 0)?,
            hashes,
            is_stated,
            counted: marks & mark::COUNTED != 0,
            peer_id: PeerId(row.get(5)?),
            proof: Proof::from_bits(row.get(6)?),
            role: role_in(row, 7)?,
            left: row.get::<_, Option<i64>>(8)?.map(|_| number_in(row, 8)).transpose()?,
            uploaded: number_in(row, 9)?,
            downloaded: number_in(row, 10)?,
            first_seen: instant_in(row, 11)?,
            last_seen: instant_in(row, 12)?,
        };
        Ok(Self { class: class_in(row, 13)?, tag: row.get(14)?, peer })
    }

    /// Writes the row, in place of the one of `known`.
    pub(super) fn put(
        &self,
        database: &Database,
        swarm: i64,
        known: Option<&Self>,
    ) -> rusqlite::Result<()> {
        match known {
            Some(known) if self.replaces(known) => self.write(database, swarm, false),
            Some(known) => {
                delete(database, swarm, known.class, known.tag)?;
                self.write(database, swarm, true)
            }
            None => self.write(database, swarm, true),
        }
    }

    /// Whether the row has the place and the endpoints that the known one has, so that no index but
    /// that of times has to be changed.
    fn replaces(&self, known: &Self) -> bool {
        let endpoints = |row: &Self| row.peer.addresses.endpoints();
        (known.class, known.tag) == (self.class, self.tag) && endpoints(known) == endpoints(self)
    }

    fn write(&self, database: &Database, swarm: i64, new: bool) -> rusqlite::Result<()> {
        let mut statement = database.statement(if new { INSERT } else { UPDATE })?;
        let class = self.class.number();
        let peer = &self.peer;
        let Addresses { v4, v6 } = peer.addresses;
        let at = [v4.map(|v4| stored(v4.at.0)), v6.map(|v6| stored(v6.at.0))];
        let mut marks = peer.hashes.to_bits();
        marks |= if peer.is_stated { mark::STATED } else { 0 };
        marks |= if peer.counted { mark::COUNTED } else { 0 };
        let role = role_number(peer.role);
        let left = peer.left.map(stored);
        let (uploaded, downloaded) = (stored(peer.uploaded), stored(peer.downloaded));
        let last_seen = stored(peer.last_seen.0);
        let known: [&dyn ToSql; 11] = [
            &swarm,
            &class,
            &self.tag,
            &at[0],
            &at[1],
            &marks,
            &role,
            &left,
            &uploaded,
            &downloaded,
            &last_seen,
        ];
        if new {
            let (v4, v6) = (v4.map(|v4| Endpoint(v4.address)), v6.map(|v6| Endpoint(v6.address)));
            let (first_seen, proof) = (stored(peer.first_seen.0), peer.proof.to_bits());
            let fixed: [&dyn ToSql; 5] = [&v4, &v6, &first_seen, &peer.peer_id.0, &proof];
            statement.execute(rusqlite::params_from_iter(known.iter().chain(&fixed)))?;
        } else {
            statement.execute(known)?;
        }
        Ok(())
    }
}

/// Takes a row out.
pub(super) fn delete(
    database: &Database,
    swarm: i64,
    class: Class,
    tag: i64,
) -> rusqlite::Result<()> {
    database.statement(DELETE)?.execute(params![swarm, class.number(), tag])?;
    Ok(())
}
