//! `tracker scrape`: what any tracker says about torrents, and what is wrong with how it says it.

use std::time::Duration;

use serde_json::{Value, json};

use super::torrent::parse_info_hash;
use super::{CommandError, World};
use crate::platform::terminal::Harmless;
use crate::protocol::{InfoHash, ScrapedTorrent, Url};
use crate::site::{bytes, counted};
use crate::tracker::external::{Bounds, ScrapeAnswer, Targets, scrape};

/// Whoever types a URL may ask whom they like, also in their own network, and for all torrents of a large tracker.
const BOUNDS: Bounds =
    Bounds { bytes: 16 << 20, time: Duration::from_secs(30), targets: Targets::Any };

/// Ask any tracker about torrents, and say what is wrong with its reply
///
/// Over http, https (through curl) and udp. No redirect is followed.
#[derive(Debug, clap::Args)]
pub struct ScrapeArguments {
    /// The tracker's announce URL, or its scrape URL
    #[arg(value_parser = url)]
    url: Url,
    /// Info-hashes (40 hexadecimal digits, or 64 for version 2); without any, all torrents of the tracker (not over
    /// udp)
    #[arg(value_name = "HASH", value_parser = info_hash)]
    info_hashes: Vec<InfoHash>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn url(text: &str) -> Result<Url, String> {
    Url::try_from(text.to_owned()).map_err(|problem| problem.to_string())
}

fn info_hash(text: &str) -> Result<InfoHash, String> {
    parse_info_hash(text).ok_or_else(|| "write 40 hexadecimal digits, or 64".into())
}

impl ScrapeArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        // What is neither an announce URL nor one of a tracker that cannot be scraped is a scrape URL.
        let url = self.url.scrape_url().unwrap_or(self.url);
        match scrape(&url, &self.info_hashes, &BOUNDS) {
            Ok(answer) if self.json => world.print_json(&answer_json(&url, &answer)),
            Ok(answer) => print_answer(&url, &self.info_hashes, &answer, world),
            Err(problem) => {
                let problem = problem.to_string();
                if self.json {
                    world.print_json(&json!({ "url": url.as_str(), "problem": problem }))?;
                }
                Err(CommandError::Failed(problem))
            }
        }
    }
}

fn print_answer(
    url: &Url,
    info_hashes: &[InfoHash],
    answer: &ScrapeAnswer,
    world: &mut World<'_>,
) -> Result<(), CommandError> {
    let asked = match info_hashes.len() {
        0 => "all torrents".into(),
        count => counted(count, "torrent"),
    };
    let requests = match answer.asked.len() {
        1 => String::new(),
        count => format!(", in {}", counted(count, "request")),
    };
    world.print(format_args!("{url} was asked for {asked}{requests}\n"))?;
    let from = answer.from.map_or_else(|| "it".into(), |from| from.to_string());
    let (took, bytes) = (answer.took.as_millis(), counted(answer.bytes, "byte"));
    world.print(format_args!("{from} answered within {took} ms, with {bytes}\n"))?;
    for (key, value) in &answer.scraped.others {
        world.print(format_args!("{}: {}\n", Harmless(key), Harmless(value)))?;
    }
    for torrent in &answer.scraped.torrents {
        print_torrent(torrent, world)?;
    }
    world.print(format_args!("{}\n", counted(answer.scraped.torrents.len(), "torrent")))?;
    for (fault, about, count) in answer.scraped.faults.iter() {
        let about =
            if about.is_empty() { String::new() } else { format!(" ({})", Harmless(about)) };
        let times = if count > 1 { format!(", {count} times") } else { String::new() };
        world.print(format_args!("wrong: {fault}{about}{times}\n"))?;
    }
    Ok(())
}

fn print_torrent(torrent: &ScrapedTorrent, world: &mut World<'_>) -> Result<(), CommandError> {
    let count = |count: Option<u32>| count.map_or_else(|| "?".into(), |count| count.to_string());
    let others = torrent.others.iter().filter_map(|other| explained(other, &torrent.others));
    let others: String = others.map(|other| format!("  {other}")).collect();
    world.print(format_args!(
        "{}  seeders {}  leechers {}  completed {}{}  {}\n",
        torrent.info_hash,
        count(torrent.complete),
        count(torrent.incomplete),
        count(torrent.downloaded),
        Harmless(others),
        Harmless(torrent.name.as_deref().unwrap_or_default()),
    ))
}

/// A key that the BEP does not know, as people read it; `None` for the unit of another one. PHPBTTracker+ and those that
/// say what it says have some.
fn explained((key, value): &(String, String), all: &[(String, String)]) -> Option<String> {
    let unit = |name: &str| all.iter().find(|(key, _)| key == name).map(|(_, unit)| unit.as_str());
    let amount = |unit: Option<&str>| match (value.parse(), unit) {
        (Ok(count), Some("B")) => bytes(count, 2),
        (_, Some(unit)) => format!("{value} {unit}"),
        (_, None) => value.clone(),
    };
    match key.as_str() {
        "averagedone" => Some(format!("average progress {value} %")),
        "speed" => Some(format!("speed {}/s", amount(unit("speedunit")))),
        "transferred" => Some(format!("transferred {}", amount(unit("transferredunit")))),
        "speedunit" if unit("speed").is_some() => None,
        "transferredunit" if unit("transferred").is_some() => None,
        _ => Some(format!("{key} {value}")),
    }
}

fn answer_json(url: &Url, answer: &ScrapeAnswer) -> Value {
    let scraped = &answer.scraped;
    let faults = scraped.faults.iter().map(|(fault, about, count)| {
        json!({ "fault": fault.to_string(), "about": about, "count": count })
    });
    json!({
        "url": url.as_str(),
        "requests": answer.asked,
        "address": answer.from.map(|from| from.to_string()),
        "milliseconds": u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX),
        "bytes": answer.bytes,
        "min_request_interval": scraped.min_request_interval.map(|seconds| seconds.0),
        "others": others_json(&scraped.others),
        "torrents": scraped.torrents.iter().map(torrent_json).collect::<Vec<_>>(),
        "faults": faults.collect::<Vec<_>>(),
    })
}

fn torrent_json(torrent: &ScrapedTorrent) -> Value {
    json!({
        "info_hash": torrent.info_hash.to_string(),
        "complete": torrent.complete,
        "incomplete": torrent.incomplete,
        "downloaded": torrent.downloaded,
        "name": torrent.name,
        "others": others_json(&torrent.others),
    })
}

fn others_json(others: &[(String, String)]) -> Value {
    others.iter().map(|(key, value)| (key.clone(), value.clone())).collect::<Value>()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::explained;
    use crate::cli::Outcome;
    use crate::cli::tests::run_at;

    const HASH: &str = "0123456789abcdef0123456789abcdef01234567";

    fn in_words(others: &[(&str, &str)]) -> Vec<String> {
        let others: Vec<_> =
            others.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        others.iter().filter_map(|other| explained(other, &others)).collect()
    }

    #[test]
    fn keys_that_trackers_add_are_explained() {
        let ours = [("averagedone", "62"), ("speed", "1536"), ("speedunit", "B")];
        assert_eq!(in_words(&ours), ["average progress 62 %", "speed 1.50 KiB/s"]);
        let theirs = [("speed", "1.4"), ("speedunit", "KB"), ("transferred", "7"), ("uptime", "9")];
        assert_eq!(in_words(&theirs), ["speed 1.4 KB/s", "transferred 7", "uptime 9"]);
        assert_eq!(in_words(&[("transferredunit", "GB")]), ["transferredunit GB"]);
    }

    #[test]
    fn what_cannot_be_asked_says_what_can() {
        let run = |arguments: &[&str]| run_at(Path::new("/nowhere"), arguments);
        for (arguments, said) in [
            (&["scrape"][..], "URL"),
            (&["scrape", "tracker.example"], "write one such as"),
            (&["scrape", "http://a.example/announce", "abc"], "40 hexadecimal digits"),
        ] {
            let ran = run(arguments);
            assert_eq!(ran.outcome, Outcome::WrongUsage, "{arguments:?}");
            assert!(ran.errors.contains(said), "{}", ran.errors);
        }
        for (url, said) in [
            ("udp://127.0.0.1:1", "name info-hashes"),
            ("wss://127.0.0.1/announce", "http, https and udp"),
        ] {
            let ran = run(&["scrape", url]);
            assert!(ran.failure().contains(said), "{}", ran.errors);
        }
        assert!(run(&["scrape", "udp://127.0.0.1", HASH]).failure().contains("needs a port"));
        let told = run(&["scrape", "udp://127.0.0.1", HASH, "--json"]);
        let told: serde_json::Value = serde_json::from_str(&told.output).unwrap();
        assert!(told["problem"].as_str().unwrap().contains("needs a port"), "{told}");
    }
}
