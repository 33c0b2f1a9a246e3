//! One peer's row: how it is read, written and taken out, and who may speak for it.

use rusqlite::types::ToSql;
use rusqlite::{Row, params};

use super::connection::Database;
use super::schema::{self, Class, class_in, instant_in, number_in, role_in, role_number, stored};
use super::swarm::Swarm;
use crate::protocol::{ClientKey, PeerId, Timestamp};
use crate::store::peer::Peer;

/// The columns that `Peer::read` takes, in its order.
macro_rules! columns {
    () => {
        "addresses, peer_id, role, key, left, uploaded, downloaded, first_seen, last_seen, tag, \
         counted"
    };
}

const FIND: &str =
    concat!("SELECT ", columns!(), " FROM peer WHERE swarm = ?1 AND class = ?2 AND tag = ?3");
const WALK: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM peer WHERE swarm = ?1 AND class = ?2 AND tag >= ?3 ORDER BY tag LIMIT ?4"
);
const INSERT: &str = "INSERT INTO peer(swarm, class, tag, addresses, role, key, left, uploaded, \
     downloaded, last_seen, counted, first_seen, peer_id) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
const UPDATE: &str = "UPDATE peer SET addresses = ?4, role = ?5, key = ?6, left = ?7, \
     uploaded = ?8, downloaded = ?9, last_seen = ?10, counted = ?11 \
     WHERE swarm = ?1 AND class = ?2 AND tag = ?3";
const AHEAD: &str = concat!(
    "SELECT ",
    columns!(),
    ", class FROM peer WHERE swarm = ?1 AND last_seen > ?2 LIMIT ?3"
);
const CORRECT: &str = "UPDATE peer SET addresses = ?4, first_seen = ?5, last_seen = ?6 \
     WHERE swarm = ?1 AND class = ?2 AND tag = ?3";
const DELETE: &str = "DELETE FROM peer WHERE swarm = ?1 AND class = ?2 AND tag = ?3";

/// A peer's row.
#[derive(Clone, Copy, Debug)]
pub(super) struct PeerRow {
    pub(super) class: Class,
    pub(super) tag: i64,
    pub(super) peer: Peer,
}

/// What holding a peer id says about a row.
pub(super) enum Found {
    /// No such peer.
    Nobody,
    /// The peer.
    Row(PeerRow),
    /// Another peer stands where this one would: 1 in 2^63 for each pair.
    Another,
}

impl PeerRow {
    /// The row of a peer.
    pub(super) fn new(tag: i64, peer: Peer) -> Self {
        Self { class: peer.class(), tag, peer }
    }

    /// Looks for a peer, first in the class where it is most likely.
    pub(super) fn find(
        database: &Database,
        swarm: &Swarm,
        peer_id: PeerId,
        likely: Class,
    ) -> rusqlite::Result<Found> {
        let tag = schema::tag(peer_id, swarm.salt);
        let mut statement = database.statement(FIND)?;
        let others = Class::ALL.into_iter().filter(|&class| class != likely);
        for class in std::iter::once(likely).chain(others) {
            let mut rows = statement.query(params![swarm.id, class.number(), tag])?;
            if let Some(row) = rows.next()? {
                let row = Self::read(row, class)?;
                return Ok(if row.peer.peer_id == peer_id {
                    Found::Row(row)
                } else {
                    Found::Another
                });
            }
        }
        Ok(Found::Nobody)
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
        let rows = statement
            .query_map(params![swarm, class.number(), from, limit], |row| Self::read(row, class))?;
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
        let rows = statement.query_map(params![swarm, stored(latest.0), limit], |row| {
            Self::read(row, class_in(row, 11)?)
        })?;
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
            peer.addresses,
            stored(peer.first_seen.0),
            stored(peer.last_seen.0),
        ])?;
        Ok(())
    }

    fn read(row: &Row<'_>, class: Class) -> rusqlite::Result<Self> {
        let peer = Peer {
            peer_id: PeerId(row.get(1)?),
            addresses: row.get(0)?,
            role: role_in(row, 2)?,
            counted: row.get(10)?,
            key: row.get::<_, Option<i64>>(3)?.map(|key| ClientKey::from_bits(key.cast_unsigned())),
            left: row.get::<_, Option<i64>>(4)?.map(|_| number_in(row, 4)).transpose()?,
            uploaded: number_in(row, 5)?,
            downloaded: number_in(row, 6)?,
            first_seen: instant_in(row, 7)?,
            last_seen: instant_in(row, 8)?,
        };
        Ok(Self { class, tag: row.get(9)?, peer })
    }

    /// Writes the row, in place of the one of `known`.
    pub(super) fn put(
        &self,
        database: &Database,
        swarm: i64,
        known: Option<&Self>,
    ) -> rusqlite::Result<()> {
        match known {
            Some(known) if known.class == self.class => self.write(database, swarm, false),
            Some(known) => {
                delete(database, swarm, known.class, known.tag)?;
                self.write(database, swarm, true)
            }
            None => self.write(database, swarm, true),
        }
    }

    fn write(&self, database: &Database, swarm: i64, new: bool) -> rusqlite::Result<()> {
        let mut statement = database.statement(if new { INSERT } else { UPDATE })?;
        let class = self.class.number();
        let peer = &self.peer;
        let role = role_number(peer.role);
        let key = peer.key.map(|key| key.to_bits().cast_signed());
        let left = peer.left.map(stored);
        let (uploaded, downloaded) = (stored(peer.uploaded), stored(peer.downloaded));
        let (first_seen, last_seen) = (stored(peer.first_seen.0), stored(peer.last_seen.0));
        let known: [&dyn ToSql; 11] = [
            &swarm,
            &class,
            &self.tag,
            &peer.addresses,
            &role,
            &key,
            &left,
            &uploaded,
            &downloaded,
            &last_seen,
            &peer.counted,
        ];
        if new {
            let fixed: [&dyn ToSql; 2] = [&first_seen, &peer.peer_id.0];
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
