//! The file format: tables, marks of identity, and how values become SQLite's.
//!
//! A peer's row is clustered by (swarm, class, tag). The tag is a hash of the peer's identity, keyed
//! with a secret of the swarm: it finds the peer, and walking along it from a random place is a random
//! sample that costs no more than its size. The index `seen` finds the silent ones of a swarm, the
//! table `endpoint` finds peers by their addresses; see `addresses` for what these columns hold.
//!
//! The columns `peers` and `swarms` of `store` count the rows of these tables while a cap needs to know, and
//! hold nothing while none does. Where announces or scrapes are limited there is a table `bucket`, whose rows
//! are sets of token buckets: words in little-endian order.

use rusqlite::Row;

use crate::platform::random::scramble;
use crate::protocol::Timestamp;
use crate::store::Role;
use crate::store::identity::Identity;
pub(super) use crate::store::peer::Class;

/// `PRAGMA application_id` of our files: "Trkr".
pub(super) const APPLICATION_ID: i64 = 0x5472_6b72;

/// `PRAGMA user_version` of this format.
pub(super) const VERSION: i64 = 5;

/// What finds the peers of a swarm: the number of its row, and the secret that their tags are keyed with.
#[derive(Clone, Copy, Debug)]
pub(super) struct SwarmKey {
    pub(super) id: i64,
    pub(super) salt: i64,
}

/// Makes room for token buckets: a row for each set. Only who needs it pays for it, as SQLite reads all that there is of
/// tables whenever it opens the file.
pub(super) const BUCKETS: &str =
    "CREATE TABLE IF NOT EXISTS bucket(place INTEGER PRIMARY KEY, words BLOB NOT NULL)";

/// Makes an empty store, but for its row in `store`.
pub(super) const TABLES: &str = "
CREATE TABLE store(id INTEGER NOT NULL, announce_rate INTEGER NOT NULL, anomalies INTEGER NOT NULL, peers, swarms);
CREATE TABLE swarm(
    id INTEGER PRIMARY KEY,
    info_hash BLOB NOT NULL UNIQUE,
    salt INTEGER NOT NULL,
    seeders INTEGER NOT NULL,
    leechers INTEGER NOT NULL,
    partial_seeds INTEGER NOT NULL,
    completed INTEGER NOT NULL,
    expired INTEGER NOT NULL,
    departed_uploaded INTEGER NOT NULL,
    departed_downloaded INTEGER NOT NULL,
    last_announce INTEGER NOT NULL
);
CREATE TABLE peer(
    swarm INTEGER NOT NULL,
    class INTEGER NOT NULL,
    tag INTEGER NOT NULL,
    addresses BLOB NOT NULL,
    peer_id BLOB NOT NULL,
    proof INTEGER NOT NULL,
    role INTEGER NOT NULL,
    left INTEGER,
    uploaded INTEGER NOT NULL,
    downloaded INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    PRIMARY KEY(swarm, class, tag)
) WITHOUT ROWID;
CREATE INDEX seen ON peer(swarm, last_seen, role);
CREATE TABLE endpoint(
    swarm INTEGER NOT NULL,
    place BLOB NOT NULL,
    tag INTEGER NOT NULL,
    PRIMARY KEY(swarm, place, tag)
) WITHOUT ROWID;
";

impl Class {
    /// As the column `class` holds it.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Leecher => 0,
            Self::Seed => 1,
            Self::Hidden => 2,
        }
    }
}

/// A role as the column `role` holds it.
pub(super) fn role_number(role: Role) -> i64 {
    match role {
        Role::Leecher => 0,
        Role::PartialSeed => 1,
        Role::Seeder => 2,
    }
}

/// The role in a column.
pub(super) fn role_in(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    match row.get(column)? {
        0 => Ok(Role::Leecher),
        1 => Ok(Role::PartialSeed),
        2 => Ok(Role::Seeder),
        other => Err(rusqlite::Error::IntegralValueOutOfRange(column, other)),
    }
}

/// The class in a column.
pub(super) fn class_in(row: &Row<'_>, column: usize) -> rusqlite::Result<Class> {
    let number = row.get(column)?;
    let class = Class::ALL.into_iter().find(|class| class.number() == number);
    class.ok_or(rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// A number as SQLite holds it; its integers end at 2^63 - 1, and so do ours then.
pub(super) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The last instant that a file can hold.
pub(super) const LAST_INSTANT: Timestamp = Timestamp(i64::MAX.unsigned_abs());

/// The number in a column.
pub(super) fn number_in(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

/// The instant in a column.
pub(super) fn instant_in(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    number_in(row, column).map(Timestamp)
}

/// Where a peer stands in its swarm: a hash of 63 bits that nobody can aim without the salt.
pub(super) fn tag(identity: Identity, salt: i64) -> i64 {
    let words = identity.words().into_iter();
    let hash = words.fold(salt.cast_unsigned(), |hash, word| scramble(hash ^ word));
    (hash >> 1).cast_signed()
}
