//! Who is asked when.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::protocol::{Scraped, ScrapedTorrent};

const NOW: Timestamp = Timestamp(1_700_000_000);
const INTERVAL: Seconds = Seconds(1800);
const DAY: u32 = 86_400;

fn entry(hash: u8, tracker: &str) -> External {
    External::new(InfoHash([hash; 20]), tracker.to_owned().try_into().unwrap(), true)
}

fn answer(hashes: &[u8]) -> ScrapeAnswer {
    let torrents = hashes.iter().map(|hash| ScrapedTorrent {
        complete: Some(1),
        incomplete: Some(2),
        downloaded: Some(3),
        ..ScrapedTorrent::without_figures(InfoHash([*hash; 20]))
    });
    let scraped = Scraped { torrents: torrents.collect(), ..Scraped::default() };
    ScrapeAnswer { asked: Vec::new(), from: None, took: Duration::ZERO, bytes: 0, scraped }
}

/// The entries after the only question that is due.
fn asked(
    entries: &[External],
    answer: Result<ScrapeAnswer, String>,
    now: Timestamp,
) -> Vec<External> {
    let [question] = due(entries, now).try_into().unwrap();
    question.answered(&answer, INTERVAL, now)
}

#[test]
fn what_nobody_has_approved_is_not_asked() {
    let unapproved = External { approved: false, ..entry(1, "http://a.example/announce") };
    assert!(due(&[unapproved], NOW).is_empty());
}

#[test]
fn a_tracker_is_asked_once_for_all_its_torrents_and_then_after_an_interval() {
    let urls = ["http://a.example/announce", "udp://b.example:1/announce"];
    let entries = [entry(1, urls[0]), entry(2, urls[1]), entry(3, urls[0])];
    let questions = due(&entries, NOW);
    let sizes: BTreeMap<_, _> =
        questions.iter().map(|it| (it.url.as_ref().unwrap().as_str(), it.entries.len())).collect();
    assert_eq!(sizes, [("http://a.example/scrape", 2), (urls[1], 1)].into());
    let after = asked(&[entry(1, urls[0])], Ok(answer(&[1])), NOW);
    let figures = ExternalFigures { complete: 1, incomplete: 2, downloaded: Some(3), at: NOW };
    assert_eq!((after[0].figures, after[0].asked_at), (Some(figures), Some(NOW)));
    // A torrent that is added does not bring it forward.
    let more = [&after[..], &[entry(9, urls[0])]].concat();
    assert!(due(&more, NOW + Seconds(INTERVAL.0 - 1)).is_empty());
    assert_eq!(due(&more, NOW + INTERVAL)[0].entries.len(), 2);
}

#[test]
fn a_tracker_that_wants_to_be_left_alone_is_for_a_day_at_most() {
    for (wanted, next) in [(60, INTERVAL.0), (7200, 7200), (10 * DAY, DAY)] {
        let mut answer = answer(&[1]);
        answer.scraped.min_request_interval = Some(Seconds(wanted));
        let after = asked(&[entry(1, "http://a.example/announce")], Ok(answer), NOW);
        assert_eq!(after[0].next_at, NOW + Seconds(next));
    }
}

#[test]
fn after_failures_a_tracker_is_asked_ever_less_and_keeps_its_figures() {
    let mut entries = asked(&[entry(1, "http://a.example/announce")], Ok(answer(&[1])), NOW);
    let figures = entries[0].figures;
    let mut waits = Vec::new();
    for _ in 0..9 {
        let now = entries[0].next_at;
        entries = asked(&entries, Err("silent".into()), now);
        waits.push(entries[0].next_at.since(now).0 / 1800);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 48, 48, 48]);
    assert_eq!((entries[0].figures, entries[0].fault.as_deref()), (figures, Some("silent")));
    let entries = asked(&entries, Ok(answer(&[1])), entries[0].next_at);
    assert_eq!((entries[0].failures, &entries[0].fault), (0, &None));
}

#[test]
fn failures_of_a_tracker_with_very_many_torrents_are_counted_together() {
    let mut entries: Vec<External> = (0..900_u16)
        .map(|number| {
            let mut entry = entry(0, "http://a.example/announce");
            entry.info_hash.0[..2].copy_from_slice(&number.to_be_bytes());
            entry
        })
        .collect();
    let (mut waits, mut now) = (Vec::new(), NOW);
    for number in 0..6 {
        let answer = if number == 4 { Ok(answer(&[1])) } else { Err("silent".to_owned()) };
        let after = asked(&entries, answer, now);
        assert_eq!(after.len(), MOST_TORRENTS);
        waits.push(after[0].next_at.since(now).0 / INTERVAL.0);
        now = after[0].next_at;
        let mut after: BTreeMap<_, _> = after.into_iter().map(|it| (it.info_hash, it)).collect();
        for entry in &mut entries {
            if let Some(new) = after.remove(&entry.info_hash) {
                *entry = new;
            }
        }
    }
    assert_eq!(waits, [1, 2, 4, 8, 1, 1]);
}

#[test]
fn a_torrent_that_the_tracker_does_not_know_is_no_failure_of_the_tracker() {
    let entries = [1, 2].map(|hash| entry(hash, "http://a.example/announce"));
    let after = asked(&entries, Ok(answer(&[1])), NOW);
    let unknown = after.iter().find(|it| it.info_hash == InfoHash([2; 20])).unwrap();
    assert!(unknown.fault.as_ref().unwrap().contains("no figures") && unknown.failures == 0);
    assert_eq!((unknown.figures, unknown.next_at), (None, NOW + INTERVAL));
}

#[test]
fn a_clock_that_was_wrong_keeps_no_tracker_away() {
    let far = External { next_at: NOW + Seconds(DAY + 1), ..entry(1, "http://a.example/announce") };
    assert_eq!(due(&[far], NOW).len(), 1);
    let near = External { next_at: NOW + Seconds(DAY), ..entry(1, "http://a.example/announce") };
    assert!(due(&[near], NOW).is_empty());
}

#[test]
fn of_many_torrents_and_trackers_those_come_first_that_have_waited_longest() {
    let many = (0..=u8::MAX).flat_map(|high| [(high, 0), (high, 1)]);
    let entries: Vec<External> = many
        .map(|(high, low)| {
            let mut entry = entry(high, "http://a.example/announce");
            entry.info_hash.0[0] = low;
            let waited = u64::from(high) * 2 + u64::from(low);
            External { asked_at: Some(Timestamp(1000 - waited)), ..entry }
        })
        .collect();
    let questions = due(&entries, NOW);
    assert_eq!(questions[0].entries.len(), MOST_TORRENTS);
    assert!(questions[0].entries.iter().all(|it| it.asked_at < Some(Timestamp(1000 - 211))));
    let trackers: Vec<External> = (0..1000_u64)
        .map(|number| External {
            next_at: Timestamp(1000 - number),
            ..entry(1, &format!("http://a.example/{number}/announce"))
        })
        .collect();
    let questions = due(&trackers, NOW);
    assert_eq!(questions.len(), MOST_TRACKERS);
    assert!(questions[0].url.as_ref().unwrap().as_str().contains("/999/"));
}

proptest! {
    #[test]
    fn nobody_is_asked_before_its_time_and_nobody_waits_for_more_than_a_day(
        states in prop::collection::vec((any::<u8>(), 0..5_u8, 0..200_000_u64, any::<u32>()), 0..40),
        interval: u32,
        fails: bool,
    ) {
        let entries: Vec<External> = states.iter().map(|&(hash, tracker, next, failures)| External {
            next_at: Timestamp(NOW.0 - 100_000 + next),
            failures,
            ..entry(hash, &format!("http://a.example/{tracker}/announce"))
        }).collect();
        for question in due(&entries, NOW) {
            let answer = if fails { Err("silent".to_owned()) } else { Ok(answer(&[1, 2])) };
            let after = question.answered(&answer, Seconds(interval), NOW);
            for entry in &after {
                prop_assert!(entry.next_at <= NOW + LONGEST);
                prop_assert!(interval == 0 || entry.next_at > NOW);
                prop_assert_eq!(entry.failures > 0, fails);
            }
            let all_are_one = after.iter().all(|it| it.tracker == after[0].tracker);
            prop_assert!(all_are_one);
            prop_assert_eq!(interval == 0 || due(&after, NOW).is_empty(), true);
        }
    }
}
