use proptest::prelude::*;

use super::sample::{dictionary, list, number, pad_file, single_file, text, v1_file, v2_file};
use super::*;

const PIECE: i64 = 16_384;

/// A torrent of version 1 with these entries in its info dictionary, and `pieces` hashes.
fn v1(pieces: usize, entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut info = vec![
        ("name", text("a name")),
        ("piece length", number(PIECE)),
        ("pieces", text(vec![7; 20 * pieces])),
    ];
    info.extend_from_slice(entries);
    dictionary(&[("info", dictionary(&info))])
}

/// A torrent of version 2 with this tree of files, and `more` in its info dictionary.
fn v2(tree: &[(&str, Vec<u8>)], more: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut info = vec![
        ("file tree", dictionary(tree)),
        ("meta version", number(2)),
        ("name", text("a name")),
        ("piece length", number(PIECE)),
    ];
    info.extend_from_slice(more);
    dictionary(&[("info", dictionary(&info))])
}

fn raw_info(torrent: &[u8]) -> &[u8] {
    let start = torrent.windows(6).position(|window| window == b"4:info").unwrap() + 6;
    &torrent[start..torrent.len() - 1]
}

fn complaint(torrent: impl AsRef<[u8]>) -> MetainfoError {
    Metainfo::parse(torrent.as_ref()).unwrap_err()
}

macro_rules! assert_complains {
    ($torrent:expr, $error:pat) => {{
        let error = complaint($torrent);
        assert!(matches!(error, $error), "{error:?}");
    }};
}

#[test]
fn a_torrent_of_one_file_is_read() {
    let torrent = single_file("debian.iso", Some("http://t.example/announce"));
    let metainfo = Metainfo::parse(&torrent).unwrap();
    let hash = InfoHash(Sha1::digest(raw_info(&torrent)).into());
    assert_eq!(
        metainfo,
        Metainfo {
            hashes: InfoHashes::V1(hash),
            name: "debian.iso".into(),
            size: 20_000,
            private: false,
            announce_urls: vec!["http://t.example/announce".into()],
            has_web_seed: false,
            flaws: Vec::new(),
        }
    );
    assert_eq!((metainfo.canonical(), metainfo.alias()), (hash, None));
    assert_eq!((metainfo.v1(), metainfo.v2()), (Some(hash), None));
}

#[test]
fn a_known_torrent_has_its_known_info_hash() {
    // Computed with another implementation of SHA-1 and SHA-256.
    let metainfo = Metainfo::parse(&single_file("a", None)).unwrap();
    assert_eq!(metainfo.canonical().to_string(), "ef728cd94e11bc396a225bd2d03d41546bf9f6f8");
    let metainfo = Metainfo::parse(&v2(&[("a", v2_file(1))], &[])).unwrap();
    let whole = "edcd887b686748436a22718237e864e36d23507b32b54443c406cec3a017b503";
    assert_eq!(metainfo.v2().unwrap().to_string(), whole);
    assert_eq!(metainfo.canonical().to_string(), whole[..40]);
}

#[test]
fn files_of_a_list_add_up_with_padding_and_without_links() {
    let link = dictionary(&[
        ("attr", text("l")),
        ("length", number(999)),
        ("path", list(&[text("link")])),
        ("symlink path", list(&[text("a")])),
    ]);
    let files = list(&[v1_file("a", 10), pad_file(PIECE - 10), v1_file("b", 5), link]);
    assert_eq!(Metainfo::parse(&v1(2, &[("files", files)])).unwrap().size, 16_384 + 5);
}

/// A symbolic link as libtorrent writes it.
fn link() -> Vec<u8> {
    dictionary(&[
        ("attr", text("xl")),
        ("path", list(&[text("link")])),
        ("symlink path", list(&[text("a")])),
    ])
}

#[test]
fn links_need_no_length() {
    let tree = [("a", v2_file(10)), ("link", dictionary(&[("", link())]))];
    let files = list(&[v1_file("a", 10), link()]);
    for torrent in [
        v1(1, &[("files", files.clone())]),
        v2(&tree, &[("files", files), ("pieces", text([7; 20]))]),
    ] {
        let metainfo = Metainfo::parse(&torrent).unwrap();
        assert_eq!((metainfo.size, metainfo.flaws), (10, vec![]));
    }
    assert_eq!(Metainfo::parse(&v2(&tree, &[])).unwrap().size, 16_384);
    assert_complains!(v1(0, &[("files", list(&[link()]))]), MetainfoError::Empty);
}

#[test]
fn only_the_length_of_a_file_decides_and_the_rest_may_be_of_any_type() {
    let beyond = b"i18446744073709551615e".to_vec();
    let odd = [number(1), list(&[number(1)]), dictionary(&[("x", number(1))]), text("x"), beyond];
    for key in ["attr", "mtime", "md5sum", "ed2k", "sha1", "symlink path", "\u{fe}\u{ff}"] {
        for value in &odd {
            let file = [("length", number(5)), ("path", list(&[text("a")])), (key, value.clone())];
            let list = list(&[dictionary(&file)]);
            let v1 = Metainfo::parse(&v1(1, &[("files", list)])).unwrap();
            assert_eq!((v1.size, v1.flaws), (5, vec![]), "{key}");
            let leaf =
                [("length", number(5)), ("pieces root", text([3; 32])), (key, value.clone())];
            let tree = dictionary(&[("", dictionary(&leaf))]);
            let v2 = Metainfo::parse(&v2(&[("a", tree)], &[])).unwrap();
            assert_eq!((v2.size, v2.flaws), (16_384, vec![]), "{key}");
        }
    }
    for (key, value) in [("private", list(&[])), ("source", number(1)), ("name.utf-8", number(1))] {
        let torrent = v1(1, &[("length", number(5)), (key, value)]);
        assert_eq!(Metainfo::parse(&torrent).unwrap().size, 5, "{key}");
    }
}

#[test]
fn bytes_after_the_dictionary_are_a_flaw_and_no_more() {
    let whole = single_file("x", None);
    let good = Metainfo::parse(&whole).unwrap();
    for more in ["e", "\0", "\r\n", " ", "\n<!-- served by -->", "d4:infodee"] {
        let metainfo = Metainfo::parse(&[&whole, more.as_bytes()].concat()).unwrap();
        let offset = whole.len();
        assert_eq!(metainfo.flaws, [Flaw::Trailing { offset }], "{more:?}");
        assert_eq!(Metainfo { flaws: Vec::new(), ..metainfo }, good);
    }
}

/// A torrent whose hashes hold what text mode changes: CR LF, and each of the two alone.
fn with_ends_of_lines() -> Vec<u8> {
    let mut hashes = [7; 40];
    hashes[..7].copy_from_slice(b"\r\n\x01\n\x02\r\x03");
    v1(2, &[("length", number(20_000)), ("pieces", text(hashes))])
}

#[test]
fn a_file_that_ftp_sent_as_text_is_told_from_other_broken_ones() {
    let whole = with_ends_of_lines();
    let sent_to_windows: Vec<u8> = whole
        .iter()
        .flat_map(|&byte| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] })
        .collect();
    let mut sent_to_unix = whole.clone();
    let end_of_line = whole.windows(2).position(|pair| pair == b"\r\n").unwrap();
    sent_to_unix.remove(end_of_line);
    for spoilt in [sent_to_windows, sent_to_unix] {
        let complaint = complaint(&spoilt);
        assert!(matches!(complaint, MetainfoError::SentAsText(_)), "{complaint:?}");
        assert!(complaint.to_string().ends_with("in binary mode"), "{complaint}");
    }
    assert_complains!(&whole[..whole.len() - 1], MetainfoError::Bencode(_));
    assert_complains!(b"d\r\n", MetainfoError::Bencode(_));
}

#[test]
fn files_of_a_tree_are_rounded_up_to_pieces() {
    let folder = dictionary(&[("b", v2_file(PIECE + 1)), ("empty", v2_file(0))]);
    let metainfo = Metainfo::parse(&v2(&[("a", v2_file(1)), ("folder", folder)], &[])).unwrap();
    assert_eq!(metainfo.size, 3 * 16_384);
    assert!(matches!(metainfo.hashes, InfoHashes::V2(_)));
    assert_eq!(metainfo.alias(), None);
}

#[test]
fn a_hybrid_has_both_hashes_and_needs_no_padding_at_its_end() {
    let tree = [("a", v2_file(10)), ("b", v2_file(5))];
    let mut files = vec![v1_file("a", 10), pad_file(PIECE - 10), v1_file("b", 5)];
    for size in [16_384 + 5, 2 * 16_384] {
        let v1_part = [("files", list(&files)), ("pieces", text([7; 40]))];
        let torrent = v2(&tree, &v1_part);
        let metainfo = Metainfo::parse(&torrent).unwrap();
        let v1 = InfoHash(Sha1::digest(raw_info(&torrent)).into());
        let v2 = InfoHashV2(Sha256::digest(raw_info(&torrent)).into());
        assert_eq!(metainfo.hashes, InfoHashes::Hybrid(v1, v2));
        assert_eq!(metainfo.canonical(), v1);
        assert_eq!(metainfo.alias(), Some(v2.truncated()));
        assert_eq!((metainfo.v1(), metainfo.v2()), (Some(v1), Some(v2)));
        assert_eq!(metainfo.size, size);
        files.push(pad_file(PIECE - 5));
    }
}

#[test]
fn a_hybrid_that_is_not_about_the_same_files_is_as_large_as_its_v1_part() {
    let v1_part = [("length", number(11)), ("pieces", text([7; 20]))];
    let metainfo = Metainfo::parse(&v2(&[("a", v2_file(10))], &v1_part)).unwrap();
    assert_eq!(metainfo.size, 11);
    assert_eq!(metainfo.flaws, [Flaw::Inconsistent { v1: 11, v2: 16_384 }]);
}

#[test]
fn a_tree_with_a_length_but_no_piece_hashes_is_version_2_only() {
    let metainfo = Metainfo::parse(&v2(&[("a", v2_file(10))], &[("length", number(10))])).unwrap();
    assert!(matches!(metainfo.hashes, InfoHashes::V2(_)));
}

#[test]
fn the_private_flag_is_read() {
    let with = |flag| Metainfo::parse(&v1(1, &[("length", number(1)), ("private", flag)])).unwrap();
    assert!(with(number(1)).private);
    assert!(!with(number(0)).private);
    assert!(!with(text("1")).private);
}

#[test]
fn a_name_need_not_be_utf8() {
    let named = |raw: &[u8]| {
        let info = dictionary(&[
            ("length", number(1)),
            ("name", text(raw)),
            ("piece length", number(PIECE)),
            ("pieces", text([7; 20])),
        ]);
        Metainfo::parse(&dictionary(&[("info", info)])).unwrap()
    };
    assert_eq!(named(b"na\xefve").name, "na_ve");
    let nameless = named(b"..");
    assert_eq!(nameless.name, nameless.canonical().to_string());
    let utf8 = v1(1, &[("length", number(1)), ("name.utf-8", text("né"))]);
    assert_eq!(Metainfo::parse(&utf8).unwrap().name, "né");
}

#[test]
fn announce_urls_of_all_tiers_are_listed_once() {
    let tiers = list(&[
        list(&[text("http://b/announce"), text(" http://a/announce\n")]),
        list(&[]),
        text("udp://c:1"),
        number(5),
        list(&[text("")]),
    ]);
    let info = raw_info(&single_file("x", None)).to_vec();
    let torrent = dictionary(&[
        ("announce", text("http://a/announce")),
        ("announce-list", tiers),
        ("info", info),
    ]);
    let urls = Metainfo::parse(&torrent).unwrap().announce_urls;
    assert_eq!(urls, ["http://a/announce", "http://b/announce", "udp://c:1"]);
}

#[test]
fn sloppy_files_are_read_and_the_first_of_repeated_keys_counts() {
    let file: [(&[u8], Vec<u8>); 5] = [
        (b"path", list(&[text(b"\xff")])),
        (b"length", number(5)),
        (b"length", number(6)),
        (b"\xff\xfe", number(1)),
        (b"mtime", text("yesterday")),
    ];
    let torrent = v1(1, &[("files", list(&[dictionary(&file)])), ("name", text("second"))]);
    let first = Metainfo::parse(&torrent).unwrap();
    assert_eq!((first.size, first.name.as_str()), (5, "a name"));

    let info = raw_info(&torrent).to_vec();
    let other = raw_info(&single_file("other", None)).to_vec();
    let repeated = dictionary(&[("zzz", number(1)), ("info", info), ("info", other)]);
    assert_eq!(Metainfo::parse(&repeated).unwrap(), first);
}

#[test]
fn what_is_no_torrent_file_is_refused() {
    assert_complains!(b"", MetainfoError::Bencode(BencodeError::Truncated { offset: 0 }));
    assert_complains!(b"<html>", MetainfoError::Bencode(BencodeError::NotAValue { offset: 0, .. }));
    assert_complains!(list(&[]), MetainfoError::NotADictionary);
    assert_complains!(b"de", MetainfoError::NoInfo);
    assert_complains!(dictionary(&[("info", text("x"))]), MetainfoError::NoInfo);
}

#[test]
fn nesting_is_refused_before_it_can_exhaust_the_stack() {
    let too_deep = |lists: usize| {
        let inner = [b"l".repeat(lists), b"e".repeat(lists)].concat();
        v1(1, &[("files", inner)])
    };
    assert_complains!(too_deep(100_000), MetainfoError::Bencode(BencodeError::TooDeep { .. }));
    let tree = (0..95).fold(v2_file(1), |tree, _| dictionary(&[("folder", tree)]));
    assert_eq!(Metainfo::parse(&v2(&[("a", tree.clone())], &[])).unwrap().size, 16_384);
    let tree = dictionary(&[("folder", tree)]);
    assert_complains!(
        v2(&[("a", tree)], &[]),
        MetainfoError::Bencode(BencodeError::TooDeep { .. })
    );
}

#[test]
fn impossible_sizes_are_refused() {
    assert_complains!(v1(1, &[("length", number(-425))]), MetainfoError::NegativeLength(-425));
    assert_complains!(v1(1, &[("length", text("425"))]), MetainfoError::NoLength);
    assert_complains!(v1(1, &[]), MetainfoError::NoLength);
    assert_complains!(v1(0, &[("length", number(0))]), MetainfoError::Empty);
    assert_complains!(v1(1, &[("files", list(&[]))]), MetainfoError::NoFiles);
    let negative = list(&[v1_file("a", 10), v1_file("b", -1)]);
    assert_complains!(v1(1, &[("files", negative)]), MetainfoError::NegativeLength(-1));
    let huge = list(&vec![v1_file("a", i64::MAX); 3]);
    assert_complains!(v1(1, &[("files", huge)]), MetainfoError::TooLarge);
    let names: Vec<String> = (0..3).map(|number| number.to_string()).collect();
    let tree: Vec<_> = names.iter().map(|name| (name.as_str(), v2_file(i64::MAX))).collect();
    assert_complains!(v2(&tree, &[]), MetainfoError::TooLarge);
    assert_complains!(v2(&[], &[]), MetainfoError::NoFiles);
    assert_complains!(v2(&[("a", v2_file(-1))], &[]), MetainfoError::NegativeLength(-1));
}

#[test]
fn what_clients_may_refuse_is_taken_and_told() {
    let flaws = |torrent: Vec<u8>| Metainfo::parse(&torrent).unwrap().flaws;
    let long = [("length", number(20_000))];
    for (pieces, found) in [(1, 20), (3, 60)] {
        assert_eq!(flaws(v1(pieces, &long)), [Flaw::PieceHashes { found, expected: 40 }]);
    }
    let without = |entries: &[(&str, Vec<u8>)]| {
        let mut info = vec![("length", number(1)), ("name", text("x"))];
        info.extend_from_slice(entries);
        flaws(dictionary(&[("info", dictionary(&info))]))
    };
    assert_eq!(without(&[("piece length", number(PIECE))]), [Flaw::NoPieces]);
    assert_eq!(without(&[("pieces", text([7; 20]))]), [Flaw::PieceLength]);
    for length in [number(0), number(-1), text("1")] {
        let entries = [("piece length", length), ("pieces", text([7; 20]))];
        assert_eq!(without(&entries), [Flaw::PieceLength]);
    }
    for root in [text([0; 32]), text([3; 31]), number(1)] {
        let leaf = [("length", number(1)), ("pieces root", root)];
        let tree = dictionary(&[("", dictionary(&leaf))]);
        assert_eq!(flaws(v2(&[("a", tree.clone()), ("b", tree)], &[])), [Flaw::NoPiecesRoot]);
    }
    let pad = dictionary(&[("", pad_file(0))]);
    assert_eq!(flaws(v2(&[("a", v2_file(1)), ("pad", pad)], &[])), [Flaw::PadFileInTree]);
    for path in [list(&[]), list(&[number(1)]), text("a"), number(1)] {
        let file = dictionary(&[("length", number(1)), ("path", path)]);
        assert_eq!(flaws(v1(1, &[("files", list(&[file]))])), [Flaw::UnnamedFile]);
    }
}

#[test]
fn files_without_a_size_are_refused() {
    for length in [text("1"), list(&[]), b"i99999999999999999999e".to_vec()] {
        let file = dictionary(&[("length", length), ("path", list(&[text("a")]))]);
        assert_complains!(
            v1(1, &[("files", list(std::slice::from_ref(&file)))]),
            MetainfoError::FileLength
        );
        assert_complains!(v2(&[("a", dictionary(&[("", file)]))], &[]), MetainfoError::FileLength);
    }
    assert_complains!(v1(1, &[("files", list(&[number(1)]))]), MetainfoError::NotAFile);
    assert_complains!(v2(&[("a", number(1))], &[]), MetainfoError::NotAFile);
}

#[test]
fn versions_must_fit_together() {
    let tree = dictionary(&[("a", v2_file(1))]);
    let info = |entries: &[(&str, Vec<u8>)]| {
        let mut info = vec![("name", text("x")), ("piece length", number(PIECE))];
        info.extend_from_slice(entries);
        dictionary(&[("info", dictionary(&info))])
    };
    assert_complains!(info(&[("meta version", number(3))]), MetainfoError::UnknownVersion(3));
    assert_complains!(info(&[("meta version", number(2))]), MetainfoError::NoFileTree);
    assert_complains!(info(&[("file tree", tree.clone())]), MetainfoError::NoMetaVersion);
    let info = |piece_length| {
        dictionary(&[
            ("file tree", tree.clone()),
            ("meta version", number(2)),
            ("name", text("x")),
            ("piece length", number(piece_length)),
        ])
    };
    for (piece_length, size) in [(PIECE / 2, 8192), (PIECE + 1, 16_385), (0, 1)] {
        let torrent = dictionary(&[("info", info(piece_length))]);
        let metainfo = Metainfo::parse(&torrent).unwrap();
        assert_eq!((metainfo.size, metainfo.flaws), (size, vec![Flaw::PieceLength]));
    }
    let nameless = dictionary(&[
        ("length", number(1)),
        ("piece length", number(PIECE)),
        ("pieces", text([7; 20])),
    ]);
    assert_complains!(dictionary(&[("info", nameless)]), MetainfoError::NoName);
}

#[test]
fn a_torrent_cut_off_anywhere_is_refused() {
    let files = list(&[v1_file("a", 10), pad_file(PIECE - 10), v1_file("b", 5)]);
    let v1_part = [("files", files), ("pieces", text([7; 40]))];
    let hybrid = v2(&[("a", v2_file(10)), ("b", v2_file(5))], &v1_part);
    assert!(Metainfo::parse(&hybrid).is_ok());
    for length in 0..hybrid.len() {
        assert_complains!(
            &hybrid[..length],
            MetainfoError::Bencode(BencodeError::Truncated { .. })
        );
    }
}

/// Torrents with any sizes, any piece length, and as many piece hashes as it happens.
fn any_torrent() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![any::<i64>(), 0_i64..100_000];
    let piece_length = prop_oneof![any::<i64>(), Just(PIECE)];
    (prop::collection::vec(length, 0..6), piece_length, 0..5_usize, any::<bool>()).prop_map(
        |(lengths, piece_length, pieces, version_2)| {
            let files: Vec<_> = lengths.iter().map(|&length| v1_file("a", length)).collect();
            let tree: Vec<_> = lengths.iter().map(|&length| ("a", v2_file(length))).collect();
            let mut info = vec![
                ("files", list(&files)),
                ("name", text("a name")),
                ("piece length", number(piece_length)),
                ("pieces", text(vec![7; 20 * pieces])),
            ];
            if version_2 {
                info.extend([("file tree", dictionary(&tree)), ("meta version", number(2))]);
            }
            dictionary(&[("info", dictionary(&info))])
        },
    )
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
        let _ = (Metainfo::parse(&bytes), sole_file(&bytes));
    }

    #[test]
    fn no_sizes_make_it_panic(torrent in any_torrent()) {
        let _ = (Metainfo::parse(&torrent), sole_file(&torrent));
    }

    #[test]
    fn no_changed_byte_makes_it_panic(at in 0_usize..300, byte in any::<u8>()) {
        let mut torrent = v2(&[("a", v2_file(10))], &[("length", number(10)), ("pieces", text([7; 20]))]);
        let at = at % torrent.len();
        torrent[at] = byte;
        let _ = Metainfo::parse(&torrent);
    }
}

#[test]
fn the_only_file_of_a_torrent_is_found_in_every_version() {
    let many = [v1_file("a", 1), v1_file("b", 1)];
    let file = |parts: &[&str]| {
        let path: Vec<_> = parts.iter().map(text).collect();
        dictionary(&[("length", number(1)), ("path", list(&path))])
    };
    let inside = [("sub", dictionary(&[("c", v2_file(10))]))];
    for (torrent, expected) in [
        (v1(1, &[("length", number(1))]), Some("a name")),
        (v1(1, &[("files", list(&[file(&["sub", "c"]), pad_file(5)]))]), Some("sub/c")),
        (v1(1, &[("files", list(&many))]), None),
        (v1(1, &[("files", list(&[]))]), None),
        (v2(&inside, &[]), Some("sub/c")),
        (v2(&[("a", v2_file(10)), ("b", v2_file(10))], &[]), None),
        (
            v2(&[("a", v2_file(10))], &[("length", number(10)), ("pieces", text([7; 20]))]),
            Some("a name"),
        ),
        (b"le".to_vec(), None),
    ] {
        assert_eq!(sole_file(&torrent).as_deref(), expected, "{}", torrent.escape_ascii());
    }
}

#[test]
fn web_seeds_are_seen_in_every_shape() {
    let with = |key: &str, value: Vec<u8>| {
        let info = [
            ("length", number(1)),
            ("name", text("a")),
            ("piece length", number(PIECE)),
            ("pieces", text([7; 20])),
        ];
        let torrent = dictionary(&[("info", dictionary(&info)), (key, value)]);
        Metainfo::parse(&torrent).unwrap().has_web_seed
    };
    assert!(with("url-list", text("HTTP://a/")));
    assert!(with("url-list", list(&[text(""), text("https://a/")])));
    assert!(with("url-seeds", text("http://a/")) != with("httpseeds", list(&[text("http://a/")])));
    for none in [text(""), list(&[]), number(1), text("a/b"), text("ftp://a/")] {
        assert!(!with("url-list", none));
    }
}
