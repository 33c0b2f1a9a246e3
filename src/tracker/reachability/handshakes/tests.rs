//! Peers that are there, and all that may be there instead.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::*;
use crate::protocol::InfoHash;

const OWN: PeerId = PeerId([0; 20]);

const BOUNDS: Bounds = Bounds {
    at_once: 64,
    a_second: 10_000,
    step: Duration::from_millis(400),
    all: Duration::from_secs(20),
};

fn candidate(port: u16) -> Candidate {
    Candidate {
        endpoint: (Ipv4Addr::LOCALHOST.into(), port).into(),
        info_hash: InfoHash([1; 20]),
        peer_id: PeerId([2; 20]),
    }
}

/// Somebody listens, and does this with whoever comes, as often as it is said.
fn listening(times: usize, act: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let act = Arc::new(act);
    thread::spawn(move || {
        for stream in listener.incoming().take(times) {
            let act = Arc::clone(&act);
            thread::spawn(move || act(stream.unwrap()));
        }
    });
    port
}

/// A client that has a torrent.
fn client(info_hash: u8, peer_id: u8) -> impl Fn(TcpStream) {
    move |mut stream| {
        let mut said = [0; HANDSHAKE_LEN];
        stream.read_exact(&mut said).unwrap();
        let heard = Handshake::parse(&said).unwrap().unwrap();
        assert_eq!((heard.info_hash, heard.peer_id), (InfoHash([1; 20]), OWN));
        let mut own =
            Handshake { info_hash: InfoHash([info_hash; 20]), peer_id: PeerId([peer_id; 20]) };
        // As libtorrent 2 does.
        own.peer_id.0[PROGRAM_LEN] = 0;
        // In two parts, and with more behind it.
        stream.write_all(&own.encode()[..30]).unwrap();
        stream.write_all(&own.encode()[30..]).unwrap();
        let _ = stream.write_all(b"\0\0\0\x01\x0f");
    }
}

fn asked(ports: &[u16]) -> Vec<Option<Answer>> {
    let candidates: Vec<Candidate> = ports.iter().copied().map(candidate).collect();
    ask(&candidates, OWN, &BOUNDS).unwrap()
}

#[test]
fn a_peer_is_told_from_all_that_may_be_there_instead() {
    let full = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let never_accepted = full.local_addr().unwrap().port();
    let closed = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    let mute = listening(1, |mut stream| drop(stream.read(&mut [0; 1000])));
    let silent = listening(1, |stream| {
        thread::sleep(BOUNDS.step * 3);
        drop(stream);
    });
    let endless = listening(1, |mut stream| while stream.write_all(&[0x13; 1000]).is_ok() {});
    let slow = listening(1, |mut stream| {
        for byte in b"\x13BitTorrent protocol" {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
            thread::sleep(BOUNDS.step / 4);
        }
    });
    let cut = listening(1, |mut stream| {
        let _ = stream.read(&mut [0; 100]);
        let _ = stream.write_all(b"\x13BitTorrent");
    });
    let answers = asked(&[
        listening(1, client(1, 2)),
        listening(1, client(9, 2)),
        listening(1, client(1, 9)),
        closed,
        mute,
        silent,
        endless,
        slow,
        cut,
        never_accepted,
    ]);
    let [yes, no, silence, unknown] =
        [Answer::Reachable, Answer::Refused, Answer::Silent, Answer::Unknown].map(Some);
    let expected = [yes, no, unknown, no, unknown, silence, no, silence, no, silence];
    assert_eq!(answers, expected);
}

#[test]
fn no_more_are_asked_at_once_than_may_be() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, highest) = (Arc::clone(&now), Arc::clone(&most));
    let port = listening(40, move |stream| {
        highest.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(20));
        // Before the other side can know of it.
        counted.fetch_sub(1, Ordering::SeqCst);
        client(1, 2)(stream);
    });
    let candidates = [candidate(port); 40];
    let bounds = Bounds { at_once: 3, step: Duration::from_secs(5), ..BOUNDS };
    let answers = ask(&candidates, OWN, &bounds).unwrap();
    assert_eq!(answers, [Some(Answer::Reachable); 40]);
    assert!((1..=3).contains(&most.load(Ordering::SeqCst)), "{most:?}");
}

#[test]
fn they_are_asked_no_faster_than_they_may_be_and_not_for_ever() {
    let port = listening(200, client(1, 2));
    let bounds = Bounds { a_second: 100, all: Duration::from_millis(500), ..BOUNDS };
    let begun = Instant::now();
    let answers = ask(&[candidate(port); 200], OWN, &bounds).unwrap();
    let asked = answers.iter().flatten().count();
    assert!((1..=51).contains(&asked), "{asked} in half a second at 100 a second");
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(answers[asked..].iter().all(Option::is_none), "they are asked in order");
}
