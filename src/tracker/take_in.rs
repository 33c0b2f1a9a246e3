//! Taking the torrents folder into the catalogue: at a refresh, and when an announce misses a torrent.

use super::event_log;
use super::owner_lists::{OwnerLists, Refusals};
use crate::catalog::{
    Catalog, CatalogError, Detail, FolderView, Listing, Publication, Rules, ScanChanges, ScanRules,
    Torrent, TorrentList,
};
use crate::config::LoadedConfig;
use crate::platform::threads::side_by_side;
use crate::protocol::{Generation, Timestamp};

/// Which torrents of the folder are tracked.
#[must_use]
pub fn scan_rules(loaded: &LoadedConfig) -> ScanRules<'_> {
    let tracker = &loaded.config.tracker;
    ScanRules {
        announce_url: tracker.announce_url.as_ref().map(|url| url.as_str()),
        also_announce_urls: &tracker.also_announce_urls,
        accept_foreign: tracker.accept_foreign,
        max_torrent_bytes: loaded.config.catalog.max_torrent_bytes.0,
    }
}

/// The torrents folder as it was taken into the catalogue.
pub(super) struct TakenIn {
    /// What the catalogue has now.
    pub(super) list: TorrentList,
    /// Torrents that are refused.
    pub(super) refusals: Refusals,
    pub(super) view: FolderView,
    /// Whether torrents came or went.
    pub(super) changed: bool,
}

/// How the torrents folder is read into the catalogue.
pub(super) struct TakeIn<'a> {
    pub(super) loaded: &'a LoadedConfig,
    pub(super) lists: &'a OwnerLists,
    pub(super) detail: Detail,
    pub(super) now: Timestamp,
    /// Hears how many files were looked at.
    pub(super) on_file: &'a mut dyn FnMut(usize),
}

impl TakeIn<'_> {
    /// Reads what is new in the folder into the catalogue, and adds what its owner should know to `messages`. Whoever
    /// calls it has the turn.
    pub(super) fn run(
        self,
        catalog: &mut Catalog,
        messages: &mut Vec<String>,
    ) -> Result<TakenIn, CatalogError> {
        let Self { loaded, lists, detail, now, on_file } = self;
        let folder = &loaded.config.paths.torrents;
        let rules = scan_rules(loaded);
        let fingerprint = rules.fingerprint();
        let read = |catalog: &Catalog| {
            catalog.list(&fingerprint).map(|list| (list.fingerprints(detail), list))
        };
        let (listing, known) = side_by_side(|| Listing::of(folder, detail), || read(catalog));
        let (mut known, mut list) = known?;
        if catalog.correct_dates(&list, now)? {
            (known, list) = read(catalog)?;
        }
        messages.extend(lists.messages.iter().cloned());
        list.deny(&lists.denied);
        let scan = listing.map(|listing| listing.scan(&rules, &list.known_files(known), on_file));
        match scan {
            Ok(mut scan) => {
                let changes = catalog.take_in(&mut list, &mut scan, lists.allowed.as_ref(), now)?;
                event_log::note_torrents(loaded, &changes, now);
                messages.extend(scan.problems.iter().map(ToString::to_string));
                let vanished = changes.vanished.len();
                if vanished > 1 && !list.tracked().any(Torrent::has_file) {
                    messages.push(format!(
                        "all {vanished} torrents are gone from {}; if a disk is not mounted there, mount it: they come \
                         back with it, and keep their totals",
                        folder.display()
                    ));
                }
                let changed = changes != ScanChanges::default();
                scan.view.watch(lists.watched.clone());
                let refusals = Refusals::of(&list, &lists.denied, loaded);
                Ok(TakenIn { list, refusals, view: scan.view, changed })
            }
            Err(problem) => {
                messages.push(format!("{problem}; its torrents stay as they were"));
                let refusals = Refusals::of(&list, &lists.denied, loaded);
                let view = FolderView::of_nothing(folder);
                Ok(TakenIn { list, refusals, view, changed: false })
            }
        }
    }
}

/// What is published beside the torrents, without what scrapes tell of them.
pub(super) fn publication<'a>(
    view: &'a FolderView,
    (rules, refusals): (&'a Rules, &'a Refusals),
    refreshed_at: Timestamp,
    generation: Generation,
    now: Timestamp,
) -> Publication<'a> {
    Publication {
        watched: view.watched(),
        scanned: view.scanned(),
        refreshed_at,
        generation,
        published_at: now,
        rules,
        refused: refusals.refused(),
        figures: &[],
    }
}
