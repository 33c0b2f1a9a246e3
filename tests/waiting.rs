//! A process that was stopped while it holds the store: what waits for it, and what does not.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::harness::fastcgi::{Responder, get, read_reply};
use crate::harness::installation::Installation;

/// Announces that wait for the store.
const WAITING: u32 = 12;

fn announce(number: u32) -> String {
    format!("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-{number:012}&port=6881&left=1")
}

/// Sends an announce and does not wait for the reply.
fn send(responder: &Responder, number: u32) -> UnixStream {
    let mut stream = responder.connect();
    stream.write_all(&get("/announce", &announce(number))).expect("a request is sent");
    stream
}

/// What needs no lock of the store is answered while announces wait for one, on the same worker.
fn others_do_not_wait(settled: bool) {
    let tracker = Installation::open();
    tracker.refresh();
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    // After so many the file has a write-ahead log, which is held in another way.
    for number in 0..if settled { 100 } else { 1 } {
        let reply = responder.get("/announce", &announce(number)).text();
        assert!(reply.contains("8:complete"), "{reply}");
    }
    // To the responder, this process is one that does not go on.
    let holder = Connection::open(tracker.store()).expect("the store");
    holder.execute_batch("BEGIN EXCLUSIVE").expect("its lock");
    let mut waiting: Vec<UnixStream> =
        (0..WAITING).map(|number| send(&responder, 1000 + number)).collect();
    let (began, mut longest) = (Instant::now(), Duration::ZERO);
    for _ in 0..20 {
        let started = Instant::now();
        let reply = responder.get("/announce", "info_hash=too-short").text();
        longest = longest.max(started.elapsed());
        assert!(reply.contains("failure reason"), "{reply}");
    }
    eprintln!("while {WAITING} announces waited, no other request took longer than {longest:?}");
    // After five seconds they are told to come back later.
    let is_too_early = began.elapsed() < Duration::from_secs(4);
    assert!(!is_too_early || !waiting.iter().any(is_answered), "answered without the store");
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    holder.execute_batch("ROLLBACK").expect("it goes on");
    for stream in &mut waiting {
        let reply = read_reply(stream).text();
        assert!(reply.contains("8:complete") || reply.contains("8:retry in"), "{reply}");
    }
    let reply = responder.get("/announce", &announce(0)).text();
    assert!(reply.contains("8:complete"), "{reply}");
}

/// Whether anything is there to be read.
fn is_answered(stream: &UnixStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    let read = (&*stream).read(&mut [0]);
    stream.set_nonblocking(false).expect("a socket");
    read.is_ok()
}

#[test]
fn an_announce_that_waits_for_the_store_delays_no_other_request() {
    others_do_not_wait(false);
}

#[test]
fn nor_where_the_store_has_a_write_ahead_log() {
    others_do_not_wait(true);
}
