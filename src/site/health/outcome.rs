//! How a check ended, and how that is said in a line that a person reads to its end.

use std::fmt;

/// Characters of a line at most; a program's error, or a name that somebody chose, may be longer.
const MOST_CHARACTERS: usize = 600;

/// How a check ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well; what was found.
    Fine(String),
    /// It works, but an owner should know.
    Note(String),
    /// It does not work.
    Wrong {
        /// What was found.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// It could not be looked at.
    NotChecked {
        /// Why, and what to do if it is to be checked.
        why: String,
    },
}

impl Outcome {
    pub(super) fn fine(what: impl Into<String>) -> Self {
        Self::Fine(what.into())
    }

    pub(super) fn told(what: impl Into<String>) -> Self {
        Self::Note(what.into())
    }

    pub(super) fn wrong(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Wrong { what: what.into(), remedy: remedy.into() }
    }

    pub(super) fn not_checked(why: impl Into<String>) -> Self {
        Self::NotChecked { why: why.into() }
    }

    /// What an error says: what is wrong, and after a semicolon what to do.
    pub(super) fn of_error(problem: impl fmt::Display) -> Self {
        let text = problem.to_string();
        match text.split_once("; ") {
            Some((what, remedy)) => Self::wrong(what, remedy),
            None => Self::wrong(text, ""),
        }
    }

    /// Whether something does not work.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        matches!(self, Self::Wrong { .. })
    }

    /// How it ended, for programs.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self {
            Self::Fine(_) => "fine",
            Self::Note(_) => "note",
            Self::Wrong { .. } => "WRONG",
            Self::NotChecked { .. } => "not checked",
        }
    }

    /// The same for the beginning of a line.
    #[must_use]
    pub fn mark(&self) -> &'static str {
        match self {
            Self::NotChecked { .. } => "-",
            other => other.state(),
        }
    }

    /// All that there is to say.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Fine(what) | Self::Note(what) => shortened(what, MOST_CHARACTERS),
            Self::Wrong { what, remedy } if remedy.is_empty() => shortened(what, MOST_CHARACTERS),
            // What to do is what a person needs.
            Self::Wrong { what, remedy } => {
                let rest = MOST_CHARACTERS.saturating_sub(remedy.chars().count());
                format!("{}; {remedy}", shortened(what, rest.max(100)))
            }
            Self::NotChecked { why } => shortened(&format!("not checked: {why}"), MOST_CHARACTERS),
        }
    }

    /// What to do, where something is wrong.
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        match self {
            Self::Wrong { remedy, .. } if !remedy.is_empty() => Some(remedy),
            _ => None,
        }
    }
}

/// The first of many things, and how many there are.
pub(super) fn some_of(things: &[String]) -> String {
    const SHOWN: usize = 3;
    match things.len().checked_sub(SHOWN) {
        None | Some(0) => things.join(", "),
        Some(more) => {
            let shown: Vec<&str> = things.iter().take(SHOWN).map(String::as_str).collect();
            format!("{} and {more} more", shown.join(", "))
        }
    }
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_to_do_after_a_semicolon() {
        let wrong = Outcome::of_error("it is gone; make it; then go on");
        assert_eq!(wrong, Outcome::wrong("it is gone", "make it; then go on"));
        assert_eq!(wrong.text(), "it is gone; make it; then go on");
        assert_eq!(Outcome::of_error("no").text(), "no");
    }

    #[test]
    fn no_line_is_longer_than_a_person_reads_and_the_remedy_is_whole() {
        let long = "ä".repeat(5000);
        assert_eq!(Outcome::fine(long.clone()).text().chars().count(), MOST_CHARACTERS + 1);
        let wrong = Outcome::wrong(long, "mend it").text();
        assert!(wrong.ends_with("ä…; mend it") && wrong.chars().count() < 700, "{wrong}");
        let things: Vec<String> = (0..2000).map(|number| format!("{number}.torrent")).collect();
        assert_eq!(some_of(&things), "0.torrent, 1.torrent, 2.torrent and 1997 more");
        assert_eq!(some_of(&things[..3]), "0.torrent, 1.torrent, 2.torrent");
        assert_eq!(some_of(&[]), "");
    }

    #[test]
    fn what_was_not_checked_is_not_wrong() {
        let unseen = Outcome::not_checked("no right");
        assert!(!unseen.is_wrong());
        assert_eq!((unseen.state(), unseen.mark()), ("not checked", "-"));
        assert_eq!(unseen.text(), "not checked: no right");
    }
}
