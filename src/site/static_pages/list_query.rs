//! What a person asks the list for: an address below the script, read and written.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

use crate::catalog::{Initial, ListOrder, ListSearch, words_of};
use crate::config::Language;

/// Characters that are looked for at most.
const LONGEST_TEXT: usize = 256;

/// Bytes of the name of a category or of a group at most: that of a path (`PATH_MAX`).
const LONGEST_NAME: usize = 4096;

/// Characters of what makes no sense that are shown.
const MOST_SHOWN: usize = 40;

/// What names the language in addresses of pages that the script makes.
pub(super) const LANGUAGE: &str = "lang";

/// The name of the list below the script.
const NAME: &str = "list";

/// What stays as it is in a query: unreserved characters (RFC 3986, 2.3).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A page of a list that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListQuery {
    /// What is looked for, as it was typed, with one space between words.
    pub(super) text: String,
    pub(super) category: Option<String>,
    pub(super) group: Option<String>,
    pub(super) initial: Option<Initial>,
    pub(super) order: ListOrder,
    pub(super) reverse: bool,
    /// Counted from 1.
    pub(super) page: usize,
    /// The language of the page; `None` is the one that the browser asks for.
    pub(super) language: Option<Language>,
}

/// What of an address made no sense, and was not followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slips {
    /// More was to be looked for than is.
    pub(super) is_cut: bool,
    /// A word that names no order.
    pub(super) order: Option<String>,
    /// What is no number of a page.
    pub(super) page: Option<String>,
    /// What is no initial.
    pub(super) initial: Option<String>,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            text: String::new(),
            category: None,
            group: None,
            initial: None,
            order: ListOrder::default(),
            reverse: false,
            page: 1,
            language: None,
        }
    }
}

impl ListQuery {
    /// The usual list in a language.
    pub(super) fn in_language(language: Option<Language>) -> Self {
        Self { language, ..Self::default() }
    }

    /// Reads the query of an address as browsers send forms. Of what comes twice, the last counts; what is unknown is passed
    /// over.
    pub(super) fn read(query: &[u8]) -> (Self, Slips) {
        let (mut read, mut slips) = (Self::default(), Slips::default());
        for part in query.split(|&byte| byte == b'&') {
            let mut sides = part.splitn(2, |&byte| byte == b'=').map(decoded);
            let (name, value) =
                (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
            match name.as_str() {
                "q" => (read.text, slips.is_cut) = plain(&value),
                "c" => read.category = name_of(value),
                "g" => read.group = name_of(value),
                "az" => {
                    read.initial = Initial::named(&value);
                    slips.initial = slip(read.initial.is_none(), &value);
                }
                "sort" => {
                    let order = order_named(&value);
                    slips.order = slip(order.is_none(), &value);
                    (read.order, read.reverse) = order.unwrap_or_default();
                }
                "page" => {
                    let page = value.parse().ok().filter(|&page: &usize| page > 0);
                    slips.page = slip(page.is_none(), &value);
                    read.page = page.unwrap_or(1);
                }
                LANGUAGE => read.language = Language::of_tag(&value),
                _ => {}
            }
        }
        (read, slips)
    }

    /// What is to be searched for.
    pub(super) fn search(&self) -> ListSearch {
        ListSearch {
            words: words_of(&self.text),
            category: self.category.clone(),
            group: self.group.clone(),
            initial: self.initial,
            order: self.order,
            reverse: self.reverse,
        }
    }

    /// The one address of this page, relative to the script. What is usual is left out.
    pub(super) fn address(&self) -> String {
        let sort = order_name(self.order);
        let sort = if self.reverse { format!("-{sort}") } else { sort.to_owned() };
        let is_usual = self.order == ListOrder::default() && !self.reverse;
        let initial = self.initial.map(Initial::name);
        let page = (self.page > 1).then(|| self.page.to_string());
        let all = [
            ("q", Some(self.text.as_str()).filter(|text| !text.is_empty())),
            ("c", self.category.as_deref()),
            ("g", self.group.as_deref()),
            ("az", initial.as_deref()),
            ("sort", Some(sort.as_str()).filter(|_| !is_usual)),
            ("page", page.as_deref()),
            (LANGUAGE, self.language.map(Language::tag)),
        ];
        let mut address = String::from(NAME);
        let mut between = '?';
        for (name, value) in all {
            if let Some(value) = value {
                // Writing to a string does not fail.
                let _ = write!(address, "{between}{name}={}", utf8_percent_encode(value, PLAIN));
                between = '&';
            }
        }
        address
    }

    /// The first page of the same in this order; in the order that it has, the other way round.
    pub(super) fn sorted_by(&self, order: ListOrder) -> Self {
        let reverse = self.order == order && !self.reverse;
        Self { order, reverse, page: 1, ..self.clone() }
    }
}

/// The word for an order in addresses.
pub(super) fn order_name(order: ListOrder) -> &'static str {
    let found = ListOrder::NAMES.iter().find(|(_, known)| *known == order);
    found.map_or("", |(name, _)| name)
}

/// The order of this name, and whether it is the other way round; the usual one has none.
fn order_named(name: &str) -> Option<(ListOrder, bool)> {
    if name.is_empty() {
        return Some((ListOrder::default(), false));
    }
    let plain = name.strip_prefix('-');
    let found = ListOrder::NAMES.iter().find(|(known, _)| *known == plain.unwrap_or(name));
    found.map(|&(_, order)| (order, plain.is_some()))
}

/// A part of a form; bytes that are no text become marks of that.
fn decoded(part: &[u8]) -> String {
    let spaced: Vec<u8> = part.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

/// The name of a category or a group; one that is longer than any can be is none.
fn name_of(value: String) -> Option<String> {
    Some(value).filter(|name| !name.is_empty() && name.len() <= LONGEST_NAME)
}

/// A text with one space between words, without what is no character to see, cut where it is too long, and whether it was.
fn plain(text: &str) -> (String, bool) {
    let text = text.replace(char::is_control, " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => (text.get(..end).unwrap_or_default().trim_end().to_owned(), true),
        None => (text, false),
    }
}

/// What made no sense, as it is shown; an empty value says nothing.
fn slip(is_one: bool, value: &str) -> Option<String> {
    let shown = || value.chars().take(MOST_SHOWN).collect();
    (is_one && !value.is_empty()).then(shown)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(query: &str) -> (ListQuery, Slips) {
        ListQuery::read(query.as_bytes())
    }

    #[test]
    fn a_form_without_anything_is_the_usual_list() {
        for query in ["", "q=&c=&g=&sort=&page=&az=", "&&==&x=1", "Q=x", "sort=seeders&page=1"] {
            assert_eq!(read(query), (ListQuery::default(), Slips::default()), "{query}");
        }
        assert_eq!(ListQuery::default().address(), "list");
    }

    #[test]
    fn what_is_asked_for_is_read_and_has_one_address() {
        let (query, slips) = read("page=3&q=a%26b++%D0%B5+&sort=-size&c=linux/iso&g=x&az=d&page=4");
        assert_eq!(slips, Slips::default());
        assert_eq!((query.text.as_str(), query.page), ("a&b е", 4));
        assert_eq!((query.order, query.reverse), (ListOrder::Size, true));
        let address = "list?q=a%26b%20%D0%B5&c=linux%2Fiso&g=x&az=d&sort=-size&page=4";
        assert_eq!(query.address(), address);
        let turned = query.sorted_by(ListOrder::Size);
        assert_eq!((turned.reverse, turned.page), (false, 1));
        assert!(!query.sorted_by(ListOrder::Name).reverse);
    }

    #[test]
    fn what_makes_no_sense_is_noted_and_not_followed() {
        let (query, slips) = read("page=-1&sort=colour&az=Q%3Cb%3E");
        assert_eq!(query, ListQuery::default());
        let told = [slips.page, slips.order, slips.initial].map(Option::unwrap);
        assert_eq!(told, ["-1", "colour", "Q<b>"]);
        for page in ["0", "x", "1e3", "99999999999999999999999"] {
            assert!(read(&format!("page={page}")).1.page.is_some(), "{page}");
        }
        let (query, slips) = read(&format!("q={}", "ы".repeat(4096)));
        assert!(slips.is_cut && query.text.chars().count() == LONGEST_TEXT);
        assert_eq!(read("q=%ff%zz").0.text, "\u{fffd}%zz");
        assert_eq!(read("q=a%00b%1b").0.text, "a b");
        assert_eq!(read(&format!("c={0}&g={0}", "x".repeat(4097))).0, ListQuery::default());
    }

    proptest! {
        #[test]
        fn an_address_is_read_as_what_it_was_written_for(
            text in "\\PC{0,20}", category in "[^\\x00]{1,9}", page in 1..200_usize,
            (order, reverse) in (0..ListOrder::NAMES.len(), any::<bool>()),
        ) {
            let (order, category) = (ListOrder::NAMES[order].1, Some(category));
            let text = plain(&text).0;
            let initial = Some(Initial::Cyrillic);
            let language = Some(Language::Russian);
            let query =
                ListQuery { text, category, group: None, initial, order, reverse, page, language };
            let address = query.address();
            let written = address.strip_prefix("list?").unwrap();
            prop_assert!(written.is_ascii() && !written.contains(['"', '<', ' ', '\'']));
            prop_assert_eq!(read(written), (query, Slips::default()));
        }

        #[test]
        fn any_bytes_are_read(query in proptest::collection::vec(any::<u8>(), 0..300)) {
            let (read, _) = ListQuery::read(&query);
            let address = read.address();
            let again = address.split_once('?').map_or("", |(_, query)| query);
            prop_assert_eq!(ListQuery::read(again.as_bytes()).0.address(), address);
        }
    }
}
