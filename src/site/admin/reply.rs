//! What the administration answers with, and what goes with every answer.

use askama::Template;

use super::address::root;
use crate::catalog::{CatalogError, UserError};
use crate::config::LayoutError;
use crate::gateway::{Response, Status};
use crate::site::PublishError;

/// What a page may load and do: nothing but its stylesheet and its own pictures.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(super) const HTML: &str = "text/html; charset=utf-8";

/// What is answered.
#[derive(Debug)]
pub(super) enum Reply {
    /// A page.
    Page(Status, String),
    /// The way to another page, from the folder of the administration.
    To(String),
    /// A file that is kept, as it is called.
    File { name: String, content_type: &'static str, content: Vec<u8> },
    /// The stylesheet.
    Style(&'static str),
}

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Failed {
    /// Only where this thread may not wait.
    WouldWait,
    /// There is no such page.
    NotFound,
    /// Nobody is signed in, or not any more.
    NotSignedIn,
    /// Not for this role.
    NotAllowed,
    /// Others are at it all the time.
    Busy,
    /// The form is not from a page of ours, or of a session that is over.
    NotOurForm,
    /// The form cannot be read.
    Form(crate::site::form::FormError),
    /// Something does not work: for the log, and for who may see it.
    Broken(String),
}

impl Reply {
    /// A page, as a template fills it.
    pub(super) fn page(template: &impl Template) -> Result<Self, Failed> {
        Self::page_of(Status::Ok, template)
    }

    /// The same with another status.
    pub(super) fn page_of(status: Status, template: &impl Template) -> Result<Self, Failed> {
        // Memory takes all that is written to it.
        let text = template.render().map_err(|problem| Failed::Broken(problem.to_string()))?;
        Ok(Self::Page(status, text))
    }

    /// Answers with it, from a page so many folders below that of the administration.
    pub(super) fn put(self, depth: usize, response: &mut Response) {
        match self {
            Self::Page(status, text) => {
                response.status = status;
                response.content_type = HTML;
                response.body = text.into_bytes();
            }
            Self::To(place) => {
                let root = root(depth);
                let root = if root.is_empty() { "./" } else { &root };
                put_way_to(&format!("{root}{place}"), response);
            }
            Self::File { name, content_type, content } => {
                response.content_type = content_type;
                let disposition = format!("attachment; filename=\"{name}\"");
                response.headers.push(("Content-Disposition", disposition.into()));
                response.body = content;
            }
            Self::Style(text) => {
                response.content_type = "text/css; charset=utf-8";
                response.headers.retain(|(name, _)| *name != "Cache-Control");
                response.headers.push(("Cache-Control", "max-age=3600".into()));
                response.body.extend_from_slice(text.as_bytes());
            }
        }
    }
}

impl From<CatalogError> for Failed {
    fn from(problem: CatalogError) -> Self {
        Self::Broken(problem.to_string())
    }
}

impl From<UserError> for Failed {
    fn from(problem: UserError) -> Self {
        match problem {
            UserError::Unknown => Self::NotFound,
            problem => Self::Broken(problem.to_string()),
        }
    }
}

impl From<LayoutError> for Failed {
    fn from(problem: LayoutError) -> Self {
        Self::Broken(problem.to_string())
    }
}

impl From<PublishError> for Failed {
    fn from(problem: PublishError) -> Self {
        Self::Broken(problem.to_string())
    }
}

/// Sends a browser to another page of ours.
pub(super) fn put_way_to(place: &str, response: &mut Response) {
    response.status = Status::SeeOther;
    response.headers.push(("Location", place.to_owned().into()));
}

/// What goes with every answer: nobody keeps it, frames it, or learns from where somebody came.
pub(super) fn put_headers(response: &mut Response) {
    for (name, value) in [
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", POLICY),
        ("Referrer-Policy", "no-referrer"),
        ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("X-Robots-Tag", "noindex"),
    ] {
        response.headers.push((name, value.into()));
    }
}
