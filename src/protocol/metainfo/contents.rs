//! What a `.torrent` file says that people want to see: its files, its pieces, its trackers and web seeds. All of it
//! is text of strangers; it is bounded, and names are made safe to show.

use super::files::File;
use super::name::sanitized;
use crate::protocol::bencode::Value;

/// Folders above a file at most; what lies deeper is shown with a longer name.
const DEEPEST: usize = 12;

/// Trackers and web seeds at most.
const MOST_ADDRESSES: usize = 20;

/// Bytes of an address at most.
const LONGEST_ADDRESS: usize = 500;

/// What a name is shown as that names nothing.
const NAMELESS: &str = "_";

/// What is in a torrent, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Its first files, in the order of the torrent; without those that only fill up pieces.
    pub files: Vec<ContentFile>,
    /// How many files it has.
    pub count: usize,
    /// Bytes of all of them.
    pub size: u64,
    /// Bytes of a piece, where that is said.
    pub piece_length: Option<u64>,
    /// Announce URLs, the first ones.
    pub trackers: Vec<String>,
    /// Addresses from which clients fetch the content too (BEP 19), the first ones.
    pub web_seeds: Vec<String>,
}

/// A file of a torrent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentFile {
    /// The names of its folders, and its own.
    pub path: Vec<String>,
    /// Bytes.
    pub size: u64,
}

impl Contents {
    /// Reads a `.torrent` file, and keeps so many of its files. `None` for bytes that are none.
    #[must_use]
    pub fn read(torrent: &[u8], most: usize) -> Option<Self> {
        let torrent = Value::parse(torrent).ok()?;
        let info = torrent.get(b"info").filter(|info| info.is_dictionary())?;
        let mut contents = Self {
            piece_length: info.get(b"piece length").and_then(size),
            trackers: addresses(&[torrent.get(b"announce-list"), torrent.get(b"announce")]),
            web_seeds: addresses(&[torrent.get(b"url-list")]),
            ..Self::default()
        };
        let name = || text(info, [b"name.utf-8", b"name"]);
        if let Some(files) = info.get(b"files").filter(|files| files.is_list()) {
            for file in files.items().filter(|file| !File(*file).is_padding()) {
                let path = || path_of(file);
                contents.add(path, file.get(b"length").and_then(size), most);
            }
        } else if let Some(length) = info.get(b"length").and_then(size) {
            contents.add(|| vec![name()], Some(length), most);
        } else if let Some(tree) = info.get(b"file tree") {
            contents.add_tree(tree, &mut Vec::new(), most);
        }
        Some(contents)
    }

    fn add(&mut self, path: impl FnOnce() -> Vec<String>, size: Option<u64>, most: usize) {
        let size = size.unwrap_or(0);
        self.count += 1;
        self.size = self.size.saturating_add(size);
        if self.files.len() < most {
            self.files.push(ContentFile { path: path(), size });
        }
    }

    /// Bencode nests only so deep, and so does this.
    fn add_tree<'v>(&mut self, tree: Value<'v>, above: &mut Vec<&'v [u8]>, most: usize) {
        for (name, value) in tree.entries() {
            if name.is_empty() {
                if !File(value).is_padding() {
                    let path = || shown(above.iter().copied());
                    self.add(path, value.get(b"length").and_then(size), most);
                }
                continue;
            }
            above.push(name);
            self.add_tree(value, above, most);
            above.pop();
        }
    }
}

fn size(value: Value<'_>) -> Option<u64> {
    u64::try_from(value.integer()?).ok()
}

fn text(dictionary: Value<'_>, keys: [&[u8]; 2]) -> String {
    let raw = keys.iter().find_map(|key| dictionary.get(key).and_then(Value::string));
    raw.and_then(sanitized).unwrap_or_else(|| NAMELESS.into())
}

fn path_of(file: Value<'_>) -> Vec<String> {
    shown(File(file).path().into_iter().flat_map(Value::items).filter_map(Value::string))
}

fn shown<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut path: Vec<String> = Vec::new();
    for part in parts {
        let name = sanitized(part).unwrap_or_else(|| NAMELESS.into());
        let is_deep = path.len() > DEEPEST;
        match path.last_mut().filter(|_| is_deep) {
            Some(last) => {
                last.push('/');
                last.push_str(&name);
            }
            None => path.push(name),
        }
    }
    if path.is_empty() { vec![NAMELESS.into()] } else { path }
}

/// The first addresses that stand in these, each once, however lists are nested.
fn addresses(values: &[Option<Value<'_>>]) -> Vec<String> {
    let mut addresses: Vec<String> = Vec::new();
    for text in values.iter().flatten().flat_map(|value| value.strings()) {
        let text = text.trim_ascii();
        let is_address = !text.is_empty() && text.len() <= LONGEST_ADDRESS;
        let Some(address) = str::from_utf8(text).ok().filter(|_| is_address) else { continue };
        let is_plain = !address.chars().any(char::is_control);
        if is_plain && !addresses.iter().any(|known| known == address) {
            addresses.push(address.to_owned());
        }
        if addresses.len() == MOST_ADDRESSES {
            break;
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(torrent: &str) -> Contents {
        Contents::read(torrent.as_bytes(), 3).unwrap()
    }

    fn paths(contents: &Contents) -> Vec<String> {
        contents.files.iter().map(|file| file.path.join("/")).collect()
    }

    #[test]
    fn a_single_file_has_the_name_of_the_torrent() {
        let torrent =
            "d8:announce12:http://a/ann4:infod6:lengthi7e4:name5:a.iso12:piece lengthi16384eee";
        let contents = read(torrent);
        assert_eq!(contents.files, [ContentFile { path: vec!["a.iso".into()], size: 7 }]);
        assert_eq!((contents.count, contents.size), (1, 7));
        assert_eq!(contents.piece_length, Some(16384));
        assert_eq!(contents.trackers, ["http://a/ann"]);
    }

    #[test]
    fn of_many_files_the_first_are_kept_and_all_are_counted() {
        let file = |n: usize| format!("d6:lengthi{n}e4:pathl1:d1:{n}ee");
        let files: String = (1..=5).map(file).collect();
        let padding = "d4:attr1:p6:lengthi99e4:pathl4:.pad2:99ee";
        let contents = read(&format!("d4:infod5:filesl{padding}{files}e4:name1:xee"));
        assert_eq!(paths(&contents), ["d/1", "d/2", "d/3"]);
        assert_eq!((contents.count, contents.size), (5, 15));
    }

    #[test]
    fn a_tree_of_version_2_is_walked() {
        let leaf = |n: usize| format!("d0:d6:lengthi{n}eee");
        let tree = format!("d1:a{}1:bd1:c{}1:dd0:d4:attr1:p6:lengthi9eeeee", leaf(1), leaf(2));
        let contents = read(&format!("d4:infod9:file tree{tree}12:meta versioni2e4:name1:xee"));
        assert_eq!(paths(&contents), ["a", "b/c"]);
        assert_eq!((contents.count, contents.size), (2, 3));
    }

    #[test]
    fn names_of_strangers_are_safe_to_show() {
        let part = "2:..5:a/b\nc7:x\u{202e}fdp";
        let many = "1:y".repeat(40);
        let contents = read(&format!(
            "d4:infod5:filesld6:lengthi-1e4:pathl{part}eed4:pathl{many}eee4:name1:xee"
        ));
        assert_eq!(contents.files[0].path, ["_", "ab_c", "xfdp"]);
        assert_eq!(contents.files[1].path.len(), DEEPEST + 1);
        assert_eq!(contents.size, 0);
        let lists = "13:announce-listll3:one3:twoel3:oneee8:url-listl7:http://2:\n\ne";
        let contents = read(&format!("d{lists}4:infod4:name1:xee"));
        assert_eq!(contents.trackers, ["one", "two"]);
        assert_eq!(contents.web_seeds, ["http://"]);
    }

    proptest! {
        #[test]
        fn whatever_stands_there_is_bounded(bytes in any::<Vec<u8>>(), most in 0..5_usize) {
            let mut torrent = b"d4:infod5:filesl".to_vec();
            torrent.extend_from_slice(&bytes);
            torrent.extend_from_slice(b"eee");
            for torrent in [&torrent, &bytes] {
                if let Some(contents) = Contents::read(torrent, most) {
                    prop_assert!(contents.files.len() <= most);
                    prop_assert!(contents.files.iter().all(|file| !file.path.is_empty()));
                }
            }
        }
    }
}
