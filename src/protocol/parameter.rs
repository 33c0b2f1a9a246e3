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
    /// It is understood, and decides nothing.
    Ignored,
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
            Self::Ignored => "ignored",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
        }
    }
}

/// Bytes of a name or a value that are shown at most.
const MOST_SHOWN: usize = 200;

/// Letters of a secret that are shown.
const OF_A_SECRET: usize = 4;

/// Letters from which on a word may be a secret: the shortest passkey has as many.
const SHORTEST_SECRET: usize = 4 * OF_A_SECRET;

/// What trackers call the secret of a member, or what tells who that is.
const SECRETS: [&str; 14] = [
    "auth",
    "auth_key",
    "authkey",
    "key",
    "pass",
    "passkey",
    "password",
    "pid",
    "secret",
    "token",
    "torrent_pass",
    "uid",
    "uk",
    "user",
];

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

    /// One that was sent and means nothing to this tracker. What may be a secret is cut off: it may be another tracker's.
    pub(super) fn unknown(name: &[u8], value: &[u8], meaning: &str) -> Self {
        let parameter = Self::sent(name, value, Standing::Unknown, meaning.into());
        let is_named_so = SECRETS.iter().any(|secret| parameter.name.eq_ignore_ascii_case(secret));
        let decoded = percent_encoding::percent_decode(value).collect::<Vec<u8>>();
        let is_secret = is_named_so || words(&decoded).any(may_be_secret);
        let parameter = if is_secret { parameter.with_secret_cut_off() } else { parameter };
        Self { name: without_secrets(&parameter.name), ..parameter }
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
        Some(front) if secret.len() >= SHORTEST_SECRET => format!("{}…", front.escape_ascii()),
        _ if secret.is_empty() => String::new(),
        _ => "…".into(),
    }
}

/// A text in which each word is cut off that may be a secret.
#[must_use]
pub fn without_secrets(text: &str) -> String {
    let parts = text.split_inclusive(|letter: char| !letter.is_ascii() || is_apart(letter as u8));
    let cut = |part: &str| {
        let word = words(part.as_bytes()).next().unwrap_or_default();
        match may_be_secret(word) {
            true => cut_off(word) + part.get(word.len()..).unwrap_or_default(),
            false => part.to_owned(),
        }
    };
    parts.map(cut).collect()
}

/// Whether a byte stands between words: no passkey has it.
fn is_apart(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'-')
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| is_apart(byte))
}

/// Whether a word is as long as secrets are, and not only of letters, as names are.
fn may_be_secret(word: &[u8]) -> bool {
    let is_name = || word.iter().all(|byte| !byte.is_ascii_digit() && !byte.is_ascii_uppercase());
    word.len() >= SHORTEST_SECRET && !is_name()
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
    fn what_may_be_a_secret_of_another_tracker_is_cut_off() {
        let told = |name: &str, value: &str| {
            let parameter = UnderstoodParameter::unknown(name.as_bytes(), value.as_bytes(), "");
            (parameter.name, parameter.sent.unwrap())
        };
        let secret = "0123456789abcdef";
        for (name, value, expected) in [
            ("pid", "4711", ("pid", "…")),
            ("Torrent_Pass", secret, ("Torrent_Pass", "0123…")),
            ("%70id", "4711", ("pid", "…")),
            ("x", secret, ("x", "0123…")),
            ("authkey", "17|4|0123456789", ("authkey", "…")),
            ("x", "17|4|0123456789ABCDEF", ("x", "17|4…")),
            ("x", "%30123456789ABCDEF", ("x", "%301…")),
            (secret, "", ("0123…", "")),
            ("azver", "3", ("azver", "3")),
            (
                "supported_features",
                "all_that_there_is",
                ("supported_features", "all_that_there_is"),
            ),
        ] {
            let (name, value) = told(name, value);
            assert_eq!((name.as_str(), value.as_str()), expected);
        }
        let path = format!("/{secret}é/{secret}/announce.php?a={secret}&b=012345");
        assert_eq!(without_secrets(&path), "/0123…é/0123…/announce.php?a=0123…&b=012345");
    }

    #[test]
    fn whatever_was_sent_can_be_shown() {
        assert_eq!(shown(b"a\n\xff"), "a\\n\\xff");
        assert_eq!(shown(&[b'a'; 300]).chars().count(), MOST_SHOWN + 1);
    }
}
