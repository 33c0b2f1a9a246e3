//! One peer's row: how it is read, written and taken out, and who may speak for it.

use rusqlite::types::{FromSql, ToSql};
use rusqlite::{Connection, Row, params};

use super::schema::{self, Class, instant_in, number_in, role_in, role_number, stored};
use super::swarm::Swarm;
use crate::protocol::{ClientKey, CompactV4, CompactV6, PeerId, Timestamp};
use crate::store::{PeerAnnounce, PeerSummary, Role};

/// The columns that `Peer::read` takes, in its order.
macro_rules! columns {
    () => {
        "v4, v6, v4_seen, v6_seen, peer_id, role, key, left, uploaded, downloaded, first_seen, \
         last_seen, tag"
    };
}

const FIND: &str =
    concat!("SELECT ", columns!(), " FROM peer WHERE swarm = ?1 AND class = ?2 AND tag = ?3");
const WALK: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM peer WHERE swarm = ?1 AND class = ?2 AND tag >= ?3 ORDER BY tag LIMIT ?4"
);
const INSERT: &str = "INSERT INTO peer(swarm, class, tag, v4, v6, v4_seen, v6_seen, role, key, \
     left, uploaded, downloaded, last_seen, first_seen, peer_id) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
const UPDATE: &str = "UPDATE peer SET v4 = ?4, v6 = ?5, v4_seen = ?6, v6_seen = ?7, role = ?8, \
     key = ?9, left = ?10, uploaded = ?11, downloaded = ?12, last_seen = ?13 \
     WHERE swarm = ?1 AND class = ?2 AND tag = ?3";
const DELETE: &str = "DELETE FROM peer WHERE swarm = ?1 AND class = ?2 AND tag = ?3";

/// An address and when it was last vouched for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<A> {
    pub(super) address: A,
    pub(super) at: Timestamp,
}

impl<A> Seen<A> {
    /// What stays of an address that an announce does not vouch for: nothing when it is too old. A
    /// clock that stepped back must not make it outlive its peer.
    fn kept(self, now: Timestamp, cutoff: Timestamp) -> Option<Self> {
        (self.at >= cutoff).then(|| Self { at: self.at.min(now), ..self })
    }
}

/// A peer as its row holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) class: Class,
    pub(super) tag: i64,
    pub(super) peer_id: PeerId,
    pub(super) v4: Option<Seen<CompactV4>>,
    pub(super) v6: Option<Seen<CompactV6>>,
    pub(super) role: Role,
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
        connection: &Connection,
        swarm: &Swarm,
        peer_id: PeerId,
        likely: Class,
    ) -> rusqlite::Result<Found> {
        let tag = schema::tag(peer_id, swarm.salt);
        let mut statement = connection.prepare_cached(FIND)?;
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
        connection: &Connection,
        swarm: i64,
        class: Class,
        from: i64,
        limit: usize,
    ) -> rusqlite::Result<Vec<Self>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = connection.prepare_cached(WALK)?;
        let rows = statement
            .query_map(params![swarm, class.number(), from, limit], |row| Self::read(row, class))?;
        rows.collect()
    }

    fn read(row: &Row<'_>, class: Class) -> rusqlite::Result<Self> {
        Ok(Self {
            class,
            tag: row.get(12)?,
            peer_id: PeerId(row.get(4)?),
            v4: seen(row, 0, 2, CompactV4)?,
            v6: seen(row, 1, 3, CompactV6)?,
            role: role_in(row, 5)?,
            key: row.get::<_, Option<i64>>(6)?.map(|key| ClientKey::from_bits(key.cast_unsigned())),
            left: row.get::<_, Option<i64>>(7)?.map(|_| number_in(row, 7)).transpose()?,
            uploaded: number_in(row, 8)?,
            downloaded: number_in(row, 9)?,
            first_seen: instant_in(row, 10)?,
            last_seen: instant_in(row, 11)?,
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
        let v4 = match announce.v4 {
            Some(address) => Some(Seen { address, at: now }),
            None => known.and_then(|known| known.v4).and_then(|v4| v4.kept(now, cutoff)),
        };
        let v6 = match announce.v6 {
            Some(address) => Some(Seen { address, at: now }),
            None => known.and_then(|known| known.v6).and_then(|v6| v6.kept(now, cutoff)),
        };
        Self {
            class: Class::of(announce.role, is_reachable(v4, v6)),
            tag,
            peer_id: announce.peer_id,
            v4,
            v6,
            role: announce.role,
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
        let same_v4 = self
            .v4
            .zip(announce.v4)
            .is_some_and(|(known, given)| known.at >= cutoff && known.address.ip() == given.ip());
        let same_v6 = self
            .v6
            .zip(announce.v6)
            .is_some_and(|(known, given)| known.at >= cutoff && known.address.ip() == given.ip());
        self.key == announce.key || same_v4 || same_v6
    }

    /// Writes the row, in place of the one of `known`.
    pub(super) fn put(
        &self,
        connection: &Connection,
        swarm: i64,
        known: Option<&Self>,
    ) -> rusqlite::Result<()> {
        match known {
            Some(known) if known.class == self.class => self.write(connection, swarm, false),
            Some(known) => {
                delete(connection, swarm, known.class, known.tag)?;
                self.write(connection, swarm, true)
            }
            None => self.write(connection, swarm, true),
        }
    }

    fn write(&self, connection: &Connection, swarm: i64, new: bool) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(if new { INSERT } else { UPDATE })?;
        let class = self.class.number();
        let v4 = self.v4.map(|v4| v4.address.0);
        let v6 = self.v6.map(|v6| v6.address.0);
        let v4_seen = self.v4.map(|v4| stored(v4.at.0));
        let v6_seen = self.v6.map(|v6| stored(v6.at.0));
        let role = role_number(self.role);
        let key = self.key.map(|key| key.to_bits().cast_signed());
        let left = self.left.map(stored);
        let (uploaded, downloaded) = (stored(self.uploaded), stored(self.downloaded));
        let (first_seen, last_seen) = (stored(self.first_seen.0), stored(self.last_seen.0));
        let known: [&dyn ToSql; 13] = [
            &swarm,
            &class,
            &self.tag,
            &v4,
            &v6,
            &v4_seen,
            &v6_seen,
            &role,
            &key,
            &left,
            &uploaded,
            &downloaded,
            &last_seen,
        ];
        if new {
            let fixed: [&dyn ToSql; 2] = [&first_seen, &self.peer_id.0];
            statement.execute(rusqlite::params_from_iter(known.iter().chain(&fixed)))?;
        } else {
            statement.execute(known)?;
        }
        Ok(())
    }

    /// Whether others can be told to connect to it.
    pub(super) fn is_reachable(&self) -> bool {
        is_reachable(self.v4, self.v6)
    }

    /// The peer for the owner's eyes.
    pub(super) fn summary(&self, cutoff: Timestamp) -> PeerSummary {
        PeerSummary {
            peer_id: self.peer_id,
            v4: self.v4.filter(|v4| v4.at >= cutoff).map(|v4| v4.address),
            v6: self.v6.filter(|v6| v6.at >= cutoff).map(|v6| v6.address),
            left: self.left,
            uploaded: self.uploaded,
            downloaded: self.downloaded,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            role: self.role,
        }
    }
}

fn is_reachable(v4: Option<Seen<CompactV4>>, v6: Option<Seen<CompactV6>>) -> bool {
    v4.is_some_and(|v4| v4.address.port() != 0) || v6.is_some_and(|v6| v6.address.port() != 0)
}

/// Takes a row out.
pub(super) fn delete(
    connection: &Connection,
    swarm: i64,
    class: Class,
    tag: i64,
) -> rusqlite::Result<()> {
    connection.prepare_cached(DELETE)?.execute(params![swarm, class.number(), tag])?;
    Ok(())
}

fn seen<const N: usize, A>(
    row: &Row<'_>,
    address: usize,
    at: usize,
    make: fn([u8; N]) -> A,
) -> rusqlite::Result<Option<Seen<A>>>
where
    [u8; N]: FromSql,
{
    match row.get::<_, Option<[u8; N]>>(address)? {
        Some(bytes) => Ok(Some(Seen { address: make(bytes), at: instant_in(row, at)? })),
        None => Ok(None),
    }
}
