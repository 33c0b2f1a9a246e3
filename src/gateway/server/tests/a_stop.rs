use super::*;

#[test]
fn closes_what_is_idle_and_leaves_no_path() {
    let responder = Running::start(Options { workers: 2, ..OPTIONS });
    let mut idle = responder.connect();
    idle.ask(&get(1, KEEP, "a"));
    let path = responder.path.clone();
    let began = Instant::now();
    responder.stop().unwrap();
    assert!(began.elapsed() < STOP_LIMIT, "an idle responder has nothing to wait for");
    assert_eq!(idle.record(), None);
    assert!(UnixStream::connect(&path).is_err() && !path.exists());
}

#[test]
fn finishes_what_is_in_flight() {
    let responder = Running::start(OPTIONS);
    let mut slow = responder.connect();
    slow.send(&post(1, KEEP, "slow", b"body"));
    let mut half_sent = responder.connect();
    let (one, two) = (&get(1, KEEP, "half")[..20].to_vec(), &get(1, KEEP, "half")[20..].to_vec());
    half_sent.send(one);
    until(|| responder.stage.gate.come() == 1);
    // A quick reply on a third shows that the second has been read.
    responder.connect().ask(&get(1, 0, ""));
    responder.control.stop();
    half_sent.send(two);
    assert_eq!(half_sent.reply(), "half");
    assert_eq!(half_sent.record(), None);
    responder.stage.gate.open();
    assert_eq!(slow.reply(), "slowly body");
    assert_eq!(slow.record(), None);
    responder.stop().unwrap();
}

#[test]
fn does_not_wait_for_ever() {
    let responder = Running::start(OPTIONS);
    let stage = Arc::clone(&responder.stage);
    let mut slow = responder.connect();
    slow.send(&post(1, KEEP, "slow", b""));
    until(|| stage.gate.come() == 1);
    let began = Instant::now();
    responder.stop().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    stage.gate.open();
}
