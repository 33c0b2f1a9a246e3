//! What strangers write about torrents: lists of checksums, and magnet links.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tracker_cgi::protocol::{ChecksumList, ChecksumListKind, Magnet};

fuzz_target!(|bytes: &[u8]| {
    for kind in [ChecksumListKind::Sfv, ChecksumListKind::Digests] {
        if let Ok(list) = ChecksumList::read(bytes, kind) {
            for (name, _) in list.entries() {
                let leads_away =
                    name.starts_with(b"/") || name.split(|&it| it == b'/').any(|it| it == b"..");
                assert!(!name.is_empty() && !leads_away, "{}", name.escape_ascii());
            }
            let _ = list.of("a/b");
        }
    }
    if let Ok(magnet) =
        str::from_utf8(bytes).map_err(drop).and_then(|it| Magnet::parse(it).map_err(drop))
    {
        let written = magnet.to_string();
        // What is escaped has three times as many bytes.
        if bytes.len() < 16 << 10 {
            assert_eq!(Magnet::parse(&written), Ok(magnet), "{written}");
        }
    }
});
