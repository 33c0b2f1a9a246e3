use std::fs;
use std::num::NonZeroU64;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::protocol::{ContentHashes, PieceLength, TorrentVersion};

const LENGTH: PieceLength = PieceLength::SHORTEST;

/// A folder with these files; folders are made.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn find(folder: &TempDir) -> Result<Content, ContentError> {
    Content::find(folder.path(), Some("x"), Selection::default())
}

fn paths(content: &Content) -> Vec<String> {
    content.files().iter().map(|file| file.path.join("/")).collect()
}

#[test]
fn files_are_sorted_by_the_parts_of_their_paths_and_dots_are_left_out() {
    let files: [(&str, &[u8]); 6] = [
        ("a.b", b"1"),
        ("a/x", b"2"),
        ("a/é", b""),
        (".git/config", b"3"),
        ("z/.htaccess", b"4"),
        ("B", b"5"),
    ];
    let folder = folder(&files);
    let content = find(&folder).unwrap();
    assert_eq!(paths(&content), ["B", "a/x", "a/é", "a.b"]);
    assert_eq!((content.size(), content.left_out, content.is_folder()), (3, 2, true));
    let all = Selection { hidden: true, linked: false };
    let all = Content::find(folder.path(), None, all).unwrap();
    assert_eq!(paths(&all), [".git/config", "B", "a/x", "a/é", "a.b", "z/.htaccess"]);
    assert_eq!(all.left_out, 0);
    let single = Content::find(&folder.path().join("a/x"), None, Selection::default()).unwrap();
    assert_eq!((single.name.as_str(), single.files()[0].path.len()), ("x", 0));
    assert!(!single.is_folder());
    let above = Content::find(&folder.path().join("z/.."), None, Selection::default()).unwrap();
    assert_eq!(above.name, folder.path().file_name().unwrap().to_str().unwrap());
}

#[test]
fn links_are_refused_or_followed_but_never_in_circles() {
    let folder = folder(&[("a/x", b"12"), ("b", b"3")]);
    symlink("a", folder.path().join("link")).unwrap();
    let refused = find(&folder).unwrap_err();
    assert!(matches!(&refused, ContentError::Link(path) if path.ends_with("link")), "{refused}");
    let follow = || {
        Content::find(folder.path(), Some("x"), Selection { linked: true, ..Selection::default() })
    };
    assert_eq!(paths(&follow().unwrap()), ["a/x", "b", "link/x"]);
    symlink("..", folder.path().join("a/up")).unwrap();
    assert!(matches!(follow().unwrap_err(), ContentError::Circle(path) if path.ends_with("up")));
    // What the owner names may be a link itself.
    let named = Content::find(&folder.path().join("link/x"), None, Selection::default());
    assert_eq!(named.unwrap().size(), 2);
}

#[test]
fn what_no_client_could_save_under_its_name_is_refused() {
    for (name, problem) in [
        (vec![b'a', 0xff], "is not UTF-8"),
        (vec![b'x'; 241], "longer than 240 bytes"),
        (b"a\\b".to_vec(), "backslashes"),
        (b"a\nb".to_vec(), "cannot be seen"),
        ("doc\u{202e}fdp".into(), "cannot be seen"),
    ] {
        let folder = folder(&[("fine", b"1")]);
        fs::write(folder.path().join(std::ffi::OsString::from_vec(name)), "1").unwrap();
        let refused = find(&folder).unwrap_err().to_string();
        assert!(refused.contains(problem) && refused.ends_with("rename it"), "{refused}");
    }
    assert_eq!(check_name("fine.iso"), Ok(()));
    for name in ["", ".", "..", "a/b"] {
        assert!(check_name(name).is_err(), "{name}");
    }
}

#[test]
fn what_cannot_be_shared_is_named() {
    let said = |folder: &TempDir| find(folder).unwrap_err().to_string();
    let empty = folder(&[("a/b", b""), ("c", b"")]);
    assert!(said(&empty).contains("all files are empty"), "{}", said(&empty));
    let none = folder(&[(".hidden", b"1")]);
    assert!(said(&none).contains("there is no file in"), "{}", said(&none));
    let special = folder(&[("a", b"1")]);
    let _socket = std::os::unix::net::UnixListener::bind(special.path().join("socket")).unwrap();
    assert!(said(&special).contains("neither a file nor a folder"), "{}", said(&special));
    let gone = Content::find(Path::new("/nowhere/x"), None, Selection::default());
    assert!(gone.unwrap_err().to_string().starts_with("cannot read /nowhere/x: "));
    let root = Content::find(Path::new("/"), None, Selection::default());
    assert!(root.unwrap_err().to_string().contains("--name"));
    let deep = folder(&[]);
    let path = deep.path().join("d/".repeat(MOST_LEVELS));
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("file"), "1").unwrap();
    assert!(said(&deep).contains("90 folders deep"), "{}", said(&deep));
}

#[test]
fn a_file_that_changes_meanwhile_is_noticed_whatever_happens_to_it() {
    let content = vec![1; 3 << 20];
    let changes: [fn(&Path); 4] = [
        |file| fs::write(file, "shorter").unwrap(),
        |file| fs::write(file, vec![1; 4 << 20]).unwrap(),
        |file| {
            fs::rename(file, file.with_file_name("old")).unwrap();
            fs::write(file, vec![2; 3 << 20]).unwrap();
        },
        |file| {
            let file = fs::File::options().write(true).open(file).unwrap();
            file.set_modified(std::time::UNIX_EPOCH).unwrap();
        },
    ];
    for change in changes {
        let folder = folder(&[("a", &content)]);
        let found = find(&folder).unwrap();
        change(&folder.path().join("a"));
        let refused = found.hash(TorrentVersion::V1, LENGTH, &|_| ()).unwrap_err();
        assert!(matches!(refused, ContentError::Changed(_)), "{refused}");
    }
    let folder = folder(&[("a", &content), ("b", b"1")]);
    let found = find(&folder).unwrap();
    fs::remove_file(folder.path().join("b")).unwrap();
    let refused = found.hash(TorrentVersion::Hybrid, LENGTH, &|_| ()).unwrap_err();
    assert!(
        matches!(&refused, ContentError::Read { path, .. } if path.ends_with("b")),
        "{refused}"
    );
    // While it is read: the first word of progress comes in the middle of the file.
    let folder = self::folder(&[("a", &content)]);
    let found = find(&folder).unwrap();
    let grow = |_| {
        use std::io::Write as _;
        let mut file = fs::File::options().append(true).open(folder.path().join("a")).unwrap();
        file.write_all(b"more").unwrap();
    };
    let refused = found.hash(TorrentVersion::V2, LENGTH, &grow).unwrap_err();
    assert!(matches!(refused, ContentError::Changed(_)), "{refused}");
}

/// The same hashes in the simplest way.
fn simply(files: &[Vec<u8>], version: TorrentVersion, is_folder: bool) -> ContentHashes {
    let v2 = |file: &Vec<u8>| {
        let size = NonZeroU64::new(file.len() as u64);
        let pieces = file.chunks(LENGTH.buffer());
        pieces.map(|piece| LENGTH.v2_hash(piece, size.unwrap())).collect()
    };
    let mut stream = Vec::new();
    for file in files {
        stream.extend_from_slice(file);
        if version.has_v2() && is_folder {
            stream.resize(stream.len().next_multiple_of(LENGTH.buffer()), 0);
        }
    }
    let v1 = stream.chunks(LENGTH.buffer()).map(|piece| LENGTH.v1_hash(piece, true)).collect();
    ContentHashes {
        v1: if version.has_v1() { v1 } else { Vec::new() },
        v2: if version.has_v2() { files.iter().map(v2).collect() } else { Vec::new() },
    }
}

fn size() -> impl Strategy<Value = usize> {
    let piece = LENGTH.buffer();
    prop_oneof![0..20_usize, piece - 2..piece + 2, 0..5 * piece, (1 << 20) - 1..(1_usize << 20) + 2]
}

fn version() -> impl Strategy<Value = TorrentVersion> {
    prop::sample::select(vec![TorrentVersion::V1, TorrentVersion::Hybrid, TorrentVersion::V2])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn however_threads_share_the_work_the_hashes_are_those_of_the_content(
        sizes in prop::collection::vec(size(), 1..5),
        version in version(),
    ) {
        prop_assume!(sizes.iter().any(|&size| size > 0));
        let fill = |(number, &size): (usize, &usize)| -> Vec<u8> {
            (0..size).map(|at| u8::try_from((at / 97 + number) % 251).unwrap()).collect()
        };
        let files: Vec<Vec<u8>> = sizes.iter().enumerate().map(fill).collect();
        let names: Vec<String> = (0..files.len()).map(|number| format!("{number}")).collect();
        let named: Vec<(&str, &[u8])> =
            names.iter().zip(&files).map(|(name, file)| (name.as_str(), file.as_slice())).collect();
        let folder = folder(&named);
        let content = find(&folder).unwrap();
        let told = AtomicU64::new(0);
        let tell = |bytes| _ = told.fetch_add(bytes, Ordering::Relaxed);
        let hashes = content.hash(version, LENGTH, &tell).unwrap();
        prop_assert_eq!(hashes, simply(&files, version, true));
        prop_assert_eq!(told.into_inner(), content.size());
        if sizes[0] > 0 {
            let single = Content::find(&folder.path().join("0"), None, Selection::default()).unwrap();
            let hashes = single.hash(version, LENGTH, &|_| ()).unwrap();
            prop_assert_eq!(hashes, simply(&files[..1], version, false));
        }
    }
}
