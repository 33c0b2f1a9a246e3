use super::*;

/// Requests that may wait for the thread that waits, and for one that works.
const MOST_WAITING: usize = LIMITS.connections / 4;
const MOST_WORK: usize = LIMITS.connections / 2;

#[test]
fn delays_nothing_that_does_not_wait() {
    for query in ["waits", "slow waits"] {
        let responder = Running::start(Options { pool_threads: 1, ..OPTIONS });
        responder.stage.gate.open();
        let mut waiting: Vec<_> = (0..5).map(|_| responder.connect()).collect();
        for peer in &mut waiting {
            peer.send(&post(1, KEEP, query, b"body"));
        }
        until(|| responder.stage.lock.come() == 1);
        assert_eq!(responder.connect().ask(&get(1, 0, "quick")), "quick");
        assert_eq!(responder.connect().ask(&get(1, 0, "slow")), "slowly ");
        responder.control.reload();
        until(|| responder.stage.reloads.load(Ordering::SeqCst) == 1);
        assert_eq!(responder.stage.lock.come(), 1, "one thread waits");
        responder.stage.lock.open();
        for peer in &mut waiting {
            assert_eq!(peer.reply(), "patiently body");
            assert_eq!(peer.ask(&get(1, KEEP, "after")), "after");
        }
    }
}

/// A client that asks and gives up leaves a request behind, time and again.
#[test]
fn is_refused_when_too_much_waits_already() {
    for (query, most) in
        [("waits", MOST_WAITING), ("slow waits", MOST_WAITING), ("slow", MOST_WORK)]
    {
        let responder = Running::start(Options { pool_threads: 1, ..OPTIONS });
        if query == "slow waits" {
            responder.stage.gate.open();
        }
        let mut first = responder.connect();
        first.send(&get(1, KEEP, query));
        let begun = if query == "slow" { &responder.stage.gate } else { &responder.stage.lock };
        until(|| begun.come() == 1);
        let mut impatient = responder.connect();
        let mut give_up = |times: usize| {
            for _ in 0..times {
                impatient.send(&[get(1, KEEP, query), record(Kind::AbortRequest, 1, b"")].concat());
                assert_eq!(impatient.record(), Some(Sent::end(1, 0)));
            }
        };
        give_up(most - 1);
        let mut last = responder.connect();
        last.send(&get(1, KEEP, query));
        // A later one that is answered shows that it has come in.
        assert_eq!(responder.connect().ask(&get(1, 0, "quick")), "quick");
        let mut refused = responder.connect();
        for _ in 0..10 {
            assert_eq!(refused.ask(&get(1, KEEP, query)), format!("refused {query}"));
            assert_eq!(refused.ask(&get(1, KEEP, "quick")), "quick");
        }
        // Few as they are, chores and reloads are never refused.
        responder.control.reload();
        assert_eq!(refused.ask(&get(1, KEEP, "chores")), "chores");
        responder.stage.gate.open();
        responder.stage.lock.open();
        for peer in [&mut first, &mut last] {
            assert!(peer.reply().ends_with("ly "));
        }
        until(|| responder.stage.reloads.load(Ordering::SeqCst) == 1);
        until(|| responder.stage.chores.load(Ordering::SeqCst) == 1);
        assert!(refused.ask(&get(1, KEEP, query)).ends_with("ly "), "there is room again");
    }
}
