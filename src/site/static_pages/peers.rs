//! The peers of a torrent on its page, where the owner shows them: never where they are.

use askama::Template;

use crate::catalog::Torrent;
use crate::protocol::Timestamp;
use crate::site::language::Texts;
use crate::tracker::AnonymousPeer;

/// Peers that are shown at most.
pub(super) const MOST: usize = 100;

/// A table of peers.
#[derive(Template)]
#[template(path = "pages/peers.html")]
pub(super) struct PeerTable {
    texts: &'static Texts,
    peers: Vec<PeerRow>,
    /// Whether there may be more.
    is_full: bool,
}

struct PeerRow {
    client: Option<String>,
    is_seeder: bool,
    is_partial_seed: bool,
    progress: Option<String>,
    uploaded: String,
    downloaded: String,
    seen: String,
}

impl PeerTable {
    pub(super) fn new(
        peers: &[AnonymousPeer],
        torrent: &Torrent,
        now: Timestamp,
        texts: &'static Texts,
    ) -> Self {
        let row = |peer: &AnonymousPeer| PeerRow {
            client: peer.client.clone(),
            is_seeder: peer.is_seeder,
            is_partial_seed: peer.is_partial_seed,
            progress: peer.left.zip(torrent.known_size()).map(|it| progress(it.0, it.1)),
            uploaded: texts.bytes(peer.uploaded, 2),
            downloaded: texts.bytes(peer.downloaded, 2),
            seen: texts.words.ago.with(texts.duration(now.since(peer.last_seen))),
        };
        Self { texts, peers: peers.iter().map(row).collect(), is_full: peers.len() >= MOST }
    }
}

/// How much of it a peer has, in whole percent; all of it only one that lacks nothing.
fn progress(left: u64, size: u64) -> String {
    let has = u128::from(size.saturating_sub(left)) * 100 / u128::from(size.max(1));
    format!("{} %", if left == 0 { 100 } else { has.min(99) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_lacks_anything_has_not_all_of_it() {
        let told = [(0, 1_000), (1, 1_000), (500, 1_000), (1_000, 1_000), (u64::MAX, 5), (0, 0)];
        let told = told.map(|(left, size)| progress(left, size));
        assert_eq!(told, ["100 %", "99 %", "50 %", "0 %", "0 %", "100 %"]);
    }
}
