//! What a connection has to write. A large reply is not copied for it: it is taken a piece at a time
//! from memory that connections share.

use std::ops::Range;
use std::sync::Arc;

/// Bytes that wait to be written beyond which no further request of the connection is looked at; a reply
/// that is larger is not copied.
pub const LARGE: usize = 64 * 1024;

/// How a protocol puts a large reply into pieces.
pub trait Framing {
    /// Bytes of a piece at most.
    const PIECE: usize;

    /// Appends what stands before a piece of so many bytes.
    fn begin_piece(&self, length: usize, out: &mut Vec<u8>);

    /// Appends what follows the last piece.
    fn end(&self, out: &mut Vec<u8>);
}
/// The end of a reply, too large to be copied for each connection.
#[derive(Debug)]
struct Rest<F> {
    framing: F,
    bytes: Arc<Vec<u8>>,
    /// What of it belongs to the piece that was begun last, and has not been written.
    piece: Range<usize>,
}

impl<F: Framing> Rest<F> {
    fn piece(&self) -> &[u8] {
        self.bytes.get(self.piece.clone()).unwrap_or_default()
    }

    /// Appends what stands before the next piece, or after the last one; whether there was a piece.
    fn begin_piece(&mut self, out: &mut Vec<u8>) -> bool {
        let start = self.piece.end;
        self.piece = start..self.bytes.len().min(start + F::PIECE);
        if self.piece.is_empty() {
            self.framing.end(out);
            return false;
        }
        self.framing.begin_piece(self.piece.len(), out);
        true
    }
}

/// The bytes that wait, and the end of the last reply.
#[derive(Debug)]
pub struct Output<F> {
    bytes: Vec<u8>,
    /// How many of the bytes have been written.
    written: usize,
    rest: Option<Rest<F>>,
}

impl<F> Default for Output<F> {
    fn default() -> Self {
        Self { bytes: Vec::new(), written: 0, rest: None }
    }
}

impl<F: Framing> Output<F> {
    /// Where what is to be written is appended; not while [`is_full`](Self::is_full).
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Has `bytes` written, in pieces, after all that was appended.
    pub fn append_in_pieces(&mut self, framing: F, bytes: Arc<Vec<u8>>) {
        self.rest = Some(Rest { framing, bytes, piece: 0..0 });
    }

    /// Whether all has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_none() && self.written == self.bytes.len()
    }

    /// Whether nothing may be appended before more has been written.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.rest.is_some() || self.bytes.len() - self.written >= LARGE
    }

    /// The large reply that waits.
    #[must_use]
    pub fn large_reply(&self) -> Option<&Arc<Vec<u8>>> {
        self.rest.as_ref().map(|rest| &rest.bytes)
    }

    /// What is to be written next, in two parts of which either may be empty.
    pub fn unwritten(&mut self) -> (&[u8], &[u8]) {
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
        if self.written >= LARGE || self.written == self.bytes.len() {
            self.bytes.drain(..self.written);
            self.written = 0;
            self.bytes.shrink_to(LARGE);
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
    use super::*;

    /// The length before each piece, and a zero after the last.
    struct Lengths;

    impl Framing for Lengths {
        const PIECE: usize = 1000;

        fn begin_piece(&self, length: usize, out: &mut Vec<u8>) {
            out.extend(u32::try_from(length).unwrap().to_be_bytes());
        }

        fn end(&self, out: &mut Vec<u8>) {
            out.extend([0; 4]);
        }
    }

    /// The pieces that were written, put together.
    fn content(mut written: &[u8]) -> Vec<u8> {
        let mut content = Vec::new();
        loop {
            let (length, rest) = written.split_first_chunk().unwrap();
            let (piece, rest) = rest.split_at(u32::from_be_bytes(*length).try_into().unwrap());
            if piece.is_empty() {
                assert!(rest.is_empty());
                return content;
            }
            assert!(piece.len() <= Lengths::PIECE);
            content.extend(piece);
            written = rest;
        }
    }

    /// Writes all of it, so many bytes at a time.
    fn written(output: &mut Output<Lengths>, at_once: usize) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let (first, second) = output.unwritten();
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
        let most = Lengths::PIECE;
        for length in [1, most - 1, most, most + 1, 5 * most] {
            for at_once in [99, usize::MAX] {
                let page: Vec<u8> = (0..=250).cycle().take(length).collect();
                let mut output = Output::default();
                output.bytes().extend(b"head");
                output.append_in_pieces(Lengths, Arc::new(page.clone()));
                assert!(output.is_full());
                let all = written(&mut output, at_once);
                let pieces = all.strip_prefix(b"head").unwrap();
                assert!(content(pieces) == page, "{length} {at_once}");
                assert!(output.is_empty() && !output.is_full());
            }
        }
    }

    #[test]
    fn a_page_is_let_go_when_it_is_written_or_forgotten() {
        let page = Arc::new(vec![0; 10 * Lengths::PIECE]);
        let mut output = Output::default();
        output.append_in_pieces(Lengths, Arc::clone(&page));
        assert_eq!((output.unwritten().0.len(), output.unwritten().1.len()), (4, Lengths::PIECE));
        output.clear();
        assert!(output.is_empty() && Arc::strong_count(&page) == 1);
        output.append_in_pieces(Lengths, Arc::clone(&page));
        written(&mut output, usize::MAX);
        assert_eq!(Arc::strong_count(&page), 1);
    }
}
