//! Parameters of a query as they are explained to people: what each of them means to the tracker.

use super::Passkey;
use super::query::percent_decoded;

/// A parameter, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderstoodParameter {
    /// Its name, without escapes.
    pub name: String,
    /// Its value as it came; `None` when it was not sent. Secrets are cut off.
    pub sent: Option<String>,
    /// What became of it.
    pub standing: Standing,
    /// What it means to the tracker, or why it means nothing; in words.
    pub meaning: String,
}

/// What became of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Used,
    /// It was not sent, or says nothing that can be used: something else counts.
    Defaulted,
    /// The same parameter comes once more, and that one counts.
    Repeated,
    /// It means nothing to this tracker.
    Unknown,
    /// The request is refused for it.
    Refused,
}

impl Standing {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Defaulted => "default",
            Self::Repeated => "repeated",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
        }
    }
}

/// Bytes of a name or a value that are shown at most.
const MOST_SHOWN: usize = 200;

/// Letters of a secret that are shown.
const OF_A_SECRET: usize = 4;

impl UnderstoodParameter {
    /// One that was sent.
    pub(super) fn sent(name: &[u8], value: &[u8], standing: Standing, meaning: String) -> Self {
        let mut room = [0; MOST_SHOWN];
        let name = shown(percent_decoded(name, &mut room));
        Self { name, sent: Some(shown(value)), standing, meaning }
    }

    /// One that was not sent.
    pub(super) fn missing(name: &str, standing: Standing, meaning: impl Into<String>) -> Self {
        Self { name: name.to_owned(), sent: None, standing, meaning: meaning.into() }
    }

    /// The same with the value cut off, as nobody but the client should know it.
    pub(super) fn with_secret_cut_off(self) -> Self {
        Self { sent: self.sent.map(|sent| cut_off(sent.as_bytes())), ..self }
    }
}

impl Passkey {
    /// Its beginning, for people who know it already.
    #[must_use]
    pub fn cut_off(&self) -> String {
        cut_off(self.as_bytes())
    }
}

/// The beginning of a secret; nothing of a short one.
pub(super) fn cut_off(secret: &[u8]) -> String {
    match secret.get(..OF_A_SECRET) {
        Some(front) if secret.len() >= 4 * OF_A_SECRET => format!("{}…", front.escape_ascii()),
        _ if secret.is_empty() => String::new(),
        _ => "…".into(),
    }
}

/// Bytes as they can be shown.
pub(super) fn shown(bytes: &[u8]) -> String {
    match bytes.get(..MOST_SHOWN) {
        Some(front) if bytes.len() > MOST_SHOWN => format!("{}…", front.escape_ascii()),
        _ => bytes.escape_ascii().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_secret_only_the_beginning_is_shown() {
        assert_eq!(cut_off(b"0123456789abcdef"), "0123…");
        assert_eq!(cut_off(b"0123456789abcde"), "…", "too much of it would be shown");
        assert_eq!(cut_off(b""), "");
        assert_eq!(Passkey::parse(b"0123456789abcdef").unwrap().cut_off(), "0123…");
    }

    #[test]
    fn whatever_was_sent_can_be_shown() {
        assert_eq!(shown(b"a\n\xff"), "a\\n\\xff");
        assert_eq!(shown(&[b'a'; 300]).chars().count(), MOST_SHOWN + 1);
    }
}
