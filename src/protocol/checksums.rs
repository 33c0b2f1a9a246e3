//! Lists of checksums as they lie beside content: `.sfv`, those of `md5sum` and its like, and the tagged form of BSD
//! and OpenSSL. What they name is never used as a path, only compared with a torrent's own.

mod line;

use std::path::Path;

use super::identity::from_hex;

/// Bytes of a list at most.
const MOST_BYTES: usize = 4 << 20;

/// Lines of a list at most.
const MOST_LINES: usize = 100_000;

/// Lines that cannot be understood of which the number is kept.
const SHOWN: usize = 10;

/// A checksum of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// CRC-32, as in zip and `.sfv`.
    Crc32(u32),
    /// MD5.
    Md5([u8; 16]),
    /// SHA-1.
    Sha1([u8; 20]),
    /// SHA-256.
    Sha256([u8; 32]),
}

/// What is known of one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksums {
    /// CRC-32.
    pub crc32: Option<u32>,
    /// MD5.
    pub md5: Option<[u8; 16]>,
    /// SHA-1.
    pub sha1: Option<[u8; 20]>,
    /// SHA-256.
    pub sha256: Option<[u8; 32]>,
}

/// What a list is by its name, for lines that could be read in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumListKind {
    /// `.sfv`: the name, then its CRC-32.
    Sfv,
    /// Others: a digest, then the name.
    Digests,
}

/// A list that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChecksumList {
    /// Names as they stand there, with slashes; and what they are said to have.
    entries: Vec<(Vec<u8>, Checksum)>,
    /// All that there is in a list without a name.
    nameless: Option<Checksum>,
    /// Lines that cannot be understood, or name what lies elsewhere.
    pub bad: usize,
    /// The numbers of the first of these.
    pub bad_lines: Vec<usize>,
}

/// Why a list is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChecksumListError {
    /// More than 4 MiB or 100,000 lines.
    #[error("it is longer than 4 MiB or 100,000 lines; divide it")]
    TooLong,
    /// As some programs for Windows write it.
    #[error("it is in UTF-16; save it in UTF-8")]
    Utf16,
    /// Nothing in it is a checksum.
    #[error("there is no CRC-32, MD5, SHA-1 or SHA-256 in it")]
    NoChecksums,
}

impl ChecksumListKind {
    /// What a file is by its name: `x.sfv`, `x.md5`, `x.sha1`, `x.sha256`, those with `sum` behind, and `MD5SUMS` and
    /// its like. `None` of any other file.
    #[must_use]
    pub fn of_file(file: &Path) -> Option<Self> {
        let extension = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match (extension.to_ascii_lowercase().as_str(), name.to_ascii_uppercase().as_str()) {
            ("sfv", _) => Some(Self::Sfv),
            ("md5" | "sha1" | "sha256" | "md5sum" | "sha1sum" | "sha256sum", _)
            | (_, "MD5SUMS" | "SHA1SUMS" | "SHA256SUMS") => Some(Self::Digests),
            _ => None,
        }
    }
}

impl ChecksumList {
    /// Reads a list. What is wrong in single lines is counted.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(bytes: &[u8], kind: ChecksumListKind) -> Result<Self, ChecksumListError> {
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(ChecksumListError::Utf16);
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        // `md5sum -z` ends lines so, and escapes nothing.
        let ends_with_nul = bytes.contains(&0);
        let end = if ends_with_nul { 0 } else { b'\n' };
        let lines = || bytes.split(|&byte| byte == end);
        if bytes.len() > MOST_BYTES || lines().nth(MOST_LINES + 1).is_some() {
            return Err(ChecksumListError::TooLong);
        }
        let mut list = Self { nameless: line::nameless(bytes), ..Self::default() };
        if list.nameless.is_some() {
            return Ok(list);
        }
        for (number, text) in (1..).zip(lines()) {
            match line::read(text, kind, !ends_with_nul) {
                line::Line::Entry(name, checksum) => list.entries.push((name, checksum)),
                line::Line::Nothing => {}
                line::Line::Bad => {
                    list.bad += 1;
                    if list.bad_lines.len() < SHOWN {
                        list.bad_lines.push(number);
                    }
                }
            }
        }
        if list.entries.is_empty() {
            return Err(ChecksumListError::NoChecksums);
        }
        Ok(list)
    }

    /// What the list says of a file of a torrent, whose path has slashes: where its whole path is named, what is said
    /// of that; else of its name in any folder; else of that in whatever case. Nothing of a kind on which lines
    /// disagree. A list that is one checksum without a name says it of whatever it lies beside.
    #[must_use]
    pub fn of(&self, path: &str) -> Checksums {
        let name = last(path.as_bytes());
        let mut found = self.matching(|listed| is_same(listed, path.as_bytes()));
        if found.is_empty() {
            found = self.matching(|listed| is_same(last(listed), name));
        }
        if found.is_empty() {
            let name = name.trim_ascii();
            found = self.matching(|listed| last(listed).trim_ascii().eq_ignore_ascii_case(name));
        }
        found.extend(self.nameless);
        Checksums::agreed(&found)
    }

    fn matching(&self, is_it: impl Fn(&[u8]) -> bool) -> Vec<Checksum> {
        let entries = self.entries.iter().filter(|(listed, _)| is_it(listed));
        entries.map(|(_, checksum)| *checksum).collect()
    }

    /// All names in the list, and what it says of them.
    pub fn entries(&self) -> impl Iterator<Item = (&[u8], Checksum)> {
        self.entries.iter().map(|(name, checksum)| (name.as_slice(), *checksum))
    }
}

impl Checksums {
    /// Their names and hexadecimal digits, in this order: CRC-32, MD5, SHA-1, SHA-256.
    #[must_use]
    pub fn in_digits(&self) -> [(&'static str, Option<String>); 4] {
        let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        [
            ("crc32", self.crc32.map(|it| digits(&it.to_be_bytes()))),
            ("md5", self.md5.map(|it| digits(&it))),
            ("sha1", self.sha1.map(|it| digits(&it))),
            ("sha256", self.sha256.map(|it| digits(&it))),
        ]
    }

    /// Those in these digits, in the same order; what are no such digits are none.
    #[must_use]
    pub fn from_digits([crc32, md5, sha1, sha256]: [Option<&str>; 4]) -> Self {
        fn bytes<const N: usize>(digits: Option<&str>) -> Option<[u8; N]> {
            from_hex(digits?.as_bytes())
        }
        Self {
            crc32: bytes(crc32).map(u32::from_be_bytes),
            md5: bytes(md5),
            sha1: bytes(sha1),
            sha256: bytes(sha256),
        }
    }

    /// These, and where there is none of a kind, the others.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            crc32: self.crc32.or(others.crc32),
            md5: self.md5.or(others.md5),
            sha1: self.sha1.or(others.sha1),
            sha256: self.sha256.or(others.sha256),
        }
    }

    /// Those on which all agree.
    fn agreed(all: &[Checksum]) -> Self {
        /// What all of one kind are.
        fn one<T: PartialEq>(mut kind: impl Iterator<Item = T>) -> Option<T> {
            let first = kind.next()?;
            kind.all(|other| other == first).then_some(first)
        }
        macro_rules! agreed {
            ($kind:ident) => {
                one(all.iter().filter_map(|checksum| match checksum {
                    Checksum::$kind(value) => Some(*value),
                    _ => None,
                }))
            };
        }
        Self {
            crc32: agreed!(Crc32),
            md5: agreed!(Md5),
            sha1: agreed!(Sha1),
            sha256: agreed!(Sha256),
        }
    }
}

/// The name at the end of a path.
fn last(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}

/// Whether a name in a list is this one: byte for byte, without a blank more that an `.sfv` has before the checksum,
/// or in Latin-1, in which old programs wrote.
fn is_same(listed: &[u8], path: &[u8]) -> bool {
    let is_latin_1 = || {
        let text: String = listed.iter().map(|&byte| char::from(byte)).collect();
        text.as_bytes() == path
    };
    listed == path
        || listed.trim_ascii() == path
        || (str::from_utf8(listed).is_err() && is_latin_1())
}

#[cfg(test)]
mod tests;
