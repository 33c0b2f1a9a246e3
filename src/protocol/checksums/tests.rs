use proptest::prelude::*;

use super::ChecksumListKind::{Digests, Sfv};
use super::*;

/// Lists as cksfv and coreutils write them over files with awkward names, and some by hand.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("fixtures/", $name))
    };
}

fn names(list: &ChecksumList) -> Vec<String> {
    list.entries().map(|(name, _)| name.escape_ascii().to_string()).collect()
}

/// The MD5 of `abc`, which is what `plain.iso` has everywhere.
const MD5_ABC: &str = "900150983cd24fb0d6963f7d28e17f72";

fn md5(text: &str) -> Option<[u8; 16]> {
    crate::protocol::identity::from_hex(text.as_bytes())
}

#[test]
fn digits_without_a_name_are_those_of_whatever_they_lie_beside() {
    let read = |text: &str| ChecksumList::read(text.as_bytes(), Digests);
    let text = format!("\u{feff}{MD5_ABC}\r\n");
    assert_eq!(read(&text).unwrap().of("any").md5, md5(MD5_ABC));
    assert_eq!(read("352441C2").unwrap().of("any").crc32, Some(0x3524_41c2));
    for other in ["", "352441C", &format!("{MD5_ABC}\n{MD5_ABC}\n"), "zz2441C2"] {
        assert_eq!(read(other), Err(ChecksumListError::NoChecksums), "{other}");
    }
}

#[test]
fn what_coreutils_write_is_read_with_every_name() {
    let expected = [
        " leading space",
        "#hash",
        "*star",
        "-dash",
        "; semicolon",
        "back\\\\slash",
        "caf\\xc3\\xa9",
        "caf\\xe9",
        "car\\rriage",
        "empty",
        "new\\nline",
        "paren (x) = y",
        "plain.iso",
        "trailing space ",
        "two  spaces.bin",
        "sub/in.bin",
    ];
    for list in [
        &fixture!("md5.txt")[..],
        fixture!("md5b.txt"),
        fixture!("sha1.txt"),
        fixture!("sha256.txt"),
        fixture!("sha256.tag.txt"),
    ] {
        let list = ChecksumList::read(list, Digests).unwrap();
        assert_eq!((names(&list), list.bad), (expected.map(str::to_owned).to_vec(), 0));
    }
    let md5s = ChecksumList::read(fixture!("md5.txt"), Digests).unwrap();
    assert_eq!(md5s.of("plain.iso").md5, md5(MD5_ABC));
    assert_eq!(md5s.of("album/plain.iso").md5, md5(MD5_ABC), "by its name");
    assert_eq!(md5s.of("PLAIN.ISO").md5, md5(MD5_ABC), "in another case");
    assert_eq!(md5s.of("other.iso"), Checksums::default());
    let tagged = ChecksumList::read(fixture!("sha256.tag.txt"), Digests).unwrap();
    let empty = tagged.of("empty").sha256.unwrap();
    assert_eq!(empty[..4], [0xe3, 0xb0, 0xc4, 0x42]);
    let sha1s = ChecksumList::read(fixture!("sha1.txt"), Digests).unwrap();
    assert_eq!(sha1s.of("sub/in.bin").sha1.unwrap()[..2], [0x22, 0xea]);
}

#[test]
fn lines_that_end_with_nul_have_names_with_ends_of_lines() {
    let list = ChecksumList::read(fixture!("md5.z"), Digests).unwrap();
    assert_eq!((names(&list), list.bad), (vec!["plain.iso".into(), "new\\nline".into()], 0));
}

#[test]
fn every_way_of_writing_a_line_is_read_and_what_is_none_is_counted() {
    let list = ChecksumList::read(fixture!("edge.md5"), Digests).unwrap();
    let mut expected = vec!["plain.iso"; 9];
    expected.extend(["back\\\\slash", "plain.iso", " plain.iso"]);
    assert_eq!(names(&list), expected);
    // 31 digits, base 64, `name: digest`.
    assert_eq!((list.bad, list.bad_lines.as_slice()), (3, &[11, 12, 13][..]));
    assert_eq!(list.of("plain.iso").md5, md5(MD5_ABC));
}

#[test]
fn an_sfv_has_the_name_first() {
    let list = ChecksumList::read(fixture!("a.sfv"), Sfv).unwrap();
    // What begins with a semicolon is a comment, whatever cksfv meant.
    let expected =
        ["plain.iso", "empty", "two  spaces.bin", " leading space", "*star", "back/slash"];
    assert_eq!((names(&list), list.bad), (expected.map(str::to_owned).to_vec(), 0));
    assert_eq!(list.of("plain.iso").crc32, Some(0x3524_41c2));
    assert_eq!(list.of("two  spaces.bin").crc32, Some(0x8cdc_1683));
    let list = ChecksumList::read(fixture!("edge.sfv"), Sfv).unwrap();
    let expected = ["plain.iso", "empty", "PLAIN.ISO", "no such", "plain.iso "];
    assert_eq!(names(&list), expected);
    assert_eq!(list.bad_lines, [7, 9, 10]);
    assert_eq!(list.of("plain.iso").crc32, Some(0x3524_41c2));
    assert_eq!(list.of("empty").crc32, Some(0));
}

#[test]
fn the_name_of_a_list_decides_what_could_be_both() {
    let line = format!("{MD5_ABC} 12345678\n");
    let sfv = ChecksumList::read(line.as_bytes(), Sfv).unwrap();
    assert_eq!(sfv.of(MD5_ABC).crc32, Some(0x1234_5678));
    let digests = ChecksumList::read(line.as_bytes(), Digests).unwrap();
    assert_eq!(digests.of("12345678").md5, md5(MD5_ABC));
    for (file, kind) in [
        ("a/b.SFV", Some(Sfv)),
        ("x.iso.md5", Some(Digests)),
        ("SHA256SUMS", Some(Digests)),
        ("x.sha1sum", Some(Digests)),
        ("x.torrent", None),
        (".sfv", None),
    ] {
        assert_eq!(ChecksumListKind::of_file(Path::new(file)), kind, "{file}");
    }
}

#[test]
fn nothing_outside_of_the_folder_is_named() {
    let text = format!(
        "{MD5_ABC}  /etc/passwd\n{MD5_ABC}  ../x\n{MD5_ABC}  a/../../x\n{MD5_ABC}  ..\\x\n{MD5_ABC}  ./a\\b\n{MD5_ABC}  ..a\n"
    );
    let list = ChecksumList::read(text.as_bytes(), Digests).unwrap();
    assert_eq!((names(&list), list.bad), (vec!["a/b".into(), "..a".into()], 4));
}

#[test]
fn a_name_in_latin_1_is_found_and_lines_that_disagree_say_nothing() {
    let other = "0".repeat(32);
    let text = [
        MD5_ABC.as_bytes(),
        b"  caf\xe9\n",
        other.as_bytes(),
        b"  x\n",
        MD5_ABC.as_bytes(),
        b"  x\n",
    ];
    let list = ChecksumList::read(&text.concat(), Digests).unwrap();
    assert_eq!(list.of("café").md5, md5(MD5_ABC));
    assert_eq!(list.of("x").md5, None);
    // The whole path is closer than the name.
    let text = format!("{MD5_ABC}  a/x\n{other}  b/x\n");
    let list = ChecksumList::read(text.as_bytes(), Digests).unwrap();
    assert_eq!((list.of("a/x").md5, list.of("b/x").md5), (md5(MD5_ABC), md5(&other)));
    assert_eq!(list.of("c/x").md5, None);
}

#[test]
fn what_is_no_list_is_refused() {
    use ChecksumListError::{NoChecksums, TooLong, Utf16};
    let read = |bytes: &[u8]| ChecksumList::read(bytes, Digests).unwrap_err();
    for nothing in [&b""[..], b"\n\n", b"; comment\n", b"<html>", b"\0\0\0"] {
        assert_eq!(read(nothing), NoChecksums, "{}", nothing.escape_ascii());
    }
    assert_eq!(read(b"\xff\xfep\0l\0"), Utf16);
    assert_eq!(read(&vec![b'x'; MOST_BYTES + 1]), TooLong);
    assert_eq!(read(&b"\n".repeat(MOST_LINES + 1)), TooLong);
    let marked = format!("\u{feff}{MD5_ABC}  x");
    assert_eq!(ChecksumList::read(marked.as_bytes(), Digests).unwrap().of("x").md5, md5(MD5_ABC));
}

proptest! {
    #[test]
    fn a_name_that_coreutils_write_is_found_again(name in "[ -~\n\r\\\\é]{1,20}") {
        let is_plain = !name.contains(['\\', '\n', '\r']);
        prop_assume!(!name.starts_with('/') && !name.starts_with("./") && !name.split('/').any(|it| it == ".."));
        let escaped = name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
        let mark = if is_plain { "" } else { "\\" };
        let text = format!("{mark}{MD5_ABC}  {escaped}\n");
        let list = ChecksumList::read(text.as_bytes(), Digests).unwrap();
        prop_assert_eq!(list.of(&name).md5, md5(MD5_ABC));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), text in "([0-9a-f]{32} ?[*\\\\]?.{0,9}\n?){0,4}") {
        for kind in [Sfv, Digests] {
            let _ = ChecksumList::read(&bytes, kind);
            if let Ok(list) = ChecksumList::read(text.as_bytes(), kind) {
                prop_assert!(list.entries().all(|(name, _)| !name.starts_with(b"/") && !name.is_empty()));
            }
        }
    }
}
