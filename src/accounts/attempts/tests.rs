use std::fs;
use std::os::unix::fs::MetadataExt as _;

use proptest::prelude::*;

use super::*;
use crate::catalog::UserId;

const NOON: Timestamp = Timestamp(1_700_000_000);

fn site() -> (tempfile::TempDir, Attempts) {
    let folder = tempfile::tempdir().unwrap();
    let attempts = Attempts::beside(&folder.path().join("catalog.db"));
    (folder, attempts)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn attempt<'a>(account: &'a str, address: &str) -> Attempt<'a> {
    Attempt { account, address: ip(address), device: None }
}

/// Fails as often as it is let at one time; the wait after that.
fn fail_all(attempts: &Attempts, attempt: &Attempt<'_>, now: Timestamp) -> (u32, Seconds) {
    for count in 0..1000 {
        match attempts.begin(attempt, now) {
            Ok(()) => {}
            Err(NotNow::Wait(seconds)) => return (count, seconds),
            Err(problem) => panic!("{problem}"),
        }
    }
    panic!("nobody had to wait")
}

#[test]
fn each_failure_after_five_doubles_the_wait_of_an_account() {
    let (_folder, attempts) = site();
    let mut now = NOON;
    let mut waits = Vec::new();
    for number in 0..20 {
        // Each from another address.
        let address = format!("192.0.2.{number}");
        let attempt = attempt("olive", &address);
        let (count, wait) = fail_all(&attempts, &attempt, now);
        assert_eq!(count, if number == 0 { 6 } else { 1 });
        now = now + wait;
        waits.push(wait.0);
    }
    assert_eq!(waits[..10], [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
    assert!(waits[10..].iter().all(|wait| *wait == 900), "{waits:?}");
    assert!(attempts.may_try(&attempt("other", "192.0.2.1"), now).is_ok());
}

#[test]
fn an_address_may_fail_ten_times_with_any_names() {
    let (_folder, attempts) = site();
    let names: Vec<String> = (0..11).map(|number| format!("user {number}")).collect();
    for name in &names {
        attempts.begin(&attempt(name, "2001:db8::1"), NOON).unwrap();
    }
    for (address, expected) in
        [("2001:db8::2", false), ("2001:db8:0:1::1", true), ("192.0.2.1", true)]
    {
        assert_eq!(attempts.may_try(&attempt("new", address), NOON).is_ok(), expected, "{address}");
    }
    let mut now = NOON + Seconds(1);
    for _ in 0..12 {
        // Names of which none was tried often.
        let name = format!("at {now:?}");
        let attempt = attempt(&name, "2001:db8::9");
        attempts.begin(&attempt, now).unwrap();
        let Err(NotNow::Wait(wait)) = attempts.may_try(&attempt, now) else { panic!("no wait") };
        assert!(wait.0 <= 300, "{wait}");
        now = now + wait;
    }
}

#[test]
fn who_waits_is_not_counted_and_success_clears_what_was() {
    let (_folder, attempts) = site();
    let olive = attempt("olive", "192.0.2.1");
    assert_eq!(fail_all(&attempts, &olive, NOON), (6, Seconds(1)));
    for _ in 0..100 {
        assert!(attempts.begin(&olive, NOON).is_err() && attempts.may_try(&olive, NOON).is_err());
    }
    attempts.begin(&attempt("OLIVE", "192.0.2.1"), NOON + Seconds(1)).unwrap();
    attempts.succeeded(&olive, NOON + Seconds(1)).unwrap();
    assert_eq!(fail_all(&attempts, &olive, NOON + Seconds(1)), (6, Seconds(1)));
}

#[test]
fn nobody_locks_a_known_device_out() {
    let (_folder, attempts) = site();
    let device = Device::begin(UserId(1), NOON).unwrap();
    let theirs = attempt("olive", "192.0.2.1");
    let known = Attempt { device: Some(&device), ..theirs };
    let mut now = NOON;
    for _ in 0..20 {
        let (_, wait) = fail_all(&attempts, &theirs, now);
        assert!(attempts.may_try(&known, now).is_ok());
        now = now + wait;
    }
    // It has failures of its own.
    assert_eq!(fail_all(&attempts, &known, now), (6, Seconds(1)));
    attempts.succeeded(&known, now).unwrap();
    assert!(attempts.may_try(&known, now).is_ok());
    assert!(attempts.may_try(&theirs, now).is_ok(), "signing in clears the account");
}

#[test]
fn many_at_once_cannot_all_try() {
    let (_folder, attempts) = site();
    let tried: usize = std::thread::scope(|scope| {
        let begin = || {
            let tries = 0..8;
            tries.filter(|_| attempts.begin(&attempt("olive", "192.0.2.1"), NOON).is_ok()).count()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(begin)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(tried, 6);
}

#[test]
fn failures_are_forgotten_after_a_day_and_those_of_a_wrong_clock_at_once() {
    let (_folder, attempts) = site();
    let olive = attempt("olive", "192.0.2.1");
    let mut now = NOON;
    for _ in 0..15 {
        now = now + fail_all(&attempts, &olive, now).1;
    }
    assert_eq!(fail_all(&attempts, &olive, now + Seconds(3600)).0, 1);
    assert_eq!(fail_all(&attempts, &olive, now + Seconds(2 * 24 * 3600)).0, 6);
    assert_eq!(fail_all(&attempts, &olive, NOON).0, 6, "the clock was two days ahead");
    let behind = NOON.before(Seconds(60));
    assert!(attempts.may_try(&olive, behind).is_err(), "a minute is no wrong clock");
}

#[test]
fn who_tries_many_names_does_not_have_one_forgotten_that_was_tried_often() {
    let (_folder, attempts) = site();
    let mut now = NOON;
    for number in 0..15 {
        let address = format!("192.0.2.{number}");
        now = now + fail_all(&attempts, &attempt("olive", &address), now).1;
    }
    let (_, wait) = fail_all(&attempts, &attempt("olive", "198.51.100.1"), now);
    now = now + Seconds(10);
    for number in 0..20_000_u32 {
        let (name, address) = (format!("user {number}"), IpAddr::V4(number.into()));
        attempts.begin(&Attempt { account: &name, address, device: None }, now).unwrap();
    }
    let Err(NotNow::Wait(left)) = attempts.may_try(&attempt("olive", "198.51.100.2"), now) else {
        panic!("it was forgotten");
    };
    assert_eq!(left, Seconds(wait.0 - 10));
}

#[test]
fn a_file_that_is_damaged_begins_anew_and_one_that_cannot_be_written_lets_nobody_try() {
    let (folder, attempts) = site();
    let olive = attempt("olive", "192.0.2.1");
    attempts.begin(&olive, NOON).unwrap();
    let metadata = fs::metadata(&attempts.path).unwrap();
    assert_eq!((metadata.mode() & 0o7777, metadata.len()), (0o600, 98_352));
    let whole = fs::read(&attempts.path).unwrap();
    let text = String::from_utf8_lossy(&whole);
    assert!(!text.contains("olive"), "no name is kept");
    for broken in [&whole[..20], &whole[1..], b"text", &[0; 98_352]] {
        fs::write(&attempts.path, broken).unwrap();
        assert_eq!(fail_all(&attempts, &olive, NOON), (6, Seconds(1)));
        assert_eq!(fs::metadata(&attempts.path).unwrap().len(), 98_352);
    }
    let nowhere = Attempts::beside(&folder.path().join("nowhere/catalog.db"));
    assert!(matches!(nowhere.begin(&olive, NOON), Err(NotNow::Uncounted { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever stands in the slots, nobody has to wait for longer than the rule says.
    #[test]
    fn any_bytes_do_no_harm_for_long(bytes in prop::collection::vec(any::<u8>(), 98_352 - 48)) {
        let (_folder, attempts) = site();
        let olive = attempt("olive", "192.0.2.1");
        attempts.begin(&olive, NOON).unwrap();
        let mut whole = fs::read(&attempts.path).unwrap();
        whole[48..].copy_from_slice(&bytes);
        fs::write(&attempts.path, &whole).unwrap();
        let tried = match attempts.begin(&olive, NOON) {
            Err(NotNow::Wait(seconds)) => {
                prop_assert!(seconds.0 <= 900);
                attempts.begin(&olive, NOON + seconds)
            }
            tried => tried,
        };
        prop_assert!(tried.is_ok());
    }

    /// Held against the plainest reckoning, for few accounts and addresses.
    #[test]
    fn waits_are_those_of_the_rule(
        steps in prop::collection::vec((0..3_usize, 0..3_usize, 0..120_u32, prop::bool::weighted(0.05)), 1..80),
    ) {
        let (_folder, attempts) = site();
        let names = ["olive", "åsa", "nobody"];
        let (mut accounts, mut addresses) = ([(0_u32, NOON); 3], [(0_u32, NOON); 3]);
        let mut now = NOON;
        for (name, address, seconds, succeeds) in steps {
            now = now + Seconds(seconds);
            let left = |(failures, last): (u32, Timestamp), free: u32, most: u32| {
                let wait = if failures > free { 2_u32.pow((failures - free - 1).min(20)).min(most) } else { 0 };
                wait.saturating_sub(now.since(last).0)
            };
            let expected = left(accounts[name], 5, 900).max(left(addresses[address], 10, 300));
            let text = format!("192.0.2.{address}");
            let tried = attempt(names[name], &text);
            match attempts.begin(&tried, now) {
                Ok(()) => {
                    prop_assert_eq!(expected, 0);
                    let after = |count: u32| if succeeds { (0, now) } else { (count + 1, now) };
                    accounts[name] = after(accounts[name].0);
                    addresses[address] = after(addresses[address].0);
                    if succeeds {
                        attempts.succeeded(&tried, now).unwrap();
                    }
                }
                Err(NotNow::Wait(wait)) => prop_assert_eq!(wait, Seconds(expected)),
                Err(problem) => panic!("{problem}"),
            }
        }
    }
}
