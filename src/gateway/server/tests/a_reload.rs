use super::*;

/// Handlers share what it gives; so once is enough, however many workers there are.
#[test]
fn happens_once_and_without_a_request() {
    let responder = Running::start(Options { workers: 3, ..OPTIONS });
    until(|| responder.stage.made.load(Ordering::SeqCst) == 3);
    responder.stage.gate.open();
    responder.control.reload();
    until(|| responder.stage.reloads.load(Ordering::SeqCst) == 1);
    assert_eq!(responder.connect().ask(&get(1, 0, "after")), "after");
    assert_eq!(responder.stage.reloads.load(Ordering::SeqCst), 1);
}

#[test]
fn delays_no_request() {
    let responder = Running::start(OPTIONS);
    responder.control.reload();
    until(|| responder.stage.gate.come() == 1);
    for peer in &mut [responder.connect(), responder.connect()] {
        for _ in 0..10 {
            assert_eq!(peer.ask(&get(1, KEEP, "quick")), "quick");
        }
    }
    assert_eq!(responder.stage.reloads.load(Ordering::SeqCst), 0);
    responder.stage.gate.open();
    until(|| responder.stage.reloads.load(Ordering::SeqCst) == 1);
}

/// The one that is under way may have read the files before they changed once more.
#[test]
fn that_is_asked_for_during_another_follows_it() {
    let responder = Running::start(Options { pool_threads: 1, ..OPTIONS });
    responder.control.reload();
    until(|| responder.stage.gate.come() == 1);
    responder.control.reload();
    // An answer shows that the worker has heard of it.
    assert_eq!(responder.connect().ask(&get(1, 0, "quick")), "quick");
    responder.stage.gate.open();
    until(|| responder.stage.reloads.load(Ordering::SeqCst) == 2);
}
