//! `GET /api/v1/torrents/<hash>/peers`: the peers of a torrent with their addresses.

use serde::Serialize;

use super::{Done, Exchange, Failed, Problem};
use crate::tracker::{KnownPeer, known_peers};

/// Peers of a page, where nobody says how many, and at most.
const ROWS: usize = 500;
const MOST_ROWS: usize = 5000;

#[derive(Serialize)]
struct Page {
    peers: Vec<Shown>,
    /// What `from` must be for those after these.
    next: Option<u64>,
}

#[derive(Serialize)]
struct Shown {
    addresses: Vec<String>,
    peer_id: String,
    client: String,
    role: &'static str,
    left: Option<u64>,
    progress: Option<f64>,
    uploaded: u64,
    downloaded: u64,
    first_seen: u64,
    last_seen: u64,
}

impl Shown {
    /// A peer of a torrent of a size.
    fn of(peer: KnownPeer, size: Option<u64>) -> Self {
        let shown = peer.shown;
        Self {
            addresses: peer.addresses.iter().map(ToString::to_string).collect(),
            peer_id: peer.peer_id.to_string(),
            client: peer.client,
            role: match (shown.is_seeder, shown.is_partial_seed) {
                (true, _) => "seeder",
                (false, true) => "partial",
                (false, false) => "leecher",
            },
            left: shown.left,
            progress: size.zip(shown.left).and_then(|(size, left)| progress(size, left)),
            uploaded: shown.uploaded,
            downloaded: shown.downloaded,
            first_seen: peer.first_seen.0,
            last_seen: shown.last_seen.0,
        }
    }
}

/// How much of a torrent a peer has, from 0 to 1, in thousandths.
fn progress(size: u64, left: u64) -> Option<f64> {
    let thousandths = u128::from(size.checked_sub(left)?) * 1000 / u128::from(size.max(1));
    u32::try_from(thousandths).ok().map(|it| f64::from(it) / 1000.0)
}

pub(super) fn list(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let given = exchange.given(&["from", "rows"])?;
    let rows = given.number("rows", MOST_ROWS)?.map_or(ROWS, std::num::NonZeroUsize::get);
    let from = given.number("from", usize::MAX)?;
    let from = from.and_then(|from| u64::try_from(from.get()).ok());
    let torrent = exchange.torrent(&exchange.catalog()?)?;
    let (hash, now) = (torrent.canonical, exchange.call.now);
    let page = known_peers(exchange.loaded(), hash, from, rows, now).map_err(Problem::log)?;
    let size = torrent.known_size();
    let peers = page.peers.into_iter().map(|peer| Shown::of(peer, size)).collect();
    Done::found(&Page { peers, next: page.next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_never_more_than_all() {
        for (size, left, expected) in [
            (1000, 0, Some(1.0)),
            (1000, 1, Some(0.999)),
            (1000, 1000, Some(0.0)),
            (1000, 1001, None),
            (0, 0, Some(0.0)),
            (u64::MAX, 1, Some(0.999)),
        ] {
            assert_eq!(progress(size, left), expected, "{left} of {size}");
        }
    }
}
