//! What has feeds and fragments of its own: all torrents, each category, each group.

use std::collections::HashMap;

use super::listing::Category;
use super::slug;
use crate::tracker::Row;

/// Groups with feeds and fragments of their own at most, those with the most torrents.
const MOST_GROUPS: usize = 1000;

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
    /// The folder of the page with its torrents, as `folder`.
    pub(super) fn page_folder(&self) -> &str {
        if self.kind == Kind::Group { "" } else { &self.folder }
    }

    /// How many folders deep its files are.
    pub(super) fn depth(&self) -> usize {
        self.folder.matches('/').count()
    }
}

/// All torrents, then the categories that have pages, then the groups.
pub(super) fn scopes<'a>(rows: &'a [Row], categories: &[Category<'a>]) -> Vec<Scope<'a>> {
    let all =
        Scope { kind: Kind::All, name: None, folder: String::new(), rows: rows.iter().collect() };
    let of_categories = categories.iter().filter_map(|category| {
        Some(Scope {
            kind: Kind::Category,
            name: category.name.clone(),
            folder: format!("c/{}/", category.slug.as_ref()?),
            rows: category.rows.clone(),
        })
    });
    std::iter::once(all).chain(of_categories).chain(groups(rows)).collect()
}

fn groups(rows: &[Row]) -> Vec<Scope<'_>> {
    let mut by_name: HashMap<&str, Vec<&Row>> = HashMap::new();
    for row in rows {
        let group = row.torrent.details().group.as_deref().unwrap_or_default();
        if !group.trim().is_empty() {
            by_name.entry(group).or_default().push(row);
        }
    }
    let mut groups: Vec<_> = by_name.into_iter().collect();
    groups.sort_unstable_by(|(a, of_a), (b, of_b)| of_b.len().cmp(&of_a.len()).then(a.cmp(b)));
    groups.truncate(MOST_GROUPS);
    let scope = |(name, rows): (&str, _)| Scope {
        kind: Kind::Group,
        name: Some(name.to_owned()),
        folder: format!("g/{}/", slug::of_category(name)),
        rows,
    };
    groups.into_iter().map(scope).collect()
}
