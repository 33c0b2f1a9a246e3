//! How long it takes to take over a white list of a million info-hashes, and how fast, and in how much memory, a dump
//! of a gigabyte is read.
//!
//! `cargo bench --bench import` prints each of three rounds; `-- --quick` does a tenth of it.

// A benchmark that cannot be set up has failed.
#![allow(clippy::expect_used)]

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use sha1::{Digest, Sha1};
use tracker_cgi::catalog::{Author, Catalog, Import, ImportKind, Keep};
use tracker_cgi::config::{LoadedConfig, lay_out_missing};
use tracker_cgi::protocol::Timestamp;
use tracker_cgi::site::publish;
use tracker_cgi::tracker::{Quiet, Urgency};

const ROUNDS: usize = 3;
const NOW: Timestamp = Timestamp(1_700_000_000);

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (hashes, bytes) = if quick { (100_000, 100 << 20) } else { (1_000_000, 1 << 30) };
    // First, as memory that was used once is counted for good.
    for _ in 0..ROUNDS {
        a_dump(bytes);
    }
    let list = list_of(hashes);
    for _ in 0..ROUNDS {
        a_list(&list, hashes);
    }
}

/// A white list with so many info-hashes, in no order.
fn list_of(hashes: u32) -> Vec<u8> {
    let mut list = Vec::new();
    for number in 0..hashes {
        let hash = Sha1::digest(number.to_be_bytes());
        list.extend(hash.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()));
        list.push(b'\n');
    }
    list
}

fn a_list(list: &[u8], hashes: u32) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let loaded = site(folder.path());
    let begun = Instant::now();
    let import = Import::read(ImportKind::OpentrackerList, list, None, NOW).expect("a list");
    let read = begun.elapsed();
    let mut catalog = Catalog::open(&loaded.config.paths.catalog).expect("a catalogue");
    let author = Author { name: "bench", at: NOW };
    let taken = catalog
        .take_over(&import, "opentracker-list", Keep::All, &author, &mut |_| {})
        .expect("room for it");
    assert_eq!(taken.new, usize::try_from(hashes).expect("a number of torrents"));
    drop(catalog);
    let written = begun.elapsed() - read;
    publish(&loaded, Urgency::Now, &mut Quiet).expect("a refresh");
    let all = begun.elapsed();
    println!(
        "{hashes} info-hashes: read {read:.3?}, written {written:.3?} (together to reach: under 5 s); with policy \
         and pages {all:.3?}"
    );
}

fn site(folder: &Path) -> LoadedConfig {
    let mut loaded = LoadedConfig::built_in(folder);
    let config = &mut loaded.config;
    let at = |name: &str| folder.join(name);
    config.store.path = at("data/peers.db");
    config.paths.catalog = at("data/catalog.db");
    config.paths.policy = at("data/policy.snapshot");
    config.paths.torrents = at("www/torrents");
    config.paths.stats_fragment = at("www/torrents/bt_stats.inc");
    config.paths.rss_fragment = at("www/torrents/bt_rss.inc");
    lay_out_missing(&loaded).expect("a site");
    loaded
}

/// XBT's dump with a thousand torrents, and so many bytes of a log that nobody wants.
fn a_dump(bytes: usize) {
    let mut row =
        b"(1234567,3232235777,6881,0,'it\\'s \\\\ a text of a row; with (all), that it can hold'),"
            .to_vec();
    row.push(b'\n');
    let begin = "CREATE TABLE xbt_torrents (tid int, info_hash binary(20), completed int, flags int, mtime int, ctime int);
        CREATE TABLE xbt_announce_log (a int, b int, c int, d int, e text);\nINSERT INTO xbt_announce_log VALUES\n";
    let mut end = b"(1,2,3,4,'');\nINSERT INTO xbt_torrents VALUES\n".to_vec();
    for number in 0..1000 {
        end.extend_from_slice(format!("({number},0x{number:040x},42,0,5,6),\n").as_bytes());
    }
    end.extend_from_slice(b"(0,'',0,0,0,0);\n");
    let rows = Repeated { row: &row, at: 0, left: bytes / row.len() };
    let before = most_memory();
    let begun = Instant::now();
    let dump = begin.as_bytes().chain(rows).chain(&*end);
    let import = Import::read(ImportKind::Xbt, dump, None, NOW).expect("a dump");
    let took = begun.elapsed();
    assert_eq!((import.torrents.len(), import.skipped.count), (1000, 1));
    println!(
        "a dump of {} MiB: {took:.3?}, {:.0} MiB a second, {} KiB of memory more",
        bytes >> 20,
        rate(bytes, took),
        most_memory() - before
    );
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn rate(bytes: usize, took: Duration) -> f64 {
    bytes as f64 / 1_048_576.0 / took.as_secs_f64()
}

/// The most memory that this process has had, in KiB.
fn most_memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("what the kernel says");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the peak");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

/// The same row so many times.
struct Repeated<'a> {
    row: &'a [u8],
    at: usize,
    left: usize,
}

impl Read for Repeated<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < into.len() && self.left > 0 {
            let count = (self.row.len() - self.at).min(into.len() - done);
            into[done..done + count].copy_from_slice(&self.row[self.at..self.at + count]);
            (done, self.at) = (done + count, self.at + count);
            if self.at == self.row.len() {
                (self.at, self.left) = (0, self.left - 1);
            }
        }
        Ok(done)
    }
}
