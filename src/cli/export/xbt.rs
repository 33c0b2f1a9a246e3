//! Rows for XBT's tables, in plain ASCII.

use std::net::IpAddr;

use super::sink::Sink;
use crate::catalog::{Ban, Torrent};
use crate::cli::CommandError;
use crate::platform::address_range::AddressRange;
use crate::protocol::Timestamp;

/// Rows of a statement at most: servers take a megabyte at least.
const ROWS: usize = 1000;

/// Writes torrents. Those that XBT has keep the larger number of completed downloads.
pub(super) fn write_torrents(
    torrents: &[Torrent],
    now: Timestamp,
    sink: &mut Sink<'_, '_>,
) -> Result<(), CommandError> {
    let begin = "INSERT INTO xbt_torrents (info_hash, completed, mtime, ctime) VALUES";
    let end = "ON DUPLICATE KEY UPDATE completed = GREATEST(completed, VALUES(completed))";
    let row = |torrent: &Torrent| {
        let (completed, since) = (torrent.totals.completed, torrent.first_seen.no_later_than(now));
        format!("(0x{}, {completed}, {}, {})", torrent.canonical, now.0, since.0)
    };
    write(torrents, begin, row, end, sink)
}

/// Writes bans of IPv4, which is all that XBT knows, as the numbers without sign that its columns have today. The
/// signed ones of 2008 do not take those from 128.0.0.0 on, and the server says so.
pub(super) fn write_bans(bans: &[Ban], sink: &mut Sink<'_, '_>) -> Result<(), CommandError> {
    let ranges = AddressRange::merged(bans.iter().map(|ban| ban.range).collect());
    let (rows, others): (Vec<_>, Vec<_>) = ranges.into_iter().partition(|range| range.is_ipv4());
    if !others.is_empty() {
        sink.put(format_args!("-- left out, as XBT has none of IPv6: {}\n", others.len()))?;
    }
    let number = |address| match address {
        IpAddr::V4(address) => address.to_bits(),
        IpAddr::V6(_) => 0,
    };
    let row = |range: &AddressRange| {
        let (first, last) = range.ends();
        format!("({}, {})", number(first), number(last))
    };
    write(&rows, "INSERT INTO xbt_deny_from_hosts (begin, end) VALUES", row, "", sink)
}

fn write<T>(
    rows: &[T],
    begin: &str,
    row: impl Fn(&T) -> String,
    end: &str,
    sink: &mut Sink<'_, '_>,
) -> Result<(), CommandError> {
    for rows in rows.chunks(ROWS) {
        sink.put(format_args!("{begin}\n"))?;
        for (number, one) in rows.iter().enumerate() {
            sink.put(format_args!("{}{}", if number > 0 { ",\n" } else { "" }, row(one)))?;
        }
        let space = if end.is_empty() { "" } else { "\n" };
        sink.put(format_args!("{space}{end};\n"))?;
    }
    Ok(())
}
