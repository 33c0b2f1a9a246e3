//! What scans make of a catalogue.

use std::ffi::OsStr;
use std::path::PathBuf;

use super::*;
use crate::catalog::samples::{hash, hybrid, new_catalog, scan, scanned};
use crate::catalog::{
    Detail, FileState, RefreshRecord, Seen, StoreCounters, Surroundings, Torrent,
};
use crate::platform::folder::Folder;
use crate::protocol::Generation;

fn complete_downloads(catalog: &mut Catalog, number: u32, completed: u64) {
    let counters = StoreCounters { completed, ..Default::default() };
    let record = RefreshRecord { info_hash: hash(number), counters, period: Default::default() };
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
        let known = list.known_files(list.fingerprints(Detail::States)).position(
            Path::new("a.torrent"),
            Seen::State(state),
            Surroundings::default(),
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
    let list = catalog.list("other rules").unwrap();
    assert!(list.known_files(list.fingerprints(Detail::States)).is_empty());
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

/// A scan by an owner who has a list of info-hashes, by their numbers; `None`: it cannot be read.
fn scan_with_list(
    catalog: &mut Catalog,
    found: &[FoundTorrent],
    allowed: Option<&[u32]>,
    now: u64,
) -> ScanChanges {
    let allowed: Option<HashSet<InfoHash>> =
        allowed.map(|numbers| numbers.iter().copied().map(hash).collect());
    let outcome =
        Outcome { found, complete: true, allowed: allowed.as_ref(), ..Outcome::default() };
    let mut list = catalog.list("").unwrap();
    let changes = catalog.update(&mut list, &outcome, Timestamp(now)).unwrap();
    let mut listed: Vec<_> = list.into_tracked().collect();
    listed.sort_by_key(|torrent| torrent.canonical);
    let mut read = catalog.torrents().unwrap();
    read.sort_by_key(|torrent| torrent.canonical);
    assert_eq!(listed, read, "the list in memory is that of the catalogue");
    changes
}

fn present(catalog: &Catalog) -> Vec<(InfoHash, bool)> {
    catalog.torrents().unwrap().iter().map(|it| (it.canonical, it.has_file())).collect()
}

#[test]
fn what_the_owner_lists_is_tracked_without_a_file_until_it_is_listed_no_longer() {
    let (_folder, mut catalog) = new_catalog();
    let changes = scan_with_list(&mut catalog, &[], Some(&[1, 1]), 100);
    assert_eq!(changes.added, [hash(1)]);
    complete_downloads(&mut catalog, 1, 5);
    assert_eq!(scan_with_list(&mut catalog, &[], Some(&[1]), 200), ScanChanges::default());
    assert_eq!(scan_with_list(&mut catalog, &[], None, 200), ScanChanges::default());
    assert_eq!(present(&catalog), [(hash(1), false)]);
    assert_eq!(scan_with_list(&mut catalog, &[], Some(&[]), 300).vanished, [hash(1)]);
    assert_eq!(present(&catalog), []);
    assert_eq!(scan_with_list(&mut catalog, &[], Some(&[1]), 400).returned, [hash(1)]);
    let torrent = only(&catalog);
    assert_eq!((torrent.totals.completed, torrent.first_seen), (5, Timestamp(100)));
}

#[test]
fn a_listed_torrent_may_have_a_file_for_a_while() {
    let (_folder, mut catalog) = new_catalog();
    scan_with_list(&mut catalog, &[], Some(&[1]), 100);
    let file = [scanned(1, "a.torrent")];
    assert_eq!(scan_with_list(&mut catalog, &file, Some(&[1]), 200), ScanChanges::default());
    assert_eq!(present(&catalog), [(hash(1), true)]);
    assert_eq!(scan_with_list(&mut catalog, &[], Some(&[1]), 300), ScanChanges::default());
    assert_eq!(present(&catalog), [(hash(1), false)]);
    scan_with_list(&mut catalog, &file, Some(&[]), 400);
    assert_eq!(scan_with_list(&mut catalog, &[], Some(&[]), 500).vanished, [hash(1)]);
}

#[test]
fn the_other_hash_of_a_hybrid_on_the_list_is_no_torrent_of_its_own() {
    let (_folder, mut catalog) = new_catalog();
    let file = [hybrid(1, "a.torrent")];
    let changes = scan_with_list(&mut catalog, &file, Some(&[1_000_001]), 100);
    assert_eq!(changes.added, [hash(1)]);
    assert_eq!(
        scan_with_list(&mut catalog, &file, Some(&[1_000_001]), 200),
        ScanChanges::default()
    );
}

#[test]
fn the_twin_of_a_hybrid_stays_away_and_its_list_keeps_the_hybrid() {
    let (_folder, mut catalog) = new_catalog();
    let listed = Some(&[1_000_001][..]);
    scan_with_list(&mut catalog, &[], listed, 100);
    assert_eq!(present(&catalog), [(hash(1_000_001), false)]);
    let file = [hybrid(1, "a.torrent")];
    for at in [200, 300, 400] {
        scan_with_list(&mut catalog, &file, listed, at);
        assert_eq!(present(&catalog), [(hash(1), true)], "at {at}");
    }
    let owner = crate::catalog::Author { name: "olive", at: Timestamp(450) };
    let twin = crate::catalog::TorrentByHash {
        hashes: crate::protocol::InfoHashes::V1(hash(1_000_001)),
        name: String::new(),
        size: None,
        first_seen: Timestamp(450),
    };
    assert!(!catalog.add(&twin, &owner).unwrap().is_new);
    assert_eq!(present(&catalog), [(hash(1), true)]);
    assert_eq!(catalog.torrent(hash(1_000_001)).unwrap().unwrap().canonical, hash(1));
}

#[test]
fn a_hybrid_outlives_its_file_where_its_other_hash_is_listed() {
    let (_folder, mut catalog) = new_catalog();
    let listed = Some(&[1_000_001][..]);
    scan_with_list(&mut catalog, &[hybrid(1, "a.torrent")], listed, 100);
    scan_with_list(&mut catalog, &[], listed, 200);
    assert_eq!(present(&catalog), [(hash(1), false)]);
    scan_with_list(&mut catalog, &[], Some(&[]), 300);
    assert_eq!(present(&catalog), []);
    scan_with_list(&mut catalog, &[], listed, 400);
    assert_eq!(present(&catalog), [(hash(1), false)]);
}

#[test]
fn one_denied_hash_denies_both_of_a_hybrid() {
    let (_folder, mut catalog) = new_catalog();
    scan(&mut catalog, &[hybrid(1, "a.torrent"), scanned(2, "b.torrent")], 100);
    let mut list = catalog.list("").unwrap();
    list.deny(&HashSet::from([hash(1)]));
    let tracked: Vec<_> = list.tracked().map(|it| it.canonical).collect();
    assert_eq!(tracked, [hash(2)]);
    let denied: HashSet<_> = list.denied_hashes().collect();
    assert_eq!(denied, HashSet::from([hash(1), hash(1_000_001)]));
}
