//! A strict bencode reader for replies: keys must be sorted and unique, nothing may follow.

use std::collections::BTreeMap;
use std::fmt;

/// A bencoded value.
#[derive(Clone, PartialEq)]
pub enum Value {
    Integer(i64),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Dictionary(BTreeMap<Vec<u8>, Value>),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Bytes(bytes) => write!(f, "\"{}\"", bytes.escape_ascii()),
            Self::List(items) => items.fmt(f),
            Self::Dictionary(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.escape_ascii(), value));
                f.write_str("{")?;
                for (key, value) in entries {
                    write!(f, "{key}: {value:?}, ")?;
                }
                f.write_str("}")
            }
        }
    }
}

impl Value {
    /// The value of a key of this dictionary.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<&Value> {
        match self {
            Value::Dictionary(entries) => entries.get(key.as_ref()),
            _ => None,
        }
    }

    /// The number under a key; panics when there is none.
    pub fn number(&self, key: &str) -> i64 {
        match self.get(key) {
            Some(Value::Integer(number)) => *number,
            other => panic!("{key} is {other:?} in {self:?}"),
        }
    }

    /// The string under a key; panics when there is none.
    pub fn bytes(&self, key: &str) -> &[u8] {
        match self.get(key) {
            Some(Value::Bytes(bytes)) => bytes,
            other => panic!("{key} is {other:?} in {self:?}"),
        }
    }
}

/// Reads one value that fills `bytes`.
pub fn parse(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = Reader { bytes, at: 0 };
    let value = reader.value()?;
    if reader.at < bytes.len() {
        return Err(format!("{} bytes too many", bytes.len() - reader.at));
    }
    Ok(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Value, String> {
        match self.peek()? {
            b'i' => {
                self.at += 1;
                self.number(b'e').map(Value::Integer)
            }
            b'l' => self.list().map(Value::List),
            b'd' => self.dictionary().map(Value::Dictionary),
            _ => self.string().map(Value::Bytes),
        }
    }

    fn list(&mut self) -> Result<Vec<Value>, String> {
        self.at += 1;
        let mut items = Vec::new();
        while self.peek()? != b'e' {
            items.push(self.value()?);
        }
        self.at += 1;
        Ok(items)
    }

    fn dictionary(&mut self) -> Result<BTreeMap<Vec<u8>, Value>, String> {
        self.at += 1;
        let mut entries = BTreeMap::new();
        while self.peek()? != b'e' {
            let key = self.string()?;
            if entries.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(format!("the key {:?} is not sorted", String::from_utf8_lossy(&key)));
            }
            let value = self.value()?;
            entries.insert(key, value);
        }
        self.at += 1;
        Ok(entries)
    }

    fn string(&mut self) -> Result<Vec<u8>, String> {
        let length = self.number(b':')?;
        let length = usize::try_from(length).map_err(|_| format!("length {length}"))?;
        let end = self.at + length;
        let bytes = self.bytes.get(self.at..end).ok_or("a string runs over the end")?;
        self.at = end;
        Ok(bytes.to_vec())
    }

    fn number(&mut self, end: u8) -> Result<i64, String> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| *byte == end).ok_or("a number has no end")?;
        let digits = String::from_utf8_lossy(&rest[..length]);
        self.at += length + 1;
        digits.parse().map_err(|_| format!("{digits:?} is no number"))
    }

    fn peek(&self) -> Result<u8, String> {
        self.bytes.get(self.at).copied().ok_or_else(|| format!("ends at byte {}", self.at))
    }
}
