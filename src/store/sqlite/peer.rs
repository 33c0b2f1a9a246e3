//! One peer's row: how it is read, written and taken out, and who may speak for it.

use rusqlite::types::ToSql;
use rusqlite::{Row, params};

use super::addresses::Addresses;
use super::connection::Database;
use super::schema::{self, Class, instant_in, number_in, role_in, role_number, stored};
use super::swarm::Swarm;
use crate::protocol::{ClientKey, PeerId, Timestamp};
use crate::store::{PeerAnnounce, PeerSummary, Role};

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
const DELETE: &str = "DELETE FROM peer WHERE swarm = ?1 AND class = ?2 AND tag = ?3";

/// A peer as its row holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) class: Class,
    pub(super) tag: i64,
    pub(super) peer_id: PeerId,
    pub(super) addresses: Addresses,
    pub(super) role: Role,
    /// Whether a download of its was counted as completed: once is enough.
    pub(super) counted: bool,
    pub(super) key: Option<ClientKey>,
    pub(super) left: Option<u64>,
    pub(super) uploaded: u64,
    pub(super) downloaded: u64,
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
}

/// What holding a peer id says about a row.
pub(super) enum Found {
    /// No such peer.
    Nobody,
    /// The peer.
    Peer(Peer),
    /// Another peer stands where this one would: 1 in 2^63 for each pair.
    Another,
}

impl Peer {
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
                let peer = Self::read(row, class)?;
                return Ok(if peer.peer_id == peer_id {
                    Found::Peer(peer)
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

    fn read(row: &Row<'_>, class: Class) -> rusqlite::Result<Self> {
        Ok(Self {
            class,
            tag: row.get(9)?,
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
        })
    }

    /// The peer that an announce makes of the one known before, if any.
    pub(super) fn announced(
        announce: &PeerAnnounce,
        known: Option<&Self>,
        tag: i64,
        now: Timestamp,
        cutoff: Timestamp,
    ) -> Self {
        let addresses = known.map(|known| known.addresses).unwrap_or_default();
        let addresses = addresses.announced(announce, now, cutoff);
        Self {
            class: Class::of(announce.role, !addresses.reachable().is_empty()),
            tag,
            peer_id: announce.peer_id,
            addresses,
            role: announce.role,
            counted: known.is_some_and(|known| known.counted),
            key: announce.key.or(known.and_then(|known| known.key)),
            left: announce.left,
            uploaded: announce.uploaded,
            downloaded: announce.downloaded,
            first_seen: known.map_or(now, |known| known.first_seen),
            last_seen: now,
        }
    }

    /// Whether the sender of an announce is this peer: it has the same key, or one of the addresses.
    pub(super) fn is_sender_of(&self, announce: &PeerAnnounce, cutoff: Timestamp) -> bool {
        self.key == announce.key || self.addresses.since(cutoff).has_sender_of(announce)
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
        let role = role_number(self.role);
        let key = self.key.map(|key| key.to_bits().cast_signed());
        let left = self.left.map(stored);
        let (uploaded, downloaded) = (stored(self.uploaded), stored(self.downloaded));
        let (first_seen, last_seen) = (stored(self.first_seen.0), stored(self.last_seen.0));
        let known: [&dyn ToSql; 11] = [
            &swarm,
            &class,
            &self.tag,
            &self.addresses,
            &role,
            &key,
            &left,
            &uploaded,
            &downloaded,
            &last_seen,
            &self.counted,
        ];
        if new {
            let fixed: [&dyn ToSql; 2] = [&first_seen, &self.peer_id.0];
            statement.execute(rusqlite::params_from_iter(known.iter().chain(&fixed)))?;
        } else {
            statement.execute(known)?;
        }
        Ok(())
    }

    /// The peer for the owner's eyes.
    pub(super) fn summary(&self, cutoff: Timestamp) -> PeerSummary {
        let Addresses { v4, v6 } = self.addresses.since(cutoff);
        PeerSummary {
            peer_id: self.peer_id,
            v4: v4.map(|v4| v4.address),
            v6: v6.map(|v6| v6.address),
            left: self.left,
            uploaded: self.uploaded,
            downloaded: self.downloaded,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            role: self.role,
        }
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
