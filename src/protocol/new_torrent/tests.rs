use super::*;
use crate::protocol::{InfoHash, Metainfo};

fn file(path: &str, size: u64) -> NewFile {
    let path = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    NewFile { path, size }
}

fn url(text: &str) -> HttpUrl {
    text.parse().unwrap()
}

/// Hashes as many as there are pieces, of nothing in particular.
fn hashes(version: TorrentVersion, files: &[NewFile]) -> ContentHashes {
    let pieces = |size| PieceLength::SHORTEST.pieces(size);
    let sizes = files.iter().map(|file| file.size);
    let v1 = match version {
        TorrentVersion::V1 => pieces(sizes.clone().sum()),
        _ => sizes.clone().map(pieces).sum(),
    };
    let layer = |(number, size): (u8, u64)| vec![[number; 32]; pieces(size)];
    ContentHashes { v1: vec![[7; 20]; v1], v2: (1..).zip(sizes).map(layer).collect() }
}

fn made(version: TorrentVersion, files: &[NewFile], torrent: &NewTorrent<'_>) -> Vec<u8> {
    torrent.encode(&NewInfo {
        version,
        name: "n",
        files,
        piece_length: PieceLength::SHORTEST,
        hashes: &hashes(version, files),
        private: false,
    })
}

fn plain(version: TorrentVersion, files: &[NewFile]) -> Vec<u8> {
    made(version, files, &NewTorrent { created_by: "x", ..NewTorrent::default() })
}

#[test]
fn a_torrent_of_version_1_is_written_as_all_clients_read_it() {
    let expected = [
        b"d10:created by1:x4:infod6:lengthi20000e4:name1:n12:piece lengthi16384e6:pieces40:"
            .as_slice(),
        &[7; 40],
        b"ee",
    ];
    assert_eq!(plain(TorrentVersion::V1, &[file("", 20_000)]), expected.concat());
    let expected = b"d10:created by1:x4:infod5:filesld6:lengthi0e4:pathl1:a1:beed6:lengthi5e4:pathl1:ceee4:name1:n";
    let folder = plain(TorrentVersion::V1, &[file("a/b", 0), file("c", 5)]);
    assert!(folder.starts_with(expected), "{}", folder.escape_ascii());
}

#[test]
fn padding_files_and_the_tree_stand_as_version_2_wants_them() {
    let files = [file("a", 5), file("a.b/c/d", 0), file("a.b/e", 16_384), file("f", 40_000)];
    let hybrid = plain(TorrentVersion::Hybrid, &files);
    let text = hybrid.escape_ascii().to_string();
    let list = "5:filesld6:lengthi5e4:pathl1:aeed4:attr1:p6:lengthi16379e4:pathl4:.pad5:16379ee\
                d6:lengthi0e4:pathl3:a.b1:c1:deed6:lengthi16384e4:pathl3:a.b1:eee\
                d6:lengthi40000e4:pathl1:feed4:attr1:p6:lengthi9152e4:pathl4:.pad4:9152eee12:meta versioni2e";
    assert!(text.contains(list), "{text}");
    let tree = "9:file treed1:ad0:d6:lengthi5e11:pieces root32:\\x01";
    assert!(text.contains(tree), "{text}");
    assert!(
        text.contains("3:a.bd1:cd1:dd0:d6:lengthi0eeee1:ed0:d6:lengthi16384e11:pieces root32:")
    );
    let layers = [b"12:piece layersd32:".as_slice(), &PieceLength::SHORTEST.root(&[[4; 32]; 3])];
    let layers = [&layers.concat(), b"96:".as_slice(), &[4; 96], b"ee"].concat();
    assert!(hybrid.ends_with(&layers), "{text}");
}

#[test]
fn our_own_reader_finds_no_flaw_in_any_version() {
    use TorrentVersion::{Hybrid, V1, V2};
    let folder = [file("a", 5), file("b/c", 0), file("b/d", 16_384), file("b/e/f", 40_000)];
    let single = [file("", 20_000)];
    for (files, sizes) in
        [(&folder[..], [56_389, 16_384 * 5, 16_384 * 5]), (&single[..], [20_000, 20_000, 32_768])]
    {
        for (version, size) in [V1, Hybrid, V2].into_iter().zip(sizes) {
            let read = Metainfo::parse(&plain(version, files)).unwrap();
            assert_eq!((read.flaws.as_slice(), read.size), (&[][..], size), "{version:?}");
            assert_eq!(
                (read.v1().is_some(), read.v2().is_some()),
                (version.has_v1(), version.has_v2())
            );
        }
    }
}

#[test]
fn equal_files_share_the_hashes_of_their_pieces() {
    let files = [file("a", 40_000), file("b", 40_000)];
    let layer = vec![[9; 32]; 3];
    let torrent = NewTorrent { created_by: "x", ..NewTorrent::default() };
    let bytes = torrent.encode(&NewInfo {
        version: TorrentVersion::V2,
        name: "n",
        files: &files,
        piece_length: PieceLength::SHORTEST,
        hashes: &ContentHashes { v1: Vec::new(), v2: vec![layer.clone(), layer] },
        private: false,
    });
    assert_eq!(bytes.windows(96).filter(|part| *part == [9; 96]).count(), 1);
}

#[test]
fn what_stands_beside_the_info_dictionary_does_not_change_its_hash() {
    let files = [file("", 20_000)];
    let urls = ["http://a/x", "http://b/y"].map(url);
    let announce = urls.clone().map(|url| (*url).clone());
    let full = NewTorrent {
        announce: &announce,
        web_seeds: &urls,
        comment: Some("so"),
        created_by: "x",
        created: Timestamp(1_000_000_007),
    };
    let bytes = made(TorrentVersion::V1, &files, &full);
    let text = bytes.escape_ascii().to_string();
    let start = "d8:announce10:http://a/x13:announce-listll10:http://a/xel10:http://b/yee7:comment2:so10:created by1:x\
                 13:creation datei1000000007e4:infod";
    assert!(text.starts_with(start), "{text}");
    assert!(text.ends_with("e8:url-listl10:http://a/x10:http://b/yee"), "{text}");
    let one = NewTorrent { web_seeds: &urls[..1], ..full };
    assert!(made(TorrentVersion::V1, &files, &one).ends_with(b"e8:url-list10:http://a/xe"));
    let hash = |bytes: &[u8]| -> Option<InfoHash> { Metainfo::parse(bytes).unwrap().v1() };
    assert_eq!(hash(&bytes), hash(&plain(TorrentVersion::V1, &files)));
}

#[test]
fn a_private_torrent_says_so_within_what_is_hashed() {
    let files = [file("", 20_000)];
    let info = |private| NewInfo {
        version: TorrentVersion::V1,
        name: "n",
        files: &files,
        piece_length: PieceLength::SHORTEST,
        hashes: const { &ContentHashes { v1: Vec::new(), v2: Vec::new() } },
        private,
    };
    let read = |private| Metainfo::parse(&NewTorrent::default().encode(&info(private))).unwrap();
    assert!(read(true).private && !read(false).private);
    assert_ne!(read(true).hashes, read(false).hashes);
}
