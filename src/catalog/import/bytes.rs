//! The bytes of a file, one after the other, with the line that they are in.

use std::io::{self, Read};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 16;

/// Bytes with one byte of lookahead, of a file of any length.
pub(super) struct Bytes<R> {
    file: R,
    buffer: Box<[u8]>,
    at: usize,
    end: usize,
    line: u64,
}

impl<R: Read> Bytes<R> {
    pub(super) fn new(file: R) -> Self {
        Self { file, buffer: vec![0; CHUNK].into_boxed_slice(), at: 0, end: 0, line: 1 }
    }

    /// The line of the next byte, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The next byte, which stays.
    #[inline]
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        if self.at == self.end {
            self.fill()?;
        }
        Ok(self.buffer.get(self.at..self.end).and_then(|bytes| bytes.first().copied()))
    }

    /// Takes the next byte.
    #[inline]
    pub(super) fn next(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.at += 1;
            self.line += u64::from(byte == b'\n');
        }
        Ok(byte)
    }

    /// Takes the next byte if it is this one.
    #[inline]
    pub(super) fn take_if(&mut self, wanted: u8) -> io::Result<bool> {
        let is_it = self.peek()? == Some(wanted);
        if is_it {
            self.next()?;
        }
        Ok(is_it)
    }

    /// Takes all bytes up to the first of which `stops` is true, a piece at a time.
    #[inline]
    pub(super) fn until(
        &mut self,
        stops: impl Fn(u8) -> bool,
        mut piece: impl FnMut(&[u8]),
    ) -> io::Result<()> {
        while self.peek()?.is_some() {
            let bytes = self.buffer.get(self.at..self.end).unwrap_or_default();
            let length = bytes.iter().position(|byte| stops(*byte)).unwrap_or(bytes.len());
            let taken = bytes.get(..length).unwrap_or_default();
            piece(taken);
            self.line += taken.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
            let ended = length < bytes.len();
            self.at += length;
            if ended {
                break;
            }
        }
        Ok(())
    }

    fn fill(&mut self) -> io::Result<()> {
        (self.at, self.end) = (0, 0);
        self.end = loop {
            match self.file.read(&mut self.buffer) {
                Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
                read => break read?.min(self.buffer.len()),
            }
        };
        Ok(())
    }
}

/// What is left.
impl<R: Read> Read for Bytes<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.peek()?.is_none() {
            return Ok(0);
        }
        let left = self.buffer.get(self.at..self.end).unwrap_or_default();
        let count = left.len().min(into.len());
        if let (Some(into), Some(from)) = (into.get_mut(..count), left.get(..count)) {
            into.copy_from_slice(from);
        }
        self.at += count;
        Ok(count)
    }
}
