//! The figures of a refresh: what TrackerCGI computed, with its slips mended. Pure arithmetic.

use std::collections::HashSet;

use super::{Load, PeerShares, Totals, Traffic};
use crate::catalog::{Period, StoreCounters, Torrent, UnlistedCounts, carry};
use crate::protocol::{Generation, InfoHash, ScrapeFigures, Seconds, Timestamp};
use crate::store::SwarmSummary;

/// What a refresh found, for those that show it.
#[derive(Clone, Debug)]
pub struct Report {
    /// When.
    pub at: Timestamp,
    /// Time since the refresh before; `None` at the first.
    pub since_last: Option<Seconds>,
    /// Seconds until the next one is due.
    pub next_in: Seconds,
    /// The torrents that stand in listings, in no order.
    pub rows: Vec<Row>,
    /// The torrents that their owner has retired and still shows, where there are pages for visitors.
    pub retired: Vec<Torrent>,
    /// How many more torrents there are that stand in no listing; nothing of them is in the figures.
    pub unlisted: UnlistedCounts,
    /// All rows together.
    pub totals: Figures,
    /// The swarms of an open tracker that no torrent of the catalogue names, together; nothing of them is in the totals.
    pub others: Totals,
    /// How busy the tracker was.
    pub load: Load,
    /// What the peers of the rows have in common; `None` where nobody shows it, or load is high.
    pub shares: Option<PeerShares>,
    /// What the owner should look at, a sentence each.
    pub messages: Vec<String>,
}

/// One torrent with its figures.
#[derive(Clone, Debug)]
pub struct Row {
    /// The torrent as the catalogue has it.
    pub torrent: Torrent,
    /// Its figures.
    pub figures: Figures,
    /// Time since it was seen first.
    pub age: Seconds,
}

impl Row {
    /// Whether nobody is known who has everything, neither a seeder nor a web seed.
    #[must_use]
    pub fn is_unseeded(&self) -> bool {
        self.figures.seeders == 0 && !self.torrent.has_web_seed
    }
}

/// The figures of one torrent or of all together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Average rate of a peer over the last period, bytes a second. Counts what was sent and what
    /// was received, so about each byte twice, as TrackerCGI does.
    pub rate: f64,
    /// Bytes a second that all peers together received over the last period.
    pub speed: f64,
    /// Average progress of those that download, 0 to 1; 0 when nobody lacks anything.
    pub progress: f64,
    /// Peers that have everything.
    pub seeders: u64,
    /// Peers that want data.
    pub leechers: u64,
    /// Of the leechers those that others cannot connect to; `None` where peers are not tried.
    pub unreachable: Option<u64>,
    /// Peers that have what they want.
    pub partial_seeds: u64,
    /// Bytes sent and received by all peers ever; each byte about twice, as TrackerCGI counts.
    pub transferred: u64,
    /// Bytes received by all peers ever: each byte once.
    pub downloaded: u64,
    /// Completed downloads ever.
    pub completed: u64,
    /// Bytes of the content.
    pub size: u64,
    /// Bytes that the peers here now still lack.
    pub left: u64,
}

impl Figures {
    /// All peers.
    #[must_use]
    pub fn peers(&self) -> u64 {
        self.seeders + self.leechers + self.partial_seeds
    }
}

/// More bytes than this the catalogue cannot hold; what is shown ends there too, so that a rate is never
/// taken from a sum that was cut short.
const MOST_BYTES: u64 = i64::MAX.cast_unsigned();

/// Figures of one torrent, and what the next refresh needs to know of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Computed {
    pub figures: Figures,
    pub period: Period,
}

/// Computes a torrent's figures from the catalogue's totals and its swarm, if it has one. `generation`
/// is the store's that the swarm's counters belong to.
pub(super) fn compute(
    torrent: &Torrent,
    swarm: Option<&SwarmSummary>,
    generation: Generation,
    since_last: Option<Seconds>,
) -> Computed {
    let counters = swarm.map(counters).unwrap_or_default();
    let (totals, _) = carry(torrent.totals, torrent.carried, generation, counters);
    let live_uploaded = swarm.map_or(0, |swarm| swarm.live_uploaded);
    let live_downloaded = swarm.map_or(0, |swarm| swarm.live_downloaded);
    let counts = swarm.map(|swarm| swarm.counts).unwrap_or_default();
    let downloaded = totals.downloaded.saturating_add(live_downloaded);
    let transferred = totals.uploaded.saturating_add(live_uploaded).saturating_add(downloaded);
    let transferred = transferred.min(MOST_BYTES);
    let figures = Figures {
        rate: 0.0,
        speed: 0.0,
        progress: progress(counts.leechers + counts.partial_seeds, swarm, torrent.size),
        seeders: counts.seeders.into(),
        leechers: counts.leechers.into(),
        unreachable: None,
        partial_seeds: counts.partial_seeds.into(),
        transferred,
        downloaded,
        completed: totals.completed,
        size: torrent.size,
        left: swarm.map_or(0, |swarm| swarm.left),
    };
    let expired = counters.expired.saturating_sub(torrent.carried.within(generation).expired);
    let before = torrent.period;
    let rate = since_last.map_or(0.0, |period| rate(&figures, before, expired, period));
    let speed = since_last.map_or(0.0, |period| speed(&figures, before, period));
    let period = Period { transferred, completed: totals.completed };
    Computed { figures: Figures { rate, speed, ..figures }, period }
}

/// The counters of a swarm in the form that the catalogue carries.
pub(super) fn counters(swarm: &SwarmSummary) -> StoreCounters {
    StoreCounters {
        completed: swarm.counts.completed,
        uploaded: swarm.departed_uploaded,
        downloaded: swarm.departed_downloaded,
        expired: swarm.expired,
    }
}

/// Bytes a second a peer: what was transferred in the period, shared among all who were there.
#[allow(clippy::cast_precision_loss)] // Shown with three digits.
fn rate(figures: &Figures, before: Period, expired: u64, period: Seconds) -> f64 {
    let transferred = figures.transferred.saturating_sub(before.transferred);
    let peers = (figures.completed.saturating_sub(before.completed))
        .saturating_add(expired)
        .saturating_add(figures.peers())
        .max(1);
    transferred as f64 / (peers as f64 * f64::from(period.0.max(1)))
}

/// Bytes a second of all peers: of what was sent and what was received in the period half, as that counts each byte twice.
#[allow(clippy::cast_precision_loss)] // Shown with three digits.
fn speed(figures: &Figures, before: Period, period: Seconds) -> f64 {
    let transferred = figures.transferred.saturating_sub(before.transferred);
    transferred as f64 / 2.0 / f64::from(period.0.max(1))
}

#[allow(clippy::cast_precision_loss)] // Shown with four digits.
fn progress(downloading: u32, swarm: Option<&SwarmSummary>, size: u64) -> f64 {
    let left = swarm.map_or(0, |swarm| swarm.left);
    if left == 0 || size == 0 {
        return 0.0;
    }
    (1.0 - left as f64 / (f64::from(downloading.max(1)) * size as f64)).clamp(0.0, 1.0)
}

/// What scrapes tell of a torrent.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Neither is negative or beyond a u64.
pub(super) fn scrape_figures(figures: &Figures) -> ScrapeFigures {
    ScrapeFigures {
        average_done: (figures.progress * 100.0).round() as u32,
        speed: figures.speed.round() as u64,
        transferred: figures.downloaded,
    }
}

/// Adds all rows up; the progress of the whole weighs each torrent by what its peers want.
#[allow(clippy::cast_precision_loss)] // Shown with four digits.
pub fn add_up<'a>(rows: impl IntoIterator<Item = &'a Figures>) -> Figures {
    let mut total = Figures::default();
    let mut wanted = 0.0;
    let mut peers = 0_u64;
    let mut rates = 0.0;
    for row in rows {
        let here = row.peers();
        peers += here;
        rates += row.rate * here as f64;
        total.speed += row.speed;
        wanted += (row.leechers + row.partial_seeds) as f64 * row.size as f64;
        total.seeders += row.seeders;
        total.leechers += row.leechers;
        total.partial_seeds += row.partial_seeds;
        if let Some(more) = row.unreachable {
            *total.unreachable.get_or_insert(0) += more;
        }
        total.transferred = total.transferred.saturating_add(row.transferred);
        total.downloaded = total.downloaded.saturating_add(row.downloaded);
        total.completed = total.completed.saturating_add(row.completed);
        total.size = total.size.saturating_add(row.size);
        total.left = total.left.saturating_add(row.left);
    }
    total.rate = if peers == 0 { 0.0 } else { rates / peers as f64 };
    if total.left > 0 && wanted > 0.0 {
        total.progress = (1.0 - total.left as f64 / wanted).clamp(0.0, 1.0);
    }
    total
}

/// The age of a torrent.
pub(super) fn row(torrent: Torrent, figures: Figures, now: Timestamp) -> Row {
    let age = now.since(torrent.first_seen);
    Row { torrent, figures, age }
}

/// The swarms with peers that no torrent of the catalogue names and no list denies, together.
pub(super) fn other_swarms<'a>(
    swarms: impl Iterator<Item = &'a SwarmSummary>,
    known: &HashSet<InfoHash>,
) -> Totals {
    let others = swarms.filter(|swarm| !known.contains(&swarm.info_hash));
    others.fold(Totals::default(), |sum, swarm| Totals {
        swarms: sum.swarms + u64::from(swarm.counts.peers() > 0),
        seeders: sum.seeders + u64::from(swarm.counts.seeders),
        leechers: sum.leechers + u64::from(swarm.counts.leechers),
        unreachable: None,
        partial_seeds: sum.partial_seeds + u64::from(swarm.counts.partial_seeds),
        completed: sum.completed.saturating_add(swarm.counts.completed),
        traffic: Traffic {
            uploaded: (sum.traffic.uploaded)
                .saturating_add(swarm.live_uploaded)
                .saturating_add(swarm.departed_uploaded),
            downloaded: (sum.traffic.downloaded)
                .saturating_add(swarm.live_downloaded)
                .saturating_add(swarm.departed_downloaded),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Carried, Totals};
    use crate::protocol::InfoHash;
    use crate::store::SwarmCounts;

    const HASH: InfoHash = InfoHash([7; 20]);

    fn torrent(size: u64) -> Torrent {
        Torrent {
            file: "a.torrent".into(),
            name: "a".into(),
            size,
            file_size: 100,
            ..Torrent::by_hash(HASH, Timestamp(0))
        }
    }

    fn swarm() -> SwarmSummary {
        SwarmSummary {
            info_hash: HASH,
            counts: SwarmCounts { seeders: 3, leechers: 2, partial_seeds: 1, completed: 4 },
            expired: 5,
            departed_uploaded: 1_000,
            departed_downloaded: 2_000,
            live_uploaded: 300,
            live_downloaded: 400,
            left: 600,
            last_announce: Timestamp(0),
        }
    }

    #[test]
    fn what_was_transferred_is_what_departed_and_what_is_live() {
        let computed = compute(&torrent(1_000), Some(&swarm()), Generation(9), None);
        assert_eq!(computed.figures.transferred, 1_000 + 2_000 + 300 + 400);
        assert_eq!(computed.figures.downloaded, 2_000 + 400);
        assert_eq!(computed.figures.completed, 4);
        assert_eq!(computed.period, Period { transferred: 3_700, completed: 4 });
    }

    #[test]
    fn progress_is_that_of_those_who_lack_something() {
        // Three who download, 600 of 3 x 1,000 bytes missing.
        let progress =
            compute(&torrent(1_000), Some(&swarm()), Generation(9), None).figures.progress;
        assert!((progress - 0.8).abs() < 1e-9, "{progress}");
        let done = SwarmSummary { left: 0, ..swarm() };
        assert_eq!(
            compute(&torrent(1_000), Some(&done), Generation(9), None).figures.progress,
            0.0
        );
    }

    #[test]
    fn a_torrent_of_size_zero_divides_nothing() {
        assert_eq!(compute(&torrent(0), Some(&swarm()), Generation(9), None).figures.progress, 0.0);
    }

    #[test]
    fn a_peer_that_lacks_more_than_there_is_makes_no_progress() {
        let absurd = SwarmSummary { left: u64::MAX, ..swarm() };
        assert_eq!(
            compute(&torrent(1_000), Some(&absurd), Generation(9), None).figures.progress,
            0.0
        );
    }

    #[test]
    fn the_rate_shares_the_period_among_all_who_were_there() {
        let before = Torrent {
            period: Period { transferred: 700, completed: 1 },
            totals: Totals { completed: 1, uploaded: 0, downloaded: 0 },
            carried: Carried {
                generation: Generation(9),
                completed: 1,
                expired: 2,
                ..Carried::default()
            },
            ..torrent(1_000)
        };
        let rate = compute(&before, Some(&swarm()), Generation(9), Some(Seconds(100))).figures.rate;
        // 3,700 - 700 bytes; 3 more completed, 3 more expired, 6 here; 100 seconds.
        assert!((rate - 3_000.0 / (12.0 * 100.0)).abs() < 1e-9, "{rate}");
    }

    #[test]
    fn scrapes_tell_percent_and_what_all_receive() {
        let before =
            Torrent { period: Period { transferred: 700, completed: 1 }, ..torrent(1_000) };
        let told = |since_last| {
            let computed = compute(&before, Some(&swarm()), Generation(9), since_last);
            scrape_figures(&computed.figures)
        };
        let expected = ScrapeFigures { average_done: 80, speed: 15, transferred: 2_400 };
        assert_eq!(told(Some(Seconds(100))), expected, "half of 3,700 - 700 bytes in 100 seconds");
        assert_eq!(told(None), ScrapeFigures { speed: 0, ..expected });
    }

    #[test]
    fn the_first_refresh_has_no_rate() {
        assert_eq!(compute(&torrent(1_000), Some(&swarm()), Generation(9), None).figures.rate, 0.0);
    }

    #[test]
    fn a_store_made_anew_adds_to_what_was_carried() {
        let before = Torrent {
            totals: Totals { completed: 10, uploaded: 5_000, downloaded: 5_000 },
            carried: Carried {
                generation: Generation(8),
                completed: 10,
                uploaded: 5_000,
                downloaded: 5_000,
                expired: 9,
            },
            ..torrent(1_000)
        };
        let figures = compute(&before, Some(&swarm()), Generation(9), None).figures;
        assert_eq!((figures.completed, figures.transferred), (14, 10_000 + 3_700));
        let same = compute(&before, Some(&swarm()), Generation(8), None).figures;
        assert_eq!((same.completed, same.transferred), (10, 10_000 + 700));
    }

    #[test]
    fn a_torrent_without_a_swarm_keeps_its_totals() {
        let before = Torrent {
            totals: Totals { completed: 10, uploaded: 1, downloaded: 2 },
            ..torrent(1_000)
        };
        let figures = compute(&before, None, Generation(9), Some(Seconds(10))).figures;
        assert_eq!((figures.completed, figures.transferred, figures.seeders), (10, 3, 0));
    }

    #[test]
    fn all_together_adds_up_and_weighs() {
        let row = compute(&torrent(1_000), Some(&swarm()), Generation(9), None).figures;
        let idle = Figures { size: 5_000, ..Figures::default() };
        let total = add_up([&row, &row, &idle]);
        assert_eq!((total.seeders, total.transferred, total.size), (6, 7_400, 7_000));
        assert!((total.progress - 0.8).abs() < 1e-9);
        assert_eq!(add_up([]), Figures::default());
        let of = |unreachable| Figures { unreachable, ..row };
        assert_eq!(add_up([&of(Some(2)), &of(Some(0)), &of(Some(1))]).unreachable, Some(3));
        assert_eq!(add_up([&of(None), &of(None)]).unreachable, None);
    }

    #[test]
    fn swarms_of_torrents_are_not_among_the_others() {
        let swarm = |number: u8, seeders| SwarmSummary {
            info_hash: InfoHash([number; 20]),
            counts: SwarmCounts { seeders, leechers: 0, partial_seeds: 0, completed: 2 },
            expired: 0,
            departed_uploaded: 1,
            departed_downloaded: 10,
            live_uploaded: 100,
            live_downloaded: 1000,
            left: 0,
            last_announce: Timestamp(0),
        };
        let swarms = [swarm(1, 4), swarm(2, 3), swarm(3, 0)];
        let others = other_swarms(swarms.iter(), &HashSet::from([InfoHash([1; 20])]));
        assert_eq!((others.swarms, others.seeders, others.completed), (1, 3, 4));
        assert_eq!(others.traffic, Traffic { uploaded: 202, downloaded: 2020 });
    }
}
