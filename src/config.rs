//! The configuration: one struct, every key documented, one place for defaults.
//!
//! `locate` finds the file, `load` reads it into what `loaded` holds and makes its paths absolute, `validate`
//! refuses what cannot be, `diagnose` says what is wrong in which line, `sample` is the documented file,
//! `layout` makes the folders that a configuration names, and `data` hides what is in one of them.

mod access;
mod admin;
mod amounts;
mod clients;
mod data;
mod diagnose;
mod empty_is_none;
mod error;
mod farm;
mod fragments;
mod languages;
mod layout;
mod limits;
mod line_speed;
mod load;
mod loaded;
mod locate;
mod log;
mod network;
mod notice;
mod owner_words;
mod period;
mod proxies;
mod reachability;
mod sample;
mod site_url;
mod validate;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::platform::network::Network;
use crate::protocol::{HttpUrl, Seconds, Url};

pub use access::{AccessConfig, Gone};
pub use admin::{AdminConfig, NotAProgram, Program};
pub use amounts::{Bytes, Limit};
pub use clients::ClientsConfig;
pub use data::is_unguessable;
pub use diagnose::{Flaw, KeyName};
pub use error::ConfigError;
pub use farm::{FarmConfig, FarmRole};
pub use fragments::FragmentsOf;
pub use languages::{Language, Languages, LanguagesError};
pub use layout::{LaidOut, LayoutError, act_for_owner, lay_out_missing, owner, written_folders};
pub use limits::LimitsConfig;
pub use line_speed::LineSpeed;
pub use loaded::LoadedConfig;
pub use locate::{Face, FoundBy, Surroundings, absolute};
pub use log::{AnnounceLog, LogConfig};
pub use network::{Families, NetworkConfig, PrivateAddresses, StatedAddressRule};
pub use notice::{NotANotice, Notice};
pub use owner_words::{Contact, Legal, OwnerWordsError, ReportTo};
pub use period::{NotAPeriod, Period};
pub use proxies::{HeaderName, NotAHeaderName, NotAProxy, TrustedProxy};
pub use reachability::{ReachabilityCheck, ReachabilityConfig};
pub use sample::{SAMPLE, sample_with_addresses};
pub use site_url::SAMPLE_SITE;

/// Everything an owner may decide.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[tracker]`
    pub tracker: TrackerConfig,
    /// `[access]`
    pub access: AccessConfig,
    /// `[store]`
    pub store: StoreConfig,
    /// `[paths]`
    pub paths: PathsConfig,
    /// `[clients]`
    pub clients: ClientsConfig,
    /// `[catalog]`
    pub catalog: CatalogConfig,
    /// `[pages]`
    pub pages: PagesConfig,
    /// `[network]`
    pub network: NetworkConfig,
    /// `[reachability]`
    pub reachability: ReachabilityConfig,
    /// `[limits]`
    pub limits: LimitsConfig,
    /// `[gateway]`
    pub gateway: GatewayConfig,
    /// `[refresh]`
    pub refresh: RefreshConfig,
    /// `[log]`
    pub log: LogConfig,
    /// `[farm]`
    pub farm: FarmConfig,
    /// `[admin]`
    pub admin: AdminConfig,
}

impl Config {
    /// The file into which refreshes write a scrape of all torrents, where such scrapes are answered.
    #[must_use]
    pub fn answered_full_scrape(&self) -> Option<&Path> {
        let is_answered = self.tracker.scrape && self.tracker.full_scrape;
        self.paths.full_scrape.as_deref().filter(|_| is_answered)
    }

    /// The limit on the peers of one address that holds, and the section that sets it.
    #[must_use]
    pub fn address_peers(&self) -> (Limit, &'static str) {
        match self.store.max_address_peers {
            Limit::NONE => (self.tracker.max_address_peers, "tracker"),
            old => (old, "store"),
        }
    }
}

/// What the tracker tells its clients.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrackerConfig {
    /// The address that clients announce to, as it stands in the .torrent files. Unset: nobody knows which announce
    /// URLs are ours, and none is called foreign.
    pub announce_url: Option<HttpUrl>,
    /// Other addresses that torrents may name and still be this tracker's.
    pub also_announce_urls: Vec<Url>,
    /// "listed": only the catalogue's torrents; "open": any info-hash.
    pub torrents: Torrents,
    /// Seconds between announces, up to a week; replies add up to a tenth, fixed per peer.
    pub interval: Seconds,
    /// Seconds that a client must wait at least; not above `interval`.
    pub min_interval: Seconds,
    /// Seconds of silence after which a peer is gone; not below `interval`.
    pub expiry: Seconds,
    /// Announces a second above which load is high, 0 to 1,000,000; 0: it never is.
    pub high_load: u32,
    /// Whether load counts as high in any case.
    pub high_load_now: bool,
    /// What a peer's line carries each way at most: "10 Gbit/s". Of what a peer says that it moved, no
    /// more counts than that allows for the time since it came.
    pub max_rate: LineSpeed,
    /// Peers in one swarm at one IPv4 address or in one IPv6 /64 at most, 0 to 100; 0: no limit. A /48
    /// may have four times as many.
    pub max_address_peers: Limit,
    /// Addresses and ranges (CIDR) without that limit.
    pub max_address_exempt: Network,
    /// Peers in a reply when the client does not say how many it wants; not above `max_numwant`.
    pub numwant: u32,
    /// Peers in a reply at most, 1 to 2000.
    pub max_numwant: u32,
    /// Whether seeders are told about other seeders.
    pub seeds_see_seeds: bool,
    /// Whether clients that ask for dictionaries (compact=0) get the compact form all the same.
    pub compact_only: bool,
    /// Whether /scrape answers for named info-hashes.
    pub scrape: bool,
    /// Whether /scrape without an info-hash answers for all torrents that are not hidden.
    pub full_scrape: bool,
    /// Whether scrape replies carry each torrent's name.
    pub scrape_names: bool,
    /// Whether scrape replies carry PHPBTTracker+'s keys: average progress, speed and bytes, of the last refresh.
    pub scrape_figures: bool,
    /// Whether .torrent files that name another tracker, or none, are tracked too.
    pub accept_foreign: bool,
}

/// Which info-hashes are tracked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Torrents {
    /// Those of the catalogue.
    Listed,
    /// All.
    Open,
}

/// Where peers live.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// "sqlite": a SQLite file; "shm": shared memory.
    pub kind: StoreKind,
    /// The store's file; folders are made when missing. Unset: the usual file of the kind.
    pub path: PathBuf,
    /// Bytes that a store in shared memory may take, 4 MiB to 8 GiB; some 85 are needed for each peer.
    pub max_size: Bytes,
    /// Peers in all swarms together at most; 0: no limit. When a limit is reached, the peer that was
    /// silent for longest goes.
    pub max_peers: Limit,
    /// Peers in one swarm at most; 0: no limit.
    pub max_swarm_peers: Limit,
    /// Swarms of an open tracker at most; 0: no limit. When it is reached, one without peers goes, or else the one
    /// that nobody has announced to for longest.
    pub max_swarms: Limit,
    /// Where not 0: `max_address_peers` of `[tracker]`, whose old place this is.
    pub max_address_peers: Limit,
}

/// The kinds of peer store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// A SQLite file.
    Sqlite,
    /// A file in shared memory.
    Shm,
}

impl StoreKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Shm];

    /// Its name, as a configuration has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Shm => "shm",
        }
    }

    /// Its usual file, for a configuration that names none: a database is beside the catalogue.
    #[must_use]
    pub fn usual_path(self, catalog: &Path) -> PathBuf {
        match self {
            Self::Sqlite => catalog.with_file_name("peers.db"),
            Self::Shm => "/dev/shm/tracker.d/peers".into(),
        }
    }
}

/// Where files are.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PathsConfig {
    /// The folder of .torrent files.
    pub torrents: PathBuf,
    /// The address under which the web server shows that folder. Unset: links can only be relative.
    pub torrents_url: Option<HttpUrl>,
    /// Where a browser that opens the tracker itself is sent; none: to its /stats page.
    #[serde(with = "empty_is_none")]
    pub home_url: Option<HttpUrl>,
    /// The catalogue: torrents and their totals.
    pub catalog: PathBuf,
    /// What announces look up of the catalogue.
    pub policy: PathBuf,
    /// The stats table for server-side includes.
    pub stats_fragment: PathBuf,
    /// The RSS items for server-side includes.
    pub rss_fragment: PathBuf,
    /// The page that includes them; none: there is no such page.
    #[serde(with = "empty_is_none")]
    pub feed_page: Option<PathBuf>,
    /// A file into which refreshes write what /scrape without an info-hash answers; none: there is no such file.
    #[serde(with = "empty_is_none")]
    pub full_scrape: Option<PathBuf>,
    /// A file into which refreshes write what /metrics tells, for node_exporter: its name ends in .prom; none: there is no
    /// such file.
    #[serde(with = "empty_is_none")]
    pub metrics_file: Option<PathBuf>,
    /// The folder into which refreshes write pages for visitors, beside what the owner has there; none: there
    /// are no such pages.
    #[serde(with = "empty_is_none")]
    pub pages: Option<PathBuf>,
    /// The address under which the web server shows that folder; none: where the torrents folder lies directly in it,
    /// that of the torrents says it. What must name a page as others see it needs it.
    #[serde(with = "empty_is_none")]
    pub pages_url: Option<HttpUrl>,
    /// The address of the script, by which these pages lead to it; none: as `announce_url` has it, where that is below
    /// the script.
    #[serde(with = "empty_is_none")]
    pub script_url: Option<HttpUrl>,
}

/// What is taken into the catalogue.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogConfig {
    /// Bytes of a .torrent file at most, 64 KiB to 1 GiB.
    pub max_torrent_bytes: Bytes,
    /// For how long the figures of torrents are kept that vanished.
    pub keep_missing: Period,
    /// Where .torrent files are kept that are uploaded or added by command, unless who adds them says so: "folder": the
    /// folder `torrents` of `[paths]`; "database": the catalogue.
    pub keep_uploads: UploadPlace,
}

/// Where uploaded `.torrent` files are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UploadPlace {
    /// The torrents folder.
    #[default]
    Folder,
    /// The catalogue.
    Database,
}

impl UploadPlace {
    /// The names of all.
    pub const NAMES: [&'static str; 2] = ["folder", "database"];

    /// The one of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "folder" => Some(Self::Folder),
            "database" => Some(Self::Database),
            _ => None,
        }
    }
}

/// What visitors see.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PagesConfig {
    /// Torrents in a feed at most, the newest, 1 to 10,000.
    pub feed_items: u32,
    /// Torrents in a table at most, and on one page of those in `pages` of `[paths]`; 1 to 100,000.
    pub rows: u32,
    /// Torrents on the index of `pages` of `[paths]` at most, 0 to 10,000,000: of more, the front page is a directory.
    pub browse_limit: u32,
    /// Torrents with a static page of their own at most, those with the most peers, 0 to 100,000.
    pub static_torrents: u32,
    /// Of what fragments for pages of the owner's are written into `pages` of `[paths]`.
    pub fragments: Vec<FragmentsOf>,
    /// In which languages the pages are.
    pub languages: Languages,
    /// What the pages are called.
    pub title: String,
    /// Whether the page that the script makes of a torrent lists its peers, without addresses.
    pub peers: bool,
    /// Whom visitors may write to, in the foot of each page: a mail address or a page; none: nobody is named.
    #[serde(with = "empty_is_none")]
    pub contact: Option<Contact>,
    /// The legal notice in the foot of each page: its address, or itself; none: there is none.
    #[serde(with = "empty_is_none")]
    pub legal: Option<Legal>,
    /// Where visitors report a torrent: a mail address, or a page in whose address `{hash}` is its info-hash; none:
    /// nowhere.
    #[serde(with = "empty_is_none")]
    pub report: Option<ReportTo>,
}

/// Limits of the FastCGI responder.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayConfig {
    /// Bytes of parameters in a request at most.
    pub max_params: usize,
    /// Bytes of a request's body at most; of a CGI's too.
    pub max_body: usize,
    /// Connections at once at most.
    pub max_connections: usize,
    /// Seconds after which an idle or half-sent connection is closed.
    pub timeout: Seconds,
    /// Threads at most for what takes long, beside the workers and the one that waits for others.
    pub pool_threads: usize,
}

/// When statistics are recreated.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefreshConfig {
    /// Whether the first request after half an interval refreshes, when no cron has.
    pub on_request: bool,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self {
            announce_url: None,
            also_announce_urls: Vec::new(),
            torrents: Torrents::Listed,
            interval: Seconds(1800),
            min_interval: Seconds(300),
            expiry: Seconds(2700),
            high_load: 250,
            high_load_now: false,
            max_rate: LineSpeed::USUAL,
            max_address_peers: 100.into(),
            max_address_exempt: Network::default(),
            numwant: 50,
            max_numwant: 200,
            seeds_see_seeds: false,
            compact_only: false,
            scrape: true,
            full_scrape: true,
            scrape_names: false,
            scrape_figures: false,
            accept_foreign: false,
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        let kind = StoreKind::Sqlite;
        Self {
            kind,
            path: "../data/peers.db".into(),
            max_size: Bytes(1 << 30),
            max_peers: Limit::NONE,
            max_swarm_peers: Limit::NONE,
            max_swarms: 1_000_000.into(),
            max_address_peers: Limit::NONE,
        }
    }
}

impl Default for PathsConfig {
    fn default() -> Self {
        Self {
            torrents: "../www/torrents".into(),
            torrents_url: None,
            home_url: None,
            catalog: "../data/catalog.db".into(),
            policy: "../data/policy.snapshot".into(),
            stats_fragment: "../www/torrents/bt_stats.inc".into(),
            rss_fragment: "../www/torrents/bt_rss.inc".into(),
            feed_page: Some("../www/rss.xml".into()),
            full_scrape: None,
            metrics_file: None,
            pages: None,
            pages_url: None,
            script_url: None,
        }
    }
}

impl Default for CatalogConfig {
    fn default() -> Self {
        Self {
            max_torrent_bytes: Bytes(10 << 20),
            keep_missing: Period(Seconds(365 * 24 * 60 * 60)),
            keep_uploads: UploadPlace::Folder,
        }
    }
}

impl Default for PagesConfig {
    fn default() -> Self {
        Self {
            feed_items: 50,
            rows: 1000,
            browse_limit: 5000,
            static_torrents: 1000,
            fragments: vec![FragmentsOf::All],
            languages: Languages::default(),
            title: "Torrents".into(),
            peers: false,
            contact: None,
            legal: None,
            report: None,
        }
    }
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            max_params: 64 * 1024,
            max_body: 10 * 1024 * 1024,
            max_connections: 1024,
            timeout: Seconds(60),
            pool_threads: 2,
        }
    }
}

impl Default for RefreshConfig {
    fn default() -> Self {
        Self { on_request: true }
    }
}
