//! The words, names, literals and signs of a dump. What they say is gathered in one buffer.

use std::io::{self, Read};

use super::charset::Charset;
use crate::catalog::import::bytes::Bytes;
use crate::catalog::import::found::ImportError;

/// Bytes of a row, or of a name, at most.
const MOST_BYTES: usize = 16 << 20;

/// Bytes of a word or a comment that are kept: more than any that matters has.
const KEPT: usize = 256;

/// What stands next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A word, which is in the buffer.
    Word,
    /// A name in back quotes, which is in the buffer.
    Name,
    /// A text in single quotes, which is in the buffer.
    Text,
    /// A name or a text in double quotes, which is in the buffer.
    Quoted,
    /// Bytes that were written in hexadecimal digits, and are in the buffer.
    Bytes,
    /// A number, which is in the buffer as it was written; bits as a decimal number.
    Number,
    /// Anything else.
    Sign(u8),
    /// Nothing any more.
    End,
}

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    MySql,
    /// A backslash in a text stands for itself, and columns keep their texts as they were given.
    Sqlite,
}

/// Takes a dump apart.
pub(super) struct Lexer<R> {
    source: Bytes<R>,
    /// What the tokens since the last [`Lexer::forget`] say, one after the other.
    pub(super) text: Vec<u8>,
    /// Whether what quotes hold is gathered at all.
    pub(super) keeps: bool,
    pub(super) dialect: Dialect,
    /// The character set of texts.
    pub(super) charset: Charset,
    /// Whether a header said that there is going to be an end, and whether it has come.
    pub(super) promised: bool,
    pub(super) completed: bool,
}

impl<R: Read> Lexer<R> {
    pub(super) fn new(file: R) -> Self {
        Self {
            source: Bytes::new(file),
            text: Vec::new(),
            keeps: false,
            dialect: Dialect::MySql,
            charset: Charset::Utf8,
            promised: false,
            completed: false,
        }
    }

    /// The line that comes next.
    pub(super) fn line(&self) -> u64 {
        self.source.line()
    }

    /// Empties the buffer.
    pub(super) fn forget(&mut self) {
        self.text.clear();
    }

    /// The next token; what it says is added to the buffer.
    pub(super) fn token(&mut self) -> Result<Token, ImportError> {
        loop {
            let Some(byte) = self.source.next()? else { return Ok(Token::End) };
            let line = self.line();
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => {}
                b'#' => self.line_comment()?,
                b'-' if self.source.peek()? == Some(b'-') => {
                    self.source.next()?;
                    match self.source.peek()? {
                        None | Some(0..=b' ') => self.line_comment()?,
                        Some(_) => return Ok(Token::Sign(b'-')),
                    }
                }
                b'/' if self.source.take_if(b'*')? => self.comment(line)?,
                b'`' => return self.quoted(b'`', Token::Name, line),
                b'"' => return self.quoted(b'"', Token::Quoted, line),
                b'\'' => return self.quoted(b'\'', Token::Text, line),
                b'0' if matches!(self.source.peek()?, Some(b'x' | b'X')) => {
                    self.source.next()?;
                    return self.hex(line);
                }
                b'0'..=b'9' => return self.number(&[byte]),
                b'-' | b'+' | b'.' if matches!(self.source.peek()?, Some(b'0'..=b'9' | b'.')) => {
                    return self.number(&[byte]);
                }
                byte if is_of_word(byte) => return self.word(byte, line),
                sign => return Ok(Token::Sign(sign)),
            }
        }
    }

    /// Skips the rest of the line.
    pub(super) fn skip_line(&mut self) -> io::Result<Vec<u8>> {
        let mut begin = Vec::new();
        self.source.until(|byte| byte == b'\n', |piece| keep_beginning(&mut begin, piece))?;
        self.source.next()?;
        Ok(begin)
    }

    /// Whether there is anything left.
    pub(super) fn is_at_end(&mut self) -> io::Result<bool> {
        Ok(self.source.peek()?.is_none())
    }

    fn line_comment(&mut self) -> io::Result<()> {
        let begin = self.skip_line()?;
        let has = |what: &[u8]| begin.windows(what.len()).any(|part| part == what);
        self.promised |= has(b"MySQL dump") || has(b"MariaDB dump");
        self.completed |= has(b"Dump completed");
        Ok(())
    }

    /// Skips a comment, also one that is a statement for some versions; of these, the one that names the character
    /// set counts.
    fn comment(&mut self, line: u64) -> Result<(), ImportError> {
        let mut begin = Vec::new();
        loop {
            self.source.until(|byte| byte == b'*', |piece| keep_beginning(&mut begin, piece))?;
            if self.source.next()?.is_none() {
                return Err(ImportError::Cut { what: "a comment", line });
            }
            if self.source.take_if(b'/')? {
                break;
            }
        }
        if let Some(statement) = begin.strip_prefix(b"!") {
            self.set_names(statement.trim_ascii_start());
        }
        Ok(())
    }

    /// Notes the character set, should this be `SET NAMES` behind a version.
    fn set_names(&mut self, statement: &[u8]) {
        let mut words = statement.split(|byte| !is_of_word(*byte)).filter(|word| !word.is_empty());
        let first = words.next().unwrap_or_default();
        let is_version = first.iter().all(u8::is_ascii_digit);
        let set = if is_version { words.next().unwrap_or_default() } else { first };
        let names = words.next().unwrap_or_default();
        if set.eq_ignore_ascii_case(b"set") && names.eq_ignore_ascii_case(b"names") {
            self.charset = Charset::named(words.next().unwrap_or_default());
        }
    }

    fn quoted(&mut self, quote: u8, token: Token, line: u64) -> Result<Token, ImportError> {
        // Back quotes know no backslash.
        let escapes = quote != b'`' && self.dialect == Dialect::MySql;
        let stops = |byte| byte == quote || (escapes && byte == b'\\');
        loop {
            let (text, keeps) = (&mut self.text, self.keeps);
            let mut room = MOST_BYTES.saturating_sub(text.len());
            self.source.until(stops, |piece| {
                if keeps {
                    text.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
                    room = room.saturating_sub(piece.len());
                }
            })?;
            match self.source.next()? {
                None => return Err(ImportError::Cut { what: "a text", line }),
                Some(b'\\') if escapes => match self.source.next()? {
                    None => return Err(ImportError::Cut { what: "a text", line }),
                    Some(escaped) => self.escaped(escaped),
                },
                Some(_) if self.source.take_if(quote)? => self.push(quote),
                Some(_) => break,
            }
        }
        self.check_size(line)?;
        Ok(token)
    }

    /// What a backslash and this byte stand for.
    fn escaped(&mut self, byte: u8) {
        match byte {
            b'0' => self.push(0),
            b'n' => self.push(b'\n'),
            b'r' => self.push(b'\r'),
            b't' => self.push(b'\t'),
            b'b' => self.push(8),
            b'Z' => self.push(0x1a),
            b'%' | b'_' => {
                self.push(b'\\');
                self.push(byte);
            }
            itself => self.push(itself),
        }
    }

    fn push(&mut self, byte: u8) {
        if self.keeps && self.text.len() < MOST_BYTES {
            self.text.push(byte);
        }
    }

    fn check_size(&self, line: u64) -> Result<(), ImportError> {
        if self.text.len() < MOST_BYTES {
            return Ok(());
        }
        Err(ImportError::Broken { line, what: "a row has more than 16 MiB; take it out" })
    }

    /// Hexadecimal digits, behind `0x`.
    fn hex(&mut self, line: u64) -> Result<Token, ImportError> {
        let mut first = None;
        while let Some(digit) = self.source.peek()?.and_then(hex_digit) {
            self.source.next()?;
            match first.take() {
                None => first = Some(digit),
                Some(high) => self.push(high << 4 | digit),
            }
        }
        if first.is_some() && self.source.peek()?.is_none() {
            return Err(ImportError::Cut { what: "a number", line });
        }
        if first.is_some() {
            return Err(ImportError::Broken { line, what: "an odd number of hexadecimal digits" });
        }
        self.check_size(line)?;
        Ok(Token::Bytes)
    }

    /// `x'…'` and `b'…'`, behind the quote.
    fn digits_in_quotes(&mut self, kind: u8, line: u64) -> Result<Token, ImportError> {
        let token = if kind == b'x' {
            self.hex(line)?
        } else {
            let mut bits = 0_u64;
            while let Some(bit @ (b'0' | b'1')) = self.source.peek()? {
                self.source.next()?;
                bits = bits << 1 | u64::from(bit == b'1');
            }
            self.text.extend_from_slice(bits.to_string().as_bytes());
            Token::Number
        };
        match self.source.take_if(b'\'')? {
            true => Ok(token),
            false => Err(ImportError::Broken { line, what: "digits in quotes that are none" }),
        }
    }

    fn number(&mut self, begin: &[u8]) -> Result<Token, ImportError> {
        self.text.extend_from_slice(begin);
        let (mut before, mut kept) = (0, 0);
        while let Some(byte) = self.source.peek()? {
            let is_sign = matches!(byte, b'+' | b'-') && matches!(before, b'e' | b'E');
            if !is_sign && !byte.is_ascii_alphanumeric() && byte != b'.' {
                break;
            }
            if kept < KEPT {
                self.text.push(byte);
            }
            (before, kept) = (byte, kept + 1);
            self.source.next()?;
        }
        Ok(Token::Number)
    }

    fn word(&mut self, first: u8, line: u64) -> Result<Token, ImportError> {
        let kind = first.to_ascii_lowercase();
        if matches!(kind, b'x' | b'b' | b'n') && self.source.take_if(b'\'')? {
            return match kind {
                b'n' => self.quoted(b'\'', Token::Text, line),
                kind => self.digits_in_quotes(kind, line),
            };
        }
        self.text.push(first);
        let (text, mut room) = (&mut self.text, KEPT);
        self.source.until(
            |byte| !is_of_word(byte),
            |piece| {
                text.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
                room = room.saturating_sub(piece.len());
            },
        )?;
        Ok(Token::Word)
    }
}

fn keep_beginning(begin: &mut Vec<u8>, piece: &[u8]) {
    let room = KEPT.saturating_sub(begin.len());
    begin.extend(piece.iter().take(room));
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'@' | 0x80..)
}
