//! `.torrent` files that the catalogue itself has, where the torrents folder cannot be written or is not to be. Their bytes
//! stand in a table of their own, which nothing reads but who wants just them.

use rusqlite::{Connection, OptionalExtension as _, Transaction, named_params};

use super::added::{self, Added};
use super::count::Count;
use super::{Author, Catalog, CatalogError, Companions, TorrentByHash, layers};
use crate::protocol::{InfoHash, InfoHashV2, Metainfo};

/// A `.torrent` file for the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct StoredFile<'a> {
    /// What it says.
    pub metainfo: &'a Metainfo,
    /// Its bytes.
    pub content: &'a [u8],
}

impl Catalog {
    /// Has the catalogue keep a `.torrent` file, and its torrent be tracked. What was said of that one, and its totals, stay;
    /// a file that it had before in the torrents folder must be gone.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn store_file(
        &mut self,
        file: &StoredFile<'_>,
        author: &Author<'_>,
    ) -> Result<Added, CatalogError> {
        self.write("put a file into", |transaction| {
            let added = put(transaction, file, author)?;
            added::note_added(transaction, added.info_hash, &file.metainfo.name, author)?;
            Ok(added)
        })
    }

    /// The bytes of the `.torrent` file that the catalogue has of a torrent, by its canonical info-hash.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn stored_file(&self, info_hash: InfoHash) -> Result<Option<Vec<u8>>, CatalogError> {
        self.connection
            .prepare_cached("SELECT content FROM stored_files WHERE info_hash = ?1")
            .and_then(|mut query| query.query_row([info_hash.0], |row| row.get(0)).optional())
            .map_err(self.failed("read a file from"))
    }
}

fn put(
    transaction: &Transaction<'_>,
    file: &StoredFile<'_>,
    author: &Author<'_>,
) -> rusqlite::Result<Added> {
    let StoredFile { metainfo, content } = *file;
    let hashes = metainfo.hashes;
    let known = [Some(hashes.canonical()), hashes.alias()]
        .into_iter()
        .flatten()
        .find_map(|hash| added::find(transaction, hash).transpose())
        .transpose()?;
    if known.is_none() {
        let (name, size, first_seen) = (String::new(), None, author.at);
        let new = TorrentByHash { hashes, name, size, first_seen };
        added::insert(transaction, &new, author.at)?;
    }
    let (info_hash, was_missing) = known.unwrap_or((hashes.canonical(), true));
    transaction.prepare_cached(DESCRIBE)?.execute(named_params! {
        ":info_hash": info_hash.0,
        ":v1": hashes.v1().map(|InfoHash(hash)| hash),
        ":v2": hashes.v2().map(|InfoHashV2(hash)| hash),
        ":name": metainfo.name,
        ":size": Count(metainfo.size),
        ":stored_size": Count(u64::try_from(content.len()).unwrap_or(u64::MAX)),
        ":private": metainfo.private,
        ":web_seed": metainfo.has_web_seed,
        ":now": Count(author.at.0),
    })?;
    transaction.prepare_cached(PUT)?.execute((info_hash.0, content))?;
    // What lay beside a file that it had before is gone with that.
    layers::put_companions(transaction, info_hash, Companions::NONE)?;
    Ok(Added { info_hash, is_new: was_missing })
}

/// Leaves the file of one torrent to another, which turned out to be the same, unless that has one.
pub(super) fn pass_on(
    connection: &Connection,
    from: InfoHash,
    to: InfoHash,
) -> rusqlite::Result<()> {
    connection.prepare_cached(PASS_ON)?.execute((from.0, to.0))?;
    connection.prepare_cached(FORGET)?.execute([from.0]).map(|_| ())
}

const DESCRIBE: &str = "
    UPDATE torrents SET
        v1 = :v1, v2 = :v2, name = :name, size = :size, private = :private, web_seed = :web_seed,
        file = x'', file_size = :stored_size, stored_size = :stored_size, file_state = NULL, info_page = NULL,
        hidden = 0, missing_since = NULL, added = coalesce(added, :now)
    WHERE info_hash = :info_hash";

const PUT: &str = "INSERT OR REPLACE INTO stored_files (info_hash, content) VALUES (?1, ?2)";

const PASS_ON: &str = "UPDATE OR IGNORE stored_files SET info_hash = ?2 WHERE info_hash = ?1";

const FORGET: &str = "DELETE FROM stored_files WHERE info_hash = ?1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::samples::{hash, hybrid, new_catalog, scan, scanned};
    use crate::catalog::{FilePlace, Retirement, Torrent};
    use crate::protocol::{InfoHashes, Timestamp};

    const OWNER: Author<'_> = Author { name: "olive", at: Timestamp(50) };

    fn store(catalog: &mut Catalog, metainfo: &Metainfo, content: &[u8]) -> Added {
        catalog.store_file(&StoredFile { metainfo, content }, &OWNER).unwrap()
    }

    fn torrent(catalog: &Catalog, number: u32) -> Torrent {
        catalog.torrent(hash(number)).unwrap().unwrap()
    }

    #[test]
    fn a_stored_file_is_read_as_it_was_given_and_its_torrent_stays_through_scans() {
        let (_folder, mut catalog) = new_catalog();
        let metainfo = scanned(1, "").metainfo;
        let content: Vec<u8> = (0..=255).cycle().take(70_000).collect();
        let added = store(&mut catalog, &metainfo, &content);
        assert_eq!(added, Added { info_hash: hash(1), is_new: true });
        for at in [100, 200] {
            assert_eq!(scan(&mut catalog, &[scanned(2, "b.torrent")], at).vanished, []);
            let torrent = torrent(&catalog, 1);
            assert_eq!(torrent.file_place(), FilePlace::Catalog);
            assert_eq!((&*torrent.name, torrent.size), ("content 1", 1_001));
            assert_eq!((torrent.file_size, torrent.known_size()), (70_000, Some(1_001)));
            assert!(torrent.is_tracked() && torrent.is_linked(Timestamp(at)));
            assert_eq!(catalog.stored_file(hash(1)).unwrap().as_ref(), Some(&content));
        }
        assert_eq!(catalog.stored_file(hash(2)).unwrap(), None);
        assert_eq!(catalog.changes().unwrap()[0].after.as_deref(), Some("content 1"));
        assert!(!store(&mut catalog, &metainfo, b"other").is_new);
        assert_eq!(catalog.stored_file(hash(1)).unwrap().as_deref(), Some(&b"other"[..]));
    }

    #[test]
    fn a_file_in_the_folder_counts_before_it_and_leaves_it_as_it_is() {
        let (_folder, mut catalog) = new_catalog();
        store(&mut catalog, &scanned(1, "").metainfo, b"stored");
        scan(&mut catalog, &[scanned(1, "a.torrent")], 100);
        let with_file = torrent(&catalog, 1);
        assert_eq!(with_file.file_place(), FilePlace::Folder("a.torrent".as_ref()));
        assert_eq!(with_file.file_size, 300);
        scan(&mut catalog, &[], 200);
        let without = torrent(&catalog, 1);
        assert_eq!((without.file_place(), without.file_size), (FilePlace::Catalog, 6));
        assert_eq!(catalog.stored_file(hash(1)).unwrap().as_deref(), Some(&b"stored"[..]));
    }

    #[test]
    fn one_that_was_missing_or_had_no_file_has_one() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.secret.torrent")], 100);
        scan(&mut catalog, &[], 200);
        assert!(store(&mut catalog, &scanned(1, "").metainfo, b"a").is_new);
        let found = torrent(&catalog, 1);
        assert_eq!((found.file_place(), found.missing_since), (FilePlace::Catalog, None));
        assert_eq!(found.first_seen, Timestamp(100), "it is as old as it was");

        let (hashes, name) = (InfoHashes::V1(hash(1_000_002)), String::new());
        let by_hash = TorrentByHash { hashes, name, size: None, first_seen: Timestamp(40) };
        catalog.add(&by_hash, &OWNER).unwrap();
        let both = hybrid(2, "").metainfo;
        let added = store(&mut catalog, &both, b"b");
        assert_eq!(added, Added { info_hash: hash(1_000_002), is_new: false });
        let found = torrent(&catalog, 2);
        assert_eq!((found.canonical, found.v1, found.v2), (hash(1_000_002), both.v1(), both.v2()));
        assert_eq!(found.aliases().collect::<Vec<_>>(), [hash(2)]);
    }

    #[test]
    fn a_twin_leaves_its_file_to_the_torrent_of_the_folder() {
        let (_folder, mut catalog) = new_catalog();
        let (hashes, name) = (InfoHashes::V1(hash(1_000_001)), String::new());
        let by_hash = TorrentByHash { hashes, name, size: None, first_seen: Timestamp(40) };
        catalog.add(&by_hash, &OWNER).unwrap();
        store(&mut catalog, &hybrid(1, "").metainfo, b"stored");
        scan(&mut catalog, &[hybrid(1, "a.torrent")], 100);
        scan(&mut catalog, &[], 200);
        let found = torrent(&catalog, 1);
        assert_eq!((found.canonical, found.file_place()), (hash(1), FilePlace::Catalog));
        assert_eq!(catalog.stored_file(hash(1)).unwrap().as_deref(), Some(&b"stored"[..]));
        let twin = catalog.all_torrents().unwrap();
        let twin = twin.iter().find(|it| it.canonical == hash(1_000_001)).unwrap();
        assert_eq!(twin.file_place(), FilePlace::Nowhere);
    }

    #[test]
    fn to_retire_keeps_it_and_to_remove_deletes_it() {
        let (_folder, mut catalog) = new_catalog();
        store(&mut catalog, &scanned(1, "").metainfo, b"stored");
        let retire = |it: &mut crate::catalog::Details| {
            it.retirement = Some(Retirement::Retired(String::new()));
        };
        catalog.decide(hash(1), "retire", retire, &OWNER).unwrap();
        assert!(!torrent(&catalog, 1).is_linked(Timestamp(60)));
        assert!(catalog.stored_file(hash(1)).unwrap().is_some());
        let gone = torrent(&catalog, 1);
        catalog.remove(&gone, &OWNER).unwrap();
        assert_eq!(catalog.stored_file(hash(1)).unwrap(), None);
    }

    #[test]
    fn a_magnet_link_tells_nothing_more_of_one_whose_file_is_stored() {
        let (_folder, mut catalog) = new_catalog();
        store(&mut catalog, &scanned(1, "").metainfo, b"stored");
        let hashes = hybrid(1, "").metainfo.hashes;
        let link = TorrentByHash { hashes, name: "x".into(), size: None, first_seen: OWNER.at };
        catalog.add(&link, &OWNER).unwrap();
        assert_eq!(torrent(&catalog, 1).v2, None);
    }

    #[test]
    fn what_does_not_fit_on_the_disk_leaves_nothing() {
        let (_folder, mut catalog) = new_catalog();
        store(&mut catalog, &scanned(1, "").metainfo, b"stored");
        let pages: i64 =
            catalog.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        catalog
            .connection
            .pragma_update_and_check(None, "max_page_count", pages + 2, |_| Ok(()))
            .unwrap();
        let (metainfo, content) = (scanned(2, "").metainfo, vec![7; 1 << 20]);
        let file = StoredFile { metainfo: &metainfo, content: &content };
        let problem = catalog.store_file(&file, &OWNER).unwrap_err().to_string();
        assert!(problem.contains("cannot put a file into the catalogue"), "{problem}");
        assert!(problem.contains("with space left"), "{problem}");
        assert_eq!(catalog.all_torrents().unwrap().len(), 1);
        assert_eq!(catalog.changes().unwrap().len(), 1);
    }
}
