//! The web server's side of a conversation, for tests.

use super::codec::Records;
use super::record::{HEADER_LENGTH, Header, Kind, Pairs};
use crate::gateway::server::Output;

/// `KEEP_CONN` in `BEGIN_REQUEST`.
pub const KEEP: u8 = 1;

/// A record, padded as asked.
pub fn padded(type_byte: u8, request_id: u16, content: &[u8], padding_length: u8) -> Vec<u8> {
    let content_length = u16::try_from(content.len()).unwrap();
    let header = Header { type_byte, request_id, content_length, padding_length };
    let mut bytes = header.encode().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len() + usize::from(padding_length), 0xaa);
    bytes
}

/// A record without padding.
pub fn record(kind: Kind, request_id: u16, content: &[u8]) -> Vec<u8> {
    padded(kind as u8, request_id, content, 0)
}

/// `BEGIN_REQUEST` for a Responder.
pub fn begin(request_id: u16, flags: u8) -> Vec<u8> {
    record(Kind::BeginRequest, request_id, &[0, 1, flags, 0, 0, 0, 0, 0])
}

fn push_length(bytes: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => bytes.push(short),
        _ => bytes.extend((u32::try_from(length).unwrap() | 0x8000_0000).to_be_bytes()),
    }
}

/// Name-value pairs.
pub fn pairs<N: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: &[(N, V)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in pairs {
        let (name, value) = (name.as_ref(), value.as_ref());
        push_length(&mut bytes, name.len());
        push_length(&mut bytes, value.len());
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(value);
    }
    bytes
}

/// A whole request as nginx sends it: one record of parameters, records of body, all ends.
pub fn request(request_id: u16, flags: u8, params: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = begin(request_id, flags);
    bytes.extend(record(Kind::Params, request_id, &pairs(params)));
    bytes.extend(record(Kind::Params, request_id, b""));
    for piece in body.chunks(32 * 1024) {
        bytes.extend(record(Kind::Stdin, request_id, piece));
    }
    bytes.extend(record(Kind::Stdin, request_id, b""));
    bytes
}

/// A GET with a query.
pub fn get(request_id: u16, flags: u8, query: &str) -> Vec<u8> {
    request(request_id, flags, &[("REQUEST_METHOD", "GET"), ("QUERY_STRING", query)], b"")
}

/// A POST with a body, whose length it tells.
pub fn post(request_id: u16, flags: u8, query: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len().to_string();
    let params = [("REQUEST_METHOD", "POST"), ("QUERY_STRING", query), ("CONTENT_LENGTH", &length)];
    request(request_id, flags, &params, body)
}

/// A record that we sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub type_byte: u8,
    pub request_id: u16,
    pub content: Vec<u8>,
}

impl Sent {
    pub fn new(kind: Kind, request_id: u16, content: &[u8]) -> Self {
        Self { type_byte: kind as u8, request_id, content: content.to_vec() }
    }

    /// `END_REQUEST` with a protocol status.
    pub fn end(request_id: u16, status: u8) -> Self {
        Self::new(Kind::EndRequest, request_id, &[0, 0, 0, 0, status, 0, 0, 0])
    }
}

/// Takes the first record off `bytes`, when it is whole.
pub fn split_record(bytes: &mut Vec<u8>) -> Option<Sent> {
    let header = Header::parse(*bytes.first_chunk::<HEADER_LENGTH>()?).unwrap();
    if bytes.len() < header.record_length() {
        return None;
    }
    let whole: Vec<u8> = bytes.drain(..header.record_length()).collect();
    let content = &whole[HEADER_LENGTH..][..usize::from(header.content_length)];
    Some(Sent {
        type_byte: header.type_byte,
        request_id: header.request_id,
        content: content.to_vec(),
    })
}

/// Takes all that waits to be written.
pub fn drain(output: &mut Output<Records>) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let (first, second) = output.unwritten();
        let next = [first, second].concat();
        if next.is_empty() {
            return all;
        }
        output.wrote(next.len());
        all.extend(next);
    }
}

/// All records in what we sent, which must be whole.
pub fn sent(mut bytes: Vec<u8>) -> Vec<Sent> {
    let records = std::iter::from_fn(|| split_record(&mut bytes)).collect();
    assert!(bytes.is_empty(), "{} bytes of a cut-off record", bytes.len());
    records
}

/// The pairs of a `GET_VALUES_RESULT`.
pub fn values(content: &[u8]) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Pairs::new(content).map(Result::unwrap).map(|(n, v)| (text(n), text(v))).collect()
}
