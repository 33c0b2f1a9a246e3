//! Which trackers are asked when, and what an answer makes of the entries of one. Pure.

use std::collections::HashMap;

use super::scrape::{ScrapeAnswer, ScrapeFailed};
use crate::catalog::{External, ExternalFigures};
use crate::platform::order::Order as _;
use crate::platform::terminal::is_harmful;
use crate::protocol::{InfoHash, ScrapeFault, Seconds, Timestamp, Url};

/// No tracker waits longer, whatever it says and however often it fails.
const LONGEST: Seconds = Seconds(24 * 60 * 60);

/// Torrents that one tracker is asked about at a time: a few requests.
const MOST_TORRENTS: usize = 300;

/// Trackers that are asked at a time.
const MOST_TRACKERS: usize = 200;

/// One tracker, and the entries that it is asked about now.
#[derive(Debug)]
pub(super) struct Question {
    /// Its scrape URL; `None` where it has none (BEP 48).
    pub(super) url: Option<Url>,
    pub(super) entries: Vec<External>,
    /// How often in a row it has failed, whichever entries it was asked about.
    failures: u32,
}

impl Question {
    pub(super) fn info_hashes(&self) -> Vec<InfoHash> {
        self.entries.iter().map(|entry| entry.info_hash).collect()
    }

    /// The entries as they are after an answer.
    pub(super) fn answered(
        &self,
        answer: &Result<ScrapeAnswer, String>,
        interval: Seconds,
        now: Timestamp,
    ) -> Vec<External> {
        let mut entries = self.entries.clone();
        match answer {
            Ok(answer) => {
                let wanted = answer.scraped.min_request_interval.unwrap_or_default();
                let next_at = now + interval.max(wanted).min(LONGEST);
                let figures = figures(answer, now);
                for entry in &mut entries {
                    entry.failures = 0;
                    entry.next_at = next_at;
                    match figures.get(&entry.info_hash) {
                        Some(&figures) => (entry.figures, entry.fault) = (Some(figures), None),
                        None => entry.fault = Some(unknown(answer)),
                    }
                }
            }
            Err(fault) => {
                let failures = self.failures.saturating_add(1);
                let next_at = now + back_off(interval, failures);
                for entry in &mut entries {
                    entry.failures = failures;
                    entry.next_at = next_at;
                    entry.fault = Some(fault.clone());
                }
            }
        }
        entries.iter_mut().for_each(|entry| entry.asked_at = Some(now));
        entries
    }
}

/// Why a scrape brought nothing, as the entries keep it: in one line, and not without end.
pub(super) fn fault(failed: &ScrapeFailed) -> String {
    failed.to_string().chars().filter(|it| !is_harmful(*it)).take(300).collect()
}

/// The questions that are due: each tracker whose entries have all waited as long as they must, those first that have
/// waited longest. Only what the owner has approved counts.
pub(super) fn due(entries: &[External], now: Timestamp) -> Vec<Question> {
    let mut by_tracker: HashMap<&str, Vec<&External>> = HashMap::new();
    for entry in entries.iter().filter(|entry| entry.approved) {
        by_tracker.entry(entry.tracker.as_str()).or_default().push(entry);
    }
    let mut due: Vec<(Timestamp, &str, Vec<&External>)> = by_tracker
        .into_iter()
        .filter_map(|(tracker, entries)| {
            // One that was added just now does not have its tracker asked before its time.
            let next = entries.iter().map(|entry| waits_until(entry, now)).max()?;
            (next <= now).then_some((next, tracker, entries))
        })
        .collect();
    due.order_by_key(|(next, tracker, _)| (*next, *tracker));
    due.truncate(MOST_TRACKERS);
    due.into_iter().map(|(_, _, entries)| question(entries)).collect()
}

/// Until when an entry has its tracker wait. A time that lies further ahead than any wait was written by a clock that
/// was wrong.
fn waits_until(entry: &External, now: Timestamp) -> Timestamp {
    if entry.next_at > now + LONGEST { Timestamp::default() } else { entry.next_at }
}

/// Of a tracker with very many torrents, those that were not asked about for longest.
fn question(mut entries: Vec<&External>) -> Question {
    entries.order_by_key(|entry| (entry.asked_at, entry.info_hash));
    // Those that were asked about last know how that went.
    let last = entries.iter().max_by_key(|entry| (entry.asked_at, entry.failures));
    let failures = last.map(|entry| entry.failures).unwrap_or_default();
    entries.truncate(MOST_TORRENTS);
    let url = entries.first().and_then(|entry| entry.tracker.scrape_url());
    Question { url, entries: entries.into_iter().cloned().collect(), failures }
}

/// An interval after the first failure, twice as long after each further one, up to a day.
fn back_off(interval: Seconds, failures: u32) -> Seconds {
    let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    Seconds(interval.0.max(1).saturating_mul(factor)).min(LONGEST)
}

fn figures(answer: &ScrapeAnswer, at: Timestamp) -> HashMap<InfoHash, ExternalFigures> {
    let torrents = answer.scraped.torrents.iter().filter_map(|torrent| {
        let (complete, incomplete) = (torrent.complete?, torrent.incomplete?);
        let downloaded = torrent.downloaded;
        Some((torrent.info_hash, ExternalFigures { complete, incomplete, downloaded, at }))
    });
    torrents.collect()
}

/// Why an answer has no figures of a torrent.
fn unknown(answer: &ScrapeAnswer) -> String {
    let unfinished = answer.scraped.faults.iter().find(|(it, ..)| *it == ScrapeFault::Unfinished);
    let unfinished = unfinished.map(|(fault, about, _)| format!("{fault}: {about}"));
    unfinished.unwrap_or_else(|| "the tracker gives no figures of this torrent".into())
}

#[cfg(test)]
mod tests;
