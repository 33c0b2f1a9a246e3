//! The files that an info dictionary lists, as far as a tracker cares: how large the torrent is. What
//! else stands there may be of any type; no tracker needs it.

use super::{Flaw, MetainfoError};
use crate::protocol::bencode::Value;

/// One file of a v1 list, or one leaf of a v2 tree.
pub(super) struct File<'v>(pub(super) Value<'v>);

impl<'v> File<'v> {
    fn of(value: Value<'v>) -> Result<Self, MetainfoError> {
        Some(Self(value)).filter(|_| value.is_dictionary()).ok_or(MetainfoError::NotAFile)
    }

    /// Bytes that the file takes of the torrent; a symbolic link takes none and need not say so
    /// (BEP 47).
    fn size(&self) -> Result<u64, MetainfoError> {
        if self.has_attribute(b'l') {
            return Ok(0);
        }
        let length = self.0.get(b"length").and_then(Value::integer);
        let length = length.ok_or(MetainfoError::FileLength)?;
        u64::try_from(length).map_err(|_| MetainfoError::NegativeLength(length))
    }

    fn has_attribute(&self, letter: u8) -> bool {
        let letters = self.0.get(b"attr").and_then(Value::string);
        letters.is_some_and(|letters| letters.contains(&letter))
    }

    /// Whether it only fills up a piece (BEP 47).
    pub(super) fn is_padding(&self) -> bool {
        self.has_attribute(b'p')
    }

    /// The names of its folders and its own, where they are listed.
    pub(super) fn path(&self) -> Option<Value<'v>> {
        let keys: [&[u8]; 2] = [b"path.utf-8", b"path"];
        keys.iter().find_map(|key| self.0.get(key).filter(|path| path.is_list()))
    }

    fn has_path(&self) -> bool {
        let keys: [&[u8]; 2] = [b"path", b"path.utf-8"];
        keys.iter()
            .filter_map(|key| self.0.get(key))
            .any(|path| path.items().next().is_some_and(|part| part.string().is_some()))
    }

    /// Whether it has what can be the root of a Merkle tree: a SHA-256 other than nought.
    fn has_root(&self) -> bool {
        let root = self.0.get(b"pieces root").and_then(Value::string);
        root.is_some_and(|root| root.len() == 32 && root.iter().any(|&byte| byte != 0))
    }
}

/// The path of a torrent's file below its folder, with slashes, where it has just one; of a torrent that was read.
pub fn sole_file(content: &[u8]) -> Option<String> {
    let info = Value::parse(content).ok()?.get(b"info")?;
    let text = |parts: Vec<&[u8]>| String::from_utf8_lossy(&parts.join(&b'/')).into_owned();
    if let Some(files) = info.get(b"files").filter(|files| files.is_list()) {
        let mut files = files.items().map(File).filter(|file| !file.is_padding());
        let (file, None) = (files.next()?, files.next()) else { return None };
        return Some(text(file.path()?.items().filter_map(Value::string).collect()));
    }
    if let Some(tree) = info.get(b"file tree").filter(|_| info.get(b"length").is_none()) {
        let (Some(_), None) = (tree.leaves().next(), tree.leaves().nth(1)) else { return None };
        return Some(text(tree.strings().take_while(|part| !part.is_empty()).collect()));
    }
    let name = info.get(b"name.utf-8").or_else(|| info.get(b"name"))?;
    Some(text(vec![name.string()?]))
}

/// The v1 files' size together, with pad files, as clients show it.
pub(super) fn v1_size(files: Value<'_>, flaws: &mut Vec<Flaw>) -> Result<u64, MetainfoError> {
    let mut total = None;
    for file in files.items() {
        let file = File::of(file)?;
        if !file.has_path() && !file.is_padding() {
            note(flaws, Flaw::UnnamedFile);
        }
        let sum = total.unwrap_or(0_u64).checked_add(file.size()?);
        total = Some(sum.ok_or(MetainfoError::TooLarge)?);
    }
    total.ok_or(MetainfoError::NoFiles)
}

/// What the v2 files take, each rounded up to whole pieces (BEP 52).
pub(super) struct V2Size {
    /// All together.
    pub(super) padded: u64,
    /// The part of it that fills up the last piece of the last file.
    pub(super) tail: u64,
}

/// Sums up a v2 tree of files; `piece_length` is not 0.
pub(super) fn v2_size(
    tree: Value<'_>,
    piece_length: u64,
    flaws: &mut Vec<Flaw>,
) -> Result<V2Size, MetainfoError> {
    let mut total = V2Size { padded: 0, tail: 0 };
    if tree.leaves().next().is_none() {
        return Err(MetainfoError::NoFiles);
    }
    for file in tree.leaves() {
        let file = File::of(file)?;
        if file.is_padding() {
            note(flaws, Flaw::PadFileInTree);
        }
        let size = file.size()?;
        if size == 0 {
            continue;
        }
        if !file.has_root() {
            note(flaws, Flaw::NoPiecesRoot);
        }
        let padded = size.checked_next_multiple_of(piece_length).ok_or(MetainfoError::TooLarge)?;
        total.tail = padded - size;
        total.padded = total.padded.checked_add(padded).ok_or(MetainfoError::TooLarge)?;
    }
    Ok(total)
}

/// Notes a flaw once, however many files have it.
fn note(flaws: &mut Vec<Flaw>, flaw: Flaw) {
    if !flaws.contains(&flaw) {
        flaws.push(flaw);
    }
}
