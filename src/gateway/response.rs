//! A response, built once and written by CGI and FastCGI alike.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

/// Memory of a body that is kept for the next one.
const BODY_KEPT: usize = 64 * 1024;

/// The statuses that replies have (RFC 9110, 15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// 200.
    #[default]
    Ok,
    /// 201.
    Created,
    /// 204.
    NoContent,
    /// 302.
    Found,
    /// 303.
    SeeOther,
    /// 304.
    NotModified,
    /// 307.
    TemporaryRedirect,
    /// 400.
    BadRequest,
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 409.
    Conflict,
    /// 410.
    Gone,
    /// 412.
    PreconditionFailed,
    /// 413.
    ContentTooLarge,
    /// 415.
    UnsupportedMediaType,
    /// 422.
    UnprocessableContent,
    /// 429.
    TooManyRequests,
    /// 431.
    HeaderFieldsTooLarge,
    /// 500.
    InternalServerError,
    /// 503.
    ServiceUnavailable,
}

impl Status {
    /// The first line of a CGI's reply. Web servers put their own reason phrase.
    fn line(self) -> &'static [u8] {
        match self {
            Self::Ok => b"Status: 200 OK",
            Self::Created => b"Status: 201 Created",
            Self::NoContent => b"Status: 204 No Content",
            Self::Found => b"Status: 302 Found",
            Self::SeeOther => b"Status: 303 See Other",
            Self::NotModified => b"Status: 304 Not Modified",
            Self::TemporaryRedirect => b"Status: 307 Temporary Redirect",
            Self::BadRequest => b"Status: 400 Bad Request",
            Self::Unauthorized => b"Status: 401 Unauthorized",
            Self::Forbidden => b"Status: 403 Forbidden",
            Self::NotFound => b"Status: 404 Not Found",
            Self::MethodNotAllowed => b"Status: 405 Method Not Allowed",
            Self::Conflict => b"Status: 409 Conflict",
            Self::Gone => b"Status: 410 Gone",
            Self::PreconditionFailed => b"Status: 412 Precondition Failed",
            Self::ContentTooLarge => b"Status: 413 Content Too Large",
            Self::UnsupportedMediaType => b"Status: 415 Unsupported Media Type",
            Self::UnprocessableContent => b"Status: 422 Unprocessable Content",
            Self::TooManyRequests => b"Status: 429 Too Many Requests",
            Self::HeaderFieldsTooLarge => b"Status: 431 Request Header Fields Too Large",
            Self::InternalServerError => b"Status: 500 Internal Server Error",
            Self::ServiceUnavailable => b"Status: 503 Service Unavailable",
        }
    }

    /// Its number and its phrase, such as 404 and "Not Found".
    #[must_use]
    pub fn in_words(self) -> (u16, &'static str) {
        let line = std::str::from_utf8(self.line()).unwrap_or_default();
        let words = line.trim_start_matches("Status: ").split_once(' ');
        words.and_then(|(number, phrase)| Some((number.parse().ok()?, phrase))).unwrap_or_default()
    }
}

/// One response. Workers reuse it, so that its memory is asked for once.
#[derive(Debug, Default)]
pub struct Response {
    /// Its status.
    pub status: Status,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Further headers. A value that is made of what somebody sent is owned, and left out where it has a control character.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The body; its length becomes `Content-Length`.
    pub body: Vec<u8>,
    /// What follows it: a page that many replies share, so that it is in memory once.
    pub page: Option<Arc<Vec<u8>>>,
}

impl Response {
    /// Makes it a 200 without content, ready to be filled in again.
    pub fn clear(&mut self) {
        self.status = Status::Ok;
        self.content_type = "text/plain; charset=utf-8";
        self.headers.clear();
        self.body.clear();
        self.body.shrink_to(BODY_KEPT);
        self.page = None;
    }

    /// Makes it a short plain text with a status: how the gateway itself refuses a request.
    pub(super) fn refuse(&mut self, status: Status, text: &str) {
        self.clear();
        self.status = status;
        self.headers.push(("Cache-Control", "no-store".into()));
        self.body.extend_from_slice(text.as_bytes());
        self.body.push(b'\n');
    }

    /// Writes the header lines and the empty line after them (RFC 3875, 6.3).
    ///
    /// A header that could forge further ones is left out. 204 and 304 have no `Content-Length`
    /// (RFC 9110, 8.6), all others do, also for HEAD.
    pub(super) fn write_head(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(self.status.line())?;
        if self.has_content() {
            let mut digits = itoa::Buffer::new();
            let length = digits.format(self.body.len() + self.page().len());
            write_parts(
                out,
                ["\r\nContent-Type: ", self.content_type, "\r\nContent-Length: ", length],
            )?;
        }
        for (name, value) in &self.headers {
            // What is not owned is written in the code.
            if matches!(value, Cow::Owned(value) if value.bytes().any(|it| it.is_ascii_control())) {
                crate::error!("header {name} left out of a reply: control character in {value:?}");
                continue;
            }
            write_parts(out, ["\r\n", name, ": ", value])?;
        }
        out.write_all(b"\r\n\r\n")
    }

    /// Writes it whole; for HEAD (`head_only`) without the body.
    pub(super) fn write(&self, head_only: bool, out: &mut impl Write) -> io::Result<()> {
        self.write_head(out)?;
        if head_only { Ok(()) } else { self.write_content(out) }
    }

    /// Writes what follows the head; for some statuses nothing.
    pub(super) fn write_content(&self, out: &mut impl Write) -> io::Result<()> {
        if !self.has_content() {
            return Ok(());
        }
        out.write_all(&self.body)?;
        out.write_all(self.page())
    }

    /// Takes out what is larger than `limit` at its end, to be written without a copy after the rest.
    pub(super) fn take_large_end(&mut self, limit: usize) -> Option<Arc<Vec<u8>>> {
        if !self.has_content() {
            return None;
        }
        if self.page().len() > limit {
            return self.page.take();
        }
        if self.page.is_some() || self.body.len() <= limit {
            return None;
        }
        let mut body = std::mem::take(&mut self.body);
        body.shrink_to_fit();
        Some(Arc::new(body))
    }

    fn page(&self) -> &[u8] {
        self.page.as_ref().map_or(&[], |page| page)
    }

    fn has_content(&self) -> bool {
        !matches!(self.status, Status::NoContent | Status::NotModified)
    }
}

/// As formatting would, for a fraction of what it costs.
fn write_parts<const N: usize>(out: &mut impl Write, parts: [&str; N]) -> io::Result<()> {
    parts.iter().try_for_each(|part| out.write_all(part.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(response: &Response, head_only: bool) -> String {
        let mut out = Vec::new();
        response.write(head_only, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn response(status: Status, body: &str) -> Response {
        let mut response = Response::default();
        response.clear();
        response.status = status;
        response.body.extend_from_slice(body.as_bytes());
        response
    }

    #[test]
    fn a_status_has_a_number_and_a_phrase() {
        assert_eq!(Status::NotFound.in_words(), (404, "Not Found"));
        assert_eq!(Status::Ok.in_words(), (200, "OK"));
    }

    #[test]
    fn a_response_is_headers_an_empty_line_and_the_body() {
        let mut response = response(Status::Ok, "hello");
        response.headers.push(("Cache-Control", "no-store".into()));
        assert_eq!(
            written(&response, false),
            "Status: 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\
             Cache-Control: no-store\r\n\r\nhello"
        );
    }

    #[test]
    fn a_page_follows_the_body() {
        let mut response = response(Status::Ok, "hello ");
        response.page = Some(Arc::new(b"world".to_vec()));
        let text = written(&response, false);
        assert!(text.contains("Content-Length: 11\r\n") && text.ends_with("\r\n\r\nhello world"));
        response.clear();
        assert!(written(&response, false).contains("Content-Length: 0\r\n"));
    }

    #[test]
    fn head_keeps_the_length_and_loses_the_body() {
        let text = written(&response(Status::Ok, "hello"), true);
        assert!(text.contains("Content-Length: 5\r\n") && text.ends_with("\r\n\r\n"), "{text}");
    }

    #[test]
    fn not_modified_has_neither_length_nor_body() {
        assert_eq!(
            written(&response(Status::NotModified, "x"), false),
            "Status: 304 Not Modified\r\n\r\n"
        );
    }

    #[test]
    fn a_value_with_a_line_break_cannot_forge_a_header() {
        let mut response = response(Status::Found, "");
        response.headers.push(("Location", "/a\r\nSet-Cookie: b=c".to_owned().into()));
        assert!(!written(&response, false).contains("Set-Cookie"));
    }
}
