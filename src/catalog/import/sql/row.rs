//! A row of a dump: its values by the names of their columns.

use super::charset::Charset;
use super::lexer::Dialect;
use crate::protocol::InfoHash;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Text,
    Bytes,
    Number,
    /// An expression.
    Unknown,
}

/// A value: what it is, and where in the row's buffer it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) begin: usize,
    pub(super) end: usize,
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub(in crate::catalog::import) struct Row<'a> {
    pub(super) columns: &'a [String],
    pub(super) values: &'a [Value],
    pub(super) text: &'a [u8],
    pub(super) charset: Charset,
    pub(super) dialect: Dialect,
    /// The line that it begins in.
    pub line: u64,
}

impl<'a> Row<'a> {
    fn value(&self, column: &str) -> Option<(Kind, &'a [u8])> {
        let place = self.columns.iter().position(|name| name.eq_ignore_ascii_case(column))?;
        let value = self.values.get(place)?;
        Some((value.kind, self.text.get(value.begin..value.end).unwrap_or_default()))
    }

    /// The bytes of a column; `None` where it is not there, or has no value.
    pub fn bytes(&self, column: &str) -> Option<&'a [u8]> {
        self.value(column).filter(|(kind, _)| *kind != Kind::Null).map(|(_, bytes)| bytes)
    }

    /// The text of a column; empty where it is not there, or has no value.
    pub fn text(&self, column: &str) -> String {
        self.bytes(column).map_or_else(String::new, |bytes| self.charset.text(bytes))
    }

    /// Whether a column says `Y`.
    pub fn is_yes(&self, column: &str) -> bool {
        self.bytes(column).is_some_and(|bytes| bytes.eq_ignore_ascii_case(b"y"))
    }

    /// A whole number that is not negative.
    pub fn number(&self, column: &str) -> Option<u64> {
        self.digits(column)?.parse().ok()
    }

    /// A whole number.
    pub fn signed(&self, column: &str) -> Option<i64> {
        self.digits(column)?.parse().ok()
    }

    /// A number with a fraction.
    pub fn fraction(&self, column: &str) -> Option<f64> {
        self.digits(column)?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn digits(&self, column: &str) -> Option<&'a str> {
        std::str::from_utf8(self.bytes(column)?).ok()
    }

    /// An info-hash, as 20 bytes or as 40 hexadecimal digits.
    pub fn info_hash(&self, column: &str) -> Option<InfoHash> {
        let bytes = self.bytes(column)?;
        bytes.try_into().ok().map(InfoHash).or_else(|| InfoHash::from_hex(bytes))
    }

    /// An info-hash in a text column of 20 characters, of which the dump has made text. MySQL's have lost the blanks
    /// at their end.
    pub fn info_hash_of_text(&self, column: &str) -> Option<InfoHash> {
        let (kind, bytes) = self.value(column)?;
        let mut stored = match kind {
            Kind::Text => self.charset.stored_as_latin1(bytes),
            Kind::Bytes => bytes.to_vec(),
            Kind::Null | Kind::Number | Kind::Unknown => return None,
        };
        if self.dialect == Dialect::MySql && (1..20).contains(&stored.len()) {
            stored.resize(20, b' ');
        }
        stored.try_into().ok().map(InfoHash)
    }
}

/// What SQLite's `unistr` makes of a text: characters by their hexadecimal digits, in one of its forms, behind a
/// backslash, and a backslash behind another one. `None` where it is none of that.
pub(super) fn unistr(text: &[u8]) -> Option<Vec<u8>> {
    let mut made = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        if *first != b'\\' {
            made.push(*first);
            rest = after;
            continue;
        }
        let (digits, after) = match after.split_first()? {
            (b'\\', after) => {
                made.push(b'\\');
                rest = after;
                continue;
            }
            (b'u', after) => after.split_at_checked(4)?,
            (b'+', after) => after.split_at_checked(6)?,
            (b'U', after) => after.split_at_checked(8)?,
            _ => after.split_at_checked(4)?,
        };
        // `from_str_radix` takes a sign, too.
        let digits = std::str::from_utf8(digits).ok().filter(|it| !it.starts_with('+'))?;
        let character = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
        made.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = after;
    }
    Some(made)
}

/// The text with all that is `from` replaced by a byte.
pub(super) fn replace(text: &[u8], from: &[u8], byte: u8) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        match rest.strip_prefix(from).filter(|_| !from.is_empty()) {
            Some(after) => {
                replaced.push(byte);
                rest = after;
            }
            None => {
                replaced.push(*first);
                rest = after;
            }
        }
    }
    replaced
}
