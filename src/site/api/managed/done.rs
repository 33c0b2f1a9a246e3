//! What is answered to a program for which something was done.

use serde::Serialize;

use super::{Failed, Problem};
use crate::catalog::{Answered, Digest};
use crate::gateway::{Response, Status};
use crate::site::api::JSON;

/// An answer.
#[derive(Debug)]
pub(super) struct Done {
    status: Status,
    body: Vec<u8>,
    /// Which version of a thing it shows, for `If-Match`.
    version: Option<String>,
}

impl Done {
    /// What was asked for.
    pub(super) fn found(content: &impl Serialize) -> Result<Self, Failed> {
        Self::with_status(Status::Ok, content)
    }

    /// Something new.
    pub(super) fn made(content: &impl Serialize) -> Result<Self, Failed> {
        Self::with_status(Status::Created, content)
    }

    /// Something that is new, or was there before.
    pub(super) fn put_in_place(is_new: bool, content: &impl Serialize) -> Result<Self, Failed> {
        if is_new { Self::made(content) } else { Self::found(content) }
    }

    /// It is gone: there is nothing to say.
    pub(super) fn gone() -> Self {
        Self { status: Status::NoContent, body: Vec::new(), version: None }
    }

    fn with_status(status: Status, content: &impl Serialize) -> Result<Self, Failed> {
        let body = serde_json::to_vec(content).map_err(Problem::log)?;
        Ok(Self { status, body, version: None })
    }

    /// Says which version of a thing it shows.
    pub(super) fn of_version(self, version: impl ToString) -> Self {
        Self { version: Some(version.to_string()), ..self }
    }

    /// As it is kept.
    pub(super) fn answered(&self, asked: Digest) -> Answered {
        Answered { asked, status: self.status.in_words().0, body: self.body.clone() }
    }

    /// One that was kept.
    pub(super) fn again(answered: Answered) -> Self {
        let status = match answered.status {
            201 => Status::Created,
            204 => Status::NoContent,
            _ => Status::Ok,
        };
        Self { status, body: answered.body, version: None }
    }

    /// Answers with it. Nobody keeps it on the way.
    pub(super) fn put(self, response: &mut Response) {
        response.status = self.status;
        response.content_type = JSON;
        response.headers.push(("Cache-Control", "no-store".into()));
        let tag = self.version.map(|version| ("ETag", format!("\"{version}\"").into()));
        response.headers.extend(tag);
        response.body = self.body;
    }
}

/// Sends a program to another address, with all that it has sent.
pub(super) fn put_way_to(address: String, response: &mut Response) {
    response.status = Status::TemporaryRedirect;
    response.headers.push(("Cache-Control", "no-store".into()));
    response.headers.push(("Location", address.into()));
}
