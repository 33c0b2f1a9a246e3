//! Who really asks: the peer of the web server, or, where that is a proxy of ours, whom it names.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::{Network, Request};

/// The address of the client behind a request.
///
/// It is `REMOTE_ADDR`. When that is in `trusted`, the addresses that proxies have noted are read
/// from the last one back, past those that are trusted too. What lies beyond an entry that cannot be
/// understood is never believed: the last good address counts. Of `X-Forwarded-For`, `X-Real-IP`
/// and `Forwarded` (RFC 7239), the first that is there counts.
///
/// `None` when `REMOTE_ADDR` is no address.
#[must_use]
pub fn client_address(request: &Request<'_>, trusted: &Network) -> Option<IpAddr> {
    let peer = parse_address(request.remote_addr)?;
    if !trusted.contains(peer) {
        return Some(peer);
    }
    let header = |name| request.variables.get(name);
    Some(if let Some(list) = header("HTTP_X_FORWARDED_FOR") {
        walk(peer, trusted, list.rsplit(is_comma).map(parse_address))
    } else if let Some(entry) = header("HTTP_X_REAL_IP") {
        walk(peer, trusted, [parse_address(entry)])
    } else if let Some(list) = header("HTTP_FORWARDED") {
        // Split from the end without regard to quotes: what stands before the last comma may be the
        // client's, and an open quote there must not swallow what a proxy has appended.
        walk(peer, trusted, list.rsplit(is_comma).map(forwarded_for))
    } else {
        peer
    })
}

fn is_comma(byte: &u8) -> bool {
    *byte == b','
}

/// The first address that is not trusted, or the last good one.
fn walk(peer: IpAddr, trusted: &Network, hops: impl IntoIterator<Item = Option<IpAddr>>) -> IpAddr {
    let mut last_good = peer;
    for hop in hops {
        let Some(hop) = hop else { break };
        last_good = hop;
        if !trusted.contains(hop) {
            break;
        }
    }
    last_good
}

/// The `for` of one element of `Forwarded` (RFC 7239, 4); `None` unless there is exactly one.
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    let mut found = None;
    for pair in element.split(|byte| *byte == b';') {
        let Some((name, value)) = pair.trim_ascii().split_at_checked(4) else { continue };
        if name.eq_ignore_ascii_case(b"for=") {
            if found.is_some() {
                return None;
            }
            found = Some(unquote(value));
        }
    }
    parse_address(found?)
}

fn unquote(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(value)
}

/// An address with or without brackets, port or zone; an IPv4 address in IPv6 form is IPv4.
fn parse_address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let address = text
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()))
        .ok()
        .or_else(|| without_brackets_or_zone(text).map(IpAddr::V6))?;
    Some(address.to_canonical())
}

/// `[2001:db8::1]`, or `fe80::1%eth0`, whose zone means something only to the machine that wrote it.
fn without_brackets_or_zone(text: &str) -> Option<Ipv6Addr> {
    let text = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let (address, _zone) = text.split_once('%').unwrap_or((text, ""));
    address.parse().ok()
}
