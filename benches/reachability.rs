//! How fast peers are tried, whether others can connect to them: 3,000 that answer, at 750 addresses of this machine.
//!
//! `cargo bench --bench reachability`; `-- --quick` tries 40. The pace is bounded at 500 a second, so that it is the processor's time for one
//! that says how much is left.

// A benchmark that cannot be set up has failed.
#![allow(clippy::expect_used, clippy::cast_possible_truncation)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use tracker_cgi::config::LoadedConfig;
use tracker_cgi::protocol::{HANDSHAKE_LEN, Handshake, InfoHash, PeerId, Timestamp};
use tracker_cgi::site::publish;
use tracker_cgi::store::{PeerAnnounce, PeerSample, Want};
use tracker_cgi::tracker::reachability::check_reachability;
use tracker_cgi::tracker::{Quiet, Urgency, open_store};

const ADDRESSES: u16 = 750;
/// As many as are tried at one address in an hour.
const PORTS: u16 = 4;
const SWARM: InfoHash = InfoHash([7; 20]);
const ROUNDS: usize = 3;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let addresses = if quick { 10 } else { ADDRESSES };
    allow_many_files();
    let endpoints = listen_at(addresses);
    println!("{} peers that answer", endpoints.len());
    println!("   seconds  peers a second  processor, us a peer  target");
    for _ in 0..ROUNDS {
        let home = tempfile::tempdir().expect("a folder");
        round(home.path(), &endpoints);
    }
}

fn round(home: &Path, endpoints: &[SocketAddrV4]) {
    let now = Timestamp(1_800_000_000);
    let text = "access.allow_list = '../data/allowed'\nnetwork.private_addresses = 'lan'\nreachability.check = 'mark'";
    for folder in ["conf", "data", "www/torrents"] {
        fs::create_dir_all(home.join(folder)).expect("a folder");
    }
    fs::write(home.join("data/allowed"), format!("{SWARM}\n")).expect("a list");
    let loaded =
        LoadedConfig::parse(text, &home.join("conf/tracker.toml")).expect("a configuration");
    publish(&loaded, Urgency::Now, &mut Quiet).expect("a refresh");
    let mut store = open_store(&loaded).expect("a store");
    let want = Want { peers: 0, seeders: true, peer_ids: false };
    for (number, endpoint) in (0_u32..).zip(endpoints) {
        let mut peer_id = *b"-XX0001-............";
        peer_id[8..12].copy_from_slice(&number.to_be_bytes());
        let v4 = Some((*endpoint).into());
        let announce = PeerAnnounce { v4, ..PeerAnnounce::new(SWARM, PeerId(peer_id)) };
        store.announce(&announce, now, want, &mut PeerSample::default()).expect("an announce");
    }
    let (begun, before) = (Instant::now(), processor_time());
    let tried = check_reachability(&loaded, now).expect("they are tried").expect("it is on");
    let (took, busy) = (begun.elapsed().as_secs_f64(), processor_time() - before);
    assert_eq!(tried.reachable, endpoints.len(), "{tried:?}");
    let count = f64::from(u32::try_from(endpoints.len()).expect("a few"));
    let reached = match count / took {
        _ if endpoints.len() < 1000 => "too few to tell",
        490.0.. => "yes",
        _ => "NO",
    };
    println!(
        "{took:>10.2}  {:>14.0}  {:>20.1}  500 a second: {reached}",
        count / took,
        busy.as_secs_f64() * 1e6 / count
    );
}

/// Peers at addresses of this machine, all behind one thread.
fn listen_at(addresses: u16) -> Vec<SocketAddrV4> {
    let ip = |address: u16| Ipv4Addr::from([127, 1, (address >> 8) as u8, (address & 0xff) as u8]);
    let bind = |address| TcpListener::bind((ip(address), 0)).expect("a port");
    let listeners: Vec<TcpListener> =
        (1..=addresses).flat_map(|address| (0..PORTS).map(move |_| address)).map(bind).collect();
    let endpoint = |listener: &TcpListener| match listener.local_addr() {
        Ok(std::net::SocketAddr::V4(address)) => address,
        other => panic!("{other:?}"),
    };
    let endpoints = listeners.iter().map(endpoint).collect();
    thread::spawn(move || answer(listeners));
    endpoints
}

fn answer(listeners: Vec<TcpListener>) {
    let mut poll = Poll::new().expect("a poll");
    let mut listeners: Vec<mio::net::TcpListener> = listeners
        .into_iter()
        .map(|listener| {
            listener.set_nonblocking(true).expect("a socket");
            mio::net::TcpListener::from_std(listener)
        })
        .collect();
    for (number, listener) in listeners.iter_mut().enumerate() {
        poll.registry().register(listener, Token(number), Interest::READABLE).expect("a socket");
    }
    let mut events = Events::with_capacity(256);
    loop {
        poll.poll(&mut events, None).expect("events");
        for event in &events {
            while let Ok((stream, _)) = listeners[event.token().0].accept() {
                let mut stream = std::net::TcpStream::from(stream);
                stream.set_nonblocking(false).expect("a socket");
                let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
                let mut said = [0; HANDSHAKE_LEN];
                if stream.read_exact(&mut said).is_ok() {
                    let peer_id = PeerId(*b"-XX0001-............");
                    let _ = stream.write_all(&Handshake { info_hash: SWARM, peer_id }.encode());
                }
            }
        }
    }
}

/// The processor's time of this thread so far.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one timespec.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(done, 0, "a clock");
    Duration::new(
        u64::try_from(time.tv_sec).expect("a time"),
        u32::try_from(time.tv_nsec).expect("a time"),
    )
}

/// Each of the peers is a file to the kernel.
fn allow_many_files() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel reads and writes one rlimit.
    let done = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 && {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) == 0
        }
    };
    assert!(done, "the limit of open files");
}
