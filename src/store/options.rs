//! How a store is opened: the rules that each backend keeps, and what those need that keep a file. What only one
//! backend needs is with that.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{AnnounceLimit, Caps, PATIENCE};
use crate::platform::network::Network;
use crate::protocol::Seconds;

/// What every store holds its peers to.
#[derive(Clone, Debug)]
pub struct PeerRules {
    /// Seconds of silence after which a peer, or one address of it, is gone.
    pub expiry: Seconds,
    /// How many peers there may be in one swarm at one IPv4 address or in one IPv6 /64; four times as many in
    /// one IPv6 /48. When it is reached, the peer that was silent for longest goes.
    pub address_peers: Option<u32>,
    /// Addresses that `address_peers` is not for.
    pub exempt: Arc<Network>,
    /// Bytes a second that a peer can upload, and download, at most; `None`: whatever it says.
    pub max_rate: Option<u64>,
    /// How many there may be.
    pub caps: Caps,
    /// How many announces of one network count; `None`: all.
    pub announces: Option<AnnounceLimit>,
}

impl PeerRules {
    /// Without limits but for the expiry.
    #[must_use]
    pub fn new(expiry: Seconds) -> Self {
        Self {
            expiry,
            address_peers: None,
            exempt: Arc::default(),
            max_rate: None,
            caps: Caps::default(),
            announces: None,
        }
    }
}

/// How a store is opened that is a file.
#[derive(Clone, Debug)]
pub struct FileOptions {
    /// The file. Missing folders are made, with mode 0700.
    pub path: PathBuf,
    /// A folder of the site, whose owner may own the store's file and its folder too, besides the user that
    /// this process runs as.
    pub site: Option<PathBuf>,
    /// What may be done there.
    pub access: Access,
    /// How long a call waits for other processes at most.
    pub patience: Duration,
}

impl FileOptions {
    /// A file of this user, made where it is missing.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, site: None, access: Access::default(), patience: PATIENCE }
    }
}

/// What may be done at the path of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// A store that is missing or cannot be used is recreated; the old file is set aside.
    #[default]
    Full,
    /// The store is read as it is. Nothing is made, moved or replaced.
    Read,
}
