use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};

use super::archive::tests::archive_of;
use super::*;
use crate::protocol::Timestamp;
use crate::protocol::sample::single_file;
use crate::tracker::{Next, Quiet, Refresh, Turn};

const OURS: &str = "http://tracker.example/announce";
const THEIRS: &str = "http://other.example/announce";
const AUTHOR: Author<'static> = Author { name: "somebody", at: Timestamp(1_700_000_000) };

/// A site with nothing in it.
struct Site {
    _home: tempfile::TempDir,
    loaded: LoadedConfig,
}

impl Site {
    fn new(configuration: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let configuration = format!("[tracker]\nannounce_url = \"{OURS}\"\n{configuration}");
        let file = home.path().join("conf/tracker.toml");
        let loaded = LoadedConfig::parse(&configuration, &file).unwrap();
        crate::config::lay_out_missing(&loaded).unwrap();
        Self { _home: home, loaded }
    }

    fn torrents(&self) -> &Path {
        &self.loaded.config.paths.torrents
    }

    fn upload(&self) -> Upload<'_> {
        Upload::new(&self.loaded, Foreign::Refused)
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.torrents()).unwrap();
        let mut names: Vec<_> =
            entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name.ends_with(".torrent"));
        names.sort_unstable();
        names
    }

    fn catalog(&self) -> Catalog {
        Catalog::open(&self.loaded.config.paths.catalog).unwrap()
    }
}

/// What becomes of sources, in words.
fn told(upload: &Upload<'_>, sources: &[Source<'_>]) -> Vec<String> {
    let mut catalog = Catalog::open(&upload.loaded.config.paths.catalog).unwrap();
    let judged = upload.begin(&mut catalog, &AUTHOR).add_all(sources).unwrap();
    judged.iter().map(|it| format!("{}: {}", it.given, it.verdict)).collect()
}

fn file<'a>(name: &'a str, content: &'a [u8]) -> Source<'a> {
    Source::File { name, content }
}

#[test]
fn a_file_is_stored_under_the_name_of_its_torrent() {
    let site = Site::new("");
    let torrent = single_file("a/b: c", Some(OURS));
    let told = told(&site.upload(), &[file("../../x.php", &torrent)]);
    assert_eq!(told, ["../../x.php: is in the torrents folder, and tracked from now on"]);
    let stored = site.torrents().join("ab_ c.torrent");
    assert_eq!(fs::read(&stored).unwrap(), torrent);
    assert_eq!(stored.metadata().unwrap().mode() & 0o7777, 0o644);
}

#[test]
fn who_has_put_files_into_the_folder_is_noted_and_nothing_of_what_was_there() {
    let site = Site::new("");
    let torrent = single_file("x", Some(OURS));
    for _ in 0..2 {
        told(&site.upload(), &[file("a", &torrent), file("b", &torrent), file("c", b"no")]);
    }
    let changes = site.catalog().changes().unwrap();
    let [added] = &changes[..] else { panic!("{changes:?}") };
    let hash = Metainfo::parse(&torrent).unwrap().canonical().to_string();
    let noted = (&*added.who, &*added.what, &*added.subject, added.after.as_deref());
    assert_eq!(noted, (AUTHOR.name, "add", &*hash, Some("x")));
}

#[test]
fn what_is_no_torrent_of_ours_is_told_and_not_stored() {
    let site = Site::new("[catalog]\nmax_torrent_bytes = 65536\n");
    let (theirs, nobodys) = (single_file("x", Some(THEIRS)), single_file("x", None));
    let large = [single_file("x", Some(OURS)), vec![b'x'; 65536]].concat();
    let told = told(
        &site.upload(),
        &[
            file("a", b"<html>"),
            file("b", &theirs),
            file("c", &nobodys),
            file("d", &large),
            file("e", b""),
        ],
    );
    let begin = [
        "a: is not a usable torrent",
        "b: announces to another tracker (http://other.example/announce)",
        "c: names no tracker",
        "d: is larger than 65536 bytes",
        "e: is not a usable torrent",
    ];
    for (told, begin) in told.iter().zip(begin) {
        assert!(told.starts_with(begin), "{told}");
    }
    assert!(site.files().is_empty());
}

#[test]
fn announce_urls_of_others_are_rewritten_where_that_is_wanted() {
    let site = Site::new("");
    let upload = Upload::new(&site.loaded, Foreign::Rewritten);
    let (theirs, ours) = (single_file("x", Some(THEIRS)), single_file("y", Some(OURS)));
    let told = told(&upload, &[file("a", &theirs), file("b", &ours)]);
    assert!(told[0].contains("with this tracker's announce URL"), "{told:?}");
    assert!(!told[1].contains("announce URL"), "{told:?}");
    let read = |name| Metainfo::parse(&fs::read(site.torrents().join(name)).unwrap()).unwrap();
    let stored = read("x.torrent");
    assert_eq!(stored.announce_urls, [OURS]);
    assert_eq!(stored.hashes, Metainfo::parse(&theirs).unwrap().hashes);
    assert_eq!(fs::read(site.torrents().join("y.torrent")).unwrap(), ours);
}

#[test]
fn a_name_that_another_torrent_has_gets_digits() {
    let site = Site::new("");
    let torrent = single_file("x", Some(OURS));
    let hash = Metainfo::parse(&torrent).unwrap().canonical().to_string();
    for (given, stored) in [("x", "x.torrent"), ("y", &format!("x-{}.torrent", &hash[..8]))] {
        fs::write(site.torrents().join("x.torrent"), single_file(given, Some(OURS))).unwrap();
        let told = told(&site.upload(), &[file("f", &torrent)]);
        let already = if given == "x" { "already" } else { "from now on" };
        assert!(told[0].ends_with(already), "{told:?}");
        let there = Metainfo::parse(&fs::read(site.torrents().join(stored)).unwrap()).unwrap();
        assert_eq!(there.canonical().to_string(), hash);
    }
    fs::write(site.torrents().join(format!("x-{}.torrent", &hash[..8])), b"another").unwrap();
    let told = told(&site.upload(), &[file("f", &torrent)]);
    assert!(told[0].contains("another torrent has the name"), "{told:?}");
}

#[test]
fn a_torrent_is_taken_once() {
    let site = Site::new("");
    let torrent = single_file("x", Some(OURS));
    let archive =
        archive_of(&[("in/x.torrent", &torrent), ("y.torrent", &single_file("y", Some(OURS)))]);
    let told = told(&site.upload(), &[file("x", &torrent), file("z.zip", &archive)]);
    assert_eq!(told[1], "z.zip/in/x.torrent: was given twice");
    assert!(told[2].starts_with("z.zip/y.torrent: is in the torrents folder"), "{told:?}");
    assert_eq!(site.files(), ["x.torrent", "y.torrent"]);
}

#[test]
fn hashes_and_magnet_links_are_tracked_without_a_file() {
    let site = Site::new("");
    let hash = "ab".repeat(20);
    let magnet = format!("magnet:?xt=urn:btih:{hash}&dn=a+name");
    let told = told(
        &site.upload(),
        &[Source::Text(&hash), Source::Text(&magnet), Source::Text("magnet:?x"), Source::Text("x")],
    );
    assert!(told[0].ends_with("is tracked from now on"), "{told:?}");
    assert!(told[1].ends_with("is tracked already"), "{told:?}");
    assert!(told[2].contains("magnet"), "{told:?}");
    assert!(told[3].starts_with("x: is neither an info-hash"), "{told:?}");
    assert_eq!(site.catalog().all_torrents().unwrap().len(), 1);
}

#[test]
fn a_retired_torrent_stays_retired() {
    let site = Site::new("");
    let torrent = single_file("x", Some(OURS));
    let hash = Metainfo::parse(&torrent).unwrap().canonical();
    let retire = |it: &mut crate::catalog::Details| {
        it.retirement = Some(crate::catalog::Retirement::Retired("over".into()));
    };
    told(&site.upload(), &[Source::Text(&hash.to_string())]);
    site.catalog().decide(hash, "retire", retire, &AUTHOR).unwrap();
    for source in [file("f", &torrent), Source::Text(&hash.to_string())] {
        let told = told(&site.upload(), &[source]);
        assert!(told[0].contains("is known, but retired"), "{told:?}");
    }
    assert!(site.files().is_empty());
}

#[test]
fn a_category_is_a_folder_that_is_there() {
    let site = Site::new("");
    let folder = site.torrents().join("linux/iso");
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir_all(site.torrents().join(".hidden")).unwrap();
    symlink("/tmp", site.torrents().join("elsewhere")).unwrap();
    fs::write(site.torrents().join("file"), b"").unwrap();
    for no in ["..", "/tmp", "linux/../..", "elsewhere", ".hidden", "nowhere", "file", "linux\0"] {
        assert!(site.upload().into_category(no).is_err(), "{no}");
    }
    let folder_of = |upload: Upload<'_>| match upload.place {
        Place::Folder(folder) => folder,
        Place::Catalog { .. } => panic!("the catalogue"),
    };
    let of_none = site.upload().into_category("").unwrap();
    assert_eq!(folder_of(of_none), site.torrents().canonicalize().unwrap());
    let upload = site.upload().into_category("linux/iso").unwrap();
    told(&upload, &[file("f", &single_file("x", Some(OURS)))]);
    assert!(folder.join("x.torrent").is_file() && site.files().is_empty());
}

#[test]
fn of_a_file_that_cannot_be_stored_nothing_is_left() {
    let site = Site::new("");
    let torrent = single_file("x", Some(OURS));
    let there = fs::read_dir(site.torrents()).unwrap().count();
    // In the place of the temporary file: as with a disk that is full, it cannot be written.
    fs::create_dir(site.torrents().join(".x.torrent.new")).unwrap();
    let told =
        told(&site.upload(), &[file("f", &torrent), file("g", &single_file("y", Some(OURS)))]);
    assert!(told[0].starts_with("f: cannot be put into the torrents folder as "), "{told:?}");
    assert!(told[1].contains("tracked from now on"), "the others are stored: {told:?}");
    assert_eq!(site.files(), ["y.torrent"]);
    assert_eq!(fs::read_dir(site.torrents()).unwrap().count(), there + 2);
}

/// The bytes that the catalogue has of a torrent.
fn stored(site: &Site, torrent: &[u8]) -> Option<Vec<u8>> {
    site.catalog().stored_file(Metainfo::parse(torrent).unwrap().canonical()).unwrap()
}

#[test]
fn a_file_for_the_database_is_there_and_not_in_the_folder() {
    let site = Site::new("[catalog]\nkeep_uploads = 'database'\n");
    let (torrent, theirs) = (single_file("x", Some(OURS)), single_file("y", Some(THEIRS)));
    let archive = archive_of(&[("a.torrent", &torrent), ("b.torrent", &theirs)]);
    let upload = Upload::new(&site.loaded, Foreign::Rewritten);
    let told_of = told(&upload, &[file("z.zip", &archive), file("again", &torrent)]);
    assert_eq!(told_of[0], "z.zip/a.torrent: is in the database, and tracked from now on");
    assert!(told_of[1].contains("in the database with this tracker's"), "{told_of:?}");
    assert_eq!(told_of[2], "again: was given twice");
    assert_eq!(stored(&site, &torrent).as_ref(), Some(&torrent));
    let rewritten = stored(&site, &theirs).unwrap();
    assert_eq!(Metainfo::parse(&rewritten).unwrap().announce_urls, [OURS]);
    assert!(site.files().is_empty());
    // It has its file already, wherever the next one were to be.
    for place in [UploadPlace::Folder, UploadPlace::Database] {
        let told_of = told(&site.upload().kept_in(place), &[file("x", &torrent)]);
        assert_eq!(told_of, ["x: is tracked already"]);
    }
    assert!(site.files().is_empty());
}

#[test]
fn what_is_known_to_be_somebodys_is_not_new_when_its_file_comes() {
    for place in [UploadPlace::Folder, UploadPlace::Database] {
        let site = Site::new("");
        let [tracked, decided, new] = ["x", "y", "z"].map(|name| single_file(name, Some(OURS)));
        let hash = |torrent: &[u8]| Metainfo::parse(torrent).unwrap().canonical();
        let by_hash = [hash(&tracked).to_string(), hash(&decided).to_string()];
        told(&site.upload(), &by_hash.each_ref().map(|hash| Source::Text(hash)));
        let set = |it: &mut Details| it.group = Some("Theirs".into());
        site.catalog().decide(hash(&decided), "edit", set, &AUTHOR).unwrap();
        let upload = site.upload().kept_in(place);
        let mut catalog = site.catalog();
        let adding = upload.begin(&mut catalog, &AUTHOR);
        let judged = adding.add_all(&[&tracked, &decided, &new].map(|it| file("f", it)));
        let judged = judged.unwrap();
        let is_new = judged.iter().map(|it| match it.verdict {
            Verdict::Added { is_new, .. } => is_new,
            ref other => panic!("{other}"),
        });
        assert_eq!(is_new.collect::<Vec<_>>(), [false, false, true], "{place:?}");
    }
}

#[test]
fn who_looks_after_some_groups_leaves_torrents_of_others_as_they_are() {
    for place in [UploadPlace::Folder, UploadPlace::Database] {
        let site = Site::new("");
        let [theirs, own] = ["x", "y"].map(|name| single_file(name, Some(OURS)));
        let hash = |torrent: &[u8]| Metainfo::parse(torrent).unwrap().canonical();
        for (torrent, group) in [(&theirs, "Theirs"), (&own, "Own")] {
            told(&site.upload(), &[Source::Text(&hash(torrent).to_string())]);
            let set = |it: &mut Details| it.group = Some(group.into());
            site.catalog().decide(hash(torrent), "edit", set, &AUTHOR).unwrap();
        }
        let hide = |it: &mut Details| it.hidden = Some(true);
        site.catalog().decide(hash(&theirs), "hide", hide, &AUTHOR).unwrap();
        let groups = ["OWN".to_owned()];
        let upload = site.upload().kept_in(place).within(Some(&groups));
        let by_hash = hash(&theirs).to_string();
        let told_of = told(&upload, &[file("t", &theirs), Source::Text(&by_hash), file("o", &own)]);
        assert_eq!(told_of[0], "t: is tracked already");
        assert!(told_of[1].ends_with(": is tracked already"), "{told_of:?}");
        assert!(told_of[2].contains("tracked from now on"), "{told_of:?}");
        assert!(!site.catalog().torrent(hash(&theirs)).unwrap().unwrap().has_file());
        assert_eq!(site.files().len(), usize::from(place == UploadPlace::Folder));
        assert_eq!(stored(&site, &theirs), None);
    }
}

#[test]
fn in_the_database_a_category_need_be_no_folder() {
    let site = Site::new("");
    let database = || site.upload().kept_in(UploadPlace::Database);
    let torrent = single_file("x", Some(OURS));
    assert!(database().into_category("two\nlines").is_err());
    let upload = database().into_category(" linux/../iso ").unwrap();
    told(&upload, &[file("x", &torrent)]);
    let torrents = site.catalog().all_torrents().unwrap();
    assert_eq!(torrents[0].category().as_deref(), Some("linux/../iso"));
    let of_none = database().into_category("").unwrap();
    told(&of_none, &[file("y", &single_file("y", Some(OURS)))]);
    let torrents = site.catalog().all_torrents().unwrap();
    assert_eq!(torrents.iter().filter(|it| it.category().is_none()).count(), 1);
}

#[test]
fn what_stands_in_the_folder_or_is_retired_is_not_stored_once_more() {
    let site = Site::new("");
    let (kept, retired) = (single_file("x", Some(OURS)), single_file("y", Some(OURS)));
    let hash = |torrent: &[u8]| Metainfo::parse(torrent).unwrap().canonical();
    told(&site.upload(), &[file("x", &kept), Source::Text(&hash(&retired).to_string())]);
    let turn = Turn::wait_for(&site.loaded).unwrap();
    let refresh = Refresh::begin(&site.loaded, turn, Timestamp(1_700_000_001), true, &mut Quiet);
    refresh.unwrap().ok().unwrap().commit(Next::InTime).unwrap();
    let retire = |it: &mut Details| {
        it.retirement = Some(crate::catalog::Retirement::Retired("over".into()));
    };
    site.catalog().decide(hash(&retired), "retire", retire, &AUTHOR).unwrap();
    let upload = site.upload().kept_in(UploadPlace::Database);
    let told_of = told(&upload, &[file("x", &kept), file("y", &retired)]);
    assert_eq!(told_of[0], "x: is tracked already");
    assert!(told_of[1].starts_with("y: is known, but retired"), "{told_of:?}");
    assert_eq!((stored(&site, &kept), stored(&site, &retired)), (None, None));
}

#[test]
fn of_archives_only_torrents_are_stored() {
    let site = Site::new("");
    let torrent = single_file("x", Some(OURS));
    let archive =
        archive_of(&[("a.torrent", &torrent), ("b.torrent", &[]), ("shell.php", b"<?php")]);
    let told = told(&site.upload(), &[file("z.zip", &archive), file("bad.zip", b"PK\x03\x04")]);
    assert!(told[0].starts_with("z.zip/a.torrent: is in the torrents folder"), "{told:?}");
    assert!(told[2].contains("is no .torrent file"), "{told:?}");
    assert!(told[3].starts_with("bad.zip: is a damaged ZIP archive"), "{told:?}");
    assert_eq!(site.files(), ["x.torrent"]);
}
