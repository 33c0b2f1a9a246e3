//! A reply over HTTP: read as far as it may go, and understood (RFC 9112).

use std::io::{self, Read};
use std::net::IpAddr;

/// Bytes of status line and headers at most.
const LONGEST_HEAD: usize = 64 << 10;

/// What a web server answered.
#[derive(Debug, Default)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body, without the chunks that it came in.
    pub body: Vec<u8>,
    /// Between which addresses it went.
    pub way: Option<Way>,
    /// How it ended.
    pub ended: Ended,
}

/// Between which addresses a reply went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Ours.
    pub from: IpAddr,
    /// The server's.
    pub to: IpAddr,
}

/// How a reply ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    /// Where it says that it ends, or with the connection where it says nothing.
    #[default]
    Whole,
    /// With the connection, before the end that it says.
    Early,
    /// It was not read on: it is longer than what is read.
    TooLong,
}

/// Where a reply says that it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Chunked,
    Length(usize),
    Connection,
}

impl Reply {
    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether a header has a word in it.
    #[must_use]
    pub fn says(&self, name: &str, word: &str) -> bool {
        self.header(name).is_some_and(|value| value.to_ascii_lowercase().contains(word))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn end(&self) -> End {
        if self.says("transfer-encoding", "chunked") {
            return End::Chunked;
        }
        let length = self.header("content-length").and_then(|length| length.parse().ok());
        length.map_or(End::Connection, End::Length)
    }
}

/// A reply that is coming in.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    bytes: Vec<u8>,
    /// Where the body begins, and where the reply says that it ends.
    head: Option<(usize, End)>,
}

impl Incoming {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn is_longer_than(&self, most: usize) -> bool {
        self.bytes.len() > most
    }

    /// Reads until the reply is whole, as some servers keep the connection all the same, or is longer than `most`,
    /// or the server closes. `before_read` is asked before each piece whether there is time for one.
    pub(super) fn read<R: Read>(
        &mut self,
        stream: &mut R,
        most: usize,
        mut before_read: impl FnMut(&mut R) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut piece = [0; 16 << 10];
        while !self.is_whole() && !self.is_longer_than(most) {
            before_read(stream)?;
            match stream.read(&mut piece) {
                Ok(0) => break,
                Ok(length) => self.take(piece.get(..length).unwrap_or_default())?,
                Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
                Err(problem) => return Err(problem),
            }
        }
        Ok(())
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        // What ends the head may have begun in the piece before.
        let from = self.bytes.len().saturating_sub(3);
        self.bytes.extend_from_slice(piece);
        if self.head.is_some() {
            return Ok(());
        }
        let new = self.bytes.get(from..).unwrap_or_default();
        if let Some(at) = new.windows(4).position(|window| window == b"\r\n\r\n") {
            let body = from + at + 4;
            let head = self.bytes.get(..body).and_then(parse_head);
            let head = head.ok_or_else(|| io::Error::other("another protocol"))?;
            self.head = Some((body, head.end()));
        } else if self.bytes.len() > LONGEST_HEAD {
            return Err(io::Error::other("headers without an end"));
        }
        Ok(())
    }

    /// Whether it has come to the end that its own headers tell of.
    pub(super) fn is_whole(&self) -> bool {
        let Some((body, end)) = self.head else { return false };
        match end {
            End::Chunked => self.bytes.get(body..).is_some_and(|it| it.ends_with(b"0\r\n\r\n")),
            End::Length(length) => self.bytes.len() - body >= length,
            End::Connection => false,
        }
    }

    /// What has come, when it is HTTP; `most` is what was read at most.
    pub(super) fn into_reply(self, most: usize) -> Option<Reply> {
        let (body, end) = self.head?;
        let mut reply = parse_head(self.bytes.get(..body)?)?;
        reply.ended = match end {
            _ if self.is_whole() => Ended::Whole,
            _ if self.is_longer_than(most) => Ended::TooLong,
            End::Connection => Ended::Whole,
            End::Chunked | End::Length(_) => Ended::Early,
        };
        let body = self.bytes.get(body..)?;
        reply.body = match end {
            End::Chunked => without_chunks(body),
            End::Length(length) => body.get(..length).unwrap_or(body).to_vec(),
            End::Connection => body.to_vec(),
        };
        Some(reply)
    }
}

/// A reply without its body; `None` when it is not HTTP.
fn parse_head(bytes: &[u8]) -> Option<Reply> {
    let head = String::from_utf8_lossy(bytes).into_owned();
    let mut lines = head.split("\r\n");
    let first = lines.next().filter(|line| line.starts_with("HTTP/1."))?;
    let status = first.split(' ').nth(1)?.parse().ok()?;
    let fields = lines.filter_map(|line| line.split_once(':'));
    let headers =
        fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    Some(Reply { status, headers, ..Reply::default() })
}

/// What the chunks of a body hold, as far as they came.
fn without_chunks(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") {
        let size = bytes.get(..end).and_then(|line| str::from_utf8(line).ok());
        let size = size.and_then(|line| line.split(';').next());
        let Some(size @ 1..) = size.and_then(|hex| usize::from_str_radix(hex.trim(), 16).ok())
        else {
            break;
        };
        let rest = bytes.get(end + 2..).unwrap_or_default();
        body.extend_from_slice(rest.get(..size).unwrap_or(rest));
        bytes = rest.get(size.saturating_add(2)..).unwrap_or_default();
    }
    body
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 1000;

    /// Reads bytes that come in pieces of so many.
    fn read(bytes: &[u8], piece: usize) -> io::Result<Option<Reply>> {
        struct Pieces<'a>(std::slice::Chunks<'a, u8>);
        impl Read for Pieces<'_> {
            fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
                let piece = self.0.next().unwrap_or_default();
                room[..piece.len()].copy_from_slice(piece);
                Ok(piece.len())
            }
        }
        let mut incoming = Incoming::default();
        incoming.read(&mut Pieces(bytes.chunks(piece)), MOST, |_| Ok(()))?;
        Ok(incoming.into_reply(MOST))
    }

    #[test]
    fn a_reply_is_read_with_its_chunks_as_far_as_it_came() {
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: A b \r\n\r\n\
                        3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n";
        for piece in [1, 2, 7, 1000] {
            let reply = read(chunked, piece).unwrap().unwrap();
            assert_eq!((reply.status, reply.text().as_str()), (200, "abcde"));
            assert!(reply.header("x") == Some("A b") && reply.says("x", "a b"));
            assert_eq!(reply.ended, Ended::Whole);
        }
        let cut = b"HTTP/1.0 404 No\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab";
        let cut = read(cut, 1000).unwrap().unwrap();
        assert_eq!((cut.status, &*cut.body, cut.ended), (404, &b"ab"[..], Ended::Early));
    }

    #[test]
    fn a_reply_ends_where_it_says_or_with_the_connection_or_where_it_is_too_long() {
        let ended = |head: &str, body: usize| {
            let bytes =
                [format!("HTTP/1.1 200 OK\r\n{head}\r\n").as_bytes(), &vec![b'x'; body]].concat();
            let reply = read(&bytes, 100).unwrap().unwrap();
            (reply.ended, reply.body.len())
        };
        assert_eq!(ended("Content-Length: 5\r\n", 5), (Ended::Whole, 5));
        assert_eq!(ended("Content-Length: 5\r\n", 6), (Ended::Whole, 5));
        assert_eq!(ended("Content-Length: 5\r\n", 4), (Ended::Early, 4));
        assert_eq!(ended("", 4), (Ended::Whole, 4));
        assert_eq!(ended("Content-Length: 2000\r\n", 2000).0, Ended::TooLong);
        assert_eq!(ended("", 2000).0, Ended::TooLong);
    }

    #[test]
    fn what_is_not_http_is_told_apart() {
        assert!(read(b"SSH-2.0-x\r\n\r\n", 1000).is_err());
        assert!(read(&[b'x'; LONGEST_HEAD + 1], 1000).unwrap().is_none(), "it is too long before");
        for other in [&b"HTTP/1.1 200 OK\r\n"[..], b""] {
            assert!(read(other, 1000).unwrap().is_none());
        }
        let mut incoming = Incoming::default();
        let endless = incoming.read(&mut io::repeat(b'x'), usize::MAX, |_| Ok(()));
        assert!(endless.unwrap_err().to_string().contains("without an end"));
    }

    proptest! {
        #[test]
        fn a_reply_is_the_same_in_whatever_pieces_it_comes(
            head in "(Content-Length: [0-9]{1,4}\r\n|Transfer-Encoding: chunked\r\n|[A-Za-z: ]{1,9}\r\n)?",
            body in prop::collection::vec(prop::sample::select(b"0123af;\r\nxyz".to_vec()), 0..80),
            piece in 1..40_usize,
        ) {
            let bytes = [format!("HTTP/1.1 200 OK\r\n{head}\r\n").as_bytes(), &body].concat();
            let whole = read(&bytes, 1000).unwrap().unwrap();
            let reply = read(&bytes, piece).unwrap().unwrap();
            prop_assert!(reply.body.len() <= body.len());
            // An end may have come in a piece before the last.
            if !whole.says("transfer-encoding", "chunked") {
                prop_assert_eq!((reply.body, reply.ended), (whole.body, whole.ended));
            }
        }

        #[test]
        fn no_bytes_are_too_strange(bytes: Vec<u8>, piece in 1..40_usize) {
            let http = [b"HTTP/1.1 200 OK\r\n", &bytes[..], b"\r\n\r\n"].concat();
            let _ = (read(&bytes, piece).is_ok(), read(&http, piece).is_ok());
        }
    }
}
