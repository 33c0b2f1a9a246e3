//! Single figures in opentracker's words: four lines that MRTG reads, without an end of the last one, and all as XML.

use std::fmt::Write as _;

use crate::protocol::Seconds;
use crate::tracker::RefreshFigures;
use crate::tracker::tally::Counts;

/// Which connections are meant. All requests come by TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connections {
    All,
    Tcp,
    Udp,
}

/// Minutes that opentracker's XML has a figure for; how many minutes pass between announces is not counted here.
const MINUTES: usize = 45;

/// What is known.
pub(super) struct Figures {
    /// As of the last refresh.
    pub(super) found: RefreshFigures,
    /// What came since the counts began.
    pub(super) counts: Counts,
    /// Since when that is.
    pub(super) uptime: Seconds,
}

impl Figures {
    pub(super) fn peers(&self) -> String {
        let (peers, seeds) = (self.all_peers(), self.found.seeders);
        let torrents = self.all_torrents();
        format!("{peers}\n{seeds}\nopentracker serving {torrents} torrents\nopentracker")
    }

    pub(super) fn torrents(&self) -> String {
        let torrents = self.all_torrents();
        format!("{torrents}\n0\nopentracker serving {torrents} torrents\nopentracker")
    }

    pub(super) fn connections(&self, kind: Connections) -> String {
        let (came, answered) = match kind {
            Connections::All | Connections::Tcp => (self.requests(), self.successes()),
            Connections::Udp => (0, 0),
        };
        let what = match kind {
            Connections::All => "connections",
            Connections::Tcp => "tcp4 stats",
            Connections::Udp => "udp4 stats",
        };
        format!("{came}\n{answered}\n{}\n{}", self.uptime(), self.rates(what, came, answered))
    }

    pub(super) fn syncs(&self) -> String {
        let rates = self.rates("connections", self.requests(), self.successes());
        format!("0\n0\n{}\n{rates}", self.uptime())
    }

    pub(super) fn scrapes(&self) -> String {
        let scrapes = self.counts.scrapes();
        let rate = self.a_second(scrapes);
        let uptime = self.uptime();
        format!("{scrapes}\n0\n{uptime}\nopentracker scrape stats, {rate} scrape/s (tcp and udp)")
    }

    pub(super) fn full_scrapes(&self) -> String {
        let scrapes = self.counts.full_scrapes().saturating_mul(1000);
        let bytes = self.counts.full_scrape_bytes();
        let (rate, bytes_a_second) = (self.a_second(scrapes), self.a_second(bytes));
        let uptime = self.uptime();
        format!(
            "{scrapes}\n{bytes}\n{uptime}\n\
             opentracker full scrape stats, {rate} conns/s :: {bytes_a_second} bytes/s."
        )
    }

    /// After how many minutes peers announced again: not counted, as that would take more than an announce has to spare.
    pub(super) fn renewals(&self) -> String {
        (0..MINUTES).map(|minute| format!("{minute:02} 0\n")).collect()
    }

    /// Which networks have the most peers: none is named, as no address of a peer is told to everybody.
    pub(super) fn networks(&self) -> String {
        "Networks, limit /28:\n\nNetworks, limit /24:\n\n".into()
    }

    /// Completed downloads ever; how many in an hour is what clients have said since the counts began.
    pub(super) fn completed(&self) -> String {
        let completed = self.found.completed;
        let events = self.counts.events();
        let said = events.iter().find(|(event, _)| *event == "completed");
        let rate = said.map_or(0, |(_, count)| *count) / u64::from((self.uptime.0 / 3600).max(1));
        format!("{completed}\n0\n{}\nopentracker, {rate} completed/h.", self.uptime())
    }

    pub(super) fn errors(&self) -> String {
        let mut text = String::new();
        for (label, rules) in [
            ("302 RED", &[][..]),
            ("400 ...", &[]),
            ("400 PAR", &["malformed"]),
            ("400 COM", &["require_compact"]),
            ("403 IP ", &[]),
            ("404 INV", &[]),
            ("500 SRV", &["trouble"]),
        ] {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{label} {}", self.refused(rules));
        }
        text
    }

    /// The order of the elements is what programs go by.
    pub(super) fn everything(&self, version: &str) -> String {
        let torrents = self.all_torrents();
        let announces: u64 = self.counts.announces().iter().sum();
        let mut renew = String::new();
        for minute in 0..MINUTES {
            let _ = writeln!(renew, "      <count interval=\"{minute:02}\">0</count>");
        }
        let mut errors = String::new();
        for (code, rules) in [
            ("302 Redirect", &[][..]),
            ("400 Parse Error", &[]),
            ("400 Invalid Parameter", &["malformed"]),
            ("400 Invalid Parameter (compact=0)", &["require_compact"]),
            ("400 Not Modest", &[]),
            ("402 Payment Required", &["full_scrape_pause"]),
            ("403 Access Denied", &[]),
            ("404 Not found", &[]),
            ("500 Internal Server Error", &["trouble"]),
        ] {
            let count = self.refused(rules);
            let _ = writeln!(errors, "      <count code=\"{code}\">{count}</count>");
        }
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <stats>\n  <tracker_id>0</tracker_id>\n  <version>\n{version}  </version>\n  \
             <uptime>{uptime}</uptime>\n  <torrents>\n    <count_mutex>{torrents}</count_mutex>\n    \
             <count_iterator>{torrents}</count_iterator>\n  </torrents>\n  <peers>\n    \
             <count>{peers}</count>\n  </peers>\n  <seeds>\n    <count>{seeds}</count>\n  </seeds>\n  \
             <completed>\n    <count>{completed}</count>\n  </completed>\n  <connections>\n    <tcp>\n      \
             <accept>{accept}</accept>\n      <announce>{announces}</announce>\n      \
             <scrape>{scrapes}</scrape>\n    </tcp>\n    <udp>\n      <overall>0</overall>\n      \
             <connect>0</connect>\n      <announce>0</announce>\n      <scrape>0</scrape>\n      \
             <missmatch>0</missmatch>\n    </udp>\n    <livesync>\n      <count>0</count>\n    </livesync>\n  \
             </connections>\n  <debug>\n    <renew>\n{renew}    </renew>\n    <http_error>\n{errors}    \
             </http_error>\n    <mutex_stall>\n      <count>0</count>\n    </mutex_stall>\n  </debug>\n</stats>",
            uptime = self.uptime.0,
            peers = self.all_peers(),
            seeds = self.found.seeders,
            completed = self.found.completed,
            accept = self.requests(),
            scrapes = self.counts.scrapes(),
        )
    }

    fn all_peers(&self) -> u64 {
        let RefreshFigures { seeders, leechers, partial_seeds, .. } = self.found;
        seeders.saturating_add(leechers).saturating_add(partial_seeds)
    }

    fn all_torrents(&self) -> u64 {
        self.found.torrents.saturating_add(self.found.other_swarms)
    }

    /// Announces and scrapes that were answered.
    fn successes(&self) -> u64 {
        let announces: u64 = self.counts.announces().iter().sum();
        announces + self.counts.scrapes() + self.counts.full_scrapes()
    }

    /// All that came.
    fn requests(&self) -> u64 {
        let refused: u64 = self.counts.refused().map(|(_, count)| count).sum();
        self.successes() + refused + self.counts.pages()
    }

    fn refused(&self, rules: &[&str]) -> u64 {
        let refused = self.counts.refused();
        refused.filter(|(rule, _)| rules.contains(rule)).map(|(_, count)| count).sum()
    }

    fn uptime(&self) -> String {
        format!("{} seconds ({} hours)", self.uptime.0, self.uptime.0 / 3600)
    }

    fn a_second(&self, count: u64) -> u64 {
        count / u64::from(self.uptime.0.max(1))
    }

    fn rates(&self, what: &str, came: u64, answered: u64) -> String {
        let (came, answered) = (self.a_second(came), self.a_second(answered));
        format!("opentracker {what}, {came} conns/s :: {answered} success/s.")
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::protocol::Event;
    use crate::tracker::tally::{Counted, Tally};

    fn figures() -> Figures {
        let tally = Tally::default();
        for _ in 0..15_000 {
            tally.count(Counted::Announce(Some(Ipv4Addr::LOCALHOST.into())));
        }
        (0..9).for_each(|_| tally.count(Counted::Event(Event::Completed)));
        (0..7300).for_each(|_| tally.count(Counted::Scrape));
        (0..8).for_each(|_| tally.count(Counted::FullScrape(2250)));
        (0..3).for_each(|_| tally.count(Counted::Refused("malformed")));
        let found = RefreshFigures {
            torrents: 3,
            other_swarms: 1,
            seeders: 3,
            leechers: 5,
            partial_seeds: 1,
            completed: 12,
            ..RefreshFigures::default()
        };
        Figures { found, counts: tally.counts(), uptime: Seconds(7200) }
    }

    /// The words are those that programs look for.
    #[test]
    fn each_mode_has_opentrackers_lines() {
        let figures = figures();
        let uptime = "7200 seconds (2 hours)";
        for (said, expected) in [
            (figures.peers(), "9\n3\nopentracker serving 4 torrents\nopentracker".to_owned()),
            (figures.torrents(), "4\n0\nopentracker serving 4 torrents\nopentracker".to_owned()),
            (
                figures.connections(Connections::All),
                format!(
                    "22311\n22308\n{uptime}\nopentracker connections, 3 conns/s :: 3 success/s."
                ),
            ),
            (
                figures.connections(Connections::Tcp),
                format!(
                    "22311\n22308\n{uptime}\nopentracker tcp4 stats, 3 conns/s :: 3 success/s."
                ),
            ),
            (
                figures.connections(Connections::Udp),
                format!("0\n0\n{uptime}\nopentracker udp4 stats, 0 conns/s :: 0 success/s."),
            ),
            (
                figures.scrapes(),
                format!("7300\n0\n{uptime}\nopentracker scrape stats, 1 scrape/s (tcp and udp)"),
            ),
            (
                figures.full_scrapes(),
                format!(
                    "8000\n18000\n{uptime}\nopentracker full scrape stats, 1 conns/s :: 2 bytes/s."
                ),
            ),
            (
                figures.syncs(),
                format!("0\n0\n{uptime}\nopentracker connections, 3 conns/s :: 3 success/s."),
            ),
            (figures.networks(), "Networks, limit /28:\n\nNetworks, limit /24:\n\n".to_owned()),
            (figures.completed(), format!("12\n0\n{uptime}\nopentracker, 4 completed/h.")),
        ] {
            assert_eq!(said, expected);
        }
        let errors =
            "302 RED 0\n400 ... 0\n400 PAR 3\n400 COM 0\n403 IP  0\n404 INV 0\n500 SRV 0\n";
        assert_eq!(figures.errors(), errors);
    }

    #[test]
    fn everything_has_its_elements_in_their_order() {
        let text = figures().everything("tracker.cgi 1\n");
        let opened =
            text.split('<').filter(|part| part.starts_with(|c: char| c.is_ascii_lowercase()));
        let names: Vec<&str> = opened
            .filter_map(|part| part.split(['>', ' ']).next())
            .filter(|name| *name != "count")
            .collect();
        let expected = "stats tracker_id version uptime torrents count_mutex count_iterator peers seeds completed \
                        connections tcp accept announce scrape udp overall connect announce scrape missmatch \
                        livesync debug renew http_error mutex_stall";
        assert_eq!(names.join(" "), expected);
        assert_eq!(text.matches("<count interval=").count(), 45);
        assert_eq!(text.matches("<count code=").count(), 9);
        assert!(
            text.contains("\n  <version>\ntracker.cgi 1\n  </version>\n  <uptime>7200</uptime>\n")
        );
        assert!(text.contains("\n  <peers>\n    <count>9</count>\n  </peers>\n"));
        assert!(text.contains("\n      <count interval=\"44\">0</count>\n    </renew>\n"));
        assert!(text.ends_with("\n  </debug>\n</stats>"));
    }
}
