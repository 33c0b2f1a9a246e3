//! What is fetched over HTTP and HTTPS, and how far that may go.

use super::bounds::{Bounds, Deadline};
use super::failed::Failed;
use super::reply::{Incoming, Reply};
use crate::protocol::HttpUrl;

/// One GET.
pub(super) struct Request<'a> {
    pub(super) url: &'a HttpUrl,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) bounds: &'a Bounds,
    pub(super) deadline: Deadline,
}

impl Request<'_> {
    /// The path and the query.
    pub(super) fn target(&self) -> String {
        let slash = if self.url.target().starts_with('/') { "" } else { "/" };
        format!("{slash}{}", self.url.target())
    }

    pub(super) fn silent(&self) -> Failed {
        Failed::Silent { to: self.url.authority().into(), within: self.bounds.time }
    }

    /// What came, or why it is no reply.
    pub(super) fn reply(&self, incoming: Incoming, reason: &str) -> Result<Reply, Failed> {
        incoming.into_reply(self.bounds.bytes).ok_or_else(|| Failed::NotHttp {
            to: self.url.authority().into(),
            reason: reason.into(),
        })
    }
}
