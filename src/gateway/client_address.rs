//! Who really asks: the peer of the web server, or, where that is a proxy of ours, whom it names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Request;
use crate::platform::network::Network;

/// How a web server that listens on a Unix socket names its peer.
const UNIX: &str = "unix:";

/// Which proxies are believed, and by which header they name the client.
#[derive(Clone, Debug)]
pub struct Proxies {
    trusted: Network,
    /// Whether a peer on a Unix socket is one of them.
    trusts_unix: bool,
    /// The variable that holds the header.
    variable: String,
    syntax: Syntax,
}

/// How a header names addresses.
#[derive(Clone, Copy, Debug)]
enum Syntax {
    /// One, or several with commas between.
    List,
    /// As RFC 7239 has it.
    Forwarded,
}

impl Proxies {
    /// Proxies in a network, those that come over a Unix socket or not, and the one header of theirs
    /// that counts.
    #[must_use]
    pub fn new(trusted: Network, trusts_unix: bool, header: &str) -> Self {
        let name = header.to_ascii_uppercase().replace('-', "_");
        let is_forwarded = name == "FORWARDED";
        Self {
            trusted,
            trusts_unix,
            variable: format!("HTTP_{name}"),
            syntax: if is_forwarded { Syntax::Forwarded } else { Syntax::List },
        }
    }

    /// Whether a proxy that is trusted has passed a request on.
    #[must_use]
    pub fn has_passed_on(&self, request: &Request<'_>) -> bool {
        self.trusts(parse_address(request.remote_addr), request)
    }

    /// Whether the peer of the web server, at this address, is one of the proxies.
    fn trusts(&self, peer: Option<IpAddr>, request: &Request<'_>) -> bool {
        match peer {
            Some(peer) => self.trusted.contains(peer),
            None => self.trusts_unix && request.remote_addr.starts_with(UNIX.as_bytes()),
        }
    }

    /// The address of the client behind a request.
    ///
    /// It is `REMOTE_ADDR`. When that is a trusted proxy, the addresses in its header are read from the
    /// last one back, past those that are trusted too. What lies beyond an entry that cannot be
    /// understood is never believed: the last good address counts. No other header is ever looked at:
    /// the proxy would pass on whatever the client has put there.
    ///
    /// `None` when there is no address.
    #[must_use]
    pub fn client_address(&self, request: &Request<'_>) -> Option<IpAddr> {
        let peer = parse_address(request.remote_addr);
        if !self.trusts(peer, request) {
            return peer;
        }
        let Some(value) = request.variables.get(&self.variable) else { return peer };
        // Split from the end without regard to quotes: what stands before the last comma may be the
        // client's, and an open quote there must not swallow what a proxy has appended.
        let entries = value.rsplit(is_comma);
        match self.syntax {
            Syntax::List => self.walk(peer, entries.map(parse_address)),
            Syntax::Forwarded => self.walk(peer, entries.map(forwarded_for)),
        }
    }

    /// The first address that is not trusted, or the last good one.
    fn walk(
        &self,
        peer: Option<IpAddr>,
        hops: impl Iterator<Item = Option<IpAddr>>,
    ) -> Option<IpAddr> {
        let mut last_good = peer;
        for hop in hops.map_while(|hop| hop) {
            last_good = Some(hop);
            if !self.trusted.contains(hop) {
                break;
            }
        }
        last_good
    }
}

fn is_comma(byte: &u8) -> bool {
    *byte == b','
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
    if let Some(plain) = plain_ipv4(text) {
        return Some(plain.into());
    }
    let text = std::str::from_utf8(text).ok()?.trim();
    let address = text
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()))
        .ok()
        .or_else(|| without_brackets_or_zone(text).map(IpAddr::V6))?;
    Some(address.to_canonical())
}

/// An IPv4 address alone. Each announce has one, and for the standard library's parser that is a twentieth of all its work.
fn plain_ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let (first, rest) = octet_of(text)?;
    let (second, rest) = octet_of(rest.strip_prefix(b".")?)?;
    let (third, rest) = octet_of(rest.strip_prefix(b".")?)?;
    let (fourth, rest) = octet_of(rest.strip_prefix(b".")?)?;
    rest.is_empty().then(|| Ipv4Addr::new(first, second, third, fourth))
}

/// The number that a text begins with, without zeros in front, which some take for the mark of an octal number; and what
/// follows it.
fn octet_of(text: &[u8]) -> Option<(u8, &[u8])> {
    let value = |digit: u8| u16::from(digit - b'0');
    let (number, rest) = match *text {
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', ref rest @ ..] => {
            (value(a) * 100 + value(b) * 10 + value(c), rest)
        }
        [a @ b'1'..=b'9', b @ b'0'..=b'9', ref rest @ ..] => (value(a) * 10 + value(b), rest),
        [a @ b'0'..=b'9', ref rest @ ..] => (value(a), rest),
        _ => return None,
    };
    Some((u8::try_from(number).ok()?, rest))
}

/// `[2001:db8::1]`, or `fe80::1%eth0`, whose zone means something only to the machine that wrote it.
fn without_brackets_or_zone(text: &str) -> Option<Ipv6Addr> {
    let text = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let (address, _zone) = text.split_once('%').unwrap_or((text, ""));
    address.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gateway::Variables;

    struct Pairs<'a>(&'a [(&'a str, &'a [u8])]);

    impl Variables for Pairs<'_> {
        fn visit<'v>(&'v self, visitor: &mut dyn FnMut(&'v [u8], &'v [u8])) {
            self.0.iter().for_each(|(name, value)| visitor(name.as_bytes(), value));
        }
    }

    fn proxies(ranges: &[&str], header: &str) -> Proxies {
        let trusted =
            ranges.iter().filter(|range| **range != UNIX).map(|range| range.parse().unwrap());
        Proxies::new(trusted.collect(), ranges.contains(&UNIX), header)
    }

    /// The client's address for a peer and the header that counts, with 10.0.0.0/8 and ::1 trusted.
    fn client(peer: &str, name: &str, value: impl AsRef<[u8]>) -> Option<String> {
        let header = name.strip_prefix("HTTP_").unwrap_or("x-forwarded-for");
        let pairs = [("REMOTE_ADDR", peer.as_bytes()), (name, value.as_ref())];
        found(&proxies(&["10.0.0.0/8", "::1"], header), &pairs)
    }

    fn found(proxies: &Proxies, pairs: &[(&str, &[u8])]) -> Option<String> {
        let variables = Pairs(pairs);
        let address = proxies.client_address(&Request::new(&variables, b""));
        address.map(|address| address.to_string())
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
    fn any_header_can_be_the_one_that_counts() {
        for header in ["X-Real-IP", "cf-connecting-ip", "True-Client-IP"] {
            let name = format!("HTTP_{}", header.to_uppercase().replace('-', "_"));
            let pairs: [(&str, &[u8]); 2] = [("REMOTE_ADDR", b"::1"), (&name, b" 198.51.100.1 ")];
            let address = found(&proxies(&["::1"], header), &pairs);
            assert_eq!(address.as_deref(), Some("198.51.100.1"), "{header}");
        }
        // Of a header that came twice the web server makes one; the proxy's is the last.
        assert_eq!(
            client("::1", "HTTP_X_REAL_IP", "192.0.2.1, 198.51.100.1").unwrap(),
            "198.51.100.1"
        );
    }

    #[test]
    fn a_peer_on_a_unix_socket_is_believed_where_it_is_named() {
        let pairs: [(&str, &[u8]); 2] =
            [("REMOTE_ADDR", b"unix:"), ("HTTP_X_REAL_IP", b"198.51.100.1, 10.0.0.1")];
        let trusting = proxies(&["unix:", "10.0.0.0/8"], "x-real-ip");
        assert_eq!(found(&trusting, &pairs).as_deref(), Some("198.51.100.1"));
        assert_eq!(found(&trusting, &pairs[..1]), None, "it has no address itself");
        assert_eq!(found(&proxies(&["10.0.0.0/8"], "x-real-ip"), &pairs), None);
        let nameless: [(&str, &[u8]); 2] = [("REMOTE_ADDR", b""), pairs[1]];
        assert_eq!(found(&trusting, &nameless), None);
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
    fn no_header_counts_but_the_one_that_is_configured() {
        let pairs: [(&str, &[u8]); 4] = [
            ("REMOTE_ADDR", b"10.0.0.1"),
            ("HTTP_FORWARDED", b"for=192.0.2.1"),
            ("HTTP_X_REAL_IP", b"192.0.2.2"),
            ("HTTP_X_FORWARDED_FOR", b"192.0.2.3"),
        ];
        for (header, address) in [
            ("forwarded", "192.0.2.1"),
            ("x-real-ip", "192.0.2.2"),
            ("x-forwarded-for", "192.0.2.3"),
            ("cf-connecting-ip", "10.0.0.1"),
        ] {
            assert_eq!(found(&proxies(&["10.0.0.1"], header), &pairs).as_deref(), Some(address));
        }
    }

    proptest! {
        #[test]
        fn a_plain_address_is_what_the_standard_library_takes_for_one(
            text in "[0-9]{1,4}(\\.[0-9]{1,3}){2,4}|[0-9.:a ]{0,12}|(25[0-9]\\.){3}0?[0-9]{1,3}",
            octets: [u8; 4],
        ) {
            prop_assert_eq!(plain_ipv4(text.as_bytes()), text.parse().ok());
            let address = Ipv4Addr::from(octets);
            prop_assert_eq!(plain_ipv4(address.to_string().as_bytes()), Some(address));
        }
    }
}
