//! A real announce through the web server, by the public address, as a stranger would send it.

use std::net::IpAddr;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::configuration::is_announce_url;
use super::examination::Examination;
use super::http::{Failed, Reply, Url};
use super::outcome::Outcome;
use super::{hints, torrents};
use crate::config::Torrents;
use crate::protocol::InfoHash;
use crate::protocol::bencode::Value;

/// The peer that doctor announces as. It says goodbye only, which leaves nothing behind.
const PEER_ID: &[u8; 20] = b"-TD0100-doctor-check";

/// Bytes that a careless server on the way would change.
const AWKWARD: InfoHash = InfoHash(*b"\x00\xff%+&=?#\x0a\x0d /\\\xc3\x28\x80 ~.\x7f");

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
    /// Announces to an address.
    pub(super) fn to(url: &str, examination: &Examination<'_>) -> Result<Self, Failed> {
        let url = announce_to(url, examination, PEER_ID, "stopped");
        Ok(Self { reply: examination.get_when_ready(&url)?, url })
    }

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

/// An announce of a peer that has nothing, wants nobody, and can be reached by nobody.
pub(super) fn announce_to(
    url: &str,
    examination: &Examination<'_>,
    peer_id: &[u8; 20],
    event: &str,
) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!(
        "{url}{separator}info_hash={}&peer_id={}&port=0&uploaded=0&downloaded=0&left=1&event={event}\
         &compact=1&numwant=0",
        percent_encode(&torrents::one_tracked(examination).unwrap_or(AWKWARD).0, NON_ALPHANUMERIC),
        percent_encode(peer_id, NON_ALPHANUMERIC)
    )
}

/// Whether an announce arrives.
pub(super) fn arrives(examination: &Examination<'_>) -> Option<Outcome> {
    if let Some(silence) = examination.silence() {
        return Some(silence);
    }
    let url = examination.announce_url()?;
    if !is_announce_url(url) {
        return Some(Outcome::not_checked("first correct announce_url"));
    }
    let announced = match examination.announced()? {
        Ok(announced) => announced,
        Err(problem) => return Some(hints::no_answer(url, problem)),
    };
    let Some(said) = announced.said() else {
        return Some(hints::not_the_tracker(url, examination, &announced.reply));
    };
    let to = announced.reply.way.map(|way| format!(" at {}", way.to)).unwrap_or_default();
    let Some(refusal) = said.refusal else {
        return Some(Outcome::fine(format!("{url} answers{to}")));
    };
    let is_open = examination.loaded.config.tracker.torrents == Torrents::Open;
    if refusal.contains("does not track") && !is_open {
        return Some(match torrents::one_tracked(examination) {
            None => Outcome::fine(format!("{url} answers{to}; no torrent is tracked yet")),
            Some(_) => examination.wrong_by_itself(
                format!("{url} refuses a torrent that is in the folder: {refusal}"),
                "`tracker refresh --force` takes it in; if not, another configuration is in force there",
            ),
        });
    }
    Some(hints::refused(url, examination, &refusal))
}

/// Whether the tracker sees the address of who announces, or that of a proxy.
pub(super) fn client_address(examination: &Examination<'_>) -> Option<Outcome> {
    let announced = answered(examination)?;
    let (seen, way) = (announced.said()?.seen?, announced.reply.way?);
    let host = Url::parse(&announced.url).map(|url| url.host.to_owned()).unwrap_or_default();
    if seen != way.from {
        return Some(another_address(seen, way.from, way.to));
    }
    let is_a_name = host.parse::<IpAddr>().is_err() && host != "localhost";
    Some(match is_a_name && way.to.is_loopback() {
        // Where a proxy on this machine would have the same address.
        true => Outcome::not_checked(format!(
            "{host} is {} on this machine (see /etc/hosts), so that doctor did not come as strangers do",
            way.to
        )),
        false => Outcome::fine(format!("seen as {seen}")),
    })
}

/// What it means that the tracker saw `seen`, when doctor announced from `from` to `to`.
fn another_address(seen: IpAddr, from: IpAddr, to: IpAddr) -> Outcome {
    let text = format!("doctor announced from {from}, and the tracker saw {seen}");
    if !is_local(seen) && is_local(from) {
        return Outcome::fine(format!(
            "{text}: the public address of this network, or else a proxy that trusted_proxies lacks"
        ));
    }
    if is_local(from) && !seen.is_loopback() && seen != to {
        return Outcome::told(format!(
            "{text}: a router that sends this machine's own traffic back, or a proxy; if it is a proxy, \
             add {seen} to trusted_proxies in [network]"
        ));
    }
    Outcome::wrong(
        format!(
            "{text}: a proxy in front that is not trusted, whose address all clients then have"
        ),
        format!(
            "set trusted_proxies = [\"{seen}\"] in [network], and client_address_header to the header \
             in which it names the client"
        ),
    )
}

/// Whether an address means something on one machine or in one network only.
fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// The announce, where the tracker took part.
pub(super) fn answered<'e>(examination: &'e Examination<'_>) -> Option<&'e Announced> {
    if examination.silence().is_some() {
        return None;
    }
    let announced = examination.announced()?.as_ref().ok()?;
    announced.said().filter(|said| said.refusal.is_none()).map(|_| announced)
}

/// Where else on the host the tracker may be: as the shipped files for web servers have it.
pub(super) fn elsewhere(examination: &Examination<'_>, paths: &[&str]) -> Option<String> {
    let url = examination.announce_url()?;
    let places = paths.iter().map(|path| format!("{}{path}", url.origin()));
    places.filter(|place| place != url.as_str()).find(|place| {
        let reply = examination.get(&announce_to(place, examination, PEER_ID, "stopped"));
        reply.is_ok_and(|reply| Said::of(&reply).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(seen: &str, from: &str, to: &str) -> &'static str {
        let parse = |text: &str| text.parse().unwrap();
        another_address(parse(seen), parse(from), parse(to)).state()
    }

    #[test]
    fn another_address_is_a_proxy_a_router_or_the_public_one() {
        // A proxy on the same machine.
        assert_eq!(judged("127.0.0.1", "198.51.100.7", "198.51.100.7"), "WRONG");
        assert_eq!(judged("127.0.0.2", "127.0.0.1", "127.0.0.1"), "WRONG");
        assert_eq!(judged("127.0.0.1", "10.0.0.5", "10.0.0.5"), "WRONG");
        // One in front, seen from a machine that has a public address.
        assert_eq!(judged("203.0.113.9", "198.51.100.7", "203.0.113.80"), "WRONG");
        assert_eq!(judged("10.0.0.1", "198.51.100.7", "203.0.113.80"), "WRONG");
        // A machine behind a router.
        assert_eq!(judged("203.0.113.9", "10.0.0.5", "203.0.113.80"), "fine");
        assert_eq!(judged("10.0.0.1", "10.0.0.5", "203.0.113.9"), "note");
    }

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
