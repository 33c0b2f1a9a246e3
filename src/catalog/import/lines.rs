//! Lines of a file of any length, one at a time; of a long line only the beginning.

use std::io::{self, BufRead, BufReader, Read};

/// Bytes of a line that are kept.
const KEPT: usize = 1024;

/// The lines of a file.
pub(super) struct Lines<R> {
    file: BufReader<R>,
    line: Vec<u8>,
    number: u64,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(file: R) -> Self {
        Self { file: BufReader::with_capacity(1 << 16, file), line: Vec::new(), number: 0 }
    }

    /// The next line with its number, from 1, without its end.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        self.line.clear();
        if !self.read_line()? {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some((self.number, self.line.as_slice())))
    }

    /// Whether there is one more.
    fn read_line(&mut self) -> io::Result<bool> {
        let mut is_there = false;
        loop {
            let bytes = self.file.fill_buf()?;
            if bytes.is_empty() {
                return Ok(is_there);
            }
            is_there = true;
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let text = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
            let room = KEPT.saturating_sub(self.line.len());
            self.line.extend(text.iter().take(room));
            let used = end.map_or(bytes.len(), |end| end + 1);
            self.file.consume(used);
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let mut lines = Lines::new(text);
        let mut found = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            found.push((number, line.to_vec()));
        }
        found
    }

    #[test]
    fn lines_come_with_their_numbers_and_the_last_needs_no_end() {
        let expected = [(1, b"a".to_vec()), (2, vec![]), (3, b"b".to_vec())];
        assert_eq!(lines(b"a\n\nb"), expected);
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn of_a_line_without_end_only_the_beginning_is_kept() {
        let long = [vec![b'x'; 200_000], b"\ny".to_vec()].concat();
        let found = lines(&long);
        assert_eq!((found[0].1.len(), &*found[1].1), (KEPT, &b"y"[..]));
    }
}
