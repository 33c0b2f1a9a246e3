//! Why a client gets no peers: texts that are safe to send, and when to come back.

use super::peer_rules::NotAPeer;
use crate::config::{AccessConfig, Gone};
use crate::protocol::{AnnounceError, RetryIn, ScrapeError, Seconds, Timestamp};
use crate::store::StoreError;

/// A reason that a person behind a client understands. Nothing of the machine is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The announce itself is wrong.
    #[error("{0}")]
    Announce(#[from] AnnounceError),
    /// The scrape itself is wrong.
    #[error("{0}")]
    Scrape(#[from] ScrapeError),
    /// The owner has switched the tracker off for a while.
    #[error("{message}")]
    Offline {
        /// What the owner has to say.
        message: Box<str>,
        /// When to ask again.
        retry: Seconds,
    },
    /// The owner has given the tracker up.
    #[error("this is no longer a tracker; please remove it from your torrents")]
    Gone,
    /// The info-hash is not the catalogue's.
    #[error("this tracker does not track that torrent")]
    Unlisted,
    /// The owner's list says that the info-hash is not tracked.
    #[error("the owner of this tracker does not let that torrent be tracked")]
    Denied,
    /// The owner has retired the torrent, and says why.
    #[error("{0}")]
    Retired(Box<str>),
    /// The owner does not let such clients announce.
    #[error("this tracker does not accept your BitTorrent client{}{reason}", if reason.is_empty() { "" } else { ": " })]
    Client {
        /// What the owner has to say about it; may be empty.
        reason: Box<str>,
    },
    /// Only known clients may announce.
    #[error("this tracker does not know your BitTorrent client, and accepts known ones only")]
    UnknownClient,
    /// Only clients that understand compact replies may announce.
    #[error("this tracker answers only clients that ask for compact replies (compact=1)")]
    CompactOnly,
    /// The owner does not let the client's address announce.
    #[error("your address is banned from this tracker{}{reason}", if reason.is_empty() { "" } else { ": " })]
    Banned {
        /// What the owner has to say about it; may be empty.
        reason: Box<str>,
        /// The time until it is over; `None`: it stays.
        ends_in: Option<Seconds>,
    },
    /// The owner takes no peers at such addresses or ports.
    #[error("{0}")]
    NotAPeer(#[from] NotAPeer),
    /// The web server passed no address on.
    #[error("the tracker cannot see your address; please tell the owner of the site")]
    NoAddress,
    /// Switched off in the configuration.
    #[error("this tracker does not answer scrapes")]
    ScrapeIsOff,
    /// Switched off in the configuration.
    #[error("this tracker answers a scrape only for torrents that are named by their info_hash")]
    FullScrapeIsOff,
    /// Load is high, and all torrents at once are much work.
    #[error(
        "this tracker is busy and answers a scrape only for torrents that are named by their info_hash"
    )]
    BusyForFullScrape,
    /// The address has scraped all torrents a short while ago.
    #[error(
        "all torrents were scraped from your address a short while ago; please try again later, or name \
         torrents by their info_hash"
    )]
    FullScrapeTooEarly {
        /// When it may again.
        wait: Seconds,
    },
    /// The peer store has no room for a peer that it does not know.
    #[error("this tracker has no room for more peers at the moment; please try again later")]
    Full,
    /// Others hold the peer store, and this thread may not wait for them; another one may.
    #[error("this tracker is busy; please try again later")]
    WouldWait,
    /// Trouble of our own; the log has the story.
    #[error("this tracker has a problem, which is explained in its log; please try again later")]
    Trouble,
}

/// When a client whose address is banned is to ask again at the latest.
const BANNED_RETRY: Seconds = Seconds(60 * 60);

/// What a client is told to wait where it is not to come again at all.
const LONGEST_WAIT: Seconds = Seconds(7 * 24 * 60 * 60);

impl Refusal {
    /// That the owner has switched the tracker off, for good or for a while.
    #[cold]
    pub(super) fn closed(access: &AccessConfig) -> Self {
        match access.gone {
            Gone::Ok | Gone::Gone => Self::Gone,
            Gone::No => Self::Offline {
                message: access.offline_message.as_str().into(),
                retry: access.offline_retry.seconds(),
            },
        }
    }

    /// That an address is banned until then, for this reason.
    pub(super) fn banned(reason: &str, until: Option<Timestamp>, now: Timestamp) -> Self {
        Self::Banned { reason: reason.into(), ends_in: until.map(|until| until.since(now)) }
    }

    /// Logs what went wrong in the store; the client is only told that something did. Each announce
    /// may meet the same trouble, so the log has one line a minute of each kind.
    pub(super) fn from_store(problem: &StoreError) -> Self {
        match problem {
            StoreError::WouldWait { .. } => {
                crate::error!("{problem}");
                Self::Trouble
            }
            StoreError::OtherKind { .. } => {
                crate::error!("{problem}");
                Self::Trouble
            }
            StoreError::Full { .. } => {
                crate::error!("{problem}");
                Self::Full
            }
            StoreError::Unavailable { .. }
            | StoreError::Missing { .. }
            | StoreError::Corrupt { .. } => {
                crate::error!("{problem}");
                Self::Trouble
            }
        }
    }

    /// All words of [`Refusal::rule`]. They are counted by their places here: new ones come at the end.
    pub(super) const RULES: [&'static str; 22] = [
        "offline",
        "gone",
        "malformed",
        "torrents",
        "deny_list",
        "retired",
        "client",
        "identify",
        "require_compact",
        "ban",
        "families",
        "private_addresses",
        "refuse_low_ports",
        "refused_ports",
        "no_address",
        "scrape",
        "full_scrape",
        "high_load",
        "full_scrape_pause",
        "full",
        "busy",
        "trouble",
    ];

    /// The rule by which it was refused, in a word, for the log.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Offline { .. } => "offline",
            Self::Gone => "gone",
            Self::Announce(_) | Self::Scrape(_) => "malformed",
            Self::Unlisted => "torrents",
            Self::Denied => "deny_list",
            Self::Retired(_) => "retired",
            Self::Client { .. } => "client",
            Self::UnknownClient => "identify",
            Self::CompactOnly => "require_compact",
            Self::Banned { .. } => "ban",
            Self::NotAPeer(rule) => rule.rule(),
            Self::NoAddress => "no_address",
            Self::ScrapeIsOff => "scrape",
            Self::FullScrapeIsOff => "full_scrape",
            Self::BusyForFullScrape => "high_load",
            Self::FullScrapeTooEarly { .. } => "full_scrape_pause",
            Self::Full => "full",
            Self::WouldWait => "busy",
            Self::Trouble => "trouble",
        }
    }

    /// What the client is told, where that does not name its address.
    #[must_use]
    pub fn without_address(&self) -> Option<String> {
        match self {
            Self::NotAPeer(rule) if rule.names_address() => None,
            other => Some(other.to_string()),
        }
    }

    /// What a client that does not know BEP 31 is told to wait, where that is `interval` as a rule.
    #[must_use]
    pub fn interval(&self, interval: Seconds) -> Seconds {
        match self {
            Self::Gone => LONGEST_WAIT,
            Self::Offline { retry, .. } => *retry,
            _ => interval,
        }
    }

    /// When trying again makes sense (BEP 31); `None` where nothing but a changed request helps.
    #[must_use]
    pub fn retry_in(&self, interval: Seconds) -> Option<RetryIn> {
        match self {
            Self::Announce(_) | Self::Scrape(_) | Self::ScrapeIsOff | Self::FullScrapeIsOff => None,
            Self::Gone | Self::Retired(_) => Some(RetryIn::Never),
            Self::Offline { retry, .. } => {
                Some(RetryIn::Minutes(retry.in_minutes_rounded_up().max(1)))
            }
            Self::Unlisted
            | Self::Denied
            | Self::CompactOnly
            | Self::Client { .. }
            | Self::UnknownClient
            | Self::NotAPeer(_)
            | Self::NoAddress => Some(RetryIn::Minutes(interval.in_minutes_rounded_up().max(1))),
            // Bans may be lifted before their time.
            Self::Banned { ends_in, .. } => {
                let ends_in = ends_in.map_or(BANNED_RETRY, |left| left.min(BANNED_RETRY));
                Some(RetryIn::Minutes(ends_in.in_minutes_rounded_up().max(1)))
            }
            Self::BusyForFullScrape => Some(RetryIn::Minutes(5)),
            Self::FullScrapeTooEarly { wait } => {
                Some(RetryIn::Minutes(wait.in_minutes_rounded_up().max(1)))
            }
            // Room comes with the silent peers' expiry, not within moments.
            Self::Full => Some(RetryIn::Minutes(15)),
            Self::WouldWait | Self::Trouble => Some(RetryIn::Minutes(5)),
        }
    }
}
