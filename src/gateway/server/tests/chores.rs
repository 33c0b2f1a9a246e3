use super::*;

#[test]
fn are_done_after_the_reply_and_one_at_a_time() {
    let responder = Running::start(OPTIONS);
    let mut peer = responder.connect();
    for _ in 0..20 {
        assert_eq!(peer.ask(&get(1, KEEP, "chores")), "chores");
    }
    // A worker looks for chores after it has replied. That it answers once more shows that it
    // has looked; else the last ones might be found only when the first are done, and rightly
    // be done again.
    assert_eq!(peer.ask(&get(1, KEEP, "after")), "after");
    until(|| responder.stage.gate.come() == 1);
    assert_eq!(responder.stage.chores.load(Ordering::SeqCst), 0);
    responder.stage.gate.open();
    until(|| responder.stage.chores.load(Ordering::SeqCst) > 0);
    // A slow request behind them shows that nothing else was waiting.
    peer.ask(&get(1, KEEP, "slow"));
    assert_eq!(responder.stage.chores.load(Ordering::SeqCst), 1);
}

/// Seen under mod_fcgid: a request that was there already when its connection was accepted was
/// answered, and its chores left until the next event.
#[test]
fn wait_for_no_further_request() {
    let (listening, folder) = listen();
    let mut early = UnixStream::connect(folder.path().join("socket")).unwrap();
    early.write_all(&get(1, 0, "chores")).unwrap();
    let responder = Running::on(listening, folder, OPTIONS);
    responder.stage.gate.open();
    until(|| responder.stage.chores.load(Ordering::SeqCst) == 1);
}

/// Seen in a set-up of README: the announce that took a new torrent in was the last one for long, and the
/// page did not show the torrent before the next one.
#[test]
fn of_a_slow_request_wait_for_no_further_one() {
    let responder = Running::start(OPTIONS);
    responder.stage.gate.open();
    assert_eq!(responder.connect().ask(&get(1, 0, "slow chores")), "slowly ");
    until(|| responder.stage.chores.load(Ordering::SeqCst) == 1);
}

#[test]
fn delay_no_slow_request() {
    let responder = Running::start(OPTIONS);
    let mut peer = responder.connect();
    peer.ask(&get(1, KEEP, "chores"));
    until(|| responder.stage.gate.come() == 1);
    assert!(peer.ask(&get(1, KEEP, "slow panic")).starts_with("Status: 500 "));
    assert_eq!(responder.stage.chores.load(Ordering::SeqCst), 0);
}
