//! Why a request is not answered with what it asks for: problem details (RFC 9457), with a sentence on what to do.

use serde::Serialize;

use crate::gateway::{Response, Status};
use crate::platform::log::{self, Level};

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
    /// Something else than reading.
    #[error("this can only be read; use GET or HEAD")]
    Method,
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
    /// Too many requests wait.
    #[error("this tracker is busy; try again in a minute")]
    Busy,
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

    fn status(&self) -> Status {
        match self {
            Self::UnknownParameter { .. }
            | Self::Repeated { .. }
            | Self::Value { .. }
            | Self::NotAHash => Status::BadRequest,
            Self::Forbidden => Status::Forbidden,
            Self::NoSuchAddress | Self::NoSuchTorrent | Self::Replica { .. } => Status::NotFound,
            Self::Method => Status::MethodNotAllowed,
            Self::Retired { .. } => Status::Gone,
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
        let details = Details { r#type: "about:blank", title, status, detail, parameter, reason };
        response.content_type = "application/problem+json";
        response.headers.push(("Cache-Control", "no-store".into()));
        // Texts and a number can always be written.
        response.body = serde_json::to_vec(&details).unwrap_or_default();
    }
}
