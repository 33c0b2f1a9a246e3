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
            piece_length: 16_384,
            private: false,
            announce_urls: vec!["http://t.example/announce".into()],
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
fn a_hybrid_must_be_about_the_same_files() {
    let v1_part = [("length", number(11)), ("pieces", text([7; 20]))];
    assert_complains!(
        v2(&[("a", v2_file(10))], &v1_part),
        MetainfoError::Inconsistent { v1: 11, v2: 16_384 }
    );
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
    assert_eq!(Metainfo::parse(&[&repeated[..], b"\r\n"].concat()).unwrap(), first);
}

#[test]
fn what_is_no_torrent_file_is_refused() {
    assert_complains!(b"", MetainfoError::Bencode(BencodeError::Truncated { offset: 0 }));
    assert_complains!(b"<html>", MetainfoError::Bencode(BencodeError::NotAValue { offset: 0, .. }));
    assert_complains!(list(&[]), MetainfoError::NotADictionary);
    assert_complains!(b"de", MetainfoError::NoInfo);
    assert_complains!(dictionary(&[("info", text("x"))]), MetainfoError::NoInfo);
    let trailing = [single_file("x", None), b"x".to_vec()].concat();
    assert_complains!(trailing, MetainfoError::Bencode(BencodeError::Trailing { .. }));
    let too_big = text(vec![b'x'; usize::try_from(MAX_FILE).unwrap()]);
    assert_complains!(too_big, MetainfoError::TooBig);
}

#[test]
fn nesting_is_refused_before_it_can_exhaust_the_stack() {
    let too_deep = |lists: usize| {
        let inner = [b"l".repeat(lists), b"e".repeat(lists)].concat();
        v1(1, &[("files", inner)])
    };
    assert_complains!(too_deep(100_000), MetainfoError::Bencode(BencodeError::TooDeep { .. }));
    let tree = (0..59).fold(v2_file(1), |tree, _| dictionary(&[("folder", tree)]));
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
    assert_complains!(v1(1, &[("length", number(i64::MAX))]), MetainfoError::PieceHashes { .. });
    let names: Vec<String> = (0..3).map(|number| number.to_string()).collect();
    let tree: Vec<_> = names.iter().map(|name| (name.as_str(), v2_file(i64::MAX))).collect();
    assert_complains!(v2(&tree, &[]), MetainfoError::TooLarge);
    assert_complains!(v2(&[], &[]), MetainfoError::NoFiles);
    assert_complains!(v2(&[("a", v2_file(-1))], &[]), MetainfoError::NegativeLength(-1));
}

#[test]
fn what_no_client_could_verify_is_refused() {
    let length = ("length", number(20_000));
    let found_and_expected = |pieces| match complaint(v1(pieces, std::slice::from_ref(&length))) {
        MetainfoError::PieceHashes { found, expected } => (found, expected),
        error => panic!("{error:?}"),
    };
    assert_eq!(found_and_expected(1), (20, 40));
    assert_eq!(found_and_expected(3), (60, 40));

    let info = [("length", number(1)), ("name", text("x")), ("piece length", number(PIECE))];
    assert_complains!(dictionary(&[("info", dictionary(&info))]), MetainfoError::NoPieces);
    for length in [0, -1] {
        let info = [("piece length", number(length)), ("length", number(1)), ("name", text("x"))];
        assert_complains!(dictionary(&[("info", dictionary(&info))]), MetainfoError::PieceLength);
    }
    let rootless = dictionary(&[("", dictionary(&[("length", number(1))]))]);
    assert_complains!(v2(&[("a", rootless)], &[]), MetainfoError::NoPiecesRoot);
    let pad = dictionary(&[("", pad_file(1))]);
    assert_complains!(v2(&[("a", pad)], &[]), MetainfoError::PadFileInTree);
    let nowhere = list(&[dictionary(&[("length", number(1))])]);
    assert_complains!(v1(1, &[("files", nowhere)]), MetainfoError::UnnamedFile);
    let lengthless = list(&[dictionary(&[("path", list(&[text("a")]))])]);
    assert_complains!(v1(1, &[("files", lengthless)]), MetainfoError::Files(_));
    let misnamed = list(&[dictionary(&[("length", number(1)), ("path", list(&[number(1)]))])]);
    assert_complains!(v1(1, &[("files", misnamed)]), MetainfoError::Files(_));
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
    for piece_length in [PIECE / 2, PIECE + 1] {
        let torrent = dictionary(&[("info", info(piece_length))]);
        assert_complains!(torrent, MetainfoError::PieceLength);
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
        let _ = Metainfo::parse(&bytes);
    }

    #[test]
    fn no_sizes_make_it_panic(torrent in any_torrent()) {
        let _ = Metainfo::parse(&torrent);
    }

    #[test]
    fn no_changed_byte_makes_it_panic(at in 0_usize..300, byte in any::<u8>()) {
        let mut torrent = v2(&[("a", v2_file(10))], &[("length", number(10)), ("pieces", text([7; 20]))]);
        let at = at % torrent.len();
        torrent[at] = byte;
        let _ = Metainfo::parse(&torrent);
    }
}
