//! Files that other trackers leave, as whoever has made them: lists, states, arrays of PHP's, SQL dumps.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tracker_cgi::catalog::{Import, ImportKind};
use tracker_cgi::protocol::Timestamp;

const KINDS: [ImportKind; 6] = [
    ImportKind::OpentrackerList,
    ImportKind::OpentrackerState,
    ImportKind::TrackerCgi,
    ImportKind::RivetTracker,
    ImportKind::Bitstorm,
    ImportKind::Xbt,
];

fuzz_target!(|input: &[u8]| {
    let Some((kind, file)) = input.split_first() else { return };
    let kind = KINDS[usize::from(*kind) % KINDS.len()];
    let Ok(import) = Import::read(kind, file, None, Timestamp(1_114_300_000)) else { return };
    assert!(import.skipped.shown.len() <= import.skipped.count);
    for torrent in import.torrents.values() {
        assert!(torrent.name.len() <= 1024 && !torrent.name.contains(char::is_control));
        let totals = torrent.totals;
        assert!(totals.completed.max(totals.uploaded).max(totals.downloaded) <= i64::MAX as u64);
    }
    assert!(import.bans.iter().all(|ban| !ban.range.is_everything()));
});
