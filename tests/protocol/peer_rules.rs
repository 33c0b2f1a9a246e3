//! Which addresses and ports peers may have, and who is told of whom: as a CGI and as a responder.

use super::both::Both;
use super::{client, peers};
use crate::harness::installation::Installation;

fn out_of_reach(address: &str) -> String {
    format!(
        "this tracker sees you at {address}, where others cannot reach you, and takes no such peers; if that is not \
         your address, please tell the owner of the site"
    )
}

#[test]
fn private_and_reserved_addresses_are_peers_like_others_by_default() {
    let both = Both::with(&[]);
    for address in ["192.168.1.7", "127.0.0.1", "203.0.113.7", "fd00::7", "8.8.8.8"] {
        both.accepts(&client(1).at(address), "");
    }
    let [cgi, responder] = both.accepts(&client(2).at("9.9.9.9"), "");
    assert_eq!(peers(&cgi).len(), 5, "{cgi:?}");
    assert_eq!(peers(&responder).len(), 5, "{responder:?}");
}

#[test]
fn private_and_reserved_addresses_are_refused_where_the_owner_says_so() {
    let both = Both::with(&["network.private_addresses = 'refuse'"]);
    for address in ["192.168.1.7", "127.0.0.1", "100.64.0.1", "203.0.113.7", "fd00::7", "::1"] {
        both.refuses(&client(1).at(address), "", &out_of_reach(address));
    }
    for address in ["8.8.8.8", "2a00::8"] {
        both.accepts(&client(2).at(address), "");
    }
}

#[test]
fn in_a_lan_private_peers_are_told_of_each_other_and_nobody_else_of_them() {
    let both = Both::with(&["network.private_addresses = 'lan'"]);
    let near = [client(1).at("192.168.1.7"), client(2).at("fd00::7"), client(3).at("10.1.1.1")];
    let far = [client(4).at("8.8.8.8"), client(5).at("2a00::8")];
    for peer in near.iter().chain(&far) {
        both.accepts(peer, "");
    }
    both.refuses(&client(6).at("203.0.113.7"), "", &out_of_reach("203.0.113.7"));
    for (asker, expected) in [
        (client(7).at("192.168.1.9"), vec![&near[0], &near[1], &near[2], &far[0], &far[1]]),
        (client(8).at("9.9.9.9"), vec![&far[0], &far[1]]),
        (client(9).at("2a01::9"), vec![&far[0], &far[1]]),
    ] {
        let mut expected: Vec<_> = expected.iter().map(|peer| peer.socket()).collect();
        expected.sort_unstable();
        for answer in both.accepts(&asker, "event=stopped&numwant=50") {
            assert_eq!(peers(&answer), [], "who stops is told of nobody");
        }
        for answer in both.accepts(&asker, "") {
            assert_eq!(peers(&answer), expected, "{asker:?}");
        }
        both.accepts(&asker, "event=stopped");
    }
}

#[test]
fn in_a_lan_others_get_as_many_peers_as_they_want_all_the_same() {
    let tracker =
        Installation::new(&["tracker.torrents = 'open'", "network.private_addresses = 'lan'"]);
    for number in 1..=40 {
        client(number).announce(&tracker, "");
    }
    for number in 41..=43 {
        client(number).at(&format!("8.8.8.{number}")).announce(&tracker, "");
    }
    let answer = client(50).at("9.9.9.9").announce(&tracker, "numwant=3");
    assert_eq!(peers(&answer).len(), 3, "{answer:?}");
    let answer = client(51).at("10.1.1.1").announce(&tracker, "numwant=30");
    assert_eq!(peers(&answer).len(), 30, "{answer:?}");
}

#[test]
fn a_private_client_that_may_state_a_public_address_is_a_peer_there() {
    let tracker = Installation::new(&[
        "tracker.torrents = 'open'",
        "network.private_addresses = 'refuse'",
        "network.stated_addresses = 'private'",
    ]);
    assert_eq!(client(1).refused(&tracker, ""), out_of_reach("10.0.0.1"));
    client(1).announce(&tracker, "ip=8.8.8.8");
    let answer = client(2).at("9.9.9.9").announce(&tracker, "");
    assert_eq!(peers(&answer), ["8.8.8.8:10001".parse().expect("an address")]);
}

#[test]
fn ports_on_the_list_are_refused_and_those_below_1024_where_the_owner_says_so() {
    let both = Both::with(&["network.refused_ports = [80, 6881]"]);
    let refusal = |port: u16| {
        format!(
            "this tracker takes no peers at port {port}; please choose another one in the settings of your client"
        )
    };
    for port in [80, 6881] {
        both.refuses(&client(1), &format!("port={port}"), &refusal(port));
    }
    for port in [0, 1, 1023, 6882] {
        both.accepts(&client(1), &format!("port={port}"));
    }
    let both = Both::with(&["network.refuse_low_ports = true"]);
    for port in [1, 80, 1023] {
        both.refuses(&client(1), &format!("port={port}"), &refusal(port));
    }
    for port in [0, 1024, 6881] {
        both.accepts(&client(1), &format!("port={port}"));
    }
}

#[test]
fn who_stops_is_let_go_whatever_its_address_and_port() {
    let both = Both::with(&[]);
    both.accepts(&client(1), "port=80");
    let rules = [
        "tracker.torrents = 'open'",
        "network.refuse_low_ports = true",
        "network.private_addresses = 'refuse'",
        "network.families = 'ipv6'",
    ];
    both.tracker.configure(&rules);
    client(1).call(&both.tracker, "port=80").refusal();
    client(1).announce(&both.tracker, "port=80&event=stopped");
    let counted = client(2).at("2a00::8").announce(&both.tracker, "");
    assert_eq!(counted.number("incomplete"), 1, "only itself");
}

#[test]
fn with_one_family_the_other_is_refused_and_nobody_of_it_is_told() {
    let both = Both::with(&[]);
    let (v4, v6) = (client(1).at("8.8.8.8"), client(2).at("2a00::8"));
    both.accepts(&v4, "");
    both.accepts(&v6, "");
    both.tracker.configure(&["tracker.torrents = 'open'", "network.families = 'ipv4'"]);
    let refusal = "this tracker takes peers over IPv4 only, and sees you at 2a00::8";
    assert_eq!(v6.refused(&both.tracker, ""), refusal);
    let answer = client(3).at("9.9.9.9").announce(&both.tracker, "");
    assert_eq!(peers(&answer), [v4.socket()]);
    both.tracker.configure(&["tracker.torrents = 'open'", "network.families = 'ipv6'"]);
    let refusal = "this tracker takes peers over IPv6 only, and sees you at 8.8.8.8";
    assert_eq!(v4.refused(&both.tracker, ""), refusal);
    let answer = client(4).at("2a01::9").announce(&both.tracker, "");
    assert_eq!(peers(&answer), [v6.socket()]);
}

#[test]
fn a_responder_that_is_running_follows_a_changed_rule_within_a_second() {
    let both = Both::with(&[]);
    both.accepts(&client(1), "");
    both.follow(&["network.private_addresses = 'refuse'"], &client(1), "cannot reach you");
    both.follow(&["network.private_addresses = 'allow'"], &client(1), "8:complete");
}
