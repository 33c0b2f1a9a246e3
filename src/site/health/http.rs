//! How doctor asks a web server.

use std::time::Duration;

use crate::protocol::HttpUrl;
use crate::tracker::external::{Bounds, Targets, get as fetch};

pub(super) use crate::tracker::external::{Failed, Reply};

/// A web server has ten seconds for its whole answer. The owner's configuration says which is asked, also a private one.
const BOUNDS: Bounds =
    Bounds { bytes: 4 << 20, time: Duration::from_secs(10), targets: Targets::Any };

/// Bytes of a reply that are read at most.
pub(super) const MOST_BYTES: u64 = BOUNDS.bytes as u64;

const USER_AGENT: (&str, &str) =
    ("User-Agent", concat!("tracker-doctor/", env!("CARGO_PKG_VERSION")));

/// Fetches what is at an address. Redirects are not followed: some clients do not either.
pub(super) fn get(url: &str, headers: &[(&str, &str)]) -> Result<Reply, Failed> {
    let parsed: HttpUrl = url.parse().map_err(|_| Failed::Unresolved {
        host: url.into(),
        reason: "it is not an address".into(),
    })?;
    fetch(&parsed, &[&[USER_AGENT], headers].concat(), &BOUNDS)
}
