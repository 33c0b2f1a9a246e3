//! What is known of a torrent beside what is said of it.

use crate::accounts::Permission;
use crate::catalog::{Catalog, ChangeSearch, Companions, FilePlace, Torrent, leads_to};
use crate::protocol::Metainfo;
use crate::site::admin::exchange::{Exchange, SignedIn};
use crate::site::admin::reply::Failed;
use crate::tracker::torrent_file;

/// A fact: its name, and what it is.
pub(super) type Fact = (&'static str, String);

/// What is known of a torrent.
pub(super) struct Facts {
    pub(super) all: Vec<Fact>,
    /// The address of its changes in the audit list, from the folder of the administration.
    pub(super) changes: Option<String>,
    /// What does not work.
    pub(super) faults: Vec<String>,
}

impl Facts {
    pub(super) fn of(
        torrent: &Torrent,
        exchange: &Exchange<'_>,
        signed_in: &SignedIn,
        catalog: &Catalog,
    ) -> Result<Self, Failed> {
        let texts = exchange.texts;
        let words = &texts.admin.torrent;
        let mut faults = Vec::new();
        let place = match torrent.file_place() {
            FilePlace::Folder(file) => file.to_string_lossy().into_owned(),
            FilePlace::Catalog => words.in_database.to_owned(),
            FilePlace::Nowhere => words.no_file.to_owned(),
        };
        let totals = torrent.totals;
        let bytes = |count| texts.bytes(count, 1);
        let counted = words.counts.with(
            texts.number(totals.completed),
            bytes(totals.uploaded),
            bytes(totals.downloaded),
        );
        let unlisted = torrent.unlisted(exchange.call.now).map(|it| super::tag(it, texts));
        let facts = [
            (words.place, Some(place)),
            (words.missing_since, torrent.missing_since.map(|at| texts.moment(at))),
            (words.v1, torrent.v1.map(|hash| hash.to_string())),
            (words.v2, torrent.v2.map(|hash| hash.to_string())),
            (words.size, torrent.known_size().map(|size| texts.bytes(size, 2))),
            (words.trackers, trackers(torrent, exchange, &mut faults)),
            (words.counted, Some(counted)),
            (words.unlisted, unlisted),
            (words.added, Some(texts.moment(torrent.first_seen))),
        ];
        let mut all: Vec<Fact> =
            facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let hash = torrent.canonical.to_string();
        let may_see = signed_in.user.role.may(Permission::SeeAudit);
        if may_see {
            let search = ChangeSearch { subject: Some(&hash), ..ChangeSearch::default() };
            all.extend(catalog.find_changes(&search, 1)?.into_iter().map(|change| {
                let what = texts.admin.audit.in_words(&change.what);
                (
                    words.last_change,
                    words.changed_by.with(texts.moment(change.at), change.who, what),
                )
            }));
        }
        let Companions { sidecar, checksum_files } = torrent.companions();
        let of_companions = sidecar.iter().filter_map(|it| it.fault.as_ref());
        let of_companions =
            of_companions.chain(checksum_files.iter().filter_map(|it| it.fault.as_ref()));
        faults.extend(of_companions.map(|fault| words.sidecar_fault.with(fault)));
        let changes = may_see.then(|| format!("audit?subject={hash}"));
        Ok(Self { all, changes, faults })
    }
}

/// The trackers that its file names; `None` where there is no file.
fn trackers(
    torrent: &Torrent,
    exchange: &Exchange<'_>,
    faults: &mut Vec<String>,
) -> Option<String> {
    let words = &exchange.texts.admin.torrent;
    let mut fault = |problem: &dyn std::fmt::Display| {
        faults.push(words.unreadable.with(problem));
        None
    };
    let urls = match torrent_file(torrent, exchange.loaded()) {
        Ok(None) => return None,
        Ok(Some(content)) => match Metainfo::parse(&content) {
            Ok(metainfo) => metainfo.announce_urls,
            Err(problem) => return fault(&problem),
        },
        Err(problem) => return fault(&problem),
    };
    let tracker = &exchange.loaded().config.tracker;
    let own = tracker.announce_url.iter().map(|url| url.as_str());
    let own: Vec<&str> =
        own.chain(tracker.also_announce_urls.iter().map(|url| url.as_str())).collect();
    let is_ours = |url: &String| own.iter().any(|own| leads_to(url, own));
    Some(match &*urls {
        [] => words.no_trackers.to_owned(),
        urls if urls.iter().all(is_ours) => words.ours_only.to_owned(),
        urls => urls.join(", "),
    })
}
