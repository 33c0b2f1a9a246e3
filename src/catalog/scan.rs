//! Taking what a scan of the torrents folder found into the catalogue.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rusqlite::{Transaction, named_params};

use super::count::Count;
use super::{Catalog, CatalogError, FolderScan, FoundTorrent};
use crate::protocol::{InfoHash, Timestamp};

/// July 2001: BitTorrent's first release.
const FIRST_TORRENT: Timestamp = Timestamp(994_032_000);

/// What a scan changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanChanges {
    /// Torrents that were never seen before.
    pub added: Vec<InfoHash>,
    /// Torrents that were missing.
    pub returned: Vec<InfoHash>,
    /// Torrents that are missing now.
    pub vanished: Vec<InfoHash>,
}

/// What the catalogue knew of a torrent before the scan.
struct Known {
    file: PathBuf,
    missing: bool,
}

impl Catalog {
    /// Takes a scan of the torrents folder into the catalogue, all or nothing. A torrent whose file
    /// is there but cannot be read now stays as it is. Of a torrent in several files, that one goes on
    /// counting which the catalogue knows it by.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn take_in(
        &mut self,
        scan: &mut FolderScan,
        now: Timestamp,
    ) -> Result<ScanChanges, CatalogError> {
        if !scan.duplicates.is_empty() {
            let torrents = self.torrents()?;
            let files: HashSet<(InfoHash, &Path)> =
                torrents.iter().map(|it| (it.canonical, it.file.as_path())).collect();
            scan.prefer(|info_hash, file| files.contains(&(info_hash, file)));
        }
        let keep: Vec<PathBuf> = scan.unread().map(Path::to_path_buf).collect();
        self.apply_scan(&scan.torrents, &keep, scan.complete, now)
    }

    /// Takes the outcome of a scan into the catalogue, all or nothing.
    ///
    /// The torrents that an owner had when the tracker came are as old as their files. Those that come later
    /// are new, whatever the dates of their files, as they are to readers of the feed.
    ///
    /// A torrent is its canonical info-hash: under another path it is the same one, and of several
    /// files with it the one with the lowest path counts. What was not found is missing from now on and keeps
    /// its totals, except torrents whose files are in `keep` (there, but not readable now), which stay
    /// as they are; nothing at all goes missing unless the scan was `complete`.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub(super) fn apply_scan(
        &mut self,
        scan: &[FoundTorrent],
        keep: &[PathBuf],
        complete: bool,
        now: Timestamp,
    ) -> Result<ScanChanges, CatalogError> {
        let mut found: Vec<(InfoHash, &FoundTorrent)> =
            scan.iter().map(|found| (found.metainfo.canonical(), found)).collect();
        found.sort_by_key(|(info_hash, torrent)| (*info_hash, torrent.file.as_os_str()));
        found.dedup_by_key(|(info_hash, _)| *info_hash);
        let keep: HashSet<&Path> = keep.iter().map(PathBuf::as_path).collect();
        self.write("take a scan into", |transaction| {
            let mut known = known_torrents(transaction)?;
            let is_first = known.is_empty();
            let mut changes = ScanChanges::default();
            let mut upsert = transaction.prepare(UPSERT)?;
            for (info_hash, torrent) in found {
                let metainfo = &torrent.metainfo;
                match known.remove(&info_hash) {
                    None => changes.added.push(info_hash),
                    Some(Known { missing: true, .. }) => changes.returned.push(info_hash),
                    Some(_) => {}
                }
                upsert.execute(named_params! {
                    ":info_hash": info_hash.0,
                    ":v1": metainfo.v1().map(|hash| hash.0),
                    ":v2": metainfo.v2().map(|hash| hash.0),
                    ":file": path_bytes(&torrent.file),
                    ":name": metainfo.name,
                    ":size": Count(metainfo.size),
                    ":file_size": Count(torrent.file_size),
                    ":hidden": torrent.hidden,
                    ":private": metainfo.private,
                    ":info_page": torrent.info_page.as_deref().map(path_bytes),
                    ":first_seen": Count(if is_first { date_of_file(torrent, now) } else { now }.0),
                })?;
            }
            if complete {
                known.retain(|_, torrent| {
                    !torrent.missing && !keep.contains(torrent.file.as_path())
                });
                changes.vanished = known.into_keys().collect();
                changes.vanished.sort_unstable();
                let mut vanish = transaction.prepare(VANISH)?;
                for info_hash in &changes.vanished {
                    vanish.execute((info_hash.0, Count(now.0)))?;
                }
            }
            Ok(changes)
        })
    }
}

/// Since when a torrent's file has been as it is; no earlier than the first torrent can have been made, as
/// programs that make reproducible archives write dates that mean nothing.
fn date_of_file(torrent: &FoundTorrent, now: Timestamp) -> Timestamp {
    if torrent.modified < FIRST_TORRENT { now } else { torrent.modified.min(now) }
}

/// Writes nothing when nothing differs, so that a scan without news leaves the file alone.
const UPSERT: &str = "
    INSERT INTO torrents
        (info_hash, v1, v2, file, name, size, file_size, hidden, private, info_page, first_seen)
    VALUES (:info_hash, :v1, :v2, :file, :name, :size, :file_size, :hidden, :private, :info_page,
        :first_seen)
    ON CONFLICT (info_hash) DO UPDATE SET
        v1 = excluded.v1, v2 = excluded.v2, file = excluded.file, name = excluded.name,
        size = excluded.size, file_size = excluded.file_size, hidden = excluded.hidden,
        private = excluded.private, info_page = excluded.info_page, missing_since = NULL
    WHERE missing_since IS NOT NULL
        OR (v1, v2, file, name, size, file_size, hidden, private, info_page)
        IS NOT (excluded.v1, excluded.v2, excluded.file, excluded.name, excluded.size,
            excluded.file_size, excluded.hidden, excluded.private, excluded.info_page)";

const VANISH: &str = "UPDATE torrents SET missing_since = ?2 WHERE info_hash = ?1";

fn known_torrents(transaction: &Transaction<'_>) -> rusqlite::Result<HashMap<InfoHash, Known>> {
    transaction
        .prepare("SELECT info_hash, file, missing_since IS NOT NULL FROM torrents")?
        .query_map([], |row| {
            let file = OsString::from_vec(row.get(1)?).into();
            Ok((InfoHash(row.get(0)?), Known { file, missing: row.get(2)? }))
        })?
        .collect()
}

fn path_bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;
    use crate::catalog::samples::{hash, hybrid, new_catalog, scan, scanned};
    use crate::catalog::{RefreshRecord, StoreCounters, Torrent};

    fn complete_downloads(catalog: &mut Catalog, number: u32, completed: u64) {
        let counters = StoreCounters { completed, ..Default::default() };
        let record =
            RefreshRecord { info_hash: hash(number), counters, period: Default::default() };
        catalog.record_refresh(Timestamp(1), 7, &[record]).unwrap();
    }

    fn only(catalog: &Catalog) -> Torrent {
        let mut all = catalog.all_torrents().unwrap();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn a_new_torrent_is_added_with_everything_the_scan_knows() {
        let (_folder, mut catalog) = new_catalog();
        let mut found = FoundTorrent {
            hidden: true,
            info_page: Some("sub/a.html".into()),
            file: PathBuf::from(OsStr::from_bytes(b"sub/\xff'\".torrent")),
            ..hybrid(1, "")
        };
        found.metainfo.name = "it's \"<b>\" \u{1f980} \0 '; DROP TABLE torrents; --".into();
        found.metainfo.private = true;
        let changes = scan(&mut catalog, std::slice::from_ref(&found), 100);
        assert_eq!(changes, ScanChanges { added: vec![hash(1)], ..Default::default() });
        let torrent = only(&catalog);
        let metainfo = &found.metainfo;
        assert_eq!(torrent.canonical, metainfo.canonical());
        assert_eq!((torrent.v1, torrent.v2), (metainfo.v1(), metainfo.v2()));
        assert_eq!((&torrent.name, torrent.size), (&metainfo.name, metainfo.size));
        assert_eq!((&torrent.file, torrent.file_size), (&found.file, found.file_size));
        assert_eq!((torrent.hidden, torrent.private), (true, true));
        assert_eq!(torrent.info_page, found.info_page);
        assert_eq!(torrent.first_seen, Timestamp(100));
        assert_eq!(torrent.missing_since, None);
        assert_eq!(torrent.totals, Default::default());
    }

    #[test]
    fn what_an_owner_had_before_is_as_old_as_its_file_and_what_comes_later_is_new() {
        const NOW: u64 = 1_700_000_000;
        let (_folder, mut catalog) = new_catalog();
        let at = |number, modified| FoundTorrent {
            modified: Timestamp(modified),
            ..scanned(number, &format!("{number}.torrent"))
        };
        let had = [at(1, NOW - 5_000), at(2, 0), at(3, 315_532_800), at(4, NOW + 9)];
        scan(&mut catalog, &had, NOW);
        let with_more = [&had[..], &[at(5, NOW - 5_000)]].concat();
        scan(&mut catalog, &with_more, NOW + 100);
        let dates: Vec<_> = catalog.torrents().unwrap().iter().map(|it| it.first_seen.0).collect();
        assert_eq!(dates, [NOW - 5_000, NOW, NOW, NOW, NOW + 100]);
    }

    #[test]
    fn a_torrent_that_vanishes_keeps_its_totals_until_it_returns() {
        let (_folder, mut catalog) = new_catalog();
        let found = [scanned(1, "a.torrent")];
        scan(&mut catalog, &found, 100);
        complete_downloads(&mut catalog, 1, 5);

        let changes = scan(&mut catalog, &[], 200);
        assert_eq!(changes, ScanChanges { vanished: vec![hash(1)], ..Default::default() });
        assert_eq!(catalog.torrents().unwrap(), []);
        assert_eq!(only(&catalog).missing_since, Some(Timestamp(200)));

        assert_eq!(scan(&mut catalog, &[], 300), ScanChanges::default());
        assert_eq!(only(&catalog).missing_since, Some(Timestamp(200)), "since the first miss");

        let changes = scan(&mut catalog, &found, 400);
        assert_eq!(changes, ScanChanges { returned: vec![hash(1)], ..Default::default() });
        let torrent = only(&catalog);
        assert_eq!((torrent.first_seen, torrent.missing_since), (Timestamp(100), None));
        assert_eq!(torrent.totals.completed, 5);
    }

    #[test]
    fn a_moved_or_edited_file_is_the_same_torrent() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent")], 100);
        complete_downloads(&mut catalog, 1, 5);
        let moved = FoundTorrent { hidden: true, ..scanned(1, "new/b.torrent") };
        assert_eq!(scan(&mut catalog, &[moved], 200), ScanChanges::default());
        let torrent = only(&catalog);
        assert_eq!(torrent.file, Path::new("new/b.torrent"));
        assert!(torrent.hidden);
        assert_eq!((torrent.first_seen, torrent.totals.completed), (Timestamp(100), 5));
    }

    #[test]
    fn new_content_under_an_old_file_name_is_another_torrent() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent"), scanned(2, "b.torrent")], 100);
        let changes = scan(&mut catalog, &[scanned(3, "a.torrent"), scanned(1, "b.torrent")], 200);
        assert_eq!(changes.added, [hash(3)]);
        assert_eq!(changes.vanished, [hash(2)]);
        let files: Vec<_> = catalog.torrents().unwrap();
        let files: Vec<_> = files.iter().map(|it| (it.canonical, it.file.clone())).collect();
        assert_eq!(files, [(hash(3), "a.torrent".into()), (hash(1), "b.torrent".into())]);
    }

    #[test]
    fn nothing_vanishes_after_a_scan_that_was_not_complete() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent")], 100);
        let changes =
            catalog.apply_scan(&[scanned(2, "b.torrent")], &[], false, Timestamp(200)).unwrap();
        assert_eq!(changes, ScanChanges { added: vec![hash(2)], ..Default::default() });
        assert_eq!(catalog.torrents().unwrap().len(), 2);
    }

    #[test]
    fn torrents_of_files_that_cannot_be_read_now_stay_as_they_are() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent"), scanned(2, "b.torrent")], 100);
        scan(&mut catalog, &[scanned(1, "a.torrent")], 200);
        let keep = ["a.torrent".into(), "b.torrent".into(), "never seen.torrent".into()];
        let changes = catalog.apply_scan(&[], &keep, true, Timestamp(300)).unwrap();
        assert_eq!(changes, ScanChanges::default());
        let missing: Vec<_> =
            catalog.all_torrents().unwrap().iter().map(|it| it.missing_since).collect();
        assert_eq!(missing, [None, Some(Timestamp(200))]);
    }

    #[test]
    fn of_several_files_with_one_torrent_the_lowest_path_counts() {
        let (_folder, mut catalog) = new_catalog();
        let found = [scanned(1, "b.torrent"), scanned(1, "a.torrent"), scanned(1, "c.torrent")];
        assert_eq!(scan(&mut catalog, &found, 100).added, [hash(1)]);
        assert_eq!(only(&catalog).file, Path::new("a.torrent"));
    }

    #[test]
    fn a_scan_without_news_writes_nothing() {
        let (_folder, mut catalog) = new_catalog();
        let found = [hybrid(1, "a.torrent"), scanned(2, "b.torrent")];
        scan(&mut catalog, &found, 100);
        let before = catalog.connection.total_changes();
        assert_eq!(scan(&mut catalog, &found, 200), ScanChanges::default());
        assert_eq!(catalog.connection.total_changes(), before);
    }

    #[test]
    fn a_scan_that_fails_half_way_changes_nothing() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent")], 100);
        let before = catalog.all_torrents().unwrap();
        catalog
            .connection
            .execute_batch(
                "CREATE TEMP TRIGGER full BEFORE UPDATE ON torrents
                BEGIN SELECT RAISE(ABORT, 'no space'); END",
            )
            .unwrap();
        let scan = catalog.apply_scan(&[scanned(2, "b.torrent")], &[], true, Timestamp(200));
        assert!(matches!(scan, Err(CatalogError::Sqlite { .. })));
        assert_eq!(catalog.all_torrents().unwrap(), before);
    }

    #[test]
    fn sizes_beyond_what_sqlite_can_hold_are_clamped() {
        let (_folder, mut catalog) = new_catalog();
        let mut huge = scanned(1, "a.torrent");
        huge.metainfo.size = u64::MAX;
        scan(&mut catalog, &[huge], 100);
        assert_eq!(only(&catalog).size, i64::MAX.cast_unsigned());
    }
}
