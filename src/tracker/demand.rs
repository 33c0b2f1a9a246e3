//! What announces take of a machine, today and at ten times as many: hosts that are shared suspend who takes too much.

use super::{Load, read_store, switches};
use crate::config::{LoadedConfig, StoreKind};
use crate::protocol::Timestamp;
use crate::store::{StoreError, if_any};

/// Bytes of a request and its reply without peers, with what HTTP, TCP and IP add.
const BYTES_WITHOUT_PEERS: u64 = 1_300;

/// Bytes of a peer in a compact reply (BEP 23).
const BYTES_OF_A_PEER: u64 = 6;

/// What announces take in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// How many announces come in a minute.
    pub announces: u64,
    /// Microseconds of one core, where each is a CGI started by the web server.
    pub cgi: u64,
    /// The same where a FastCGI responder stays.
    pub fastcgi: u64,
    /// Bytes over the network, in both directions.
    pub traffic: u64,
    /// Bytes that the peer store has.
    pub store: u64,
}

impl Demand {
    /// Today's, of the last minute or, where that is more, of each peer once in an interval; `None` where there is no
    /// store yet.
    ///
    /// # Errors
    /// When the store is there and cannot be read.
    pub fn today(loaded: &LoadedConfig, now: Timestamp) -> Result<Option<Self>, StoreError> {
        let config = &switches::effective(loaded).config;
        let Some(mut store) = if_any(read_store(loaded))? else { return Ok(None) };
        let size = store.info()?;
        let load = Load::measured(&config.tracker, store.as_mut(), now)?;
        let steady = (size.peers * 60).checked_div(load.interval.0.into()).unwrap_or(0);
        let announces = load.announces.max(steady);
        let peers = u64::from(config.tracker.numwant).min(size.peers);
        Ok(Some(Self::of(announces, config.store.kind, peers, size.bytes)))
    }

    fn of(announces: u64, kind: StoreKind, peers_told: u64, store: u64) -> Self {
        let (cgi, fastcgi) = costs(kind);
        Self {
            announces,
            cgi: announces.saturating_mul(cgi),
            fastcgi: announces.saturating_mul(fastcgi),
            traffic: announces.saturating_mul(BYTES_WITHOUT_PEERS + peers_told * BYTES_OF_A_PEER),
            store,
        }
    }

    /// With ten times as many peers.
    #[must_use]
    pub fn tenfold(self) -> Self {
        let Self { announces, cgi, fastcgi, traffic, store } = self;
        let [announces, cgi, fastcgi, traffic, store] =
            [announces, cgi, fastcgi, traffic, store].map(|figure| figure.saturating_mul(10));
        Self { announces, cgi, fastcgi, traffic, store }
    }
}

/// Microseconds of a core for an announce, as a CGI and as FastCGI, with what the web server takes: Apache with mod_cgid
/// and mod_fcgid in benches/web/results.md, rounded up.
fn costs(kind: StoreKind) -> (u64, u64) {
    match kind {
        StoreKind::Shm => (1_400, 200),
        StoreKind::Sqlite => (2_500, 300),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_times_as_many_announces_take_ten_times_as_much() {
        let demand = Demand::of(100, StoreKind::Sqlite, 50, 1_000);
        assert_eq!((demand.cgi, demand.fastcgi), (250_000, 30_000));
        assert_eq!(demand.traffic, 160_000);
        assert_eq!(demand.tenfold(), Demand::of(1_000, StoreKind::Sqlite, 50, 10_000));
        assert!(
            Demand::of(1, StoreKind::Shm, 0, 0).cgi < Demand::of(1, StoreKind::Sqlite, 0, 0).cgi
        );
        let most = Demand::of(u64::MAX, StoreKind::Shm, 50, u64::MAX);
        assert_eq!(most.tenfold().cgi, u64::MAX);
    }
}
