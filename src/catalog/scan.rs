//! Taking what a scan of the torrents folder found into the catalogue.

use std::collections::{HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rusqlite::named_params;

use super::count::Count;
use super::list::{Listed, TorrentList};
use super::{Catalog, CatalogError, Companions, FolderScan, FoundTorrent, Torrent};
use super::{decisions, layers, stored_files};
use crate::protocol::{InfoHash, Timestamp};

/// July 2001: BitTorrent's first release.
const FIRST_TORRENT: Timestamp = Timestamp(994_032_000);

/// What a scan changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanChanges {
    /// Torrents that were never seen before.
    pub added: Vec<InfoHash>,
    /// Torrents that were missing.
    pub returned: Vec<InfoHash>,
    /// Torrents that are missing now.
    pub vanished: Vec<InfoHash>,
    /// Whether something else is said about a torrent that was there.
    pub described: bool,
}

/// What a scan found, and what it means that something was not found.
#[derive(Default)]
pub(super) struct Outcome<'a> {
    /// What was read.
    pub(super) found: &'a [FoundTorrent],
    /// Where in the list those stand that are as they were.
    pub(super) unchanged: &'a [usize],
    /// Files that are there but could not be read: their torrents stay as they are.
    pub(super) keep: HashSet<&'a Path>,
    /// Whether everything could be looked at; if not, nothing goes missing.
    pub(super) complete: bool,
    /// The info-hashes of the owner's list of torrents that are tracked without a file; `None` where it cannot be read:
    /// then those of before stay.
    pub(super) allowed: Option<&'a HashSet<InfoHash>>,
}

impl Catalog {
    /// Takes a scan of the torrents folder into the catalogue, all or nothing, and into `list`, which must have
    /// been read from it since nobody else writes. A torrent whose file is there but cannot be read now stays
    /// as it is. Of a torrent in several files, that one goes on counting which the catalogue knows it by. `allowed` is
    /// the owner's list of info-hashes, `None` where it cannot be read.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed in it.
    pub fn take_in(
        &mut self,
        list: &mut TorrentList,
        scan: &mut FolderScan,
        allowed: Option<&HashSet<InfoHash>>,
        now: Timestamp,
    ) -> Result<ScanChanges, CatalogError> {
        if !scan.duplicates.is_empty() {
            let files: HashSet<(InfoHash, &Path)> =
                list.present().map(|it| (it.canonical, it.file.as_path())).collect();
            scan.prefer(|info_hash, file| files.contains(&(info_hash, file)));
        }
        let outcome = Outcome {
            found: &scan.torrents,
            unchanged: &scan.unchanged,
            keep: scan.unread().collect(),
            complete: scan.complete,
            allowed,
        };
        self.update(list, &outcome, now)
    }

    /// Takes the outcome of a scan into the catalogue, all or nothing, and writes nothing when nothing differs.
    ///
    /// The torrents that an owner had when the tracker came are as old as their files. Those that come later
    /// are new, whatever the dates of their files, as they are to readers of the feed.
    ///
    /// A torrent is its canonical info-hash: under another path it is the same one, and of several
    /// files with it the one with the lowest path counts. What was not found is missing from now on and keeps
    /// its totals.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed in it.
    pub(super) fn update(
        &mut self,
        list: &mut TorrentList,
        outcome: &Outcome<'_>,
        now: Timestamp,
    ) -> Result<ScanChanges, CatalogError> {
        let mut found: Vec<(InfoHash, &FoundTorrent)> =
            outcome.found.iter().map(|found| (found.metainfo.canonical(), found)).collect();
        found.sort_unstable_by_key(|(info_hash, torrent)| (*info_hash, torrent.file.as_os_str()));
        found.dedup_by_key(|(info_hash, _)| *info_hash);
        let is_first = list.listed.is_empty();
        let mut changes = ScanChanges::default();
        let mut written = Vec::new();
        let unknown = unknown_of(outcome.allowed, &list.listed, &found);
        let aliases = present_aliases(outcome.allowed, &list.listed, &found);
        let mut known = unsettled(&mut list.listed, outcome, &found);
        let (mut new, mut twins) = (Vec::new(), Vec::new());
        for (info_hash, torrent) in found {
            // One that was added by its other info-hash is the same torrent.
            let twin = torrent.metainfo.alias().and_then(|alias| known.remove(&alias));
            let twin = twin.filter(|twin| twin.torrent.missing_since.is_none());
            let heir = twin.map(|twin| {
                changes.vanished.push(twin.torrent.canonical);
                twins.push((twin.torrent.canonical, info_hash));
                twin.give_way(now)
            });
            match known.remove(&info_hash) {
                None => {
                    let first_seen = if is_first { date_of_file(torrent, now) } else { now };
                    changes.added.push(info_hash);
                    let mut listed = Listed::new(torrent, first_seen);
                    listed.inherit(heir);
                    new.push(listed);
                }
                Some(listed) if listed.is_as_found(torrent) && heir.is_none() => {}
                Some(listed) => {
                    if listed.torrent.missing_since.is_some() {
                        changes.returned.push(info_hash);
                    }
                    let said = listed.torrent.details().clone();
                    listed.become_as_found(torrent);
                    changes.described |= said != *listed.torrent.details();
                    listed.inherit(heir);
                    written.push(&*listed);
                }
            }
        }
        for listed in known.into_values() {
            if follow(listed, outcome, &aliases, &mut changes, now) {
                written.push(&*listed);
            }
        }
        changes.vanished.sort_unstable();
        changes.added.extend(&unknown);
        new.extend(unknown.into_iter().map(|hash| Listed::by_hash(hash, now)));
        written.extend(&new);
        let gone = Gone { vanished: &changes.vanished, twins: &twins };
        self.write_scan(&written, &gone, &list.outdated_rules, now)?;
        list.listed.extend(new);
        list.outdated_rules = None;
        Ok(changes)
    }

    fn write_scan(
        &mut self,
        written: &[&Listed],
        gone: &Gone<'_>,
        rules: &Option<String>,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        if written.is_empty() && gone.vanished.is_empty() && rules.is_none() {
            return Ok(());
        }
        self.write("take a scan into", |transaction| {
            if let Some(rules) = rules {
                transaction.execute(FORGET_STATES, [])?;
                transaction.execute(NOTE_RULES, [rules])?;
            }
            let mut upsert = transaction.prepare(UPSERT)?;
            let has_companions = layers::has_companions(transaction)?;
            for Listed { torrent, hidden_by_file, state, .. } in written {
                upsert.execute(named_params! {
                    ":info_hash": torrent.canonical.0,
                    ":v1": torrent.v1.map(|hash| hash.0),
                    ":v2": torrent.v2.map(|hash| hash.0),
                    ":file": path_bytes(&torrent.file),
                    ":name": torrent.name,
                    ":size": Count(torrent.size),
                    ":file_size": Count(torrent.file_size),
                    ":hidden": hidden_by_file,
                    ":private": torrent.private,
                    ":web_seed": torrent.has_web_seed,
                    ":info_page": torrent.info_page.as_deref().map(path_bytes),
                    ":first_seen": Count(torrent.first_seen.0),
                    ":file_state": state,
                    ":added": torrent.added.then_some(Count(now.0)),
                    ":stored_size": torrent.stored_size.map(Count),
                })?;
                let companions = torrent.companions();
                if has_companions || companions != Companions::NONE {
                    layers::put_companions(transaction, torrent.canonical, companions)?;
                }
            }
            let mut vanish = transaction.prepare(VANISH)?;
            for info_hash in gone.vanished {
                vanish.execute((info_hash.0, Count(now.0)))?;
            }
            for (twin, heir) in gone.twins {
                decisions::pass_on(transaction, *twin, *heir)?;
                stored_files::pass_on(transaction, *twin, *heir)?;
                layers::put_companions(transaction, *twin, Companions::NONE)?;
            }
            Ok(())
        })
    }
}

/// What a scan did not find any more.
struct Gone<'a> {
    vanished: &'a [InfoHash],
    /// Of these, those that are another torrent's other info-hash, and that torrent.
    twins: &'a [(InfoHash, InfoHash)],
}

/// Has a torrent be as its fate is, when its file was not found. Whether it is to be written then.
fn follow(
    listed: &mut Listed,
    outcome: &Outcome<'_>,
    aliases: &HashSet<InfoHash>,
    changes: &mut ScanChanges,
    now: Timestamp,
) -> bool {
    match fate(&listed.torrent, outcome, aliases) {
        Fate::Stays => return false,
        Fate::LosesFile => listed.lose_file(),
        Fate::Returns => {
            listed.lose_file();
            listed.torrent.missing_since = None;
            changes.returned.push(listed.torrent.canonical);
        }
        Fate::Vanishes => {
            listed.torrent.missing_since = Some(now);
            changes.vanished.push(listed.torrent.canonical);
            return false;
        }
    }
    true
}

/// The torrents of a list of which a scan has to say something, by their info-hashes: neither those whose files are as
/// they were nor those that need no file.
fn unsettled<'a>(
    list: &'a mut [Listed],
    outcome: &Outcome<'_>,
    found: &[(InfoHash, &FoundTorrent)],
) -> HashMap<InfoHash, &'a mut Listed> {
    let mut is_settled = vec![false; list.len()];
    for &position in outcome.unchanged {
        if let Some(is_settled) = is_settled.get_mut(position) {
            *is_settled = true;
        }
    }
    let hashes =
        |(own, torrent): &(InfoHash, &FoundTorrent)| [Some(*own), torrent.metainfo.alias()];
    let found: HashSet<InfoHash> = found.iter().flat_map(hashes).flatten().collect();
    let needs_nothing = |torrent: &Torrent| {
        let stays = torrent.added && !torrent.has_file() && torrent.missing_since.is_none();
        stays && !found.contains(&torrent.canonical)
    };
    let all = list.iter_mut().zip(is_settled);
    let unsettled = all.filter(|(it, is_settled)| !is_settled && !needs_nothing(&it.torrent));
    unsettled.map(|(listed, _)| (listed.torrent.canonical, listed)).collect()
}

/// The info-hashes of the owner's list that belong to no torrent of the catalogue nor to one that was found.
fn unknown_of(
    allowed: Option<&HashSet<InfoHash>>,
    list: &[Listed],
    found: &[(InfoHash, &FoundTorrent)],
) -> Vec<InfoHash> {
    let mut unknown = allowed.cloned().unwrap_or_default();
    if unknown.is_empty() {
        return Vec::new();
    }
    for Listed { torrent, .. } in list {
        unknown.remove(&torrent.canonical);
        for alias in torrent.aliases() {
            unknown.remove(&alias);
        }
    }
    for (info_hash, torrent) in found {
        unknown.remove(info_hash);
        if let Some(alias) = torrent.metainfo.alias() {
            unknown.remove(&alias);
        }
    }
    let mut unknown: Vec<InfoHash> = unknown.into_iter().collect();
    unknown.sort_unstable();
    unknown
}

/// The other info-hashes of torrents that are there. Nobody asks for them without a list.
fn present_aliases(
    allowed: Option<&HashSet<InfoHash>>,
    list: &[Listed],
    found: &[(InfoHash, &FoundTorrent)],
) -> HashSet<InfoHash> {
    if allowed.is_none_or(HashSet::is_empty) {
        return HashSet::new();
    }
    let present = list.iter().map(|listed| &listed.torrent);
    let present = present.filter(|torrent| torrent.missing_since.is_none());
    let found = found.iter().filter_map(|(_, torrent)| torrent.metainfo.alias());
    present.flat_map(Torrent::aliases).chain(found).collect()
}

/// What becomes of a torrent whose file was not found.
enum Fate {
    Stays,
    /// It goes on without.
    LosesFile,
    /// The owner has listed it again.
    Returns,
    Vanishes,
}

fn fate(torrent: &Torrent, outcome: &Outcome<'_>, aliases: &HashSet<InfoHash>) -> Fate {
    let is_allowed = outcome.allowed.is_some_and(|list| {
        list.contains(&torrent.canonical) || torrent.aliases().any(|alias| list.contains(&alias))
    });
    if torrent.missing_since.is_some() {
        // What is the other info-hash of a torrent that is there is no torrent of its own.
        return if is_allowed && !aliases.contains(&torrent.canonical) {
            Fate::Returns
        } else {
            Fate::Stays
        };
    }
    if !torrent.has_file() {
        let stays = torrent.added || is_allowed || outcome.allowed.is_none();
        return if stays { Fate::Stays } else { Fate::Vanishes };
    }
    if !outcome.complete || outcome.keep.contains(torrent.file.as_path()) {
        return Fate::Stays;
    }
    if torrent.added || is_allowed { Fate::LosesFile } else { Fate::Vanishes }
}

/// Since when a torrent's file has been as it is; no earlier than the first torrent can have been made, as
/// programs that make reproducible archives write dates that mean nothing.
fn date_of_file(torrent: &FoundTorrent, now: Timestamp) -> Timestamp {
    if torrent.modified < FIRST_TORRENT { now } else { torrent.modified.min(now) }
}

const UPSERT: &str = "
    INSERT INTO torrents
        (info_hash, v1, v2, file, name, size, file_size, hidden, private, web_seed, info_page, first_seen, file_state,
        added, stored_size)
    VALUES (:info_hash, :v1, :v2, :file, :name, :size, :file_size, :hidden, :private, :web_seed, :info_page,
        :first_seen, :file_state, :added, :stored_size)
    ON CONFLICT (info_hash) DO UPDATE SET
        v1 = excluded.v1, v2 = excluded.v2, file = excluded.file, name = excluded.name,
        size = excluded.size, file_size = excluded.file_size, hidden = excluded.hidden,
        private = excluded.private, web_seed = excluded.web_seed, info_page = excluded.info_page, file_state = excluded.file_state,
        added = coalesce(added, excluded.added), stored_size = excluded.stored_size, missing_since = NULL";

/// What was read under other rules has to be read again.
const FORGET_STATES: &str = "UPDATE torrents SET file_state = NULL WHERE file_state IS NOT NULL";

const NOTE_RULES: &str = "
    INSERT INTO scan_rules (id, rules) VALUES (1, ?1)
    ON CONFLICT (id) DO UPDATE SET rules = excluded.rules";

const VANISH: &str =
    "UPDATE torrents SET missing_since = ?2, added = NULL, stored_size = NULL WHERE info_hash = ?1";

fn path_bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

#[cfg(test)]
mod tests;
