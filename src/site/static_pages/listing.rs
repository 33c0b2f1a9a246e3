//! The torrents in the order of the lists: by category, in it by group and name; and those of each group.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::slug;
use crate::catalog::{Torrent, natural};
use crate::tracker::Row;

/// Categories with pages of their own at most, those with the most torrents; and as many groups.
const MOST_PAGES: usize = 1000;

/// The torrents of a category or of a group.
pub(super) struct Listing<'a> {
    /// `None` for those that have none.
    pub(super) name: Option<String>,
    /// The name of its page, if it has one.
    pub(super) slug: Option<String>,
    pub(super) rows: Vec<&'a Row>,
}

/// All categories in the order of their names; what has none comes last.
pub(super) fn categories(rows: &[Row]) -> Vec<Listing<'_>> {
    by(rows, Torrent::category_name)
}

/// All groups in the order of their names.
pub(super) fn groups(rows: &[Row]) -> Vec<Listing<'_>> {
    let is_in_one = |row: &&Row| row.torrent.details().group.is_some();
    by(rows.iter().filter(is_in_one), |torrent| torrent.details().group.clone())
}

fn by<'a>(
    rows: impl IntoIterator<Item = &'a Row>,
    name_of: impl Fn(&Torrent) -> Option<String>,
) -> Vec<Listing<'a>> {
    let mut by_slug: HashMap<Option<String>, Listing<'a>> = HashMap::new();
    for row in rows {
        let name = name_of(&row.torrent);
        let slug = name.as_deref().map(slug::of_category);
        let listing = by_slug.entry(slug.clone());
        listing.or_insert_with(|| Listing { name, slug, rows: Vec::new() }).rows.push(row);
    }
    let mut listings: Vec<Listing<'a>> = by_slug.into_values().collect();
    keep_pages_of_the_largest(&mut listings);
    listings.sort_by(by_name);
    listings.iter_mut().for_each(|listing| sort(&mut listing.rows));
    listings
}

fn keep_pages_of_the_largest(listings: &mut [Listing<'_>]) {
    if listings.len() > MOST_PAGES {
        listings.sort_by(|a, b| b.rows.len().cmp(&a.rows.len()).then_with(|| by_name(a, b)));
        listings.iter_mut().skip(MOST_PAGES).for_each(|listing| listing.slug = None);
    }
}

fn by_name(a: &Listing<'_>, b: &Listing<'_>) -> Ordering {
    match (&a.name, &b.name) {
        (Some(a), Some(b)) => natural::compare(a, b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

/// Those of a group stand together, those without one first.
fn sort(rows: &mut Vec<&Row>) {
    let mut keyed: Vec<(String, &Row)> =
        rows.iter().map(|row| (row.torrent.title().to_lowercase(), *row)).collect();
    keyed.sort_unstable_by(|(a_title, a), (b_title, b)| {
        let group = |row: &'_ Row| row.torrent.details().group.clone().unwrap_or_default();
        let by_group = match (&a.torrent.details().group, &b.torrent.details().group) {
            (None, None) => Ordering::Equal,
            _ => natural::compare(group(a), group(b)),
        };
        let by_title = || natural::compare(a_title, b_title);
        by_group.then_with(by_title).then_with(|| a.torrent.canonical.cmp(&b.torrent.canonical))
    });
    *rows = keyed.into_iter().map(|(_, row)| row).collect();
}
