//! What has feeds and fragments of its own: all torrents, each category, each group.

use super::listing::Listing;
use crate::tracker::Row;

/// Torrents that belong together.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) kind: Kind,
    /// The category or group; `None` for all torrents.
    pub(super) name: Option<String>,
    /// What is put in front of the names of its files: `c/linux/`; nothing for all torrents.
    pub(super) folder: String,
    pub(super) rows: Vec<&'a Row>,
}

/// What a scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    All,
    Category,
    Group,
}

impl Scope<'_> {
    /// How many folders deep its files are.
    pub(super) fn depth(&self) -> usize {
        self.folder.matches('/').count()
    }
}

/// All torrents, then the categories and the groups that have pages.
pub(super) fn scopes<'a>(
    rows: &'a [Row],
    categories: &[Listing<'a>],
    groups: &[Listing<'a>],
) -> Vec<Scope<'a>> {
    let all =
        Scope { kind: Kind::All, name: None, folder: String::new(), rows: rows.iter().collect() };
    let of = |kind: Kind, parent: &'static str, listings: &[Listing<'a>]| {
        let with_pages = listings.iter().filter_map(|it| Some((it, it.slug.as_ref()?)));
        let scopes = with_pages.map(|(listing, slug)| Scope {
            kind,
            name: listing.name.clone(),
            folder: format!("{parent}/{slug}/"),
            rows: listing.rows.clone(),
        });
        scopes.collect::<Vec<_>>()
    };
    let categories = of(Kind::Category, "c", categories);
    let groups = of(Kind::Group, "g", groups);
    std::iter::once(all).chain(categories).chain(groups).collect()
}
