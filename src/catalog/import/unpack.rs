//! Bytes of a file that may be packed by gzip, and what to do with a file that is packed otherwise.

use std::io::{self, BufReader, Read};

use flate2::read::MultiGzDecoder;

use super::found::ImportError;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 16;

/// What files begin with that are of no use as they are.
const FORMS: &[(&[u8], &str)] = &[
    (
        b"PK\x03\x04",
        "it is a zip archive; unpack it first (`unzip -p FILE | tracker import KIND -`)",
    ),
    (b"BZh", "it is packed by bzip2; unpack it first (`bunzip2 -c FILE | tracker import KIND -`)"),
    (b"\xfd7zXZ\0", "it is packed by xz; unpack it first (`xzcat FILE | tracker import KIND -`)"),
    (
        b"\x28\xb5\x2f\xfd",
        "it is packed by zstd; unpack it first (`zstdcat FILE | tracker import KIND -`)",
    ),
    (
        b"\xff\xfe",
        "it is UTF-16, as PowerShell's `>` writes it; make the dump with an option of its own for the file (`mysqldump --result-file=FILE`)",
    ),
    (
        b"SQLite format 3\0",
        "it is an SQLite database; take a dump of it (`sqlite3 FILE .dump | tracker import KIND -`)",
    ),
    (b"<?xml", "it is XML; make the dump as SQL"),
];

/// What some editors and programs put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file's bytes, unpacked where it is packed by gzip, and without a byte order mark.
///
/// # Errors
/// When it cannot be read, or is packed in another way.
pub(super) fn unpacked<'a>(file: impl Read + 'a) -> Result<Box<dyn Read + 'a>, ImportError> {
    let bytes = Begun::of(file)?;
    if !bytes.begin.starts_with(&[0x1f, 0x8b]) {
        return bytes.of_known_form();
    }
    let decoder = MultiGzDecoder::new(BufReader::with_capacity(CHUNK, bytes));
    Begun::of(decoder)?.of_known_form()
}

/// A reader of which the first bytes have been looked at.
struct Begun<R> {
    begin: Vec<u8>,
    given: usize,
    rest: R,
}

impl<R: Read> Begun<R> {
    fn of(mut rest: R) -> io::Result<Self> {
        let mut begin = Vec::new();
        rest.by_ref().take(16).read_to_end(&mut begin).map_err(named)?;
        Ok(Self { begin, given: 0, rest })
    }
}

impl<'a, R: Read + 'a> Begun<R> {
    fn of_known_form(mut self) -> Result<Box<dyn Read + 'a>, ImportError> {
        if self.begin.starts_with(BYTE_ORDER_MARK) {
            self.given = BYTE_ORDER_MARK.len();
        }
        let begin = self.begin.get(self.given..).unwrap_or_default();
        match FORMS.iter().find(|(form, _)| begin.starts_with(form)) {
            Some((_, what_to_do)) => Err(ImportError::Form(what_to_do)),
            None => Ok(Box::new(self)),
        }
    }
}

impl<R: Read> Read for Begun<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.begin.get(self.given..).unwrap_or_default();
        if left.is_empty() {
            return self.rest.read(into).map_err(named);
        }
        let count = left.len().min(into.len());
        if let (Some(into), Some(from)) = (into.get_mut(..count), left.get(..count)) {
            into.copy_from_slice(from);
        }
        self.given += count;
        Ok(count)
    }
}

/// What flate2 says of data that is cut off or damaged names no gzip.
fn named(problem: io::Error) -> io::Error {
    match problem.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            let what = "it is packed by gzip, and damaged or cut off; fetch it once more";
            io::Error::new(io::ErrorKind::InvalidData, what)
        }
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn read(file: &[u8]) -> Result<Vec<u8>, ImportError> {
        let mut bytes = Vec::new();
        unpacked(file)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn files_are_the_same_packed_or_not() {
        for length in [0, 1, 15, 16, 17, 100_000] {
            let bytes: Vec<u8> = (0..length).map(|n: u32| n.to_le_bytes()[0]).collect();
            assert_eq!(read(&bytes).unwrap(), bytes);
            assert_eq!(read(&packed(&bytes)).unwrap(), bytes);
        }
    }

    #[test]
    fn a_byte_order_mark_is_none_of_the_file() {
        for (file, expected) in [
            (&b"\xef\xbb\xbfSET"[..], &b"SET"[..]),
            (b"\xef\xbb\xbf", b""),
            (b"\xef\xbb\xbf\xef\xbb\xbfx", b"\xef\xbb\xbfx"),
            (b"\xef\xbb", b"\xef\xbb"),
            (b"x\xef\xbb\xbf", b"x\xef\xbb\xbf"),
        ] {
            assert_eq!(read(file).unwrap(), expected);
            assert_eq!(read(&packed(file)).unwrap(), expected);
        }
    }

    #[test]
    fn what_cannot_be_used_says_what_can() {
        for (file, said) in [
            (&b"PK\x03\x04abc"[..], "unzip -p"),
            (b"\xff\xfeI\0N\0", "--result-file"),
            (b"SQLite format 3\0", ".dump"),
            (b"\xef\xbb\xbf<?xml version", "as SQL"),
            (&packed(b"BZh9"), "bunzip2"),
            (&packed(&[7; 5000])[..20], "packed by gzip, and damaged"),
            (b"\x1f\x8b", "packed by gzip, and damaged"),
        ] {
            let problem = read(file).unwrap_err().to_string();
            assert!(problem.contains(said), "{problem}");
        }
    }
}
