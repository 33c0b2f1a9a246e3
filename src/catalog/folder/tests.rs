mod known;

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use std::fs;

use super::*;
use crate::protocol::sample::{dictionary, list, number, single_file, text, v1_file, v2_file};
use crate::protocol::{InfoHashV2, InfoHashes};

const OURS: &str = "http://tracker.example/announce";
const OTHER: &str = "http://other.example/announce";

const LIMIT: u64 = 1 << 20;

const ANY: ScanRules<'_> = ScanRules {
    announce_url: None,
    also_announce_urls: &[],
    accept_foreign: false,
    max_torrent_bytes: LIMIT,
};
const OURS_ONLY: ScanRules<'_> = ScanRules { announce_url: Some(OURS), ..ANY };

/// A folder with these files in it, each a torrent of its own.
fn folder_of(torrents: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in torrents {
        put(&folder, file, &single_file(file, Some(OURS)));
    }
    folder
}

fn put(folder: &TempDir, file: &str, content: &[u8]) {
    let path = folder.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn scan(folder: &TempDir, rules: &ScanRules<'_>) -> FolderScan {
    scan_folder(folder.path(), rules, &mut |_| {}).unwrap()
}

fn files(scan: &FolderScan) -> Vec<&str> {
    scan.torrents.iter().map(|torrent| torrent.file.to_str().unwrap()).collect()
}

fn problems(scan: &FolderScan) -> Vec<(&str, &Problem)> {
    scan.problems.iter().map(|found| (found.file.to_str().unwrap(), &found.problem)).collect()
}

#[test]
fn torrents_are_found_at_any_depth_in_the_order_of_their_paths_bytes() {
    let folder = folder_of(&["b.torrent", "a/z.torrent", "a/b/c.TORRENT", "a-b.torrent", "a.txt"]);
    let mut counts = Vec::new();
    let scan = scan_folder(folder.path(), &ANY, &mut |count| counts.push(count)).unwrap();
    assert_eq!(files(&scan), ["a-b.torrent", "a/b/c.TORRENT", "a/z.torrent", "b.torrent"]);
    assert!(scan.problems.is_empty() && scan.complete);
    assert_eq!(counts, [1, 2, 3, 4]);
    let first = &scan.torrents[0];
    assert_eq!(first.metainfo.name, "a-b.torrent");
    assert_eq!(first.file_size, fs::metadata(folder.path().join("a-b.torrent")).unwrap().len());
}

#[test]
fn what_begins_with_a_dot_is_passed_over() {
    let folder = folder_of(&["a.torrent", ".b.torrent", ".upload/c.torrent", ".torrent"]);
    assert_eq!(files(&scan(&folder, &ANY)), ["a.torrent"]);
}

#[test]
fn a_name_need_not_be_utf8() {
    let folder = folder_of(&[]);
    let name = OsStr::from_bytes(b"na\xefve.torrent");
    fs::write(folder.path().join(name), single_file("x", None)).unwrap();
    assert_eq!(scan(&folder, &ANY).torrents[0].file, Path::new(name));
}

#[test]
fn a_secret_torrent_is_hidden() {
    let folder = folder_of(&["a.secret.torrent", "b.Secret.torrent", "secret.torrent"]);
    let scan = scan(&folder, &ANY);
    let hidden: Vec<bool> = scan.torrents.iter().map(|torrent| torrent.hidden).collect();
    assert_eq!(hidden, [true, true, false]);
}

#[test]
fn the_page_beside_a_torrent_is_found() {
    let folder = folder_of(&["d/a.torrent", "b.torrent", "c.torrent"]);
    for page in ["d/a.nfo", "d/a.txt", "b.nfo", "b.torrent.html", "other.html"] {
        put(&folder, page, b"");
    }
    fs::create_dir(folder.path().join("d/a.html")).unwrap();
    let scan = scan(&folder, &ANY);
    let pages: Vec<_> = scan.torrents.iter().map(|torrent| torrent.info_page.as_deref()).collect();
    assert_eq!(pages, [Some(Path::new("b.nfo")), None, Some(Path::new("d/a.txt"))]);
}

#[test]
fn sidecars_that_cannot_be_used_or_are_beside_no_torrent_are_named() {
    let folder = folder_of(&["a.torrent", "b.torrent", "c.torrent", "d/e.TORRENT"]);
    let at = |file: &str| folder.path().join(file);
    put(&folder, "d/e.toml", b"title = 'E'");
    for (file, content) in [
        ("a.toml", &b"hiden = true"[..]),
        ("d/lone.toml", b"title = 'x'"),
        (".passed.toml", b"?"),
        ("c.TOML", b"?"),
        ("content/Cargo.toml", b"[package]"),
    ] {
        put(&folder, file, content);
    }
    symlink(at("d/e.toml"), at("b.toml")).unwrap();
    symlink(at("nowhere"), at("c.toml")).unwrap();
    let scan = scan(&folder, &ANY);
    assert_eq!(files(&scan), ["a.torrent", "b.torrent", "c.torrent", "d/e.TORRENT"]);
    assert!(scan.complete, "a link instead of a sidecar is no folder that cannot be seen");
    let told: Vec<String> = scan.problems.iter().map(ToString::to_string).collect();
    let expected = [
        "a.toml is not used: line 1: unknown key `hiden`; did you mean `hidden`?",
        "b.toml is not used: it is a link",
        "c.toml is not used: it is a link",
        "d/lone.toml is beside no torrent",
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}");
    }
    let said = |at: usize| scan.torrents[at].sidecar.as_ref().unwrap().outcome.clone();
    assert_eq!(said(3).unwrap().title.as_deref(), Some("E"));
    assert!(said(0).is_err() && said(1).is_err() && said(2).is_err());
}

#[test]
fn folders_and_pipes_in_the_place_of_sidecars_and_checksum_files_are_named() {
    let folder = folder_of(&["a.torrent", "b.torrent", "c.torrent", "a.toml/in.torrent"]);
    for wrong in ["b.sfv", "lone.toml"] {
        fs::create_dir(folder.path().join(wrong)).unwrap();
    }
    put(&folder, "lone.md5", b"?");
    for pipe in ["c.toml", "c.sha1sum"] {
        let path = CString::new(folder.path().join(pipe).as_os_str().as_bytes()).unwrap();
        // SAFETY: `path` is a C string that outlives the call.
        assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
    }
    let scan = scan(&folder, &ANY);
    assert_eq!(files(&scan), ["a.toml/in.torrent", "a.torrent", "b.torrent", "c.torrent"]);
    let told: Vec<String> = scan.problems.iter().map(ToString::to_string).collect();
    let expected = ["a.toml", "b.sfv", "c.sha1sum", "c.toml"];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(&format!("{expected} is not used: it is not a file")), "{told}");
    }
}

#[test]
fn bad_checksum_files_are_named_and_say_nothing() {
    let names = ["big", "else", "link", "lost", "text", "utf16", "z"];
    let folder = folder_of(&[]);
    for name in names {
        put(&folder, &format!("{name}.torrent"), &single_file(name, Some(OURS)));
    }
    let at = |file: &str| folder.path().join(file);
    put(&folder, "else.sha256", &[b"00".repeat(32), b"  other".to_vec()].concat());
    put(&folder, "text.md5", b"\xff\xfenothing of the kind");
    put(&folder, "text.sfv", b"\x01\x02");
    put(&folder, "utf16.sfv", b"\xff\xfeu\0");
    put(&folder, "z.sfv", b"; a comment\nz 0000000A\n");
    File::create(at("big.sha1")).unwrap().set_len((4 << 20) + 1).unwrap();
    symlink(at("z.sfv"), at("link.sfv")).unwrap();
    symlink(at("nowhere"), at("lost.sfv")).unwrap();
    let scan = scan(&folder, &ANY);
    assert_eq!(scan.torrents.len(), names.len());
    assert!(scan.complete, "a link instead of a checksum file is no folder that cannot be seen");
    let told: Vec<String> = scan.problems.iter().map(ToString::to_string).collect();
    let expected = [
        "big.sha1 is not used: it is longer than 4 MiB",
        "else.sha256 is not used: it has no checksum of `else`",
        "link.sfv is not used: it is a link",
        "lost.sfv is not used: it is a link",
        "text.md5 is not used: it is in UTF-16",
        "text.sfv is not used: there is no CRC-32, MD5",
        "utf16.sfv is not used: it is in UTF-16",
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}");
    }
    let said: Vec<_> = scan.torrents.iter().flat_map(|it| &it.checksum_files).collect();
    let good: Vec<_> = said.iter().filter_map(|it| it.outcome.clone().ok()).collect();
    assert_eq!(good, [crate::protocol::Checksums { crc32: Some(10), ..Default::default() }]);
}

#[test]
fn a_list_beside_a_torrent_of_several_files_says_nothing_of_the_whole() {
    let folder = folder_of(&[]);
    let info = |files: &[Vec<u8>]| {
        let info = [
            ("files", list(files)),
            ("name", text("album")),
            ("piece length", number(16_384)),
            ("pieces", text([7; 20])),
        ];
        dictionary(&[("info", dictionary(&info))])
    };
    put(&folder, "many.torrent", &info(&[v1_file("one", 10), v1_file("two", 10)]));
    put(&folder, "single.torrent", &info(&[v1_file("one", 20)]));
    for name in ["many", "single"] {
        put(&folder, &format!("{name}.sfv"), b"one 00000001\ntwo 00000002");
    }
    let scan = scan(&folder, &ANY);
    assert_eq!(scan.problems.len(), 0);
    let crc32 = |at: usize| scan.torrents[at].checksum_files[0].outcome.clone().unwrap().crc32;
    assert_eq!((crc32(0), crc32(1)), (None, Some(1)));
}

#[test]
fn links_are_followed_but_not_in_circles() {
    let elsewhere = folder_of(&["one.torrent", "two.torrent"]);
    let folder = folder_of(&["sub/own.torrent"]);
    let at = |file: &str| folder.path().join(file);
    symlink(elsewhere.path().join("one.torrent"), at("link.torrent")).unwrap();
    symlink(elsewhere.path(), at("sub/away")).unwrap();
    symlink(folder.path(), at("sub/up")).unwrap();
    symlink(at("sub"), at("again")).unwrap();

    let scan = scan(&folder, &ANY);
    // By the first way to each folder: `again` comes before `sub`, which is the same.
    assert_eq!(
        files(&scan),
        ["again/away/one.torrent", "again/away/two.torrent", "again/own.torrent"]
    );
    let [("link.torrent", Problem::SameInfoHash { file })] = problems(&scan)[..] else {
        panic!("{:?}", scan.problems);
    };
    assert_eq!(file, Path::new("again/away/one.torrent"));
    assert!(scan.complete);
}

#[test]
fn of_one_torrent_in_several_files_the_first_counts() {
    let folder = folder_of(&[]);
    let info = |versions: &[&str]| {
        let all = [
            ("file tree", dictionary(&[("a", v2_file(10))])),
            ("files", list(&[v1_file("a", 10)])),
            ("meta version", number(2)),
            ("name", text("a")),
            ("piece length", number(16_384)),
            ("pieces", text([7; 20])),
        ];
        let wanted: Vec<_> = all.into_iter().filter(|(key, _)| !versions.contains(key)).collect();
        dictionary(&[("info", dictionary(&wanted))])
    };
    put(&folder, "1.torrent", &info(&[]));
    put(&folder, "2.torrent", &info(&[]));
    put(&folder, "3.torrent", &info(&["files", "pieces"]));
    let scan = scan(&folder, &ANY);
    assert_eq!(files(&scan), ["1.torrent", "3.torrent"], "another info dictionary, other hashes");
    let [("2.torrent", Problem::SameInfoHash { file })] = problems(&scan)[..] else {
        panic!("{:?}", scan.problems);
    };
    assert_eq!(file, Path::new("1.torrent"));
}

#[test]
fn an_alias_that_is_listed_already_is_a_duplicate() {
    let folder = folder_of(&["a.torrent", "b.torrent"]);
    let found = scan(&folder, &ANY).torrents;
    let mut again = Admission::new(HashMap::new(), Vec::new());
    let mut hybrid = found[0].clone();
    let v2 = InfoHashV2([9; 32]);
    hybrid.metainfo.hashes = InfoHashes::Hybrid(found[0].metainfo.canonical(), v2);
    let mut v2_only = found[1].clone();
    v2_only.metainfo.hashes = InfoHashes::V2(v2);
    for torrent in [hybrid, v2_only] {
        again.admit(torrent);
    }
    assert_eq!(again.torrents.len(), 1);
    assert_eq!(again.duplicates[0].file, Path::new("b.torrent"));
    assert!(matches!(again.problems[0].problem, Problem::SameInfoHash { .. }));
}

#[test]
fn torrents_of_another_tracker_or_of_none_are_refused_and_reported() {
    let folder = folder_of(&["ours.torrent"]);
    put(&folder, "none.torrent", &single_file("none", None));
    put(&folder, "other.torrent", &single_file("other", Some(OTHER)));
    let refused = scan(&folder, &OURS_ONLY);
    assert_eq!(files(&refused), ["ours.torrent"]);
    let [("none.torrent", Problem::NoAnnounce), ("other.torrent", Problem::Foreign { announce })] =
        problems(&refused)[..]
    else {
        panic!("{:?}", refused.problems);
    };
    assert_eq!(announce, OTHER);

    let accepted = scan(&folder, &ScanRules { accept_foreign: true, ..OURS_ONLY });
    assert_eq!(files(&accepted), ["none.torrent", "other.torrent", "ours.torrent"]);
    assert_eq!(accepted.problems.len(), 0, "who accepts them knows");

    let also = ["udp://old.example:6969".to_owned(), OTHER.replace("http:", "https:")];
    let also = also.map(|url| Url::try_from(url).unwrap());
    let moved = scan(&folder, &ScanRules { also_announce_urls: &also, ..OURS_ONLY });
    assert_eq!(files(&moved), ["other.torrent", "ours.torrent"]);
    put(&folder, "old.torrent", &single_file("old", Some(also[0].as_str())));
    let moved = scan(&folder, &ScanRules { also_announce_urls: &also, ..OURS_ONLY });
    assert_eq!(files(&moved), ["old.torrent", "other.torrent", "ours.torrent"]);
    fs::remove_file(folder.path().join("old.torrent")).unwrap();

    let unasked = scan(&folder, &ANY);
    assert_eq!((unasked.torrents.len(), unasked.problems.len()), (3, 0));
}

#[test]
fn ours_may_stand_in_any_tier() {
    let folder = folder_of(&[]);
    let info = dictionary(&[
        ("length", number(1)),
        ("name", text("x")),
        ("piece length", number(16_384)),
        ("pieces", text([7; 20])),
    ]);
    let tiers = list(&[list(&[text(OTHER)]), list(&[text(OURS)])]);
    let torrent = [("announce", text(OTHER)), ("announce-list", tiers), ("info", info)];
    put(&folder, "x.torrent", &dictionary(&torrent));
    let scan = scan(&folder, &OURS_ONLY);
    assert_eq!((scan.torrents.len(), scan.problems.len()), (1, 0));
}

#[test]
fn a_broken_file_is_a_problem_and_the_rest_goes_on() {
    let folder = folder_of(&["good.torrent", "cut.torrent"]);
    let whole = single_file("cut", None);
    put(&folder, "cut.torrent", &whole[..whole.len() - 1]);
    put(&folder, "deep.torrent", &b"l".repeat(100_000));
    put(&folder, "empty.torrent", b"");
    fs::File::create(folder.path().join("big.torrent")).unwrap().set_len(LIMIT + 1).unwrap();
    symlink("nowhere", folder.path().join("gone.torrent")).unwrap();
    let scan = scan(&folder, &ANY);
    assert_eq!(files(&scan), ["good.torrent"]);
    assert!(matches!(
        problems(&scan)[..],
        [
            ("big.torrent", Problem::TooBig { limit: LIMIT }),
            ("cut.torrent", Problem::Metainfo(_)),
            ("deep.torrent", Problem::Metainfo(_)),
            ("empty.torrent", Problem::Metainfo(_)),
            ("gone.torrent", Problem::Unreadable(_)),
        ]
    ));
    assert!(scan.complete, "each problem has its name, so that nothing is missing unnoticed");
}

#[test]
fn a_flawed_torrent_is_tracked_and_told() {
    let folder = folder_of(&[]);
    put(&folder, "more.torrent", &[single_file("x", None), b"e".to_vec()].concat());
    let scan = scan(&folder, &ANY);
    assert_eq!(files(&scan), ["more.torrent"]);
    assert!(matches!(
        problems(&scan)[..],
        [("more.torrent", Problem::Flawed(Flaw::Trailing { .. }))]
    ));
    assert_eq!(scan.unread().count(), 0);
}

#[test]
fn the_limit_of_a_file_is_the_owners_to_raise() {
    let folder = folder_of(&["a.torrent"]);
    let size = fs::metadata(folder.path().join("a.torrent")).unwrap().len();
    let with = |max_torrent_bytes| scan(&folder, &ScanRules { max_torrent_bytes, ..ANY });
    assert_eq!(files(&with(size)), ["a.torrent"]);
    let refused = with(size - 1);
    assert!(refused.torrents.is_empty());
    let said = refused.problems[0].to_string();
    assert!(said.contains("raise max_torrent_bytes in [catalog]"), "{said}");
}

#[test]
fn a_pipe_is_never_opened() {
    let folder = folder_of(&["good.torrent"]);
    let path = folder.path().join("pipe.torrent");
    let name = CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: `name` is a C string that outlives the call.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    let scan = scan(&folder, &ANY);
    assert_eq!(files(&scan), ["good.torrent"]);
    assert!(matches!(problems(&scan)[..], [("pipe.torrent", Problem::NotAFile)]));
    assert!(matches!(read_torrent(&path, LIMIT), Err(Problem::NotAFile)));
    assert!(matches!(read_torrent(folder.path(), LIMIT), Err(Problem::NotAFile)));
}

#[test]
fn a_folder_that_is_missing_is_an_error_and_not_an_empty_one() {
    let folder = folder_of(&["a.torrent"]);
    for wrong in ["missing", "a.torrent"] {
        let wrong = folder.path().join(wrong);
        let error = scan_folder(&wrong, &ANY, &mut |_| {}).unwrap_err();
        assert!(error.to_string().contains(wrong.to_str().unwrap()), "{error}");
    }
}

#[test]
fn after_a_folder_that_cannot_be_looked_into_nothing_is_called_vanished() {
    let folder = folder_of(&["a.torrent"]);
    symlink("not-mounted", folder.path().join("disk")).unwrap();
    let scan = scan(&folder, &ANY);
    assert_eq!(files(&scan), ["a.torrent"]);
    assert!(matches!(problems(&scan)[..], [("disk", Problem::Unseen(_))]));
    assert!(!scan.complete);
}

#[test]
fn folders_and_broken_files_are_watched() {
    let folder = folder_of(&["a.torrent", "d/b.torrent"]);
    put(&folder, "d/upload.torrent", b"d8:announce");
    let scan = scan(&folder, &ANY);
    let paths: Vec<_> = scan.view.watched().iter().map(|watched| watched.path.as_path()).collect();
    let root = folder.path();
    assert_eq!(paths, [root, &root.join("d"), &root.join("d/upload.torrent")]);
}

#[test]
fn a_finished_upload_is_noticed() {
    let folder = folder_of(&[]);
    put(&folder, "a.torrent", b"d8:announce");
    for path in [folder.path().join("a.torrent"), folder.path().to_path_buf()] {
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(100);
        File::open(path).unwrap().set_modified(long_ago).unwrap();
    }
    let before = scan(&folder, &ANY);
    let has_changed = |seen: &&Watched| has_changed(&seen.path, seen.modified);
    assert!(!before.view.watched().iter().any(has_changed));
    put(&folder, "a.torrent", &single_file("a", None));
    assert!(before.view.watched().iter().any(has_changed));
    assert_eq!(files(&scan(&folder, &ANY)), ["a.torrent"]);
}

/// Writes a fragment as a refresh does.
fn write_fragment(folder: &TempDir) {
    put(folder, "bt_stats.inc.new", b"<table>");
    let at = |name: &str| folder.path().join(name);
    fs::rename(at("bt_stats.inc.new"), at("bt_stats.inc")).unwrap();
}

fn shows_a_change(view: &FolderView) -> bool {
    view.watched().iter().any(|seen| has_changed(&seen.path, seen.modified))
}

#[test]
fn what_a_refresh_writes_into_the_folder_is_no_change_of_it() {
    let folder = folder_of(&["a.torrent", "d/b.torrent"]);
    let mut view = scan(&folder, &ANY).view;
    write_fragment(&folder);
    assert!(shows_a_change(&view));
    let after = view.after_writing();
    view.settle(after);
    assert!(!shows_a_change(&view));
    assert_eq!(view.scanned(), None, "nothing can have gone unseen");
    put(&folder, "c.torrent", &single_file("c", None));
    assert!(shows_a_change(&view), "in the very moment after");
}

#[test]
fn a_torrent_that_is_dropped_in_while_a_refresh_writes_is_a_change() {
    type Change = fn(&TempDir);
    let changes: [Change; 5] = [
        |folder| put(folder, "c.torrent", &single_file("c", None)),
        |folder| put(folder, "new/c.torrent", &single_file("c", None)),
        |folder| put(folder, "a.html", b"about it"),
        |folder| fs::remove_file(folder.path().join("a.torrent")).unwrap(),
        |folder| {
            put(folder, "x", &single_file("A.torrent", Some(OURS)));
            fs::rename(folder.path().join("x"), folder.path().join("a.torrent")).unwrap();
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        for moment in 0..3 {
            let folder = folder_of(&["a.torrent"]);
            let mut view = scan(&folder, &ANY).view;
            let change_at = |now| {
                if now == moment {
                    change(&folder)
                }
            };
            change_at(0);
            write_fragment(&folder);
            change_at(1);
            let after = view.after_writing();
            change_at(2);
            view.settle(after);
            assert!(shows_a_change(&view), "change {number} in moment {moment}");
        }
    }
}
