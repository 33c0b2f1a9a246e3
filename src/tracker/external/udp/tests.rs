//! Scrapes of UDP trackers that mean it no good, and of a good one that loses a packet.

use super::*;
use crate::tracker::external::bounds::Targets;

const BOUNDS: Bounds =
    Bounds { bytes: 1 << 20, time: Duration::from_secs(4), targets: Targets::Any };
const HASHES: [InfoHash; 2] = [InfoHash([1; 20]), InfoHash([2; 20])];

/// A tracker that sends for each packet what `answer` makes of it and of how many came before it.
fn tracker(answer: impl Fn(usize, &[u8]) -> Vec<Vec<u8>> + Send + 'static) -> Url {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let url = format!("udp://{}/announce", socket.local_addr().unwrap()).try_into().unwrap();
    // Ends with the test's process.
    std::thread::spawn(move || {
        let mut packet = [0; 2048];
        let mut count = 0;
        while let Ok((length, from)) = socket.recv_from(&mut packet) {
            for reply in answer(count, &packet[..length]) {
                let _ = socket.send_to(&reply, from);
            }
            count += 1;
        }
    });
    url
}

/// Action, the transaction id of the request, and more.
fn reply(action: u32, request: &[u8], more: &[u8]) -> Vec<u8> {
    [&action.to_be_bytes()[..], &request[12..16], more].concat()
}

/// What a good tracker replies.
fn good(request: &[u8]) -> Vec<u8> {
    if request.len() == 16 {
        return reply(0, request, b"12345678");
    }
    assert!(request.starts_with(b"12345678"), "the connection id");
    let counts = request[16..]
        .chunks_exact(20)
        .flat_map(|hash| [u32::from(hash[0]), 7, 9].into_iter().flat_map(u32::to_be_bytes));
    reply(2, request, &counts.collect::<Vec<u8>>())
}

fn asked(url: &Url, info_hashes: &[InfoHash]) -> Result<Answer, UdpFailed> {
    let started = Instant::now();
    let outcome = scrape(url, info_hashes, &BOUNDS);
    assert!(started.elapsed() < BOUNDS.time + Duration::from_secs(2));
    outcome
}

fn failure(url: &Url) -> String {
    asked(url, &HASHES).err().unwrap().to_string()
}

#[test]
fn figures_are_those_of_the_torrents_in_their_order() {
    let url = tracker(|_, request| vec![good(request)]);
    let many: Vec<InfoHash> = (0..100).map(|number| InfoHash([number; 20])).collect();
    let answer = asked(&url, &many).unwrap();
    assert_eq!(answer.scraped.torrents.len(), 100);
    for (info_hash, found) in many.iter().zip(&answer.scraped.torrents) {
        assert_eq!((found.info_hash, found.complete), (*info_hash, Some(info_hash.0[0].into())));
        assert_eq!((found.downloaded, found.incomplete), (Some(7), Some(9)));
    }
    assert_eq!(answer.scraped.faults.iter().count(), 0);
}

#[test]
fn a_packet_that_was_lost_is_sent_once_more() {
    let url = tracker(|count, request| if count == 0 { vec![] } else { vec![good(request)] });
    assert_eq!(asked(&url, &HASHES).unwrap().scraped.torrents.len(), 2);
}

#[test]
fn a_silent_tracker_and_a_closed_port_are_told_apart() {
    assert!(failure(&tracker(|_, _| vec![])).contains("does not answer over UDP within 4 seconds"));
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closed = format!("udp://{closed}").try_into().unwrap();
    assert!(failure(&closed).contains("no connection to 127.0.0.1"));
}

#[test]
fn replies_to_others_are_passed_over_and_named_when_nothing_else_comes() {
    let wrong = |request: &[u8]| {
        let mut packet = good(request);
        packet[4] ^= 1;
        packet
    };
    let both = tracker(move |_, request| vec![wrong(request), vec![0; 3], good(request)]);
    assert_eq!(asked(&both, &HASHES).unwrap().scraped.torrents.len(), 2);
    let only = tracker(move |_, request| vec![wrong(request)]);
    assert!(failure(&only).contains("not that of the request"));
}

#[test]
fn what_a_tracker_says_instead_of_figures_is_told() {
    let refuses = tracker(|_, request| match request.len() {
        16 => vec![good(request)],
        _ => vec![reply(3, request, b"go away\0")],
    });
    assert_eq!(failure(&refuses), "a refusal: go away");
    let announces = tracker(|_, request| vec![reply(1, request, &[0; 12])]);
    assert!(failure(&announces).contains("action 1"));
    let confused = tracker(|_, request| vec![reply(2, request, &[0; 12])]);
    assert!(failure(&confused).contains("with a connection id"));
}

#[test]
fn too_few_and_too_many_figures_are_named() {
    for (counts, found) in [(1, 1), (3, 2)] {
        let url = tracker(move |_, request| match request.len() {
            16 => vec![good(request)],
            _ => vec![reply(2, request, &vec![1; 12 * counts])],
        });
        let scraped = asked(&url, &HASHES).unwrap().scraped;
        assert_eq!(scraped.torrents.len(), found);
        let faults: Vec<_> = scraped.faults.iter().map(|(fault, ..)| fault).collect();
        assert_eq!(faults, [ScrapeFault::Entries]);
    }
}

#[test]
fn a_tracker_that_falls_silent_has_said_what_it_said() {
    let url = tracker(|count, request| if count < 2 { vec![good(request)] } else { vec![] });
    let scraped = asked(&url, &[HASHES[0]; 80]).unwrap().scraped;
    assert_eq!(scraped.torrents.len(), MOST_SCRAPED);
    assert!(scraped.faults.iter().any(|(fault, ..)| fault == ScrapeFault::Unfinished));
}
