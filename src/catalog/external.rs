//! Torrents that are tracked elsewhere: what another tracker said of them last, which is shown beside our own figures
//! and never added to them.

use crate::protocol::{InfoHash, Timestamp, Url};

/// A torrent and another tracker that is asked about it; each pair once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// Which torrent: the canonical info-hash.
    pub info_hash: InfoHash,
    /// The other tracker's announce URL, as the `.torrent` file or the owner has it.
    pub tracker: Url,
    /// Whether the owner has approved that this tracker is asked. Else nobody does: who uploads a `.torrent` must not
    /// decide whom we ask.
    pub approved: bool,
    /// The last figures that came.
    pub figures: Option<ExternalFigures>,
    /// When the tracker was asked last, whatever came of it.
    pub asked_at: Option<Timestamp>,
    /// How often in a row it gave no answer; 0 after an answer.
    pub failures: u32,
    /// Why the last question brought no figures; in one line.
    pub fault: Option<String>,
    /// The tracker is not asked before.
    pub next_at: Timestamp,
}

/// What another tracker said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternalFigures {
    /// Peers that have all of it.
    pub complete: u32,
    /// Peers that do not.
    pub incomplete: u32,
    /// How often it was downloaded, where the tracker says so.
    pub downloaded: Option<u32>,
    /// When it said so.
    pub at: Timestamp,
}

impl External {
    /// One that nobody has asked yet.
    #[must_use]
    pub fn new(info_hash: InfoHash, tracker: Url, approved: bool) -> Self {
        Self {
            info_hash,
            tracker,
            approved,
            figures: None,
            asked_at: None,
            failures: 0,
            fault: None,
            next_at: Timestamp::default(),
        }
    }
}
