//! The texts of a policy snapshot: reasons and patterns, each once.

use std::collections::HashMap;

use super::format::{NewSection, TEXTS};
use super::record::TextAt;

/// Texts that are gathered for a snapshot.
#[derive(Debug, Default)]
pub(super) struct Texts<'a> {
    bytes: Vec<u8>,
    places: HashMap<&'a str, TextAt>,
}

impl<'a> Texts<'a> {
    /// Where a text stands from now on; `None` when it does not fit.
    pub(super) fn place(&mut self, text: &'a str) -> Option<TextAt> {
        if let Some(place) = self.places.get(text) {
            return Some(*place);
        }
        let offset = u32::try_from(self.bytes.len()).ok()?;
        let place = TextAt { offset, len: u32::try_from(text.len()).ok()? };
        self.bytes.extend(text.as_bytes());
        self.places.insert(text, place);
        Some(place)
    }

    /// The section of all of them.
    pub(super) fn into_section(self) -> NewSection {
        NewSection::of(TEXTS, 0, self.bytes)
    }
}
