//! Tests of scans that know files from an earlier one.

use super::*;
use crate::catalog::FileTime;
use crate::catalog::{Carried, Period, Torrent, Totals};
use crate::platform::folder::Folder;

/// A scan in ten seconds, when no file was changed just before.
fn scan_later(folder: &TempDir, known: &[(Torrent, FileState)], detail: Detail) -> FolderScan {
    let files = known.iter().map(|(torrent, state)| (torrent, Some(*state)));
    let torrents = known.iter().map(|(torrent, _)| torrent).collect();
    let known = KnownFiles::new(torrents, Fingerprints::of(files, detail));
    let listing = Listing::of(folder.path(), detail).unwrap();
    let begun = FileTime(FileTime::now().0 + 10_000_000_000);
    Listing { begun, ..listing }.scan(&ANY, &known, &mut |_| {})
}

/// Of an empty catalogue.
fn nothing(detail: Detail) -> KnownFiles<'static> {
    KnownFiles::new(Vec::new(), Fingerprints::of([].into_iter(), detail))
}

/// What a catalogue knows after a scan.
fn known(scan: &FolderScan) -> Vec<(Torrent, FileState)> {
    let torrents = scan.torrents.iter().map(|found| {
        let torrent = Torrent {
            file: found.file.clone(),
            canonical: found.metainfo.canonical(),
            v1: found.metainfo.v1(),
            v2: found.metainfo.v2(),
            name: found.metainfo.name.clone(),
            size: found.metainfo.size,
            file_size: found.file_size,
            stored_size: None,
            hidden: found.hidden,
            private: found.metainfo.private,
            has_web_seed: found.metainfo.has_web_seed,
            added: false,
            details: None,
            info_page: found.info_page.clone(),
            first_seen: Timestamp(0),
            missing_since: None,
            totals: Totals::default(),
            carried: Carried::default(),
            period: Period::default(),
        };
        (torrent, found.state.unwrap())
    });
    torrents.collect()
}

/// The files that a scan leaves unread which knows what another has found, and those that it reads.
fn unread_and_read(before: &FolderScan, folder: &TempDir, detail: Detail) -> [Vec<PathBuf>; 2] {
    let known = known(before);
    let scan = scan_later(folder, &known, detail);
    let unread = scan.unchanged.iter().map(|&position| known[position].0.file.clone());
    let mut unread: Vec<_> = unread.collect();
    unread.sort();
    [unread, scan.torrents.into_iter().map(|found| found.file).collect()]
}

fn paths(names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(PathBuf::from).collect()
}

#[test]
fn a_file_is_read_again_when_its_state_differs_and_only_then() {
    let all = ["a.torrent", "b.torrent", "c.torrent", "d.torrent", "e.torrent", "g.torrent"];
    let folder = folder_of(&all);
    let at = |file: &str| folder.path().join(file);
    let before = scan_later(&folder, &[], Detail::States);
    for detail in [Detail::States, Detail::Names] {
        assert_eq!(unread_and_read(&before, &folder, detail), [paths(&all), vec![]]);
    }
    // Replaced by a file of the same size and time, written in place, another mode, gone, and with a page.
    let time = fs::metadata(at("a.torrent")).unwrap().modified().unwrap();
    put(&folder, "new", &single_file("A.torrent", Some(OURS)));
    File::options().write(true).open(at("new")).unwrap().set_modified(time).unwrap();
    fs::rename(at("new"), at("a.torrent")).unwrap();
    put(&folder, "b.torrent", &single_file("B.torrent", Some(OURS)));
    let mode = fs::metadata(at("c.torrent")).unwrap().permissions();
    std::thread::sleep(std::time::Duration::from_millis(20));
    fs::set_permissions(at("c.torrent"), mode).unwrap();
    put(&folder, "f.torrent", &single_file("new", None));
    fs::remove_file(at("e.torrent")).unwrap();
    put(&folder, "g.html", b"about it");
    let read = paths(&["a.torrent", "b.torrent", "c.torrent", "f.torrent", "g.torrent"]);
    let expected = [paths(&["d.torrent"]), read];
    assert_eq!(unread_and_read(&before, &folder, Detail::States), expected);
    let read = paths(&["a.torrent", "f.torrent", "g.torrent"]);
    let expected = [paths(&["b.torrent", "c.torrent", "d.torrent"]), read];
    assert_eq!(unread_and_read(&before, &folder, Detail::Names), expected, "names tell less");
}

#[test]
fn a_link_is_known_by_what_it_leads_to() {
    let elsewhere = folder_of(&["a.torrent"]);
    let folder = folder_of(&[]);
    symlink(elsewhere.path().join("a.torrent"), folder.path().join("link.torrent")).unwrap();
    let before = scan_later(&folder, &[], Detail::States);
    for detail in [Detail::States, Detail::Names] {
        let expected = [paths(&["link.torrent"]), vec![]];
        assert_eq!(unread_and_read(&before, &folder, detail), expected, "{detail:?}");
    }
    put(&elsewhere, "b.torrent", &single_file("b", None));
    fs::rename(elsewhere.path().join("b.torrent"), elsewhere.path().join("a.torrent")).unwrap();
    for detail in [Detail::States, Detail::Names] {
        let expected = [vec![], paths(&["link.torrent"])];
        assert_eq!(unread_and_read(&before, &folder, detail), expected, "{detail:?}");
    }
}

#[test]
fn very_many_files_are_all_seen() {
    let count = 2 * listing::MANY_FILES + 1;
    let names: Vec<String> = (0..count).map(|number| format!("{number:05}.torrent")).collect();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    for name in &names {
        fs::write(folder.path().join("sub").join(name), b"").unwrap();
    }
    let listing = Listing::of(folder.path(), Detail::States).unwrap();
    let mut seen: Vec<_> = listing.files.iter().map(|file| (&file.path, file.seen)).collect();
    seen.sort_by_key(|(path, _)| path.as_os_str());
    let sub = Folder::open(&folder.path().join("sub")).unwrap();
    for ((path, seen), name) in seen.iter().zip(&names) {
        let state = FileState::from(&sub.status(OsStr::new(name)).unwrap());
        assert_eq!((path.as_path(), *seen), (&*Path::new("sub").join(name), Seen::State(state)));
    }
    assert_eq!(seen.len(), count);
}

#[test]
fn each_of_very_many_files_is_known_for_itself() {
    let folder = folder_of(&["a.torrent"]);
    let (torrent, state) = known(&scan_later(&folder, &[], Detail::States)).remove(0);
    let count = 2 * listing::MANY_FILES + 1;
    let torrents: Vec<Torrent> = (0..count)
        .map(|number| Torrent { file: format!("{number}.torrent").into(), ..torrent.clone() })
        .collect();
    // Every tenth has to be read again.
    let states = (0..count).map(|number| Some(state).filter(|_| number % 10 > 0));
    let fingerprints = Fingerprints::of(torrents.iter().zip(states), Detail::States);
    let known = KnownFiles::new(torrents.iter().collect(), fingerprints);
    let listed = torrents.iter().rev().map(|torrent| ListedFile::in_state(&torrent.file, state));
    let positions = known.positions(&listed.collect::<Vec<_>>());
    let expected = (0..count).rev().map(|number| Some(number).filter(|_| number % 10 > 0));
    assert_eq!(positions, expected.collect::<Vec<_>>());
}

#[test]
fn another_file_of_a_known_torrent_is_a_duplicate_wherever_it_stands() {
    let folder = folder_of(&["b.torrent"]);
    let known = known(&scan_later(&folder, &[], Detail::States));
    let content = fs::read(folder.path().join("b.torrent")).unwrap();
    put(&folder, "a.torrent", &content);
    put(&folder, "d/c.torrent", &content);
    let scan = scan_later(&folder, &known, Detail::States);
    assert_eq!((&scan.torrents[..], &scan.unchanged[..]), (&[][..], &[0][..]));
    let files: Vec<_> = scan.duplicates.iter().map(|found| found.file.as_path()).collect();
    assert_eq!(files, [Path::new("a.torrent"), Path::new("d/c.torrent")]);
    for ((_, problem), file) in problems(&scan).into_iter().zip(files) {
        let Problem::SameInfoHash { file: first } = problem else { panic!("{problem}") };
        assert_eq!(first, Path::new("b.torrent"), "{}", file.display());
    }
}

#[test]
fn a_look_at_names_is_to_be_followed_by_a_closer_one() {
    let folder = folder_of(&["a.torrent"]);
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(100);
    File::open(folder.path()).unwrap().set_modified(long_ago).unwrap();
    let may_hide = |detail| {
        let view = scan_later(&folder, &[], detail).view;
        let scanned = view.scanned().unwrap();
        view.watched().iter().any(|folder| folder.modified.may_hide_a_change(scanned))
    };
    assert!(may_hide(Detail::Names));
    assert!(!may_hide(Detail::States));
}

#[test]
fn a_file_that_was_changed_just_before_has_to_be_read_again() {
    let folder = folder_of(&["a.torrent"]);
    assert_eq!(scan(&folder, &ANY).torrents[0].state, None);
    for detail in [Detail::States, Detail::Names] {
        assert!(scan_later(&folder, &[], detail).torrents[0].state.is_some());
    }
    let begun = FileTime(FileTime::now().0 - 10_000_000_000);
    let listing = Listing { begun, ..Listing::of(folder.path(), Detail::States).unwrap() };
    let known = nothing(Detail::States);
    let by_a_slow_clock = listing.scan(&ANY, &known, &mut |_| {});
    assert_eq!(by_a_slow_clock.torrents[0].state, None, "from the future");
}

#[test]
fn a_flawed_file_is_read_again_so_that_its_owner_is_told_again() {
    let folder = folder_of(&[]);
    put(&folder, "more.torrent", &[single_file("x", None), b"e".to_vec()].concat());
    assert_eq!(scan_later(&folder, &[], Detail::States).torrents[0].state, None);
}

#[test]
fn a_file_is_known_by_its_own_state_whatever_its_path_led_to_when_it_was_listed() {
    let folder = folder_of(&["cur/a.torrent"]);
    let other = folder_of(&["other/a.torrent"]);
    put(&other, "other/a.torrent", &single_file("another", Some(OURS)));
    let at = |name: &str| folder.path().join(name);
    for detail in [Detail::States, Detail::Names] {
        let listing = Listing::of(folder.path(), detail).unwrap();
        fs::rename(at("cur"), at(".aside")).unwrap();
        fs::rename(other.path().join("other"), at("cur")).unwrap();
        let begun = FileTime(FileTime::now().0 + 10_000_000_000);
        let before = Listing { begun, ..listing }.scan(&ANY, &nothing(detail), &mut |_| {});
        assert_eq!(before.torrents[0].metainfo.name, "another");
        fs::rename(at("cur"), other.path().join("other")).unwrap();
        fs::rename(at(".aside"), at("cur")).unwrap();
        let read = paths(&["cur/a.torrent"]);
        assert_eq!(unread_and_read(&before, &folder, detail), [vec![], read], "{detail:?}");
    }
}

/// What of a folder with this torrent and its sidecar has to be read again, ten seconds later.
#[test]
fn a_sidecar_is_read_with_its_torrent_when_either_has_changed() {
    let folder = folder_of(&["d/a.torrent", "b.torrent"]);
    put(&folder, "d/a.toml", b"title = 'one'");
    let mut catalog = crate::catalog::Catalog::open(&folder.path().join("catalog.db")).unwrap();
    let begun = |listing: Listing| Listing {
        begun: FileTime(FileTime::now().0 + 10_000_000_000),
        ..listing
    };
    let mut read = |detail| {
        let mut list = catalog.list("").unwrap();
        let listing = begun(Listing::of(folder.path(), detail).unwrap());
        let mut scan =
            listing.scan(&ANY, &list.known_files(list.fingerprints(detail)), &mut |_| {});
        let files: Vec<_> = scan.torrents.iter().map(|it| it.file.display().to_string()).collect();
        let none = std::collections::HashSet::new();
        catalog.take_in(&mut list, &mut scan, Some(&none), Timestamp(1)).unwrap();
        let all = catalog.torrents().unwrap();
        (files, all[1].details().title.clone(), scan.problems.len())
    };
    let title = |title: &str| Some(title.to_owned());
    let again = || vec!["d/a.torrent".to_owned()];
    let both = vec!["b.torrent".to_owned(), "d/a.torrent".to_owned()];
    assert_eq!(read(Detail::States), (both, title("one"), 0));
    for detail in [Detail::States, Detail::Names] {
        assert_eq!(read(detail), (vec![], title("one"), 0), "{detail:?}");
    }
    put(&folder, "d/a.toml", b"title = 'two'");
    assert_eq!(read(Detail::Names), (vec![], title("one"), 0), "which sees no more than inodes");
    assert_eq!(read(Detail::States), (again(), title("two"), 0));
    put(&folder, "d/b.toml", b"title = 'three'");
    fs::rename(folder.path().join("d/b.toml"), folder.path().join("d/a.toml")).unwrap();
    assert_eq!(read(Detail::Names), (again(), title("three"), 0));
    put(&folder, "d/a.toml", b"titel = 'four'");
    for _ in 0..2 {
        assert_eq!(read(Detail::States), (again(), title("three"), 1), "as long as it is broken");
    }
    fs::remove_file(folder.path().join("d/a.toml")).unwrap();
    symlink(folder.path().join("elsewhere"), folder.path().join("d/a.toml")).unwrap();
    for _ in 0..2 {
        assert_eq!(read(Detail::States), (again(), title("three"), 1), "as long as it is a link");
    }
    fs::remove_file(folder.path().join("d/a.toml")).unwrap();
    assert_eq!(read(Detail::States), (again(), None, 0));
    assert_eq!(read(Detail::States), (vec![], None, 0));
}

#[test]
fn a_checksum_file_is_read_with_its_torrent_when_either_has_changed() {
    let folder = folder_of(&["d/a.torrent", "b.torrent"]);
    let mut catalog = crate::catalog::Catalog::open(&folder.path().join("catalog.db")).unwrap();
    let mut read = |detail| {
        let mut list = catalog.list("").unwrap();
        let begun = FileTime(FileTime::now().0 + 10_000_000_000);
        let listing = Listing { begun, ..Listing::of(folder.path(), detail).unwrap() };
        let mut scan =
            listing.scan(&ANY, &list.known_files(list.fingerprints(detail)), &mut |_| {});
        let read = scan.torrents.len();
        let none = std::collections::HashSet::new();
        catalog.take_in(&mut list, &mut scan, Some(&none), Timestamp(1)).unwrap();
        let crc32 = catalog.torrents().unwrap()[1].details().checksums.crc32;
        (read, crc32, scan.problems.len())
    };
    // Torrents of `folder_of` are called by their paths.
    put(&folder, "d/a.sfv", b"a.torrent 00000001\nother 0000000f");
    assert_eq!(read(Detail::States), (2, Some(1), 0));
    for detail in [Detail::States, Detail::Names] {
        assert_eq!(read(detail), (0, Some(1), 0), "{detail:?}");
    }
    put(&folder, "d/a.sfv", b"a.torrent 00000002\nother 0000000f");
    assert_eq!(read(Detail::Names), (0, Some(1), 0), "which sees no more than inodes");
    assert_eq!(read(Detail::States), (1, Some(2), 0));
    put(&folder, "d/new", b"00000003");
    fs::rename(folder.path().join("d/new"), folder.path().join("d/a.sfv")).unwrap();
    assert_eq!(read(Detail::Names), (1, Some(3), 0));
    put(&folder, "d/a.sfv", b"other 00000004");
    for _ in 0..2 {
        assert_eq!(read(Detail::States), (1, Some(3), 1), "as long as it is about others");
    }
    put(&folder, "d/a.sfv", b"00000005");
    assert_eq!(read(Detail::States), (1, Some(5), 0));
    put(&folder, "d/a.md5", &[b"00".repeat(16), b"  a.torrent".to_vec()].concat());
    assert_eq!(read(Detail::States), (1, Some(5), 0));
    assert_eq!(read(Detail::States), (0, Some(5), 0));
    fs::remove_file(folder.path().join("d/a.sfv")).unwrap();
    assert_eq!(read(Detail::States), (1, None, 0));
    assert_eq!(read(Detail::States), (0, None, 0));
}

#[test]
fn when_the_file_that_counted_goes_the_sidecar_of_the_other_counts() {
    for detail in [Detail::States, Detail::Names] {
        let folder = folder_of(&["a.torrent"]);
        let at = |name: &str| folder.path().join(name);
        fs::copy(at("a.torrent"), at("b.torrent")).unwrap();
        put(&folder, "a.toml", b"title = 'A'\nhidden = true");
        let mut catalog = crate::catalog::Catalog::open(&at("catalog.db")).unwrap();
        let mut said = || {
            let mut list = catalog.list("").unwrap();
            let begun = FileTime(FileTime::now().0 + 10_000_000_000);
            let listing = Listing { begun, ..Listing::of(folder.path(), detail).unwrap() };
            let mut scan =
                listing.scan(&ANY, &list.known_files(list.fingerprints(detail)), &mut |_| {});
            catalog.take_in(&mut list, &mut scan, None, Timestamp(1)).unwrap();
            let torrent = catalog.torrents().unwrap().remove(0);
            (torrent.title().into_owned(), torrent.hidden, torrent.file)
        };
        let is = |title: &str, hidden, file: &str| (title.to_owned(), hidden, file.into());
        for _ in 0..2 {
            assert_eq!(said(), is("A", true, "a.torrent"), "{detail:?}");
        }
        put(&folder, "b.toml", b"title = 'B'");
        assert_eq!(said(), is("A", true, "a.torrent"), "{detail:?}");
        fs::remove_file(at("a.torrent")).unwrap();
        for _ in 0..2 {
            assert_eq!(said(), is("B", false, "b.torrent"), "{detail:?}");
        }
        put(&folder, "b.toml", b"titel = 'B'");
        fs::copy(at("b.torrent"), at("a.torrent")).unwrap();
        let _ = said();
        fs::remove_file(at("b.torrent")).unwrap();
        assert_eq!(said(), is("A", true, "a.torrent"), "{detail:?}");
    }
}

#[test]
fn a_retired_torrent_keeps_its_file_when_another_one_comes() {
    let folder = folder_of(&["b.torrent"]);
    let at = |name: &str| folder.path().join(name);
    put(&folder, "b.toml", b"retired = 'old'");
    let mut catalog = crate::catalog::Catalog::open(&at("catalog.db")).unwrap();
    // Files that were written just now are read again each time.
    for _ in 0..3 {
        let mut list = catalog.list("").unwrap();
        let mut scan = scan(&folder, &ANY);
        catalog.take_in(&mut list, &mut scan, None, Timestamp(1)).unwrap();
        let torrent = catalog.all_torrents().unwrap().remove(0);
        assert_eq!(
            (torrent.details().retired(), &*torrent.file),
            (Some("old"), Path::new("b.torrent"))
        );
        fs::copy(at("b.torrent"), at("a.torrent")).unwrap();
    }
}
