//! Who is in a swarm, who is told about whom, and what counts as a completed download.

use super::{Client, INFO_HASH, client, counts, peers, scraped, sockets};
use crate::harness::installation::Installation;

#[test]
fn a_completed_download_is_counted_once_however_often_it_is_said() {
    let tracker = Installation::open();
    client(1).announce(&tracker, "event=started");
    assert_eq!(counts(&client(1).announce(&tracker, "left=0&event=completed")), (1, 0, 1));
    assert_eq!(counts(&client(1).announce(&tracker, "left=0&event=completed")), (1, 0, 1));
    assert_eq!(counts(&client(1).seed(&tracker)), (1, 0, 1));
}

#[test]
fn a_completed_download_is_counted_once_over_both_families() {
    let tracker = Installation::open();
    let ipv4 = client(1).with_key("secret");
    let ipv6 = ipv4.clone().over_ipv6();
    ipv4.announce(&tracker, "event=started");
    ipv6.announce(&tracker, "event=started");
    assert_eq!(counts(&ipv4.announce(&tracker, "left=0&event=completed")), (1, 0, 1));
    assert_eq!(counts(&ipv6.announce(&tracker, "left=0&event=completed")), (1, 0, 1));
}

#[test]
fn a_download_whose_completed_was_lost_is_counted_at_its_next_announce() {
    let tracker = Installation::open();
    client(1).announce(&tracker, "left=5");
    assert_eq!(counts(&client(1).announce(&tracker, "left=0&downloaded=5")), (1, 0, 1));
    // Or when it stops.
    client(2).announce(&tracker, "left=5");
    let stops = "left=0&downloaded=5&event=stopped";
    assert_eq!(counts(&client(2).announce(&tracker, stops)), (1, 0, 2));
}

#[test]
fn a_seeder_that_checks_its_files_has_downloaded_nothing() {
    let tracker = Installation::open();
    client(1).announce(&tracker, "left=5&downloaded=70");
    assert_eq!(counts(&client(1).announce(&tracker, "left=0&downloaded=70")), (1, 0, 0));
    client(2).announce(&tracker, "left=5&downloaded=70");
    let stops = "left=0&downloaded=70&event=stopped";
    assert_eq!(counts(&client(2).announce(&tracker, stops)), (1, 0, 0));
}

#[test]
fn a_client_that_had_everything_at_its_start_has_completed_nothing() {
    let tracker = Installation::open();
    assert_eq!(counts(&client(1).announce(&tracker, "left=0&event=started")), (1, 0, 0));
    assert_eq!(counts(&client(1).seed(&tracker)), (1, 0, 0));
    // Neither has one that did not know how much it lacked: a magnet link of something at hand.
    client(2).announce(&tracker, "left=");
    assert_eq!(counts(&client(2).seed(&tracker)), (2, 0, 0));
}

#[test]
fn only_who_was_seen_lacking_data_has_completed() {
    let tracker = Installation::open();
    for number in 1..=30 {
        let stranger = client(number).announce(&tracker, "left=0&event=completed");
        assert_eq!(counts(&stranger), (number.into(), 0, 0));
    }
    // And only when it has everything.
    client(40).announce(&tracker, "left=9");
    assert_eq!(counts(&client(40).announce(&tracker, "left=5&event=completed")), (30, 1, 0));
}

#[test]
fn a_client_that_lost_something_and_fetched_it_again_is_counted_once() {
    let tracker = Installation::open();
    client(1).seed(&tracker);
    for _ in 0..3 {
        assert_eq!(counts(&client(1).announce(&tracker, "left=9")).1, 1);
        assert_eq!(counts(&client(1).announce(&tracker, "left=0&event=completed")), (1, 0, 1));
    }
}

#[test]
fn one_client_over_both_families_counts_once_and_stands_in_both_lists() {
    let tracker = Installation::open();
    let ipv4 = client(1).with_key("secret");
    let ipv6 = ipv4.clone().over_ipv6();
    assert_eq!(counts(&ipv4.announce(&tracker, "")), (0, 1, 0));
    let answer = ipv6.announce(&tracker, "");
    assert_eq!((counts(&answer), peers(&answer)), ((0, 1, 0), vec![]));
    let answer = client(2).announce(&tracker, "");
    assert_eq!((counts(&answer), peers(&answer)), ((0, 2, 0), sockets(&[&ipv4, &ipv6])));
    assert_eq!(counts(&scraped(&tracker, INFO_HASH)), (0, 2, 0));
}

#[test]
fn a_stolen_peer_id_neither_stops_nor_moves_its_owner_nor_locks_it_out() {
    // With a key, without one, and with one that is made of the peer id, as aria2 does.
    for (key, guess) in [("mine", "guess"), ("", ""), ("00000001", "00000001")] {
        let tracker = Installation::open();
        let owner = client(1).with_key(key);
        let thief = Client { port: 6666, ..client(1).at("203.0.113.66").with_key(guess) };
        // Whoever was there first: the thief may have learnt the peer id elsewhere.
        thief.announce(&tracker, "");
        owner.announce(&tracker, "");
        for more in ["", "left=0&event=completed", "event=stopped"] {
            thief.announce(&tracker, more);
        }
        let answer = client(2).announce(&tracker, "");
        assert_eq!(peers(&answer), sockets(&[&owner]), "{key}");
        assert_eq!(counts(&answer), (0, 2, 1), "{key}: the download was the thief's own");
        owner.announce(&tracker, "event=stopped");
        assert_eq!(counts(&client(2).announce(&tracker, "")), (0, 1, 1), "{key}");
    }
}

#[test]
fn a_restarted_client_takes_its_own_place() {
    let tracker = Installation::open();
    client(1).announce(&tracker, "event=started");
    let restarted = Client { peer_id: client(9).peer_id, ..client(1) };
    let answer = restarted.announce(&tracker, "event=started");
    assert_eq!((counts(&answer), peers(&answer)), ((0, 1, 0), vec![]), "it is not told of itself");
    assert_eq!(counts(&client(1).announce(&tracker, "event=stopped")), (0, 1, 0));
    assert_eq!(peers(&client(2).announce(&tracker, "")), sockets(&[&restarted]));
}

#[test]
fn a_swarm_does_not_belong_to_one_address() {
    for tracker in [Installation::open(), Installation::in_memory(&["tracker.torrents = 'open'"])] {
        for number in 0..50 {
            client(number).announce(&tracker, "numwant=0");
        }
        let crowd = |number: u16| {
            let peer_id = format!("-XX0002-{number:012}").into_bytes();
            let peer_id = peer_id.try_into().expect("20 bytes");
            Client { peer_id, port: 10_000 + number, ..client(1).at("203.0.113.66") }
        };
        for number in 0..150 {
            crowd(number).announce(&tracker, "numwant=0");
        }
        let answer = client(99).announce(&tracker, "numwant=40");
        assert_eq!(counts(&answer).1, 50 + 100 + 1, "an address has 100 peers at most");
        let told = peers(&answer);
        let of_crowd = told.iter().filter(|peer| peer.ip().to_string() == "203.0.113.66");
        assert_eq!(told.len(), 40);
        assert!(of_crowd.count() <= 10, "{told:?}");
    }
}

#[test]
fn the_key_lets_a_client_change_its_address() {
    let tracker = Installation::open();
    let before = client(1).with_key("mine");
    before.announce(&tracker, "");
    let after = Client { port: 7777, ..before.at("198.51.100.1") };
    assert_eq!(counts(&after.announce(&tracker, "")), (0, 1, 0));
    assert_eq!(peers(&client(2).announce(&tracker, "")), sockets(&[&after]));
}

#[test]
fn a_known_address_lets_a_client_change_its_key() {
    let tracker = Installation::open();
    client(1).with_key("before").announce(&tracker, "");
    client(1).with_key("after").announce(&tracker, "");
    // From now on the new key is the proof.
    let moved = client(1).at("198.51.100.1");
    assert_eq!(counts(&moved.clone().with_key("after").announce(&tracker, "")), (0, 1, 0));
    let stranger = moved.at("198.51.100.2").with_key("before");
    assert_eq!(counts(&stranger.announce(&tracker, "")), (0, 2, 0));
}

#[test]
fn the_key_is_never_shown_to_others() {
    let tracker = Installation::open();
    client(1).with_key("confidential").announce(&tracker, "");
    let answer = client(2).call(&tracker, "compact=0").send();
    assert!(!answer.reply.text().contains("confidential"), "{answer:?}");
}

#[test]
fn a_peer_that_stops_is_gone_at_once_and_gets_no_peers() {
    let tracker = Installation::open();
    client(1).announce(&tracker, "");
    client(2).seed(&tracker);
    let answer = client(1).announce(&tracker, "event=stopped&numwant=50");
    assert_eq!((counts(&answer), peers(&answer)), ((1, 0, 0), vec![]), "without the asker");
    assert_eq!(answer.bytes("peers"), b"");
    assert_eq!(peers(&client(3).announce(&tracker, "")), sockets(&[&client(2)]));
}

#[test]
fn stopping_over_one_family_stops_the_client() {
    let tracker = Installation::open();
    let ipv4 = client(1).with_key("secret");
    ipv4.announce(&tracker, "");
    ipv4.clone().over_ipv6().announce(&tracker, "");
    assert_eq!(counts(&ipv4.announce(&tracker, "event=stopped")), (0, 0, 0));
    let ipv6 = ipv4.over_ipv6();
    assert_eq!(counts(&ipv6.announce(&tracker, "event=stopped")), (0, 0, 0), "a second time");
}

#[test]
fn stopping_without_having_started_is_no_error_and_counts_nothing() {
    let tracker = Installation::open();
    assert_eq!(counts(&client(1).announce(&tracker, "event=stopped&left=0")), (0, 0, 0));
    assert_eq!(counts(&scraped(&tracker, INFO_HASH)), (0, 0, 0));
}

#[test]
fn seeds_do_not_see_seeds_unless_the_owner_wants_it() {
    let tracker = Installation::open();
    client(1).seed(&tracker);
    client(2).announce(&tracker, "");
    assert_eq!(peers(&client(3).seed(&tracker)), sockets(&[&client(2)]));
    assert_eq!(peers(&client(2).announce(&tracker, "")), sockets(&[&client(1), &client(3)]));
    tracker.configure(&["tracker.torrents = 'open'", "tracker.seeds_see_seeds = true"]);
    assert_eq!(peers(&client(3).seed(&tracker)), sockets(&[&client(1), &client(2)]));
}

#[test]
fn port_0_counts_and_is_never_handed_out() {
    let tracker = Installation::open();
    client(1).announce(&tracker, "port=0");
    let answer = client(2).announce(&tracker, "");
    assert_eq!((counts(&answer), peers(&answer)), ((0, 2, 0), vec![]));
    let answer = client(2).announce(&tracker, "compact=0");
    assert_eq!(answer.get("peers"), Some(&crate::harness::bencode::Value::List(vec![])));
    // It opens its port: from then on it is a peer like any other.
    client(1).announce(&tracker, "");
    assert_eq!(peers(&client(2).announce(&tracker, "")), sockets(&[&client(1)]));
}

#[test]
fn a_swarm_larger_than_numwant_is_handed_out_in_changing_parts_without_repetition() {
    let tracker = Installation::new(&["tracker.torrents = 'open'", "tracker.numwant = 10"]);
    for number in 100..140 {
        client(number).announce(&tracker, "");
    }
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let mut part = peers(&client(1).announce(&tracker, ""));
        assert_eq!(part.len(), 10);
        part.dedup();
        assert_eq!(part.len(), 10, "each once");
        seen.extend(part);
    }
    // 40 times a quarter of the swarm: to miss half of it is all but impossible.
    assert!(seen.len() > 20, "{} of 40 peers", seen.len());
}

#[test]
fn swarms_do_not_mix() {
    let tracker = Installation::open();
    client(1).announce(&tracker, "");
    let other = *b"quite another swarm.";
    let answer = client(2).of(other).announce(&tracker, "");
    assert_eq!((counts(&answer), peers(&answer)), ((0, 1, 0), vec![]));
    // One client in two swarms leaves one of them.
    client(1).of(other).announce(&tracker, "");
    client(1).announce(&tracker, "event=stopped");
    assert_eq!(counts(&scraped(&tracker, INFO_HASH)), (0, 0, 0));
    assert_eq!(counts(&scraped(&tracker, other)), (0, 2, 0));
}

/// BEP 21.
mod partial_seeds {
    use super::*;

    #[test]
    fn count_as_incomplete_and_not_as_downloaders() {
        let tracker = Installation::open();
        assert_eq!(counts(&client(1).announce(&tracker, "left=400&event=paused")), (0, 1, 0));
        client(2).announce(&tracker, "");
        client(3).seed(&tracker);
        let entry = scraped(&tracker, INFO_HASH);
        assert_eq!(counts(&entry), (1, 2, 0));
        assert_eq!(entry.number("downloaders"), 1, "a partial seed is incomplete - downloaders");
    }

    #[test]
    fn are_never_complete_even_with_nothing_left() {
        let tracker = Installation::open();
        assert_eq!(counts(&client(1).announce(&tracker, "left=0&event=paused")), (0, 1, 0));
    }

    #[test]
    fn are_handed_to_leechers_and_see_leechers_only() {
        let tracker = Installation::open();
        let (partial, leecher, seeder) = (client(1), client(2), client(3));
        partial.announce(&tracker, "event=paused");
        leecher.announce(&tracker, "");
        seeder.seed(&tracker);
        client(4).announce(&tracker, "event=paused");
        assert_eq!(peers(&partial.announce(&tracker, "event=paused")), sockets(&[&leecher]));
        assert_eq!(peers(&seeder.seed(&tracker)), sockets(&[&leecher]), "no use to a seeder");
        let seen = peers(&leecher.announce(&tracker, ""));
        assert_eq!(seen, sockets(&[&partial, &seeder, &client(4)]));
    }

    #[test]
    fn download_again_when_they_announce_without_paused() {
        let tracker = Installation::open();
        client(1).announce(&tracker, "event=paused");
        client(1).announce(&tracker, "event=paused");
        assert_eq!(scraped(&tracker, INFO_HASH).number("downloaders"), 0, "a state");
        client(1).announce(&tracker, "");
        assert_eq!(scraped(&tracker, INFO_HASH).number("downloaders"), 1);
    }

    #[test]
    fn have_completed_when_they_have_everything_in_the_end() {
        let tracker = Installation::open();
        client(1).announce(&tracker, "event=paused");
        assert_eq!(counts(&client(1).announce(&tracker, "left=0&event=completed")), (1, 0, 1));
    }
}
