//! Peers in shared memory, as owners and clients meet them: what is lost with the file and what is not,
//! what a change of `kind` says, limits, and what root leaves behind.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::harness::bencode::Value;
use crate::harness::cannot_run::cannot_run;
use crate::harness::folder_in_memory;
use crate::harness::http::encode;
use crate::harness::installation::{Answer, Installation, Ran};
use crate::harness::site::{CGI, Layout, Site, server_account};

const INFO_HASH: [u8; 20] = *b"a swarm in memory...";

fn announce_to(tracker: &Installation, info_hash: &[u8], number: u8, more: &str) -> Answer {
    let hash = encode(info_hash);
    let query = format!("info_hash={hash}&peer_id=-XX0001-{number:012}&port=6881&left=1000&{more}");
    tracker.get("/announce", query).from(&format!("192.0.2.{number}")).send()
}

fn announce(tracker: &Installation, number: u8, more: &str) -> Value {
    let answer = announce_to(tracker, &INFO_HASH, number, more);
    assert_eq!(answer.value().get("failure reason"), None, "{answer:?}");
    answer.value()
}

fn scraped(tracker: &Installation, info_hash: [u8; 20]) -> Value {
    let answer = tracker.get("/scrape", format!("info_hash={}", encode(&info_hash))).value();
    let entry = answer.get("files").and_then(|files| files.get(info_hash));
    entry.unwrap_or_else(|| panic!("not scraped: {answer:?}")).clone()
}

/// A peer that downloads all of a torrent, says that it moved 3 bytes, and leaves.
fn download(tracker: &Installation, info_hash: [u8; 20], number: u8) {
    for more in [
        "event=started",
        "left=0&uploaded=1&downloaded=2&event=completed",
        "left=0&uploaded=1&downloaded=2&event=stopped",
    ] {
        let answer = announce_to(tracker, &info_hash, number, more);
        assert_eq!(answer.value().get("failure reason"), None, "{answer:?}");
    }
}

/// As after a reboot: neither the file nor its folder is there.
fn reboot(tracker: &Installation) {
    let folder = tracker.store().parent().expect("a folder").to_owned();
    fs::remove_dir_all(folder).expect("the folder of the store");
}

#[test]
fn totals_outlive_the_file() {
    let tracker = Installation::in_memory(&[]);
    let torrent = tracker.add("a", 1000);
    tracker.refresh();
    let mut downloads = 0;
    for lose in [true, true, false, true] {
        for _ in 0..2 {
            downloads += 1;
            download(&tracker, torrent.info_hash, downloads);
        }
        let all = downloads.to_string();
        assert_eq!(scraped(&tracker, torrent.info_hash).number("downloaded").to_string(), all);
        tracker.refresh();
        assert_eq!(tracker.table().row("a").cell("completed"), all);
        assert_eq!(tracker.table().row("a").cell("transferred"), format!("{} B", 3 * downloads));
        if lose {
            fs::remove_file(tracker.store()).expect("the file of the store");
            assert_eq!(scraped(&tracker, torrent.info_hash).number("downloaded").to_string(), all);
        }
    }
}

#[test]
fn after_a_reboot_the_folder_is_made_anew_for_the_tracker_alone() {
    let tracker = Installation::in_memory(&["tracker.torrents = 'open'"]);
    tracker.refresh();
    announce(&tracker, 1, "");
    assert_eq!(announce(&tracker, 2, "").number("incomplete"), 2);
    reboot(&tracker);
    let answer = announce_to(&tracker, &INFO_HASH, 2, "");
    assert_eq!((answer.value().number("incomplete"), answer.log.as_str()), (1, ""));
    let folder = tracker.store().parent().expect("a folder").to_owned();
    let mode = fs::metadata(&folder).expect("the folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    tracker.refresh();
    let names: Vec<_> = fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert!(names.iter().all(|name| name.starts_with("peers")), "{names:?}");
}

#[test]
fn a_change_of_kind_says_what_the_other_kind_still_holds() {
    let tracker = Installation::new(&["tracker.torrents = 'open'"]);
    tracker.refresh();
    announce(&tracker, 1, "");
    let changed = Installation::in_memory(&[]);
    let memory = format!("store.path = '{}'", changed.store().display());
    tracker.configure(&["tracker.torrents = 'open'", "store.kind = 'shm'", &memory]);
    let first = announce_to(&tracker, &INFO_HASH, 2, "");
    assert_eq!(first.value().number("incomplete"), 1, "the other store's peers are not here");
    let old = tracker.path("data/peers.db").display().to_string();
    for part in ["tracker: info: ", &old, "tracker store migrate --to shm"] {
        assert!(first.log.contains(part), "{part}: {first:?}");
    }
    assert_eq!(first.log.lines().count(), 1, "{first:?}");
    let second = announce_to(&tracker, &INFO_HASH, 3, "");
    assert_eq!((second.value().number("incomplete"), second.log.as_str()), (2, ""), "said once");
    assert!(tracker.path("data/peers.db").exists());
}

#[test]
fn who_changes_the_kind_alone_is_told_about_the_path() {
    let tracker = Installation::new(&["store.kind = 'shm'", "store.path = '../data/peers.db'"]);
    fs::write(tracker.path("data/peers.db"), "peers").expect("a file");
    let failure = tracker.run(&["config", "check"]).failure();
    assert!(failure.contains("leave `path` out"), "{failure}");
    announce_to(&tracker, &INFO_HASH, 1, "").refusal();
    assert_eq!(tracker.text("data/peers.db"), "peers", "nothing was moved aside");
}

#[test]
fn a_full_swarm_lets_those_go_that_were_silent_for_longest() {
    let settings = ["tracker.torrents = 'open'", "store.max_swarm_peers = 2"];
    for tracker in [Installation::in_memory(&settings), Installation::new(&settings)] {
        for number in 1..=3 {
            let counted = announce(&tracker, number, "").number("incomplete");
            assert_eq!(counted, i64::from(number.min(2)), "peer {number}");
        }
    }
}

#[test]
fn an_address_has_so_many_peers_in_a_swarm_and_no_more() {
    let tracker =
        Installation::in_memory(&["tracker.torrents = 'open'", "store.max_address_peers = 2"]);
    let hash = encode(&INFO_HASH);
    let from = |address: &str, number: u8| {
        let port = 6000 + u16::from(number);
        let query = format!("info_hash={hash}&peer_id=-XX0002-{number:012}&port={port}&left=5");
        tracker.get("/announce", query).from(address).value().number("incomplete")
    };
    assert_eq!([1, 2, 3, 4].map(|number| from("192.0.2.1", number)), [1, 2, 2, 2]);
    assert_eq!([5, 6, 7].map(|number| from("2001:db8::1", number)), [3, 4, 4]);
    assert_eq!(from("2001:db8::2", 8), 4, "the same /64");
    assert_eq!(from("2001:db8:0:1::1", 9), 5, "another /64");
}

#[test]
fn a_full_tracker_lets_those_go_that_were_silent_for_longest() {
    let settings = ["tracker.torrents = 'open'", "store.max_peers = 4", "store.max_swarms = 6"];
    for tracker in [Installation::in_memory(&settings), Installation::new(&settings)] {
        let mut log = String::new();
        for number in 1..=9 {
            let hash = [number; 20];
            let answer = announce_to(&tracker, &hash, number, "");
            assert_eq!(answer.value().number("incomplete"), 1, "{answer:?}");
            log.push_str(&answer.log);
        }
        for allows in ["max_peers in [store] allows", "max_swarms in [store] allows"] {
            assert_eq!(log.matches(allows).count(), 1, "once a minute: {log}");
        }
        let info = tracker.run(&["store", "info", "--json"]).json();
        assert_eq!((&info["peers"], &info["swarms"]), (&4.into(), &6.into()), "{info}");
        assert_eq!(tracker.run(&["store", "check"]).done(), "clean\n");
    }
}

#[test]
fn info_says_how_many_peers_there_is_room_for() {
    let tracker = Installation::in_memory(&["store.max_size = 8388608"]);
    tracker.refresh();
    let info = tracker.run(&["store", "info", "--json"]).json();
    assert_eq!(info["kind"], "shm");
    let room = info["room"].as_u64().unwrap_or_else(|| panic!("{info}"));
    assert!((20_000..200_000).contains(&room), "{info}");
    let text = tracker.run(&["store", "info"]).done();
    let expected = format!(
        "; holds about {room} peers at most\n0 announces said that they moved more than they can have\n"
    );
    assert!(text.ends_with(&expected), "{text}");
    let output = tracker.run(&["store", "rebuild"]).done();
    let recreated = format!("recreated: {}; all totals", tracker.store().display());
    assert!(output.starts_with(&recreated), "{output}");
    assert_eq!(tracker.run(&["store", "check"]).done(), "clean\n");
    let sqlite = Installation::open().run(&["store", "info", "--json"]).json();
    assert!(sqlite["room"].is_null(), "{sqlite}");
}

#[test]
fn a_migration_that_was_killed_is_done_again() {
    const KILLS: u32 = 30;
    let tracker = Installation::open();
    for number in 1..=40 {
        announce_to(&tracker, &[number % 8; 20], number, "").value();
    }
    let memory = folder_in_memory();
    let target = memory.path().join("tracker.d/peers").display().to_string();
    let migrate = ["store", "migrate", "--to", "shm", "--path", &target];
    let begun = Instant::now();
    tracker.run(&migrate).done();
    let duration = begun.elapsed();
    for kill in 1..=KILLS {
        let mut command = tracker.command(&migrate);
        let mut started = command.stdout(Stdio::null()).spawn().expect("a migration");
        // Instants spread evenly over a migration and a little beyond.
        std::thread::sleep(duration.mul_f64(f64::from(kill) * 1.2 / f64::from(KILLS)));
        started.kill().expect("it was not waited for");
        started.wait().expect("it ends");
    }
    let output = tracker.run(&migrate).done();
    assert!(output.starts_with("taken over: 8 swarms, 40 peers from "), "{output}");
    // How many the last one that was killed had taken over is chance.
    let again = tracker.run(&migrate).done();
    assert!(again.contains("in place of 40 peers "), "{again}");
    let peers = || {
        let peers = (0..8).map(|swarm: u8| {
            let hash = format!("{swarm:02x}").repeat(20);
            let peers = tracker.run(&["peers", "--json", &hash]).json();
            let mut peers = peers.as_array().expect("a list").clone();
            peers.sort_by_key(|peer| peer["peer_id"].to_string());
            peers
        });
        peers.collect::<Vec<_>>()
    };
    let before = peers();
    let path = format!("store.path = '{target}'");
    tracker.configure(&["tracker.torrents = 'open'", "store.kind = 'shm'", &path]);
    assert_eq!(tracker.run(&["store", "check"]).done(), "clean\n");
    assert_eq!(peers(), before);
}

const DOCTOR: [&str; 2] = ["doctor", "--offline"];

/// What a run of doctor said of a check, and whether it is wrong.
fn verdict(ran: Ran, check: &str) -> String {
    let line = ran.output.lines().find(|line| line.contains(&format!("  {check}: ")));
    line.unwrap_or_else(|| panic!("no {check} in {ran:?}")).to_owned()
}

#[test]
fn doctor_judges_the_room() {
    let tracker = Installation::in_memory(&["store.max_size = 4194304"]);
    let unmade = verdict(tracker.run(&DOCTOR), "room for peers");
    assert!(unmade.starts_with("fine") && unmade.contains("up to 4.00 MiB; "), "{unmade}");
    tracker.refresh();
    let fine = verdict(tracker.run(&DOCTOR), "room for peers");
    assert!(fine.starts_with("fine") && fine.contains("up to 4.00 MiB, about "), "{fine}");
}

#[test]
fn doctor_sees_that_a_file_system_is_smaller_than_the_store_may_be() {
    let tracker = Installation::in_memory(&["store.max_size = 4194304"]);
    let memory = tracker.store().parent().and_then(Path::parent).expect("a folder").to_owned();
    // Of 3 MiB, seen by the processes of this command only.
    let mount = r#"mount -t tmpfs -o size=3M none "$0" && exec "$@""#;
    let in_it = |command: &Command| {
        let mut alone = Command::new("unshare");
        alone.args(["--mount", "sh", "-c", mount]).arg(&memory);
        alone.arg(command.get_program()).args(command.get_args());
        alone.env("TRACKER_CONFIG", tracker.path("conf/tracker.toml"));
        Ran::from(alone.output().expect("unshare runs"))
    };
    let probe = in_it(&Command::new("true"));
    if probe.status != 0 {
        let why = format!("nothing can be mounted here: {}", probe.errors);
        return cannot_run("a file system smaller than the store", why);
    }
    let wrong = verdict(in_it(&tracker.command(&DOCTOR)), "room for peers");
    assert!(wrong.starts_with("WRONG") && wrong.contains("lower max_size"), "{wrong}");
}

#[test]
fn doctor_judges_the_files() {
    let tracker = Installation::in_memory(&[]);
    let unmade = verdict(tracker.run(&DOCTOR), "shared memory");
    assert!(unmade.starts_with("note") && unmade.contains("not there yet"), "{unmade}");
    assert!(!tracker.store().exists(), "doctor makes nothing");
    tracker.refresh();
    let fine = verdict(tracker.run(&DOCTOR), "shared memory");
    assert!(!fine.starts_with("WRONG"), "{fine}");
    let folder = tracker.store().parent().expect("a folder").to_owned();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("a mode");
    let wrong = verdict(tracker.run(&DOCTOR), "shared memory");
    assert!(wrong.starts_with("WRONG") && wrong.contains("chmod 700"), "{wrong}");
}

#[test]
fn doctor_finds_a_store_that_belongs_to_another_than_the_data() {
    let Some((user, group)) = server_account() else {
        return cannot_run("a store of another user than the data", "only root can give it away");
    };
    let tracker = Installation::in_memory(&[]);
    tracker.refresh();
    std::os::unix::fs::chown(tracker.path("data"), Some(user), Some(group)).expect("an owner");
    let wrong = verdict(tracker.run(&DOCTOR), "shared memory");
    assert!(wrong.starts_with("WRONG") && wrong.contains("as root, remove it"), "{wrong}");
}

#[test]
fn what_root_makes_after_a_reboot_is_the_web_servers() {
    let site = Site::new(Layout::open(CGI).in_memory());
    site.tracker(&["refresh", "--force"]);
    let folder = site.store().parent().expect("a folder").to_owned();
    fs::remove_dir_all(&folder).expect("the folder of the store");
    let by_root = |arguments: &[&str]| {
        let mut command = Command::new(site.root().join("cgi-bin/tracker.cgi"));
        assert!(command.args(arguments).status().expect("it runs").success(), "{arguments:?}");
    };
    by_root(&["refresh", "--force"]);
    site.tracker(&["refresh", "--force"]);
    assert_eq!(site.tracker(&["store", "check"]), "clean\n");
    let owner = |path| fs::metadata(path).expect("it is there").uid();
    for entry in fs::read_dir(&folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        assert_eq!(owner(path.clone()), owner(site.data()), "{}", path.display());
    }
    assert_eq!(owner(folder), owner(site.data()));
    // Also what it takes elsewhere.
    let other = site.data().join("memory/peers").display().to_string();
    by_root(&["store", "migrate", "--to", "shm", "--path", &other]);
    assert_eq!(owner(other.into()), owner(site.data()));
    assert_eq!(owner(site.data().join("memory")), owner(site.data()));
    assert_eq!(owner(site.data().join("migrate.lock")), owner(site.data()));
}
