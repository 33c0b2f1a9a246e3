//! Many processes on one file, and what is left when they are killed or stopped at any instant.
//!
//! `worker` is one such process, `storm` some of them at once, `expected` what they must leave.

mod expected;
mod storm;
mod worker;

use std::time::{Duration, Instant};

use self::storm::{Storm, wait_for};
use self::worker::{Habit, step};
use super::tests::announce;
use super::*;
use crate::store::conformance::{EXPIRY, NOON, peers, swarm, swarms};
use crate::store::model::Model;

/// How many processes work at any time.
const WORKERS: usize = 8;

/// Processes beyond those: they start while the others work, as that takes longer than to be killed.
const STARTERS: usize = 4;

/// How long it may take until the others have got over a death, but for the busiest machines.
const RECOVERY: Duration = Duration::from_millis(50);

/// How long it may take at all.
const LONGEST_RECOVERY: Duration = Duration::from_secs(5);

/// Has the habits do so many steps each, and compares with a model that is told them all. Peers of
/// different workers are different ones, so that their order is of no importance.
fn compare_with_the_model(mut storm: Storm, habits: [Habit; 4], steps: u32) {
    let workers = habits.map(|habit| storm.worker(habit, steps));
    workers.into_iter().for_each(|worker| worker.finish());
    let (mut store, mut model) = (storm.open(), Model::new(EXPIRY));
    for (serial, number) in (0..4).flat_map(|serial| (0..steps).map(move |number| (serial, number)))
    {
        let none = Want { peers: 0, seeders: true, peer_ids: false };
        model.announce(&step(serial, number), NOON, none, &mut PeerSample::default()).unwrap();
    }
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
    // All of their figures, also downloads that were completed and bytes of those who left.
    assert_eq!(swarms(&mut store, NOON), swarms(&mut model, NOON));
    for hash in swarms(&mut model, NOON).into_keys() {
        assert_eq!(peers(&mut store, hash, 100, NOON), peers(&mut model, hash, 100, NOON));
    }
    assert!(swarms(&mut store, NOON).values().any(|swarm| swarm.counts.completed > 10));
}

#[test]
fn many_processes_at_once_do_what_the_model_does() {
    let habits = [Habit::Keep, Habit::Reopen, Habit::Keep, Habit::Reopen];
    compare_with_the_model(Storm::on_one_shard(), habits, 600);
}

#[test]
fn processes_that_make_the_file_together_lose_nothing() {
    compare_with_the_model(Storm::on_no_file(), [Habit::Reopen; 4], 200);
}

#[test]
fn a_storm_of_kills_loses_nothing_that_was_answered() {
    let _alone = storm::alone();
    let mut storm = Storm::on_one_shard();
    (0..WORKERS + STARTERS).for_each(|_| storm.start(Habit::Keep));
    let mut recoveries = Vec::new();
    for _ in 0..320 {
        recoveries.push(storm.kill_one());
        storm.start(Habit::Keep);
    }
    storm.kill_all();
    storm.check();
    let repairs = storm.repairs();
    assert!(repairs > 0, "no kill met a process that held the lock");
    recoveries.sort_unstable();
    let late = recoveries.iter().filter(|&&recovery| recovery > RECOVERY).count();
    let (median, longest) = (recoveries[recoveries.len() / 2], recoveries[recoveries.len() - 1]);
    eprintln!(
        "{} kills, {repairs} of them with the lock held; the others went on after {median:?} \
         (median) and {longest:?} (longest), {late} times after {RECOVERY:?}; {}",
        recoveries.len(),
        storm.report()
    );
    assert!(late * 20 <= recoveries.len(), "{late} recoveries were late: {recoveries:?}");
    assert!(longest < LONGEST_RECOVERY);
}

#[test]
fn a_storm_of_deaths_at_any_write_loses_nothing_that_was_answered() {
    let _alone = storm::alone();
    let mut storm = Storm::on_one_shard();
    let mut random = Random::new();
    let mut dying = || Habit::DieAfter(random.below(3000));
    (0..WORKERS + STARTERS).for_each(|_| storm.start(dying()));
    let mut deaths = 0;
    while deaths < 200 {
        let died = storm.wait_for_deaths();
        deaths += died;
        (0..died).for_each(|_| storm.start(dying()));
    }
    deaths += storm.wait_for_all_deaths();
    storm.check();
    let repairs = usize::try_from(storm.repairs()).unwrap();
    eprintln!("{deaths} deaths, {repairs} repairs; {}", storm.report());
    // Each died with the lock in its hands. Who died in the middle of a repair has not made it.
    assert!(repairs <= deaths && repairs > deaths / 2, "{repairs} repairs after {deaths} deaths");
}

#[test]
fn processes_that_die_while_they_undo_what_another_left_lose_nothing() {
    let mut storm = Storm::on_one_shard();
    let mut random = Random::new();
    for number in 0..40 {
        // One leaves a change half done, the next does not get far with the repair.
        let writes = if number % 2 == 0 { 3000 } else { 12 };
        storm.start(Habit::DieAfter(random.below(writes)));
        assert_eq!(storm.wait_for_all_deaths(), 1);
    }
    storm.check();
    let repairs = storm.repairs();
    eprintln!("40 deaths, {repairs} repairs; {}", storm.report());
    assert!(repairs < 40, "nobody died in the middle of a repair");
}

/// Has someone ask a store that somebody else holds; says how long it took to be refused.
fn wait_for_refusal(mut store: ShmStore) -> Duration {
    let (sender, receiver) = std::sync::mpsc::channel();
    let started = Instant::now();
    // On a thread of its own, so that the test ends also where this does not.
    std::thread::spawn(move || sender.send(store.counts(&[swarm(0)], NOON)));
    let outcome = receiver.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(matches!(outcome, Err(StoreError::WouldWait { .. })), "{outcome:?}");
    started.elapsed()
}

/// A process is stopped with the lock in its hands; the others are told so, and go on after `end`.
fn stop_one(end: fn(&mut Storm)) {
    let mut storm = Storm::on_one_shard();
    storm.start(Habit::StopAfter(2000));
    storm.workers[0].wait_until_stopped();
    storm.start(Habit::Keep);
    let waited = wait_for_refusal(storm.open());
    assert!(waited < Duration::from_secs(3), "it took {waited:?} to give up");
    wait_for("the other to be told", || storm.refused(1) > 0);
    assert_eq!(storm.answered(1), 0);
    let answered = storm.answered(0);
    end(&mut storm);
    wait_for("the other to go on", || storm.answered(1) > 20);
    eprintln!("busy after {waited:?}; {answered} steps were answered by who was stopped");
    storm.kill_all();
    announce(&mut storm.open(), step(2, 0), NOON);
    storm.count_as_answered(2, 1);
    storm.check();
}

#[test]
fn others_go_on_when_a_stopped_holder_is_killed() {
    stop_one(|storm| {
        storm.kill(0);
    });
}

#[test]
fn others_go_on_when_a_stopped_holder_goes_on() {
    stop_one(|storm| {
        let answered = storm.answered(0);
        storm.workers[0].go_on();
        wait_for("the stopped one to go on", || storm.answered(0) > answered + 1);
    });
}
