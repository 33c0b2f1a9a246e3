//! One line of a list of checksums.

use super::{Checksum, ChecksumListKind};
use crate::protocol::identity::from_hex;

/// What a line is.
pub(super) enum Line {
    /// A name with slashes, relative; and its checksum.
    Entry(Vec<u8>, Checksum),
    /// Empty, or a comment.
    Nothing,
    /// Anything else.
    Bad,
}

/// Reads a line without the end that it was split at. `may_escape`: a backslash before everything means that there
/// are such in the name.
pub(super) fn read(line: &[u8], kind: ChecksumListKind, may_escape: bool) -> Line {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let is_comment = |marks: &[u8]| line.first().is_some_and(|first| marks.contains(first));
    if line.trim_ascii().is_empty() || (kind == ChecksumListKind::Sfv && is_comment(b";")) {
        return Line::Nothing;
    }
    let digests = || tagged(line, may_escape).or_else(|| digest_first(line, may_escape));
    let entry = match kind {
        ChecksumListKind::Sfv => sfv(line).or_else(digests),
        ChecksumListKind::Digests => digests().or_else(|| sfv(line)),
    };
    match entry.and_then(|(name, checksum)| Some((relative(name)?, checksum))) {
        Some((name, checksum)) => Line::Entry(name, checksum),
        None if is_comment(b"#;") => Line::Nothing,
        None => Line::Bad,
    }
}

type Entry = (Vec<u8>, Checksum);

/// `name 352441C2`. A second blank before the checksum belongs to the name.
fn sfv(line: &[u8]) -> Option<Entry> {
    let line = line.trim_ascii_end();
    let blank = line.iter().rposition(|byte| matches!(byte, b' ' | b'\t'))?;
    let (name, digits) = (line.get(..blank)?, line.get(blank + 1..)?);
    let checksum = from_hex::<4>(digits)?;
    Some((unescaped(name, false)?, Checksum::Crc32(u32::from_be_bytes(checksum))))
}

/// `MD5 (name) = 9001…`, as BSD's programs and `--tag` write it; OpenSSL leaves out blanks. The name may have `) = `
/// in it, too.
fn tagged(line: &[u8], may_escape: bool) -> Option<Entry> {
    let (is_escaped, line) = escape(line, may_escape);
    let line = line.trim_ascii();
    let open = line.iter().position(|&byte| byte == b'(')?;
    let close = line.iter().rposition(|&byte| byte == b')')?;
    let tag = line.get(..open)?.trim_ascii().to_ascii_uppercase();
    let name = line.get(open + 1..close)?;
    let digits = line.get(close + 1..)?.trim_ascii().strip_prefix(b"=")?.trim_ascii();
    let checksum = match tag.as_slice() {
        b"CRC32" => Checksum::Crc32(u32::from_be_bytes(from_hex(digits)?)),
        b"MD5" => Checksum::Md5(from_hex(digits)?),
        b"SHA1" | b"SHA-1" => Checksum::Sha1(from_hex(digits)?),
        b"SHA256" | b"SHA-256" | b"SHA2-256" => Checksum::Sha256(from_hex(digits)?),
        _ => return None,
    };
    Some((unescaped(name, is_escaped)?, checksum))
}

/// `9001…  name`, as `md5sum` and its like write it: two blanks, or a blank and a star for a binary file. A tab or one
/// blank does, too.
fn digest_first(line: &[u8], may_escape: bool) -> Option<Entry> {
    let line = line.trim_ascii_start();
    let (is_escaped, line) = escape(line, may_escape);
    let end = line.iter().position(|byte| !byte.is_ascii_hexdigit())?;
    let (digits, rest) = line.split_at(end);
    let name =
        [b"  ".as_slice(), b" *", b" ", b"\t"].iter().find_map(|it| rest.strip_prefix(*it))?;
    let checksum = match digits.len() {
        32 => Checksum::Md5(from_hex(digits)?),
        40 => Checksum::Sha1(from_hex(digits)?),
        64 => Checksum::Sha256(from_hex(digits)?),
        _ => return None,
    };
    Some((unescaped(name, is_escaped)?, checksum))
}

/// The checksum of a list that is nothing else, as many sites give it: digits, and no name.
pub(super) fn nameless(list: &[u8]) -> Option<Checksum> {
    let digits = list.trim_ascii();
    match digits.len() {
        8 => from_hex(digits).map(|it| Checksum::Crc32(u32::from_be_bytes(it))),
        32 => from_hex(digits).map(Checksum::Md5),
        40 => from_hex(digits).map(Checksum::Sha1),
        64 => from_hex(digits).map(Checksum::Sha256),
        _ => None,
    }
}

/// Whether the name has escapes, and the line without the sign of that.
fn escape(line: &[u8], may_escape: bool) -> (bool, &[u8]) {
    match line.strip_prefix(b"\\") {
        Some(rest) if may_escape => (true, rest),
        _ => (false, line),
    }
}

fn unescaped(name: &[u8], is_escaped: bool) -> Option<Vec<u8>> {
    if !is_escaped {
        // A backslash is a folder's end, as some programs for Windows write it.
        return Some(name.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect());
    }
    let mut plain = Vec::new();
    let mut bytes = name.iter();
    while let Some(&byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next()? {
                b'\\' => b'\\',
                b'n' => b'\n',
                b'r' => b'\r',
                _ => return None,
            },
            byte => byte,
        });
    }
    Some(plain)
}

/// A name below the folder of the list, without `./`; `None` of any other.
fn relative(name: Vec<u8>) -> Option<Vec<u8>> {
    let name = name.strip_prefix(b"./").map(<[u8]>::to_vec).unwrap_or(name);
    let is_above = |part: &[u8]| part == b"..";
    let leads_away = name.starts_with(b"/") || name.split(|&byte| byte == b'/').any(is_above);
    (!name.is_empty() && !leads_away && !name.contains(&0)).then_some(name)
}
