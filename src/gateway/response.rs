//! A response, built once and written by CGI and FastCGI alike.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

/// Memory of a body that is kept for the next one.
const BODY_KEPT: usize = 64 * 1024;

/// One response. Workers reuse it, so that its memory is asked for once.
#[derive(Debug, Default)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Further headers; neither name nor value may hold a control character.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The body; its length becomes `Content-Length`.
    pub body: Vec<u8>,
    /// What follows it: a page that many replies share, so that it is in memory once.
    pub page: Option<Arc<Vec<u8>>>,
}

impl Response {
    /// Makes it a 200 without content, ready to be filled in again.
    pub fn clear(&mut self) {
        self.status = 200;
        self.content_type = "text/plain; charset=utf-8";
        self.headers.clear();
        self.body.clear();
        self.body.shrink_to(BODY_KEPT);
        self.page = None;
    }

    /// Makes it a short plain text with a status: how the gateway itself refuses a request.
    pub(super) fn refuse(&mut self, status: u16, text: &str) {
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
        let mut digits = itoa::Buffer::new();
        write_parts(out, ["Status: ", digits.format(self.status), reason(self.status)])?;
        if self.has_content() {
            let length = digits.format(self.body.len() + self.page().len());
            write_parts(
                out,
                ["\r\nContent-Type: ", self.content_type, "\r\nContent-Length: ", length],
            )?;
        }
        for (name, value) in &self.headers {
            if name.bytes().chain(value.bytes()).any(|byte| byte.is_ascii_control()) {
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
        !matches!(self.status, 204 | 304)
    }
}

/// As formatting would, for a fraction of what it costs.
fn write_parts<const N: usize>(out: &mut impl Write, parts: [&str; N]) -> io::Result<()> {
    parts.iter().try_for_each(|part| out.write_all(part.as_bytes()))
}

/// A space and the reason phrase (RFC 9110, 15). Web servers put their own; the grammar wants one to be
/// possible.
fn reason(status: u16) -> &'static str {
    match status {
        200 => " OK",
        201 => " Created",
        204 => " No Content",
        301 => " Moved Permanently",
        302 => " Found",
        303 => " See Other",
        304 => " Not Modified",
        400 => " Bad Request",
        401 => " Unauthorized",
        403 => " Forbidden",
        404 => " Not Found",
        405 => " Method Not Allowed",
        413 => " Content Too Large",
        429 => " Too Many Requests",
        431 => " Request Header Fields Too Large",
        500 => " Internal Server Error",
        503 => " Service Unavailable",
        _ => " ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(response: &Response, head_only: bool) -> String {
        let mut out = Vec::new();
        response.write(head_only, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn response(status: u16, body: &str) -> Response {
        let mut response = Response::default();
        response.clear();
        response.status = status;
        response.body.extend_from_slice(body.as_bytes());
        response
    }

    #[test]
    fn a_response_is_headers_an_empty_line_and_the_body() {
        let mut response = response(200, "hello");
        response.headers.push(("Cache-Control", "no-store".into()));
        assert_eq!(
            written(&response, false),
            "Status: 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\
             Cache-Control: no-store\r\n\r\nhello"
        );
    }

    #[test]
    fn a_page_follows_the_body() {
        let mut response = response(200, "hello ");
        response.page = Some(Arc::new(b"world".to_vec()));
        let text = written(&response, false);
        assert!(text.contains("Content-Length: 11\r\n") && text.ends_with("\r\n\r\nhello world"));
        response.clear();
        assert!(written(&response, false).contains("Content-Length: 0\r\n"));
    }

    #[test]
    fn head_keeps_the_length_and_loses_the_body() {
        let text = written(&response(200, "hello"), true);
        assert!(text.contains("Content-Length: 5\r\n") && text.ends_with("\r\n\r\n"), "{text}");
    }

    #[test]
    fn not_modified_has_neither_length_nor_body() {
        assert_eq!(written(&response(304, "x"), false), "Status: 304 Not Modified\r\n\r\n");
    }

    #[test]
    fn a_value_with_a_line_break_cannot_forge_a_header() {
        let mut response = response(302, "");
        response.headers.push(("Location", "/a\r\nSet-Cookie: b=c".into()));
        assert!(!written(&response, false).contains("Set-Cookie"));
    }
}
