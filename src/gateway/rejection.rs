//! What the gateway rejects by itself, before a handler sees it.

use std::io;

use super::{Response, Status, Variables};

/// Why a request is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// More bytes of parameters than allowed.
    ParamsTooLong,
    /// Parameters that are no name-value pairs.
    ParamsMalformed,
    /// `CONTENT_LENGTH` is no number.
    LengthMalformed,
    /// More bytes of body than allowed.
    BodyTooLong,
    /// Fewer bytes of body than announced.
    BodyShort,
    /// The body could not be kept: a full disk.
    BodyNotKept,
}

impl Rejection {
    /// Because of what the kernel said of a temporary file, which goes to the log.
    pub(super) fn body_not_kept(error: &io::Error) -> Self {
        crate::error!("cannot keep the body of a request in a temporary file: {error}");
        Self::BodyNotKept
    }

    /// Turns a response into this rejection, as a plain text.
    pub fn fill(self, response: &mut Response) {
        let (status, text) = self.in_words();
        response.refuse(status, text);
    }

    /// Its status, and a sentence on why.
    #[must_use]
    pub fn in_words(self) -> (Status, &'static str) {
        match self {
            Self::ParamsTooLong => {
                (Status::HeaderFieldsTooLarge, "The request's parameters are too long.")
            }
            Self::ParamsMalformed => {
                (Status::BadRequest, "The request's parameters are malformed.")
            }
            Self::LengthMalformed => {
                (Status::BadRequest, "The request's Content-Length is not a number.")
            }
            Self::BodyTooLong => (Status::ContentTooLarge, "The request's body is too long."),
            Self::BodyShort => {
                (Status::BadRequest, "The request's body is shorter than its Content-Length.")
            }
            Self::BodyNotKept => {
                (Status::InternalServerError, "The request's body could not be kept; see the log.")
            }
        }
    }
}

/// The bytes of body that a request announces; `None` when it does not say.
///
/// # Errors
/// [`Rejection::LengthMalformed`].
pub(super) fn content_length(variables: &dyn Variables) -> Result<Option<usize>, Rejection> {
    let text = variables.get("CONTENT_LENGTH").unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    if !text.iter().all(u8::is_ascii_digit) {
        return Err(Rejection::LengthMalformed);
    }
    // Digits that make no number make one that is too large for anybody.
    let length = std::str::from_utf8(text).ok().and_then(|digits| digits.parse().ok());
    Ok(Some(length.unwrap_or(usize::MAX)))
}
