//! Dumps of XBT Tracker, of today's tables and of those of 2008.

use std::net::{IpAddr, Ipv4Addr};

use super::found::{Import, ImportError, ImportedBan};
use super::sql::Row;
use super::tables::{Schema, has};
use crate::catalog::totals::Totals;
use crate::platform::address_range::AddressRange;
use crate::protocol::Timestamp;

/// XBT's tables.
pub(super) struct Xbt;

/// A table of XBT's.
#[derive(Clone, Copy)]
pub(super) enum Role {
    Torrents,
    DeniedHosts,
}

impl Schema for Xbt {
    type Role = Role;

    fn role(&self, columns: &[String]) -> Option<Role> {
        let of_torrents = ["info_hash", "completed", "mtime", "ctime"];
        if has(columns, &of_torrents) {
            Some(Role::Torrents)
        } else if columns.len() == 2 && has(columns, &["begin", "end"]) {
            Some(Role::DeniedHosts)
        } else {
            None
        }
    }

    fn row(&mut self, role: Role, row: &Row<'_>, import: &mut Import) -> Result<(), ImportError> {
        match role {
            Role::Torrents => torrent(row, import),
            Role::DeniedHosts => {
                let Some(range) = denied(row) else {
                    import.skip(row.line, "`begin` and `end` are no addresses of IPv4");
                    return Ok(());
                };
                import.ban(row.line, ImportedBan { range, reason: String::new(), until: None })
            }
        }
    }

    fn missing(&self) -> &'static str {
        "no table with XBT's columns (info_hash, completed, mtime, ctime)"
    }
}

fn torrent(row: &Row<'_>, import: &mut Import) -> Result<(), ImportError> {
    let Some(info_hash) = row.info_hash("info_hash") else {
        import.skip(row.line, "`info_hash` is no info-hash of 20 bytes");
        return Ok(());
    };
    import.torrent(info_hash, |torrent| {
        let completed = row.number("completed").unwrap_or(0);
        torrent.count(Totals { completed, ..Totals::default() });
        torrent.first_seen = row.number("ctime").filter(|at| *at > 0).map(Timestamp);
        // Of its flags there is one: the tracker is to forget the torrent.
        if row.number("flags").is_some_and(|flags| flags & 1 == 1) {
            torrent.retire();
        }
    })
}

/// The addresses that a row bans, which it has as numbers, with or without sign.
fn denied(row: &Row<'_>) -> Option<AddressRange> {
    let end = |column| {
        let number = row.signed(column)?;
        let bits = u32::try_from(number).or_else(|_| i32::try_from(number).map(i32::cast_unsigned));
        bits.ok().map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)))
    };
    AddressRange::new(end("begin")?, end("end")?).ok()
}
