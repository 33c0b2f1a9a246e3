//! What of the list of torrents somebody looks at, as an address has it.

use crate::catalog::{FoundOrder, Standing, TorrentSearch};
use crate::site::form::Form;

/// Torrents of a page.
pub(super) const ROWS: usize = 100;

/// What somebody looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) text: String,
    pub(super) standing: Standing,
    pub(super) category: String,
    pub(super) group: String,
    pub(super) order: FoundOrder,
    /// Which page, counted from 1.
    pub(super) page: usize,
}

/// The first page of all torrents.
impl Default for View {
    fn default() -> Self {
        Self {
            text: String::new(),
            standing: Standing::default(),
            category: String::new(),
            group: String::new(),
            order: FoundOrder::default(),
            page: 1,
        }
    }
}

impl View {
    /// Reads what stands behind the question mark of an address. What means nothing is passed over.
    pub(super) fn of(query: &Form<'_>) -> Self {
        Self {
            text: query.text("q").to_owned(),
            standing: known(&Standing::NAMES, query.text("state")),
            category: query.text("category").to_owned(),
            group: query.text("group").to_owned(),
            order: known(&FoundOrder::NAMES, query.text("sort")),
            page: query.text("page").parse().unwrap_or(1).max(1),
        }
    }

    /// The same as it comes back in a form.
    pub(super) fn of_text(text: &str) -> Self {
        Form::of_query(text.as_bytes()).map_or_else(|_| Self::default(), |query| Self::of(&query))
    }

    /// What stands behind the question mark of its address.
    pub(super) fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let page = self.page.to_string();
        let parts = [
            ("q", &*self.text),
            ("state", name(&Standing::NAMES, self.standing)),
            ("category", &self.category),
            ("group", &self.group),
            ("sort", name(&FoundOrder::NAMES, self.order)),
            ("page", if self.page > 1 { &page } else { "" }),
        ];
        for (name, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        query.finish()
    }

    /// The address of another page of the same, from the folder of the administration.
    pub(super) fn at_page(&self, page: usize) -> String {
        format!("torrents?{}", Self { page, ..self.clone() }.query())
    }

    /// Whether only some of the torrents are looked for.
    pub(super) fn is_narrowed(&self) -> bool {
        let Self { text, standing, category, group, .. } = self;
        *standing != Standing::Any || [text, category, group].iter().any(|it| !it.is_empty())
    }

    /// What is asked of the catalogue.
    pub(super) fn search<'a>(&'a self, within: Option<&'a [String]>) -> TorrentSearch<'a> {
        let given = |text: &'a String| Some(text.as_str()).filter(|text| !text.is_empty());
        TorrentSearch {
            text: &self.text,
            standing: self.standing,
            category: given(&self.category),
            group: given(&self.group),
            within,
            order: self.order,
            skip: (self.page.max(1) - 1).saturating_mul(ROWS),
            most: ROWS,
        }
    }
}

fn known<T: Copy + Default>(names: &[(&str, T)], wanted: &str) -> T {
    names.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value).unwrap_or_default()
}

/// The name of a value; none where it is the usual one.
fn name<T: PartialEq + Default>(names: &[(&'static str, T)], wanted: T) -> &'static str {
    let found = names.iter().find(|(_, value)| *value == wanted && wanted != T::default());
    found.map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_address_leads_to_what_was_looked_at(
            (text, category, group) in (".*", ".*", ".*"),
            (standing, order, page) in (0..6_usize, 0..4_usize, 1..1_000_usize),
        ) {
            let (standing, order) = (Standing::NAMES[standing].1, FoundOrder::NAMES[order].1);
            let unix = |text: String| text.replace("\r\n", "\n");
            let view = View { text: unix(text), standing, category: unix(category), group: unix(group), order, page };
            let query = view.query();
            prop_assert!(query.bytes().all(|byte| byte.is_ascii_graphic()), "{}", query);
            prop_assert_eq!(View::of_text(&query), view);
        }
    }

    #[test]
    fn what_means_nothing_is_passed_over() {
        for query in ["state=x&sort=y&page=-1&other=1", "page=0", "q=%ff&state=%ff", "%"] {
            let view = View::of_text(query);
            assert_eq!((view.page, view.standing), (1, Standing::Any), "{query}");
        }
        assert_eq!(View::default().query(), "");
    }
}
