use super::*;

#[test]
fn answers_over_a_path_and_over_tcp() {
    let responders = [
        Some(Running::start(OPTIONS)),
        Running::start_tcp("127.0.0.1:0"),
        Running::start_tcp("[::1]:0"),
    ];
    for responder in responders.into_iter().flatten() {
        assert_eq!(responder.connect().ask(&get(1, 0, "hello")), "hello");
        assert_eq!(responder.connect().ask(&post(1, 0, "", b"body")), "body");
        responder.stop().unwrap();
    }
}

#[test]
fn closes_a_connection_that_is_not_kept() {
    let responder = Running::start(OPTIONS);
    let mut peer = responder.connect();
    assert_eq!(peer.ask(&get(1, 0, "a")), "a");
    assert_eq!(peer.record(), None);
}

#[test]
fn answers_again_and_again_on_one_that_is_kept() {
    let responder = Running::start(OPTIONS);
    let mut peer = responder.connect();
    for number in 1..100_u16 {
        assert_eq!(peer.ask(&post(number, KEEP, "x", b"y")), "xy");
    }
}

#[test]
fn takes_requests_in_the_smallest_pieces() {
    let responder = Running::start(OPTIONS);
    let mut peer = responder.connect();
    for byte in post(1, KEEP, "in pieces ", b"body") {
        peer.send(&[byte]);
    }
    assert_eq!(peer.reply(), "in pieces body");
}

#[test]
fn takes_a_long_body_and_gives_a_long_reply() {
    let responder = Running::start(OPTIONS);
    let body = "0123456789".repeat(90_000);
    let mut peer = responder.connect();
    assert_eq!(peer.ask(&post(1, KEEP, "", body.as_bytes())), body);
    assert_eq!(peer.ask(&get(1, KEEP, "big")).len(), 8_000_003);
}

#[test]
fn serves_many_connections_on_several_workers() {
    let responder = Running::start(Options { workers: 3, ..OPTIONS });
    let mut peers: Vec<_> = (0..30).map(|_| responder.connect()).collect();
    for round in 0..10 {
        for (number, peer) in peers.iter_mut().enumerate() {
            peer.send(&get(1, KEEP, &format!("{round} {number}")));
        }
        for (number, peer) in peers.iter_mut().enumerate() {
            assert_eq!(peer.reply(), format!("{round} {number}"));
        }
    }
}

#[test]
fn answers_a_peer_that_has_said_all() {
    let responder = Running::start(OPTIONS);
    responder.stage.gate.open();
    for query in ["quick", "slow"] {
        let mut peer = responder.connect();
        peer.send(&post(1, KEEP, query, b""));
        peer.stream.end_writing();
        assert_ne!(peer.reply(), "");
        assert_eq!(peer.record(), None);
    }
}

#[test]
fn goes_on_when_a_peer_speaks_something_else() {
    let responder = Running::start(OPTIONS);
    let mut stranger = responder.connect();
    stranger.send(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(stranger.record(), None);
    assert_eq!(responder.connect().ask(&get(1, 0, "a")), "a");
}

#[test]
fn lets_a_refused_peer_finish_and_read_why() {
    for responder in [Some(Running::start(OPTIONS)), Running::start_tcp("127.0.0.1:0")] {
        let Some(responder) = responder else { continue };
        let mut peer = responder.connect();
        peer.send(&begin(1, 0));
        for _ in 0..40 {
            peer.send(&record(Kind::Params, 1, &[0; 65_000]));
        }
        assert!(peer.reply().starts_with("Status: 431 "));
        assert_eq!(peer.record(), None);
    }
}
