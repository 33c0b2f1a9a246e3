//! The form for searches, and the heads of a list by which it is sorted.

use super::list_query::{ListQuery, order_name};
use super::places::Places;
use crate::catalog::{ListOrder, natural};
use crate::config::Language;
use crate::platform::order::Order as _;
use crate::protocol::origin;

/// Categories in the form at most.
const MOST_CATEGORIES: usize = 100;

/// The form.
pub(super) struct Find {
    pub(super) action: String,
    pub(super) text: String,
    pub(super) categories: Vec<Choice>,
    /// A group that is searched in.
    pub(super) group: Option<String>,
    /// The language that the list is to be in.
    pub(super) language: Option<Language>,
    /// The order that is chosen, by its word in addresses; another one than these have names for: none.
    pub(super) order: &'static str,
}

/// A category that may be chosen.
pub(super) struct Choice {
    pub(super) name: String,
    pub(super) is_chosen: bool,
}

/// The heads of the columns.
#[derive(Default)]
pub(super) struct Heads {
    pub(super) name: Head,
    pub(super) size: Head,
    pub(super) seeders: Head,
    pub(super) leechers: Head,
    pub(super) completed: Head,
    pub(super) added: Head,
}

/// The head of a column.
#[derive(Clone, Default)]
pub(super) struct Head {
    /// The list by this column.
    pub(super) href: Option<String>,
    /// How the list is sorted by it, in the words of `aria-sort`.
    pub(super) sorted: Option<&'static str>,
}

impl Find {
    /// For a page that stands in this relation to the list.
    pub(super) fn new(action: String, query: &ListQuery, categories: &[(String, usize)]) -> Self {
        let mut largest: Vec<_> = categories.iter().collect();
        largest.order_by(|(_, a), (_, b)| b.cmp(a));
        let shown = largest.get(..MOST_CATEGORIES.min(largest.len())).unwrap_or_default();
        let mut names: Vec<&str> = shown.iter().map(|(name, _)| name.as_str()).collect();
        let chosen = query.category.as_deref();
        names.extend(chosen.filter(|chosen| !names.contains(chosen)));
        names.order_by(|a, b| natural::compare(a, b));
        let choice = |name: &str| Choice { name: name.to_owned(), is_chosen: chosen == Some(name) };
        Self {
            action,
            text: query.text.clone(),
            categories: names.into_iter().map(choice).collect(),
            group: query.group.clone(),
            language: query.language,
            order: if query.reverse { "" } else { order_name(query.order) },
        }
    }
}

impl Heads {
    /// That lead to these lists; `current` is how this one is sorted.
    pub(super) fn new(
        list: impl Fn(ListOrder) -> String,
        current: Option<(ListOrder, bool)>,
    ) -> Self {
        let head = |order| {
            let reverse = current.filter(|(current, _)| *current == order).map(|(_, it)| it);
            // Names go up from A, figures down from the largest.
            let goes_up = reverse.map(|reverse| (order == ListOrder::Name) != reverse);
            let sorted = goes_up.map(|it| if it { "ascending" } else { "descending" });
            Head { href: Some(list(order)), sorted }
        };
        Self {
            name: head(ListOrder::Name),
            size: head(ListOrder::Size),
            seeders: head(ListOrder::Seeders),
            leechers: head(ListOrder::Leechers),
            completed: head(ListOrder::Completed),
            added: head(ListOrder::Added),
        }
    }

    /// How the list is sorted by one of the two in the column of the swarm.
    pub(super) fn swarm_sorted(&self) -> Option<&'static str> {
        self.seeders.sorted.or(self.leechers.sorted)
    }
}

/// Below the script, from a static page: the address of a list, where the script's is known.
pub(super) fn list_address(places: &Places<'_>, query: &ListQuery) -> Option<String> {
    Some(format!("{}/{}", places.loaded.script_url()?, query.address()))
}

/// The origin that forms on static pages go to, where it is known.
pub(super) fn form_origin<'a>(places: &Places<'a>) -> Option<&'a str> {
    places.loaded.script_url().map(origin)
}
