//! The time.

use std::time::SystemTime;

/// Seconds since 1970, read once for a request or a command; 0 where the clock is before that.
#[must_use]
pub fn unix_seconds() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
