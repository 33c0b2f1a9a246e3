//! Torrents that are refused, in a policy snapshot: retired ones with their reasons, and those of the owner's list.

use super::format::{NewSection, REFUSED, REFUSED_LEN};
use super::record::TextAt;
use super::texts::Texts;
use crate::platform::order::Order as _;
use crate::protocol::InfoHash;

/// Torrents that may not be announced.
#[derive(Clone, Debug, Default)]
pub struct Refused<'a> {
    /// Retired ones, by each of their info-hashes, and why; no reason is empty.
    pub retired: Vec<(InfoHash, &'a str)>,
    /// Those of the owner's list.
    pub denied: &'a [InfoHash],
}

impl<'a> Refused<'a> {
    /// The section of them. `None` when a count or an offset does not fit.
    pub(super) fn section(&self, texts: &mut Texts<'a>) -> Option<NewSection> {
        let mut all: Vec<(InfoHash, TextAt)> =
            self.denied.iter().map(|hash| (*hash, TextAt::default())).collect();
        for (hash, reason) in &self.retired {
            all.push((*hash, texts.place(reason)?));
        }
        // The list counts, whatever else is said.
        all.order_by_key(|(hash, reason)| (*hash, reason.len != 0));
        all.dedup_by_key(|(hash, _)| *hash);
        let mut bytes = Vec::with_capacity(all.len().saturating_mul(REFUSED_LEN));
        for (InfoHash(hash), reason) in all {
            bytes.extend(hash);
            reason.write(&mut bytes);
        }
        Some(NewSection::of(REFUSED, REFUSED_LEN, bytes))
    }
}
