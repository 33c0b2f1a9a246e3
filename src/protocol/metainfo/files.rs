//! The files that an info dictionary lists, as far as a tracker cares: how large the torrent is,
//! and whether any client could use it.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_bytes::ByteBuf;

use super::MetainfoError;
use crate::protocol::bencode::Value;

/// One file of a v1 list, or one leaf of a v2 tree.
pub(super) struct File {
    length: i64,
    has_path: bool,
    has_root: bool,
    is_pad: bool,
    is_symlink: bool,
}

impl File {
    /// Bytes that the file takes of the torrent; a symbolic link takes none (BEP 47).
    fn size(&self) -> Result<u64, MetainfoError> {
        if self.is_symlink {
            return Ok(0);
        }
        u64::try_from(self.length).map_err(|_| MetainfoError::NegativeLength(self.length))
    }
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FileVisitor)
    }
}

/// Reads a file by hand because keys may be repeated, and need not be UTF-8.
struct FileVisitor;

impl<'de> Visitor<'de> for FileVisitor {
    type Value = File;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a dictionary that describes a file")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<File, A::Error> {
        let mut length = None;
        let mut attributes = None;
        let (mut has_path, mut has_root) = (false, false);
        while let Some(key) = map.next_key::<ByteBuf>()? {
            match key.as_slice() {
                b"length" => {
                    let stated = map.next_value::<i64>()?;
                    length.get_or_insert(stated);
                }
                b"attr" => {
                    let stated = map.next_value::<ByteBuf>()?;
                    attributes.get_or_insert(stated);
                }
                b"path" | b"path.utf-8" => has_path |= map.next_value::<PathParts>()?.0 > 0,
                b"pieces root" => has_root |= is_root(&map.next_value::<ByteBuf>()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let has = |letter| attributes.as_ref().is_some_and(|letters| letters.contains(&letter));
        Ok(File {
            length: length.ok_or_else(|| A::Error::missing_field("length"))?,
            has_path,
            has_root,
            is_pad: has(b'p'),
            is_symlink: has(b'l'),
        })
    }
}

/// How many parts a path has. They are not kept: a hostile path has millions.
struct PathParts(usize);

impl<'de> Deserialize<'de> for PathParts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(PathVisitor)
    }
}

struct PathVisitor;

impl<'de> Visitor<'de> for PathVisitor {
    type Value = PathParts;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of the parts of a path")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<PathParts, A::Error> {
        let mut count = 0;
        while parts.next_element::<ByteBuf>()?.is_some() {
            count += 1;
        }
        Ok(PathParts(count))
    }
}

/// Whether it can be the root of a file's Merkle tree: a SHA-256 other than nought.
fn is_root(bytes: &[u8]) -> bool {
    bytes.len() == 32 && bytes.iter().any(|&byte| byte != 0)
}

/// Reads a v2 tree of folders into the list of its files. The depth was checked before.
pub(super) struct Tree<'v>(pub(super) &'v mut Vec<File>);

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a dictionary of folders and files")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<ByteBuf>()? {
            if name.is_empty() {
                self.0.push(map.next_value()?);
            } else {
                map.next_value_seed(Tree(self.0))?;
            }
        }
        Ok(())
    }
}

/// The v1 files' size together, with pad files, as clients show it.
pub(super) fn v1_size(files: Value<'_>) -> Result<u64, MetainfoError> {
    let files: Vec<File> = files.read(PhantomData).map_err(MetainfoError::Files)?;
    if files.is_empty() {
        return Err(MetainfoError::NoFiles);
    }
    files.iter().try_fold(0_u64, |sum, file| {
        if !file.has_path && !file.is_pad {
            return Err(MetainfoError::UnnamedFile);
        }
        sum.checked_add(file.size()?).ok_or(MetainfoError::TooLarge)
    })
}

/// What the v2 files take, each rounded up to whole pieces (BEP 52).
pub(super) struct V2Size {
    /// All together.
    pub(super) padded: u64,
    /// The part of it that fills up the last piece of the last file.
    pub(super) tail: u64,
}

/// Sums up a v2 tree of files; `piece_length` is not 0.
pub(super) fn v2_size(tree: Value<'_>, piece_length: u64) -> Result<V2Size, MetainfoError> {
    let mut files = Vec::new();
    tree.read(Tree(&mut files)).map_err(MetainfoError::Files)?;
    if files.is_empty() {
        return Err(MetainfoError::NoFiles);
    }
    let mut total = V2Size { padded: 0, tail: 0 };
    for file in &files {
        if file.is_pad {
            return Err(MetainfoError::PadFileInTree);
        }
        let size = file.size()?;
        if size == 0 {
            continue;
        }
        if !file.has_root {
            return Err(MetainfoError::NoPiecesRoot);
        }
        let padded = size.checked_next_multiple_of(piece_length).ok_or(MetainfoError::TooLarge)?;
        total.tail = padded - size;
        total.padded = total.padded.checked_add(padded).ok_or(MetainfoError::TooLarge)?;
    }
    Ok(total)
}
