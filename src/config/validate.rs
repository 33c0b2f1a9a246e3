//! Values of the right type that cannot be followed all the same.

mod metrics;
mod pages;

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::Path;

use super::locate::is_within;
use super::{Config, Period, StoreKind, absolute};
use crate::protocol::Seconds;

/// Section and key.
pub(super) type Key = (&'static str, &'static str);

/// A week: no client waits longer, and sums of intervals stay far from overflow.
pub(super) const LONGEST_SECONDS: u32 = 7 * 24 * 3600;

/// So many IPv6 peers are 36 kB; a tracker that sends more to anybody who asks amplifies attacks.
const MOST_PEERS: u64 = 2000;

/// Why a configuration cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Impossible {
    /// The likeliest culprit.
    pub(super) key: Key,
    /// The key that it is at odds with.
    pub(super) other: Option<Key>,
    /// Why, and what to do.
    pub(super) reason: String,
}

impl Impossible {
    fn new(key: Key, reason: String) -> Self {
        Self { key, other: None, reason }
    }

    fn between(key: Key, other: Key, reason: String) -> Self {
        Self { key, other: Some(other), reason }
    }
}

/// Checks a configuration whose paths are absolute, or empty where they name nothing. Relative ones
/// were relative to `folder`.
pub(super) fn validate(config: &Config, folder: &Path) -> Result<(), Impossible> {
    numbers_within_ranges(config)?;
    periods_within_ranges(config)?;
    numbers_in_order(config)?;
    the_store_is_not_where_another_kind_is(config, folder)?;
    let paths = Paths::of(config);
    paths.are_filled()?;
    paths.are_apart()?;
    paths.are_apart_from("feed_page", config.paths.feed_page.as_deref())?;
    paths.are_apart_from("full_scrape", config.paths.full_scrape.as_deref())?;
    paths.are_apart_from("metrics_file", config.paths.metrics_file.as_deref())?;
    paths.publish_nothing_private()?;
    metrics::validate(config)?;
    pages::validate(config)
}

fn numbers_within_ranges(config: &Config) -> Result<(), Impossible> {
    match numbers(config).into_iter().find(|(_, value, range)| !range.contains(value)) {
        None => Ok(()),
        Some((key, value, range)) => Err(Impossible::new(key, out_of_range(value, &range))),
    }
}

/// What is said of a number that is none of these.
pub(super) fn out_of_range(value: impl Display, range: &RangeInclusive<u64>) -> String {
    format!("{value}; choose one from {} to {}", range.start(), range.end())
}

/// The numbers that a key may have; `None` where any will do.
pub(super) fn range_of(section: &str, key: &str) -> Option<RangeInclusive<u64>> {
    let numbers = numbers(&Config::default()).into_iter();
    numbers
        .map(|(name, _, range)| (name, range))
        .find(|(name, _)| *name == (section, key))
        .map(|(_, range)| range)
}

/// Numbers that are not free, and what they may be.
fn numbers(config: &Config) -> [(Key, u64, RangeInclusive<u64>); 24] {
    let (tracker, store) = (&config.tracker, &config.store);
    let (limits, gateway) = (&config.limits, &config.gateway);
    let size = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
    [
        (("tracker", "interval"), tracker.interval.0.into(), 1..=LONGEST_SECONDS.into()),
        (("tracker", "min_interval"), tracker.min_interval.0.into(), 0..=LONGEST_SECONDS.into()),
        (("tracker", "expiry"), tracker.expiry.0.into(), 1..=LONGEST_SECONDS.into()),
        (("tracker", "max_numwant"), tracker.max_numwant.into(), 1..=MOST_PEERS),
        (("tracker", "numwant"), tracker.numwant.into(), 1..=MOST_PEERS),
        (("tracker", "high_load"), tracker.high_load.into(), 0..=1_000_000),
        (("tracker", "max_address_peers"), u32::from(tracker.max_address_peers).into(), 0..=100),
        (("store", "max_size"), store.max_size.0, 4 << 20..=8 << 30),
        (("store", "max_address_peers"), u32::from(store.max_address_peers).into(), 0..=100),
        (("catalog", "max_torrent_bytes"), config.catalog.max_torrent_bytes.0, 1 << 16..=1 << 30),
        (("pages", "feed_items"), config.pages.feed_items.into(), 1..=10_000),
        (("pages", "rows"), config.pages.rows.into(), 1..=100_000),
        (("pages", "browse_limit"), config.pages.browse_limit.into(), 0..=10_000_000),
        (("pages", "static_torrents"), config.pages.static_torrents.into(), 0..=100_000),
        (("access", "metrics_torrents"), config.access.metrics_torrents.into(), 0..=1000),
        (("clients", "ban_after"), u32::from(config.clients.ban_after).into(), 0..=1000),
        (("limits", "announces"), u32::from(limits.announces).into(), 0..=60_000),
        (("limits", "announces_at_once"), limits.announces_at_once.into(), 1..=1_000_000),
        (
            ("limits", "full_scrape_pause"),
            limits.full_scrape_pause.0.into(),
            0..=LONGEST_SECONDS.into(),
        ),
        (("gateway", "max_params"), size(gateway.max_params), 4096..=1 << 24),
        (("gateway", "max_body"), size(gateway.max_body), 0..=1 << 30),
        (("gateway", "max_connections"), size(gateway.max_connections), 1..=1 << 20),
        (("gateway", "timeout"), gateway.timeout.0.into(), 1..=3600),
        (("gateway", "pool_threads"), size(gateway.pool_threads), 1..=64),
    ]
}

fn periods_within_ranges(config: &Config) -> Result<(), Impossible> {
    let (minute, week) = (Period(Seconds(60)), Period(Seconds(LONGEST_SECONDS)));
    let (day, ten_years) = (Period(Seconds(86_400)), Period(Seconds(520 * LONGEST_SECONDS)));
    let periods = [
        (("access", "offline_retry"), config.access.offline_retry, minute..=week),
        (("clients", "ban_within"), config.clients.ban_within, minute..=week),
        (("clients", "ban_for"), config.clients.ban_for, minute..=ten_years),
        (("log", "keep"), config.log.keep, day..=ten_years),
    ];
    match periods.into_iter().find(|(_, period, range)| !range.contains(period)) {
        None => Ok(()),
        Some((key, period, range)) => Err(Impossible::new(
            key,
            format!("{period}; choose one from {} to {}", range.start(), range.end()),
        )),
    }
}

fn numbers_in_order(config: &Config) -> Result<(), Impossible> {
    let tracker = &config.tracker;
    let ordered = [
        ("min_interval", tracker.min_interval.0, "interval", tracker.interval.0),
        ("interval", tracker.interval.0, "expiry", tracker.expiry.0),
        ("numwant", tracker.numwant, "max_numwant", tracker.max_numwant),
    ];
    match ordered.into_iter().find(|(_, lower, _, upper)| lower > upper) {
        None => Ok(()),
        Some((low, lower, high, upper)) => Err(Impossible::between(
            ("tracker", low),
            ("tracker", high),
            format!(
                "`{low}` ({lower}) is above `{high}` ({upper}); lower the one or raise the other"
            ),
        )),
    }
}

/// Who changes `kind` in the sample and leaves `path` as it is does not mean that path: the store of
/// the other kind, which is there, would have to give way.
fn the_store_is_not_where_another_kind_is(
    config: &Config,
    folder: &Path,
) -> Result<(), Impossible> {
    let store = &config.store;
    let usual = |kind: StoreKind| absolute(folder, &kind.usual_path(&config.paths.catalog));
    let is_there = |kind: &StoreKind| usual(*kind) == store.path;
    match StoreKind::ALL.into_iter().find(|kind| *kind != store.kind && is_there(kind)) {
        None => Ok(()),
        Some(other) => Err(Impossible::between(
            ("store", "path"),
            ("store", "kind"),
            format!(
                "{} is the usual file of the other kind, \"{}\"; name another one for \"{}\", such as \
                 {:?}, or leave `path` out",
                store.path.display(),
                other.name(),
                store.kind.name(),
                usual(store.kind).display().to_string(),
            ),
        )),
    }
}

/// What lies at a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    TorrentFiles,
    Secrets,
    Fragment,
}

/// The paths of a configuration by key.
struct Paths<'a>([(Key, Holds, &'a Path); 6]);

impl<'a> Paths<'a> {
    fn of(config: &'a Config) -> Self {
        let paths = &config.paths;
        Self([
            (("paths", "torrents"), Holds::TorrentFiles, &paths.torrents),
            (("store", "path"), Holds::Secrets, &config.store.path),
            (("paths", "catalog"), Holds::Secrets, &paths.catalog),
            (("paths", "policy"), Holds::Secrets, &paths.policy),
            (("paths", "stats_fragment"), Holds::Fragment, &paths.stats_fragment),
            (("paths", "rss_fragment"), Holds::Fragment, &paths.rss_fragment),
        ])
    }

    fn are_filled(&self) -> Result<(), Impossible> {
        match self.0.iter().find(|(_, _, path)| path.as_os_str().is_empty()) {
            None => Ok(()),
            Some((key, ..)) => {
                Err(Impossible::new(*key, "it is empty; name a path, or leave the key out".into()))
            }
        }
    }

    /// No file may be what another key names, nor the folder that it lies in.
    fn are_apart(&self) -> Result<(), Impossible> {
        let files = self.0.iter().filter(|(_, holds, _)| *holds != Holds::TorrentFiles);
        for (key, _, file) in files {
            let clash =
                self.0.iter().find(|(other, _, path)| other != key && is_within(path, file));
            if let Some((other, _, _)) = clash {
                return Err(Impossible::between(
                    *key,
                    *other,
                    format!(
                        "{} is a file of its own, and `{}` in [{}] names the same or something \
                         within; choose another path for one of them",
                        file.display(),
                        other.1,
                        other.0
                    ),
                ));
            }
        }
        Ok(())
    }

    /// What stands in the page of the feed, or in a file that everybody gets, is published.
    fn are_apart_from(
        &self,
        published: &'static str,
        file: Option<&Path>,
    ) -> Result<(), Impossible> {
        let Some(file) = file else { return Ok(()) };
        let clash = self.0.iter().find(|(_, holds, path)| {
            is_within(path, file) || (*holds != Holds::TorrentFiles && is_within(file, path))
        });
        match clash {
            None => Ok(()),
            Some(((section, key), ..)) => Err(Impossible::between(
                ("paths", published),
                (section, key),
                format!(
                    "{} is a file of its own, and `{key}` in [{section}] names the same or something within; \
                     choose another path for one of them",
                    file.display()
                ),
            )),
        }
    }

    fn publish_nothing_private(&self) -> Result<(), Impossible> {
        let [(torrents_key, _, torrents), rest @ ..] = &self.0;
        let exposed = rest
            .iter()
            .find(|(_, holds, path)| *holds == Holds::Secrets && is_within(path, torrents));
        match exposed {
            None => Ok(()),
            Some((key, _, path)) => Err(Impossible::between(
                *key,
                *torrents_key,
                format!(
                    "{} is in the folder of .torrent files, which everybody may download; choose a \
                     folder that the web server does not show",
                    path.display()
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::LoadedConfig;
    use super::*;

    /// The text about the first impossible value.
    fn refusal(text: &str) -> String {
        let file = Path::new("/srv/conf/tracker.toml");
        LoadedConfig::parse(text, file).map(|_| "accepted".into()).unwrap_or_else(|e| e.to_string())
    }

    fn assert_refused(text: &str, expected: &str) {
        let refusal = refusal(text);
        assert!(refusal.ends_with(expected), "{text}: {refusal}");
    }

    #[test]
    fn the_defaults_can_be_followed() {
        let folder = Path::new("/srv/cgi-bin");
        assert_eq!(validate(&LoadedConfig::built_in(folder).config, folder), Ok(()));
    }

    #[test]
    fn numbers_out_of_range_are_refused_with_the_range() {
        for (setting, expected) in [
            ("tracker.interval = 0", "`interval` in [tracker]: 0; choose one from 1 to 604800"),
            ("tracker.interval = 604801", "[tracker]: 604801; choose one from 1 to 604800"),
            ("tracker.expiry = 700000", "[tracker]: 700000; choose one from 1 to 604800"),
            ("tracker.max_numwant = 2001", "[tracker]: 2001; choose one from 1 to 2000"),
            ("tracker.numwant = 0", "`numwant` in [tracker]: 0; choose one from 1 to 2000"),
            ("store.max_size = 4194303", "4194303; choose one from 4194304 to 8589934592"),
            ("store.max_size = 8589934593", "choose one from 4194304 to 8589934592"),
            ("catalog.max_torrent_bytes = 100", "100; choose one from 65536 to 1073741824"),
            ("pages.feed_items = 0", "`feed_items` in [pages]: 0; choose one from 1 to 10000"),
            ("pages.rows = 0", "`rows` in [pages]: 0; choose one from 1 to 100000"),
            ("limits.announces = 60001", "[limits]: 60001; choose one from 0 to 60000"),
            ("limits.announces_at_once = 0", "[limits]: 0; choose one from 1 to 1000000"),
            ("gateway.timeout = 0", "`timeout` in [gateway]: 0; choose one from 1 to 3600"),
            ("gateway.pool_threads = 0", "[gateway]: 0; choose one from 1 to 64"),
            ("gateway.max_params = 100", "[gateway]: 100; choose one from 4096 to 16777216"),
            ("gateway.max_connections = 0", "[gateway]: 0; choose one from 1 to 1048576"),
        ] {
            assert_refused(setting, expected);
        }
    }

    #[test]
    fn the_ends_of_ranges_are_accepted() {
        for setting in [
            "tracker.interval = 1\ntracker.min_interval = 0\ntracker.expiry = 1",
            "tracker.interval = 604800\ntracker.expiry = 604800",
            "tracker.numwant = 2000\ntracker.max_numwant = 2000",
            "gateway.max_body = 0",
            "store.max_size = 4194304\nstore.max_peers = 0",
            "store.max_size = 8589934592\nstore.max_address_peers = 100",
        ] {
            assert_eq!(refusal(setting), "accepted", "{setting}");
        }
    }

    #[test]
    fn numbers_that_contradict_each_other_are_refused() {
        assert_refused(
            "tracker.min_interval = 1801",
            "line 1: impossible value for `min_interval` in [tracker]: `min_interval` (1801) is above \
             `interval` (1800); lower the one or raise the other",
        );
        assert_refused(
            "tracker.interval = 2701\ntracker.expiry = 2700",
            "is above `expiry` (2700); lower the one or raise the other",
        );
        assert_refused(
            "tracker.expiry = 1799",
            "`expiry` (1799); lower the one or raise the other",
        );
        assert_refused(
            "tracker.numwant = 201",
            "`max_numwant` (200); lower the one or raise the other",
        );
    }

    #[test]
    fn addresses_for_browsers_must_be_http_urls() {
        let hint = "is not an http(s) URL; write one such as \"https://example.org/…\"";
        assert_refused("tracker.announce_url = 'udp://example.org:6969'", hint);
        assert_refused("tracker.announce_url = ''", hint);
        assert_refused("paths.torrents_url = '/torrents'", hint);
        assert_refused("paths.home_url = 'example.org'", hint);
        assert_refused("paths.script_url = '/cgi-bin/tracker.cgi'", hint);
        assert_refused("paths.pages_url = '/share'", hint);
        let hint = "; write one such as \"mail@example.org\" or \"https://example.org/…\"";
        assert_refused("pages.contact = 'us'", hint);
        assert_refused("pages.report = 'javascript:{hash}'", hint);
        assert_refused("pages.legal = \"a\\nb\"", "in one line, or the address of a page");
        let hint = "is not an http(s) URL; write one such as \"https://example.org/…\"";
        assert_refused("farm.owner_url = 'tracker.test'", hint);
        let line = "line 2: impossible value for `torrents_url` in [paths]: \"/torrents\" is not";
        assert!(refusal("[paths]\ntorrents_url = '/torrents'").contains(line));
        assert_eq!(refusal("paths.torrents_url = 'https://[::1]:8080/t'"), "accepted");
        assert_eq!(refusal("paths.home_url = ''"), "accepted");
    }

    #[test]
    fn other_announce_urls_must_be_ones_that_torrents_can_name() {
        let text = "tracker.also_announce_urls = ['http://a.example/announce', 'b.example']";
        assert_refused(
            text,
            "line 1: impossible value for `also_announce_urls` in [tracker]: \"b.example\" is not an announce \
             URL; write one such as \"https://example.org/…\"",
        );
        let text = "tracker.also_announce_urls = ['udp://a.example:6969', 'wss://a.example']";
        assert_eq!(refusal(text), "accepted");
    }

    #[test]
    fn trusted_proxies_are_addresses_or_ranges() {
        for wrong in ["10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "::1/+8", "proxy.local"] {
            let text = format!("network.trusted_proxies = ['::1', '{wrong}']");
            let hint = format!(
                "[network]: \"{wrong}\" is not an address range; write 192.0.2.1, 10.0.0.0/8, \
                 2001:db8::/32 or unix:"
            );
            assert_refused(&text, &hint);
        }
        let text =
            "network.trusted_proxies = ['::1', '10.0.0.0/8', ' 192.0.2.1 ', '::/0', 'unix:']";
        assert_eq!(refusal(text), "accepted");
    }

    #[test]
    fn addresses_without_a_limit_are_addresses_or_ranges() {
        let text = "tracker.max_address_exempt = ['192.0.2.0/24', 'office']";
        let hint = "[tracker]: \"office\" is not an address range; write 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32";
        assert_refused(text, hint);
        assert_eq!(refusal("tracker.max_address_exempt = ['::1', '192.0.2.0/24']"), "accepted");
    }

    #[test]
    fn the_header_of_proxies_is_the_name_of_one() {
        for wrong in ["", "x real ip", "x-real-ip:", "é"] {
            let text = format!("network.client_address_header = '{wrong}'");
            assert_refused(&text, "is not the name of a header; write one such as x-real-ip");
        }
        assert_eq!(refusal("network.client_address_header = 'CF-Connecting-IP'"), "accepted");
    }

    #[test]
    fn who_is_told_to_come_back_is_told_so_within_a_week() {
        for wrong in ["1s", "59s", "8d"] {
            let text = format!("access.offline_retry = '{wrong}'");
            assert_refused(&text, &format!("in [access]: {wrong}; choose one from 1m to 1w"));
        }
        assert_refused(
            "access.offline_retry = '5'",
            "write a number and s, m, h, d or w, such as 30m, 12h or 7d",
        );
        assert_refused(
            "access.offline_message = \"a\\nb\"",
            "write no line breaks or other control characters",
        );
        assert_eq!(refusal("access.offline_retry = '7d'"), "accepted");
        assert_refused("log.keep = '2h'", "in [log]: 2h; choose one from 1d to 520w");
    }

    #[test]
    fn an_empty_path_is_refused() {
        assert_refused(
            "store.path = ''",
            "`path` in [store]: it is empty; name a path, or leave the key out",
        );
    }

    #[test]
    fn a_store_at_the_usual_place_of_another_kind_is_refused() {
        assert_refused(
            "[store]\nkind = 'shm'\npath = '../data/peers.db'",
            "line 3: impossible value for `path` in [store]: /srv/data/peers.db is the usual file of the \
             other kind, \"sqlite\"; name another one for \"shm\", such as \"/dev/shm/tracker.d/peers\", \
             or leave `path` out",
        );
        assert_refused(
            "store.path = '/dev/shm/tracker.d/peers'",
            "such as \"/srv/data/peers.db\", or leave `path` out",
        );
        assert_eq!(refusal("store.kind = 'shm'\nstore.path = '../data/peers'"), "accepted");
    }

    #[test]
    fn paths_that_are_the_same_however_written_are_refused() {
        let hint = "choose another path for one of them";
        assert_refused("paths.policy = '../data/catalog.db'", hint);
        assert_refused("store.path = '/srv/conf/../data/./catalog.db'", hint);
        assert_refused("paths.rss_fragment = '../www/torrents'", hint);
        assert_refused("paths.catalog = '../data'", hint);
    }

    #[test]
    fn a_page_of_the_feed_that_is_another_file_is_refused() {
        let hint = "choose another path for one of them";
        for path in ["../data/catalog.db", "../www/torrents/bt_rss.inc", "../data", "/srv/www"] {
            assert_refused(&format!("paths.feed_page = '{path}'"), hint);
        }
        for path in ["", "../www/torrents/feed.shtml", "../www/rss.xml"] {
            assert_eq!(refusal(&format!("paths.feed_page = '{path}'")), "accepted");
        }
    }

    #[test]
    fn private_files_in_the_published_folder_are_refused() {
        assert_refused(
            "paths.catalog = '../www/torrents/catalog.db'",
            "choose a folder that the web server does not show",
        );
    }
}
