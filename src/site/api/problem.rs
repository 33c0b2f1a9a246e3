//! Why a request is not answered with what it asks for: problem details (RFC 9457), with a sentence on what to do.

use std::borrow::Cow;

use serde::Serialize;

use crate::gateway::{Rejection, Response, Status};
use crate::platform::log::{self, Level};
use crate::protocol::Seconds;

/// What stands in the way.
#[derive(Debug, thiserror::Error)]
pub(in crate::site) enum Problem {
    /// A parameter that means nothing here.
    #[error("`{name}` is no parameter of this address; it takes {}", those(.known))]
    UnknownParameter {
        /// The parameter.
        name: String,
        /// What may stand there.
        known: &'static [&'static str],
    },
    /// A parameter that stands twice.
    #[error("`{name}` is there more than once; give it once")]
    Repeated {
        /// The parameter.
        name: String,
    },
    /// A value that a parameter cannot have.
    #[error("`{name}` must be {expected}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// What it can have.
        expected: String,
    },
    /// What should be an info-hash.
    #[error("a torrent is named by its info-hash: 40 hexadecimal digits, or 64 for version 2")]
    NotAHash,
    /// The owner shows it to others.
    #[error(
        "the owner of this tracker does not show this to your address; ask the owner for access"
    )]
    Forbidden,
    /// There is nothing.
    #[error("there is nothing at this address; /api/v1/openapi.json describes what there is")]
    NoSuchAddress,
    /// Nothing is shown of such a torrent.
    #[error("there is no such torrent here; /api/v1/torrents lists those that there are")]
    NoSuchTorrent,
    /// The host has no catalogue.
    #[error(
        "this host answers BitTorrent clients only; {}",
        .owner.as_ref().map_or("ask the tracker's main host".into(), |owner| format!("ask {owner}"))
    )]
    Replica {
        /// The address of the owner's host.
        owner: Option<String>,
    },
    /// A method that the address does not take.
    #[error("this address takes {allowed}")]
    Method {
        /// Those that it takes.
        allowed: String,
    },
    /// The torrent was retired.
    #[error("this torrent is not tracked any more: {reason}")]
    Retired {
        /// Why.
        reason: String,
    },
    /// The configuration cannot be followed.
    #[error("this tracker is not set up correctly; its owner finds the reason in the error log")]
    Broken,
    /// A file cannot be read.
    #[error("this cannot be read now; the tracker's owner finds the reason in the error log")]
    Trouble,
    /// There is no token in the request.
    #[error(
        "this needs a token: send `Authorization: Bearer tct_...`; if you did, the web server has to be told to pass that \
         header on to the tracker"
    )]
    NoToken,
    /// The token is none that counts.
    #[error(
        "this token does not count: it is wrong, over or removed, or its user is disabled; ask for another"
    )]
    BadToken,
    /// Too many wrong tokens came from the address.
    #[error("too many wrong tokens came from your address; try again in {0} seconds")]
    TooManyTokens(Seconds),
    /// The owner has not turned the administration on.
    #[error("the administration of this tracker is off; `enabled` in [admin] turns it on")]
    AdministrationOff,
    /// The token is for something else.
    #[error("this token is not for that; make one with another scope")]
    NotInScope,
    /// The role of its user does not allow it.
    #[error("the user of this token may not do that; an administrator may")]
    NotForRole,
    /// What an address names is not there.
    #[error("there is no such {0}")]
    NoSuch(&'static str),
    /// Something that is there stands against it.
    #[error("{0}")]
    Conflict(String),
    /// It is another version than the request is for.
    #[error("this has been changed meanwhile; read it again, and send the new ETag as If-Match")]
    ChangedMeanwhile,
    /// A body that is larger than is read.
    #[error("the body has more than {0} bytes; send less at once")]
    TooLarge(usize),
    /// A body of another kind.
    #[error("the body must be {0}, and Content-Type must say so")]
    MediaType(&'static str),
    /// A body that is not what it says.
    #[error("the body cannot be read: {0}")]
    Malformed(String),
    /// Values that cannot be taken.
    #[error("nothing was done: {}", in_words(.0))]
    Fields(Vec<FieldError>),
    /// A key that is none.
    #[error("Idempotency-Key must be 1 to 255 characters of ASCII without blanks")]
    BadKey,
    /// A key that another request had.
    #[error("another request had this Idempotency-Key within a day; choose a new key")]
    KeyOfAnother,
    /// The gateway takes no such request.
    #[error("{}", .0.in_words().1)]
    Rejected(Rejection),
    /// Too many requests wait.
    #[error("this tracker is busy; try again in a minute")]
    Busy,
}

/// A field of a request that cannot be taken, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in crate::site) struct FieldError {
    /// Its name, as it was sent.
    pub(super) field: String,
    /// What is wrong, and what may stand there.
    pub(super) detail: String,
}

/// A problem as it is sent (RFC 9457, 3.1).
#[derive(Serialize)]
struct Details<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

/// The first faults in one line.
fn in_words(errors: &[FieldError]) -> String {
    const MOST: usize = 5;
    let shown = errors.iter().take(MOST);
    let words: Vec<String> = shown.map(|it| format!("{}: {}", it.field, it.detail)).collect();
    let more = if errors.len() > MOST { "; and more" } else { "" };
    words.join("; ") + more
}

fn those(names: &[&str]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

impl Problem {
    /// Has the owner hear what went wrong, of which nobody else is told.
    pub(super) fn log(problem: impl std::fmt::Display) -> Self {
        // Strangers decide how often.
        log::line_once_a_minute(Level::Error, &problem.to_string());
        Self::Trouble
    }

    /// The problem that one field of a request makes.
    pub(super) fn field(name: &str, detail: &impl ToString) -> Self {
        Self::Fields(vec![FieldError { field: name.to_owned(), detail: detail.to_string() }])
    }

    fn status(&self) -> Status {
        match self {
            Self::UnknownParameter { .. }
            | Self::Repeated { .. }
            | Self::Value { .. }
            | Self::NotAHash
            | Self::Malformed(_)
            | Self::BadKey => Status::BadRequest,
            Self::NoToken | Self::BadToken => Status::Unauthorized,
            Self::Forbidden | Self::AdministrationOff | Self::NotInScope | Self::NotForRole => {
                Status::Forbidden
            }
            Self::NoSuchAddress | Self::NoSuchTorrent | Self::Replica { .. } | Self::NoSuch(_) => {
                Status::NotFound
            }
            Self::Method { .. } => Status::MethodNotAllowed,
            Self::Conflict(_) => Status::Conflict,
            Self::Retired { .. } => Status::Gone,
            Self::ChangedMeanwhile => Status::PreconditionFailed,
            Self::TooLarge(_) => Status::ContentTooLarge,
            Self::MediaType(_) => Status::UnsupportedMediaType,
            Self::Fields(_) | Self::KeyOfAnother => Status::UnprocessableContent,
            Self::TooManyTokens(_) => Status::TooManyRequests,
            Self::Rejected(rejection) => rejection.in_words().0,
            Self::Broken | Self::Trouble => Status::InternalServerError,
            Self::Busy => Status::ServiceUnavailable,
        }
    }

    pub(super) fn write(&self, response: &mut Response) {
        response.status = self.status();
        let (status, title) = response.status.in_words();
        let (parameter, reason) = match self {
            Self::UnknownParameter { name, .. } | Self::Repeated { name } => (Some(&**name), None),
            Self::Value { name, .. } => (Some(*name), None),
            Self::NotAHash => (Some("torrent"), None),
            Self::Retired { reason } => (None, Some(&**reason)),
            _ => (None, None),
        };
        let detail = self.to_string();
        let errors: &[FieldError] = if let Self::Fields(errors) = self { errors } else { &[] };
        let r#type = "about:blank";
        let details = Details { r#type, title, status, detail, parameter, reason, errors };
        response.headers.extend(self.header());
        response.content_type = "application/problem+json";
        response.headers.push(("Cache-Control", "no-store".into()));
        // Texts and a number can always be written.
        response.body = serde_json::to_vec(&details).unwrap_or_default();
    }

    /// What goes with it beside the body (RFC 6750, 3; RFC 9110, 10.2.3).
    fn header(&self) -> Option<(&'static str, Cow<'static, str>)> {
        let challenge = "WWW-Authenticate";
        match self {
            Self::Method { allowed } => Some(("Allow", allowed.clone().into())),
            Self::NoToken => Some((challenge, "Bearer realm=\"tracker\"".into())),
            Self::BadToken => {
                Some((challenge, "Bearer realm=\"tracker\", error=\"invalid_token\"".into()))
            }
            Self::NotInScope => {
                Some((challenge, "Bearer realm=\"tracker\", error=\"insufficient_scope\"".into()))
            }
            Self::TooManyTokens(seconds) => Some(("Retry-After", seconds.0.to_string().into())),
            _ => None,
        }
    }
}
