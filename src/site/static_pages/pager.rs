//! The ways from one page of a list to the others.

use crate::site::language::Texts;

/// Pages of a list at most; what comes behind is not in it.
pub(super) const MOST: usize = 100;

/// Pages beside the first, the last and this one that are linked to.
const NEAR: usize = 2;

/// Links to other pages.
pub(super) struct Pager {
    /// What is on this page: `201–300 of 2,041`.
    pub(super) range: String,
    pub(super) back: Option<String>,
    pub(super) next: Option<String>,
    pub(super) links: Vec<Link>,
}

/// A page, or those that are passed over.
pub(super) struct Link {
    pub(super) label: String,
    pub(super) href: Option<String>,
    pub(super) is_here: bool,
}

/// One page of a list, counted from 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) number: usize,
    /// How many pages there are.
    pub(super) pages: usize,
    /// Rows of a page.
    pub(super) rows: usize,
    /// Rows of all pages, and of those that there are no pages for.
    pub(super) all: usize,
}

impl Part {
    /// Into which parts so many rows fall; there is always a first one.
    pub(super) fn of(all: usize, rows: usize) -> impl Iterator<Item = Self> {
        (1..=Self::at(1, all, rows).pages).map(move |number| Self::at(number, all, rows))
    }

    /// The one of this number, or the last one where there are not so many.
    pub(super) fn at(number: usize, all: usize, rows: usize) -> Self {
        let pages = all.div_ceil(rows.max(1)).clamp(1, MOST);
        Self { number: number.clamp(1, pages), pages, rows, all }
    }

    /// The first row of it, counted from 0.
    pub(super) fn start(self) -> usize {
        (self.number - 1).saturating_mul(self.rows)
    }

    /// The row behind its last one.
    pub(super) fn end(self) -> usize {
        self.start().saturating_add(self.rows).min(self.all)
    }

    /// The number of the first row, counted from 1, that of the last one, and of how many.
    pub(super) fn range(self) -> [usize; 3] {
        [self.start() + 1, self.end(), self.all]
    }

    /// How many rows are on no page, where this is the last one and there are some.
    pub(super) fn more_behind_the_last(self) -> Option<usize> {
        Some(self.left_out()).filter(|&left| left > 0 && self.number == self.pages)
    }

    /// How many rows are on no page.
    fn left_out(self) -> usize {
        self.all.saturating_sub(self.pages.saturating_mul(self.rows))
    }
}

impl Pager {
    /// `None` where there is only one page. `address` gives that of a page.
    pub(super) fn new(
        part: Part,
        texts: &Texts,
        address: impl Fn(usize) -> String,
    ) -> Option<Self> {
        if part.pages < 2 {
            return None;
        }
        let mut links = Vec::new();
        let mut last = 0;
        for number in 1..=part.pages {
            let is_near = number.abs_diff(part.number) <= NEAR;
            if !is_near && number != 1 && number != part.pages {
                continue;
            }
            if number > last + 1 {
                links.push(Link { label: "…".into(), href: None, is_here: false });
            }
            let is_here = number == part.number;
            let href = (!is_here).then(|| address(number));
            links.push(Link { label: number.to_string(), href, is_here });
            last = number;
        }
        let [from, to, all] = part.range().map(|row| texts.number(row));
        Some(Self {
            range: texts.list.range.with(from, to, all),
            back: (part.number > 1).then(|| address(part.number - 1)),
            next: (part.number < part.pages).then(|| address(part.number + 1)),
            links,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Language;
    use crate::site::language::texts;

    #[test]
    fn far_pages_are_passed_over() {
        let part = Part::of(2041, 100).nth(9).unwrap();
        let english = texts(Language::English);
        let pager = Pager::new(part, english, |number| format!("{number}.html")).unwrap();
        let labels: Vec<_> = pager.links.iter().map(|link| link.label.as_str()).collect();
        assert_eq!(labels, ["1", "…", "8", "9", "10", "11", "12", "…", "21"]);
        assert_eq!(pager.range, "901–1,000 of 2,041");
        assert_eq!(
            (pager.back.as_deref(), pager.next.as_deref()),
            (Some("9.html"), Some("11.html"))
        );
        let only = Part::of(100, 100).next().unwrap();
        assert!(Pager::new(only, english, |_| String::new()).is_none());
    }

    proptest! {
        #[test]
        fn each_row_is_on_one_page_or_left_out(all in 0..5000_usize, rows in 1..60_usize) {
            let parts: Vec<_> = Part::of(all, rows).collect();
            let mut next = 0;
            for part in &parts {
                prop_assert_eq!(part.start(), next);
                next = part.end();
            }
            prop_assert!(!parts.is_empty() && parts.len() <= MOST);
            prop_assert_eq!(next + parts[0].left_out(), all);
        }
    }
}
