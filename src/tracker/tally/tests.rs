//! What is counted, and that threads and processes lose nothing of it.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::thread;

use super::*;

const NOW: Timestamp = Timestamp(1_700_000_000);

fn file_in(folder: &std::path::Path) -> TallyFile {
    let text = "store.path = '../peers.db'";
    let loaded = crate::config::LoadedConfig::parse(text, &folder.join("conf/tracker.toml"));
    TallyFile::of(&loaded.unwrap())
}

#[test]
fn each_kind_is_counted_in_a_place_of_its_own() {
    let tally = Tally::default();
    let events = [Event::Started, Event::Completed, Event::Stopped, Event::Paused];
    let addresses = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let mut all: Vec<Counted> = events.map(Counted::Event).to_vec();
    all.extend(addresses.map(|address| Counted::Announce(Some(address))));
    all.extend([Counted::Scrape, Counted::FullScrape(1000), Counted::Page]);
    all.extend(Refusal::RULES.map(Counted::Refused));
    all.extend(TIMES.map(|most| Counted::Took(Duration::from_micros(most))));
    all.push(Counted::Took(Duration::from_secs(7)));
    let places: Vec<usize> = all.iter().filter_map(|counted| counted.place()).collect();
    let different: std::collections::BTreeSet<usize> = places.iter().copied().collect();
    assert_eq!((places.len(), different.len()), (all.len(), all.len()));
    assert!(different.iter().all(|place| *place < PLACES && *place != place::MICROSECONDS));
    all.iter().for_each(|counted| tally.count(*counted));
    for nothing in [Counted::Announce(None), Counted::Event(Event::None), Counted::Refused("?")] {
        tally.count(nothing);
    }
    let counts = tally.counts();
    assert_eq!((counts.announces(), counts.scrapes(), counts.full_scrapes()), ([1, 1], 1, 1));
    assert_eq!(counts.full_scrape_bytes(), 1000);
    assert_eq!((counts.pages(), counts.times()), (1, [1; TIMES.len() + 1]));
    assert!(counts.events().iter().all(|(_, count)| *count == 1));
    assert!(counts.refused().all(|(_, count)| count == 1));
    assert_eq!(counts.microseconds(), TIMES.iter().sum::<u64>() + 7_000_000);
}

#[test]
fn threads_and_processes_lose_nothing() {
    let home = tempfile::tempdir().unwrap();
    let file = file_in(home.path());
    assert_eq!(file.read().unwrap(), None);
    // Each of these stands for a process.
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let tallies = Tallies::default();
                thread::scope(|scope| {
                    for _ in 0..3 {
                        let tally = tallies.of_a_thread();
                        scope.spawn(move || (0..5000).for_each(|_| tally.count(Counted::Scrape)));
                    }
                    (0..50).for_each(|_| tallies.carry_over(&file, NOW).unwrap());
                });
                while !tallies.waiting().threads.is_empty() || !tallies.waiting().left.is_empty() {
                    tallies.carry_over(&file, NOW).unwrap();
                }
            });
        }
    });
    let (since, counts) = file.read().unwrap().unwrap();
    assert_eq!((since, counts.scrapes()), (NOW, 4 * 3 * 5000));
}

#[test]
fn what_cannot_be_written_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let missing = home.path().join("later");
    let tallies = Tallies::default();
    let tally = tallies.of_a_thread();
    tally.count(Counted::Page);
    tallies.carry_over(&file_in(&missing), NOW).unwrap();
    drop(tally);
    tallies.carry_over(&file_in(&missing), NOW).unwrap();
    fs::create_dir(&missing).unwrap();
    let held = file_in(&missing);
    held.add(&Counts::default(), NOW).unwrap();
    let lock = fs::File::open(missing.join("peers.db.tally")).unwrap();
    lock.lock().unwrap();
    tallies.carry_over(&held, NOW).unwrap();
    assert_eq!(held.read().unwrap().unwrap().1.pages(), 0);
    lock.unlock().unwrap();
    tallies.carry_over(&held, NOW).unwrap();
    tallies.carry_over(&held, NOW).unwrap();
    assert_eq!(held.read().unwrap().unwrap().1.pages(), 1);
}

#[test]
fn what_is_no_tally_is_begun_anew_and_what_is_no_file_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let (file, path) = (file_in(home.path()), home.path().join("peers.db.tally"));
    let tally = Tally::default();
    tally.count(Counted::Page);
    for content in [&b""[..], b"tracker tally 1\n", &[0; 4096], b"tracker tally 9\n"] {
        fs::write(&path, content).unwrap();
        assert_eq!(file.read().unwrap(), None);
        assert!(file.add(&tally.counts(), NOW).unwrap());
        assert_eq!(file.read().unwrap().unwrap(), (NOW, tally.counts()));
    }
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(home.path().join("other"), &path).unwrap();
    let problem = file.add(&tally.counts(), NOW).unwrap_err().to_string();
    assert!(problem.contains("peers.db.tally") && problem.contains("it is a link"), "{problem}");
    assert!(!home.path().join("other").exists());
}
