use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::catalog::{Details, Torrent, Totals};
use crate::protocol::{InfoHash, InfoHashV2};

const NOW: Timestamp = Timestamp(1_700_000_000);
const FACTS: ListFacts = ListFacts { counted_at: NOW, next_in: Seconds(900), high_load: None };

/// A torrent whose info-hash begins with its number.
fn torrent(number: u8, name: &str, folder: &str) -> Torrent {
    let mut hash = [0xee; 20];
    hash[0] = number;
    Torrent {
        name: name.into(),
        file: Path::new(folder).join("x.torrent"),
        size: u64::from(number) * 10,
        totals: Totals { completed: u64::from(number) % 3, ..Totals::default() },
        ..Torrent::by_hash(InfoHash(hash), Timestamp(1000 - u64::from(number)))
    }
}

fn index_of(torrents: &[Torrent]) -> ListIndex {
    let entries = torrents.iter().map(|torrent| ListEntry {
        torrent,
        seeders: u64::from(torrent.canonical.0[0]) % 5,
        leechers: 1,
    });
    ListIndex::in_memory(ListIndexDraft::of(&FACTS, entries), Path::new("list.index")).unwrap()
}

fn samples() -> Vec<Torrent> {
    let mut with_v2 = torrent(4, "Кино Ёлка", "films");
    with_v2.v2 = Some(InfoHashV2([0xab; 32]));
    let titled = torrent(5, "x86.iso", "linux/iso").with_decision(Details {
        title: Some("Penguin DESKTOP 10".into()),
        group: Some("Birds".into()),
        ..Details::default()
    });
    vec![
        torrent(1, "Penguin desktop 9", "linux/iso"),
        torrent(2, "penguin server", "linux"),
        torrent(3, "deadbeef", ""),
        with_v2,
        titled,
    ]
}

/// With another bit in one byte.
fn damaged(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    bytes[at] ^= 1;
    bytes
}

/// The first bytes of the info-hashes that a search finds.
fn found(index: &ListIndex, search: &ListSearch) -> Vec<u8> {
    let hits = index.search(search, 0..100).unwrap();
    assert_eq!(hits.matching, hits.hits.len());
    hits.hits.iter().map(|hit| hit.info_hash.0[0]).collect()
}

fn by_name(text: &str) -> ListSearch {
    ListSearch { words: words_of(text), order: ListOrder::Name, ..ListSearch::default() }
}

#[test]
fn all_words_must_stand_somewhere_in_what_a_torrent_is_known_by() {
    let index = index_of(&samples());
    for (text, expected) in [
        ("", &[3, 1, 5, 2, 4][..]),
        ("DESKTOP", &[1, 5]),
        ("desk penguin", &[1, 5]),
        ("desk server", &[]),
        ("елка", &[4]),
        ("КИНО films", &[4]),
        ("iso", &[1, 5]),
        ("x86", &[5]),
        ("birds", &[5]),
        ("dead", &[3]),
        ("01eeee", &[1]),
        ("01eee", &[]),
        ("01EEEEE", &[1]),
        ("01eeeef", &[]),
        ("ababababab", &[4]),
        (&"ab".repeat(32), &[4]),
        (&"ab".repeat(33), &[]),
        ("000000", &[]),
        ("penguin 05eeeeeeee", &[5]),
    ] {
        assert_eq!(found(&index, &by_name(text)), expected, "{text}");
    }
}

#[test]
fn categories_have_those_below_them_and_groups_do_not() {
    let index = index_of(&samples());
    let of = |category: &str| {
        found(&index, &ListSearch { category: Some(category.into()), ..by_name("") })
    };
    assert_eq!(of("linux"), [1, 5, 2]);
    assert_eq!(of("linux/iso"), [1, 5]);
    assert_eq!((of("lin"), of("linux/"), of("")), (vec![], vec![], vec![]));
    let of = |group: &str| found(&index, &ListSearch { group: Some(group.into()), ..by_name("") });
    assert_eq!((of("Birds"), of("birds")), (vec![5], vec![]));
    let of = |initial| found(&index, &ListSearch { initial: Some(initial), ..by_name("") });
    assert_eq!((of(Initial::Latin('p')), of(Initial::Cyrillic)), (vec![1, 5, 2], vec![4]));
    let place = |name: &str, torrents| ListPlace { name: name.into(), torrents };
    let places = [place("films", 1), place("linux", 1), place("linux/iso", 2)];
    assert_eq!(index.categories().unwrap(), places);
}

#[test]
fn what_is_equal_stands_in_the_order_of_names() {
    let names = ["b", "a", "d", "c", "part 10", "part 2"];
    let torrents: Vec<_> = (0..).zip(names).map(|(n, name)| torrent(n * 5, name, "")).collect();
    let index = index_of(&torrents);
    for reverse in [false, true] {
        let search = ListSearch { reverse, ..ListSearch::default() };
        assert_eq!(found(&index, &search), [5, 0, 15, 10, 25, 20], "{reverse}");
    }
}

#[test]
fn who_mistypes_is_told_the_nearest_word() {
    let index = index_of(&samples());
    let near = |text: &str| index.nearest(&by_name(text)).unwrap().map(|words| words.join(" "));
    assert_eq!(near("dekstop").as_deref(), Some("desktop"));
    assert_eq!(near("pengiun desk").as_deref(), Some("penguin desk"));
    assert_eq!(near("ёлкаа").as_deref(), Some("елка"));
    assert_eq!(near("colour"), None);
    assert_eq!(near("desktop server"), None, "each of them is right, and nothing has both");
    assert_eq!(near(&"x".repeat(500)), None);
    let elsewhere = ListSearch { category: Some("films".into()), ..by_name("dekstop") };
    assert_eq!(index.nearest(&elsewhere).unwrap(), None, "nothing is found there by it either");
}

#[test]
fn what_was_written_is_read_again_and_a_broken_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.index");
    let open = || ListIndex::open(&path);
    assert!(matches!(open().unwrap_err(), ListIndexError::Missing { .. }));
    let torrents = samples();
    let high_load = Some(HighLoad { announces: 300, interval: Seconds(2400) });
    let facts = ListFacts { high_load, ..FACTS };
    let draft = || {
        let entry = |torrent| ListEntry { torrent, seeders: 2, leechers: 3 };
        ListIndexDraft::of(&facts, torrents.iter().map(entry))
    };
    draft().publish(&path).unwrap();
    let index = open().unwrap();
    assert_eq!((*index.facts(), index.torrents()), (facts, 5));
    assert_eq!(found(&index, &by_name("desktop")), [1, 5]);
    // Who has it open goes on with it when the next one comes.
    ListIndexDraft::of(&FACTS, std::iter::empty()).publish(&path).unwrap();
    assert_eq!(found(&index, &by_name("desktop")), [1, 5]);
    let empty = open().unwrap();
    assert_eq!((empty.torrents(), found(&empty, &by_name(""))), (0, vec![]));
    draft().put_where_none_is(&path).unwrap();
    assert_eq!(open().unwrap().torrents(), 0, "somebody was faster");
    for (bytes, what) in [
        (&b""[..], "begin"),
        (b"\x89TLI\r\n\x1a\n", "another version"),
        (&[0; 500], "begin"),
        (draft().into_bytes().get(..100).unwrap(), "cut short"),
        (&damaged(draft().into_bytes(), 24), "checksum of its header"),
    ] {
        fs::write(&path, bytes).unwrap();
        let problem = open().unwrap_err().to_string();
        assert!(problem.contains(what) && problem.contains("refresh --force"), "{problem}");
    }
}

#[test]
fn very_long_names_are_found_by_their_beginning() {
    let long = format!("begin {} end", "ы".repeat(10_000));
    let index = index_of(&[torrent(1, &long, ""), torrent(2, "other", "")]);
    assert_eq!(found(&index, &by_name("begin ыыы")), [1]);
    assert_eq!(found(&index, &by_name("end")), [0; 0]);
    assert!(index.layout.texts.bytes.len() < 3000);
}

#[test]
fn damage_is_told_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.index");
    let torrents = samples();
    let entry = |torrent| ListEntry { torrent, seeders: 2, leechers: 3 };
    let bytes = ListIndexDraft::of(&FACTS, torrents.iter().map(entry)).into_bytes();
    fs::write(&path, &bytes).unwrap();
    let sound = ListIndex::open(&path).unwrap();
    sound.verify().unwrap();
    assert!(!sound.is_broken());
    for at in 0..bytes.len() {
        fs::write(&path, damaged(bytes.clone(), at)).unwrap();
        let verified = ListIndex::open(&path).and_then(|index| index.verify());
        assert!(matches!(verified, Err(ListIndexError::Broken { .. })), "{at}");
    }
    // The last byte is one of the texts: who needs none of them is answered.
    let index = ListIndex::open(&path).unwrap();
    assert_eq!(found(&index, &by_name("")).len(), 5);
    assert!(!index.is_broken());
    assert!(index.search(&by_name("penguin"), 0..9).is_err() && index.is_broken());
}

/// Gives a file the checksums of what is in it, as far as its parts fit into it.
fn seal(bytes: &mut [u8]) {
    let seal_header = |bytes: &mut [u8]| {
        let checksum = format::checksum_of_header(bytes);
        bytes[format::header::CHECKSUM_AT..format::HEADER_LEN]
            .copy_from_slice(&checksum.to_le_bytes());
    };
    seal_header(bytes);
    let Ok(layout) = format::Layout::of(bytes, bytes.len() as u64) else { return };
    let format::Layout { torrents, hashes, categories, groups, names, texts } = layout;
    let parts = [torrents, hashes, categories, groups, names, texts];
    for (at, part) in (format::header::CHECKSUMS_AT..).step_by(4).zip(parts) {
        let checksum = format::checksum(&bytes[part.bytes]);
        bytes[at..at + 4].copy_from_slice(&checksum.to_le_bytes());
    }
    seal_header(bytes);
}

proptest! {
    #[test]
    fn pages_are_those_of_all_in_order(
        numbers in proptest::collection::hash_set(0..200_u8, 0..40),
        (order, reverse) in (0..ListOrder::NAMES.len(), any::<bool>()),
        rows in 1..7_usize,
    ) {
        let torrents: Vec<_> =
            numbers.iter().map(|&n| torrent(n, &format!("name {}", n % 20), "")).collect();
        let index = index_of(&torrents);
        let order = ListOrder::NAMES[order].1;
        let search = ListSearch { order, reverse, ..ListSearch::default() };
        let all = index.search(&search, 0..1000).unwrap().hits;
        let mut pages = Vec::new();
        for page in 0..torrents.len().div_ceil(rows) {
            let hits = index.search(&search, page * rows..(page + 1) * rows).unwrap();
            prop_assert_eq!(hits.matching, torrents.len());
            pages.extend(hits.hits);
        }
        prop_assert_eq!(&pages, &all);
        let of = |hash: InfoHash| torrents.iter().find(|it| it.canonical == hash).unwrap();
        let key = |it: &ListHit| match order {
            ListOrder::Name => u64::from(of(it.info_hash).canonical.0[0] % 20),
            ListOrder::Size => of(it.info_hash).size,
            ListOrder::Seeders => it.seeders,
            ListOrder::Leechers => it.leechers,
            ListOrder::Completed => it.completed,
            ListOrder::Added => of(it.info_hash).first_seen.0,
        };
        let mut keys: Vec<u64> = all.iter().map(key).collect();
        if (order == ListOrder::Name) == reverse {
            keys.reverse();
        }
        prop_assert!(keys.is_sorted(), "{:?}", keys);
    }

    #[test]
    fn a_damaged_file_never_ends_in_a_crash(
        at in 8..1000_usize, byte: u8, text in "[a-f0-9]{0,8}", is_sealed: bool,
    ) {
        let entries: Vec<_> = samples();
        let entry = |torrent| ListEntry { torrent, seeders: 2, leechers: 3 };
        let mut bytes = ListIndexDraft::of(&FACTS, entries.iter().map(entry)).into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        // A damage that the checksums do not tell.
        if is_sealed {
            seal(&mut bytes);
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.index");
        fs::write(&path, bytes).unwrap();
        if let Ok(index) = ListIndex::open(&path) {
            let search = ListSearch { category: Some("linux".into()), ..by_name(&text) };
            let _ = (index.search(&search, 0..10), index.nearest(&search), index.search(&by_name(&text), 2..3));
        }
    }
}
