//! Imports: what another tracker knew, from its file to an announce.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use super::client;
use crate::harness::installation::Installation;
use crate::harness::process::Process;
use crate::harness::{folder_in_memory, free_port, http, program};

const DUMP: &str = "-- MySQL dump 10.13
/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE `xbt_torrents` (
  `tid` int NOT NULL, `info_hash` binary(20) NOT NULL, `seeders` int, `leechers` int, `completed` int, `flags` int,
  `mtime` int, `ctime` int, PRIMARY KEY (`tid`)
);
INSERT INTO `xbt_torrents` VALUES (1,_binary 'iiiiiiiiiiiiiiiiiiii',0,0,42,0,1114214400,1114214400);
CREATE TABLE `xbt_deny_from_hosts` (`begin` int, `end` int);
INSERT INTO `xbt_deny_from_hosts` VALUES (167772161,167772161);
-- Dump completed
";

#[test]
fn an_imported_torrent_is_tracked_its_totals_shown_and_its_bans_in_force() {
    let tracker = Installation::listed();
    fs::write(tracker.path("dump.sql"), DUMP).unwrap();
    let dump = tracker.path("dump.sql").display().to_string();
    let hash = &hex(b"iiiiiiiiiiiiiiiiiiii");
    let announce = |number: u8| client(number).of([b'i'; 20]).call(&tracker, "").value();
    let is_refused = |number: u8| announce(number).get("failure reason").is_some();
    tracker.run(&["import", "xbt", &dump, "--dry-run"]).done();
    assert!(is_refused(2), "it was only tried");
    tracker.run(&["import", "xbt", &dump]).done();
    assert!(!is_refused(2));
    assert!(is_refused(1), "the first address is banned");
    for _ in 0..2 {
        tracker.run(&["import", "xbt", &dump]).done();
        let torrent = tracker.run(&["torrent", "show", hash, "--json"]).json();
        assert_eq!(
            (&torrent["completed"], &torrent["first_seen"]),
            (&42.into(), &1_114_214_400.into())
        );
    }
    assert_eq!(tracker.run(&["ban", "list", "--json"]).json().as_array().unwrap().len(), 1);
}

#[test]
fn a_dump_that_is_cut_off_takes_nothing_and_leaves_nothing() {
    let tracker = Installation::listed();
    let cut = DUMP.len() - 60;
    fs::write(tracker.path("dump.sql"), &DUMP[..cut]).unwrap();
    let dump = tracker.path("dump.sql").display().to_string();
    let failure = tracker.run(&["import", "xbt", &dump]).failure();
    assert!(failure.contains("cut off"), "{failure}");
    assert_eq!(tracker.run(&["torrent", "list", "--json"]).json().as_array().unwrap().len(), 0);
    assert_eq!(tracker.run(&["ban", "list", "--json"]).json().as_array().unwrap().len(), 0);
}

#[test]
fn standard_input_is_read_as_it_comes() {
    let tracker = Installation::listed();
    let mut command = tracker.command(&["import", "opentracker-list", "-", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines: String = (0..2000_u32).map(|number| format!("{number:040x}\n")).collect();
    std::io::Write::write_all(&mut input, lines.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["torrents"]["new"], 2000);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Debian's opentracker takes only what its white list has.
#[test]
fn opentracker_reads_the_list_that_is_exported() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a torrent", 1000);
    tracker.refresh();
    let folder = folder_in_memory();
    // It becomes another user before it reads the list.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let list = folder.path().join("white.list");
    fs::write(&list, tracker.run(&["export", "torrents"]).done()).unwrap();
    fs::set_permissions(&list, fs::Permissions::from_mode(0o644)).unwrap();
    let port = free_port();
    let mut command = Command::new(program("opentracker"));
    command.args(["-i", "127.0.0.1", "-p", &port.to_string(), "-w", "white.list"]);
    command.arg("-d").arg(folder.path()).current_dir(folder.path());
    let log = tracker.path("opentracker.log");
    let mut opentracker = Process::start("opentracker", &mut command, &log);
    let address = ([127, 0, 0, 1], port).into();
    opentracker.wait_for("an open port", || TcpStream::connect(address).ok());
    let announce = |info_hash: [u8; 20]| {
        let target = format!("/announce?{}", client(1).of(info_hash).query("compact=1"));
        http::request(address, "GET", &target, &[]).unwrap().text()
    };
    let is_served = |answer: &str| answer.contains("8:interval");
    assert!(is_served(&announce(torrent.info_hash)), "{}", announce(torrent.info_hash));
    assert!(!is_served(&announce([b'x'; 20])), "{}", announce([b'x'; 20]));
}
