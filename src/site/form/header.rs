//! The value of a header as `Content-Type` and `Content-Disposition` have it, with parameters.

/// A word, and what is said more closely of it: `form-data; name="torrents"`.
pub(super) struct HeaderValue<'a> {
    word: &'a [u8],
    /// Names and values; of a value in quotes what is between them, as it was written.
    parameters: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> HeaderValue<'a> {
    /// Takes a value apart; `None` where it is malformed.
    pub(super) fn read(value: &'a [u8]) -> Option<Self> {
        let (word, mut rest) = cut(value, b';');
        let mut parameters = Vec::new();
        while !rest.trim_ascii_start().is_empty() {
            if !rest.contains(&b'=') {
                return None;
            }
            let (name, value) = cut(rest, b'=');
            let value = value.trim_ascii_start();
            let parameter;
            (parameter, rest) = match value.strip_prefix(b"\"") {
                None => cut(value, b';'),
                Some(quoted) => {
                    let end = closing_quote(quoted)?;
                    let (nothing, rest) = cut(quoted.get(end + 1..)?, b';');
                    if !nothing.is_empty() {
                        return None;
                    }
                    (quoted.get(..end)?, rest)
                }
            };
            parameters.push((name, parameter));
        }
        Some(Self { word, parameters })
    }

    /// Whether the word is this one.
    pub(super) fn is(&self, word: &str) -> bool {
        self.word.eq_ignore_ascii_case(word.as_bytes())
    }

    /// The first parameter of a name.
    pub(super) fn parameter(&self, name: &str) -> Option<&'a [u8]> {
        let mut all = self.parameters.iter();
        all.find(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes())).map(|&(_, value)| value)
    }
}

/// What is before the first of a byte, without spaces around it, and what is after.
fn cut(bytes: &[u8], separator: u8) -> (&[u8], &[u8]) {
    let mut parts = bytes.splitn(2, |&byte| byte == separator);
    let before = parts.next().unwrap_or_default();
    (before.trim_ascii(), parts.next().unwrap_or_default())
}

/// Where the quote is that ends a text. One behind a backslash is part of it.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut before = 0;
    text.iter().position(|&byte| std::mem::replace(&mut before, byte) != b'\\' && byte == b'"')
}
