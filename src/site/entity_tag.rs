//! Tags by which a client tells that it has the same content already (RFC 9110, 8.8.3 and 13.1.2).

use sha2::{Digest as _, Sha256};

/// Bytes of a digest that tell two contents apart.
const BYTES: usize = 16;

/// The tag of a content, without its quotes.
#[derive(Debug)]
pub(super) struct EntityTag(String);

impl EntityTag {
    pub(super) fn of(content: &[u8]) -> Self {
        let digest = Sha256::digest(content);
        Self(digest.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect())
    }

    /// As `ETag` has it.
    pub(super) fn header(&self) -> String {
        format!("\"{}\"", self.0)
    }

    /// Whether an `If-None-Match` names it.
    pub(super) fn is_named(&self, known: &[u8]) -> bool {
        names(known, &self.0)
    }
}

/// Whether an `If-None-Match` or `If-Match` names a tag. Web servers that compress put something behind it.
pub(super) fn names(known: &[u8], tag: &str) -> bool {
    known.trim_ascii() == b"*" || known.windows(tag.len()).any(|part| part == tag.as_bytes())
}
