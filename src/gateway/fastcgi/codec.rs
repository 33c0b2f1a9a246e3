//! The FastCGI protocol on one connection: bytes in, requests out, replies as bytes. No I/O, no
//! clock, so that every way in which a conversation may be cut into reads can be tested.
//!
//! A request lies in the read buffer while it is answered. Parameters that came in one record stay
//! where they were read; those of further records are moved up to them over the headers between.

use std::ops::Range;

use super::params::Params;
use super::record::{self, Begin, HEADER_LENGTH, Header, Kind, ProtocolStatus, Stdout, Truncated};
use crate::gateway::server::{
    BodyLimit, Codec, Event, Framing, LARGE, Limits, Output, OwnedRequest, Transport,
};
use crate::gateway::{Body, Method, Rejection, Request, Response, Variables as _, content_length};

/// Bytes of buffer to begin with: a typical request several times over.
const BUFFER: usize = 8 * 1024;
/// Buffers that grew beyond this are given back after the request.
const BUFFER_KEPT: usize = 64 * 1024;

/// A peer that does not speak FastCGI 1.0. There is no way on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// Another version, or no FastCGI at all.
    #[error("a record of version {0}; only FastCGI 1.0 is spoken here")]
    Version(u8),
    /// `BEGIN_REQUEST` without its eight bytes.
    #[error("a BEGIN_REQUEST record that is too short")]
    ShortBegin,
    /// `BEGIN_REQUEST` for a request that is still being sent.
    #[error("request {0} begun again while it is being sent")]
    BegunAgain(u16),
    /// A body before the end of the parameters.
    #[error("the body of request {0} before the end of its parameters")]
    BodyFirst(u16),
}

/// A large reply as records of STDOUT, and then the end of the request with this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Records(u16);

impl Framing for Records {
    /// A multiple of 8, as the specification recommends (3.3).
    const PIECE: usize = 65_528;

    fn begin_piece(&self, length: usize, out: &mut Vec<u8>) {
        record::write_stdout_header(out, self.0, length);
    }

    fn end(&self, out: &mut Vec<u8>) {
        record::write_end_request(out, self.0, ProtocolStatus::RequestComplete);
    }
}

/// A request that has begun and not ended.
#[derive(Debug)]
struct Active {
    id: u16,
    keep_connection: bool,
    stage: Stage,
    /// Where its parameters are in the buffer.
    params: Range<usize>,
    method: Method,
    /// `CONTENT_LENGTH`, when there is one; 0 for a body that nobody wants.
    content_length: Option<usize>,
    /// Bytes of body at most.
    body_limit: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Parameters arrive.
    Params,
    /// The body arrives.
    Body,
    /// All is there; the reply is not.
    Answering,
}

/// A record that is whole in the buffer.
struct Record {
    header: Header,
    content: Range<usize>,
    end: usize,
}

/// FastCGI on one connection.
#[derive(Debug)]
pub struct FastCgi {
    limits: Limits,
    /// Used up to `end`; the rest is room for what is read next.
    buffer: Vec<u8>,
    /// The first byte that has not been understood yet.
    start: usize,
    end: usize,
    active: Option<Active>,
    body: Body,
    transport: Transport,
}

impl Codec for FastCgi {
    type Error = ProtocolError;
    type Variables<'a> = Params<'a>;
    type Framing = Records;

    fn new(limits: Limits) -> Self {
        Self {
            limits,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            active: None,
            body: Body::default(),
            transport: Transport::Open,
        }
    }

    fn reset(&mut self) {
        self.forget_request();
        self.start = 0;
        self.end = 0;
        self.transport = Transport::Open;
    }

    fn room(&mut self) -> &mut [u8] {
        if self.transport != Transport::Open {
            // Nothing of it is looked at.
            self.start = 0;
            self.end = 0;
        }
        let floor = self.active.as_ref().map_or(0, |active| active.params.end);
        if self.start == self.end {
            self.start = floor;
            self.end = floor;
        }
        let needed = self.pending_record_length();
        if self.end == self.buffer.len() || self.start + needed > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, floor);
            self.end -= self.start - floor;
            self.start = floor;
        }
        if self.start + needed > self.buffer.len() {
            self.buffer.resize((self.start + needed).next_multiple_of(BUFFER), 0);
        }
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    fn filled(&mut self, length: usize) {
        self.end = (self.end + length).min(self.buffer.len());
    }

    fn next(
        &mut self,
        output: &mut Output<Records>,
        body_limit: BodyLimit<'_>,
    ) -> Result<Option<Event>, ProtocolError> {
        while self.transport == Transport::Open
            && let Some(record) = self.whole_record()?
        {
            if self.must_wait(record.header) {
                break;
            }
            self.start = record.end;
            if let Some(event) = self.take(&record, output, body_limit)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn transport(&self) -> Transport {
        self.transport
    }

    fn is_busy(&self) -> bool {
        self.active.is_some()
    }

    fn request(&self) -> (Params<'_>, &[u8]) {
        let params = self.active.as_ref().and_then(|active| self.bytes(&active.params));
        (Params::new(params.unwrap_or_default()), self.body.bytes())
    }

    fn take_request(&mut self) -> OwnedRequest {
        let body = std::mem::take(&mut self.body);
        OwnedRequest::new(&self.request().0, body)
    }

    fn reply(&mut self, response: &mut Response, output: &mut Output<Records>) {
        let Some(active) = &self.active else { return };
        let (id, head_only) = (active.id, active.method == Method::Head);
        let mut stdout = Stdout::new(output.bytes(), id);
        // Appending to a Vec cannot fail.
        let _ = response.write_head(&mut stdout);
        match if head_only { None } else { response.take_large_end(LARGE) } {
            Some(end) => {
                // All that is left is small.
                let _ = response.write_content(&mut stdout);
                stdout.pause();
                output.append_in_pieces(Records(id), end);
            }
            None => {
                let _ = if head_only { Ok(()) } else { response.write_content(&mut stdout) };
                stdout.finish();
            }
        }
        self.end_request();
    }
}

impl FastCgi {
    /// Bytes that the record at `start` takes up, as far as that is known.
    fn pending_record_length(&self) -> usize {
        match self.header() {
            Some(Ok(header)) => header.record_length(),
            Some(Err(_)) | None => HEADER_LENGTH,
        }
    }

    fn header(&self) -> Option<Result<Header, u8>> {
        let bytes = self.buffer.get(self.start..self.end)?.first_chunk()?;
        Some(Header::parse(*bytes))
    }

    fn whole_record(&self) -> Result<Option<Record>, ProtocolError> {
        let header = match self.header() {
            Some(Ok(header)) => header,
            Some(Err(version)) => return Err(ProtocolError::Version(version)),
            None => return Ok(None),
        };
        let end = self.start + header.record_length();
        if end > self.end {
            return Ok(None);
        }
        let content = self.start + HEADER_LENGTH;
        let content = content..content + usize::from(header.content_length);
        Ok(Some(Record { header, content, end }))
    }

    fn bytes(&self, range: &Range<usize>) -> Option<&[u8]> {
        self.buffer.get(range.clone())
    }

    /// A web server that sends the next request under the same number before it has the reply gets
    /// both replies in turn.
    fn must_wait(&self, next: Header) -> bool {
        next.kind() == Some(Kind::BeginRequest)
            && self.active.as_ref().is_some_and(|active| {
                active.stage == Stage::Answering && active.id == next.request_id
            })
    }

    fn take(
        &mut self,
        record: &Record,
        output: &mut Output<Records>,
        body_limit: BodyLimit<'_>,
    ) -> Result<Option<Event>, ProtocolError> {
        let id = record.header.request_id;
        let kind = record.header.kind();
        if id == 0 {
            self.take_management(record, output);
            return Ok(None);
        }
        if kind == Some(Kind::BeginRequest) {
            return self.begin(id, record, output).map(|()| None);
        }
        let Some(active) = self.active.as_ref().filter(|active| active.id == id) else {
            // Of a request that has ended or never begun (3.3): ignored.
            return Ok(None);
        };
        let taken = match (kind, active.stage) {
            (Some(Kind::AbortRequest), _) => {
                record::write_end_request(output.bytes(), id, ProtocolStatus::RequestComplete);
                self.end_request();
                return Ok(Some(Event::Aborted));
            }
            (Some(Kind::Stdin), Stage::Params) => return Err(ProtocolError::BodyFirst(id)),
            (Some(Kind::Params), Stage::Params) if record.content.is_empty() => {
                self.params_complete(body_limit).map(|()| None)
            }
            (Some(Kind::Params), Stage::Params) => self.take_params(record).map(|()| None),
            (Some(Kind::Stdin), Stage::Body) if record.content.is_empty() => {
                self.body_complete().map(|()| Some(Event::Request))
            }
            (Some(Kind::Stdin), Stage::Body) => self.take_body(record).map(|()| None),
            _ => Ok(None),
        };
        // The reply comes before the request is whole; the rest of it is then a stray and ignored.
        Ok(taken.unwrap_or_else(|rejection| Some(Event::Rejected(rejection))))
    }

    fn take_management(&self, record: &Record, output: &mut Output<Records>) {
        if record.header.kind() != Some(Kind::GetValues) {
            record::write_unknown_type(output.bytes(), record.header.type_byte);
            return;
        }
        let most = self.limits.connections.to_string();
        let known =
            [("FCGI_MAX_CONNS", &*most), ("FCGI_MAX_REQS", &*most), ("FCGI_MPXS_CONNS", "0")];
        let content = Params::new(self.bytes(&record.content).unwrap_or_default());
        let asked: Vec<_> =
            known.into_iter().filter(|(name, _)| content.get(name).is_some()).collect();
        record::write_get_values_result(output.bytes(), &asked);
    }

    fn begin(
        &mut self,
        id: u16,
        record: &Record,
        output: &mut Output<Records>,
    ) -> Result<(), ProtocolError> {
        let content = self.bytes(&record.content).unwrap_or_default();
        let begin = Begin::parse(content).ok_or(ProtocolError::ShortBegin)?;
        match &self.active {
            Some(active) if active.id == id => return Err(ProtocolError::BegunAgain(id)),
            Some(_) => record::write_end_request(output.bytes(), id, ProtocolStatus::CantMultiplex),
            None if begin.role != record::RESPONDER => {
                record::write_end_request(output.bytes(), id, ProtocolStatus::UnknownRole);
                if !begin.keep_connection {
                    self.transport = Transport::DrainAndClose;
                }
            }
            None => {
                self.active = Some(Active {
                    id,
                    keep_connection: begin.keep_connection,
                    stage: Stage::Params,
                    params: record.end..record.end,
                    method: Method::Other,
                    content_length: None,
                    body_limit: 0,
                });
            }
        }
        Ok(())
    }

    fn take_params(&mut self, record: &Record) -> Result<(), Rejection> {
        let Some(active) = &mut self.active else { return Ok(()) };
        if active.params.len() + record.content.len() > self.limits.params {
            return Err(Rejection::ParamsTooLong);
        }
        if active.params.is_empty() {
            active.params = record.content.clone();
        } else {
            self.buffer.copy_within(record.content.clone(), active.params.end);
            active.params.end += record.content.len();
        }
        Ok(())
    }

    fn params_complete(&mut self, body_limit: BodyLimit<'_>) -> Result<(), Rejection> {
        let (params, _) = self.request();
        let mut method = Method::Other;
        for pair in params.iter() {
            let (name, value) = pair.map_err(|Truncated| Rejection::ParamsMalformed)?;
            if name == b"REQUEST_METHOD" {
                method = Method::parse(value);
            }
        }
        // An announce has none, and need not be looked through once more.
        let limit = if method.takes_body() { body_limit(&Request::new(&params, &[])) } else { 0 };
        let length = if limit == 0 { Some(0) } else { content_length(&params)? };
        if let Some(active) = &mut self.active {
            active.method = method;
            active.stage = Stage::Body;
            active.content_length = length;
            active.body_limit = limit;
        }
        if length.is_some_and(|length| length > limit) {
            return Err(Rejection::BodyTooLong);
        }
        Ok(())
    }

    /// Keeps as much of the body as was announced; without an announcement, all of it.
    fn take_body(&mut self, record: &Record) -> Result<(), Rejection> {
        let Some(active) = &self.active else { return Ok(()) };
        let missing = match active.content_length {
            Some(length) => length.saturating_sub(self.body.length()),
            None if self.body.length() + record.content.len() > active.body_limit => {
                return Err(Rejection::BodyTooLong);
            }
            None => record.content.len(),
        };
        let wanted = record.content.start..record.content.end.min(record.content.start + missing);
        let bytes = self.buffer.get(wanted).unwrap_or_default();
        self.body.append(bytes).map_err(|error| Rejection::body_not_kept(&error))
    }

    fn body_complete(&mut self) -> Result<(), Rejection> {
        let Some(active) = &mut self.active else { return Ok(()) };
        active.stage = Stage::Answering;
        if active.content_length.is_some_and(|length| self.body.length() < length) {
            return Err(Rejection::BodyShort);
        }
        self.body.complete().map_err(|error| Rejection::body_not_kept(&error))
    }

    fn end_request(&mut self) {
        let Some(active) = &self.active else { return };
        if !active.keep_connection {
            self.transport = match active.stage {
                Stage::Answering => Transport::Close,
                Stage::Params | Stage::Body => Transport::DrainAndClose,
            };
        }
        self.forget_request();
    }

    fn forget_request(&mut self) {
        self.active = None;
        self.body.clear();
        if self.buffer.len() > BUFFER_KEPT && self.end - self.start <= BUFFER {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            self.buffer.truncate(BUFFER);
            self.buffer.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests;
