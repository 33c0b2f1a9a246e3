//! Torrents that are tracked by their info-hash alone, because the owner has said so.

use rusqlite::{OptionalExtension as _, Transaction, named_params};

use super::changes::Noted;
use super::count::Count;
use super::schema::IS_ANNOUNCED_AS;
use super::{Author, Catalog, CatalogError, Companions, Torrent, changes, layers};
use crate::protocol::{InfoHash, InfoHashV2, InfoHashes, Timestamp};

/// A torrent to be tracked without a `.torrent` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TorrentByHash {
    /// Its info-hashes. One of 20 bytes is taken for one of version 1; clients announce with it, whatever it is.
    pub hashes: InfoHashes,
    /// Its name; may be empty.
    pub name: String,
    /// Bytes of content, where they are known.
    pub size: Option<u64>,
    /// When it came.
    pub first_seen: Timestamp,
}

/// What adding a torrent has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// The info-hash that the catalogue knows it by.
    pub info_hash: InfoHash,
    /// Whether it was not tracked before; one that was stays when its file goes.
    pub is_new: bool,
}

impl Catalog {
    /// Has a torrent be tracked by its info-hash, whether or not there is a file. One that is known keeps its name, size
    /// and totals.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn add(
        &mut self,
        torrent: &TorrentByHash,
        author: &Author<'_>,
    ) -> Result<Added, CatalogError> {
        self.write("add a torrent to", |transaction| {
            let added = put(transaction, torrent, author.at)?;
            note_added(transaction, torrent.hashes.canonical(), &torrent.name, author)?;
            Ok(added)
        })
    }
}

impl Catalog {
    /// Notes who has put files of torrents into the folder, each with its info-hash and its name. Scans find them there.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then none is noted.
    pub fn note_files<'n>(
        &mut self,
        torrents: impl IntoIterator<Item = (InfoHash, &'n str)>,
        author: &Author<'_>,
    ) -> Result<(), CatalogError> {
        self.write("note new torrents in", |transaction| {
            torrents
                .into_iter()
                .try_for_each(|(info_hash, name)| note_added(transaction, info_hash, name, author))
        })
    }

    /// Forgets a torrent, its totals and all that was decided about it. A file that is there brings it back.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn remove(&mut self, torrent: &Torrent, author: &Author<'_>) -> Result<(), CatalogError> {
        self.write("remove a torrent from", |transaction| {
            for table in
                ["torrents", "stored_files", "decisions", "sidecars", "checksum_files", "external"]
            {
                let forget = format!("DELETE FROM {table} WHERE info_hash = ?1");
                transaction.execute(&forget, [torrent.canonical.0])?;
            }
            let totals = torrent.totals;
            let before = format!(
                "{} ({} completed, {} uploaded, {} downloaded)",
                torrent.title(),
                totals.completed,
                totals.uploaded,
                totals.downloaded
            );
            let subject = torrent.canonical.to_string();
            let noted =
                Noted { what: "remove", subject: &subject, before: Some(&before), after: None };
            changes::note(transaction, author, &noted)
        })
    }
}

/// Notes who has had a torrent be tracked.
pub(super) fn note_added(
    transaction: &Transaction<'_>,
    info_hash: InfoHash,
    name: &str,
    author: &Author<'_>,
) -> rusqlite::Result<()> {
    let subject = info_hash.to_string();
    let after = Some(name).filter(|name| !name.is_empty());
    let noted = Noted { what: "add", subject: &subject, before: None, after };
    changes::note(transaction, author, &noted)
}

/// Has a torrent be tracked by its info-hash from now on.
pub(super) fn put(
    transaction: &Transaction<'_>,
    torrent: &TorrentByHash,
    now: Timestamp,
) -> rusqlite::Result<Added> {
    let hashes = torrent.hashes;
    let known = [Some(hashes.canonical()), hashes.alias()]
        .into_iter()
        .flatten()
        .find_map(|hash| find(transaction, hash).transpose())
        .transpose()?;
    if let Some((info_hash, was_missing)) = known {
        transaction.prepare_cached(KEEP)?.execute(named_params! {
            ":info_hash": info_hash.0,
            ":now": Count(now.0),
            ":v1": hashes.v1().map(|InfoHash(hash)| hash),
            ":v2": hashes.v2().map(|InfoHashV2(hash)| hash),
            ":name": torrent.name,
            ":size": Count(torrent.size.unwrap_or(0)),
        })?;
        if was_missing {
            // What the files said that lay beside it is gone with them.
            layers::put_companions(transaction, info_hash, Companions::NONE)?;
        }
        return Ok(Added { info_hash, is_new: was_missing });
    }
    insert(transaction, torrent, now)?;
    Ok(Added { info_hash: hashes.canonical(), is_new: true })
}

/// The same for a torrent that the catalogue does not know by any of its info-hashes.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    torrent: &TorrentByHash,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let TorrentByHash { hashes, name, size, first_seen } = torrent;
    transaction.prepare_cached(INSERT)?.execute((
        hashes.canonical().0,
        hashes.v1().map(|InfoHash(hash)| hash),
        hashes.v2().map(|InfoHashV2(hash)| hash),
        name,
        Count(size.unwrap_or(0)),
        Count(first_seen.0),
        Count(now.0),
    ))?;
    Ok(())
}

/// The canonical info-hash of a torrent that the catalogue knows by this one, and whether it is missing.
pub(super) fn find(
    transaction: &Transaction<'_>,
    info_hash: InfoHash,
) -> rusqlite::Result<Option<(InfoHash, bool)>> {
    let find = format!(
        "SELECT info_hash, missing_since IS NOT NULL FROM torrents WHERE {IS_ANNOUNCED_AS}
        ORDER BY missing_since IS NOT NULL, info_hash = ?1 DESC LIMIT 1"
    );
    transaction
        .prepare_cached(&find)?
        .query_row([info_hash.0], |row| Ok((InfoHash(row.get(0)?), row.get(1)?)))
        .optional()
}

/// Of one that is missing, the file is gone. What a file has not told, a magnet link may.
const KEEP: &str = "
    UPDATE torrents SET
        added = coalesce(added, :now),
        v1 = CASE WHEN file = x'' AND stored_size IS NULL OR missing_since IS NOT NULL THEN coalesce(v1, :v1) ELSE v1 END,
        v2 = CASE WHEN file = x'' AND stored_size IS NULL OR missing_since IS NOT NULL THEN coalesce(v2, :v2) ELSE v2 END,
        name = CASE WHEN name = '' THEN :name ELSE name END,
        size = CASE WHEN file = x'' AND size = 0 THEN :size ELSE size END,
        file = CASE WHEN missing_since IS NULL THEN file ELSE x'' END,
        file_size = CASE WHEN missing_since IS NULL THEN file_size ELSE 0 END,
        file_state = CASE WHEN missing_since IS NULL THEN file_state END,
        info_page = CASE WHEN missing_since IS NULL THEN info_page END,
        missing_since = NULL
    WHERE info_hash = :info_hash";

const INSERT: &str = "
    INSERT INTO torrents
        (info_hash, v1, v2, file, name, size, file_size, hidden, private, first_seen, added)
    VALUES (?1, ?2, ?3, x'', ?4, ?5, 0, 0, 0, ?6, ?7)";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::samples::{hash, hybrid, new_catalog, scan, scanned};

    const OWNER: Author<'_> = Author { name: "olive", at: Timestamp(50) };

    fn new(number: u32, name: &str) -> TorrentByHash {
        let hashes = InfoHashes::V1(hash(number));
        TorrentByHash { hashes, name: name.into(), size: None, first_seen: Timestamp(40) }
    }

    #[test]
    fn a_torrent_without_a_file_stays_through_scans() {
        let (_folder, mut catalog) = new_catalog();
        assert!(catalog.add(&new(1, "named"), &OWNER).unwrap().is_new);
        assert!(!catalog.add(&new(1, "other"), &OWNER).unwrap().is_new);
        scan(&mut catalog, &[scanned(2, "b.torrent")], 100);
        scan(&mut catalog, &[], 200);
        let torrents = catalog.torrents().unwrap();
        assert_eq!(torrents.len(), 1);
        let torrent = &torrents[0];
        assert_eq!((torrent.canonical, torrent.name.as_str()), (hash(1), "named"));
        assert_eq!((torrent.added, torrent.has_file()), (true, false));
        assert_eq!(torrent.first_seen, Timestamp(40));
    }

    #[test]
    fn a_file_that_comes_later_is_taken_and_the_torrent_outlives_it() {
        let (_folder, mut catalog) = new_catalog();
        catalog.add(&new(1, "named"), &OWNER).unwrap();
        scan(&mut catalog, &[scanned(1, "a.torrent")], 100);
        let torrent = catalog.torrents().unwrap().remove(0);
        assert_eq!((torrent.name.as_str(), torrent.size), ("content 1", 1_001));
        assert!(torrent.has_file() && torrent.added);
        let changes = scan(&mut catalog, &[], 200);
        assert_eq!(changes.vanished, []);
        let torrent = catalog.torrents().unwrap().remove(0);
        assert!(!torrent.has_file() && torrent.added);
        assert_eq!((torrent.missing_since, torrent.size), (None, 1_001));
    }

    #[test]
    fn one_that_is_missing_comes_back_without_its_file() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent")], 100);
        scan(&mut catalog, &[], 200);
        assert!(catalog.add(&new(1, ""), &OWNER).unwrap().is_new);
        let torrent = catalog.torrents().unwrap().remove(0);
        assert_eq!((torrent.name.as_str(), torrent.has_file()), ("content 1", false));
    }

    #[test]
    fn a_hybrid_is_known_by_either_info_hash() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[hybrid(1, "a.torrent")], 100);
        let added = catalog.add(&new(1_000_001, ""), &OWNER).unwrap();
        assert_eq!(added, Added { info_hash: hash(1), is_new: false });
        assert_eq!(catalog.torrents().unwrap().len(), 1);
    }

    #[test]
    fn a_magnet_link_tells_what_was_not_known() {
        let (_folder, mut catalog) = new_catalog();
        catalog.add(&new(1, ""), &OWNER).unwrap();
        let hashes = hybrid(1, "").metainfo.hashes;
        let link = TorrentByHash { hashes, size: Some(7), ..new(1, "named") };
        assert!(!catalog.add(&link, &OWNER).unwrap().is_new);
        let torrent = catalog.torrent(hash(1_000_001)).unwrap().unwrap();
        assert_eq!((torrent.canonical, torrent.name.as_str(), torrent.size), (hash(1), "named", 7));
        scan(&mut catalog, &[scanned(1, "a.torrent")], 100);
        catalog.add(&TorrentByHash { size: Some(9), ..link }, &OWNER).unwrap();
        let torrent = catalog.torrent(hash(1)).unwrap().unwrap();
        assert_eq!((torrent.name.as_str(), torrent.size), ("content 1", 1_001), "the file counts");
    }

    #[test]
    fn what_was_said_about_the_other_hash_of_a_hybrid_is_said_of_its_file() {
        let (_folder, mut catalog) = new_catalog();
        catalog.add(&new(1_000_001, ""), &OWNER).unwrap();
        let retire = |it: &mut crate::catalog::Details| {
            it.retirement = Some(crate::catalog::Retirement::Retired("old".into()));
        };
        catalog.decide(hash(1_000_001), "retire", retire, &OWNER).unwrap();
        scan(&mut catalog, &[hybrid(1, "a.torrent")], 100);
        let torrent = catalog.torrent(hash(1)).unwrap().unwrap();
        assert_eq!((torrent.details().retired(), torrent.added), (Some("old"), true));
        assert_eq!(catalog.torrent(hash(1_000_001)).unwrap().unwrap().canonical, hash(1));
    }

    #[test]
    fn one_that_was_added_by_the_other_hash_of_a_hybrid_makes_way_for_its_file() {
        let (_folder, mut catalog) = new_catalog();
        catalog.add(&new(1_000_001, ""), &OWNER).unwrap();
        scan(&mut catalog, &[hybrid(1, "a.torrent")], 100);
        let torrents = catalog.torrents().unwrap();
        let found: Vec<_> = torrents.iter().map(|it| it.canonical).collect();
        assert_eq!(found, [hash(1)]);
    }
}
