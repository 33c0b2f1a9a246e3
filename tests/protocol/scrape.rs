//! Scrapes (BEP 48), and hybrid torrents (BEP 52), whose two info-hashes are one swarm.

use std::time::Duration;

use sha1::{Digest, Sha1};
use sha2::Sha256;

use super::both::Both;
use super::{client, counts, peers, scraped, sockets};
use crate::harness::bencode::Value;
use crate::harness::http::encode;
use crate::harness::installation::{ANNOUNCE_URL, Installation};
use crate::harness::poll;

/// The info-hashes in an answer, in order.
fn files(answer: &Value) -> Vec<Vec<u8>> {
    match answer.get("files") {
        Some(Value::Dictionary(files)) => files.keys().cloned().collect(),
        other => panic!("files is {other:?} in {answer:?}"),
    }
}

fn scrape(tracker: &Installation, info_hashes: &[[u8; 20]]) -> Value {
    let query: Vec<_> =
        info_hashes.iter().map(|hash| format!("info_hash={}", encode(hash))).collect();
    tracker.get("/scrape", query.join("&")).value()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_scrape_gives_the_figures_of_each_named_torrent() {
    let tracker = Installation::open();
    let (one, two) = (*b"the first swarm.....", *b"a second swarm......");
    client(1).of(one).announce(&tracker, "");
    client(2).of(one).announce(&tracker, "event=started");
    client(2).of(one).announce(&tracker, "left=0&event=completed");
    client(3).of(two).seed(&tracker);
    let answer = scrape(&tracker, &[one, two, one]);
    assert_eq!(files(&answer), [two.to_vec(), one.to_vec()], "each once, in byte order");
    assert_eq!(counts(&scraped(&tracker, one)), (1, 1, 1));
    assert_eq!(counts(&scraped(&tracker, two)), (1, 0, 0));
    let flags = answer.get("flags").expect("flags");
    assert_eq!(flags.number("min_request_interval"), 300);
    assert_eq!(scraped(&tracker, one).get("name"), None);
}

#[test]
fn forty_hexadecimal_digits_of_either_case_name_a_torrent_too() {
    let tracker = Installation::open();
    let hash = *b"\x00\xab\xcd\xef swarm \xff\xfe.......";
    client(1).of(hash).announce(&tracker, "");
    let digits = hexadecimal(&hash);
    for digits in [digits.clone(), digits.to_uppercase()] {
        let answer = tracker.get("/scrape", format!("info_hash={digits}")).value();
        assert_eq!(files(&answer), [hash.to_vec()]);
    }
}

#[test]
fn a_malformed_info_hash_is_refused_with_a_reason() {
    let tracker = Installation::open();
    for value in ["", "short", "%zz", &"f".repeat(39), &"g".repeat(40), &"f".repeat(41)] {
        let refusal = tracker.get("/scrape", format!("info_hash={value}")).refusal();
        assert!(refusal.contains("info_hash"), "{value}: {refusal}");
    }
}

#[test]
fn an_open_tracker_has_zeros_for_unknown_torrents() {
    let tracker = Installation::open();
    assert_eq!(counts(&scraped(&tracker, *b"nobody has seen this")), (0, 0, 0));
}

#[test]
fn a_listed_tracker_leaves_unknown_torrents_out_and_refuses_when_all_are() {
    let tracker = Installation::listed();
    let torrent = tracker.add("listed", 1000);
    tracker.refresh();
    let unknown = *b"nobody has seen this";
    let answer = scrape(&tracker, &[unknown, torrent.info_hash]);
    assert_eq!(files(&answer), [torrent.info_hash.to_vec()]);
    let query = format!("info_hash={}", encode(&unknown));
    let refusal = tracker.get("/scrape", query).refusal();
    assert_eq!(refusal, "this tracker does not track that torrent");
}

#[test]
fn a_scrape_without_info_hash_is_about_the_whole_tracker() {
    let tracker = Installation::listed();
    assert_eq!(files(&tracker.get("/scrape", "").value()), Vec::<Vec<u8>>::new());
    let torrents = ["a", "b", "c"].map(|name| tracker.add(name, 1000));
    tracker.refresh();
    client(1).of(torrents[1].info_hash).seed(&tracker);
    let answer = tracker.get("/scrape", "").value();
    let mut expected: Vec<_> = torrents.iter().map(|it| it.info_hash.to_vec()).collect();
    expected.sort_unstable();
    assert_eq!(files(&answer), expected);
    let entry = answer.get("files").and_then(|files| files.get(torrents[1].info_hash));
    assert_eq!(entry.map(counts), Some((1, 0, 0)));
}

#[test]
fn a_full_scrape_of_an_open_tracker_has_all_swarms() {
    let tracker = Installation::open();
    let listed = tracker.add("listed", 1000);
    tracker.refresh();
    client(1).announce(&tracker, "");
    let answer = tracker.get("/scrape", "").value();
    let mut expected = vec![super::INFO_HASH.to_vec(), listed.info_hash.to_vec()];
    expected.sort_unstable();
    assert_eq!(files(&answer), expected);
}

#[test]
fn scrapes_can_be_switched_off() {
    let tracker = Installation::open();
    client(1).announce(&tracker, "");
    let named = format!("info_hash={}", encode(&super::INFO_HASH));

    tracker.configure(&["tracker.torrents = 'open'", "tracker.full_scrape = false"]);
    assert!(tracker.get("/scrape", "").refusal().contains("named by their info_hash"));
    assert_eq!(files(&tracker.get("/scrape", &named).value()).len(), 1);

    tracker.configure(&["tracker.torrents = 'open'", "tracker.scrape = false"]);
    for query in ["", &named] {
        let refusal = tracker.get("/scrape", query).refusal();
        assert_eq!(refusal, "this tracker does not answer scrapes");
    }
    client(1).announce(&tracker, "");
}

#[test]
fn scrapes_carry_names_where_the_owner_wants_it() {
    let tracker = Installation::new(&["tracker.scrape_names = true"]);
    let torrent = tracker.add("a name", 1000);
    tracker.refresh();
    assert_eq!(scraped(&tracker, torrent.info_hash).bytes("name"), b"a name");
}

/// Asserts that the CGI answers with these bytes, and the responder once it follows.
fn assert_both_say(both: &Both, query: &str, expected: &str) {
    let by_cgi = both.tracker.get("/scrape", query).send().reply.body.escape_ascii().to_string();
    assert_eq!(by_cgi, expected);
    let by_responder = || both.responder.get("/scrape", query).body.escape_ascii().to_string();
    let follows = || (by_responder() == expected).then_some(());
    assert!(poll(Duration::from_secs(20), follows).is_some(), "{}\n{expected}", by_responder());
}

#[test]
fn scrapes_tell_how_the_peers_get_on_where_the_owner_wants_it() {
    let with = |figures| ["tracker.scrape_names = true", figures];
    let tracker = Installation::new(&with("tracker.scrape_figures = false"));
    let torrent = tracker.add("a", 1000);
    let hidden = tracker.add("b.secret", 1000);
    tracker.refresh();
    let both = Both::of(tracker);
    for hash in [torrent.info_hash, hidden.info_hash] {
        let client = client(1).of(hash);
        client.announce(&both.tracker, "left=1000&downloaded=0&uploaded=0&event=started");
        client.announce(&both.tracker, "left=380&downloaded=620&uploaded=100");
    }
    let swarm = |hash: [u8; 20], before: &str, name: &str, after: &str| {
        let counts = "8:completei0e10:downloadedi0e11:downloadersi1e10:incompletei1e";
        let swarm = format!("20:{}d{before}{counts}4:name{name}{after}e", hash.escape_ascii());
        format!("d5:filesd{swarm}e5:flagsd20:min_request_intervali300eee")
    };
    let plain = |hash, name| swarm(hash, "", name, "");
    let told = |hash, name| {
        let after = "5:speedi0e9:speedunit1:B11:transferredi620e15:transferredunit1:B";
        swarm(hash, "11:averagedonei62e", name, after)
    };
    let asked = |hash: [u8; 20]| format!("info_hash={}", encode(&hash));
    both.tracker.refresh();
    assert_both_say(&both, &asked(torrent.info_hash), &plain(torrent.info_hash, "1:a"));

    both.tracker.configure(&with("tracker.scrape_figures = true"));
    both.tracker.refresh();
    assert_both_say(&both, &asked(torrent.info_hash), &told(torrent.info_hash, "1:a"));
    assert_both_say(&both, &asked(hidden.info_hash), &told(hidden.info_hash, "8:b.secret"));
    let all = both.tracker.get("/scrape", "").value();
    assert_eq!(files(&all), [torrent.info_hash.to_vec()]);
    let of_all = all.get("files").and_then(|files| files.get(torrent.info_hash));
    assert_eq!(of_all.map(|figures| figures.number("transferred")), Some(620));

    // A torrent that comes between two refreshes has no figures yet, and the others keep theirs.
    let new = both.tracker.add("c", 1000);
    client(1).of(new.info_hash).announce(&both.tracker, "");
    assert_both_say(&both, &asked(new.info_hash), &plain(new.info_hash, "1:c"));
    assert_both_say(&both, &asked(torrent.info_hash), &told(torrent.info_hash, "1:a"));
    both.tracker.configure(&with("tracker.scrape_figures = false"));
    assert_both_say(&both, &asked(torrent.info_hash), &plain(torrent.info_hash, "1:a"));
}

#[test]
fn a_scrape_takes_a_passkey_and_an_ending_in_its_path() {
    let tracker = Installation::open();
    for path in ["/scrape", "/scrape.php", "/0123456789abcdef0123456789abcdef/scrape"] {
        assert_eq!(files(&tracker.get(path, "").value()), Vec::<Vec<u8>>::new(), "{path}");
    }
}

#[test]
fn downloaded_goes_on_from_the_totals_of_the_catalogue() {
    let tracker = Installation::listed();
    let torrent = tracker.add("a", 1000);
    tracker.refresh();
    let complete = |number| {
        let client = client(number).of(torrent.info_hash);
        client.announce(&tracker, "event=started");
        client.announce(&tracker, "left=0&event=completed").number("downloaded")
    };
    assert_eq!(complete(1), 1);
    tracker.refresh();
    assert_eq!(scraped(&tracker, torrent.info_hash).number("downloaded"), 1, "carried once");
    assert_eq!(complete(2), 2);
    tracker.refresh();
    tracker.refresh();
    assert_eq!(scraped(&tracker, torrent.info_hash).number("downloaded"), 2);
    // The peers are lost, as at a reboot; the totals are not.
    std::fs::remove_file(tracker.path("data/peers.db")).expect("a peer store");
    let beside = ["data/peers.db-wal", "data/peers.db-shm"].map(|name| tracker.path(name));
    for file in beside {
        let _ = std::fs::remove_file(file);
    }
    assert_eq!(counts(&scraped(&tracker, torrent.info_hash)), (0, 0, 2));
    assert_eq!(complete(3), 3);
    tracker.refresh();
    assert_eq!(scraped(&tracker, torrent.info_hash).number("downloaded"), 3);
}

/// A torrent of one file in both versions, and its two info-hashes as clients announce them.
fn hybrid() -> (Vec<u8>, [[u8; 20]; 2]) {
    const LENGTH: usize = 1000;
    let content = [7_u8; LENGTH];
    let mut info = format!("d9:file treed1:fd0:d6:lengthi{LENGTH}e11:pieces root32:").into_bytes();
    info.extend_from_slice(&Sha256::digest(content));
    info.extend_from_slice(
        format!(
            "eee6:lengthi{LENGTH}e12:meta versioni2e4:name1:f12:piece lengthi16384e6:pieces20:"
        )
        .as_bytes(),
    );
    info.extend_from_slice(&Sha1::digest(content));
    info.push(b'e');
    let v1: [u8; 20] = Sha1::digest(&info).into();
    let v2: [u8; 32] = Sha256::digest(&info).into();
    let mut metainfo =
        format!("d8:announce{}:{ANNOUNCE_URL}4:info", ANNOUNCE_URL.len()).into_bytes();
    metainfo.extend_from_slice(&info);
    metainfo.push(b'e');
    let truncated = v2[..20].try_into().expect("20 bytes");
    (metainfo, [v1, truncated])
}

#[test]
fn the_two_info_hashes_of_a_hybrid_are_one_swarm() {
    let tracker = Installation::listed();
    let (metainfo, [v1, v2]) = hybrid();
    tracker.drop_in("hybrid.torrent", &metainfo);
    let old = client(1).of(v1);
    let new = client(2).of(v2);
    old.announce(&tracker, "event=started");
    let answer = new.announce(&tracker, "");
    assert_eq!((counts(&answer), peers(&answer)), ((0, 2, 0), vec![]), "it knows no v2 handshake");
    // A hybrid client announces both; it is one peer, and its download one download.
    let answer = old.clone().of(v2).announce(&tracker, "event=started");
    assert_eq!((counts(&answer), peers(&answer)), ((0, 2, 0), sockets(&[&new])));
    assert_eq!(peers(&new.announce(&tracker, "")), sockets(&[&old]));
    old.announce(&tracker, "left=0&event=completed");
    let answer = old.clone().of(v2).announce(&tracker, "left=0&event=completed");
    assert_eq!((counts(&answer), peers(&answer)), ((1, 1, 1), sockets(&[&new])));

    for hash in [v1, v2] {
        assert_eq!(counts(&scraped(&tracker, hash)), (1, 1, 1));
    }
    let full = tracker.get("/scrape", "").value();
    assert_eq!(files(&full), [v1.to_vec()], "once in the whole");
}
