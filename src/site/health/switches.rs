//! Switches that keep clients out, of the configuration or set over it: an owner may have forgotten one.

use super::announced::Said;
use super::examination::Examination;
use super::http::Reply;
use super::outcome::Outcome;
use crate::config::{Families, Gone};
use crate::protocol::HttpUrl;

/// What the owner has switched off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The tracker is no more; by which status clients are told.
    Gone(u16),
    /// It is offline, with this message.
    Offline(String),
}

/// Whether the tracker serves nobody, as its owner wants it.
pub(super) fn closed(examination: &Examination<'_>) -> Option<Closed> {
    let access = &examination.effective().config.access;
    match access.gone {
        Gone::Ok => Some(Closed::Gone(200)),
        Gone::Gone => Some(Closed::Gone(410)),
        Gone::No if access.offline_message.is_empty() => None,
        Gone::No => Some(Closed::Offline(access.offline_message.to_string())),
    }
}

/// Whether a switch keeps clients out.
pub(super) fn keep_out(examination: &Examination<'_>) -> Option<Outcome> {
    let only = |family: &str, other: &str| {
        format!(
            "peers are taken over {family} only, clients that announce over {other} are refused; `families` in \
             [network] is \"both\" where that is not wanted"
        )
    };
    let text = match (closed(examination), examination.loaded.config.network.families) {
        (Some(Closed::Gone(status)), _) => format!(
            "all clients are told, with status {status}, that this tracker is no more and never to ask again; \
             `gone` in [access] is \"no\" where it is to work"
        ),
        (Some(Closed::Offline(message)), _) => {
            let is_configured =
                examination.loaded.config.access.offline_message.as_str() == message;
            let remedy = if is_configured {
                "empty offline_message in [access]"
            } else {
                "`tracker switch reset offline_message`, or choose so in the administration,"
            };
            format!(
                "the tracker is offline, all clients are told {message:?}; {remedy} to have it work again"
            )
        }
        (None, Families::Ipv4) => only("IPv4", "IPv6"),
        (None, Families::Ipv6) => only("IPv6", "IPv4"),
        (None, Families::Both) => return None,
    };
    Some(Outcome::told(text))
}

impl Closed {
    /// Whether a reply says what it is to say.
    pub(super) fn judge(&self, url: &HttpUrl, reply: &Reply) -> Outcome {
        let is_so = match self {
            Self::Gone(200) => says(reply, "no longer a tracker"),
            Self::Gone(status) => reply.status == *status,
            Self::Offline(message) => says(reply, message),
        };
        match is_so {
            true => Outcome::fine(format!("{url} says that it is closed, as its owner has it")),
            false => Outcome::wrong(
                format!("{url} does not say that the tracker is closed, as its owner has it"),
                "does the tracker have the same configuration there?",
            ),
        }
    }
}

fn says(reply: &Reply, text: &str) -> bool {
    Said::of(reply).and_then(|said| said.refusal).is_some_and(|refusal| refusal.contains(text))
}
