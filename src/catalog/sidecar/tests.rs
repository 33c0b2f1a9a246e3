//! What sidecars say, and what is wrong with them.

use std::fs;
use std::os::unix::fs::symlink;

use proptest::prelude::*;

use super::*;

fn flaw(content: &[u8]) -> String {
    parse(content).unwrap_err().to_string()
}

#[test]
fn all_that_can_be_said_is_understood() {
    let text = r#"
        title = "A title"
        description = " described "
        category = "music"
        group = "ours"
        mirror = "http://mirror.example/"
        info_url = "https://info.example/"
        crc32 = "01234567"
        md5 = "0123456789abcdef0123456789ABCDEF"
        sha1 = "0101010101010101010101010101010101010101"
        sha256 = "0202020202020202020202020202020202020202020202020202020202020202"
        hidden = false
        retired = "use version 2"
        link_until = 2027-01-31
        list_from = 2027-01-31T18:00:00
        list_until = "2027-01-31T18:00:00+01:00"
    "#;
    let some = |text: &str| Some(text.to_owned());
    let md5 = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
    let midnight = 1_801_353_600;
    let expected = Details {
        hidden: Some(false),
        title: some("A title"),
        description: some("described"),
        category: some("music"),
        group: some("ours"),
        mirror: some("http://mirror.example/"),
        info_url: some("https://info.example/"),
        checksums: Checksums {
            crc32: Some(0x0123_4567),
            md5: Some([md5, md5].concat().try_into().unwrap()),
            sha1: Some([1; 20]),
            sha256: Some([2; 32]),
        },
        retirement: Some(Retirement::Retired("use version 2".into())),
        link_until: Some(Timestamp(midnight)),
        list_from: Some(Timestamp(midnight + 18 * 3600)),
        list_until: Some(Timestamp(midnight + 17 * 3600)),
    };
    assert_eq!(parse(text.as_bytes()).unwrap(), expected);
    assert_eq!(KEYS.len(), expected.in_words().len());
    for (key, said) in expected.in_words() {
        assert!(KEYS.contains(&key) && said.is_some(), "{key}");
    }
    let with_mark = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    assert_eq!(parse(&with_mark).unwrap(), expected, "as some editors of Windows save it");
}

#[test]
fn empty_texts_say_nothing_and_true_retires_with_the_usual_reason() {
    let said = |text: &str| parse(text.as_bytes()).unwrap();
    assert_eq!(said("title = ''\ncrc32 = ''\nmirror = ''\nlist_until = ''"), Details::default());
    assert_eq!(said("retired = false"), Details::default());
    assert_eq!(said("retired = true").retired(), Some(""));
}

#[test]
fn a_description_has_lines() {
    let text = "description = '''\n\n# a\r\n\n\tb\n'''";
    let said = parse(text.as_bytes()).unwrap();
    assert_eq!(said.description.as_deref(), Some("# a\n\n\tb"));
    let long = format!("description = '{}'", "x".repeat(20_001));
    assert!(flaw(long.as_bytes()).contains("write at most 20000 bytes"));
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_what_was_meant() {
    for (text, expected) in [
        ("\n\nhiden = true", "line 3: unknown key `hiden`; did you mean `hidden`?"),
        ("list-until = 1", "line 1: unknown key `list-until`; did you mean `list_until`?"),
        ("color = 1", "line 1: unknown key `color`; the keys are hidden, title"),
        ("title = []", "line 1: wrong value for `title`: it must be text in quotes"),
        ("title = \"\"\"a\nb\"\"\"", "`title`: write it in one line"),
        ("description = \"a\\u0007b\"", "write no control characters but line breaks and tabs"),
        ("hidden = 'yes'", "`hidden`: it must be true or false"),
        ("retired = ''", "`retired`: it must be the reason in quotes, or true"),
        ("retired = 1", "`retired`: it must be the reason in quotes, or true"),
        ("title = 'a'\nlink_until = 'soon'", "line 2: wrong value for `link_until`: it is no date"),
        ("link_until = 18:00:00", "`link_until`: it is no date"),
        ("link_until = 1969-12-31", "`link_until`: it lies before 1970"),
        ("link_until = 2027", "`link_until`: it is no date"),
        ("crc32 = '0123'", "`crc32`: write 8 hexadecimal digits"),
        ("sha1 = 'x'", "`sha1`: write 40 hexadecimal digits"),
        ("info_url = 'javascript:alert(1)'", "is not an http(s) URL"),
        ("title = 'a'\ntitle = 'b'", "line 2 cannot be read: `title` is there twice"),
        ("title = 'a'\ntitle b", "line 2 cannot be read: there is no `=` in it"),
        ("title = A title", "line 1 cannot be read: text stands in quotes; write \"A title\""),
        ("# nothing but a comment", "there is nothing in it"),
        ("", "there is nothing in it"),
    ] {
        assert!(flaw(text.as_bytes()).contains(expected), "{text}: {}", flaw(text.as_bytes()));
    }
    assert_eq!(flaw(b"title = '\xff'"), "it is not UTF-8; save it as UTF-8");
    let long = format!("retired = '{}'", "x".repeat(201));
    assert!(flaw(long.as_bytes()).contains("at most 200 bytes"));
}

#[test]
fn only_a_file_of_some_size_is_read_and_nothing_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let text = "title = 'a'\n";
    let rest = usize::try_from(MOST_BYTES).unwrap() - text.len();
    fs::write(at("full"), format!("{text}{}", "#".repeat(rest))).unwrap();
    fs::write(at("fuller"), format!("{text}{}", "#".repeat(rest + 1))).unwrap();
    symlink(at("full"), at("link")).unwrap();
    fs::create_dir(at("folder")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    assert_eq!(read(&at("full")).unwrap().0.title.as_deref(), Some("a"));
    assert!(matches!(read(&at("fuller")), Err(SidecarError::TooLarge)));
    assert!(matches!(read(&at("link")), Err(SidecarError::Link)));
    assert!(matches!(read(&at("pipe")), Err(SidecarError::NotAFile)));
    assert!(matches!(read(&at("folder")), Err(SidecarError::NotAFile)));
    assert!(matches!(read(&at("nothing")), Err(SidecarError::Unreadable(_))));
}

#[test]
fn no_depth_is_too_deep() {
    for open in ["[", "{a="] {
        let text = format!("title = {}", open.repeat(20_000));
        assert!(flaw(text.as_bytes()).contains("cannot be read"));
        let name = format!("title{} = 1", ".a".repeat(20_000));
        assert!(parse(name.as_bytes()).is_err());
    }
}

#[test]
fn a_section_is_named_as_what_sidecars_do_not_have() {
    for text in ["[album]\ntitle = 'a'", "hidden = true\n[ title ]", "[[album]]"] {
        let told = flaw(text.as_bytes());
        assert!(told.contains("a sidecar has no sections; remove ["), "{text}: {told}");
    }
    assert!(flaw(b"title = { a = 1 }").contains("wrong value for `title`"));
}

proptest! {
    #[test]
    fn whatever_is_in_it_it_is_understood_or_refused(content: Vec<u8>) {
        let _ = parse(&content);
    }

    /// Whatever is written after something that is wrong, nothing of the sidecar counts.
    #[test]
    fn one_wrong_key_is_enough(key in "[a-z_]{1,12}", value in "[a-z0-9]{0,40}") {
        let text = format!("hidden = true\n{key} = '{value}'\n");
        let allowed = KEYS.contains(&key.as_str());
        prop_assert!(allowed || parse(text.as_bytes()).is_err());
    }
}
