use super::*;

#[test]
fn delays_nothing_else() {
    let responder = Running::start(OPTIONS);
    let mut slow: Vec<_> = (0..5).map(|_| responder.connect()).collect();
    for peer in &mut slow {
        peer.send(&post(1, KEEP, "slow", b"body"));
    }
    until(|| responder.stage.gate.come() > 0);
    assert_eq!(responder.connect().ask(&get(1, 0, "quick")), "quick");
    responder.stage.gate.open();
    for peer in &mut slow {
        assert_eq!(peer.reply(), "slowly body");
        assert_eq!(peer.ask(&get(1, KEEP, "after")), "after");
    }
}

#[test]
fn brings_a_spooled_body_along() {
    let responder = Running::start(OPTIONS);
    responder.stage.gate.open();
    let body = "0123456789".repeat(90_000);
    let reply = responder.connect().ask(&post(1, 0, "slow", body.as_bytes()));
    assert!(reply.strip_prefix("slowly ") == Some(&body));
}

#[test]
fn is_made_in_vain_when_the_peer_has_gone() {
    let responder = Running::start(OPTIONS);
    let mut gone = responder.connect();
    gone.send(&post(1, KEEP, "slow", b""));
    until(|| responder.stage.gate.come() == 1);
    drop(gone);
    let mut next = responder.connect();
    next.send(&post(1, KEEP, "slow", b"mine"));
    responder.stage.gate.open();
    assert_eq!(next.reply(), "slowly mine");
}

#[test]
fn ends_at_once_for_a_peer_that_aborts() {
    let responder = Running::start(OPTIONS);
    let mut peer = responder.connect();
    peer.send(&post(1, KEEP, "slow", b""));
    until(|| responder.stage.gate.come() == 1);
    peer.send(&record(Kind::AbortRequest, 1, b""));
    assert_eq!(peer.record(), Some(Sent::end(1, 0)));
    // The next must not get the answer that nobody wants any more.
    peer.send(&post(1, KEEP, "slow", b"mine"));
    until(|| responder.stage.gate.come() == 2);
    responder.stage.gate.open();
    assert_eq!(peer.reply(), "slowly mine");
}
