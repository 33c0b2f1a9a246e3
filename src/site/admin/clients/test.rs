//! A client that somebody describes, and what its announce would get: as `tracker explain` says it.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use data_encoding::HEXLOWER_PERMISSIVE;

use super::{Errors, Exchange};
use crate::protocol::{AnnounceRequest, ClientName, InfoHash, PeerId};
use crate::site::language::Texts;
use crate::tracker::access::Caller;
use crate::tracker::explain::{
    AnnounceAnswer, AskedRule, Explained, Explainer, Outcome as Decided, RuleVerdict,
};

/// The form, and what came out of it.
pub(super) struct Test {
    pub(super) peer_id: String,
    pub(super) user_agent: String,
    pub(super) address: String,
    pub(super) info_hash: String,
    pub(super) errors: Errors,
    pub(super) outcome: Option<Outcome>,
}

/// What an announce would get.
pub(super) struct Outcome {
    pub(super) is_refused: bool,
    pub(super) text: String,
    /// The rules that were asked: name, verdict and what there is to say.
    pub(super) rules: Vec<(&'static str, &'static str, String)>,
    pub(super) notes: Vec<String>,
}

impl Test {
    pub(super) fn of(exchange: &Exchange<'_>) -> Self {
        let query = &exchange.query;
        let text = |name| query.text(name).trim().to_owned();
        let mut test = Self {
            peer_id: text("peer_id"),
            user_agent: text("user_agent"),
            address: text("address"),
            info_hash: text("info_hash"),
            errors: Errors::default(),
            outcome: None,
        };
        if query.has("peer_id") {
            test.outcome = test.run(exchange);
        }
        test
    }

    fn run(&mut self, exchange: &Exchange<'_>) -> Option<Outcome> {
        let (texts, words) = (exchange.texts, &exchange.texts.admin.clients);
        let peer_id = peer_id(&self.peer_id).ok_or(());
        let peer_id = self.errors.take("peer_id", peer_id, |()| words.not_a_peer_id.to_owned());
        let from = match self.address.as_str() {
            "" => Some(None),
            text => {
                let from = text.parse::<IpAddr>().map(|from| Some(from.to_canonical()));
                self.errors.take("address", from, |_| words.not_an_address.to_owned())
            }
        };
        let hash = match self.info_hash.as_str() {
            // Of no torrent: then all that is said of it is that it is not known.
            "" => Some(InfoHash([0; 20])),
            text => {
                let hash = InfoHash::from_hex_of_any(text.as_bytes()).ok_or(());
                self.errors.take("info_hash", hash, |()| words.not_a_hash.to_owned())
            }
        };
        let (peer_id, from, hash) = (peer_id?, from?, hash?);
        let query = format!(
            "info_hash={}&peer_id={}&port=6881&uploaded=0&downloaded=0&left=1&compact=1&event=started",
            escaped(&hash.0),
            escaped(&peer_id.0)
        );
        let request = AnnounceRequest::parse(query.as_bytes()).ok()?;
        let user_agent = self.user_agent.as_bytes();
        let caller = Caller { address: from, passkey: None, user_agent };
        let mut explainer = Explainer::new(Arc::new(exchange.loaded().clone()));
        let (switches, closed) = explainer.closed();
        let explained = match closed {
            Some(refusal) => Explained {
                rules: Vec::new(),
                outcome: Decided::Refused(refusal),
                notes: Vec::new(),
            },
            None => explainer.announce(&caller, &request, exchange.call.now),
        };
        let client = ClientName::from(peer_id).to_string();
        Some(Outcome::of(&client, switches, explained, texts))
    }
}

impl Outcome {
    fn of(
        client: &str,
        mut rules: Vec<AskedRule>,
        explained: Explained<AnnounceAnswer>,
        texts: &Texts,
    ) -> Self {
        let words = &texts.admin.clients;
        let (is_refused, text) = match explained.outcome {
            Decided::Refused(refusal) => {
                (true, words.refused.with(client, refusal.rule(), &refusal))
            }
            Decided::DependsOnAddress => (false, words.depends_on_address.with(client)),
            Decided::NothingPublished => (false, words.nothing_published.to_owned()),
            Decided::Answered(_) => (false, words.answered.with(client)),
        };
        rules.extend(explained.rules);
        let verdict = |verdict| match verdict {
            RuleVerdict::Passes => words.passes,
            RuleVerdict::Refuses => words.refuses,
            RuleVerdict::Off => words.off,
            RuleVerdict::NotAsked => words.not_asked,
        };
        let rules = rules.into_iter().map(|it| (it.rule, verdict(it.verdict), it.about));
        Self { is_refused, text, rules: rules.collect(), notes: explained.notes }
    }
}

/// A peer id as people write it: 40 hexadecimal digits, or its beginning as text, which is filled up.
fn peer_id(text: &str) -> Option<PeerId> {
    let digits = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    if let Some(bytes) = digits.and_then(|bytes| bytes.try_into().ok()) {
        return Some(PeerId(bytes));
    }
    let mut bytes = *b"____________________";
    let place = bytes.get_mut(..text.len()).filter(|place| !place.is_empty())?;
    place.copy_from_slice(text.as_bytes());
    Some(PeerId(bytes))
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // To write to a string never fails.
        let _ = write!(text, "%{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_id_is_digits_or_its_beginning() {
        let digits = "2d5452343036302d".to_owned() + &"30".repeat(12);
        assert_eq!(peer_id(&digits).unwrap().0, *b"-TR4060-000000000000");
        assert_eq!(peer_id("-TR4060-").unwrap().0, *b"-TR4060-____________");
        assert_eq!(peer_id("-TR4060-000000000000").unwrap().0, *b"-TR4060-000000000000");
        assert!(peer_id("").is_none() && peer_id("-TR4060-0000000000000").is_none());
        assert_eq!(escaped(&[0, 255]), "%00%ff");
    }
}
