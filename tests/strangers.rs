//! What strangers can have the tracker spend: memory, disk, and lines in the owner's log.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::harness::fastcgi::{Responder, get};
use crate::harness::installation::Installation;
use crate::harness::poll;

const MIB: usize = 1024 * 1024;

/// Asks so often, reads nothing, and waits until each reply has begun.
fn ask_and_read_nothing(responder: &Responder, times: usize, path_info: &str) -> Vec<UnixStream> {
    let ask = |_| {
        let mut stream = responder.connect();
        stream.write_all(&get(path_info, "")).expect("a request is sent");
        stream
    };
    let mut asked: Vec<_> = (0..times).map(ask).collect();
    for stream in &mut asked {
        stream.read_exact(&mut [0]).expect("a reply begins");
    }
    asked
}

fn is_back(responder: &Responder, before: usize) -> bool {
    let back = || (responder.resident() <= before + 20 * MIB).then_some(());
    poll(Duration::from_secs(10), back).is_some()
}

#[test]
fn pages_that_nobody_reads_are_in_memory_once() {
    let tracker = Installation::open();
    tracker.refresh();
    let table = "<p>a row</p>\n".repeat(4 * MIB / 13);
    fs::write(tracker.path("www/torrents/bt_stats.inc"), &table).expect("statistics");
    let responder = Responder::start(&tracker, &[]);
    let page = responder.get("/stats", "");
    assert!(page.body.len() > 4 * MIB && page.text().contains(&table));
    let before = responder.resident();
    let mut asked = ask_and_read_nothing(&responder, 400, "/stats");
    let during = responder.resident();
    assert!(during < before + 50 * MIB, "{during} bytes, {before} before");
    let mut last = asked.pop().expect("a connection");
    let mut rest = Vec::new();
    last.read_to_end(&mut rest).expect("the reply");
    assert!(rest.len() > page.body.len(), "who reads late gets all of it");
    drop(asked);
    assert!(is_back(&responder, before), "{} bytes, {before} before", responder.resident());
}

#[test]
fn replies_of_which_each_is_another_are_given_up_when_they_are_too_many() {
    const SWARMS: u32 = 3000;
    const UNREAD: usize = 150;
    let tracker = Installation::in_memory(&["tracker.torrents = 'open'"]);
    tracker.refresh();
    let responder = Responder::start(&tracker, &[]);
    for swarm in 0..SWARMS {
        let query = format!("info_hash={swarm:020}&peer_id=-XX0001-000000000001&port=6881&left=1");
        responder.get("/announce", &query);
    }
    let whole = responder.get("/scrape", "");
    assert!(whole.body.len() > 60 * SWARMS as usize, "{} bytes", whole.body.len());
    let before = responder.resident();
    let asked = ask_and_read_nothing(&responder, UNREAD, "/scrape");
    let during = responder.resident();
    assert!(during < before + 50 * MIB, "{during} bytes, {before} before");
    assert_eq!(responder.get("/scrape", "").body.len(), whole.body.len(), "who reads gets all");
    let given_up = asked.into_iter().filter(|stream| {
        stream.set_nonblocking(true).expect("a mode");
        (&mut &*stream).read_to_end(&mut Vec::new()).is_ok()
    });
    let given_up = given_up.count();
    assert!((UNREAD / 4..UNREAD).contains(&given_up), "{given_up}");
    assert!(is_back(&responder, before), "{} bytes, {before} before", responder.resident());
}
