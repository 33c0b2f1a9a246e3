//! A response, built once and written by CGI and FastCGI alike.

/// One response. Workers reuse it, so that its memory is asked for once.
#[derive(Debug, Default)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Further headers; neither name nor value may hold a control character.
    pub headers: Vec<(&'static str, String)>,
    /// The body; its length becomes `Content-Length`.
    pub body: Vec<u8>,
}

impl Response {
    /// Makes it a 200 without content, ready to be filled in again.
    pub fn clear(&mut self) {
        self.status = 200;
        self.content_type = "text/plain; charset=utf-8";
        self.headers.clear();
        self.body.clear();
    }
}
