//! Peers in shared memory: web servers start the processes, many clients announce and scrape at the
//! same time, and all of it is one store.

use std::ops::RangeInclusive;
use std::thread;

use super::*;

/// So many at a time.
const CLIENTS: u8 = 8;
/// So many peers one after the other is each of them, half of which are seeders.
const PEERS: u8 = 10;
const ALL: i64 = CLIENTS as i64 * PEERS as i64;

const SWARMS: [[u8; 20]; 2] = [*b"one swarm of two....", *b"the other one of two"];

/// The sum of seeders and leechers in a reply.
fn peers_in(value: &Value) -> i64 {
    value.number("complete") + value.number("incomplete")
}

/// Announces, as one of the clients, by way of one of the scripts; how many peers there are then.
fn announce(served: &Served, script: &str, swarm: &[u8; 20], number: u8, event: &str) -> i64 {
    let query = Peer::new(number, u32::from(number % 2)).query(swarm, event);
    let reply = served.answer_of(script, &format!("/announce?{query}"));
    assert_eq!(reply.get("failure reason"), None, "{reply:?}\n{}", served.error_log());
    peers_in(&reply)
}

fn scrape(served: &Served, script: &str, swarm: &[u8; 20]) -> Value {
    let reply = served.answer_of(script, &format!("/scrape?info_hash={}", encode(swarm)));
    let entry = reply.get("files").and_then(|files| files.get(swarm));
    entry.unwrap_or_else(|| panic!("{reply:?}\n{}", served.error_log())).clone()
}

/// One client brings its peers in, or takes them out, and looks how many there are.
fn come_or_go(served: &Served, script: &str, client: u8, event: &str, seen: RangeInclusive<i64>) {
    for swarm in &SWARMS {
        for number in client * PEERS..(client + 1) * PEERS {
            let counts = [
                announce(served, script, swarm, number, event),
                peers_in(&scrape(served, script, swarm)),
            ];
            assert!(counts.iter().all(|count| seen.contains(count)), "{counts:?} not in {seen:?}");
        }
    }
}

/// All clients at the same time, each by one of the scripts.
fn all_at_once(served: &Served, scripts: &[&str], event: &str, seen: RangeInclusive<i64>) {
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let script = scripts[usize::from(client) % scripts.len()];
            let seen = seen.clone();
            scope.spawn(move || come_or_go(served, script, client, event, seen));
        }
    });
}

/// All that must hold when many use one store at the same time.
fn share(served: &Served, scripts: &[&str]) {
    all_at_once(served, scripts, "&event=started", 1..=ALL);
    for (script, swarm) in scripts.iter().flat_map(|script| SWARMS.map(|swarm| (script, swarm))) {
        let entry = scrape(served, script, &swarm);
        let counts = (entry.number("complete"), entry.number("incomplete"));
        assert_eq!(counts, (ALL / 2, ALL / 2), "nobody is missing, nobody counts twice");
    }
    all_at_once(served, scripts, "&event=stopped", 0..=ALL);
    for swarm in &SWARMS {
        assert_eq!(peers_in(&scrape(served, scripts[0], swarm)), 0, "all have left");
    }
    assert_eq!(served.site.tracker(&["store", "check"]), "clean\n");
    let info = served.site.tracker(&["store", "info"]);
    assert!(info.starts_with(&format!("shm {}", served.site.store().display())), "{info}");
}

#[test]
fn apache_with_mod_cgi() {
    let served = apache(Layout::open(CGI).in_memory(), apache::cgi(Mpm::Prefork));
    share(&served, &[CGI]);
    behaves(&served);
}

#[test]
fn apache_with_mod_cgid() {
    let served = apache(Layout::open(CGI).in_memory(), apache::cgi(Mpm::Event));
    share(&served, &[CGI]);
    behaves(&served);
}

#[test]
fn apache_with_mod_fcgid() {
    let served = apache(Layout::open(FCGI).in_memory(), apache::fcgid());
    share(&served, &[FCGI]);
    behaves(&served);
}

#[test]
fn nginx_with_a_responder() {
    let layout = Layout::open(CGI).in_memory();
    let served = nginx_with(layout, responder::own_socket, Listen::unix);
    share(&served, &[CGI]);
    behaves(&served);
}

#[test]
fn cgi_processes_and_responders_share_one_store() {
    let both = apache::cgi(Mpm::Event).modules(&["fcgid"]).snippet("fcgid.conf");
    share(&apache(Layout::open(CGI).in_memory(), both), &[CGI, FCGI]);
}
