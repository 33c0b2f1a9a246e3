//! Short texts for tables, kept in place. A table of references costs each start of the executable, which sets all
//! pointers right that it has, also those which a CGI never follows.

/// At most this many bytes.
const MOST: usize = 27;

/// A short text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    bytes: [u8; MOST],
    length: usize,
}

impl Text {
    /// Does not compile where the text is longer than [`MOST`].
    pub(super) const fn new(text: &str) -> Self {
        assert!(text.len() <= MOST, "the text is too long for the table");
        let mut bytes = [0; MOST];
        let (room, _) = bytes.split_at_mut(text.len());
        room.copy_from_slice(text.as_bytes());
        Self { bytes, length: text.len() }
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_what_it_was_made_of() {
        for text in ["", "qBittorrent", "Advanced Download Manager", "123456789012345678901234567"]
        {
            assert_eq!(
                (Text::new(text).as_str(), Text::new(text).as_bytes()),
                (text, text.as_bytes())
            );
        }
    }
}
