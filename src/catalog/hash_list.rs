//! Lists of info-hashes, one a line, as opentracker's white and black lists are.

use std::io;
use std::path::Path;

use crate::platform::files;
use crate::protocol::InfoHash;

/// Digits of an info-hash.
const DIGITS: usize = 40;
/// Bytes of a list at most: some twenty million info-hashes.
const MOST_BYTES: u64 = 1 << 30;

/// The info-hashes of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HashList {
    /// In their order.
    pub hashes: Vec<InfoHash>,
    /// The numbers of lines that look as if they were meant to name one, but do not count.
    pub unclear: Vec<usize>,
}

impl HashList {
    /// Reads the list in a file.
    ///
    /// # Errors
    /// When the file cannot be read, or is larger than any list.
    pub fn read(path: &Path) -> io::Result<Self> {
        // Whoever writes a pipe must not hold a refresh up.
        Ok(Self::of(&files::read_linked(path, MOST_BYTES)?))
    }

    /// Reads a list.
    ///
    /// A line counts if it begins with just 40 hexadecimal digits, as opentracker has it; what follows them is not
    /// looked at. Spaces before them, and a byte order mark before the first, are passed over: opentracker would not
    /// count such a line, but nobody can have meant that.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut list = Self::default();
        for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            let line = line.trim_ascii_start();
            let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
            let hash = line.get(..digits).filter(|_| digits == DIGITS);
            match hash.and_then(InfoHash::from_hex) {
                Some(hash) => list.hashes.push(hash),
                None if line.is_empty() || line.starts_with(b"#") => {}
                None => list.unclear.push(number),
            }
        }
        list
    }

    /// What its owner should look at in it; `None` where all is well.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let first = self.unclear.first()?;
        Some(match self.unclear.len() {
            1 => {
                format!("line {first} is no info-hash of 40 hexadecimal digits, and is passed over")
            }
            count => format!(
                "{count} lines are no info-hashes of 40 hexadecimal digits, and are passed over; the first is line {first}"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE: &str = "0123456789abcdefABCDEF0123456789abcdef01";

    #[test]
    fn lines_count_as_opentracker_counts_them() {
        let text = format!(
            "\u{feff}{ONE}\n# {ONE}\n\n{ONE} a name\r\n{ONE}-x\n{ONE}#\n{ONE}0\n  {ONE}\n{}\nurn:btih:{ONE}\n#{ONE}",
            &ONE[1..]
        );
        let list = HashList::of(text.as_bytes());
        assert_eq!(list.hashes, [InfoHash::from_hex(ONE.as_bytes()).unwrap(); 5]);
        assert_eq!(list.unclear, [7, 9, 10]);
        let problem = list.problem().unwrap();
        assert!(problem.starts_with("3 lines") && problem.ends_with("line 7"), "{problem}");
        assert_eq!(HashList::of(b"").problem(), None);
    }

    proptest! {
        #[test]
        fn whatever_a_file_holds_it_is_read(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let list = HashList::of(&text);
            prop_assert!(list.hashes.len() + list.unclear.len() <= text.len() + 1);
        }

        #[test]
        fn a_list_that_is_written_is_read_back(hashes: Vec<[u8; 20]>) {
            let hashes: Vec<InfoHash> = hashes.into_iter().map(InfoHash).collect();
            let text: String = hashes.iter().map(|hash| format!("{hash}\n")).collect();
            let list = HashList::of(text.as_bytes());
            prop_assert_eq!(list, HashList { hashes, unclear: Vec::new() });
        }
    }

    #[test]
    fn a_pipe_is_no_list_and_nobody_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("list");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(HashList::read(&pipe).is_err());
        assert!(HashList::read(Path::new("/dev/zero")).is_err());
    }
}
