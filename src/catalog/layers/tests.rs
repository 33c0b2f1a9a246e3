//! Decisions win over the sidecar, the sidecar over the file and its folder.

use std::path::Path;

use super::*;
use crate::catalog::samples::{hash, hybrid, new_catalog, scan, scanned};
use crate::catalog::scan::Outcome;
use crate::catalog::{Author, FoundTorrent, Torrent, TorrentByHash};
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
    let retired = Details { retired: Some("old".into()), ..hidden() };
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
fn a_torrent_that_vanishes_or_goes_on_without_its_file_has_no_sidecar() {
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
    assert_eq!((torrent(&catalog, 1).sidecar(), torrent(&catalog, 2).sidecar()), (None, None));
    assert_eq!(torrent(&catalog, 2).details(), &titled("decided"));
    assert!(!torrent(&catalog, 2).hidden && torrent(&catalog, 2).file == Path::new(""));
    assert!(!has_sidecars(&catalog.connection).unwrap());
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
