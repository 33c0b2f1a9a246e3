//! Publishing while others read, folders that change, and what stands in the way.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, UNIX_EPOCH};

use super::*;
use crate::catalog::samples::{files_in, new_catalog, scan};
use crate::catalog::{Details, RefreshRecord, StoreCounters, Switch, Switches};

#[test]
fn the_catalogues_present_torrents_are_published() {
    let (folder, mut catalog) = new_catalog();
    let mut quoted = hybrid(1, "a.torrent");
    quoted.metainfo.name = "\"it's\" \u{1f980} <b>".into();
    scan(&mut catalog, &[quoted.clone(), scanned(2, "b.torrent")], 1);
    scan(&mut catalog, &[hybrid(1, "a.torrent")], 2);
    scan(&mut catalog, &[quoted], 3);
    let counters = StoreCounters { completed: 3, ..Default::default() };
    let record = RefreshRecord { info_hash: hash(1), counters, period: Default::default() };
    catalog.record_refresh(Timestamp(30), Generation(6), &[record]).unwrap();
    catalog.record_refresh(Timestamp(30), Generation(7), &[record]).unwrap();

    let path = folder.path().join("made/here/policy.snapshot");
    publish(&path, &catalog.torrents().unwrap(), &publication(&[])).unwrap();
    let snapshot = PolicySnapshot::open(&path).unwrap();
    assert_eq!(snapshot.torrents().count(), 1);
    let found = snapshot.find(hash(1_000_001)).unwrap();
    assert_eq!(found.name(), "\"it's\" \u{1f980} <b>");
    assert_eq!((found.completed, found.carried_completed), (6, 3));
    assert_eq!(snapshot.find(hash(2)), None, "a missing torrent was published");
    assert_eq!(files_in(path.parent().unwrap()), ["policy.snapshot"]);
}

#[test]
fn whoever_has_a_snapshot_open_keeps_it_when_it_is_replaced() {
    let (_folder, path) = place();
    write(&path, hybrids(3));
    let old = PolicySnapshot::open(&path).unwrap();
    write(&path, hybrids(1));
    old.verify().unwrap();
    assert_eq!(old.torrents().count(), 3);
    assert_eq!(PolicySnapshot::open(&path).unwrap().torrents().count(), 1);
}

#[test]
fn threads_that_publish_and_open_at_once_only_ever_meet_whole_snapshots() {
    let (folder, path) = place();
    write(&path, hybrids(1));
    std::thread::scope(|scope| {
        for count in [10, 300] {
            let path = &path;
            scope.spawn(move || (0..40).for_each(|_| write(path, hybrids(count))));
        }
        for _ in 0..200 {
            let snapshot = PolicySnapshot::open(&path).unwrap();
            snapshot.verify().unwrap();
            assert!([1, 10, 300].contains(&snapshot.torrents().count()));
        }
    });
    assert_eq!(files_in(folder.path()), ["policy.snapshot"]);
}

/// Tells a child of this test binary where to publish.
const PUBLISH_AT: &str = "TRACKER_TEST_PUBLISH_AT";

/// Ends a child whatever becomes of its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Not a test of its own: publishes without a pause in the child process of the next test.
#[test]
fn publisher_process() {
    let Some(path) = std::env::var_os(PUBLISH_AT) else { return };
    let end = Instant::now() + Duration::from_secs(30);
    for published_at in (1_000..).take_while(|_| Instant::now() < end) {
        let publication = Publication { published_at: Timestamp(published_at), ..publication(&[]) };
        publish(path.as_ref(), &hybrids(200), &publication).unwrap();
    }
}

#[test]
fn a_publisher_that_is_killed_leaves_a_whole_snapshot() {
    let (_folder, path) = place();
    for _ in 0..5 {
        write(&path, hybrids(200));
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "catalog::policy::tests::publishing::publisher_process"])
            .env(PUBLISH_AT, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut child = Killed(child);
        // Killed at some instant of one of its later publications.
        loop {
            let snapshot = PolicySnapshot::open(&path).unwrap();
            snapshot.verify().unwrap();
            assert_eq!(snapshot.torrents().count(), 200);
            if snapshot.published_at() > Timestamp(1_005) {
                break;
            }
            assert_eq!(child.0.try_wait().unwrap(), None, "the publisher ended by itself");
        }
        drop(child);
        PolicySnapshot::open(&path).unwrap().verify().unwrap();
    }
}

#[test]
fn a_temporary_file_that_a_killed_process_left_is_not_in_the_way() {
    let (folder, path) = place();
    let left = format!(".policy.snapshot.{}-0.new", std::process::id());
    fs::write(folder.path().join(&left), "left").unwrap();
    write(&path, hybrids(1));
    assert_eq!(files_in(folder.path()), [left.as_str(), "policy.snapshot"]);
    assert_eq!(fs::read(folder.path().join(left)).unwrap(), b"left");
}

#[test]
fn a_snapshot_that_cannot_be_written_leaves_the_old_one() {
    let home = tempfile::tempdir().unwrap();
    let mut folder = home.path().to_owned();
    while folder.as_os_str().len() < 3900 {
        folder.push("d".repeat(100));
    }
    fs::create_dir_all(&folder).unwrap();
    // Its path leaves no room for the name of a temporary file: also root cannot write one.
    let path = folder.join("p".repeat(4090 - folder.as_os_str().len()));
    let (_other_folder, written) = place();
    write(&written, hybrids(3));
    fs::copy(&written, &path).unwrap();
    let (_catalog_folder, catalog) = new_catalog();
    let error = publish(&path, &catalog.torrents().unwrap(), &publication(&[])).unwrap_err();
    assert!(matches!(error, PolicyError::Io { .. }), "{error}");
    assert_eq!(PolicySnapshot::open(&path).unwrap().torrents().count(), 3);
    assert_eq!(files_in(&folder).len(), 1);
}

#[test]
fn a_snapshot_that_cannot_take_its_place_leaves_nothing_behind() {
    let (folder, path) = place();
    fs::create_dir(&path).unwrap();
    let result = publish(&path, &hybrids(3), &publication(&[]));
    assert!(matches!(result, Err(PolicyError::Io { doing: "write", .. })));
    assert_eq!(files_in(folder.path()), ["policy.snapshot"]);
}

/// A watched folder that was modified `seconds` after 1970.
fn watched(path: &Path, seconds: u64) -> io::Result<Watched> {
    File::open(path)?.set_modified(UNIX_EPOCH + Duration::from_secs(seconds))?;
    fs::metadata(path)?;
    Ok(Watched::now(path))
}

/// What a snapshot of a scan that ended 40 seconds after 1970 says of these folders.
fn change(watched: &[Watched]) -> FolderChange {
    let (_folder, path) = place();
    publish(&path, Vec::new(), &publication(watched)).unwrap();
    PolicySnapshot::open(&path).unwrap().folder_change()
}

#[test]
fn a_change_of_any_watched_folder_shows() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join(OsStr::from_bytes(b"sub \xff\""));
    fs::create_dir(&inner).unwrap();
    let seen = [watched(&inner, 20).unwrap(), watched(folder.path(), 30).unwrap()];
    assert_eq!(change(&seen), FolderChange::None);

    File::create(inner.join("new.torrent")).unwrap();
    assert_eq!(change(&seen), FolderChange::Certain);
    let seen = [watched(&inner, 20).unwrap(), watched(folder.path(), 30).unwrap()];
    assert_eq!(change(&seen), FolderChange::None);

    fs::remove_dir_all(&inner).unwrap();
    watched(folder.path(), 30).unwrap();
    assert_eq!(change(&seen), FolderChange::Certain, "a folder that is gone");
}

#[test]
fn a_folder_modified_within_two_seconds_of_the_scans_end_may_have_changed_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let change_at = |seconds| change(&[watched(folder.path(), seconds).unwrap()]);
    assert_eq!(change_at(38), FolderChange::None);
    assert_eq!(change_at(39), FolderChange::Perhaps);
    assert_eq!(change_at(41), FolderChange::Perhaps);
    let ahead = "a clock that is ahead must not make every miss a scan";
    assert_eq!(change_at(42), FolderChange::None, "{ahead}");
}

#[test]
fn since_a_scan_that_no_change_can_have_escaped_nothing_is_looked_for_again() {
    let (_folder, path) = place();
    let folder = tempfile::tempdir().unwrap();
    let watched = [watched(folder.path(), 40).unwrap()];
    publish(&path, Vec::new(), &Publication { scanned: None, ..publication(&watched) }).unwrap();
    let change = || PolicySnapshot::open(&path).unwrap().folder_change();
    assert_eq!(change(), FolderChange::None);
    File::create(folder.path().join("new.torrent")).unwrap();
    assert_eq!(change(), FolderChange::Certain);
}

#[test]
fn a_folder_that_could_not_be_seen_is_looked_for_again_but_not_at_every_miss() {
    assert_eq!(change(&[]), FolderChange::Perhaps);
}

#[test]
fn changes_of_listings_are_those_after_the_last_refresh() {
    let (_folder, path) = place();
    let dated = |number: u32, from: Option<u64>, until: Option<u64>| {
        let [list_from, list_until] = [from, until].map(|at| at.map(Timestamp));
        let details = Details { list_from, list_until, ..Details::default() };
        Torrent::by_hash(hash(number), Timestamp(1)).with_decision(details)
    };
    let hidden = Torrent { hidden: true, ..dated(5, None, Some(60)) };
    let published = [
        dated(1, Some(100), Some(200)),
        dated(2, None, Some(31)),
        dated(3, None, Some(30)),
        dated(4, None, None),
        hidden,
        dated(6, Some(90), Some(80)),
    ];
    // The last refresh was at 30, and what is published is as of 50.
    publish(&path, &published, &publication(&[])).unwrap();
    let policy = PolicySnapshot::open(&path).unwrap();
    policy.verify().unwrap();
    let changes = |now| -> Vec<(u64, bool)> {
        let changes = policy.listing_changes(Timestamp(now));
        changes.map(|it| (it.at.0, it.is_listed)).collect()
    };
    assert_eq!(changes(30), []);
    assert_eq!(changes(31), [(31, false)]);
    assert_eq!(changes(100), [(31, false), (80, false), (90, false), (100, true)]);
    assert_eq!(changes(u64::MAX).last(), Some(&(200, false)));
    let first = policy.listing_changes(Timestamp(31)).next().unwrap();
    assert_eq!(first.canonical, published[1].canonical);
}

#[test]
fn what_is_set_over_the_configuration_is_read_as_it_was_published() {
    let (_folder, path) = place();
    write(&path, hybrids(1));
    assert!(PolicySnapshot::open(&path).unwrap().switches().is_empty());
    let mut switches = Switches::default();
    switches.put(Switch::OfflineMessage, Some("снова в понедельник".into()));
    switches.put(Switch::Identify, Some("false".into()));
    let rules = Rules { switches: switches.clone(), ..Rules::default() };
    let publication = Publication { rules: &rules, ..publication(&[]) };
    publish(&path, &hybrids(1), &publication).unwrap();
    let policy = PolicySnapshot::open(&path).unwrap();
    policy.verify().unwrap();
    assert_eq!(policy.switches(), switches);
}
