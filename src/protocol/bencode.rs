//! Reads bencode that strangers wrote (BEP 3): one walk without recursion checks everything before
//! anything is believed, and only then are values taken out of it.
//!
//! Real files are sloppy, and their exact bytes are what is hashed: unsorted and repeated keys and
//! leading zeros are accepted, and the first of repeated keys counts, as in libtorrent.

pub mod write;

/// Levels of lists and dictionaries at most, as in libtorrent. Real metainfo nests as deep as its
/// folders.
pub const MAX_DEPTH: usize = 100;

/// Digits of a length at most: those of 2^64. An integer may have any number.
const MAX_DIGITS: usize = 20;

/// What is wrong with bencode, and at which byte, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BencodeError {
    /// The bytes end inside a value.
    #[error("it is cut off at byte {offset}; fetch or upload it again")]
    Truncated {
        /// Where the bytes end.
        offset: usize,
    },
    /// No value starts like this.
    #[error("it is not bencode: byte {offset} is {byte:#04x}, which starts no value")]
    NotAValue {
        /// Where the byte stands.
        offset: usize,
        /// The byte.
        byte: u8,
    },
    /// An integer or a length that is not written in digits, or has too many.
    #[error("it is not bencode: there is no number at byte {offset}")]
    NotANumber {
        /// Where the number starts.
        offset: usize,
    },
    /// A dictionary's key that is not a string, or one without a value.
    #[error("it is not bencode: a dictionary is broken at byte {offset}")]
    BrokenDictionary {
        /// Where a key or a value should start.
        offset: usize,
    },
    /// More than [`MAX_DEPTH`] levels.
    #[error("it nests deeper than {MAX_DEPTH} levels at byte {offset}")]
    TooDeep {
        /// Where the first level too many starts.
        offset: usize,
    },
}

/// One checked bencoded value: its exact bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a>(&'a [u8]);

impl<'a> Value<'a> {
    /// Checks the value that `bytes` begin with. What follows it is not looked at: files of more than
    /// one value are real, and clients take the first.
    ///
    /// # Errors
    /// Says what is wrong first and where.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BencodeError> {
        let end = end_of_value(bytes)?;
        Ok(Self(bytes.get(..end).unwrap_or_default()))
    }

    /// The bytes that the value is written in.
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// The content of a string, `None` of anything else.
    #[must_use]
    pub fn string(self) -> Option<&'a [u8]> {
        strings(self.0).next().filter(|_| self.0.first().is_some_and(u8::is_ascii_digit))
    }

    /// An integer that fits, `None` of anything else.
    #[must_use]
    pub fn integer(self) -> Option<i64> {
        let digits = self.0.strip_prefix(b"i")?.strip_suffix(b"e")?;
        str::from_utf8(digits).ok()?.parse().ok()
    }

    /// Whether it is a list.
    #[must_use]
    pub fn is_list(self) -> bool {
        self.0.starts_with(b"l")
    }

    /// Whether it is a dictionary.
    #[must_use]
    pub fn is_dictionary(self) -> bool {
        self.0.starts_with(b"d")
    }

    /// What a dictionary has under `key`, the first if there are several; `None` of anything else.
    #[must_use]
    pub fn get(self, key: &[u8]) -> Option<Self> {
        self.entries().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// The keys and values of a dictionary; none of anything else.
    pub fn entries(self) -> impl Iterator<Item = (&'a [u8], Self)> {
        let mut rest = self.0.strip_prefix(b"d").unwrap_or_default();
        std::iter::from_fn(move || {
            let (name, after) = next_value(rest)?;
            let (value, after) = next_value(after)?;
            rest = after;
            Some((name.string()?, value))
        })
    }

    /// What empty keys lead to, however dictionaries nest, as files in the tree of a v2 torrent; and what
    /// stands there in the place of a dictionary. One walk, whatever the depth.
    pub fn leaves(self) -> impl Iterator<Item = Self> {
        let mut rest = self.0.strip_prefix(b"d").unwrap_or_default();
        std::iter::from_fn(move || {
            loop {
                if let Some(after) = rest.strip_prefix(b"e") {
                    rest = after;
                    continue;
                }
                let (name, after) = next_value(rest)?;
                match after.strip_prefix(b"d") {
                    Some(inside) if name.string() != Some(b"") => rest = inside,
                    _ => {
                        let (leaf, after) = next_value(after)?;
                        rest = after;
                        return Some(leaf);
                    }
                }
            }
        })
    }

    /// The items of a list; none of anything else.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let mut rest = self.0.strip_prefix(b"l").unwrap_or_default();
        std::iter::from_fn(move || {
            let (item, after) = next_value(rest)?;
            rest = after;
            Some(item)
        })
    }

    /// All strings in it, however lists are nested; keys of dictionaries count as strings.
    pub fn strings(self) -> impl Iterator<Item = &'a [u8]> {
        strings(self.0)
    }
}

/// The value at the start of checked `bytes`, and what follows it.
fn next_value(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let end = end_of_value(bytes).ok()?;
    bytes.split_at_checked(end).map(|(value, rest)| (Value(value), rest))
}

/// The strings at the start of checked `bytes`.
fn strings(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut walk = Walk::new(bytes);
    std::iter::from_fn(move || {
        loop {
            if let Token::String(text) = walk.step().ok()?? {
                return Some(text);
            }
        }
    })
}

/// Where the value at the start of `bytes` ends.
fn end_of_value(bytes: &[u8]) -> Result<usize, BencodeError> {
    let mut walk = Walk::new(bytes);
    while walk.step()?.is_some() {}
    Ok(walk.at)
}

/// What one step of a walk passes.
enum Token<'a> {
    String(&'a [u8]),
    Integer,
    Open,
    Close,
}

/// What an open list or dictionary takes next.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    List,
    Key,
    KeysValue,
}

/// A walk over one value: it checks as it goes, and remembers only what is open.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    open: Vec<Open>,
    started: bool,
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, open: Vec::new(), started: false }
    }

    /// Passes one token; `None` when the value has ended.
    fn step(&mut self) -> Result<Option<Token<'a>>, BencodeError> {
        if self.started && self.open.is_empty() {
            return Ok(None);
        }
        self.started = true;
        let offset = self.at;
        let byte = self.peek()?;
        if byte != b'e' {
            self.enter(byte)?;
        }
        match byte {
            b'e' => self.close(),
            b'l' => self.open(Open::List),
            b'd' => self.open(Open::Key),
            b'i' => self.integer(),
            b'0'..=b'9' => self.string(),
            _ => Err(BencodeError::NotAValue { offset, byte }),
        }
        .map(Some)
    }

    fn peek(&self) -> Result<u8, BencodeError> {
        self.bytes.get(self.at).copied().ok_or(BencodeError::Truncated { offset: self.at })
    }

    /// Notes in the innermost dictionary that a key or a value begins.
    fn enter(&mut self, byte: u8) -> Result<(), BencodeError> {
        match self.open.last_mut() {
            Some(Open::Key) if !byte.is_ascii_digit() => {
                return Err(BencodeError::BrokenDictionary { offset: self.at });
            }
            Some(open @ Open::Key) => *open = Open::KeysValue,
            Some(open @ Open::KeysValue) => *open = Open::Key,
            Some(Open::List) | None => {}
        }
        Ok(())
    }

    fn open(&mut self, kind: Open) -> Result<Token<'a>, BencodeError> {
        if self.open.len() == MAX_DEPTH {
            return Err(BencodeError::TooDeep { offset: self.at });
        }
        self.open.push(kind);
        self.at += 1;
        Ok(Token::Open)
    }

    fn close(&mut self) -> Result<Token<'a>, BencodeError> {
        let offset = self.at;
        match self.open.pop() {
            Some(Open::KeysValue) => return Err(BencodeError::BrokenDictionary { offset }),
            Some(Open::List | Open::Key) => {}
            None => return Err(BencodeError::NotAValue { offset, byte: b'e' }),
        }
        self.at += 1;
        Ok(Token::Close)
    }

    fn integer(&mut self) -> Result<Token<'a>, BencodeError> {
        self.at += 1;
        if self.peek()? == b'-' {
            self.at += 1;
        }
        self.digits(b'e', usize::MAX)?;
        Ok(Token::Integer)
    }

    fn string(&mut self) -> Result<Token<'a>, BencodeError> {
        let offset = self.at;
        let digits = self.digits(b':', MAX_DIGITS)?;
        let length = digits
            .iter()
            .try_fold(0_usize, |sum, digit| {
                sum.checked_mul(10)?.checked_add(usize::from(digit - b'0'))
            })
            .ok_or(BencodeError::NotANumber { offset })?;
        let text = self.bytes.get(self.at..).and_then(|rest| rest.get(..length));
        let text = text.ok_or(BencodeError::Truncated { offset: self.bytes.len() })?;
        self.at += length;
        Ok(Token::String(text))
    }

    /// Passes a run of at most so many digits, and the byte that must end it.
    fn digits(&mut self, end: u8, most: usize) -> Result<&'a [u8], BencodeError> {
        let offset = self.at;
        let rest = self.bytes.get(offset..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count > most || (count == 0 && !rest.is_empty()) || self.peek()? != end {
            return Err(BencodeError::NotANumber { offset });
        }
        self.at += 1;
        Ok(rest.get(..count).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_of_a_dictionary_is_found_with_its_exact_bytes() {
        let value = Value::parse(b"d3:abcli1ei-2ee4:infod1:xi007ee1:z0:e").unwrap();
        assert_eq!(value.get(b"info").unwrap().bytes(), b"d1:xi007ee");
        assert_eq!(value.get(b"info").unwrap().get(b"x").unwrap().integer(), Some(7));
        assert_eq!(value.get(b"z").unwrap().string(), Some(&b""[..]));
        assert_eq!(value.get(b"x"), None, "a key further inside is not a key of the outside");
        assert_eq!(value.get(b"abc").unwrap().get(b"abc"), None);
    }

    #[test]
    fn unsorted_and_repeated_keys_are_accepted_and_the_first_counts() {
        let value = Value::parse(b"d1:bi1e1:ai2e1:bi3ee").unwrap();
        assert_eq!(value.get(b"b").unwrap().integer(), Some(1));
        assert_eq!(value.get(b"a").unwrap().integer(), Some(2));
    }

    #[test]
    fn a_value_is_not_read_as_another_type() {
        let list = Value::parse(b"l1:ai5ee").unwrap();
        assert_eq!((list.string(), list.integer(), list.is_list()), (None, None, true));
        assert_eq!(Value::parse(b"1:5").unwrap().integer(), None);
        assert_eq!(Value::parse(b"i5e").unwrap().string(), None);
        for huge in [&b"i18446744073709551615e"[..], b"i123456789012345678901234567890e"] {
            let huge = Value::parse(huge).unwrap();
            assert_eq!(huge.integer(), None, "it is well written, but fits nowhere");
        }
    }

    #[test]
    fn items_and_entries_are_those_of_one_level() {
        let value = Value::parse(b"d1:ali1eli2eee1:bde3:cde0:e").unwrap();
        let entries: Vec<_> = value.entries().map(|(key, value)| (key, value.bytes())).collect();
        assert_eq!(entries, [(&b"a"[..], &b"li1eli2eee"[..]), (b"b", b"de"), (b"cde", b"0:")]);
        let items: Vec<_> = value.get(b"a").unwrap().items().map(Value::bytes).collect();
        assert_eq!(items, [&b"i1e"[..], b"li2ee"]);
        assert_eq!((value.items().count(), Value(b"5:abcde").entries().count()), (0, 0));
    }

    #[test]
    fn leaves_are_found_at_any_depth_in_order() {
        let tree = b"d1:ad0:d1:xi1eee1:bd1:cd0:d0:deee1:di5ee0:i6ee";
        let leaves: Vec<_> = Value::parse(tree).unwrap().leaves().map(Value::bytes).collect();
        assert_eq!(leaves, [&b"d1:xi1ee"[..], b"d0:dee", b"i5e", b"i6e"]);
        assert_eq!(Value::parse(b"d1:ad1:bdeee").unwrap().leaves().count(), 0);
        assert_eq!(Value::parse(b"l0:dee").unwrap().leaves().count(), 0);
    }

    #[test]
    fn strings_are_found_however_lists_nest() {
        let value = Value::parse(b"ll1:ael1:bi3el1:ceee").unwrap();
        assert_eq!(value.strings().collect::<Vec<_>>(), [b"a", b"b", b"c"]);
    }

    #[test]
    fn each_mistake_is_named_with_its_offset() {
        let cases: [(&[u8], BencodeError); 15] = [
            (b"", BencodeError::Truncated { offset: 0 }),
            (b"e", BencodeError::NotAValue { offset: 0, byte: b'e' }),
            (b"<html>", BencodeError::NotAValue { offset: 0, byte: b'<' }),
            (b"i", BencodeError::Truncated { offset: 1 }),
            (b"ie", BencodeError::NotANumber { offset: 1 }),
            (b"i-e", BencodeError::NotANumber { offset: 2 }),
            (b"i+1e", BencodeError::NotANumber { offset: 1 }),
            (b"i12x", BencodeError::NotANumber { offset: 1 }),
            (b"5:abcd", BencodeError::Truncated { offset: 6 }),
            (b"18446744073709551615:a", BencodeError::Truncated { offset: 22 }),
            (b"99999999999999999999:a", BencodeError::NotANumber { offset: 0 }),
            (b"l1:a", BencodeError::Truncated { offset: 4 }),
            (b"di1ei2ee", BencodeError::BrokenDictionary { offset: 1 }),
            (b"d1:ae", BencodeError::BrokenDictionary { offset: 4 }),
            (b"d1:ai1edei2ee", BencodeError::BrokenDictionary { offset: 7 }),
        ];
        for (bytes, error) in cases {
            assert_eq!(Value::parse(bytes), Err(error), "{}", bytes.escape_ascii());
        }
        for more in [&b"i1e\r\n"[..], b"i1ei2e", b"i1ee", b"i1e\0"] {
            assert_eq!(Value::parse(more).unwrap().bytes(), b"i1e");
        }
    }

    #[test]
    fn the_depth_is_limited() {
        let nested = |depth: usize| [b"l".repeat(depth), b"e".repeat(depth)].concat();
        assert!(Value::parse(&nested(MAX_DEPTH)).is_ok());
        let too_deep = Err(BencodeError::TooDeep { offset: MAX_DEPTH });
        assert_eq!(Value::parse(&nested(MAX_DEPTH + 1)), too_deep);
        assert_eq!(Value::parse(&nested(100_000)), too_deep);
        assert_eq!(Value::parse(&b"l".repeat(100_000)), too_deep);
    }

    /// Bencode-like bytes: much likelier than arbitrary ones to get far.
    fn nearly_bencode() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(b"dlie0123:-\xff".to_vec()), 0..200)
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop_oneof![any::<Vec<u8>>(), nearly_bencode()]) {
            if let Ok(value) = Value::parse(&bytes) {
                let _ = (value.get(b"info"), value.string(), value.integer(), value.strings().count());
                let _ = (value.leaves().count(), value.items().count());
                prop_assert!(bytes.starts_with(value.bytes()));
            }
        }

        #[test]
        fn what_is_accepted_serde_bencode_reads_too(bytes in nearly_bencode()) {
            let fits = !bytes.windows(19).any(|run| run.iter().all(u8::is_ascii_digit));
            if let (Ok(value), true) = (Value::parse(&bytes), fits) {
                let read = serde_bencode::from_bytes::<serde::de::IgnoredAny>(value.bytes());
                prop_assert!(read.is_ok());
            }
        }
    }
}
