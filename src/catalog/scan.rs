//! Taking what a scan of the torrents folder found into the catalogue.

use std::collections::{HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rusqlite::named_params;

use super::count::Count;
use super::list::{Listed, TorrentList};
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

/// What a scan found, and what it means that something was not found.
#[derive(Default)]
pub(super) struct Outcome<'a> {
    /// What was read.
    pub(super) found: &'a [FoundTorrent],
    /// Where in the list those stand that are as they were.
    pub(super) unchanged: &'a [usize],
    /// Files that are there but could not be read: their torrents stay as they are.
    pub(super) keep: HashSet<&'a Path>,
    /// Whether everything could be looked at; if not, nothing goes missing.
    pub(super) complete: bool,
}

impl Catalog {
    /// Takes a scan of the torrents folder into the catalogue, all or nothing, and into `list`, which must have
    /// been read from it since nobody else writes. A torrent whose file is there but cannot be read now stays
    /// as it is. Of a torrent in several files, that one goes on counting which the catalogue knows it by.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed in it.
    pub fn take_in(
        &mut self,
        list: &mut TorrentList,
        scan: &mut FolderScan,
        now: Timestamp,
    ) -> Result<ScanChanges, CatalogError> {
        if !scan.duplicates.is_empty() {
            let files: HashSet<(InfoHash, &Path)> =
                list.present().map(|it| (it.canonical, it.file.as_path())).collect();
            scan.prefer(|info_hash, file| files.contains(&(info_hash, file)));
        }
        let outcome = Outcome {
            found: &scan.torrents,
            unchanged: &scan.unchanged,
            keep: scan.unread().collect(),
            complete: scan.complete,
        };
        self.update(list, &outcome, now)
    }

    /// Takes the outcome of a scan into the catalogue, all or nothing, and writes nothing when nothing differs.
    ///
    /// The torrents that an owner had when the tracker came are as old as their files. Those that come later
    /// are new, whatever the dates of their files, as they are to readers of the feed.
    ///
    /// A torrent is its canonical info-hash: under another path it is the same one, and of several
    /// files with it the one with the lowest path counts. What was not found is missing from now on and keeps
    /// its totals.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed in it.
    pub(super) fn update(
        &mut self,
        list: &mut TorrentList,
        outcome: &Outcome<'_>,
        now: Timestamp,
    ) -> Result<ScanChanges, CatalogError> {
        let mut found: Vec<(InfoHash, &FoundTorrent)> =
            outcome.found.iter().map(|found| (found.metainfo.canonical(), found)).collect();
        found.sort_unstable_by_key(|(info_hash, torrent)| (*info_hash, torrent.file.as_os_str()));
        found.dedup_by_key(|(info_hash, _)| *info_hash);
        let is_first = list.listed.is_empty();
        let mut changes = ScanChanges::default();
        let mut written = Vec::new();
        let mut known = all_but(&mut list.listed, outcome.unchanged);
        let mut new = Vec::new();
        for (info_hash, torrent) in found {
            match known.remove(&info_hash) {
                None => {
                    let first_seen = if is_first { date_of_file(torrent, now) } else { now };
                    changes.added.push(info_hash);
                    new.push(Listed::new(torrent, first_seen));
                }
                Some(listed) if listed.is_as_found(torrent) => {}
                Some(listed) => {
                    if listed.torrent.missing_since.is_some() {
                        changes.returned.push(info_hash);
                    }
                    listed.become_as_found(torrent);
                    written.push(&*listed);
                }
            }
        }
        let mut vanished: Vec<&mut Listed> = known.into_values().collect();
        vanished.retain(|it| {
            let torrent = &it.torrent;
            let is_kept = outcome.keep.contains(torrent.file.as_path());
            outcome.complete && torrent.missing_since.is_none() && !is_kept
        });
        changes.vanished = vanished.iter().map(|it| it.torrent.canonical).collect();
        changes.vanished.sort_unstable();
        written.extend(&new);
        self.write_scan(&written, &changes.vanished, &list.outdated_rules, now)?;
        vanished.into_iter().for_each(|it| it.torrent.missing_since = Some(now));
        list.listed.extend(new);
        list.outdated_rules = None;
        Ok(changes)
    }

    fn write_scan(
        &mut self,
        written: &[&Listed],
        vanished: &[InfoHash],
        rules: &Option<String>,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        if written.is_empty() && vanished.is_empty() && rules.is_none() {
            return Ok(());
        }
        self.write("take a scan into", |transaction| {
            if let Some(rules) = rules {
                transaction.execute(FORGET_STATES, [])?;
                transaction.execute(NOTE_RULES, [rules])?;
            }
            let mut upsert = transaction.prepare(UPSERT)?;
            for Listed { torrent, hidden_by_file, state, .. } in written {
                upsert.execute(named_params! {
                    ":info_hash": torrent.canonical.0,
                    ":v1": torrent.v1.map(|hash| hash.0),
                    ":v2": torrent.v2.map(|hash| hash.0),
                    ":file": path_bytes(&torrent.file),
                    ":name": torrent.name,
                    ":size": Count(torrent.size),
                    ":file_size": Count(torrent.file_size),
                    ":hidden": hidden_by_file,
                    ":private": torrent.private,
                    ":info_page": torrent.info_page.as_deref().map(path_bytes),
                    ":first_seen": Count(torrent.first_seen.0),
                    ":file_state": state,
                })?;
            }
            let mut vanish = transaction.prepare(VANISH)?;
            for info_hash in vanished {
                vanish.execute((info_hash.0, Count(now.0)))?;
            }
            Ok(())
        })
    }
}

/// The torrents of a list that do not stand at these positions.
fn all_but<'a>(list: &'a mut [Listed], positions: &[usize]) -> HashMap<InfoHash, &'a mut Listed> {
    let mut is_wanted = vec![true; list.len()];
    for &position in positions {
        if let Some(is_wanted) = is_wanted.get_mut(position) {
            *is_wanted = false;
        }
    }
    let wanted = list.iter_mut().zip(is_wanted).filter(|(_, is_wanted)| *is_wanted);
    wanted.map(|(listed, _)| (listed.torrent.canonical, listed)).collect()
}

/// Since when a torrent's file has been as it is; no earlier than the first torrent can have been made, as
/// programs that make reproducible archives write dates that mean nothing.
fn date_of_file(torrent: &FoundTorrent, now: Timestamp) -> Timestamp {
    if torrent.modified < FIRST_TORRENT { now } else { torrent.modified.min(now) }
}

const UPSERT: &str = "
    INSERT INTO torrents
        (info_hash, v1, v2, file, name, size, file_size, hidden, private, info_page, first_seen, file_state)
    VALUES (:info_hash, :v1, :v2, :file, :name, :size, :file_size, :hidden, :private, :info_page,
        :first_seen, :file_state)
    ON CONFLICT (info_hash) DO UPDATE SET
        v1 = excluded.v1, v2 = excluded.v2, file = excluded.file, name = excluded.name,
        size = excluded.size, file_size = excluded.file_size, hidden = excluded.hidden,
        private = excluded.private, info_page = excluded.info_page, file_state = excluded.file_state,
        missing_since = NULL";

/// What was read under other rules has to be read again.
const FORGET_STATES: &str = "UPDATE torrents SET file_state = NULL WHERE file_state IS NOT NULL";

const NOTE_RULES: &str = "
    INSERT INTO scan_rules (id, rules) VALUES (1, ?1)
    ON CONFLICT (id) DO UPDATE SET rules = excluded.rules";

const VANISH: &str = "UPDATE torrents SET missing_since = ?2 WHERE info_hash = ?1";

fn path_bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::PathBuf;

    use super::*;
    use crate::catalog::samples::{hash, hybrid, new_catalog, scan, scanned};
    use crate::catalog::{Detail, FileState, RefreshRecord, Seen, StoreCounters, Torrent};
    use crate::platform::folder::Folder;
    use crate::protocol::Generation;

    fn complete_downloads(catalog: &mut Catalog, number: u32, completed: u64) {
        let counters = StoreCounters { completed, ..Default::default() };
        let record =
            RefreshRecord { info_hash: hash(number), counters, period: Default::default() };
        catalog.record_refresh(Timestamp(1), Generation(7), &[record]).unwrap();
    }

    fn state_of(folder: &Path, name: &str) -> FileState {
        FileState::from(&Folder::open(folder).unwrap().status(OsStr::new(name)).unwrap())
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

    #[test]
    fn files_of_torrents_are_known_by_their_state_until_the_rules_change() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.torrent");
        std::fs::write(&file, b"x").unwrap();
        let state = state_of(folder.path(), "a.torrent");
        let found = FoundTorrent { state: Some(state), ..hybrid(1, "a.torrent") };
        let (_folder, mut catalog) = new_catalog();
        let take_in = |catalog: &mut Catalog, rules: &str, found: &[FoundTorrent]| {
            let mut list = catalog.list(rules).unwrap();
            let known = list.known_files(Detail::States).position(
                Path::new("a.torrent"),
                Seen::State(state),
                None,
            );
            let is_known = known
                .and_then(|at| list.listed.get(at))
                .is_some_and(|listed| listed.torrent.canonical == found[0].metainfo.canonical());
            let outcome = Outcome { found, complete: true, ..Outcome::default() };
            catalog.update(&mut list, &outcome, Timestamp(100)).unwrap();
            is_known
        };
        assert!(!take_in(&mut catalog, "rules", std::slice::from_ref(&found)));
        assert!(take_in(&mut catalog, "rules", std::slice::from_ref(&found)));
        assert!(!take_in(&mut catalog, "other rules", &[scanned(2, "b.torrent")]));
        // It is gone, and comes back after that.
        assert!(!take_in(&mut catalog, "other rules", std::slice::from_ref(&found)));
        assert!(take_in(&mut catalog, "other rules", std::slice::from_ref(&found)));
    }

    #[test]
    fn what_could_not_be_read_under_new_rules_is_not_known_under_them() {
        let folder = tempfile::tempdir().unwrap();
        let state = state_of(folder.path(), ".");
        let found = FoundTorrent { state: Some(state), ..scanned(1, "away/a.torrent") };
        let (_folder, mut catalog) = new_catalog();
        let apply = |catalog: &mut Catalog, rules: &str, found: &[FoundTorrent]| {
            let mut list = catalog.list(rules).unwrap();
            let outcome = Outcome { found, complete: false, ..Outcome::default() };
            catalog.update(&mut list, &outcome, Timestamp(100)).unwrap();
        };
        apply(&mut catalog, "rules", &[found]);
        apply(&mut catalog, "other rules", &[]);
        assert!(catalog.list("other rules").unwrap().known_files(Detail::States).is_empty());
    }

    #[test]
    fn the_list_is_what_the_catalogue_has_after_every_scan() {
        let (_folder, mut catalog) = new_catalog();
        let same = |catalog: &Catalog, list: &TorrentList| {
            let mut listed: Vec<_> = list.listed.iter().map(|it| it.torrent.clone()).collect();
            listed.sort_by_key(|it| it.canonical);
            let mut all = catalog.all_torrents().unwrap();
            all.sort_by_key(|it| it.canonical);
            assert_eq!(listed, all);
        };
        let secret = FoundTorrent { hidden: true, ..scanned(2, "2.secret.torrent") };
        let scans = [
            vec![hybrid(1, "1.torrent"), scanned(2, "2.torrent")],
            vec![scanned(3, "3.torrent"), secret],
            vec![hybrid(1, "moved.torrent"), scanned(3, "3.torrent")],
            vec![],
            vec![scanned(3, "a.torrent"), scanned(3, "b.torrent")],
        ];
        let mut list = catalog.list("").unwrap();
        for (now, found) in (100..).zip(&scans) {
            let outcome = Outcome { found, complete: true, ..Outcome::default() };
            catalog.update(&mut list, &outcome, Timestamp(now)).unwrap();
            same(&catalog, &list);
        }
    }
}
