//! Dumps of PHPBTTracker, PHPBTTracker+ and RivetTracker, which have the same tables with more or fewer columns.

use super::day;
use super::entities::decoded;
use super::found::{Import, ImportError, ImportedBan, MOST, link, one_line, some_line};
use super::sql::Row;
use super::tables::{Schema, has};
use crate::catalog::Details;
use crate::catalog::totals::Totals;
use crate::platform::address_range::AddressRange;
use crate::protocol::{Checksums, InfoHash, Metainfo, Timestamp};

/// Bytes that sizes are given in.
const MIB: f64 = 1_048_576.0;

/// The tables of all three.
pub(super) struct PhpBt {
    now: Timestamp,
    /// Bans that were over.
    over: usize,
    /// Sizes that are known by the hundredth of a MiB only.
    rounded: bool,
    /// Sizes that are none.
    bad_sizes: usize,
}

/// A table of theirs.
#[derive(Clone, Copy)]
pub(super) enum Role {
    Names { is_plus: bool, is_mib: bool },
    Summary,
    Retired,
    External,
    Bans,
    Files,
}

impl PhpBt {
    /// For a dump that is read now.
    pub(super) fn new(now: Timestamp) -> Self {
        Self { now, over: 0, rounded: false, bad_sizes: 0 }
    }
}

impl Schema for PhpBt {
    type Role = Role;

    fn role(&self, columns: &[String]) -> Option<Role> {
        let is = |wanted: &[&str]| has(columns, wanted);
        Some(match () {
            () if is(&["info_hash", "dlbytes", "finished"]) => Role::Summary,
            () if is(&["info_hash", "filename", "dateretired"]) => Role::Retired,
            () if is(&["info_hash", "filename", "url"]) => {
                Role::Names { is_plus: is(&["crc32"]), is_mib: is(&["info"]) }
            }
            () if is(&["info_hash", "scrape_url"]) => Role::External,
            () if is(&["info_hash", "metadata"]) => Role::Files,
            () if is(&["ip", "bandate", "banlength"]) => Role::Bans,
            () => return None,
        })
    }

    fn row(&mut self, role: Role, row: &Row<'_>, import: &mut Import) -> Result<(), ImportError> {
        if let Role::Bans = role {
            return self.ban(row, import);
        }
        let Some(info_hash) = row.info_hash("info_hash") else {
            import.skip(row.line, "`info_hash` is no info-hash");
            return Ok(());
        };
        match role {
            Role::Names { is_plus, is_mib } => self.names(info_hash, row, is_plus, is_mib, import),
            Role::Summary => summary(info_hash, row, import),
            Role::Retired => self.retired(info_hash, row, import),
            Role::External => {
                let url = link(&row.text("scrape_url")).unwrap_or_default();
                import.torrent(info_hash, |torrent| torrent.external = Some(url.into()))
            }
            Role::Files => file(info_hash, row, import),
            Role::Bans => Ok(()),
        }
    }

    /// Each torrent has a table for its peers, which may be all that is left of it.
    fn table(
        &mut self,
        name: &str,
        columns: &[String],
        import: &mut Import,
    ) -> Result<(), ImportError> {
        let name = name.as_bytes();
        let (prefix, digits) = name.split_at(name.len().saturating_sub(40));
        let is_of_peers = prefix.ends_with(b"x") && has(columns, &["peer_id", "status"]);
        if let Some(info_hash) = InfoHash::from_hex(digits).filter(|_| is_of_peers) {
            import.torrent(info_hash, |_| {})?;
        }
        Ok(())
    }

    fn missing(&self) -> &'static str {
        "no table with the columns of PHPBTTracker or RivetTracker (info_hash, filename, url; info_hash, dlbytes, finished)"
    }

    fn finish(&mut self, import: &mut Import) {
        if self.rounded {
            import.notes.push("sizes are those of the dump, which rounds them to 0.01 MiB".into());
        }
        if self.bad_sizes > 0 {
            let note =
                format!("sizes that no torrent can have, and are left out: {}", self.bad_sizes);
            import.notes.push(note);
        }
        if self.over > 0 {
            import.notes.push(format!("bans that are over, and left out: {}", self.over));
        }
        // What another tracker counted is not ours.
        for torrent in import.torrents.values_mut() {
            if torrent.external.is_some() {
                torrent.totals = Totals::default();
            }
        }
    }
}

impl PhpBt {
    fn names(
        &mut self,
        info_hash: InfoHash,
        row: &Row<'_>,
        is_plus: bool,
        is_mib: bool,
        import: &mut Import,
    ) -> Result<(), ImportError> {
        let text = |column| text(row, column, is_plus);
        let size = self.size(row, is_mib);
        if size.is_none() && row.bytes("size").is_some() {
            self.bad_sizes += 1;
        }
        import.torrent(info_hash, |torrent| {
            torrent.name = one_line(&text("filename")).into();
            if torrent.size == 0 {
                torrent.size = size.unwrap_or(0);
            }
            torrent.first_seen = row.number("tsAdded").filter(|at| *at > 0).map(Timestamp);
        })?;
        if !is_plus {
            return Ok(());
        }
        let date = |column| row.bytes(column).and_then(day::begin);
        let said = Details {
            link_until: date("DateToRemoveURL"),
            list_until: date("DateToHideTorrent"),
            description: some_line(&text("info")),
            category: category(&text("category")),
            mirror: link(&text("mirrorurl")),
            info_url: link(&text("infolink")),
            checksums: crc32(&text("crc32")),
            ..Details::default()
        };
        import.torrent(info_hash, |torrent| torrent.say(&said))
    }

    /// The size in bytes, 0 where the row says nothing; `None` where it is none.
    fn size(&mut self, row: &Row<'_>, is_mib: bool) -> Option<u64> {
        if !is_mib {
            return row.number("size").filter(|size| *size <= MOST);
        }
        let bytes = (row.fraction("size")? * MIB).floor();
        self.rounded |= bytes > 0.0;
        // The largest size of all, 2^63, is none any more.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in the range")]
        (0.0..9.2e18).contains(&bytes).then_some(bytes as u64)
    }

    fn retired(
        &mut self,
        info_hash: InfoHash,
        row: &Row<'_>,
        import: &mut Import,
    ) -> Result<(), ImportError> {
        let size = self.size(row, true).unwrap_or(0);
        import.torrent(info_hash, |torrent| {
            torrent.name = one_line(&text(row, "filename", true)).into();
            torrent.size = size;
            torrent.first_seen = row.bytes("dateadded").and_then(day::begin);
            torrent.count(Totals {
                completed: row.number("completed").unwrap_or(0),
                uploaded: 0,
                downloaded: row.number("transferred").unwrap_or(0),
            });
            torrent.retire();
            torrent.say(&Details {
                category: category(&text(row, "category", true)),
                checksums: crc32(&text(row, "crc32", true)),
                ..Details::default()
            });
        })
    }

    /// Its `banexpiry` is of no use: MySQL kept the year of the date.
    fn ban(&mut self, row: &Row<'_>, import: &mut Import) -> Result<(), ImportError> {
        let address = std::str::from_utf8(row.bytes("ip").unwrap_or_default()).unwrap_or_default();
        let Ok(range) = address.trim().parse::<AddressRange>() else {
            import.skip(row.line, "`ip` is no address");
            return Ok(());
        };
        let until = if row.is_yes("banautoexpires") {
            let days = row.number("banlength").unwrap_or(0).min(1 << 20);
            match row.bytes("bandate").and_then(day::begin) {
                Some(since) => Some(Timestamp(since.0 + days * day::SECONDS)),
                None => {
                    import.skip(row.line, "`bandate` is no date, and the ban has an end");
                    return Ok(());
                }
            }
        } else {
            None
        };
        if until.is_some_and(|until| until <= self.now) {
            self.over += 1;
            return Ok(());
        }
        let reason = one_line(&text(row, "reason", true));
        import.ban(row.line, ImportedBan { range, reason, until })
    }
}

/// A text, of which PHPBTTracker+ has made HTML.
fn text(row: &Row<'_>, column: &str, is_html: bool) -> String {
    let text = row.text(column);
    if is_html { decoded(&text) } else { text }
}

/// All torrents of which the owner said nothing are in `main`.
fn category(text: &str) -> Option<String> {
    some_line(text).filter(|category| category != "main")
}

fn crc32(text: &str) -> Checksums {
    Checksums::from_digits([Some(text), None, None, None])
}

fn summary(info_hash: InfoHash, row: &Row<'_>, import: &mut Import) -> Result<(), ImportError> {
    import.torrent(info_hash, |torrent| {
        torrent.count(Totals {
            completed: row.number("finished").unwrap_or(0),
            uploaded: 0,
            downloaded: row.number("dlbytes").unwrap_or(0),
        });
        if row.is_yes("hide_torrent") {
            torrent.details().hidden = Some(true);
        }
        if row.is_yes("external_torrent") {
            torrent.external.get_or_insert_default();
        }
    })
}

/// A `.torrent` file, which knows its size.
fn file(info_hash: InfoHash, row: &Row<'_>, import: &mut Import) -> Result<(), ImportError> {
    import.torrent(info_hash, |torrent| {
        if let Ok(metainfo) = Metainfo::parse(row.bytes("metadata").unwrap_or_default()) {
            torrent.size = metainfo.size.min(MOST);
            if torrent.name.is_empty() {
                torrent.name = one_line(&metainfo.name).into();
            }
        }
    })
}
