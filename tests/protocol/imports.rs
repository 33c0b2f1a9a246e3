//! Imports: what another tracker knew, from its file to an announce.

use std::fs;
use std::process::Stdio;

use super::client;
use crate::harness::installation::Installation;
use crate::harness::opentracker::Opentracker;

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
    let opentracker = Opentracker::with_list(&tracker.run(&["export", "torrents"]).done());
    opentracker.announce(torrent.info_hash, 1, "left=1");
    let refused = opentracker.answer_to([b'x'; 20], 1, "left=1");
    assert!(refused.contains("14:failure reason"), "{refused}");
}
