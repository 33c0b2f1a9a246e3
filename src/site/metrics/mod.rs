//! Figures of the tracker for Prometheus and what reads its formats. All stand in a few files or at fixed places: nothing is
//! walked for them, however many peers there are.

mod exposition;
pub mod file;

use super::Ready;
use crate::gateway::{Answer, Request, Response, Status};
use crate::platform::log::{self, Level};
use crate::protocol::Timestamp;
use crate::tracker::tally::{Counts, MEASURED_OF, TIMES, TallyFile};
use crate::tracker::{
    BusyTorrent, Families, Load, RefreshFigures, Refusal, SpaceLeft, StoreSpace, Tracker,
};
use exposition::{Exposition, Format, Metric};

/// Bytes that the figures take at most, without those of single torrents.
const USUAL_BYTES: usize = 16 << 10;

/// Answers on a thread that may take long. What was counted must have been carried over.
pub(super) fn show(
    ready: &mut Ready,
    now: Timestamp,
    request: &Request<'_>,
    response: &mut Response,
) -> Answer {
    response.headers.push(("Cache-Control", "no-store".into()));
    let accepted = request.variables.get("HTTP_ACCEPT").unwrap_or_default();
    let format = Format::wanted(accepted);
    match of(&mut ready.tracker, Seen::Now(format), now) {
        Ok(text) => {
            response.headers.push(("Vary", "Accept".into()));
            response.content_type = format.content_type();
            response.body = text.into_bytes();
        }
        // Only where this thread may not wait.
        Err(Refusal::WouldWait) => return Answer::WouldWait,
        Err(refusal) => {
            response.status = Status::ServiceUnavailable;
            response.body.extend_from_slice(format!("{refusal}\n").as_bytes());
        }
    }
    Answer::Ready
}

/// When the figures are looked at.
#[derive(Clone, Copy)]
enum Seen {
    /// At once, by who asks for this format.
    Now(Format),
    /// Some time: in a file.
    Later,
}

/// All figures. What cannot be read is left out, and the log says why; but for the store, without which nothing goes on.
fn of(tracker: &mut Tracker, seen: Seen, now: Timestamp) -> Result<String, Refusal> {
    let format = match seen {
        Seen::Now(format) => format,
        Seen::Later => Format::Text,
    };
    let mut out = Exposition::new(format, USUAL_BYTES);
    write_load(&mut out, tracker.measure_load(now)?);
    let loaded = tracker.config();
    let counted = TallyFile::of(loaded).read().map_err(|problem| problem.to_string());
    if let Some(counted) = unless_it_failed(counted) {
        write_counts(&mut out, counted);
    }
    if let Some(figures) = RefreshFigures::read(loaded) {
        write_refresh(&mut out, &figures);
        if let Seen::Now(_) = seen {
            let help = "Seconds since the last refresh.";
            let age = now.since(Timestamp(figures.at));
            out.gauge("tracker_refresh_age_seconds", help, age.0.into());
        }
        if let Some(families) = &figures.families {
            write_families(&mut out, families);
        }
        let mut busiest = figures.busiest;
        let most = usize::try_from(loaded.config.access.metrics_torrents).unwrap_or(usize::MAX);
        busiest.truncate(most);
        let listed = tracker.still_listed(busiest, now).map_err(|problem| problem.to_string());
        write_torrents(&mut out, &unless_it_failed(listed).unwrap_or_default());
    }
    let space = tracker.store_space().map_err(|problem| problem.to_string());
    if let Some(space) = unless_it_failed(space).flatten() {
        write_space(&mut out, space);
    }
    let build =
        Metric::new("tracker_build", "The version of the tracker, and the kind of its peer store.");
    let store = tracker.config().config.store.kind.name();
    out.info(&build, &[("version", env!("CARGO_PKG_VERSION")), ("store", store)]);
    Ok(out.finish())
}

/// What was read; strangers decide how often the log is told that it was not.
fn unless_it_failed<T>(read: Result<T, String>) -> Option<T> {
    read.inspect_err(|problem| log::line_once_a_minute(Level::Error, problem)).ok()
}

fn write_load(out: &mut Exposition, load: Load) {
    out.gauge(
        "tracker_announces_per_minute",
        "About how many announces came in the last minute.",
        load.announces,
    );
    out.gauge(
        "tracker_high_load",
        "Whether announces come faster than high_load says.",
        u64::from(load.is_high),
    );
    out.gauge(
        "tracker_interval_seconds",
        "Seconds between announces that clients are asked for.",
        load.interval.0.into(),
    );
}

/// Where nothing was counted yet, nothing is known since when.
fn write_counts(out: &mut Exposition, counted: Option<(Timestamp, Counts)>) {
    if let Some((since, _)) = counted {
        let help = "Since when requests are counted, in seconds since 1970; all counters begin anew with it.";
        out.gauge("tracker_counting_since_timestamp_seconds", help, since.0);
    }
    let counts = counted.map(|(_, counts)| counts).unwrap_or_default();
    let [v4, v6] = counts.announces();
    let announces = Metric::new(
        "tracker_announces",
        "Announces that were answered, by the family of the client's address.",
    );
    out.counters(&announces, "family", [("ipv4", v4), ("ipv6", v6)]);
    let events =
        Metric::new("tracker_announce_events", "Announces with an event that were answered.");
    out.counters(&events, "event", counts.events());
    for (name, help, count) in [
        ("tracker_scrapes", "Scrapes of named torrents that were answered.", counts.scrapes()),
        (
            "tracker_full_scrapes",
            "Scrapes of all torrents that were answered.",
            counts.full_scrapes(),
        ),
        (
            "tracker_pages",
            "Pages that were shown, and answers with figures for programs.",
            counts.pages(),
        ),
    ] {
        out.counter(&Metric::new(name, help), count);
    }
    let refusals = Metric::new(
        "tracker_refusals",
        "Announces and scrapes that were refused, by the rule that decided.",
    );
    out.counters(&refusals, "reason", counts.refused());
    let help = format!(
        "Seconds that answering an announce took, where this was measured: one of {MEASURED_OF} announces that a \
         FastCGI worker answers without waiting."
    );
    let times = Metric::new("tracker_announce_duration_seconds", &help);
    out.histogram_of_microseconds(&times, &TIMES, &counts.times(), counts.microseconds());
}

fn write_refresh(out: &mut Exposition, figures: &RefreshFigures) {
    for (name, help, value) in [
        (
            "tracker_refresh_timestamp_seconds",
            "When the last refresh was, in seconds since 1970.",
            figures.at,
        ),
        ("tracker_torrents", "Listed torrents at the last refresh.", figures.torrents),
        (
            "tracker_swarms",
            "Swarms that had peers at the last refresh, of listed torrents and, where any torrent is tracked, of others.",
            figures.swarms,
        ),
        (
            "tracker_completed_downloads",
            "Completed downloads ever, as of the last refresh. Goes down when a torrent is not listed any more.",
            figures.completed,
        ),
        (
            "tracker_uploaded_bytes",
            "Bytes that peers say they have sent ever, as of the last refresh. Goes down as completed downloads do.",
            figures.uploaded,
        ),
        (
            "tracker_downloaded_bytes",
            "Bytes that peers say they have received ever, as of the last refresh. Goes down as completed downloads do.",
            figures.downloaded,
        ),
    ] {
        out.gauge(name, help, value);
    }
    let took =
        Metric::new("tracker_refresh_duration_seconds", "Seconds that the last refresh took.");
    out.gauge_of_milliseconds(&took, figures.milliseconds);
    let peers = Metric::new(
        "tracker_peers",
        "Peers in these swarms at the last refresh, by what they are: seeder, leecher, or partial_seed (it has all it wants).",
    );
    let roles = [
        ("seeder", figures.seeders),
        ("leecher", figures.leechers),
        ("partial_seed", figures.partial_seeds),
    ];
    out.gauges(&peers, "role", roles);
}

fn write_families(out: &mut Exposition, families: &Families) {
    let Families { v4, v6, both, all } = *families;
    let counted = u128::from(v4) + u128::from(v6) + u128::from(both);
    let of_all = |some: u64| {
        let share = u128::from(some) * u128::from(all) / counted.max(1);
        u64::try_from(share).unwrap_or(u64::MAX)
    };
    let peers = Metric::new(
        "tracker_address_family_peers",
        "Peers of listed torrents at the last refresh, by the families of their addresses. Of very many only some are looked at.",
    );
    let families = [("ipv4", of_all(v4)), ("ipv6", of_all(v6)), ("both", of_all(both))];
    out.gauges(&peers, "family", families);
}

/// One figure of a torrent.
type Figure = fn(&BusyTorrent) -> u64;

fn write_torrents(out: &mut Exposition, torrents: &[BusyTorrent]) {
    if torrents.is_empty() {
        return;
    }
    let kinds: [(&str, &str, Figure); 3] = [
        ("tracker_torrent_seeders", "Seeders of a torrent at the last refresh.", |it| it.seeders),
        ("tracker_torrent_leechers", "Leechers of a torrent at the last refresh.", |it| {
            it.leechers
        }),
        (
            "tracker_torrent_completed_downloads",
            "Completed downloads of a torrent ever, as of the last refresh.",
            |it| it.completed,
        ),
    ];
    for (name, help, value) in kinds {
        let values = torrents.iter().map(|torrent| (&*torrent.info_hash, value(torrent)));
        out.gauges(&Metric::new(name, help), "info_hash", values);
    }
}

fn write_space(out: &mut Exposition, space: StoreSpace) {
    out.gauge(
        "tracker_store_bytes",
        "Bytes of the file of the peers, on its disk or in memory.",
        space.bytes,
    );
    match space.left {
        SpaceLeft::Peers { here, room } => {
            let help = "Peers in the peer store, also silent ones that no sweep has met yet.";
            out.gauge("tracker_store_peers", help, here);
            let help = "About how many peers fit into the peer store.";
            out.gauge("tracker_store_room_peers", help, room);
        }
        SpaceLeft::Free(bytes) => {
            let help = "Bytes that are free on the disk of the peer store.";
            out.gauge("tracker_store_free_bytes", help, bytes);
        }
        SpaceLeft::Unknown => {}
    }
}
