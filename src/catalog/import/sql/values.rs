//! The values of a row: literals, what SQLite writes for line breaks, and expressions, which nobody evaluates.

use std::io::Read;

use super::MOST_COLUMNS;
use super::lexer::{Lexer, Token};
use super::row::{self, Kind, Value};
use crate::catalog::import::found::ImportError;

/// `replace(…)` and `unistr(…)` in each other at most.
const DEEPEST: usize = 4;

impl<R: Read> Lexer<R> {
    /// Skips to the `,` or `)` that ends an item of a list.
    pub(super) fn rest_of_item(&mut self) -> Result<Token, ImportError> {
        self.keeps = false;
        let (mut depth, kept) = (0_u64, self.text.len());
        loop {
            let token = self.token()?;
            self.text.truncate(kept);
            match token {
                Token::Sign(b'(') => depth += 1,
                Token::Sign(b')' | b',') | Token::End if depth == 0 => return Ok(token),
                Token::End => return Ok(token),
                Token::Sign(b')') => depth -= 1,
                _ => {}
            }
        }
    }

    /// Skips a row, behind its parenthesis.
    pub(super) fn skip_row(&mut self, line: u64) -> Result<(), ImportError> {
        loop {
            match self.rest_of_item()? {
                Token::Sign(b')') => return Ok(()),
                Token::End => return Err(ImportError::Cut { what: "a row", line }),
                _ => {}
            }
        }
    }

    /// Reads the values of a row, behind its parenthesis.
    pub(super) fn values(&mut self, values: &mut Vec<Value>, line: u64) -> Result<(), ImportError> {
        values.clear();
        self.forget();
        loop {
            let begin = self.text.len();
            self.keeps = true;
            let (mut kind, next) = self.value(0)?;
            let end = self.text.len();
            let next = match next {
                Some(next) => next,
                None => self.token()?,
            };
            self.text.truncate(end);
            let next = match next {
                Token::Sign(b',' | b')') | Token::End => next,
                other => {
                    // An expression.
                    kind = Kind::Unknown;
                    self.rest_of_expression(other)?
                }
            };
            if kind == Kind::Unknown {
                self.text.truncate(begin);
            }
            values.push(Value { kind, begin, end: self.text.len() });
            match next {
                Token::Sign(b')') => return Ok(()),
                Token::End => return Err(ImportError::Cut { what: "a row", line }),
                _ if values.len() > MOST_COLUMNS => {
                    let what = "a row has more than 4,096 values";
                    return Err(ImportError::Broken { line, what });
                }
                _ => {}
            }
        }
    }

    /// Skips an expression of which this token is no literal.
    fn rest_of_expression(&mut self, token: Token) -> Result<Token, ImportError> {
        if token == Token::Sign(b'(') {
            while matches!(self.rest_of_item()?, Token::Sign(b',')) {}
        }
        self.rest_of_item()
    }

    /// The kind of a value that stands next, which is added to the buffer; and the token behind it, if that was read.
    fn value(&mut self, depth: usize) -> Result<(Kind, Option<Token>), ImportError> {
        let begin = self.text.len();
        let kind = match self.token()? {
            Token::Text | Token::Quoted => Kind::Text,
            Token::Bytes => Kind::Bytes,
            Token::Number => Kind::Number,
            Token::Word => {
                let word = self.text.split_off(begin).to_ascii_lowercase();
                match word.as_slice() {
                    b"null" => Kind::Null,
                    b"replace" if depth < DEEPEST => return self.replaced(depth),
                    b"unistr" if depth < DEEPEST => return self.unistr(depth),
                    // An introducer: `_binary '…'`.
                    [b'_', ..] if depth < DEEPEST => return self.value(DEEPEST),
                    _ => Kind::Unknown,
                }
            }
            token => return Ok((Kind::Unknown, Some(token))),
        };
        Ok((kind, None))
    }

    /// What SQLite writes since 3.50 for a text with control characters, `unistr('a\u000ab')`, behind the word.
    fn unistr(&mut self, depth: usize) -> Result<(Kind, Option<Token>), ImportError> {
        let begin = self.text.len();
        match self.token()? {
            Token::Sign(b'(') => {}
            token => return Ok((Kind::Unknown, Some(token))),
        }
        let (kind, next) = self.value(depth + 1)?;
        if (kind, next) != (Kind::Text, None) {
            return Ok((Kind::Unknown, Some(Token::Sign(b'('))));
        }
        match self.token()? {
            Token::Sign(b')') => {}
            _ => return Ok((Kind::Unknown, Some(Token::Sign(b'(')))),
        }
        let Some(text) = row::unistr(self.text.get(begin..).unwrap_or_default()) else {
            return Ok((Kind::Unknown, None));
        };
        self.text.truncate(begin);
        self.text.extend_from_slice(&text);
        Ok((Kind::Text, None))
    }

    /// What SQLite writes for a text with line breaks, `replace('a\nb','\n',char(10))`, behind the word.
    fn replaced(&mut self, depth: usize) -> Result<(Kind, Option<Token>), ImportError> {
        let unknown = |token| Ok((Kind::Unknown, Some(token)));
        let begin = self.text.len();
        macro_rules! expect {
            ($token:expr) => {
                match self.token()? {
                    token if token == $token => {}
                    token => return unknown(token),
                }
            };
        }
        expect!(Token::Sign(b'('));
        let (Kind::Text, None) = self.value(depth + 1)? else { return unknown(Token::Sign(b'(')) };
        let text = self.text.len();
        expect!(Token::Sign(b','));
        expect!(Token::Text);
        let from = self.text.len();
        expect!(Token::Sign(b','));
        expect!(Token::Word);
        expect!(Token::Sign(b'('));
        let code = self.text.len();
        expect!(Token::Number);
        expect!(Token::Sign(b')'));
        expect!(Token::Sign(b')'));
        let part = |range| self.text.get(range).unwrap_or_default();
        let code = std::str::from_utf8(part(code..self.text.len())).unwrap_or_default();
        let Ok(byte) = code.parse::<u8>() else { return Ok((Kind::Unknown, None)) };
        let replaced = row::replace(part(begin..text), part(text..from), byte);
        self.text.truncate(begin);
        self.text.extend_from_slice(&replaced);
        Ok((Kind::Text, None))
    }
}
