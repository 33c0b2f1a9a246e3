//! `/stats?mode=…` as opentracker answers it, for programs that were written for its statistics: MRTG, exporters, scripts.
//! What was not compiled into its usual builds is answered as by one that lacks it. What this tracker does not count is zeros, or
//! a list of nothing.

mod counts;
mod lists;

use super::{Call, Ready};
use crate::gateway::{Answer, Response, Status};
use crate::platform::log::{self, Level};
use crate::protocol::{Parameters, ScrapeReply};
use crate::tracker::RefreshFigures;
use crate::tracker::Refusal;
use crate::tracker::tally::{Counts, TallyFile};
use counts::{Connections, Figures};
use lists::{Entries, ListFormat};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Peers and torrents.
    Peers,
    Torrents,
    Connections(Connections),
    Scrapes,
    FullScrapes,
    Syncs,
    Completed,
    Errors,
    Version,
    Everything,
    Renewals,
    Networks,
    Top(usize),
    /// All torrents with their peers.
    Torrentwise(ListFormat),
    State,
    /// What usual builds have not.
    NotBuilt,
    /// What is none.
    Unknown,
}

/// Whether a query asks for statistics of opentracker's: else it is for a person.
pub(super) fn is_meant(query: &[u8]) -> bool {
    Parameters::of(query).any(|(name, _)| matches!(name, b"mode" | b"format"))
}

impl Mode {
    /// The last mode of a query counts, and so does the last format; their values are exact.
    fn of(query: &[u8]) -> Self {
        let last = |wanted: &[u8]| {
            let values = Parameters::of(query).filter(|(name, _)| *name == wanted);
            values.last().map(|(_, value)| value)
        };
        match last(b"mode") {
            None | Some(b"peer") => Self::Peers,
            Some(b"torr") => Self::Torrents,
            Some(b"conn") => Self::Connections(Connections::All),
            Some(b"tcp4") => Self::Connections(Connections::Tcp),
            Some(b"udp4") => Self::Connections(Connections::Udp),
            Some(b"scrp") => Self::Scrapes,
            Some(b"fscr") => Self::FullScrapes,
            Some(b"syncs") => Self::Syncs,
            Some(b"completed") => Self::Completed,
            Some(b"herr") => Self::Errors,
            Some(b"version") => Self::Version,
            Some(b"everything") => Self::Everything,
            Some(b"renew") => Self::Renewals,
            Some(b"s24s") => Self::Networks,
            Some(b"top10") => Self::Top(10),
            Some(b"top100") => Self::Top(100),
            Some(b"tpbs") => match last(b"format") {
                None => Self::Torrentwise(ListFormat::Txt),
                Some(name) => ListFormat::named(name).map_or(Self::Unknown, Self::Torrentwise),
            },
            Some(b"statedump") => Self::State,
            Some(b"busy" | b"woodpeckers" | b"fulllog") => Self::NotBuilt,
            Some(_) => Self::Unknown,
        }
    }
}

/// Answers on a thread that may take long. What was counted must have been carried over.
pub(super) fn show(ready: &mut Ready, call: &Call<'_>, response: &mut Response) -> Answer {
    response.headers.push(("Cache-Control", "no-store".into()));
    response.content_type = "text/plain";
    match Mode::of(call.request.query) {
        Mode::NotBuilt => refuse(Status::InternalServerError, "Internal Server Error", response),
        Mode::Unknown => refuse(Status::BadRequest, "Invalid Request", response),
        Mode::Version => response.body = version().into_bytes(),
        mode @ (Mode::Top(_) | Mode::Torrentwise(_) | Mode::State) => {
            return list(ready, mode, call, response);
        }
        mode => {
            let figures = figures(ready, call);
            response.body = match mode {
                Mode::Torrents => figures.torrents(),
                Mode::Connections(kind) => figures.connections(kind),
                Mode::Scrapes => figures.scrapes(),
                Mode::FullScrapes => figures.full_scrapes(),
                Mode::Syncs => figures.syncs(),
                Mode::Completed => figures.completed(),
                Mode::Errors => figures.errors(),
                Mode::Everything => figures.everything(&version()),
                Mode::Renewals => figures.renewals(),
                Mode::Networks => figures.networks(),
                _ => figures.peers(),
            }
            .into_bytes();
        }
    }
    Answer::Ready
}

fn version() -> String {
    format!("tracker.cgi {}\n", env!("CARGO_PKG_VERSION"))
}

/// What the last refresh found, and what was counted. What cannot be read is none.
fn figures(ready: &Ready, call: &Call<'_>) -> Figures {
    let loaded = ready.tracker.config();
    let complain = |problem: &_| log::line_once_a_minute(Level::Error, &format!("{problem}"));
    let counted = TallyFile::of(loaded).read().inspect_err(complain).ok().flatten();
    let (since, counts) = counted.unwrap_or((call.now, Counts::default()));
    let found = RefreshFigures::read(loaded).unwrap_or_default();
    Figures { found, counts, uptime: call.now.since(since) }
}

/// All torrents, by the rules for a scrape of all.
fn list(ready: &mut Ready, mode: Mode, call: &Call<'_>, response: &mut Response) -> Answer {
    let client = ready.client(call.request);
    let min_request_interval = ready.tracker.scrape_interval(true);
    match (ready.tracker.full_scrape(client, call.now), mode) {
        (Ok(entries), Mode::Torrentwise(ListFormat::Ben)) => {
            ScrapeReply { entries, min_request_interval }.encode(&mut response.body);
        }
        (Ok(entries), mode) => {
            let entries = Entries::of(&entries);
            response.body = match mode {
                Mode::Top(most) => entries.top(most),
                Mode::Torrentwise(format) => entries.torrentwise(format),
                _ => entries.state(call.now),
            };
        }
        (Err(Refusal::WouldWait), _) if !call.pace.may_wait() => return Answer::WouldWait,
        (Err(Refusal::ScrapeIsOff | Refusal::FullScrapeIsOff), _) => {
            refuse(Status::BadRequest, "Invalid Request", response);
        }
        (Err(refusal), _) => {
            response.status = Status::ServiceUnavailable;
            response.body = format!("{refusal}\n").into_bytes();
        }
    }
    Answer::Ready
}

fn refuse(status: Status, said: &str, response: &mut Response) {
    response.status = status;
    response.content_type = "text/html";
    response.body = format!("<title>{said}</title>\n").into_bytes();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_as_opentracker_reads_them() {
        for (query, mode) in [
            ("mode=peer", Mode::Peers),
            ("format=txt", Mode::Peers),
            ("format=txt&mode=peer", Mode::Peers),
            ("mode=peer&mode=torr", Mode::Torrents),
            ("foo=bar&mode=torr", Mode::Torrents),
            ("mode=top100", Mode::Top(100)),
            ("mode=tpbs", Mode::Torrentwise(ListFormat::Txt)),
            ("format=bin&mode=tpbs", Mode::Torrentwise(ListFormat::Bin)),
            ("mode=statedump&format=bin", Mode::State),
            ("mode=busy", Mode::NotBuilt),
            ("mode=woodpeckers", Mode::NotBuilt),
            ("mode=s24s", Mode::Networks),
            ("mode=renew", Mode::Renewals),
            ("mode=numwants", Mode::Unknown),
            ("mode=", Mode::Unknown),
            ("mode=PEER", Mode::Unknown),
            ("mode=peerx", Mode::Unknown),
            ("mode=top1", Mode::Unknown),
            ("mode=peer;x", Mode::Unknown),
            ("mode=tpbs&format=TXT", Mode::Unknown),
            ("mode=tpbs&format=tx", Mode::Unknown),
            ("mode=tpbs&format=txtx", Mode::Unknown),
        ] {
            assert_eq!(Mode::of(query.as_bytes()), mode, "{query}");
            assert!(is_meant(query.as_bytes()), "{query}");
        }
        assert!(!is_meant(b"") && !is_meant(b"lang=en"));
    }
}
