//! opentracker's files: lists of info-hashes, and the state that `statedump` prints and `-l` loads.

use std::io::Read;

use super::found::{Import, ImportError, MOST};
use super::lines::Lines;
use crate::catalog::totals::Totals;
use crate::protocol::InfoHash;

/// Digits of an info-hash.
const DIGITS: usize = 40;

/// Reads a white list: a line counts when its first 40 bytes are hexadecimal digits and the next byte is none.
///
/// # Errors
/// When it cannot be read, or has no info-hash.
pub(super) fn list(file: impl Read) -> Result<Import, ImportError> {
    let mut import = Import::default();
    let mut lines = Lines::new(file);
    while let Some((number, line)) = lines.next()? {
        match counts(line) {
            Ok(Some(info_hash)) => import.torrent(info_hash, |_| {})?,
            Ok(None) => {}
            Err(reason) => import.skip(number, reason),
        }
    }
    if import.torrents.is_empty() && import.skipped.count == 0 {
        return Err(ImportError::Nothing { what: "no info-hash of 40 hexadecimal digits" });
    }
    Ok(import)
}

/// The info-hash of a line that counts; an error for one that seems to be meant so and does not.
fn counts(line: &[u8]) -> Result<Option<InfoHash>, &'static str> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    match digits {
        DIGITS => Ok(line.get(..DIGITS).and_then(InfoHash::from_hex)),
        64 => Err("64 digits are a v2 info-hash; its first 40 are what clients announce"),
        39..=63 | 65.. => Err("an info-hash has 40 digits"),
        _ => match has_hash(line) {
            _ if line.trim_ascii_start().starts_with(b"#") => Ok(None),
            true => Err("an info-hash stands at the beginning of its line"),
            false => Ok(None),
        },
    }
}

/// Whether there are 40 digits in a row.
fn has_hash(line: &[u8]) -> bool {
    line.split(|byte| !byte.is_ascii_hexdigit()).any(|digits| digits.len() == DIGITS)
}

/// Reads a state: `HASH:MINUTES:COMPLETED` a line, where the last may be missing and what follows is ignored.
///
/// # Errors
/// When it cannot be read, or has no such line.
pub(super) fn state(file: impl Read) -> Result<Import, ImportError> {
    let mut import = Import::default();
    let mut lines = Lines::new(file);
    while let Some((number, line)) = lines.next()? {
        if line.trim_ascii().is_empty() || line.starts_with(b"#") {
            continue;
        }
        match entry(line) {
            Ok((info_hash, completed)) => {
                let totals = Totals { completed, ..Totals::default() };
                import.torrent(info_hash, |torrent| torrent.count(totals))?;
            }
            Err(reason) => import.skip(number, reason),
        }
    }
    if import.torrents.is_empty() {
        return Err(ImportError::Nothing { what: "no line like `HASH:MINUTES:COMPLETED`" });
    }
    Ok(import)
}

/// When a torrent was last active says nothing about when it came, so only the rest is taken.
fn entry(line: &[u8]) -> Result<(InfoHash, u64), &'static str> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut fields = line.split(|byte| *byte == b':');
    let info_hash = fields.next().and_then(InfoHash::from_hex);
    let info_hash = info_hash.ok_or("a line begins with an info-hash of 40 digits and a colon")?;
    let minutes = fields.next().and_then(number);
    minutes.ok_or("after the info-hash stands a number of minutes")?;
    let completed = fields.next().map_or(Some(0), number);
    completed.map(|completed| (info_hash, completed)).ok_or("the last number is none, or too large")
}

/// A number of decimal digits that the catalogue can hold.
fn number(digits: &[u8]) -> Option<u64> {
    let all = digits.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(digits).ok().filter(|_| all)?;
    text.parse().ok().filter(|number| *number <= MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "a74a9fe051a5531d93fb5e9c44f0592466ea88cc";

    fn lines_of(import: &Import) -> Vec<u64> {
        import.skipped.shown.iter().map(|entry| entry.line).collect()
    }

    #[test]
    fn lines_of_a_list_count_as_for_opentracker() {
        for taken in [
            A.to_owned(),
            A.to_uppercase(),
            format!("{A} a name"),
            format!("{A}# c"),
            format!("{A}-x"),
            format!("{A}:3:4"),
            format!("{A}\r"),
            format!("comment\n{A}\n\n{A}"),
            format!("{A}\rb0c628303da101d05098f3617711ccb27543b81a"),
        ] {
            let import = list(taken.as_bytes()).unwrap();
            let found: Vec<_> = import.torrents.keys().map(ToString::to_string).collect();
            assert_eq!(found, [A], "{taken:?}");
            assert_eq!(import.skipped.count, 0);
        }
    }

    #[test]
    fn what_looks_like_an_info_hash_and_is_none_is_told() {
        let text = format!(
            "{A}\n {A}\n\t{A}\n{A}0\n{}\n0x{A}\nurn:btih:{A}\ng{}\n{A}000000000000000000000000\n# {A}\n#{A}\n",
            &A[1..],
            &A[1..]
        );
        let import = list(text.as_bytes()).unwrap();
        assert_eq!(import.torrents.len(), 1);
        assert_eq!(lines_of(&import), [2, 3, 4, 5, 6, 7, 9]);
        assert!(import.skipped.shown[6].reason.contains("v2"));
        for nothing in ["", "\n\n", "# a comment\n"] {
            let problem = list(nothing.as_bytes()).unwrap_err().to_string();
            assert!(problem.contains("no info-hash"), "{problem}");
        }
    }

    #[test]
    fn states_are_read_and_the_larger_count_of_two_is_taken() {
        let text = format!(
            "{A}:29932007:7\n{}:0:99\r\n\n# comment\n4e02f0e25b7a0636f89fda3077feb90fdfa191a4:5\n\
             {A} :1:2\n{A}:-5:5\n{A}:1:x\nzz{}:1:6\n{A}:1:18446744073709551615\n{A}:1:8:9",
            A.to_uppercase(),
            &A[2..]
        );
        let import = state(text.as_bytes()).unwrap();
        let completed = |hash: &str| {
            import.torrents[&InfoHash::from_hex(hash.as_bytes()).unwrap()].totals.completed
        };
        assert_eq!(import.torrents.len(), 2);
        assert_eq!(completed(A), 99);
        assert_eq!(completed("4e02f0e25b7a0636f89fda3077feb90fdfa191a4"), 0);
        assert_eq!(lines_of(&import), [6, 7, 8, 9, 10]);
        assert!(state(&b"d5:filesdee"[..]).unwrap_err().to_string().contains("HASH:MINUTES"));
    }
}
