//! How the peers of torrents got on at the last refresh, in a policy snapshot: for scrapes, where the owner wants that told.

use super::format::{FIGURES, FIGURES_LEN, Fields, HASH_LEN, NewSection};
use crate::protocol::{InfoHash, ScrapeFigures};

/// The section of these torrents, by their canonical info-hashes, in any order.
pub(super) fn section_of(figures: &[(InfoHash, ScrapeFigures)]) -> NewSection {
    let mut sorted: Vec<_> = figures.iter().collect();
    sorted.sort_unstable_by_key(|(info_hash, _)| *info_hash);
    let mut bytes = Vec::with_capacity(sorted.len().saturating_mul(FIGURES_LEN));
    for (info_hash, ScrapeFigures { average_done, speed, transferred }) in sorted {
        bytes.extend(info_hash.0);
        bytes.extend(average_done.to_le_bytes());
        bytes.extend(speed.to_le_bytes());
        bytes.extend(transferred.to_le_bytes());
    }
    NewSection::of(FIGURES, FIGURES_LEN, bytes)
}

/// Takes a record apart. Only a damaged file has more than all of a content.
pub(super) fn read(record: &[u8]) -> Option<(InfoHash, ScrapeFigures)> {
    let mut fields = Fields(record);
    let info_hash = InfoHash(fields.array::<HASH_LEN>()?);
    let figures = ScrapeFigures {
        average_done: fields.u32()?.min(100),
        speed: fields.u64()?,
        transferred: fields.u64()?,
    };
    Some((info_hash, figures))
}
