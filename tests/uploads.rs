//! `.torrent` files that somebody gives: kept in the database instead of the folder, and what is wrong with them.

use std::fs;
use std::process::{Command, Stdio};

use tracker_cgi::catalog::Role;
use tracker_cgi::protocol::InfoHash;

use crate::harness::admin::{Admin, catalog};
use crate::harness::archive::zip;
use crate::harness::fastcgi::Responder;
use crate::harness::http::Reply;
use crate::harness::installation::{ANNOUNCE_URL, Installation, Ran, complaints};
use crate::harness::program::{Program, value};
use crate::harness::torrent::Torrent;
use crate::protocol::client;

const SCRIPT: &str = "http://tracker.test/tracker.cgi";

fn site(settings: &[&str]) -> Installation {
    let tracker = Installation::new(settings);
    tracker.refresh();
    tracker
}

fn administrator(tracker: &Installation) -> Admin<'_> {
    Admin::signed_in(tracker, "ingrid", Role::Administrator)
}

fn hex(torrent: &Torrent) -> String {
    InfoHash(torrent.info_hash).to_string()
}

/// The answer to who downloads a torrent's file.
fn download(tracker: &Installation, torrent: &Torrent) -> Reply {
    tracker.get(&format!("/t/{}.torrent", hex(torrent)), "").send().reply
}

fn stored(tracker: &Installation, torrent: &Torrent) -> Option<Vec<u8>> {
    catalog(tracker).stored_file(InfoHash(torrent.info_hash)).expect("a catalogue")
}

/// Names of files in the torrents folder.
fn names(tracker: &Installation) -> Vec<String> {
    let entries = fs::read_dir(tracker.path("www/torrents")).expect("the folder").flatten();
    let mut names: Vec<_> =
        entries.map(|it| it.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.contains(".torrent"));
    names.sort();
    names
}

/// A command that may write no more than so many bytes into a file, as on a full disk.
fn on_a_full_disk(command: &Command, bytes: u32) -> Command {
    let mut limited = Command::new("/bin/sh");
    // In blocks of 512 bytes. The signal is ignored, so that the write fails as on a full disk.
    let blocks = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", bytes / 512);
    limited.args(["-c", &blocks]).arg(command.get_program()).args(command.get_args()).env_clear();
    for (name, value) in command.get_envs() {
        limited.env(name, value.unwrap_or_default());
    }
    limited.stdin(Stdio::null());
    limited
}

#[test]
fn a_file_in_the_database_is_given_out_wherever_one_in_the_folder_would_be_linked_to() {
    let tracker = site(&["paths.pages = '../www'"]);
    let torrent = Torrent::new("../A \"b\"\u{202e}.php", 1000, ANNOUNCE_URL);
    let mut admin = administrator(&tracker);
    let fields = [("foreign", "refuse"), ("category", ""), ("keep_in", "database")];
    let reply = admin.upload("torrents/add", &fields, &[("files", "x", &torrent.metainfo)]);
    assert!(reply.text().contains("It is in the database, and tracked."), "{}", reply.text());
    assert_eq!(names(&tracker), [""; 0]);
    client(1).of(torrent.info_hash).announce(&tracker, "");

    let address = format!("/t/{}.torrent", hex(&torrent));
    let link = format!("{SCRIPT}{address}");
    for page in ["www/index.html", "www/torrents/bt_stats.inc", "www/torrents/bt_rss.inc"] {
        assert!(tracker.text(page).contains(&link), "{page}: {}", tracker.text(page));
    }
    let api = tracker.get(&format!("/api/v1/torrents/{}", hex(&torrent)), "").send().reply;
    assert_eq!(value(&api)["links"]["torrent"], link);
    assert_eq!(value(&api)["files"]["count"], 1, "{api:?}");
    let page = tracker.get(&format!("/t/{}", hex(&torrent)), "").send().reply.text();
    assert!(page.contains(&format!("href=\"..{address}\"")), "{page}");
    let list = tracker.get("/list", "").send().reply.text();
    assert!(list.contains(&format!("href=\"t/{}.torrent\"", hex(&torrent))), "{list}");
    assert!(admin.page(&format!("torrents/{}", hex(&torrent))).contains("in the database"));

    let responder = Responder::start(&tracker, &[]);
    for reply in [download(&tracker, &torrent), responder.get(&address, "")] {
        assert_eq!((reply.status, &reply.body), (200, &torrent.metainfo));
        assert_eq!(reply.header("content-type"), Some("application/x-bittorrent"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        let named = reply.header("content-disposition").expect("a name").to_owned();
        let digits = &hex(&torrent)[..8];
        assert_eq!(named, format!("attachment; filename=\"a-b-php-{digits}.torrent\""));
        let tag = reply.header("etag").expect("a tag").to_owned();
        let again = tracker.get(&address, "").with("HTTP_IF_NONE_MATCH", &tag).send().reply;
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(again.header("etag"), Some(&*tag));
        let other = tracker.get(&address, "").with("HTTP_IF_NONE_MATCH", "\"x\"").send().reply;
        assert_eq!(other.status, 200);
        let head = tracker.get(&address, "").method("HEAD").send().reply;
        assert_eq!((head.status, head.body.len()), (200, 0));
    }
    responder.stop();
}

#[test]
fn nobody_gets_a_file_whose_link_is_not_shown() {
    let tracker = site(&["paths.pages = '../www'", "catalog.keep_uploads = 'database'"]);
    let torrent = Torrent::new("a", 1000, ANNOUNCE_URL);
    fs::write(tracker.path("a.torrent"), &torrent.metainfo).expect("a file");
    let run = |arguments: &[&str]| tracker.run(arguments).done();
    let hash = &*hex(&torrent);
    let added = run(&["torrent", "add", "a.torrent"]);
    assert!(added.contains("is in the database, and tracked from now on"), "{added}");
    let shown = run(&["torrent", "show", hash]);
    assert!(shown.contains("file          in the database, "), "{shown}");
    assert_eq!(download(&tracker, &torrent).status, 200);
    for (there, back, status) in [
        (&["torrent", "hide", hash][..], &["torrent", "unhide", hash][..], 404),
        (&["torrent", "retire", hash], &["torrent", "restore", hash], 410),
        (
            &["torrent", "edit", hash, "--link-until", "2001-01-01"],
            &["torrent", "edit", hash, "--link-until", ""],
            404,
        ),
        (
            &["torrent", "edit", hash, "--list-until", "2001-01-01"],
            &["torrent", "edit", hash, "--list-until", ""],
            404,
        ),
    ] {
        run(there);
        let reply = download(&tracker, &torrent);
        assert_eq!(reply.status, status, "{there:?}: {reply:?}");
        assert!(stored(&tracker, &torrent).is_some(), "{there:?}");
        tracker.refresh();
        run(back);
        assert_eq!(download(&tracker, &torrent).body, torrent.metainfo, "{back:?}");
    }
    run(&["torrent", "remove", hash]);
    assert_eq!(download(&tracker, &torrent).status, 404);
    assert_eq!(stored(&tracker, &torrent), None);
}

#[test]
fn without_pages_the_script_gives_out_what_nobody_else_can() {
    let tracker = site(&[]);
    let in_folder = tracker.add("in-folder", 1000);
    tracker.refresh();
    let torrent = Torrent::new("a", 1000, ANNOUNCE_URL);
    fs::write(tracker.path("a.torrent"), &torrent.metainfo).expect("a file");
    tracker.run(&["torrent", "add", "a.torrent", "--keep-in", "database"]).done();
    assert_eq!(download(&tracker, &torrent).body, torrent.metainfo);
    assert_eq!(download(&tracker, &in_folder).status, 404);
    assert_eq!(tracker.get(&format!("/t/{}", hex(&torrent)), "").send().reply.status, 404);
}

#[test]
fn a_backup_has_the_files_and_an_export_says_where_they_are() {
    let tracker = site(&["catalog.keep_uploads = 'database'"]);
    let torrent = Torrent::new("a", 1000, ANNOUNCE_URL);
    fs::write(tracker.path("a.torrent"), &torrent.metainfo).expect("a file");
    tracker.run(&["torrent", "add", "a.torrent"]).done();
    tracker.run(&["backup", "copy.db"]).done();
    tracker.run(&["torrent", "remove", &hex(&torrent)]).done();
    assert_eq!(stored(&tracker, &torrent), None);
    tracker.run(&["restore", "copy.db"]).done();
    assert_eq!(stored(&tracker, &torrent).as_ref(), Some(&torrent.metainfo));
    tracker.refresh();
    client(1).of(torrent.info_hash).announce(&tracker, "");
    let exported = tracker.run(&["export", "torrents", "--format", "json"]).json();
    assert_eq!(exported[0]["info_hash"], hex(&torrent));
    assert_eq!(exported[0]["in_database"], true);
    assert!(exported[0]["file"].is_null());
}

#[test]
fn a_program_says_where_files_are_kept() {
    let tracker = site(&[]);
    let program = Program::new(&tracker, "otto", Role::Administrator, "read,torrents");
    let send = |torrent: &Torrent, place: &str| {
        let part = |name: &str, more: &str| {
            format!("--bound\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n")
        };
        let body = [
            part("file", "; filename=\"x\"").as_bytes(),
            &torrent.metainfo,
            format!("\r\n{}{place}\r\n--bound--\r\n", part("keep_in", "")).as_bytes(),
        ]
        .concat();
        program.send("POST", "torrents", "multipart/form-data; boundary=bound", &body)
    };
    let [one, two] = ["one", "two"].map(|name| Torrent::new(name, 1000, ANNOUNCE_URL));
    let wrong = send(&one, "elsewhere");
    let field = value(&wrong)["errors"][0]["field"].clone();
    assert_eq!((wrong.status, field.as_str()), (422, Some("keep_in")));
    assert_eq!(send(&one, "database").status, 201);
    assert_eq!(send(&two, "folder").status, 201);
    assert_eq!(stored(&tracker, &one).as_ref(), Some(&one.metainfo));
    assert_eq!((stored(&tracker, &two), names(&tracker)), (None, vec!["two.torrent".to_owned()]));
    assert_eq!(program.delete(&format!("torrents/{}", hex(&one))).status, 204);
    assert_eq!(stored(&tracker, &one), None);
}

#[test]
fn where_the_folder_cannot_be_written_the_database_is_chosen_already() {
    let is_chosen = |tracker: &Installation| {
        let id = catalog(tracker).users().expect("users")[0].id;
        let page = Admin::as_user(tracker, id).page("torrents/add");
        let place = |name: &str| format!("value=\"{name}\" checked");
        (page.contains(&place("folder")), page.contains(&place("database")))
    };
    let tracker = site(&[]);
    administrator(&tracker);
    assert_eq!(is_chosen(&tracker), (true, false));
    // Root can write into every folder that is there.
    fs::remove_dir_all(tracker.path("www/torrents")).expect("a folder");
    assert_eq!(is_chosen(&tracker), (false, true));
    let tracker = site(&["catalog.keep_uploads = 'database'"]);
    administrator(&tracker);
    assert_eq!(is_chosen(&tracker), (false, true));
}

#[test]
fn each_torrent_of_an_archive_has_its_verdict_on_the_command_line() {
    let tracker = site(&[]);
    let [one, two] = ["one", "two"].map(|name| Torrent::new(name, 1000, ANNOUNCE_URL).metainfo);
    let foreign = Torrent::new("x", 1000, "http://elsewhere.example/announce").metainfo;
    let archive = zip(&[
        ("a/one.torrent".to_owned(), one),
        ("README".to_owned(), b"hello".to_vec()),
        ("two.torrent".to_owned(), two),
    ]);
    fs::write(tracker.path("good.zip"), &archive).expect("a file");
    let told = tracker.run(&["torrent", "add", "good.zip", "--json"]).json();
    let all: Vec<_> = told.as_array().expect("a list").iter().collect();
    let words: Vec<_> = all.iter().map(|it| it["verdict"].as_str()).collect();
    assert_eq!(words, [Some("added"), Some("refused"), Some("added")]);
    assert_eq!(all[0]["given"], "good.zip/a/one.torrent");
    assert_eq!((&all[0]["name"], &all[1]["info_hash"]), (&"one".into(), &().into()));
    assert_eq!(names(&tracker), ["one.torrent", "two.torrent"]);
    let again = tracker.run(&["torrent", "add", "good.zip", "--keep-in", "database"]).done();
    assert_eq!(again.matches(": is tracked already").count(), 2, "{again}");

    let archive = zip(&[("x.torrent".to_owned(), foreign), ("y.torrent".to_owned(), vec![b'0'])]);
    fs::write(tracker.path("bad.zip"), &archive).expect("a file");
    let failure = tracker.run(&["torrent", "add", "bad.zip"]).failure();
    assert!(failure.contains("bad.zip/x.torrent: announces to another tracker"), "{failure}");
    assert!(failure.contains("bad.zip/y.torrent: is not a usable torrent"), "{failure}");
    let ran = tracker.run(&["torrent", "add", "bad.zip", "--json"]);
    assert!(ran.status == 1 && ran.output.contains("\"refused\""), "{ran:?}");
    let titled = tracker.run(&["torrent", "add", "good.zip", "--title", "x"]).failure();
    assert!(titled.contains("one title"), "{titled}");
}

#[test]
fn a_disk_that_is_full_leaves_nothing_half_there() {
    let tracker = site(&[]);
    let large = Torrent::new("large", 1000, ANNOUNCE_URL);
    let small = Torrent::new("small", 1000, ANNOUNCE_URL);
    for (name, torrent) in [("large", &large), ("small", &small)] {
        let padded = [&torrent.metainfo[..torrent.metainfo.len() - 1], &padding(name), b"e"];
        fs::write(tracker.path(format!("{name}.torrent")), padded.concat()).expect("a file");
    }
    for place in ["folder", "database"] {
        let add = ["torrent", "add", "large.torrent", "small.torrent", "--keep-in", place];
        let mut limited = on_a_full_disk(&tracker.command(&add), 400 << 10);
        limited.current_dir(tracker.path(""));
        let failure = Ran::from(limited.output().expect("a shell")).failure();
        match place {
            "folder" => {
                assert!(failure.contains("large.torrent: cannot be put into"), "{failure}");
                assert_eq!(names(&tracker), ["small.torrent"], "{failure}");
                tracker.run(&["torrent", "show", &hex(&small)]).done();
            }
            _ => {
                let said = "large.torrent: cannot put a file into the catalogue";
                assert!(failure.contains(said), "{failure}");
                assert!(failure.contains("with space left"), "{failure}");
            }
        }
        assert_eq!(stored(&tracker, &large), None);
        assert!(tracker.run(&["torrent", "show", &hex(&large)]).status != 0, "{place}");
        assert!(!tracker.path("data/catalog.db-journal").exists());
    }
    tracker.run(&["torrent", "add", "large.torrent", "--keep-in", "database"]).done();
    assert!(stored(&tracker, &large).is_some(), "once there is room");
}

/// A key behind all others that makes a large torrent larger than the disk.
fn padding(name: &str) -> Vec<u8> {
    let length = if name == "large" { 600 << 10 } else { 1 };
    format!("1:z{length}:{}", "z".repeat(length)).into_bytes()
}

#[test]
fn whatever_is_sent_is_answered_and_nothing_is_stored_of_it() {
    let tracker = site(&["catalog.max_torrent_bytes = 65536"]);
    let torrent = Torrent::new("a", 1000, ANNOUNCE_URL);
    let head = |name: &str| {
        format!(
            "--bound\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\r\n"
        )
    };
    let part = |name: &str, content: &[u8]| [head(name).as_bytes(), content, b"\r\n"].concat();
    let whole = [part("a", &torrent.metainfo), b"--bound--\r\n".to_vec()].concat();
    let content_type = "multipart/form-data; boundary=bound";
    let mut admin = administrator(&tracker);
    let broken: [(&str, &[u8]); 6] = [
        (content_type, &whole[..whole.len() - 20]),
        (content_type, &whole[..whole.len() / 2]),
        (content_type, b""),
        (content_type, b"--bound\r\n\r\n\r\n--bound--"),
        ("multipart/form-data", &whole),
        ("multipart/form-data; boundary=other", &whole),
    ];
    for (content_type, body) in broken {
        let reply = admin.send("POST", "torrents/add", Some((content_type, body)));
        assert!((400..500).contains(&reply.status), "{body:?}: {reply:?}");
    }
    // The browser goes away in the middle.
    for place in ["folder", "database"] {
        let fields = [("keep_in", place)];
        let cut = admin.upload_cut("torrents/add", &fields, &[("files", "a", &torrent.metainfo)]);
        assert!((400..500).contains(&cut.status), "{cut:?}");
    }
    let name = "x".repeat(30);
    let many: Vec<(&str, &str)> = (0..10_000).map(|_| (&*name, "1")).collect();
    assert!((400..500).contains(&admin.post("torrents/add", &many).status));
    assert!((400..500).contains(&admin.upload("torrents/add", &many, &[]).status));

    let bomb = |number: usize| (format!("{number}.torrent"), vec![b'0'; 12 << 20]);
    let bomb = zip(&(0..8).map(bomb).collect::<Vec<_>>());
    let too_large = [torrent.metainfo.clone(), vec![b'x'; 65536]].concat();
    for place in ["folder", "database"] {
        let files: [(&str, &str, &[u8]); 2] =
            [("files", "b.zip", &bomb), ("files", "large", &too_large)];
        let reply = admin.upload("torrents/add", &[("keep_in", place)], &files);
        let page = reply.text();
        assert!(page.contains("<h1>Added: 0 of 9</h1>"), "{page}");
        assert!(page.contains("It has more than 65536 bytes"), "{page}");
    }
    assert_eq!(names(&tracker), [""; 0]);
    assert!(catalog(&tracker).all_torrents().expect("a catalogue").is_empty());
    assert_eq!(complaints(&admin.log), [""; 0], "{}", admin.log);
}

#[test]
fn no_name_leads_a_file_anywhere_else() {
    let tracker = site(&[]);
    let mut admin = administrator(&tracker);
    let awkward = [
        "../../../conf/tracker.toml",
        "..",
        "/etc/passwd",
        ".htaccess",
        "C:\\x\\y",
        "\u{202e}gpj.php",
        "a\u{0}b",
        "тест 🦀 ﷽",
        "con.torrent.torrent",
        "-rf",
        "%2e%2e%2f",
        "",
    ];
    let before = tracker.text("conf/tracker.toml");
    for (number, name) in awkward.into_iter().enumerate() {
        let place = if number % 2 == 0 { "folder" } else { "database" };
        let torrent = Torrent::new(&format!("{name}{number}"), 1000, ANNOUNCE_URL);
        let shown = name.replace('\0', "");
        let files = [("files", &*shown, &*torrent.metainfo)];
        let reply = admin.upload("torrents/add", &[("keep_in", place)], &files);
        assert!(reply.text().contains("<h1>Added: 1 of 1</h1>"), "{name}: {}", reply.text());
        client(1).of(torrent.info_hash).announce(&tracker, "");
        if place == "database" {
            let reply = download(&tracker, &torrent);
            let named = reply.header("content-disposition").expect("a name");
            let stem = named.strip_prefix("attachment; filename=\"").expect("a file");
            let stem = stem.strip_suffix(".torrent\"").expect("an ending");
            let is_plain = |it: char| it.is_ascii_alphanumeric() || it == '-';
            assert!(stem.chars().all(is_plain), "{named}");
        }
    }
    assert_eq!(tracker.text("conf/tracker.toml"), before);
    for name in names(&tracker) {
        assert!(!name.starts_with(['.', '-']) && name.ends_with(".torrent"), "{name}");
    }
    assert_eq!(names(&tracker).len(), awkward.len() / 2);
}
