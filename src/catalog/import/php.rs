//! What PHP's `serialize()` writes, as far as arrays of plain values go.

use std::io::Read;

use super::bytes::Bytes;
use super::found::ImportError;

/// Arrays in each other at most.
const DEEPEST: usize = 4;

/// Bytes of a text that are kept; what matters is 20 bytes long.
const KEPT: usize = 256;

/// Digits of a number or of a length at most.
const MOST_DIGITS: usize = 20;

/// What stands next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// An array, of which keys and values follow in turn.
    Begin,
    /// The end of an array.
    End,
    /// A whole number.
    Number(i64),
    /// A text; of a long one only the beginning.
    Text(Vec<u8>),
    /// Anything else.
    Other,
}

/// Reads one value of PHP's, an item at a time.
pub(super) struct Php<R> {
    bytes: Bytes<R>,
    depth: usize,
}

impl<R: Read> Php<R> {
    pub(super) fn new(bytes: Bytes<R>) -> Self {
        Self { bytes, depth: 0 }
    }

    /// What is wrong where something else should stand.
    pub(super) fn broken(&self) -> ImportError {
        let what = "this is not what Bitstorm writes; is it the whole file, copied as it is?";
        ImportError::Broken { line: self.bytes.line(), what }
    }

    /// Whether anything follows.
    pub(super) fn has_more(&mut self) -> Result<bool, ImportError> {
        Ok(self.bytes.peek()?.is_some())
    }

    /// The next item. The number of an array's entries says nothing: its end does.
    pub(super) fn next(&mut self) -> Result<Item, ImportError> {
        let kind = self.byte()?;
        match kind {
            b'}' if self.depth > 0 => {
                self.depth -= 1;
                return Ok(Item::End);
            }
            b'N' => {
                self.expect(b';')?;
                return Ok(Item::Other);
            }
            b'a' | b's' | b'i' | b'b' | b'd' => self.expect(b':')?,
            _ => return Err(self.broken()),
        }
        match kind {
            b'a' => {
                self.number(b':')?;
                self.expect(b'{')?;
                self.depth += 1;
                if self.depth > DEEPEST { Err(self.broken()) } else { Ok(Item::Begin) }
            }
            b's' => self.text(),
            b'i' => self.number(b';').map(Item::Number),
            // Of no use to anybody; never long.
            _ => {
                for _ in 0..MOST_DIGITS * 2 {
                    if self.byte()? == b';' {
                        return Ok(Item::Other);
                    }
                }
                Err(self.broken())
            }
        }
    }

    /// Skips the rest of the array that has just begun.
    pub(super) fn skip_array(&mut self) -> Result<(), ImportError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    fn text(&mut self) -> Result<Item, ImportError> {
        let length = self.number(b':')?;
        self.expect(b'"')?;
        let mut text = Vec::new();
        for place in 0..length {
            let byte = self.byte()?;
            if place < KEPT as i64 {
                text.push(byte);
            }
        }
        self.expect(b'"')?;
        self.expect(b';')?;
        Ok(Item::Text(text))
    }

    fn number(&mut self, end: u8) -> Result<i64, ImportError> {
        let mut digits = String::new();
        while digits.len() <= MOST_DIGITS {
            match self.byte()? {
                byte if byte == end => {
                    let number = digits.parse().ok();
                    return number.ok_or_else(|| self.broken());
                }
                byte => digits.push(char::from(byte)),
            }
        }
        Err(self.broken())
    }

    fn expect(&mut self, wanted: u8) -> Result<(), ImportError> {
        if self.byte()? == wanted { Ok(()) } else { Err(self.broken()) }
    }

    fn byte(&mut self) -> Result<u8, ImportError> {
        let line = self.bytes.line();
        self.bytes.next()?.ok_or(ImportError::Cut { what: "an array of peers", line })
    }
}
