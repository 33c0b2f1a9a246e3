//! What a connection has to write. A large reply is not copied for it: it is taken a record at a time
//! from memory that connections share.

use std::ops::Range;
use std::sync::Arc;

use super::record::{self, ProtocolStatus};

/// Bytes that wait to be written beyond which no further request of the connection is looked at; a reply
/// that is larger is not copied.
pub const LIMIT: usize = 64 * 1024;
/// The content of a record of a large reply at most; a multiple of 8, as the specification recommends (3.3).
const PIECE: usize = 65_528;

/// The end of a reply, too large to be copied for each connection.
#[derive(Debug)]
pub struct Rest {
    request_id: u16,
    bytes: Arc<Vec<u8>>,
    /// What of it belongs to the record whose header was made last, and has not been written.
    piece: Range<usize>,
}

impl Rest {
    /// All of `bytes`, and then the end of the request.
    #[must_use]
    pub fn new(request_id: u16, bytes: Arc<Vec<u8>>) -> Self {
        Self { request_id, bytes, piece: 0..0 }
    }

    fn piece(&self) -> &[u8] {
        self.bytes.get(self.piece.clone()).unwrap_or_default()
    }

    /// Appends the header of the next record, or the end of the request; whether there was a record.
    fn begin_piece(&mut self, out: &mut Vec<u8>) -> bool {
        let start = self.piece.end;
        self.piece = start..self.bytes.len().min(start + PIECE);
        if self.piece.is_empty() {
            record::write_end_request(out, self.request_id, ProtocolStatus::RequestComplete);
            return false;
        }
        record::write_stdout_header(out, self.request_id, self.piece.len());
        true
    }
}

/// The bytes that wait, and the end of the last reply.
#[derive(Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
    /// How many of the bytes have been written.
    written: usize,
    rest: Option<Rest>,
}

impl Output {
    /// Where what is to be written is appended; not while [`is_full`](Self::is_full).
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Has `rest` written after all that was appended.
    pub fn follow(&mut self, rest: Rest) {
        self.rest = Some(rest);
    }

    /// Whether all has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_none() && self.written == self.bytes.len()
    }

    /// Whether nothing may be appended before more has been written.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.rest.is_some() || self.bytes.len() - self.written >= LIMIT
    }

    /// The large reply that waits.
    #[must_use]
    pub fn large_reply(&self) -> Option<&Arc<Vec<u8>>> {
        self.rest.as_ref().map(|rest| &rest.bytes)
    }

    /// What is to be written next, in two parts of which either may be empty.
    pub fn next(&mut self) -> (&[u8], &[u8]) {
        if self.written == self.bytes.len() && self.piece().is_empty() {
            self.written = 0;
            self.bytes.clear();
            if self.rest.as_mut().is_some_and(|rest| !rest.begin_piece(&mut self.bytes)) {
                self.rest = None;
            }
        }
        (self.bytes.get(self.written..).unwrap_or_default(), self.piece())
    }

    fn piece(&self) -> &[u8] {
        self.rest.as_ref().map_or(&[], Rest::piece)
    }

    /// Takes off what has been written.
    pub fn wrote(&mut self, length: usize) {
        let of_bytes = length.min(self.bytes.len() - self.written);
        self.written += of_bytes;
        if let Some(rest) = &mut self.rest {
            rest.piece.start += length - of_bytes;
        }
    }

    /// Gives back the memory of what has been written, when that is much.
    pub fn give_back(&mut self) {
        if self.written >= LIMIT || self.written == self.bytes.len() {
            self.bytes.drain(..self.written);
            self.written = 0;
            self.bytes.shrink_to(LIMIT);
        }
    }

    /// Forgets what has not been written.
    pub fn clear(&mut self) {
        self.rest = None;
        self.written = self.bytes.len();
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::gateway::fastcgi::record::{Kind, Stdout};
    use crate::gateway::fastcgi::testing::{Sent, sent};

    /// Writes all of it, so many bytes at a time.
    fn written(output: &mut Output, at_once: usize) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let (first, second) = output.next();
            let next: Vec<u8> = first.iter().chain(second).copied().take(at_once).collect();
            if next.is_empty() {
                return all;
            }
            output.wrote(next.len());
            output.give_back();
            all.extend(next);
        }
    }

    #[test]
    fn a_large_reply_comes_whole_and_behind_what_was_appended() {
        for length in [1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE] {
            for at_once in [999, usize::MAX] {
                let page: Vec<u8> = (0..=250).cycle().take(length).collect();
                let mut output = Output::default();
                let mut head = Stdout::new(output.bytes(), 7);
                head.write_all(b"head ").unwrap();
                head.pause();
                output.follow(Rest::new(7, Arc::new(page.clone())));
                assert!(output.is_full());
                let mut records = sent(written(&mut output, at_once));
                assert_eq!(records.pop(), Some(Sent::end(7, 0)));
                assert!(records.iter().all(|one| one.type_byte == Kind::Stdout as u8));
                let told: Vec<u8> = records.into_iter().flat_map(|one| one.content).collect();
                assert!(told == [&b"head "[..], &page].concat(), "{length} {at_once}");
                assert!(output.is_empty() && !output.is_full());
            }
        }
    }

    #[test]
    fn a_page_is_let_go_when_it_is_written_or_forgotten() {
        let page = Arc::new(vec![0; 10 * PIECE]);
        let mut output = Output::default();
        output.follow(Rest::new(1, Arc::clone(&page)));
        assert_eq!((output.next().0.len(), output.next().1.len()), (8, PIECE));
        output.clear();
        assert!(output.is_empty() && Arc::strong_count(&page) == 1);
        output.follow(Rest::new(1, Arc::clone(&page)));
        written(&mut output, usize::MAX);
        assert_eq!(Arc::strong_count(&page), 1);
    }
}
