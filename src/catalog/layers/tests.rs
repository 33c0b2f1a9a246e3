//! Decisions win over the sidecar, the sidecar over the file and its folder.

use std::path::Path;

use super::*;
use crate::catalog::samples::{hash, hybrid, new_catalog, scan, scanned};
use crate::catalog::scan::Outcome;
use crate::catalog::{Author, FoundTorrent, Layer, Retirement, Torrent, TorrentByHash};
use crate::protocol::{InfoHashes, Timestamp};

const OWNER: Author<'_> = Author { name: "olive", at: Timestamp(50) };

/// A torrent with a sidecar that says this.
fn beside(number: u32, outcome: Result<Details, &str>) -> FoundTorrent {
    let outcome = outcome.map_err(str::to_owned);
    FoundTorrent {
        sidecar: Some(Box::new(ReadSidecar { outcome, state: None })),
        ..scanned(number, "sub/folder/a.torrent")
    }
}

fn hidden() -> Details {
    Details { hidden: Some(true), ..Details::default() }
}

fn titled(title: &str) -> Details {
    Details { title: Some(title.into()), ..Details::default() }
}

fn torrent(catalog: &Catalog, number: u32) -> Torrent {
    let torrent = catalog.torrent(hash(number)).unwrap().unwrap();
    let listed = catalog.list("").unwrap();
    let listed = listed.listed.into_iter().map(|it| it.torrent);
    let in_list = listed.into_iter().find(|it| it.canonical == torrent.canonical);
    assert_eq!(in_list.as_ref(), Some(&torrent), "the list has it otherwise");
    torrent
}

#[test]
fn decisions_win_over_the_sidecar_and_that_over_file_and_folder() {
    let (_folder, mut catalog) = new_catalog();
    let said = Details { category: Some("music".into()), ..titled("of the sidecar") };
    let found = FoundTorrent { hidden: true, ..scanned(1, "sub/folder/a.secret.torrent") };
    scan(&mut catalog, std::slice::from_ref(&found), 100);
    let now = |catalog: &Catalog| {
        let it = torrent(catalog, 1);
        (it.title().into_owned(), it.category().map(|it| it.into_owned()), it.hidden)
    };
    let expected =
        |title: &str, category: &str, hidden| (title.to_owned(), Some(category.to_owned()), hidden);
    assert_eq!(now(&catalog), expected("content 1", "sub/folder", true));
    let shown = Details { hidden: Some(false), ..said.clone() };
    let with = FoundTorrent { hidden: true, file: found.file.clone(), ..beside(1, Ok(shown)) };
    let changes = scan(&mut catalog, std::slice::from_ref(&with), 200);
    assert!(changes.described);
    assert_eq!(now(&catalog), expected("of the sidecar", "music", false));
    let decide = |details: &mut Details| {
        *details = Details { hidden: Some(true), ..titled("decided") };
    };
    catalog.decide(hash(1), "edit", decide, &OWNER).unwrap();
    assert_eq!(now(&catalog), expected("decided", "music", true));
    let changes = scan(&mut catalog, &[with], 300);
    assert!(!changes.described);
    assert_eq!(now(&catalog), expected("decided", "music", true));
    catalog.decide(hash(1), "edit", |it| *it = Details::default(), &OWNER).unwrap();
    assert_eq!(now(&catalog), expected("of the sidecar", "music", false));
    assert!(scan(&mut catalog, &[found], 400).described);
    assert_eq!(now(&catalog), expected("content 1", "sub/folder", true));
    assert_eq!(torrent(&catalog, 1).details, None, "the sidecar is gone, and what it said");
}

#[test]
fn what_a_sidecar_said_last_stays_in_force_while_it_is_broken() {
    let (_folder, mut catalog) = new_catalog();
    let retired = Details { retirement: Some(Retirement::Retired("old".into())), ..hidden() };
    scan(&mut catalog, &[beside(1, Ok(retired.clone()))], 100);
    for _ in 0..2 {
        assert!(!scan(&mut catalog, &[beside(1, Err("torn"))], 200).described);
        let now = torrent(&catalog, 1);
        assert_eq!((now.details(), now.hidden, now.is_tracked()), (&retired, true, false));
        assert_eq!(now.sidecar().unwrap().fault.as_deref(), Some("torn"));
    }
    scan(&mut catalog, &[beside(1, Ok(titled("mended")))], 300);
    let now = torrent(&catalog, 1);
    assert_eq!((now.details(), now.hidden, now.is_tracked()), (&titled("mended"), false, true));
    assert_eq!(now.sidecar().unwrap().fault, None);
}

#[test]
fn a_broken_sidecar_that_was_never_read_hides_a_new_torrent_and_no_other() {
    let (_folder, mut catalog) = new_catalog();
    scan(&mut catalog, &[scanned(1, "a.torrent")], 100);
    let both = [beside(1, Err("torn")), beside(2, Err("torn"))];
    for _ in 0..2 {
        scan(&mut catalog, &both, 200);
        assert!(!torrent(&catalog, 1).hidden, "it was listed already");
        assert!(torrent(&catalog, 2).hidden && torrent(&catalog, 2).is_tracked());
    }
    catalog.decide(hash(2), "unhide", |it| it.hidden = Some(false), &OWNER).unwrap();
    assert!(!torrent(&catalog, 2).hidden);
    scan(&mut catalog, &[], 300);
    scan(&mut catalog, &both, 400);
    assert!(torrent(&catalog, 1).hidden, "nobody knows any more what it said");
}

#[test]
fn a_torrent_that_goes_on_without_its_file_has_no_sidecar_and_one_that_vanishes_keeps_what_it_said()
{
    let (_folder, mut catalog) = new_catalog();
    let added = TorrentByHash {
        hashes: InfoHashes::V1(hash(2)),
        name: "by its hash".into(),
        size: None,
        first_seen: Timestamp(1),
    };
    catalog.add(&added, &OWNER).unwrap();
    scan(&mut catalog, &[beside(1, Ok(hidden())), beside(2, Ok(hidden()))], 100);
    assert!(torrent(&catalog, 1).hidden && torrent(&catalog, 2).hidden);
    catalog.decide(hash(2), "edit", |it| *it = titled("decided"), &OWNER).unwrap();
    scan(&mut catalog, &[], 200);
    assert_eq!(torrent(&catalog, 1).sidecar().unwrap().details, hidden());
    assert_eq!(torrent(&catalog, 2).sidecar(), None);
    assert_eq!(torrent(&catalog, 2).details(), &titled("decided"));
    assert!(!torrent(&catalog, 2).hidden && torrent(&catalog, 2).file == Path::new(""));
    scan(&mut catalog, &[scanned(1, "sub/folder/a.torrent")], 300);
    assert!(!has_companions(&catalog.connection).unwrap(), "it is back, and its sidecar is not");
}

#[test]
fn a_torrent_that_returns_with_a_broken_sidecar_is_as_retired_as_before_and_not_listed() {
    let (_folder, mut catalog) = new_catalog();
    let old = Details { retirement: Some(Retirement::Retired("old".into())), ..titled("A") };
    scan(&mut catalog, &[beside(1, Ok(old)), beside(2, Ok(titled("B")))], 100);
    scan(&mut catalog, &[], 200);
    let torn = [beside(1, Err("torn")), beside(2, Err("torn"))];
    for at in [300, 400] {
        scan(&mut catalog, &torn, at);
        let one = torrent(&catalog, 1);
        assert_eq!(
            (one.details().retired(), one.is_tracked(), one.hidden),
            (Some("old"), false, true)
        );
        let two = torrent(&catalog, 2);
        assert_eq!((&*two.title(), two.is_tracked(), two.hidden), ("B", true, true));
    }
    scan(&mut catalog, &[beside(1, Ok(titled("A"))), beside(2, Ok(titled("B")))], 500);
    assert!([1, 2].iter().all(|number| torrent(&catalog, *number).is_tracked()));
    assert!([1, 2].iter().all(|number| !torrent(&catalog, *number).hidden));
}

#[test]
fn who_adds_a_torrent_whose_files_are_gone_is_not_bound_by_what_lay_beside_them() {
    let (_folder, mut catalog) = new_catalog();
    let old = Details { retirement: Some(Retirement::Retired("old".into())), ..hidden() };
    scan(&mut catalog, &[beside(1, Ok(old))], 100);
    scan(&mut catalog, &[], 200);
    let added = TorrentByHash {
        hashes: InfoHashes::V1(hash(1)),
        name: String::new(),
        size: None,
        first_seen: Timestamp(1),
    };
    assert!(catalog.add(&added, &OWNER).unwrap().is_new);
    assert!(torrent(&catalog, 1).is_tracked() && !torrent(&catalog, 1).hidden);
}

/// A torrent with checksum files that say this.
fn with_checksums(files: &[(&'static str, Result<Checksums, &str>)]) -> FoundTorrent {
    let read = files.iter().map(|(ending, outcome)| {
        let outcome = outcome.map_err(str::to_owned);
        ReadChecksumFile { ending, outcome, state: None }
    });
    FoundTorrent { checksum_files: read.collect(), ..scanned(1, "a.torrent") }
}

fn md5(byte: u8) -> Checksums {
    Checksums { md5: Some([byte; 16]), ..Checksums::default() }
}

#[test]
fn checksum_files_say_what_neither_a_command_nor_the_sidecar_does() {
    let (_folder, mut catalog) = new_catalog();
    let sha1 = Checksums { sha1: Some([9; 20]), ..md5(2) };
    let files = [("md5", Ok(md5(1))), ("sha1", Ok(sha1))];
    let checksums = |catalog: &Catalog| torrent(catalog, 1).details().checksums;
    scan(&mut catalog, &[with_checksums(&files)], 100);
    assert_eq!(checksums(&catalog), Checksums { md5: md5(1).md5, ..sha1 }, "the first counts");
    let said = Details { checksums: md5(3), ..Details::default() };
    let sidecar = beside(1, Ok(said)).sidecar;
    scan(&mut catalog, &[FoundTorrent { sidecar, ..with_checksums(&files) }], 200);
    assert_eq!(checksums(&catalog), Checksums { md5: md5(3).md5, ..sha1 });
    catalog.decide(hash(1), "edit", |it| it.checksums = md5(4), &OWNER).unwrap();
    assert_eq!(checksums(&catalog), Checksums { md5: md5(4).md5, ..sha1 });
    let explained = torrent(&catalog, 1).explained();
    let md5s = explained.iter().find(|it| it.name == "md5").unwrap();
    let below = (Layer::Sidecar, "03".repeat(16));
    assert_eq!((md5s.layer, md5s.hides.as_ref()), (Layer::Command, Some(&below)));
    assert!(explained.iter().any(|it| it.layer == Layer::ChecksumFile("sha1")));
    catalog.decide(hash(1), "edit", |it| it.checksums = md5(3), &OWNER).unwrap();
    let hides = |it: &crate::catalog::ExplainedDetail| it.hides.is_some();
    assert!(!torrent(&catalog, 1).explained().iter().any(hides), "both say the same");
    catalog.decide(hash(1), "edit", |it| assert!(it.take_back("md5")), &OWNER).unwrap();
    let broken = [("md5", Err("torn")), ("sha1", Ok(sha1))];
    let broken = || with_checksums(&broken);
    for at in [300, 400] {
        scan(&mut catalog, &[broken()], at);
        assert_eq!(checksums(&catalog), Checksums { md5: md5(1).md5, ..sha1 }, "as it was");
    }
    assert_eq!(torrent(&catalog, 1).companions().checksum_files[0].fault.as_deref(), Some("torn"));
    assert!(scan(&mut catalog, &[with_checksums(&files[1..])], 500).described);
    assert_eq!(checksums(&catalog), sha1);
    scan(&mut catalog, &[with_checksums(&[])], 600);
    assert_eq!(torrent(&catalog, 1).details, None);
    assert!(!has_companions(&catalog.connection).unwrap());
}

#[test]
fn a_decision_that_it_is_not_retired_wins_until_it_is_taken_back() {
    let (_folder, mut catalog) = new_catalog();
    let retired = Details { retirement: Some(Retirement::Retired("old".into())), ..hidden() };
    scan(&mut catalog, &[beside(1, Ok(retired))], 100);
    let restore = |it: &mut Details| it.retirement = Some(Retirement::Restored);
    catalog.decide(hash(1), "restore", restore, &OWNER).unwrap();
    assert!(torrent(&catalog, 1).is_tracked());
    let explained = torrent(&catalog, 1).explained();
    let told = |name: &str| explained.iter().find(|it| it.name == name).unwrap().to_string();
    assert_eq!(told("retired"), "no  (command; sidecar: old)");
    assert_eq!(told("hidden"), "yes  (sidecar)");
    assert_eq!(told("category"), "sub/folder  (folder)");
    catalog.decide(hash(1), "edit", |it| assert!(it.take_back("retired")), &OWNER).unwrap();
    assert_eq!(torrent(&catalog, 1).details().retired(), Some("old"));
}

#[test]
fn what_was_decided_under_the_other_info_hash_goes_with_the_new_sidecar() {
    let (_folder, mut catalog) = new_catalog();
    scan(&mut catalog, &[scanned(1_000_001, "a.torrent")], 100);
    catalog.decide(hash(1_000_001), "edit", |it| *it = titled("decided"), &OWNER).unwrap();
    let sidecar = beside(1, Ok(hidden())).sidecar;
    let found = FoundTorrent { sidecar, ..hybrid(1, "a.torrent") };
    let mut list = catalog.list("").unwrap();
    let found = &[found];
    let outcome = Outcome { found, complete: true, ..Outcome::default() };
    catalog.update(&mut list, &outcome, Timestamp(200)).unwrap();
    let now = torrent(&catalog, 1);
    assert_eq!(now.details(), &Details { hidden: Some(true), ..titled("decided") });
    assert!(now.hidden);
}
