use std::os::unix::fs::MetadataExt as _;

use tempfile::TempDir;

use crate::cli::Outcome;
use crate::cli::tests::{Ran, run_at};
use crate::protocol::Metainfo;

/// A site with content in and beside its torrents folder.
struct Site(TempDir);

impl Site {
    fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        site.write(
            "conf/tracker.toml",
            "tracker.announce_url = 'http://t.example/announce'\npaths.torrents_url = 'http://t.example/files'",
        );
        site.write("www/torrents/album/1 a.flac", "first");
        site.write("www/torrents/album/2.flac", "second");
        site.write("elsewhere/file.iso", "content");
        site
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn make(&self, path: &str, more: &[&str]) -> Ran {
        let path = self.path(path);
        run_at(self.0.path(), &[&["torrent", "make", &path], more].concat())
    }

    /// What was made, as text.
    fn torrent(&self, name: &str) -> String {
        std::fs::read(self.path(name)).unwrap().escape_ascii().to_string()
    }
}

#[test]
fn a_torrent_stands_beside_its_content_with_our_own_addresses() {
    let site = Site::new();
    let ran = site.make("www/torrents/album", &[]);
    ran.assert_done();
    for line in [
        "announce      http://t.example/announce\n",
        "web seed      http://t.example/files/\n",
        "size          11 B in 2 files\n",
        "piece length  16 KiB\n",
    ] {
        assert!(ran.output.contains(line), "{line}: {}", ran.output);
    }
    assert!(!ran.output.contains("info-hash v2"), "{}", ran.output);
    let torrent = site.torrent("www/torrents/album.torrent");
    assert!(
        torrent.starts_with("d8:announce25:http://t.example/announce10:created by"),
        "{torrent}"
    );
    assert!(torrent.ends_with("8:url-list23:http://t.example/files/e"), "{torrent}");
    let metadata = std::fs::metadata(site.path("www/torrents/album.torrent")).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o644, "the web server gives it to everybody");
    let left = std::fs::read_dir(site.path("www/torrents")).unwrap().count();
    assert_eq!(left, 2, "nothing temporary is left");
}

#[test]
fn a_web_seed_is_named_only_where_the_content_is_given() {
    let site = Site::new();
    let seed = |path: &str, more: &[&str]| {
        let ran = site.make(path, &[&["--force"], more].concat());
        ran.assert_done();
        let line = ran.output.lines().find_map(|line| line.strip_prefix("web seed      "));
        line.map(str::to_owned)
    };
    assert_eq!(seed("elsewhere/file.iso", &[]), None);
    let file = "www/torrents/album/1 a.flac";
    assert_eq!(seed(file, &[]).unwrap(), "http://t.example/files/album/");
    let renamed = ["--name", "x.flac"];
    assert_eq!(seed(file, &renamed).unwrap(), "http://t.example/files/album/1%20a.flac");
    assert_eq!(seed(file, &[&renamed[..], &["--v2"]].concat()), None);
    assert_eq!(seed("www/torrents/album", &renamed), None);
    assert_eq!(seed("www/torrents/album", &["--no-web-seed"]), None);
    let given = ["--web-seed", "https://a.example/x/", "--web-seed", "https://b.example/x/"];
    assert_eq!(seed("elsewhere/file.iso", &given).unwrap(), "https://a.example/x/");
    assert!(site.torrent("elsewhere/file.iso.torrent").contains("8:url-listl20:https://a"));
}

#[test]
fn versions_pieces_and_trackers_are_as_they_are_asked_for() {
    let site = Site::new();
    let read = |more: &[&str]| {
        let out = site.path("out.torrent");
        let ran = site.make("elsewhere/file.iso", &[&["--force", "-o", &out], more].concat());
        ran.assert_done();
        let bytes = std::fs::read(out).unwrap();
        (Metainfo::parse(&bytes).unwrap(), ran.output)
    };
    let (hybrid, output) = read(&["--hybrid", "--piece-length", "4M", "--name", "other.iso"]);
    assert!(output.contains("info-hash v1") && output.contains("info-hash v2"), "{output}");
    assert!(
        output.contains("piece length  4 MiB") && output.contains("&dn=other.iso&xl=7&"),
        "{output}"
    );
    assert_eq!(hybrid.name, "other.iso");
    let (v2, _) = read(&["--v2", "--private", "--comment", "so"]);
    assert!(v2.v1().is_none() && v2.private && v2.flaws.is_empty());
    let (_, output) = read(&["--private"]);
    assert!(!output.contains("magnet"), "{output}");
    let trackers =
        ["--announce", "udp://a.example:6969", "--announce", "https://b.example/announce"];
    let (two, output) = read(&trackers);
    assert_eq!(two.announce_urls, ["udp://a.example:6969", "https://b.example/announce"]);
    assert!(output.contains("&tr=udp%3A%2F%2Fa.example%3A6969&tr=https"), "{output}");
}

#[test]
fn nothing_is_overwritten_unless_it_is_to_be() {
    let site = Site::new();
    let out = site.path("out");
    std::fs::create_dir(&out).unwrap();
    site.make("elsewhere/file.iso", &["-o", &out]).assert_done();
    site.write("out/file.iso.torrent", "mine");
    let refused = site.make("elsewhere/file.iso", &["-o", &out]);
    assert!(
        refused.failure().contains("is there already; --force replaces it"),
        "{}",
        refused.errors
    );
    assert_eq!(site.torrent("out/file.iso.torrent"), "mine");
    site.make("elsewhere/file.iso", &["-o", &out, "--force"]).assert_done();
    assert!(site.torrent("out/file.iso.torrent").starts_with("d8:announce"));
    std::os::unix::fs::symlink("/nowhere", site.path("out/link")).unwrap();
    let link = site.path("out/link");
    assert!(site.make("elsewhere/file.iso", &["-o", &link]).failure().contains("is there already"));
}

#[test]
fn no_file_of_the_trackers_own_is_overwritten() {
    let site = Site::new();
    let before = site.torrent("conf/tracker.toml");
    std::fs::create_dir_all(site.path("data")).unwrap();
    for own in ["conf/tracker.toml", "data/catalog.db", "data/catalog.db-journal"] {
        let refused = site.make("elsewhere/file.iso", &["--force", "-o", &site.path(own)]);
        let said = "is a file of the tracker itself";
        assert!(refused.failure().contains(said), "{}", refused.errors);
    }
    assert_eq!(site.torrent("conf/tracker.toml"), before);
    assert!(!std::path::Path::new(&site.path("data/catalog.db-journal")).exists());
}

#[test]
fn a_torrent_may_have_the_longest_name_that_its_file_can_have() {
    let site = Site::new();
    let name = "é".repeat(120);
    site.make("elsewhere/file.iso", &["--name", &name]).assert_done();
    assert!(site.torrent(&format!("elsewhere/{name}.torrent")).starts_with("d8:announce"));
}

#[test]
fn what_cannot_be_done_is_said_before_the_work() {
    let site = Site::new();
    let failure = |path: &str, more: &[&str]| site.make(path, more).failure().to_owned();
    assert!(failure("elsewhere/none", &[]).contains("cannot read "));
    let inside = site.path("elsewhere/file.torrent");
    let said = failure("elsewhere", &["-o", &inside]);
    assert!(said.contains("would lie in the folder that it describes"), "{said}");
    let nowhere = site.path("no/folder/x.torrent");
    assert!(failure("elsewhere", &["-o", &nowhere]).contains("cannot write "));
    assert!(!std::path::Path::new(&site.path("no")).exists(), "no folder is made for it");
    site.write("conf/tracker.toml", "");
    assert!(
        failure("elsewhere", &[]).contains("set announce_url in [tracker], or give --announce")
    );
    for (more, said) in [
        (&["--piece-length", "3M"][..], "a power of two from 16K to 64M"),
        (&["--piece-length", "99999999999999999999M"], "a power of two"),
        (&["--piece-length", "1T"], "a power of two"),
        (&["--v1", "--v2"], "cannot be used with"),
        (&["--announce", "nothing"], "is not an announce URL"),
        (&["--web-seed", "ftp://a/"], "is not an http(s) URL"),
        (&["--name", "a/b"], "under another name"),
    ] {
        let ran = site.make("elsewhere", more);
        assert_eq!(ran.outcome, Outcome::WrongUsage, "{more:?}");
        assert!(ran.errors.contains(said), "{}", ran.errors);
    }
}

#[test]
fn a_file_that_the_tracker_will_not_take_is_warned_of() {
    let site = Site::new();
    site.write("conf/tracker.toml", "catalog.max_torrent_bytes = 65536");
    let content = std::fs::File::create(site.path("elsewhere/file.iso")).unwrap();
    content.set_len(54 << 20).unwrap();
    let more = ["--piece-length", "16K", "--announce", "http://a/b"];
    let warned = site.make("elsewhere/file.iso", &more);
    warned.assert_done();
    assert!(warned.output.contains("takes no file beyond 65536 bytes"), "{}", warned.output);
}
