//! An announce as doctor sends it, and what the tracker has to say in its reply.

use std::net::IpAddr;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::http::Reply;
use crate::protocol::InfoHash;
use crate::protocol::bencode::Value;

/// The peer that doctor announces as. It says goodbye only, which leaves nothing behind.
pub(super) const PEER_ID: &[u8; 20] = b"-TD0100-doctor-check";

/// Bytes that a careless server on the way would change.
pub(super) const AWKWARD: InfoHash = InfoHash(*b"\x00\xff%+&=?#\x0a\x0d /\\\xc3\x28\x80 ~.\x7f");

/// An announce and what came of it.
pub(super) struct Announced {
    /// The address, with the query.
    pub(super) url: String,
    pub(super) reply: Reply,
}

/// What the tracker has to say in a reply.
pub(super) struct Said {
    /// Why it refuses, where it does.
    pub(super) refusal: Option<String>,
    /// Which address it saw.
    pub(super) seen: Option<IpAddr>,
    /// How many leechers it counts.
    pub(super) leechers: Option<i64>,
}

impl Announced {
    /// What the tracker said; `None` where it did not answer.
    pub(super) fn said(&self) -> Option<Said> {
        Said::of(&self.reply)
    }
}

impl Said {
    pub(super) fn of(reply: &Reply) -> Option<Self> {
        let value = Value::parse(&reply.body).ok().filter(|value| value.is_dictionary())?;
        let text = |key: &[u8]| {
            let bytes = value.get(key)?.string()?;
            Some(String::from_utf8_lossy(bytes).into_owned())
        };
        let seen = value.get(b"external ip").and_then(Value::string).and_then(address);
        let leechers = value.get(b"incomplete").and_then(Value::integer);
        let said = Self { refusal: text(b"failure reason"), seen, leechers };
        // Any dictionary will do for neither.
        (reply.status == 200 && (said.refusal.is_some() || leechers.is_some())).then_some(said)
    }
}

/// An address from its 4 or 16 bytes.
fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok().map(|ip| ip.to_canonical())
}

/// The address of an announce of a peer that has nothing, wants nobody, and can be reached by nobody.
pub(super) fn announce_to(
    url: &str,
    info_hash: InfoHash,
    peer_id: &[u8; 20],
    event: &str,
) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!(
        "{url}{separator}info_hash={}&peer_id={}&port=0&uploaded=0&downloaded=0&left=1&event={event}\
         &compact=1&numwant=0",
        percent_encode(&info_hash.0, NON_ALPHANUMERIC),
        percent_encode(peer_id, NON_ALPHANUMERIC)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tracker_says_is_told_from_other_dictionaries() {
        let said = |status, body: &[u8]| {
            Said::of(&Reply { status, body: body.to_vec(), ..Reply::default() })
        };
        let fine = said(200, b"d11:external ip4:\x7f\0\0\x0110:incompletei3ee").unwrap();
        assert_eq!((fine.seen, fine.leechers), (Some([127, 0, 0, 1].into()), Some(3)));
        let refused = said(200, b"d14:failure reason2:noe").unwrap();
        assert_eq!(refused.refusal.as_deref(), Some("no"));
        assert!(said(200, b"de").is_none() && said(200, b"<html>").is_none());
        assert!(said(404, b"d10:incompletei3ee").is_none());
    }
}
