//! The torrents in the order of the lists: by category, in it by group and name.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::slug;
use crate::catalog::natural;
use crate::tracker::Row;

/// Categories with pages of their own at most, those with the most torrents.
const MOST_PAGES: usize = 1000;

/// What those are called that have no category, beside others that have one.
pub(super) const NO_CATEGORY: &str = "Other";

/// The torrents of a category.
pub(super) struct Category<'a> {
    /// `None` for those that have none.
    pub(super) name: Option<String>,
    /// The name of its page, if it has one.
    pub(super) slug: Option<String>,
    pub(super) rows: Vec<&'a Row>,
}

/// All categories in the order of their names; what has none comes last.
pub(super) fn categories(rows: &[Row]) -> Vec<Category<'_>> {
    let mut by_slug: HashMap<Option<String>, Category<'_>> = HashMap::new();
    for row in rows {
        let name = row.torrent.category().filter(|name| !name.trim().is_empty());
        let slug = name.as_deref().map(slug::of_category);
        let category = by_slug.entry(slug.clone()).or_insert_with(|| Category {
            name: name.map(std::borrow::Cow::into_owned),
            slug,
            rows: Vec::new(),
        });
        category.rows.push(row);
    }
    let mut categories: Vec<Category<'_>> = by_slug.into_values().collect();
    keep_pages_of_the_largest(&mut categories);
    categories.sort_by(by_name);
    categories.iter_mut().for_each(|category| sort(&mut category.rows));
    categories
}

fn keep_pages_of_the_largest(categories: &mut [Category<'_>]) {
    if categories.len() > MOST_PAGES {
        categories.sort_by(|a, b| b.rows.len().cmp(&a.rows.len()).then_with(|| by_name(a, b)));
        categories.iter_mut().skip(MOST_PAGES).for_each(|category| category.slug = None);
    }
}

fn by_name(a: &Category<'_>, b: &Category<'_>) -> Ordering {
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
