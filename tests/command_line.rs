//! The command line as people and scripts use it: what each command prints, in words and as JSON,
//! and how it ends.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::http::encode;
use crate::harness::installation::{ANNOUNCE_URL, Installation, Ran};
use crate::harness::torrent::Torrent;
use crate::harness::{executable, folder_in_memory, poll};

const PEER_ID: &str = "-TR4060-abcdefghijkl";

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn who_has_no_configuration_hears_that_defaults_count() {
    let tracker = Installation::bare();
    for folder in ["bin", "other"] {
        fs::create_dir(tracker.path(folder)).expect("a folder");
    }
    std::os::unix::fs::symlink(executable(), tracker.path("bin/tracker")).expect("a link");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(tracker.path("bin/tracker"));
        let output = command.env_clear().args(arguments).output().expect("the command runs");
        Ran::from(output)
    };
    let ran = run(&["torrent", "list"]);
    let told = "tracker: info: no configuration file was found, so built-in defaults count; name yours with --config \
                FILE or TRACKER_CONFIG\n";
    assert_eq!((ran.status, &*ran.errors), (0, told), "{ran:?}");
    let own = tracker.path("other/tracker.toml").display().to_string();
    fs::write(&own, "").expect("a configuration");
    assert_eq!(run(&["torrent", "list", "--config", &own]).errors, "");
}

/// A tracker with one torrent of 1000 bytes, which one peer downloads and one seeds.
fn busy() -> (Installation, Torrent) {
    let tracker = Installation::listed();
    let torrent = tracker.add("a torrent", 1000);
    let announce = |peer_id: &str, address: &str, more: &str| {
        let hash = encode(&torrent.info_hash);
        let query = format!("info_hash={hash}&peer_id={peer_id}&port=6881&key=k&{more}");
        let answer = tracker.get("/announce", query).from(address).value();
        assert_eq!(answer.get("failure reason"), None, "{answer:?}");
    };
    announce(PEER_ID, "192.0.2.7", "left=400&uploaded=10&downloaded=600");
    announce(PEER_ID, "2001:db8::7", "left=400&uploaded=10&downloaded=600");
    announce("-qB5000-abcdefghijkl", "192.0.2.8", "left=0&uploaded=9000");
    tracker.refresh();
    (tracker, torrent)
}

/// The keys of an object, in order.
fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    let mut keys: Vec<_> = object.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn seconds_ago(value: &Value) -> u64 {
    let then = Duration::from_secs(value.as_u64().expect("seconds since 1970"));
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a clock after 1970");
    now.checked_sub(then).expect("a time that has been").as_secs()
}

#[test]
fn the_version_and_help_of_each_command_are_printed() {
    let tracker = Installation::listed();
    let version = tracker.run(&["--version"]).done();
    assert_eq!(version, format!("tracker {}\n", env!("CARGO_PKG_VERSION")));
    let help = tracker.run(&["--help"]).done();
    for command in [
        "init",
        "refresh",
        "force-refresh",
        "fastcgi",
        "torrent",
        "explain",
        "peers",
        "stats",
        "store",
        "doctor",
        "config",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{command}: {help}");
        let help = tracker.run(&[command, "--help"]).done();
        assert!(help.contains(&format!("Usage: tracker {command}")), "{help}");
    }
}

#[test]
fn wrong_usage_is_status_2_and_changes_nothing() {
    let tracker = Installation::listed();
    let wrong: [&[&str]; 13] = [
        &[],
        &["frobnicate"],
        &["refresh", "--now"],
        &["refresh", "extra"],
        &["torrent"],
        &["torrent", "verify"],
        &["torrent", "show"],
        &["peers"],
        &["store"],
        &["store", "migrate"],
        &["store", "migrate", "--to", "mysql"],
        &["config", "mend"],
        &["fastcgi"],
    ];
    for arguments in wrong {
        let ran = tracker.run(arguments);
        assert_eq!((ran.status, ran.output.as_str()), (2, ""), "{arguments:?}: {ran:?}");
        assert!(!ran.errors.is_empty(), "{arguments:?}");
    }
    assert_eq!(fs::read_dir(tracker.path("data")).expect("the data folder").count(), 0);
}

#[test]
fn peers_are_listed_for_programs() {
    let (tracker, torrent) = busy();
    let hash = hexadecimal(&torrent.info_hash);
    let peers = tracker.run(&["peers", "--json", &hash]).json();
    let mut peers = peers.as_array().expect("a list").clone();
    peers.sort_by_key(|peer| peer["left"].as_u64());
    assert_eq!(peers.len(), 2, "{peers:?}");
    for key in
        ["addresses", "client", "downloaded", "last_seen", "left", "peer_id", "seeder", "uploaded"]
    {
        assert!(keys(&peers[0]).contains(&key), "{key}: {peers:?}");
    }
    let leecher = &peers[1];
    assert_eq!(leecher["peer_id"], hexadecimal(PEER_ID.as_bytes()));
    assert_eq!(leecher["client"], "Transmission 4.0.6");
    assert_eq!(leecher["addresses"], json!(["192.0.2.7:6881", "[2001:db8::7]:6881"]));
    let figures = ["left", "uploaded", "downloaded"].map(|key| leecher[key].as_u64());
    assert_eq!(figures, [Some(400), Some(10), Some(600)]);
    assert_eq!((&leecher["seeder"], &peers[0]["seeder"]), (&json!(false), &json!(true)));
    assert!(seconds_ago(&leecher["last_seen"]) < 60, "{leecher}");
    // As people copy it from elsewhere.
    let upper = tracker.run(&["peers", &hash.to_uppercase(), "--json"]).json();
    assert_eq!(upper.as_array().map(Vec::len), Some(2));
    let unknown = tracker.run(&["peers", &"0".repeat(40), "--json"]).json();
    assert_eq!(unknown, json!([]));
    for name in ["a torrent", "a torrent.torrent"] {
        assert_eq!(tracker.run(&["peers", name, "--json"]).json(), upper, "{name}");
    }
    let failure = tracker.run(&["peers", "nothing"]).failure();
    assert!(failure.contains("`nothing`") && failure.contains("torrent list"), "{failure}");
}

#[test]
fn peers_are_listed_for_people() {
    let (tracker, torrent) = busy();
    let output = tracker.run(&["peers", &hexadecimal(&torrent.info_hash)]).done();
    let line = output.lines().find(|line| line.contains("Transmission 4.0.6"));
    let line = line.unwrap_or_else(|| panic!("{output}"));
    assert!(line.contains("leecher") && line.contains("left 400 B"), "{output}");
    assert!(line.contains("seen less than a minute ago"), "{output}");
    assert!(line.contains("192.0.2.7:6881 [2001:db8::7]:6881"), "{output}");
    assert!(output.ends_with("\n2 peers\n"), "{output}");
}

#[test]
fn stats_say_what_is_going_on() {
    let (tracker, torrent) = busy();
    let stats = tracker.run(&["stats", "--json"]).json();
    let totals = json!({ "swarms": 1, "seeders": 1, "leechers": 1, "unreachable": null, "partial_seeds": 0 });
    assert_eq!(stats["totals"], totals);
    let row = &stats["torrents"][0];
    assert_eq!(row["info_hash"], hexadecimal(&torrent.info_hash));
    assert_eq!((&row["name"], &row["completed"]), (&json!("a torrent"), &json!(0)));
    assert_eq!((&row["uploaded"], &row["left"]), (&json!(9010), &json!(400)));
    let output = tracker.run(&["stats"]).done();
    assert!(output.lines().any(|line| line.ends_with("  a torrent")), "{output}");
    assert!(output.ends_with("1 swarm, 1 seeder, 1 leecher, 0 partial seeds\n"), "{output}");
}

#[test]
fn torrents_are_listed_and_shown() {
    let (tracker, torrent) = busy();
    let secret = Torrent::new("hush", 5, ANNOUNCE_URL);
    tracker.drop_in("hush.secret.torrent", &secret.metainfo);
    tracker.refresh();
    let hash = hexadecimal(&torrent.info_hash);
    let list = tracker.run(&["torrent", "list", "--json"]).json();
    assert_eq!(list.as_array().map(Vec::len), Some(2), "the owner sees hidden ones: {list}");
    let listed = &list[0];
    assert_eq!(listed["info_hash"], hash);
    assert_eq!(listed["info_hash_v1"], hash);
    assert_eq!(listed["info_hash_v2"], Value::Null);
    assert_eq!((&listed["name"], &listed["size"]), (&json!("a torrent"), &json!(1000)));
    assert_eq!((&listed["file"], &listed["hidden"]), (&json!("a torrent.torrent"), &json!(false)));
    assert_eq!(list[1]["hidden"], true);
    let output = tracker.run(&["torrent", "list"]).done();
    let row = format!("\n{hash}        1000 B        1        1  a torrent\n");
    assert!(output.contains(&row) && output.ends_with("\n2 torrents (1 hidden)\n"), "{output}");
    assert_eq!((&listed["seeders"], &listed["leechers"]), (&json!(1), &json!(1)));
    let output_of_refresh = tracker.run(&["refresh", "--force"]).done();
    assert!(output_of_refresh.starts_with("refreshed: 1 torrent (and 1 hidden), 1 seeder"));
    assert!(output.contains("hush  (hidden)"), "{output}");

    for name in [hash.as_str(), "a torrent", "a torrent.torrent"] {
        assert_eq!(&tracker.run(&["torrent", "show", name, "--json"]).json(), listed, "{name}");
        let output = tracker.run(&["torrent", "show", name]).done();
        assert!(output.contains(&hash) && output.contains("1000 B"), "{output}");
    }
    let failure = tracker.run(&["torrent", "show", "nothing"]).failure();
    assert!(failure.contains("`nothing`") && failure.contains("torrent list"), "{failure}");
}

#[test]
fn torrents_are_looked_for_sorted_and_listed_a_page_at_a_time() {
    let (tracker, _) = busy();
    for (file, length) in [("part 10.torrent", 10), ("part 9.torrent", 90)] {
        let torrent = Torrent::new(file.trim_end_matches(".torrent"), length, ANNOUNCE_URL);
        tracker.drop_in(format!("linux/iso/{file}"), &torrent.metainfo);
    }
    tracker.drop_in("linux/iso/part 9.toml", b"title = 'Other'\nhidden = true");
    tracker.refresh();
    tracker.drop_in("linux/iso/part 9.toml", b"hidden = 1");
    tracker.refresh();
    let list = |words: &[&str]| {
        let listed = tracker.run(&[&["torrent", "list", "--json"], words].concat()).json();
        let names = listed.as_array().expect("a list").iter();
        names.map(|it| it["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(&[]), ["a torrent", "part 9", "part 10"]);
    assert_eq!(list(&["PART"]), ["part 9", "part 10"]);
    assert_eq!(list(&["other"]), ["part 9"]);
    assert_eq!(list(&["--category", "linux"]), ["part 9", "part 10"]);
    assert_eq!(list(&["--state", "hidden", "--state", "faulty"]), ["part 9"]);
    assert_eq!(list(&["--sort", "size"]), ["a torrent", "part 9", "part 10"]);
    assert_eq!(list(&["--sort", "leechers", "--reverse"]), ["part 10", "part 9", "a torrent"]);
    assert_eq!(list(&["--sort", "name", "--rows", "1", "--page", "2"]), ["part 9"]);
    assert!(list(&["--rows", "2", "--page", "3"]).is_empty());
    let output = tracker.run(&["torrent", "list", "--rows", "2"]).done();
    assert!(output.ends_with("\n3 torrents (1 hidden) on 2 pages\n"), "{output}");
    assert!(output.contains("Other  (hidden)  (a file beside it is not used)\n"), "{output}");
    for (words, said) in [
        (&["--state", "odd"][..], "possible values: listed, hidden"),
        (&["--sort", "odd"], "possible values: file, name"),
        (&["--page", "2"], "--rows"),
        (&["--rows", "0"], "zero"),
    ] {
        let ran = tracker.run(&[&["torrent", "list"], words].concat());
        assert!(ran.status == 2 && ran.errors.contains(said), "{ran:?}");
    }
}

#[test]
fn a_torrent_whose_file_is_gone_is_listed_with_all() {
    let (tracker, _) = busy();
    fs::remove_file(tracker.path("www/torrents/a torrent.torrent")).expect("it was there");
    tracker.refresh();
    assert_eq!(tracker.run(&["torrent", "list", "--json"]).json(), json!([]));
    let all = tracker.run(&["torrent", "list", "--all", "--json"]).json();
    assert!(seconds_ago(&all[0]["missing_since"]) < 60, "{all}");
    let output = tracker.run(&["torrent", "list", "--all"]).done();
    assert!(output.contains("its file is gone") && output.ends_with("\n1 torrent (1 gone)\n"));
}

#[test]
fn verify_judges_each_file() {
    let tracker = Installation::listed();
    let good = tracker.add("good", 1000);
    tracker.drop_in("bad.torrent", b"d4:infoe");
    let file = |name: &str| tracker.path("www/torrents").join(name).display().to_string();
    let (good_file, bad_file, none) = (file("good.torrent"), file("bad.torrent"), file("none"));

    let output = tracker.run(&["torrent", "verify", &good_file]).done();
    assert!(output.contains(&hexadecimal(&good.info_hash)), "{output}");
    let verdict = tracker.run(&["torrent", "verify", "--json", &good_file]).json();
    let expected = json!([{
        "file": good_file,
        "ok": true,
        "info_hash_v1": hexadecimal(&good.info_hash),
        "info_hash_v2": null,
        "name": "good",
        "size": 1000,
        "problem": null,
    }]);
    assert_eq!(verdict, expected);

    let foreign = Torrent::new("foreign", 1000, "http://elsewhere.test/announce");
    tracker.drop_in("foreign.torrent", &foreign.metainfo);
    let output = tracker.run(&["torrent", "verify", &file("foreign.torrent")]).done();
    let warning = "warning: it announces to another tracker (http://elsewhere.test/announce);";
    assert!(output.contains(warning), "{output}");
    let verdict = tracker.run(&["torrent", "verify", "--json", &file("foreign.torrent")]).json();
    assert_eq!(verdict[0]["ok"], true, "{verdict}");
    assert!(verdict[0]["problem"].as_str().is_some_and(|it| it.contains("elsewhere")), "{verdict}");

    let ran = tracker.run(&["torrent", "verify", "--json", &good_file, &bad_file, &none]);
    let verdicts: Value = serde_json::from_str(&ran.output).expect("JSON, also when some are bad");
    for (index, file) in [(1, &bad_file), (2, &none)] {
        let verdict = &verdicts[index];
        assert_eq!((&verdict["file"], &verdict["ok"]), (&json!(file), &json!(false)));
        assert_eq!(keys(verdict), keys(&expected[0]));
        assert!(verdict["problem"].as_str().is_some_and(|it| it.len() > 10), "{verdict}");
        assert_eq!((&verdict["name"], &verdict["info_hash_v1"]), (&Value::Null, &Value::Null));
    }
    assert_eq!(ran.failure(), "tracker: 2 of 3 files cannot be used");
}

#[test]
fn the_store_is_described_checked_and_made_anew() {
    let (tracker, torrent) = busy();
    let info = tracker.run(&["store", "info", "--json"]).json();
    assert_eq!((&info["kind"], &info["swarms"]), (&json!("sqlite"), &json!(1)));
    assert_eq!((&info["peers"], &info["path"]), (&json!(2), &json!(tracker.path("data/peers.db"))));
    assert!(info["bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{info}");
    let output = tracker.run(&["store", "info"]).done();
    assert!(output.contains("2 peers"), "{output}");
    assert_eq!(tracker.run(&["store", "check"]).done(), "clean\n");

    let ran = tracker.run(&["store", "rebuild"]);
    assert!(ran.status == 0 && ran.output.starts_with("recreated: "), "{ran:?}");
    assert_eq!(tracker.run(&["store", "info", "--json"]).json()["peers"], 0);
    let hash = hexadecimal(&torrent.info_hash);
    assert_eq!(tracker.run(&["peers", &hash, "--json"]).json(), json!([]));
    assert_eq!(tracker.run(&["store", "check"]).done(), "clean\n");
}

/// The lines that a migration says are to be put into the configuration, as settings.
fn settings_in(output: &str) -> [String; 2] {
    ["kind", "path"].map(|key| {
        let line = output.lines().find(|line| line.starts_with(&format!("{key} = ")));
        format!("store.{}", line.unwrap_or_else(|| panic!("no {key} in {output}")))
    })
}

#[test]
fn peers_and_totals_move_to_another_store_and_back() {
    let (tracker, torrent) = busy();
    let memory = folder_in_memory();
    let hash = hexadecimal(&torrent.info_hash);
    let peers = || {
        let mut peers = tracker.run(&["peers", &hash, "--json"]).json();
        peers.as_array_mut().expect("a list").sort_by_key(|peer| peer["peer_id"].to_string());
        peers
    };
    let completed = || {
        tracker.refresh();
        tracker.table().row("a torrent").cell("completed").to_owned()
    };
    let complete = |number: u8| {
        let hash = encode(&torrent.info_hash);
        let query = format!("info_hash={hash}&peer_id=-XX0001-{number:012}&port=6881&left=");
        for left in ["9&event=started", "0&event=completed", "0&event=stopped"] {
            let answer = tracker.get("/announce", format!("{query}{left}")).value();
            assert_eq!(answer.get("failure reason"), None, "{answer:?}");
        }
    };
    let before = peers();
    complete(1);
    assert_eq!(completed(), "1");
    complete(2);
    let file = memory.path().join("tracker.d/peers").display().to_string();
    for (number, to, path) in [(3, "shm", file.as_str()), (4, "sqlite", "data/back.db")] {
        let output = tracker.run(&["store", "migrate", "--to", to, "--path", path]).done();
        assert!(output.starts_with("taken over: 1 swarm, 2 peers from "), "{output}");
        assert!(output.contains(&tracker.path("conf/tracker.toml").display().to_string()));
        let [kind, path] = settings_in(&output);
        tracker.configure(&[&kind, &path]);
        assert_eq!(tracker.run(&["store", "info", "--json"]).json()["kind"], to);
        assert_eq!(peers(), before);
        complete(number);
        assert_eq!(completed(), number.to_string(), "counted on, and nothing twice");
    }
}

#[test]
fn a_store_with_peers_is_not_made_anew_unless_that_is_wanted() {
    let (tracker, _) = busy();
    let (other, _) = busy();
    let target = other.path("data/peers.db").display().to_string();
    let migrate = ["store", "migrate", "--to", "sqlite", "--path", &target];
    let failure = tracker.run(&migrate).failure();
    assert!(failure.contains("holds 2 peers") && failure.contains(&target), "{failure}");
    assert_eq!(other.run(&["store", "info", "--json"]).json()["peers"], 2);
    let forced = tracker.run(&[&migrate[..], &["--force"]].concat());
    assert_eq!(forced.status, 0, "{forced:?}");
    assert!(forced.output.contains("in place of 2 peers that were there"), "{forced:?}");
    // Its own earlier work is no obstacle: what was killed half-way is done again.
    let again = tracker.run(&migrate);
    assert_eq!(again.status, 0, "{again:?}");
}

#[test]
fn a_store_is_not_migrated_where_it_cannot_be() {
    let (tracker, _) = busy();
    let source = tracker.path("data/peers.db").display().to_string();
    let catalog = tracker.path("data/catalog.db");
    let before = fs::read(&catalog).expect("the catalogue");
    for (kind, path, part) in [
        ("sqlite", source.as_str(), "in use itself"),
        ("sqlite", "data/catalog.db", "`catalog` in [paths]"),
        ("shm", "data/peers.db", "usual file of the other kind"),
        ("shm", "www/torrents/peers", "everybody may download"),
    ] {
        let arguments = ["store", "migrate", "--force", "--to", kind, "--path", path];
        let failure = tracker.run(&arguments).failure();
        assert!(failure.contains(part), "{path}: {failure}");
    }
    assert_eq!(fs::read(&catalog).expect("the catalogue"), before);
    assert_eq!(tracker.run(&["store", "info", "--json"]).json()["peers"], 2);
}

#[test]
fn the_configuration_is_checked_shown_and_documented() {
    let tracker = Installation::new(&["tracker.numwant = 7"]);
    let file = tracker.path("conf/tracker.toml").display().to_string();
    let fine = format!("{file}: fine (named by TRACKER_CONFIG)\n");
    assert_eq!(tracker.run(&["config", "check"]).done(), fine);
    let shown = tracker.run(&["config", "show", "--json"]).json();
    assert_eq!(shown["file"], file);
    assert_eq!(shown["config"]["tracker"]["numwant"], 7);
    assert_eq!(shown["config"]["tracker"]["announce_url"], ANNOUNCE_URL);
    let catalog = tracker.path("data/catalog.db").display().to_string();
    assert_eq!(shown["config"]["paths"]["catalog"], catalog);
    // What is shown is a configuration that means the same.
    let toml = tracker.run(&["config", "show"]).done();
    fs::write(tracker.path("copy.toml"), toml).expect("a file");
    let again = tracker.run(&["--config", "copy.toml", "config", "show", "--json"]).json();
    assert_eq!(again["config"], shown["config"]);
    // So is the sample, which documents the defaults.
    let sample = tracker.run(&["config", "default"]).done();
    fs::write(tracker.path("sample.toml"), &sample).expect("a file");
    let output = tracker.run(&["--config", "sample.toml", "config", "check"]).done();
    assert!(output.ends_with("sample.toml: fine (named by --config)\n"), "{output}");
    assert!(sample.lines().filter(|line| line.starts_with('#')).count() > 10, "{sample}");
}

#[test]
fn the_configuration_is_named_by_option_before_variable() {
    let tracker = Installation::listed();
    fs::write(tracker.path("other.toml"), "tracker.numwant = 9").expect("a file");
    for arguments in [
        ["--config", "other.toml", "config", "show", "--json"],
        ["config", "show", "--json", "--config", "other.toml"],
    ] {
        let shown = tracker.run(&arguments).json();
        assert_eq!(shown["config"]["tracker"]["numwant"], 9, "{arguments:?}");
    }
}

#[test]
fn init_lays_out_a_site_that_works_and_a_second_one_changes_nothing() {
    let home = Installation::bare();
    let init = |arguments: &[&str]| {
        let mut command = Command::new(executable());
        command.env_clear().current_dir(home.path("")).args(["init", "site"]).args(arguments);
        Ran::from(command.output().expect("it runs")).done()
    };
    init(&["--announce-url", ANNOUNCE_URL]);
    let site = |arguments: &[&str]| {
        let mut command = Command::new(home.path("site/cgi-bin/tracker.cgi"));
        Ran::from(command.env_clear().args(arguments).output().expect("it runs"))
    };
    let torrent = Torrent::new("a", 1000, ANNOUNCE_URL);
    home.drop_in("../../site/www/torrents/a.torrent", &torrent.metainfo);
    let output = site(&["refresh"]).done();
    assert!(output.starts_with("refreshed: 1 torrent,"), "{output}");
    let doctor = site(&["doctor", "--offline"]);
    assert_eq!(doctor.status, 0, "{doctor:?}");
    let config = fs::read(home.path("site/conf/tracker.toml")).expect("a configuration");
    let output = init(&["--announce-url", "http://other.test/announce"]);
    assert!(!output.contains("made  "), "{output}");
    assert_eq!(fs::read(home.path("site/conf/tracker.toml")).expect("still there"), config);
}

#[test]
fn doctor_finds_what_is_wrong_and_says_what_to_do() {
    let (tracker, _) = busy();
    fs::set_permissions(tracker.path("data"), std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .expect("a mode");
    let findings = tracker.run(&["doctor", "--offline", "--json"]).json();
    let findings = findings.as_array().expect("a list");
    assert!(findings.len() >= 6, "{findings:?}");
    for finding in findings {
        assert_eq!(keys(finding), ["about", "check", "remedy", "state", "text"]);
        assert_ne!(finding["state"], "WRONG", "{finding}");
    }
    fs::write(tracker.path("data/catalog.db"), "garbage").expect("a file");
    fs::remove_file(tracker.path("www/torrents/bt_stats.inc")).expect("a fragment");
    let ran = tracker.run(&["doctor", "--offline"]);
    let wrong: Vec<_> = ran.output.lines().filter(|line| line.starts_with("WRONG")).collect();
    assert_eq!(wrong.len(), 2, "{ran:?}");
    assert!(ran.output.contains("put a backup in its place"), "{ran:?}");
    assert_eq!(ran.failure(), "tracker: 2 checks failed; what to do stands beside each");
}

#[test]
fn a_responder_listens_where_it_is_told_and_ends_when_asked() {
    let tracker = Installation::open();
    let socket = tracker.path("tracker.sock");
    let listen = format!("unix:{}", socket.display());
    let mut command = tracker.command(&["fastcgi", "--listen", &listen, "--workers", "1"]);
    let mut responder = command.stderr(Stdio::piped()).spawn().expect("it starts");
    let listening = || UnixStream::connect(&socket).ok();
    poll(Duration::from_secs(10), listening).expect("it listens");
    let id = i32::try_from(responder.id()).expect("a process id");
    // SAFETY: kill touches no memory; the child was not waited for, so its id is still its own.
    unsafe { libc::kill(id, libc::SIGTERM) };
    let ended = poll(Duration::from_secs(6), || responder.try_wait().expect("its state"));
    if ended.is_none() {
        responder.kill().expect("it can be killed");
    }
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");

    let failure = tracker.run(&["fastcgi", "--listen", "unix:/nowhere/x.sock"]).failure();
    assert!(failure.contains("/nowhere/x.sock"), "{failure}");
}

#[test]
fn an_output_that_nobody_reads_is_no_failure_and_a_full_one_is() {
    let tracker = Installation::listed();
    let mut command = tracker.command(&["config", "default"]);
    let full = fs::File::options().write(true).open(Path::new("/dev/full")).expect("/dev/full");
    let ran = Ran::from(command.stdout(full).output().expect("it runs"));
    assert!(ran.failure().contains("cannot write the output"));
}
