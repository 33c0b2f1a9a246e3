//! What is seen without a web server.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{Diagnosis, change, configure};
use crate::harness::cannot_run::cannot_run;
use crate::harness::http::encode;
use crate::harness::poll;
use crate::harness::site::{CGI, Layout, Site, as_the_server, server_account};
use crate::harness::torrent::Torrent;

/// A site that was refreshed and is well.
fn site() -> Site {
    let site = Site::new(Layout::listed(CGI, [127, 0, 0, 1].into()));
    site.add(&Torrent::new("well", 1000, &site.announce_url()));
    site.tracker(&["refresh", "--force"]);
    change(&site.www().join("rss.xml"), "http://127.0.0.1:8080", &site.url(""));
    site
}

/// All files below a folder, with size and time of the last change.
fn files(folder: &Path) -> Vec<String> {
    let listed = Command::new("find").arg(folder).args(["-printf", "%p %s %T@ %m\n"]).output();
    let listed = String::from_utf8(listed.expect("find runs").stdout).expect("names in UTF-8");
    let mut files: Vec<String> = listed.lines().map(str::to_owned).collect();
    files.sort();
    files
}

#[test]
fn a_fresh_site_is_not_damaged_and_doctor_only_reads() {
    let home = tempfile::tempdir().expect("a folder");
    let tracker = |arguments: &[&str]| {
        let mut command = Command::new(crate::harness::executable());
        command.env_clear().current_dir(home.path()).args(arguments);
        command.output().expect("it runs")
    };
    let url = "http://tracker.test/announce";
    assert!(tracker(&["init", "site", "--announce-url", url]).status.success());
    let before = files(home.path());
    let executable = home.path().join("site/cgi-bin/tracker.cgi");
    let mut doctor = Command::new(executable);
    doctor.env_clear().args(["doctor", "--offline", "--json"]);
    let found = Diagnosis::from(doctor.output().expect("doctor runs"));
    found.assert_nothing_wrong();
    for check in ["catalogue", "peer store", "policy"] {
        found.assert(check, "note", &["not there yet"]);
    }
    assert_eq!(files(home.path()), before);
}

#[test]
fn a_site_in_use_is_only_read_too() {
    let site = site();
    let before = files(&site.root());
    Diagnosis::offline(&site).assert_nothing_wrong();
    assert_eq!(files(&site.root()), before);
}

#[test]
fn each_kind_of_error_in_the_configuration_is_named() {
    let site = site();
    let file = site.root().join("conf/tracker.toml");
    for (text, parts) in [
        ("[tracker", &["line 1", "not TOML"][..]),
        ("# caf\u{e9}", &["UTF-8"]),
        ("[traker]\ninterval = 5", &["line 1", "unknown section [traker]"]),
        ("[tracker]\nintervall = 5", &["line 2", "did you mean `interval`"]),
        ("interval = 5", &["line 1", "stands outside a section"]),
        ("tracker = 5", &["line 1", "is a section and has no value"]),
        ("[tracker]\ninterval = \"x\"", &["line 2", "wrong value for `interval`"]),
        ("[tracker]\n\ninterval = 0", &["line 3", "impossible value", "choose one from 1"]),
    ] {
        let bytes: Vec<u8> = match text.is_ascii() {
            true => text.into(),
            false => text.chars().map(|letter| letter as u8).collect(),
        };
        fs::write(&file, bytes).expect("a configuration");
        Diagnosis::of(&site).assert_only_wrong("configuration", parts);
    }
    let mut command = Command::new(site.root().join("cgi-bin/tracker.cgi"));
    command.args(["doctor", "--json"]).env("TRACKER_CONFIG", site.root().join("missing.toml"));
    let output = as_the_server(&mut command).output().expect("doctor runs");
    Diagnosis::from(output)
        .assert_only_wrong("configuration", &["TRACKER_CONFIG", "correct the name"]);
}

#[test]
fn which_configuration_is_in_force_is_said_with_the_reason() {
    let site = site();
    let root = site.root().display().to_string();
    let reason = format!("{root}/conf/tracker.toml (in ../conf, seen from the executable)");
    Diagnosis::offline(&site).assert("configuration", "fine", &[&reason]);
    let beside = site.root().join("cgi-bin/tracker.toml");
    fs::copy(site.root().join("conf/tracker.toml"), &beside).expect("a copy");
    let reason = format!("{root}/conf/tracker.toml is there too, and without effect");
    Diagnosis::offline(&site).assert("configuration", "fine", &[&reason]);
    let named = beside.display().to_string();
    let found = Diagnosis::with(&site, &["--offline", "--config", &named]);
    found.assert("configuration", "fine", &["named by --config"]);
}

#[test]
fn a_torrents_folder_that_is_missing_or_cannot_be_written_is_named() {
    let site = site();
    let torrents = site.torrents();
    let kept = site.www().join("kept");
    fs::rename(&torrents, &kept).expect("the folder goes");
    let found = Diagnosis::offline(&site);
    found.assert_only_wrong(
        "torrents folder",
        &["No such file", "mkdir -p", "`torrents` in [paths]"],
    );
    fs::rename(&kept, &torrents).expect("the folder comes back");
    Diagnosis::offline(&site).assert_nothing_wrong();
    if server_account().is_some() {
        chown(&torrents, Some(0), Some(0)).expect("an owner");
    } else {
        fs::set_permissions(&torrents, Permissions::from_mode(0o555)).expect("a mode");
    }
    let found = Diagnosis::offline(&site);
    found.assert_only_wrong("torrents folder", &["cannot be written by", "as root, chown"]);
    fs::set_permissions(&torrents, Permissions::from_mode(0o755)).expect("a mode");
}

#[test]
fn a_data_folder_that_is_open_or_of_somebody_else_is_named() {
    let site = site();
    fs::set_permissions(site.data(), Permissions::from_mode(0o755)).expect("a mode");
    Diagnosis::offline(&site).assert_only_wrong("data folder", &["open to everybody", "chmod 700"]);
    fs::set_permissions(site.data(), Permissions::from_mode(0o500)).expect("a mode");
    Diagnosis::offline(&site)
        .assert_only_wrong("data folder", &["cannot be written by", "as root, chown"]);
    fs::set_permissions(site.data(), Permissions::from_mode(0o700)).expect("a mode");
}

#[test]
fn a_policy_that_is_missing_old_or_damaged_is_named() {
    let site = site();
    let policy = site.data().join("policy.snapshot");
    let right = fs::read(&policy).expect("the policy");
    let mut damaged = right.clone();
    *damaged.last_mut().expect("a byte") ^= 1;
    let mut old = right.clone();
    old[8] = 99;
    for wrong in [&damaged, &right[..right.len() - 1], b"x", b""] {
        fs::write(&policy, wrong).expect("a policy");
        let parts = ["is damaged", "`tracker refresh --force` recreates it"];
        Diagnosis::offline(&site).assert_only_wrong("policy", &parts);
    }
    fs::write(&policy, &old).expect("a policy");
    let parts = ["has version 99", "`tracker refresh --force` recreates it"];
    Diagnosis::offline(&site).assert_only_wrong("policy", &parts);
    fs::remove_file(&policy).expect("the policy");
    let found = Diagnosis::offline(&site);
    found.assert_nothing_wrong().assert("policy", "note", &["`tracker refresh --force`"]);
}

#[test]
fn refreshes_that_are_late_are_named() {
    let site = site();
    configure(&site, "[tracker]", "[tracker]\ninterval = 1\nmin_interval = 1");
    let late = || {
        let found = Diagnosis::offline(&site);
        (found.get("last refresh").state != "fine").then_some(found)
    };
    let found = poll(Duration::from_secs(20), late).expect("time passes");
    let parts =
        ["less than a minute ago", "no cron job", "/etc/cron.d/tracker", "on_request = true"];
    found.assert_only_wrong("last refresh", &parts);
    configure(&site, "on_request = false", "on_request = true");
    let found = Diagnosis::offline(&site);
    found.assert_nothing_wrong().assert("last refresh", "note", &["/etc/cron.d/tracker"]);
}

#[test]
fn a_store_of_another_kind_is_named_and_left_alone() {
    let site = site();
    let other = site.data().join("kept.db");
    fs::rename(site.store(), &other).expect("the store");
    let before = fs::read(&other).expect("the store");
    let shm = format!("[store]\nkind = \"shm\"\npath = {other:?}\n\n[paths]");
    configure(&site, "[paths]", &shm);
    Diagnosis::offline(&site)
        .assert_only_wrong("peer store", &["is a SQLite file", "set kind = \"sqlite\""]);
    configure(&site, "kind = \"shm\"", "kind = \"sqlite\"");
    Diagnosis::offline(&site).assert_nothing_wrong();
    fs::write(&other, "something of somebody").expect("a file");
    let found = Diagnosis::offline(&site);
    found.assert_nothing_wrong().assert(
        "peer store",
        "note",
        &["cannot be used", "starts a new one"],
    );
    assert_eq!(fs::read(&other).expect("the file"), b"something of somebody");
    fs::write(&other, before).expect("the store");
}

#[test]
fn stores_that_were_set_aside_are_counted() {
    let site = site();
    for name in ["peers.db.broken-17", "peers.db.broken-17-journal", "peers.db.broken-18"] {
        fs::write(site.data().join(name), [0; 1024]).expect("a file");
    }
    Diagnosis::offline(&site).assert_nothing_wrong().assert(
        "old peer stores",
        "note",
        &["2 peer stores", "3.0 KiB", "peers.db.broken-18"],
    );
}

#[test]
fn two_thousand_torrents_of_another_tracker_are_one_line_with_a_count() {
    let site = site();
    for number in 0..2000 {
        let name = format!("foreign {number}");
        site.add(&Torrent::new(&name, 1, "http://elsewhere.example/announce"));
    }
    let parts = ["1 torrent tracked", "2000 torrents name another", "and 1997 more"];
    let found = Diagnosis::offline(&site);
    found.assert_nothing_wrong().assert("torrents", "note", &parts);
    fs::remove_file(site.torrents().join("well.torrent")).expect("a torrent");
    let parts = ["no torrent is tracked", "elsewhere.example/announce", "also_announce_urls"];
    Diagnosis::offline(&site).assert_only_wrong("torrents", &parts);
}

/// As transmission-create makes it, after `sudo cp`.
#[test]
fn a_torrent_that_the_tracker_may_not_read_is_wrong() {
    let site = site();
    site.add(&Torrent::new("private", 1000, &site.announce_url()));
    let file = site.torrents().join("private.torrent");
    if server_account().is_some() {
        chown(&file, Some(0), Some(0)).expect("an owner");
    }
    fs::set_permissions(&file, Permissions::from_mode(0o200)).expect("a mode");
    let remedy = format!("chmod 644 {}", file.display());
    Diagnosis::offline(&site).assert_only_wrong("torrents", &["cannot be read", &remedy]);
}

#[test]
fn a_host_without_its_domain_is_named() {
    let site = site();
    configure(&site, &site.announce_url(), "http://host/announce");
    let found = Diagnosis::offline(&site);
    found.assert("announce address", "note", &["names the host `host`", "full name"]);
}

#[test]
fn a_forgotten_announce_is_wrong_and_not_only_a_note() {
    let site = site();
    configure(&site, &site.announce_url(), &site.url("/cgi-bin/tracker.cgi"));
    let remedy = format!("set announce_url in [tracker] to \"{}/announce\"", site.url(CGI));
    Diagnosis::offline(&site).assert_only_wrong("announce address", &["does not end in", &remedy]);
    configure(&site, &site.url("/cgi-bin/tracker.cgi"), &site.url("/anounce"));
    let remedy = format!("to \"{}\"", site.url("/announce"));
    Diagnosis::offline(&site).assert("announce address", "WRONG", &[&remedy]);
}

#[test]
fn a_switch_that_keeps_clients_out_is_named() {
    let site = site();
    assert!(Diagnosis::offline(&site).find("switches").is_none());
    for (section, key, part) in [
        ("[network]", "families = \"ipv4\"", "over IPv6 are refused"),
        ("[network]", "families = \"ipv6\"", "over IPv4 are refused"),
        ("[access]", "offline_message = \"back on Monday\"", "\"back on Monday\""),
        ("[access]", "gone = \"410\"", "with status 410"),
    ] {
        let path = site.root().join("conf/tracker.toml");
        let before = fs::read_to_string(&path).expect("a configuration");
        fs::write(&path, format!("{before}\n{section}\n{key}\n")).expect("a configuration");
        Diagnosis::offline(&site).assert_nothing_wrong().assert("switches", "note", &[part]);
        fs::write(&path, before).expect("a configuration");
    }
}

#[test]
fn why_the_announce_address_should_be_at_the_root_is_explained() {
    let site = site();
    Diagnosis::offline(&site).assert("announce address", "fine", &[]);
    configure(&site, &site.announce_url(), &site.url("/cgi-bin/tracker.cgi/announce"));
    let advice = format!("set announce_url to \"{}\"", site.announce_url());
    let parts = ["libtorrent", "request forgery", "also_announce_urls", &advice];
    Diagnosis::offline(&site).assert("announce address", "note", &parts);
}

#[test]
fn a_feed_that_is_missing_or_does_not_say_where_it_is_is_named() {
    let site = site();
    Diagnosis::offline(&site).assert("feed", "fine", &[]);
    let page = site.www().join("rss.xml");
    change(&page, &site.url("/"), "http://127.0.0.1:8080/");
    let parts = ["names http://127.0.0.1:8080", &format!("write {}", site.url(""))];
    Diagnosis::offline(&site).assert("feed", "note", &parts);
    fs::remove_file(&page).expect("the feed");
    Diagnosis::offline(&site).assert_nothing_wrong().assert(
        "feed",
        "note",
        &["there is no feed", "www/rss.xml"],
    );
}

#[test]
fn what_a_user_may_not_see_is_not_checked_and_not_wrong() {
    if server_account().is_none() {
        return cannot_run("doctor for another user", "only root can start it as somebody else");
    }
    let site = site();
    let mut command = Command::new(site.root().join("cgi-bin/tracker.cgi"));
    let alice = std::os::unix::process::CommandExt::uid(&mut command, 2_000_000_001);
    let output = alice.args(["doctor", "--offline", "--json"]).output().expect("doctor runs");
    let found = Diagnosis::from(output);
    found.assert_nothing_wrong();
    for check in ["data folder", "catalogue", "peer store", "policy"] {
        found.assert(check, "not checked", &["user 2000000001 may not see", "or www-data"]);
    }
    found.assert("torrents", "fine", &["1 torrent"]);
}

#[test]
fn what_root_runs_leaves_nothing_that_the_web_server_cannot_write() {
    let site = Site::new(Layout::open(CGI));
    let mut refresh = Command::new(site.root().join("cgi-bin/tracker.cgi"));
    // As the user who runs the tests: root, where the web server has a user of its own.
    assert!(refresh.args(["refresh", "--force"]).status().expect("refresh runs").success());
    site.tracker(&["refresh", "--force"]);
    site.tracker(&["store", "check"]);
}

#[test]
fn rules_that_can_have_no_effect_and_lists_that_cannot_be_read_are_named() {
    let site = site();
    assert!(Diagnosis::offline(&site).find("rules on clients").is_none());
    assert!(Diagnosis::offline(&site).find("lists of torrents").is_none());
    site.tracker(&["client", "deny", "-XL"]);
    Diagnosis::offline(&site).assert("rules on clients", "fine", &["1 rule"]);
    site.tracker(&["client", "allow", "-XL0019-"]);
    let named = ["never asked: `-XL0019-`, as `-XL` decides before", "--first"];
    Diagnosis::offline(&site).assert("rules on clients", "WRONG", &named);
    site.tracker(&["client", "remove", "-XL0019-"]);
    site.tracker(&["client", "deny", "*"]);
    Diagnosis::offline(&site).assert("rules on clients", "WRONG", &["refuse every client"]);
    site.tracker(&["client", "hide", "qBittorrent", "--first"]);
    Diagnosis::offline(&site).assert("rules on clients", "WRONG", &["hide every client"]);
    site.tracker(&["client", "hide", "*"]);
    let told = ["rule 3 (hide *) hides every client that no rule before it decides about"];
    Diagnosis::offline(&site).assert("rules on clients", "WRONG", &told);
    site.tracker(&["client", "deny", "*"]);
    site.tracker(&["client", "remove", "qBittorrent"]);
    site.tracker(&["client", "allow", "Transmission", "--first"]);
    Diagnosis::offline(&site).assert("rules on clients", "fine", &["3 rules"]);

    let path = site.root().join("conf/tracker.toml");
    let before = fs::read_to_string(&path).expect("a configuration");
    let clients = "[clients]\nban_after = 3\n";
    fs::write(&path, format!("{before}\n{clients}")).expect("a configuration");
    Diagnosis::offline(&site).assert("rules on clients", "WRONG", &["bans nobody"]);
    fs::write(&path, format!("{before}\n{clients}identify = true\n")).expect("a configuration");
    Diagnosis::offline(&site).assert("rules on clients", "fine", &["3 rules"]);
    let access = "[access]\nallow_list = '../data/allowed'\ndeny_list = '../data/denied'\n";
    fs::write(&path, format!("{before}\n{access}")).expect("a configuration");
    let list = |name: &str, text: &str| {
        fs::write(site.root().join("data").join(name), text).expect("a list");
    };
    list("allowed", &"01".repeat(20));
    Diagnosis::offline(&site).assert("lists of torrents", "WRONG", &["denied cannot be read"]);
    list("denied", &format!("{}\nhm\n", "01".repeat(20)));
    let notes = ["line 2 is no info-hash", "1 torrent in both lists, and refused"];
    Diagnosis::offline(&site).assert("lists of torrents", "note", &notes);
    list("denied", &"02".repeat(20));
    Diagnosis::offline(&site).assert("lists of torrents", "fine", &["1 allowed, 1 denied"]);
}

/// A peer announces from an address, as a web server passes it on.
fn announce_from(site: &Site, torrent: &Torrent, address: &str, number: u8) {
    let mut cgi = Command::new(site.root().join("cgi-bin/tracker.cgi"));
    let query = format!(
        "info_hash={}&peer_id=-XX0001-{number:012}&port=70{number:02}&uploaded=0&downloaded=0&left=1",
        encode(&torrent.info_hash)
    );
    cgi.env("GATEWAY_INTERFACE", "CGI/1.1").env("REQUEST_METHOD", "GET").env("QUERY_STRING", query);
    cgi.env("REMOTE_ADDR", address).env("SCRIPT_NAME", "/cgi-bin/tracker.cgi");
    cgi.env("PATH_INFO", "/announce");
    let answer = as_the_server(&mut cgi).output().expect("a CGI");
    assert!(String::from_utf8_lossy(&answer.stdout).contains("10:incomplete"), "{answer:?}");
}

#[test]
fn peers_at_the_addresses_of_a_proxy_are_named_and_the_load_is_estimated() {
    let site = Site::new(Layout::listed(CGI, [127, 0, 0, 1].into()));
    let torrent = Torrent::new("well", 1000, &site.announce_url());
    site.add(&torrent);
    site.tracker(&["refresh", "--force"]);
    for number in 1..=9 {
        announce_from(&site, &torrent, &format!("162.158.0.{number}"), number);
    }
    let few = Diagnosis::offline(&site);
    assert!(few.find("addresses of peers").is_none(), "{few}");
    few.assert("load", "fine", &["% of a core as a CGI", "ten times as many"]);
    announce_from(&site, &torrent, "172.64.0.1", 10);
    let proxied = ["10 of 10 peers are at addresses of Cloudflare", "cf-connecting-ip"];
    Diagnosis::offline(&site).assert_only_wrong("addresses of peers", &proxied);
    for number in 11..=20 {
        announce_from(&site, &torrent, &format!("192.0.2.{number}"), number);
    }
    Diagnosis::offline(&site).assert("addresses of peers", "fine", &["20 peers"]);
}

#[test]
fn files_of_root_that_the_tracker_cannot_write_or_read_are_named() {
    if server_account().is_none() {
        return cannot_run("files of somebody else", "only root can give them away");
    }
    let site = site();
    let as_root = || {
        let mut command = Command::new(site.root().join("cgi-bin/tracker.cgi"));
        command.args(["doctor", "--offline", "--json"]);
        Diagnosis::from(command.output().expect("doctor runs"))
    };
    let user = server_account().map(|(user, _)| user);
    for (file, check) in [("data/catalog.db", "catalogue"), ("data/peers.db", "peer store")] {
        let path = site.root().join(file);
        chown(&path, Some(0), None).expect("a file of root's");
        let named = [file, "belongs to root", "chown www-data"];
        as_root().assert(check, "WRONG", &named);
        chown(&path, user, None).expect("a file of the tracker's");
    }
    as_root().assert_nothing_wrong();
    let file = site.root().join("conf/tracker.toml");
    chown(&file, Some(0), None).expect("a file of root's");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("a mode");
    as_root().assert("configuration", "WRONG", &["www-data", "may not read", "chmod 644"]);
    fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("a mode");
    as_root().assert_nothing_wrong();
}
