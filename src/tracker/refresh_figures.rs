//! What the last refresh found, all torrents together and the busiest ones: a small file beside the catalogue, for programs
//! that ask often. So nothing is walked for them.

use std::collections::HashSet;
use std::io::{self, Write as _};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::report::Row;
use super::{Report, Tracker, Turn};
use crate::catalog::{Catalog, CatalogError};
use crate::config::LoadedConfig;
use crate::platform::files;
use crate::platform::log::{self, Level};
use crate::platform::publication::TemporaryFile;
use crate::protocol::{InfoHash, Timestamp};

/// Bytes of the file that are read at most: far more than those of the busiest torrents.
const MOST_BYTES: u64 = 1 << 20;

/// The figures of a refresh.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct RefreshFigures {
    /// When it was, in seconds since 1970.
    pub at: u64,
    /// How long it took, until announces followed what it found.
    pub milliseconds: u64,
    /// Listed torrents.
    pub torrents: u64,
    /// Swarms that have peers: of these torrents, and those that an open tracker has besides. All figures below are of both.
    pub swarms: u64,
    /// Of these the latter.
    pub other_swarms: u64,
    /// Peers that have everything.
    pub seeders: u64,
    /// Peers that want data.
    pub leechers: u64,
    /// Peers that have what they want.
    pub partial_seeds: u64,
    /// Completed downloads ever.
    pub completed: u64,
    /// Bytes sent by all peers ever.
    pub uploaded: u64,
    /// Bytes received by all peers ever.
    pub downloaded: u64,
    /// The families of listed torrents' peers; `None` where they were not looked at.
    pub families: Option<Families>,
    /// The torrents with the most peers, those with the most first; as many as the owner wants.
    pub busiest: Vec<BusyTorrent>,
}

/// Peers by the families of their addresses, as far as they were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Families {
    /// IPv4 only.
    pub v4: u64,
    /// IPv6 only.
    pub v6: u64,
    /// Both.
    pub both: u64,
    /// How many peers there were, of which these are some.
    pub all: u64,
}

/// One of the busiest torrents.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct BusyTorrent {
    /// Its canonical info-hash, in hexadecimal digits.
    pub info_hash: String,
    /// Peers that have everything.
    pub seeders: u64,
    /// Peers that want data.
    pub leechers: u64,
    /// Completed downloads ever.
    pub completed: u64,
}

impl RefreshFigures {
    /// What a refresh has found, and how long it took.
    #[must_use]
    pub fn of(report: &Report, loaded: &LoadedConfig, took: Duration) -> Self {
        let (listed, others) = (&report.totals, &report.others);
        let most = usize::try_from(loaded.config.access.metrics_torrents).unwrap_or(usize::MAX);
        let length = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let with_peers = report.rows.iter().filter(|row| row.figures.peers() > 0).count();
        let sent = listed.transferred.saturating_sub(listed.downloaded);
        Self {
            at: report.at.0,
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            torrents: length(report.rows.len()),
            swarms: length(with_peers).saturating_add(others.swarms),
            other_swarms: others.swarms,
            seeders: listed.seeders.saturating_add(others.seeders),
            leechers: listed.leechers.saturating_add(others.leechers),
            partial_seeds: listed.partial_seeds.saturating_add(others.partial_seeds),
            completed: listed.completed.saturating_add(others.completed),
            uploaded: sent.saturating_add(others.traffic.uploaded),
            downloaded: listed.downloaded.saturating_add(others.traffic.downloaded),
            families: report.shares.as_ref().map(|shares| Families {
                v4: shares.families.v4,
                v6: shares.families.v6,
                both: shares.families.both,
                all: shares.all,
            }),
            busiest: busiest(&report.rows, most),
        }
    }

    /// Puts them in the place of those before. To be called with the turn in hand.
    ///
    /// # Errors
    /// What the kernel says; those before stay then.
    pub fn write(&self, loaded: &LoadedConfig, _turn: &Turn) -> io::Result<()> {
        let path = loaded.refresh_figures();
        let mut file = TemporaryFile::of_only_writer(&path)?;
        file.file.write_all(&serde_json::to_vec(self)?)?;
        // A power failure takes nothing that the next refresh does not write again.
        file.close().put_in_place_of(&path)
    }

    /// Reads them; `None` where no refresh was, or they cannot be read, which the log says.
    #[must_use]
    pub fn read(loaded: &LoadedConfig) -> Option<Self> {
        let path = loaded.refresh_figures();
        let read = files::read_linked(&path, MOST_BYTES);
        let outcome = match read {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return None,
            read => read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(Into::into)),
        };
        let complain = |problem: &io::Error| {
            let path = path.display();
            let said = format!("cannot read {path}: {problem}; run `tracker refresh --force`");
            log::line_once_a_minute(Level::Warning, &said);
        };
        outcome.inspect_err(complain).ok()
    }
}

/// Those with the most peers, without those that have none.
fn busiest(rows: &[Row], most: usize) -> Vec<BusyTorrent> {
    let mut rows: Vec<&Row> = rows.iter().filter(|row| row.figures.peers() > 0).collect();
    let by_peers = |a: &&Row, b: &&Row| {
        let peers = b.figures.peers().cmp(&a.figures.peers());
        peers.then_with(|| a.torrent.canonical.cmp(&b.torrent.canonical))
    };
    if rows.len() > most && most > 0 {
        rows.select_nth_unstable_by(most - 1, by_peers);
    }
    rows.truncate(most);
    rows.sort_unstable_by(by_peers);
    let busy = |row: &Row| BusyTorrent {
        info_hash: row.torrent.canonical.to_string(),
        seeders: row.figures.seeders,
        leechers: row.figures.leechers,
        completed: row.figures.completed,
    };
    rows.into_iter().map(busy).collect()
}

impl Tracker {
    /// Those of the torrents that everybody may know of now.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn still_listed(
        &self,
        mut torrents: Vec<BusyTorrent>,
        now: Timestamp,
    ) -> Result<Vec<BusyTorrent>, CatalogError> {
        if torrents.is_empty() {
            return Ok(torrents);
        }
        let hash = |it: &BusyTorrent| InfoHash::from_hex_of_any(it.info_hash.as_bytes());
        let hashes: Vec<InfoHash> = torrents.iter().filter_map(hash).collect();
        let mut known =
            Catalog::read(&self.loaded.config.paths.catalog)?.torrents_named(&hashes)?;
        known.retain(|it| it.missing_since.is_none() && it.is_listed(now) && !self.denies(it));
        let listed: HashSet<InfoHash> = known.iter().map(|torrent| torrent.canonical).collect();
        torrents.retain(|torrent| hash(torrent).is_some_and(|hash| listed.contains(&hash)));
        Ok(torrents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Torrent;
    use crate::protocol::Seconds;
    use crate::tracker::Figures;

    fn row(number: u8, seeders: u64) -> Row {
        let torrent = Torrent::by_hash(InfoHash([number; 20]), Timestamp(0));
        Row { torrent, figures: Figures { seeders, ..Figures::default() }, age: Seconds(0) }
    }

    #[test]
    fn the_busiest_are_those_with_the_most_peers() {
        let rows: Vec<Row> = (0..50).map(|number| row(number, u64::from(number) % 10)).collect();
        let seeders = |most| -> Vec<u64> {
            busiest(&rows, most).iter().map(|torrent| torrent.seeders).collect()
        };
        assert_eq!(seeders(0), [0; 0]);
        assert_eq!(seeders(7), [9, 9, 9, 9, 9, 8, 8]);
        assert_eq!(seeders(1000).len(), 45, "those without peers are left out");
        let first = busiest(&rows, 2);
        assert!(first[0].info_hash < first[1].info_hash, "{first:?}");
    }
}
