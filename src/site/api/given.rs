//! The parameters of a query as its sender means them. What is not understood is refused, so that nobody takes an
//! answer to another question for one to theirs.

use std::num::NonZeroUsize;

use percent_encoding::percent_decode;

use super::Problem;
use crate::protocol::Parameters;

/// Parameters by their names, each once.
#[derive(Debug)]
pub(super) struct Given(Vec<(&'static str, String)>);

impl Given {
    /// Reads a query in which these names may stand.
    pub(super) fn of(query: &[u8], names: &'static [&'static str]) -> Result<Self, Problem> {
        let mut given = Vec::new();
        for (name, value) in Parameters::of(query) {
            let name = text(name);
            let Some(known) = names.iter().copied().find(|known| *known == name) else {
                return Err(Problem::UnknownParameter { name, known: names });
            };
            if given.iter().any(|(before, _)| *before == known) {
                return Err(Problem::Repeated { name });
            }
            given.push((known, text(value)));
        }
        Ok(Self(given))
    }

    /// A value, if it is not empty: a form sends all its fields.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A number from 1 to `most`.
    pub(super) fn number(
        &self,
        name: &'static str,
        most: usize,
    ) -> Result<Option<NonZeroUsize>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number: &NonZeroUsize| number.get() <= most);
        let expected = || format!("a whole number from 1 to {most}");
        number.map(Some).ok_or_else(|| Problem::Value { name, expected: expected() })
    }

    /// One of these words.
    pub(super) fn one_of<T: Copy>(
        &self,
        name: &'static str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meant)| *meant);
        let expected = || {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            format!("one of {}", words.join(", "))
        };
        found.map(Some).ok_or_else(|| Problem::Value { name, expected: expected() })
    }
}

/// A name or value as forms send it.
fn text(raw: &[u8]) -> String {
    let spaced: Vec<u8> = raw.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["query", "page", "sort"];

    #[test]
    fn values_come_as_forms_send_them() {
        let given = Given::of(b"query=a+b%2Bc%C3%A4&page=&sort=%ff", NAMES).unwrap();
        assert_eq!(given.text("query"), Some("a b+cä"));
        assert_eq!((given.text("page"), given.text("sort")), (None, Some("\u{fffd}")));
        assert_eq!(given.text("rows"), None);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for query in ["q=x", "query=a&query=b", "_=1"] {
            assert!(Given::of(query.as_bytes(), NAMES).is_err(), "{query}");
        }
        for page in ["-1", "0", "x", "1.0", "9", "99999999999999999999999"] {
            let given = Given::of(format!("page={page}").as_bytes(), NAMES).unwrap();
            let problem = given.number("page", 8).unwrap_err().to_string();
            assert!(problem.contains("a whole number from 1 to 8"), "{page}: {problem}");
        }
        let given = Given::of(b"sort=b&page=8", NAMES).unwrap();
        assert_eq!(given.number("page", 8).unwrap().map(NonZeroUsize::get), Some(8));
        assert_eq!(given.one_of("sort", &[("a", 1), ("b", 2)]).unwrap(), Some(2));
        let problem = given.one_of("sort", &[("a", 1), ("c", 2)]).unwrap_err().to_string();
        assert!(problem.contains("one of a, c"), "{problem}");
        assert_eq!(given.one_of("rows", &[("a", 1)]).unwrap(), None);
    }
}
