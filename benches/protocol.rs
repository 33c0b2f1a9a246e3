//! What the protocol costs an announce: reading the query and writing a reply of 50 compact peers.
//!
//! `cargo bench --bench protocol`. Each figure is the median of several rounds; the two steps
//! together should stay below one microsecond.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Instant;

use tracker_cgi::protocol::{
    AnnounceReply, AnnounceRequest, CompactV4, PeerList, Seconds, interval_for,
};

/// As a client of today writes it.
const QUERY: &[u8] = b"info_hash=%C3%9A%0F%B2j%15%A7%7F%F0%E1%3Ck%D4%05%22%91%B8%5D%AEz\
    &peer_id=-qB4620-k3Yz%28p.w%7EN%21a&port=51413&uploaded=1048576&downloaded=734003200\
    &left=524288000&corrupt=0&key=7C1F09E2&event=started&numwant=200&compact=1&no_peer_id=1\
    &supportcrypto=1&redundant=0";

const ROUNDS: usize = 1001;
const ANNOUNCES: u32 = 500;

fn main() {
    let Ok(request) = AnnounceRequest::parse(QUERY) else {
        eprintln!("the query of the benchmark is not understood");
        std::process::exit(1);
    };
    let peers: Vec<CompactV4> = (0..50)
        .map(|host| SocketAddrV4::new(Ipv4Addr::new(198, 51, 100, host), 51413).into())
        .collect();
    let mut out = Vec::with_capacity(4096);

    report("parse", || {
        _ = black_box(AnnounceRequest::parse(black_box(QUERY)));
    });
    report("encode", || encode(black_box(&request), black_box(&peers), black_box(&mut out)));
    report("parse and encode", || {
        if let Ok(request) = AnnounceRequest::parse(black_box(QUERY)) {
            encode(&request, black_box(&peers), black_box(&mut out));
        }
    });
    println!("a query of {} bytes, a reply of {} bytes", QUERY.len(), out.len());
}

fn encode(request: &AnnounceRequest, peers: &[CompactV4], out: &mut Vec<u8>) {
    out.clear();
    let reply = AnnounceReply {
        complete: 120,
        downloaded: 45_678,
        external_ip: Some(Ipv4Addr::new(203, 0, 113, 7).into()),
        incomplete: 34,
        interval: interval_for(Seconds(1800), request.peer_id),
        min_interval: Seconds(300),
        peers: PeerList::Compact { v4: peers, v6: &[] },
        warning: None,
    };
    reply.encode(out);
}

fn report(step: &str, mut work: impl FnMut()) {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..ANNOUNCES {
                work();
            }
            start.elapsed().as_secs_f64() * 1e9 / f64::from(ANNOUNCES)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    let (best, median, worst) = (rounds[0], rounds[ROUNDS / 2], rounds[ROUNDS - 1]);
    println!("{step:<17} median {median:6.0} ns per announce (best {best:.0}, worst {worst:.0})");
}
