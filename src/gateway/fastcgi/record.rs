//! FastCGI 1.0 records as pure functions over bytes (specification, sections 3.3 to 5.5).

use std::io::{self, Write};

/// The only version there is.
pub const VERSION: u8 = 1;
/// Bytes of a record's header.
pub const HEADER_LENGTH: usize = 8;
/// Content bytes that we put into one record: as many as fit.
const MAX_CONTENT: usize = 0xffff;
/// The role of a Responder in `BEGIN_REQUEST`.
pub const RESPONDER: u16 = 1;
/// The flag of `BEGIN_REQUEST` by which the web server keeps the connection.
const KEEP_CONNECTION: u8 = 1;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// `FCGI_BEGIN_REQUEST`.
    BeginRequest = 1,
    /// `FCGI_ABORT_REQUEST`.
    AbortRequest = 2,
    /// `FCGI_END_REQUEST`.
    EndRequest = 3,
    /// `FCGI_PARAMS`.
    Params = 4,
    /// `FCGI_STDIN`.
    Stdin = 5,
    /// `FCGI_STDOUT`.
    Stdout = 6,
    /// `FCGI_GET_VALUES`.
    GetValues = 9,
    /// `FCGI_GET_VALUES_RESULT`.
    GetValuesResult = 10,
    /// `FCGI_UNKNOWN_TYPE`.
    UnknownType = 11,
}

impl Kind {
    /// The kind of a type byte; `None` for those that a Responder has no use for.
    fn parse(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::BeginRequest,
            2 => Self::AbortRequest,
            3 => Self::EndRequest,
            4 => Self::Params,
            5 => Self::Stdin,
            6 => Self::Stdout,
            9 => Self::GetValues,
            10 => Self::GetValuesResult,
            11 => Self::UnknownType,
            _ => return None,
        })
    }
}

/// How a request ended for the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ProtocolStatus {
    /// Answered.
    RequestComplete = 0,
    /// A second request on a connection that carries one at a time.
    CantMultiplex = 1,
    /// Not a Responder's request.
    UnknownRole = 3,
}

/// A record's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The type byte as it came.
    pub type_byte: u8,
    /// 0 for management records.
    pub request_id: u16,
    /// Bytes of content.
    pub content_length: u16,
    /// Bytes to skip after the content.
    pub padding_length: u8,
}

impl Header {
    /// Understands a header.
    ///
    /// # Errors
    /// The version byte when it is not [`VERSION`].
    pub fn parse(bytes: [u8; HEADER_LENGTH]) -> Result<Self, u8> {
        let [version, type_byte, id1, id0, length1, length0, padding_length, _reserved] = bytes;
        if version != VERSION {
            return Err(version);
        }
        Ok(Self {
            type_byte,
            request_id: u16::from_be_bytes([id1, id0]),
            content_length: u16::from_be_bytes([length1, length0]),
            padding_length,
        })
    }

    /// The bytes of the header.
    #[must_use]
    pub fn encode(self) -> [u8; HEADER_LENGTH] {
        let [id1, id0] = self.request_id.to_be_bytes();
        let [length1, length0] = self.content_length.to_be_bytes();
        [VERSION, self.type_byte, id1, id0, length1, length0, self.padding_length, 0]
    }

    /// What the record is; `None` when it is nothing for a Responder.
    #[must_use]
    pub fn kind(self) -> Option<Kind> {
        Kind::parse(self.type_byte)
    }

    /// Bytes of the whole record: header, content and padding.
    #[must_use]
    pub fn record_length(self) -> usize {
        HEADER_LENGTH + usize::from(self.content_length) + usize::from(self.padding_length)
    }
}

/// The content of `BEGIN_REQUEST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin {
    /// [`RESPONDER`] or another role.
    pub role: u16,
    /// Whether the web server goes on using the connection after this request.
    pub keep_connection: bool,
}

impl Begin {
    /// Understands the content; `None` when it is too short.
    #[must_use]
    pub fn parse(content: &[u8]) -> Option<Self> {
        let [role1, role0, flags, ..] = *content.first_chunk::<8>()?;
        Some(Self {
            role: u16::from_be_bytes([role1, role0]),
            keep_connection: flags & KEEP_CONNECTION != 0,
        })
    }
}

/// Walks over name-value pairs (3.4); ends with `Err` when the last one is cut off.
#[derive(Clone, Copy, Debug)]
pub struct Pairs<'a> {
    rest: &'a [u8],
}

/// A name-value pair that claims more bytes than there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncated;

impl<'a> Pairs<'a> {
    /// The pairs in `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn take(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let (name_length, rest) = parse_length(self.rest)?;
        let (value_length, rest) = parse_length(rest)?;
        let (name, rest) = rest.split_at_checked(name_length)?;
        let (value, rest) = rest.split_at_checked(value_length)?;
        self.rest = rest;
        Some((name, value))
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), Truncated>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        Some(self.take().ok_or_else(|| {
            self.rest = &[];
            Truncated
        }))
    }
}

/// A length of one byte below 128, or of four with the top bit set.
fn parse_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let (&[b3, b2, b1, b0], rest) = bytes.split_first_chunk()?;
    let length = u32::from_be_bytes([b3 & 0x7f, b2, b1, b0]);
    Some((usize::try_from(length).ok()?, rest))
}

/// Appends a management record that answers `GET_VALUES`, for the pairs `answers`. Each name and
/// value must be shorter than 128 bytes, all together shorter than a record.
pub fn write_get_values_result(out: &mut Vec<u8>, answers: &[(&str, &str)]) {
    let start = begin_record(out);
    for (name, value) in answers {
        for text in [name, value] {
            debug_assert!(text.len() < 0x80, "a longer one needs the four-byte form");
            out.extend(u8::try_from(text.len()));
        }
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(value.as_bytes());
    }
    end_record(out, start, Kind::GetValuesResult, 0);
}

/// Appends the answer to a management record of a type that we do not know.
pub fn write_unknown_type(out: &mut Vec<u8>, type_byte: u8) {
    let start = begin_record(out);
    out.extend_from_slice(&[type_byte, 0, 0, 0, 0, 0, 0, 0]);
    end_record(out, start, Kind::UnknownType, 0);
}

/// Appends the header of a STDOUT record, whose content of `length` bytes, at most a record's, follows.
pub fn write_stdout_header(out: &mut Vec<u8>, request_id: u16, length: usize) {
    out.extend_from_slice(&header(Kind::Stdout, request_id, length).encode());
}

/// Appends `END_REQUEST`.
pub fn write_end_request(out: &mut Vec<u8>, request_id: u16, status: ProtocolStatus) {
    let start = begin_record(out);
    out.extend_from_slice(&[0, 0, 0, 0, status as u8, 0, 0, 0]);
    end_record(out, start, Kind::EndRequest, request_id);
}

/// Leaves room for a header; gives back where.
fn begin_record(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_LENGTH]);
    start
}

/// Fills in the header left at `start` for all that was appended since.
fn end_record(out: &mut [u8], start: usize, kind: Kind, request_id: u16) {
    let length = out.len().saturating_sub(start + HEADER_LENGTH);
    if let Some(place) = out.get_mut(start..start + HEADER_LENGTH) {
        place.copy_from_slice(&header(kind, request_id, length).encode());
    }
}

/// Without padding, which the specification only recommends (3.3): mod_proxy_fcgi reads it with a system
/// call of its own.
fn header(kind: Kind, request_id: u16, length: usize) -> Header {
    debug_assert!(length <= MAX_CONTENT);
    // Cannot fail: callers keep records below MAX_CONTENT.
    let content_length = u16::try_from(length).unwrap_or(u16::MAX);
    Header { type_byte: kind as u8, request_id, content_length, padding_length: 0 }
}

/// The STDOUT stream of one request: what is written to it goes into as few records as possible.
pub struct Stdout<'a> {
    out: &'a mut Vec<u8>,
    request_id: u16,
    start: usize,
}

impl<'a> Stdout<'a> {
    /// Starts the stream at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>, request_id: u16) -> Self {
        let start = begin_record(out);
        Self { out, request_id, start }
    }

    /// Ends the request, and with it the stream: an empty record, which would end that alone, tells web
    /// servers nothing more and costs Apache another read.
    pub fn finish(self) {
        let Self { out, request_id, start } = self;
        end_record(out, start, Kind::Stdout, request_id);
        write_end_request(out, request_id, ProtocolStatus::RequestComplete);
    }

    /// Leaves the stream open for records that follow.
    pub fn pause(self) {
        end_record(self.out, self.start, Kind::Stdout, self.request_id);
    }

    fn content_length(&self) -> usize {
        self.out.len().saturating_sub(self.start + HEADER_LENGTH)
    }

    fn next_record(&mut self) {
        end_record(self.out, self.start, Kind::Stdout, self.request_id);
        self.start = begin_record(self.out);
    }
}

impl Write for Stdout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.content_length() >= MAX_CONTENT {
            self.next_record();
        }
        let room = MAX_CONTENT - self.content_length();
        let (now, _) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.out.extend_from_slice(now);
        Ok(now.len())
    }

    /// Nearly always all of it fits into the record that is open.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        loop {
            let room = MAX_CONTENT.saturating_sub(self.content_length());
            let Some((now, later)) = rest.split_at_checked(room).filter(|(_, it)| !it.is_empty())
            else {
                self.out.extend_from_slice(rest);
                return Ok(());
            };
            self.out.extend_from_slice(now);
            self.next_record();
            rest = later;
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
