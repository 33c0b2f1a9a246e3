//! Taking over what another tracker knew: all of it in one transaction, or nothing.
//!
//! Totals are taken where they are larger than those that are there, so that the same file once more changes nothing.

use std::collections::HashMap;

use rusqlite::{Connection, Transaction, TransactionBehavior, named_params};

use super::added::{self, TorrentByHash};
use super::changes::Noted;
use super::count::Count;
use super::decisions;
use super::import::{Import, ImportedTorrent};
use super::totals::Totals;
use super::{Author, Catalog, CatalogError, bans, changes};
use crate::protocol::{InfoHash, InfoHashes, Url};

/// Torrents after which it is said how far it is.
const BATCH: usize = 10_000;

/// Bytes that a torrent takes in the catalogue's tables and indices, roughly.
const TORRENT_BYTES: usize = 256;

/// KiB of SQLite's cache at least, which is what it has by itself, and at most.
const LEAST_KIB: usize = 2_000;
const MOST_KIB: usize = 512 << 10;

/// What is to become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is taken over.
    All,
    /// It is only tried.
    Nothing,
}

/// What was taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// Torrents that are tracked from now on.
    pub new: usize,
    /// Torrents that were tracked already.
    pub known: usize,
    /// Torrents whose totals have grown.
    pub grown: usize,
    /// Torrents about which more is said than before.
    pub said: usize,
    /// Torrents that are tracked elsewhere too, where nobody is asked before the owner says so.
    pub external: usize,
    /// Bans that are in force from now on.
    pub bans: usize,
    /// Bans of the same list before, which are no longer.
    pub bans_before: usize,
}

impl Catalog {
    /// Takes over what was found: torrents, which are tracked by their info-hashes; totals where they are larger; what
    /// was said about torrents where nothing is decided yet; and the bans as a list with this name, instead of those
    /// that it had. `progress` is told now and then how many torrents are done.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn take_over(
        &mut self,
        import: &Import,
        list: &str,
        keep: Keep,
        author: &Author<'_>,
        progress: &mut dyn FnMut(usize),
    ) -> Result<TakenOver, CatalogError> {
        let roomy = cache_size(&self.connection, import.torrents.len());
        let taken = roomy
            .and_then(|()| {
                self.connection.transaction_with_behavior(TransactionBehavior::Immediate)
            })
            .and_then(|transaction| {
                let taken = take(&transaction, import, list, author, progress)?;
                match keep {
                    Keep::All => transaction.commit()?,
                    Keep::Nothing => transaction.rollback()?,
                }
                Ok(taken)
            });
        taken.map_err(self.failed("write what another tracker knew into"))
    }
}

/// Gives SQLite room for all that is going to be written: else it would write pages out in between, and wait for
/// the disk each time.
fn cache_size(connection: &Connection, torrents: usize) -> rusqlite::Result<()> {
    let room = (torrents / 1024 * TORRENT_BYTES).clamp(LEAST_KIB, MOST_KIB);
    // SQLite takes a negative size for one in KiB.
    connection.pragma_update(None, "cache_size", -i64::try_from(room).unwrap_or(0))
}

fn take(
    transaction: &Transaction<'_>,
    import: &Import,
    list: &str,
    author: &Author<'_>,
    progress: &mut dyn FnMut(usize),
) -> rusqlite::Result<TakenOver> {
    let mut taken = TakenOver::default();
    let known = known(transaction)?;
    let mut sorted: Vec<_> = import.torrents.iter().collect();
    sorted.sort_unstable_by_key(|(info_hash, _)| **info_hash);
    for (done, (info_hash, torrent)) in sorted.into_iter().enumerate() {
        if done % BATCH == 0 {
            progress(done);
        }
        let canonical = known.get(info_hash).copied();
        let is_new = add(transaction, *info_hash, canonical.is_some(), torrent, author)?;
        taken.new += usize::from(is_new);
        taken.known += usize::from(!is_new);
        let about = canonical.unwrap_or(*info_hash);
        taken.grown += usize::from(raise(transaction, about, torrent.totals)?);
        taken.said += usize::from(say(transaction, about, torrent)?);
        taken.external += usize::from(note_external(transaction, about, torrent)?);
    }
    if !import.bans.is_empty() {
        taken.bans_before = bans::end_list(transaction, list)?;
        for ban in &import.bans {
            bans::put(transaction, list, ban.range, &ban.reason, ban.until, author.at)?;
        }
        taken.bans = import.bans.len();
    }
    let subject = format!("{list}: {} torrents, {} bans", import.torrents.len(), taken.bans);
    let noted = Noted { what: "import", subject: &subject, ..Noted::default() };
    changes::note(transaction, author, &noted)?;
    Ok(taken)
}

/// The canonical info-hash of each torrent, by all that clients announce it with.
fn known(connection: &Connection) -> rusqlite::Result<HashMap<InfoHash, InfoHash>> {
    let mut known = HashMap::new();
    let mut query = connection.prepare(KNOWN)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let canonical = InfoHash(row.get(0)?);
        for other in [row.get::<_, Option<[u8; 20]>>(1)?, row.get(2)?].into_iter().flatten() {
            known.entry(InfoHash(other)).or_insert(canonical);
        }
        known.insert(canonical, canonical);
    }
    Ok(known)
}

/// Has a torrent be tracked; `false` when it was already.
fn add(
    transaction: &Transaction<'_>,
    info_hash: InfoHash,
    is_known: bool,
    torrent: &ImportedTorrent,
    author: &Author<'_>,
) -> rusqlite::Result<bool> {
    let new = TorrentByHash {
        hashes: InfoHashes::V1(info_hash),
        name: torrent.name.to_string(),
        size: (torrent.size > 0).then_some(torrent.size),
        first_seen: torrent.first_seen.map_or(author.at, |at| at.no_later_than(author.at)),
    };
    if !is_known {
        added::insert(transaction, &new, author.at)?;
        return Ok(true);
    }
    let is_new = added::put(transaction, &new, author.at)?.is_new;
    transaction.prepare_cached(NAME)?.execute((info_hash.0, &new.name, Count(torrent.size)))?;
    Ok(is_new)
}

/// Has a torrent's totals be at least those of the other tracker. What they grow by was not moved since the last
/// refresh, and counts for no rate.
fn raise(
    transaction: &Transaction<'_>,
    info_hash: InfoHash,
    totals: Totals,
) -> rusqlite::Result<bool> {
    if totals == Totals::default() {
        return Ok(false);
    }
    let changed = transaction.prepare_cached(RAISE)?.execute(named_params! {
        ":info_hash": info_hash.0,
        ":completed": Count(totals.completed),
        ":uploaded": Count(totals.uploaded),
        ":downloaded": Count(totals.downloaded),
    })?;
    Ok(changed > 0)
}

/// Takes what was said about a torrent, where nothing is decided yet.
fn say(
    transaction: &Transaction<'_>,
    info_hash: InfoHash,
    torrent: &ImportedTorrent,
) -> rusqlite::Result<bool> {
    let Some(said) = &torrent.details else { return Ok(false) };
    let before = decisions::of(transaction, info_hash)?.unwrap_or_default();
    let after = before.clone().or(said);
    if after == before {
        return Ok(false);
    }
    decisions::put(transaction, info_hash, &after)?;
    Ok(true)
}

/// Notes where else a torrent is tracked, which must be an address that can be asked.
fn note_external(
    transaction: &Transaction<'_>,
    info_hash: InfoHash,
    torrent: &ImportedTorrent,
) -> rusqlite::Result<bool> {
    let url = torrent.external.as_deref().and_then(|url| Url::try_from(url.to_owned()).ok());
    let Some(url) = url else { return Ok(false) };
    let noted = transaction.prepare_cached(EXTERNAL)?.execute((info_hash.0, url.as_str()))?;
    Ok(noted > 0)
}

const KNOWN: &str =
    "SELECT info_hash, v1, substr(v2, 1, 20) FROM torrents ORDER BY missing_since IS NOT NULL";

/// Only a torrent without a file can lack them.
const NAME: &str = "
    UPDATE torrents SET
        name = CASE WHEN name = '' THEN ?2 ELSE name END,
        size = CASE WHEN size = 0 THEN ?3 ELSE size END
    WHERE info_hash = ?1 AND file = x'' AND (name = '' OR size = 0)";

/// Sums that SQLite's integers cannot hold become fractions before `min` makes them the largest integer.
const RAISE: &str = "
    UPDATE torrents SET
        period_completed = CAST(
            min(period_completed + max(:completed - completed, 0), 9223372036854775807) AS INTEGER),
        period_transferred = CAST(min(period_transferred + max(:uploaded - uploaded, 0)
            + max(:downloaded - downloaded, 0), 9223372036854775807) AS INTEGER),
        completed = max(completed, :completed), uploaded = max(uploaded, :uploaded),
        downloaded = max(downloaded, :downloaded)
    WHERE info_hash = :info_hash
        AND (completed < :completed OR uploaded < :uploaded OR downloaded < :downloaded)";

const EXTERNAL: &str =
    "INSERT OR IGNORE INTO external (info_hash, tracker, approved) VALUES (?1, ?2, 0)";

#[cfg(test)]
mod tests;
