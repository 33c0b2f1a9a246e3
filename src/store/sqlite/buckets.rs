//! The token buckets in their table, a row for each set; in the transaction of who asks.

use std::net::IpAddr;

use rusqlite::{OptionalExtension as _, params};

use super::connection::Database;
use crate::protocol::{Seconds, Timestamp};
use crate::store::buckets::{Bucket, PLACES, Set, Token};
use crate::store::{Allowance, AnnounceLimit, PeerAnnounce, Purpose};

/// Rows that there may be, about as many sets as a store in shared memory has.
const SETS: usize = 2048;

const WORD: usize = size_of::<u64>();

/// Takes a token from the bucket of an address; where there is none, says when there is.
pub(super) fn take_token(
    database: &Database,
    purpose: Purpose,
    address: IpAddr,
    allowance: Allowance,
    now: Timestamp,
) -> rusqlite::Result<Option<Seconds>> {
    database.need_buckets()?;
    let bucket = Bucket::of(database.generation.0, purpose, address);
    let row = i64::try_from(bucket.set(SETS)).unwrap_or(0);
    let mut set = read(database, row)?;
    match bucket.take(&set, allowance, now) {
        Token::None(wait) => Ok(Some(wait)),
        Token::Taken { place, word } => {
            set[place] = word;
            let bytes = set.map(u64::to_le_bytes);
            let text = "INSERT OR REPLACE INTO bucket(place, words) VALUES (?1, ?2)";
            database.statement(text)?.execute(params![row, bytes.as_flattened()])?;
            Ok(None)
        }
    }
}

/// Whether an announce comes before its network may send one more that counts.
pub(super) fn is_too_early(
    database: &Database,
    limit: &AnnounceLimit,
    announce: &PeerAnnounce,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let Some(address) = limit.concerns(announce) else { return Ok(false) };
    take_token(database, Purpose::Announce, address, limit.allowance, now)
        .map(|wait| wait.is_some())
}

/// The words of a set; none where there is no row yet, or one that is none of ours.
fn read(database: &Database, row: i64) -> rusqlite::Result<Set> {
    let mut statement = database.statement("SELECT words FROM bucket WHERE place = ?1")?;
    let bytes: Option<Vec<u8>> = statement.query_row(params![row], |row| row.get(0)).optional()?;
    let mut set = [0; PLACES];
    for (word, bytes) in set.iter_mut().zip(bytes.unwrap_or_default().as_chunks::<WORD>().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    Ok(set)
}
