//! A real announce through the web server, by the public address, as a stranger would send it.

use std::net::IpAddr;

use super::announced::Announced;
use super::configuration::is_announce_url;
use super::examination::Examination;
use super::hints;
use super::outcome::Outcome;
use super::switches;
use crate::config::Torrents;

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
    if let Some(closed) = switches::closed(examination) {
        return Some(closed.judge(url, &announced.reply));
    }
    let Some(said) = announced.said() else {
        return Some(hints::not_the_tracker(url, examination, &announced.reply));
    };
    let to = announced.reply.way.map(|way| format!(" at {}", way.to)).unwrap_or_default();
    let Some(refusal) = said.refusal else {
        return Some(Outcome::fine(format!("{url} answers{to}")));
    };
    let is_open = examination.loaded.config.tracker.torrents == Torrents::Open;
    if refusal.contains("does not track") && !is_open {
        return Some(match examination.one_tracked() {
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
    let host = examination.announce_url()?.host();
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
}
