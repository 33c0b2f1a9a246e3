//! A process that was stopped while it holds the store: what waits for it, and what does not.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;

use crate::harness::fastcgi::{Responder, get, read_reply};
use crate::harness::installation::Installation;
use crate::harness::stopped::Stopped;
use crate::harness::{http::encode, poll};

/// Announces that wait for the store.
const WAITING: u32 = 12;

/// Requests that a responder lets wait at most here, and the one that it is at.
const MOST: u32 = 17;

/// The swarm whose announces are held up.
const HELD: u8 = b'h';

/// One worker, so that all requests have the same event loop.
const ONE_WORKER: [&str; 2] = ["--workers", "1"];

fn announce_to(swarm: u8, number: u32) -> String {
    let hash = encode(&[swarm; 20]);
    format!("info_hash={hash}&peer_id=-XX0001-{number:012}&port=6881&left=1")
}

fn announce(number: u32) -> String {
    announce_to(HELD, number)
}

/// Sends an announce and does not wait for the reply.
fn send(responder: &Responder, number: u32) -> UnixStream {
    let mut stream = responder.connect();
    stream.write_all(&get("/announce", &announce(number))).expect("a request is sent");
    stream
}

/// Whether anything is there to be read.
fn is_answered(stream: &UnixStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    let read = (&*stream).read(&mut [0]);
    stream.set_nonblocking(false).expect("a socket");
    read.is_ok()
}

fn answers(responder: &Responder, path: &str, query: &str, part: &str) {
    let reply = responder.get(path, query).text();
    assert!(reply.contains(part), "{path}?{query}: {reply}");
}

/// Pages, and what needs no store.
fn all_else_is_answered(responder: &Responder) {
    for _ in 0..20 {
        answers(responder, "/announce", "info_hash=too-short", "failure reason");
        answers(responder, "/stats", "", "</html>");
        answers(responder, "", "", "see ");
    }
}

/// Whether somebody writes to a SQLite store.
fn is_written(file: PathBuf) -> impl FnMut() -> bool {
    let connection = Connection::open(file).expect("the store");
    connection.busy_timeout(Duration::ZERO).expect("a limit");
    move || match connection.execute_batch("BEGIN IMMEDIATE") {
        Ok(()) => {
            connection.execute_batch("ROLLBACK").expect("nothing was changed");
            false
        }
        Err(_) => true,
    }
}

/// Of a SQLite file, which has one lock for all announces.
fn others_do_not_wait(settled: bool) {
    let tracker = Installation::open();
    tracker.refresh();
    let responder = Responder::start(&tracker, &ONE_WORKER);
    // After so many the file has a write-ahead log, which is held in another way.
    for number in 0..if settled { 100 } else { 1 } {
        answers(&responder, "/announce", &announce(number), "8:complete");
    }
    let holder = Stopped::in_an_announce(&tracker, &announce(0), is_written(tracker.store()));
    let mut waiting: Vec<UnixStream> =
        (0..WAITING).map(|number| send(&responder, 1000 + number)).collect();
    all_else_is_answered(&responder);
    // After five seconds they are told to come back later; all else is answered long before.
    assert!(!waiting.iter().any(is_answered), "all else waited, too");
    holder.go_on();
    for stream in &mut waiting {
        let reply = read_reply(stream).text();
        assert!(reply.contains("8:complete") || reply.contains("8:retry in"), "{reply}");
    }
    let is_back = || responder.get("/announce", &announce(0)).text().contains("8:complete");
    assert!(poll(Duration::from_secs(15), || is_back().then_some(())).is_some());
}

#[test]
fn an_announce_that_waits_for_the_store_delays_no_other_request() {
    others_do_not_wait(false);
}

#[test]
fn nor_where_the_store_has_a_write_ahead_log() {
    others_do_not_wait(true);
}

#[test]
fn a_process_that_holds_a_part_of_shared_memory_holds_up_that_part_only() {
    let tracker = Installation::in_memory(&["tracker.torrents = 'open'"]);
    tracker.refresh();
    let responder = Responder::start(&tracker, &ONE_WORKER);
    for number in 0..100 {
        answers(&responder, "/announce", &announce(number), "8:complete");
    }
    let is_refused = || responder.get("/announce", &announce(0)).text().contains("8:retry in");
    let holder = Stopped::in_an_announce(&tracker, &announce(0), is_refused);
    let mut waiting: Vec<UnixStream> =
        (0..WAITING).map(|number| send(&responder, 1000 + number)).collect();
    all_else_is_answered(&responder);
    // By chance one of them may be in the same part.
    let others = (b'A'..=b'Z').filter(|&swarm| {
        let query = announce_to(swarm, 0);
        let announced = responder.get("/announce", &query).text().contains("8:complete");
        announced && responder.get("/scrape", &query).text().starts_with("d5:files")
    });
    assert!(others.count() > 20);
    answers(&responder, "/metrics", "", "tracker_announces_per_minute");
    for stream in &mut waiting {
        let reply = read_reply(stream).text();
        assert!(reply.contains("8:retry in"), "{reply}");
    }
    holder.go_on();
    let is_back = || responder.get("/announce", &announce(0)).text().contains("8:complete");
    assert!(poll(Duration::from_secs(15), || is_back().then_some(())).is_some());
}

/// Stores of both kinds that are not there yet, and a responder; nobody can make a store while it is locked.
fn while_nobody_can_make_a_store(kind: fn(&[&str]) -> Installation, is_replaced: bool) {
    let tracker = kind(&["tracker.torrents = 'open'"]);
    tracker.refresh();
    let store = tracker.store();
    let responder = is_replaced.then(|| Responder::start(&tracker, &ONE_WORKER));
    if let Some(responder) = &responder {
        answers(responder, "/announce", &announce(0), "8:complete");
    }
    let lock = store.with_file_name("peers.lock");
    let lock = if lock.exists() { lock } else { store.with_file_name("peers.db.lock") };
    let holder = Stopped::with_lock(&tracker, &lock);
    std::fs::remove_file(&store).expect("the store goes");
    let responder = responder.unwrap_or_else(|| Responder::start(&tracker, &ONE_WORKER));
    let waits = || {
        let stream = send(&responder, 1);
        all_else_is_answered(&responder);
        (!is_answered(&stream)).then_some(stream)
    };
    // That the store is gone is noticed within a second.
    let mut waiting = poll(Duration::from_secs(15), waits).expect("nobody can make a store");
    all_else_is_answered(&responder);
    holder.go_on();
    let reply = read_reply(&mut waiting).text();
    assert!(reply.contains("8:complete") || reply.contains("8:retry in"), "{reply}");
    let is_back = || responder.get("/announce", &announce(0)).text().contains("8:complete");
    assert!(poll(Duration::from_secs(15), || is_back().then_some(())).is_some());
}

#[test]
fn a_responder_starts_while_a_stopped_process_keeps_it_from_making_a_store() {
    while_nobody_can_make_a_store(Installation::new, false);
    while_nobody_can_make_a_store(Installation::in_memory, false);
}

#[test]
fn a_store_that_is_being_replaced_by_a_stopped_process_delays_no_other_request() {
    while_nobody_can_make_a_store(Installation::new, true);
    while_nobody_can_make_a_store(Installation::in_memory, true);
}

/// Clients come, wait, and give up; the responder does not remember all of them.
#[test]
fn announces_that_nobody_can_answer_do_not_pile_up() {
    let tracker = Installation::new(&["tracker.torrents = 'open'", "gateway.max_connections = 64"]);
    tracker.refresh();
    let responder = Responder::start(&tracker, &ONE_WORKER);
    answers(&responder, "/announce", &announce(0), "8:complete");
    let holder = Stopped::in_an_announce(&tracker, &announce(0), is_written(tracker.store()));
    let is_refused = || {
        (0..MOST).for_each(|number| drop(send(&responder, 1000 + number)));
        let reply = responder.get("/announce", &announce(0)).text();
        (reply.contains("tracker is busy") && reply.contains("8:retry in")).then_some(())
    };
    assert!(poll(Duration::from_secs(30), is_refused).is_some());
    all_else_is_answered(&responder);
    holder.go_on();
    let is_back = || responder.get("/announce", &announce(0)).text().contains("8:complete");
    assert!(poll(Duration::from_secs(15), || is_back().then_some(())).is_some());
}

#[test]
fn announces_of_unknown_torrents_wait_once_for_a_refresh_that_does_not_end() {
    /// Each of them would wait for three seconds.
    const UNKNOWN: u8 = 12;
    let tracker = Installation::listed();
    tracker.refresh();
    let responder = Responder::start(&tracker, &ONE_WORKER);
    let holder = Stopped::with_lock(&tracker, &tracker.path("data/refresh.lock"));
    let torrent = tracker.add("just dropped in", 1000);
    let streams: Vec<UnixStream> = (1..=UNKNOWN)
        .map(|swarm| {
            let mut stream = responder.connect();
            let query = announce_to(swarm, swarm.into());
            stream.write_all(&get("/announce", &query)).expect("a request is sent");
            stream
        })
        .collect();
    all_else_is_answered(&responder);
    let all = poll(Duration::from_secs(18), || streams.iter().all(is_answered).then_some(()));
    assert!(all.is_some(), "they wait one after the other");
    holder.go_on();
    let query = |hash: [u8; 20]| {
        format!("info_hash={}&peer_id=-XX0001-000000000001&port=6881&left=1", encode(&hash))
    };
    let served = poll(Duration::from_secs(20), || {
        let reply = responder.get("/announce", &query(torrent.info_hash)).text();
        reply.contains("8:complete").then_some(())
    });
    assert!(served.is_some(), "the torrent that was dropped in is tracked then");
}
