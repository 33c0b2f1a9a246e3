use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use tempfile::TempDir;

use crate::cli::tests::{Ran, run_at};
use crate::protocol::{Metainfo, sample};

const FOREIGN: &str = "http://old.example/announce";
const OURS: &str = "http://t.example/announce";

/// A site with a torrent that names another tracker.
struct Site(TempDir);

impl Site {
    fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        fs::create_dir(site.0.path().join("conf")).unwrap();
        site.write("conf/tracker.toml", format!("tracker.announce_url = '{OURS}'").as_bytes());
        site.write("a.torrent", &sample::single_file("a", Some(FOREIGN)));
        site
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    fn rewrite(&self, name: &str, more: &[&str]) -> Ran {
        let path = self.path(name);
        run_at(self.0.path(), &[&["torrent", "rewrite", &path], more].concat())
    }

    fn read(&self, name: &str) -> Metainfo {
        Metainfo::parse(&fs::read(self.path(name)).unwrap()).unwrap()
    }
}

#[test]
fn a_torrent_of_another_tracker_becomes_ours_with_the_same_info_hash() {
    let site = Site::new();
    let before = site.read("a.torrent");
    fs::set_permissions(site.path("a.torrent"), fs::Permissions::from_mode(0o640)).unwrap();
    let ran = site.rewrite("a.torrent", &[]);
    ran.assert_done();
    assert!(ran.output.ends_with(&format!("a.torrent: announces to {OURS}\n")), "{}", ran.output);
    let after = site.read("a.torrent");
    assert_eq!((after.hashes, after.announce_urls), (before.hashes, vec![OURS.into()]));
    let metadata = fs::metadata(site.path("a.torrent")).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o640, "it keeps its mode");
    let again = site.rewrite("a.torrent", &[]);
    assert!(again.output.ends_with(&format!("announces to {OURS} already\n")), "{}", again.output);
    assert_eq!(fs::metadata(site.path("a.torrent")).unwrap().ino(), metadata.ino(), "untouched");
}

#[test]
fn trackers_and_web_seeds_are_as_they_are_asked_for() {
    let site = Site::new();
    let more = ["--keep-trackers", "--web-seed", "https://s.example/x/"];
    let ran = site.rewrite("a.torrent", &more);
    ran.assert_done();
    let said = " and names the web seed https://s.example/x/\n";
    assert!(ran.output.ends_with(said), "{}", ran.output);
    assert_eq!(site.read("a.torrent").announce_urls, [OURS, FOREIGN]);
    let text = || fs::read(site.path("a.torrent")).unwrap().escape_ascii().to_string();
    assert!(text().ends_with("8:url-list20:https://s.example/x/e"), "{}", text());
    let more = ["--announce", "udp://a.example:1", "--announce", OURS, "--no-web-seed"];
    let ran = site.rewrite("a.torrent", &more);
    ran.assert_done();
    assert!(ran.output.ends_with(" and names no web seed\n"), "{}", ran.output);
    assert_eq!(site.read("a.torrent").announce_urls, ["udp://a.example:1", OURS]);
    assert!(!text().contains("url-list"), "{}", text());
}

#[test]
fn nothing_is_changed_that_is_not_to_be() {
    let site = Site::new();
    let tried = site.rewrite("a.torrent", &["--dry-run"]);
    let said = format!("a.torrent: would announce to {OURS}; nothing is changed\n");
    assert!(tried.output.ends_with(&said), "{}", tried.output);
    fs::create_dir(site.path("out")).unwrap();
    let out = site.path("out");
    site.rewrite("a.torrent", &["-o", &out]).assert_done();
    assert_eq!(site.read("out/a.torrent").announce_urls, [OURS]);
    assert_eq!(site.read("a.torrent").announce_urls, [FOREIGN], "the other one is as it was");
    let more = ["-o", &out, "--announce", "http://b.example/announce"];
    let there = site.rewrite("a.torrent", &more);
    assert_eq!(there.failure(), "tracker: 1 of 1 files are not rewritten");
    assert!(there.output.contains("is there already"), "{}", there.output);
    assert_eq!(site.read("out/a.torrent").announce_urls, [OURS]);
    site.rewrite("a.torrent", &[&more[..], &["--force"]].concat()).assert_done();
    assert_eq!(site.read("out/a.torrent").announce_urls, ["http://b.example/announce"]);
    let (file, other) = (site.path("one"), site.path("a.torrent"));
    let several = site.rewrite("a.torrent", &[&other, "-o", &file]);
    assert!(several.errors.contains("several files need a folder"), "{}", several.errors);
}

#[test]
fn no_file_is_written_over_another_one_that_is_not_meant() {
    let site = Site::new();
    for folder in ["a", "b", "out"] {
        fs::create_dir(site.path(folder)).unwrap();
    }
    site.write("a/x.torrent", &sample::single_file("one", Some(FOREIGN)));
    site.write("b/x.torrent", &sample::single_file("two", Some(FOREIGN)));
    let (other, out) = (site.path("b/x.torrent"), site.path("out"));
    let both = site.rewrite("a/x.torrent", &[&other, "-o", &out, "--force"]);
    assert_eq!(both.failure(), "tracker: 1 of 2 files are not rewritten");
    assert!(both.output.contains("b/x.torrent: is not rewritten: another one"), "{}", both.output);
    assert_eq!(site.read("out/x.torrent").hashes, site.read("a/x.torrent").hashes);

    let own = site.rewrite("a.torrent", &["-o", &site.path("conf/tracker.toml"), "--force"]);
    assert!(own.output.contains("is a file of the tracker itself"), "{}", own.output);
    assert!(fs::read_to_string(site.path("conf/tracker.toml")).unwrap().contains(OURS));
}

#[test]
fn an_output_that_is_the_file_itself_replaces_it_in_its_place() {
    let site = Site::new();
    symlink(".", site.path("link")).unwrap();
    let home = site.path("link");
    let refused = site.rewrite("a.torrent", &["-o", &home]);
    assert!(refused.output.contains("is there already"), "{}", refused.output);
    site.rewrite("a.torrent", &["-o", &home, "--force"]).assert_done();
    assert_eq!(site.read("a.torrent").announce_urls, [OURS]);
    let before = fs::metadata(site.path("a.torrent")).unwrap().ino();
    let again = site.rewrite("a.torrent", &["-o", &home, "--force"]);
    assert!(again.output.ends_with(&format!("announces to {OURS} already\n")), "{}", again.output);
    assert_eq!(fs::metadata(site.path("a.torrent")).unwrap().ino(), before, "as without --output");
}

#[test]
fn each_file_that_is_none_of_ours_is_told_with_its_reason_and_the_others_are_rewritten() {
    let site = Site::new();
    site.write("page.torrent", b"<html>not found</html>");
    site.write("cut.torrent", &sample::single_file("a", None)[..90]);
    symlink(site.path("a.torrent"), site.path("link.torrent")).unwrap();
    let bad = ["page.torrent", "cut.torrent", "link.torrent", "none.torrent", "conf"];
    let paths = [bad.map(|name| site.path(name)).to_vec(), vec![site.path("a.torrent")]].concat();
    let arguments: Vec<&str> = paths.iter().map(String::as_str).collect();
    let ran = run_at(site.0.path(), &[&["torrent", "rewrite"], &*arguments].concat());
    assert_eq!(ran.failure(), "tracker: 5 of 6 files are not rewritten");
    for said in [
        "page.torrent: is not rewritten: it is not bencode",
        "cut.torrent: is not rewritten: it is cut off at byte 90",
        "link.torrent: is not rewritten: it is a link",
        "none.torrent: is not rewritten: No such file",
        "conf: is not rewritten: it is not a regular file",
    ] {
        assert!(ran.output.contains(said), "{said}: {}", ran.output);
    }
    assert_eq!(site.read("a.torrent").announce_urls, [OURS]);
    site.write("conf/tracker.toml", b"catalog.max_torrent_bytes = 65536");
    site.write("large.torrent", &[b' '; 65_537]);
    let large = site.rewrite("large.torrent", &["--announce", OURS]);
    assert!(large.output.contains("raise max_torrent_bytes"), "{}", large.output);
    assert!(site.rewrite("a.torrent", &[]).failure().contains("set announce_url"));
}
