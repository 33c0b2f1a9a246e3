//! Whose address counts: the client's as the web server saw it, a trusted proxy's word about it, or
//! the client's own word.

use std::net::SocketAddr;

use super::{client, peers};
use crate::harness::installation::{Call, Installation, complaints};

/// How others see the client whose announce this is.
fn seen_by_others(tracker: &Installation, call: Call) -> Vec<SocketAddr> {
    let answer = call.value();
    assert_eq!(answer.get("failure reason"), None, "{answer:?}");
    peers(&client(200).announce(tracker, ""))
}

fn socket(text: &str) -> SocketAddr {
    text.parse().expect("an address with port")
}

fn with_rule(rule: &str) -> Installation {
    let rule = format!("network.stated_addresses = '{rule}'");
    Installation::new(&["tracker.torrents = 'open'", &rule])
}

#[test]
fn a_request_without_remote_addr_is_refused_and_the_owner_is_told() {
    let tracker = Installation::open();
    let calls = [
        client(1).call(&tracker, "").without("REMOTE_ADDR"),
        client(1).call(&tracker, "").with("REMOTE_ADDR", ""),
        client(1).call(&tracker, "").with("REMOTE_ADDR", "unix:"),
    ];
    for call in calls {
        tracker.forget_what_was_told();
        let answer = call.send();
        assert!(answer.refusal().contains("cannot see your address"), "{answer:?}");
        assert!(answer.log.contains("REMOTE_ADDR"), "{answer:?}");
        assert_eq!(complaints(&answer.log).len(), 1, "{answer:?}");
    }
    let scrape = tracker.get("/scrape", "").without("REMOTE_ADDR").value();
    assert!(scrape.get("files").is_some(), "needs no address");
}

#[test]
fn ipv4_in_ipv6_dress_is_ipv4() {
    let tracker = Installation::open();
    let call = client(1).call(&tracker, "").from("::ffff:198.51.100.7");
    assert_eq!(seen_by_others(&tracker, call), [socket("198.51.100.7:10001")]);
}

#[test]
fn headers_of_strangers_are_not_believed() {
    let tracker = Installation::open();
    let call = client(1)
        .call(&tracker, "")
        .with("HTTP_X_FORWARDED_FOR", "203.0.113.9")
        .with("HTTP_X_REAL_IP", "203.0.113.9")
        .with("HTTP_FORWARDED", "for=203.0.113.9");
    assert_eq!(seen_by_others(&tracker, call), [client(1).socket()]);
}

#[test]
fn a_trusted_proxy_names_the_client() {
    let headers = [
        ("HTTP_X_FORWARDED_FOR", "203.0.113.9"),
        ("HTTP_X_FORWARDED_FOR", "1.2.3.4, 203.0.113.9, 10.0.0.77"),
        ("HTTP_X_REAL_IP", "203.0.113.9"),
        ("HTTP_FORWARDED", "for=1.2.3.4, for=\"203.0.113.9:5555\";proto=https"),
    ];
    for (name, value) in headers {
        let tracker = Installation::new(&[
            "tracker.torrents = 'open'",
            "network.trusted_proxies = ['10.0.0.0/24', '::1']",
            &format!("network.client_address_header = '{}'", &name["HTTP_".len()..]),
        ]);
        let call = client(1).call(&tracker, "").with(name, value);
        // What a visitor may have sent, and the proxy passed on.
        let others = headers.iter().filter(|other| other.0 != name);
        let call = others.fold(call, |call, other| call.with(other.0, "198.51.100.66"));
        assert_eq!(seen_by_others(&tracker, call), [socket("203.0.113.9:10001")], "{value}");
    }
}

#[test]
fn a_trusted_proxy_that_names_nobody_is_the_client() {
    let tracker = Installation::new(&[
        "tracker.torrents = 'open'",
        "network.trusted_proxies = ['10.0.0.0/24']",
    ]);
    for value in ["", "unknown", "<script>", "203.0.113.9, junk"] {
        let call = client(1).call(&tracker, "").with("HTTP_X_FORWARDED_FOR", value);
        assert_eq!(seen_by_others(&tracker, call), [client(1).socket()], "{value}");
    }
}

#[test]
fn a_stated_address_counts_never_unless_configured_otherwise() {
    let tracker = Installation::open();
    let call = client(1).call(&tracker, "ip=203.0.113.9&ipv4=203.0.113.9&ipv6=2001:db8::9");
    assert_eq!(seen_by_others(&tracker, call), [client(1).socket()]);
}

#[test]
fn private_clients_may_state_their_addresses_where_configured() {
    let tracker = with_rule("private");
    let call = client(1).call(&tracker, "ip=203.0.113.9");
    assert_eq!(seen_by_others(&tracker, call), [socket("203.0.113.9:10001")]);
    let tracker = with_rule("private");
    let call = client(1).at("198.51.100.1").call(&tracker, "ip=203.0.113.9");
    assert_eq!(seen_by_others(&tracker, call), [socket("198.51.100.1:10001")]);
}

#[test]
fn any_client_may_state_its_addresses_where_configured() {
    let stated = [
        ("ip=203.0.113.9", "203.0.113.9:10001"),
        ("ipv4=203.0.113.9:4000", "203.0.113.9:4000"),
        ("ip=%32%303.0.113.9", "203.0.113.9:10001"),
        ("ip=::ffff:203.0.113.9", "198.51.100.1:10001"),
        ("ip=127.0.0.1", "198.51.100.1:10001"),
        ("ipv4=169.254.169.254", "198.51.100.1:10001"),
    ];
    for (more, expected) in stated {
        let tracker = with_rule("always");
        let call = client(1).at("198.51.100.1").call(&tracker, more);
        assert_eq!(seen_by_others(&tracker, call), [socket(expected)], "{more}");
    }
}

#[test]
fn a_stated_address_of_the_other_family_comes_beside_the_one_that_was_seen() {
    let tracker = with_rule("always");
    let call = client(1).at("198.51.100.1").call(&tracker, "ipv6=[2001:db8::9]:4000");
    let expected = [socket("198.51.100.1:10001"), socket("[2001:db8::9]:4000")];
    assert_eq!(seen_by_others(&tracker, call), expected);
}

#[test]
fn names_and_nonsense_in_the_place_of_an_address_are_passed_over() {
    for value in ["localhost", "example.org", "203.0.113", "999.1.1.1", "%ff", "", "[::1"] {
        let tracker = with_rule("always");
        let call = client(1).call(&tracker, &format!("ip={value}"));
        assert_eq!(seen_by_others(&tracker, call), [client(1).socket()], "{value}");
    }
}

#[test]
fn the_external_address_is_the_one_that_was_seen_whatever_is_stated() {
    let tracker = with_rule("always");
    let answer = client(1).call(&tracker, "ip=203.0.113.9").value();
    assert_eq!(answer.bytes("external ip"), [10, 0, 0, 1]);
}
