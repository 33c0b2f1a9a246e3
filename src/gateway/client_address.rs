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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Variables;

    struct Pairs<'a>(&'a [(&'a str, &'a [u8])]);

    impl Variables for Pairs<'_> {
        fn visit<'v>(&'v self, visitor: &mut dyn FnMut(&'v [u8], &'v [u8])) {
            self.0.iter().for_each(|(name, value)| visitor(name.as_bytes(), value));
        }
    }

    /// The client's address for a peer and a header, with 10.0.0.0/8 and ::1 trusted.
    fn client(peer: &str, name: &str, value: impl AsRef<[u8]>) -> Option<String> {
        let trusted = Network::parse(&["10.0.0.0/8".to_owned(), "::1".to_owned()]).unwrap();
        let pairs = [("REMOTE_ADDR", peer.as_bytes()), (name, value.as_ref())];
        let variables = Pairs(&pairs);
        client_address(&Request::new(&variables, b""), &trusted).map(|address| address.to_string())
    }

    #[test]
    fn it_is_the_peer_in_any_of_its_forms() {
        for (peer, address) in [
            ("203.0.113.5", Some("203.0.113.5")),
            ("::ffff:203.0.113.5", Some("203.0.113.5")),
            ("2001:db8::5", Some("2001:db8::5")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("", None),
            ("unix:", None),
            ("localhost", None),
        ] {
            assert_eq!(client(peer, "OTHER", "").as_deref(), address, "{peer}");
        }
    }

    #[test]
    fn nobody_but_a_trusted_peer_is_believed() {
        for name in ["HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED"] {
            for value in ["198.51.100.1", "for=198.51.100.1"] {
                assert_eq!(client("203.0.113.5", name, value).unwrap(), "203.0.113.5");
            }
        }
    }

    #[test]
    fn entries_are_read_from_the_last_one_back_past_trusted_ones() {
        for (list, address) in [
            ("198.51.100.1", "198.51.100.1"),
            ("192.0.2.9, 198.51.100.1", "198.51.100.1"),
            ("192.0.2.9,198.51.100.1, 10.0.0.2 ,10.0.0.3", "198.51.100.1"),
            ("10.0.0.2, 10.0.0.3", "10.0.0.2"),
            ("198.51.100.1:4711", "198.51.100.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("::ffff:198.51.100.1", "198.51.100.1"),
        ] {
            let found = client("10.0.0.1", "HTTP_X_FORWARDED_FOR", list);
            assert_eq!(found.as_deref(), Some(address), "{list}");
        }
    }

    #[test]
    fn nothing_beyond_garbage_is_believed() {
        for (list, address) in [
            ("198.51.100.1, unknown", "10.0.0.1"),
            ("198.51.100.1, garbage, 10.0.0.2", "10.0.0.2"),
            ("198.51.100.1,", "10.0.0.1"),
            ("", "10.0.0.1"),
            ("198.51.100.1, 10.0.0.2.3", "10.0.0.1"),
            ("198.51.100.1, 010.0.0.2", "10.0.0.1"),
        ] {
            let found = client("10.0.0.1", "HTTP_X_FORWARDED_FOR", list);
            assert_eq!(found.as_deref(), Some(address), "{list}");
        }
        let found = client("10.0.0.1", "HTTP_X_FORWARDED_FOR", b"198.51.100.1, \xff\xfe");
        assert_eq!(found.as_deref(), Some("10.0.0.1"));
    }

    #[test]
    fn x_real_ip_is_one_address() {
        assert_eq!(client("::1", "HTTP_X_REAL_IP", " 198.51.100.1 ").unwrap(), "198.51.100.1");
        assert_eq!(client("::1", "HTTP_X_REAL_IP", "198.51.100.1, 192.0.2.1").unwrap(), "::1");
    }

    #[test]
    fn forwarded_is_understood_as_rfc_7239_writes_it() {
        for (list, address) in [
            ("for=198.51.100.1", "198.51.100.1"),
            ("For=198.51.100.1;proto=http;by=203.0.113.43", "198.51.100.1"),
            ("for=192.0.2.43, for=198.51.100.17", "198.51.100.17"),
            (r#"for="[2001:db8:cafe::17]:4711""#, "2001:db8:cafe::17"),
            (r#"by=10.0.0.9; for="198.51.100.1:80""#, "198.51.100.1"),
            ("for=198.51.100.1, for=10.0.0.2", "198.51.100.1"),
            ("for=198.51.100.1, for=unknown", "10.0.0.1"),
            ("for=198.51.100.1, for=_hidden, for=10.0.0.2", "10.0.0.2"),
            ("for=198.51.100.1, proto=https", "10.0.0.1"),
            ("for=198.51.100.1;for=192.0.2.1", "10.0.0.1"),
        ] {
            let found = client("10.0.0.1", "HTTP_FORWARDED", list);
            assert_eq!(found.as_deref(), Some(address), "{list}");
        }
    }

    #[test]
    fn an_open_quote_of_the_client_swallows_nothing() {
        let found = client("10.0.0.1", "HTTP_FORWARDED", r#"for="192.0.2.9, for=198.51.100.1"#);
        assert_eq!(found.as_deref(), Some("198.51.100.1"));
    }

    #[test]
    fn x_forwarded_for_comes_before_the_others() {
        let trusted = Network::parse(&["10.0.0.1".to_owned()]).unwrap();
        let pairs: [(&str, &[u8]); 4] = [
            ("REMOTE_ADDR", b"10.0.0.1"),
            ("HTTP_FORWARDED", b"for=192.0.2.1"),
            ("HTTP_X_REAL_IP", b"192.0.2.2"),
            ("HTTP_X_FORWARDED_FOR", b"192.0.2.3"),
        ];
        let found = |count: usize| {
            let variables = Pairs(&pairs[..count]);
            client_address(&Request::new(&variables, b""), &trusted).unwrap().to_string()
        };
        assert_eq!([found(4), found(3), found(2)], ["192.0.2.3", "192.0.2.2", "192.0.2.1"]);
    }
}
