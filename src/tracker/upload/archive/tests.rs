use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;
use rawzip::ZipArchiveWriter;

use super::*;

/// What is seen of an archive.
type Seen = Vec<(String, Result<Vec<u8>, LeftOut>)>;

/// An archive of files, deflated.
pub(in crate::tracker::upload) fn archive_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipArchiveWriter::new(Vec::new());
    for (path, content) in files {
        if path.ends_with('/') {
            archive.new_dir(path).create().unwrap();
            continue;
        }
        let (mut entry, config) =
            archive.new_file(path).compression_method(CompressionMethod::DEFLATE).start().unwrap();
        let encoder = DeflateEncoder::new(&mut entry, Compression::fast());
        let mut writer = config.wrap(encoder);
        writer.write_all(content).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap()
}

fn unpacked(content: &[u8], most: u64, room: &mut Room) -> Result<Seen, ArchiveError> {
    let mut seen = Seen::new();
    unpack(content, most, room, &mut |path, file| seen.push((path.to_owned(), file)))?;
    Ok(seen)
}

fn seen(content: &[u8]) -> Seen {
    unpacked(content, 1000, &mut Room::default()).unwrap()
}

fn sole(content: &[u8]) -> Result<Vec<u8>, LeftOut> {
    let [(_, file)] = &seen(content)[..] else { panic!("not one file") };
    file.clone()
}

/// Changes bytes at each place that begins with a signature: of the headers before files, or of the list.
fn patched(mut archive: Vec<u8>, signature: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let places = archive.windows(4).enumerate().filter(|(_, it)| *it == signature);
    let places: Vec<usize> = places.map(|(place, _)| place).collect();
    assert!(!places.is_empty());
    for place in places {
        archive[place + at..][..bytes.len()].copy_from_slice(bytes);
    }
    archive
}

const HEADER: &[u8] = b"PK\x03\x04";
const LISTED: &[u8] = b"PK\x01\x02";

#[test]
fn torrents_come_out_and_all_else_is_told() {
    let archive = archive_of(&[
        ("a.torrent", b"one"),
        ("folder/B.TORRENT", b"two"),
        ("folder/", b""),
        ("read.me", b"x"),
        ("no ending", b"x"),
        ("__MACOSX/._a.torrent", b"x"),
        ("more.zip", b"x"),
        ("nested.torrent", b"PK\x03\x04"),
    ]);
    let expected: [(&str, Result<&[u8], LeftOut>); 7] = [
        ("a.torrent", Ok(b"one")),
        ("folder/B.TORRENT", Ok(b"two")),
        ("read.me", Err(LeftOut::NoTorrentFile)),
        ("no ending", Err(LeftOut::NoTorrentFile)),
        ("__MACOSX/._a.torrent", Err(LeftOut::NoTorrentFile)),
        ("more.zip", Err(LeftOut::Nested)),
        ("nested.torrent", Err(LeftOut::Nested)),
    ];
    let expected = expected.map(|(path, file)| (path.to_owned(), file.map(<[u8]>::to_vec)));
    assert_eq!(seen(&archive), expected);
}

#[test]
fn a_path_leads_nowhere() {
    let archive = archive_of(&[("abcdefgh.torrent", b"x")]);
    for path in ["../../..", "/etc/x/y", "\\x\\y\\z\\", "C:\\a\\b\\c", "a/../..b", "a\\..\\b\\"] {
        let archive = patched(archive.clone(), LISTED, 46, path.as_bytes());
        assert_eq!(sole(&archive), Err(LeftOut::LeadsOut), "{path}");
    }
    let harmless = patched(archive, LISTED, 46, b"a../b..c");
    assert_eq!(sole(&harmless), Ok(b"x".to_vec()));
}

#[test]
fn what_cannot_be_read_is_left_out() {
    let archive = archive_of(&[("a.torrent", &b"text ".repeat(20))]);
    let flags = |flags| patched(archive.clone(), LISTED, 8, &[flags, 0]);
    assert_eq!(sole(&flags(0b1001)), Err(LeftOut::Encrypted));
    let method = |method| patched(archive.clone(), LISTED, 10, &[method, 0]);
    assert_eq!(sole(&method(12)), Err(LeftOut::Method));
    assert_eq!(sole(&method(0)), Err(LeftOut::Damaged), "not what was stored");
    assert_eq!(sole(&patched(archive.clone(), LISTED, 16, b"\0\0\0\0")), Err(LeftOut::Damaged));
    assert_eq!(sole(&patched(archive.clone(), HEADER, 0, b"PK\x03\x05")), Err(LeftOut::Damaged));
    assert_eq!(sole(&archive), Ok(b"text ".repeat(20)));
}

#[test]
fn a_large_file_is_not_unpacked_whatever_its_header_says() {
    let large = archive_of(&[("a.torrent", &vec![0; 10 << 20])]);
    let lying = patched(large.clone(), LISTED, 24, &[5, 0, 0, 0]);
    for archive in [large, lying] {
        let file = sole(&archive);
        assert!(matches!(&file, Ok(file) if file.len() == 1001) || file == Err(LeftOut::Damaged));
    }
}

#[test]
fn all_files_together_have_a_limit() {
    let archive =
        archive_of(&[("a.torrent", &[1; 600]), ("b.torrent", &[2; 600]), ("c.torrent", b"")]);
    let mut room = Room { entries: 5, bytes: 1199 };
    let files: Vec<_> =
        unpacked(&archive, 1000, &mut room).unwrap().into_iter().map(|(_, it)| it).collect();
    assert_eq!(files, [Ok(vec![1; 600]), Err(LeftOut::TooMuch), Ok(vec![])]);
    // What an archive has used up is missing to the next.
    assert_eq!((room.entries, room.bytes), (2, 0));
    let more = unpacked(&archive, 1000, &mut room);
    assert_eq!(more, Err(ArchiveError::TooManyEntries));
}

#[test]
fn files_that_overlap_are_not_unpacked() {
    let archive = archive_of(&[("a.torrent", b"one"), ("b.torrent", b"two")]);
    // Both are where the first one is.
    let place = patched(archive.clone(), LISTED, 42, &[0, 0, 0, 0]);
    assert_eq!(unpacked(&place, 1000, &mut Room::default()), Err(ArchiveError::Overlapping));
    assert_eq!(seen(&archive).len(), 2);
}

#[test]
fn a_list_of_many_files_is_not_gone_through() {
    let names: Vec<String> = (0..=MOST_ENTRIES).map(|number| number.to_string()).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let most = archive_of(&files[..MOST_ENTRIES]);
    assert_eq!(seen(&most).len(), MOST_ENTRIES);
    let more = unpacked(&archive_of(&files), 1000, &mut Room::default());
    assert_eq!(more, Err(ArchiveError::TooManyEntries));
}

#[test]
fn an_archive_is_known_by_its_first_bytes() {
    assert!(is_archive(&archive_of(&[])) && is_archive(&archive_of(&[("a", b"")])));
    assert!(!is_archive(b"d4:info") && !is_archive(b"PK") && !is_archive(b""));
    assert_eq!(unpacked(b"PK\x03\x04", 9, &mut Room::default()), Err(ArchiveError::Damaged));
}

proptest! {
    #[test]
    fn no_damage_makes_more_of_an_archive(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        end in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut archive = archive_of(&[("a.torrent", &[7; 400]), ("b.torrent", b"two"), ("c", b"x")]);
        for (place, byte) in places {
            let place = place.index(archive.len());
            archive[place] = byte;
        }
        if is_cut {
            archive.truncate(end.index(archive.len()));
        }
        let mut room = Room { entries: 5, bytes: 500 };
        if let Ok(seen) = unpacked(&archive, 450, &mut room) {
            let bytes: usize = seen.iter().flat_map(|(_, it)| it).map(Vec::len).sum();
            prop_assert!(seen.len() <= 5 && bytes <= 500);
        }
    }
}
