//! The same question to a CGI and to a responder that is running.

use std::time::Duration;

use super::Client;
use crate::harness::bencode::{self, Value};
use crate::harness::fastcgi::Responder;
use crate::harness::installation::Installation;
use crate::harness::poll;

/// Both ways in which a tracker of any torrent answers.
pub(super) struct Both {
    pub(super) tracker: Installation,
    pub(super) responder: Responder,
}

impl Both {
    /// With settings of its own.
    pub(super) fn with(settings: &[&str]) -> Self {
        Self::of(Installation::new(&Self::all(settings)))
    }

    /// Of an installation that is there.
    pub(super) fn of(tracker: Installation) -> Self {
        let responder = Responder::start(&tracker, &["--workers", "1"]);
        Self { tracker, responder }
    }

    /// Settings of its own, and that any torrent is tracked.
    pub(super) fn all<'a>(settings: &[&'a str]) -> Vec<&'a str> {
        [&["tracker.torrents = 'open'"], settings].concat()
    }

    /// Changes the settings, and waits until both answer a client with this in the reply.
    pub(super) fn follow(&self, settings: &[&str], client: &Client, expected: &str) {
        self.tracker.configure(&Self::all(settings));
        let address = client.address.to_string();
        let says = || {
            let reply = self.responder.get_from(&address, "/announce", &client.query(""));
            reply.text().contains(expected).then_some(())
        };
        assert!(poll(Duration::from_secs(20), says).is_some(), "{settings:?}: {expected}");
        let reply = client.call(&self.tracker, "").send().reply;
        assert!(reply.text().contains(expected), "{settings:?}: {reply:?}");
    }

    /// What the CGI says to a client, and the responder.
    pub(super) fn announce(&self, client: &Client, more: &str) -> [Value; 2] {
        let address = client.address.to_string();
        let reply = self.responder.get_from(&address, "/announce", &client.query(more));
        let told = bencode::parse(&reply.body).expect("a bencoded answer");
        [client.call(&self.tracker, more).value(), told]
    }

    /// The same, where both are to accept it.
    pub(super) fn accepts(&self, client: &Client, more: &str) -> [Value; 2] {
        let answers = self.announce(client, more);
        for answer in &answers {
            assert_eq!(answer.get("failure reason"), None, "{client:?} {more}: {answer:?}");
        }
        answers
    }

    /// Asserts that both refuse it for this reason.
    pub(super) fn refuses(&self, client: &Client, more: &str, reason: &str) {
        for answer in self.announce(client, more) {
            let told = String::from_utf8_lossy(answer.bytes("failure reason"));
            assert_eq!(told, reason, "{client:?} {more}");
            assert!(answer.number("retry in") > 0, "{answer:?}");
        }
    }
}
