//! A minute of many clients at once, well-behaved ones, slow ones and those that go away in the middle:
//! every answer is right, nothing piles up, and the responder stops cleanly under load.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpStream};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::http::encode;
use crate::harness::load::{Clients, Requests, run};
use crate::harness::nginx;
use crate::harness::poll;
use crate::harness::process::Process;
use crate::harness::responder::{Listen, own_socket};
use crate::harness::site::{CGI, Layout, Site};

const SWARMS: usize = 20;
/// Of each swarm; more than an answer has.
const PEERS: usize = 100;

/// 200 at a time; they wait between their turns, so that other tests have some of the machine.
const CLIENTS: Clients = Clients { threads: 4, each: 50, pause: Duration::from_millis(40) };

/// Until caches and pools are as large as they get.
const WARM_UP: Duration = Duration::from_secs(10);
/// Pairs of them, after which it must be over.
const MOST_WARM_UPS: usize = 8;
const LOAD: Duration = Duration::from_secs(50);
/// Times that it may take until nothing is added any more.
const MOST_LOADS: usize = 3;

/// The announce of each peer.
fn announces(site: &Site) -> Requests {
    let target = |number: usize| {
        let hash = encode(format!("{:020}", number % SWARMS).as_bytes());
        let (port, left) = (1024 + number / SWARMS, number / SWARMS % 4);
        format!(
            "{CGI}/announce?info_hash={hash}&peer_id=-TR4000-{number:012}&port={port}&uploaded=0\
             &downloaded=0&left={left}&compact=1&numwant=50"
        )
    };
    let address =
        |number: usize| IpAddr::V4(u32::try_from(0x0a00_0000 + number).expect("few enough").into());
    let requests = (0..SWARMS * PEERS).map(|number| (target(number), address(number)));
    Requests::from_many(site.address(), requests)
}

/// All of them again and again, for a time.
fn announce_for(time: Duration, requests: &Requests) -> usize {
    let (until, numbers) = (Instant::now() + time, AtomicUsize::new(0));
    let next = || {
        let number = numbers.fetch_add(1, Relaxed) % requests.count();
        (Instant::now() < until).then_some(number)
    };
    let is_full = |body: &[u8]| {
        let is_whole = body.starts_with(b"d8:complete") && body.ends_with(b"e");
        is_whole && body.windows(11).any(|part| part == b"5:peers300:")
    };
    run(requests, CLIENTS, &is_full, &next).len()
}

fn fill(requests: &Requests) {
    let numbers = AtomicUsize::new(0);
    let next = || Some(numbers.fetch_add(1, Relaxed)).filter(|&number| number < requests.count());
    let answers = run(requests, CLIENTS, &|body| body.starts_with(b"d8:complete"), &next).len();
    assert_eq!(answers, requests.count());
}

/// Sends requests in two halves with a break between them, and sees that they are answered.
fn be_slow(requests: &Requests, is_over: &AtomicBool) {
    for number in (0..requests.count()).cycle().take_while(|_| !is_over.load(Relaxed)) {
        let mut stream = requests.connect();
        let (first, second) = requests.get(number).split_at(60);
        stream.write_all(first).expect("half a request");
        thread::sleep(Duration::from_millis(700));
        stream.write_all(second).expect("the other half");
        let mut start = [0; 15];
        stream.read_exact(&mut start).expect("an answer");
        assert_eq!(&start, b"HTTP/1.1 200 OK");
    }
}

/// Goes away in the middle of requests and before answers.
fn be_gone(requests: &Requests, is_over: &AtomicBool) {
    for number in (0..requests.count()).cycle().take_while(|_| !is_over.load(Relaxed)) {
        let request = requests.get(number);
        for length in [0, 30, request.len()] {
            let mut stream: TcpStream = requests.connect();
            stream.write_all(&request[..length]).expect("a part of a request");
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Connections that nginx's two workers keep open, see `conf/nginx-upstream.conf`; all others come and go.
const KEPT: usize = 64;

/// What a process has.
#[derive(Clone, Copy, Debug)]
struct Belongings {
    /// Bytes of memory of its own.
    memory: u64,
    descriptors: usize,
}

fn belongings(process: &Process) -> Belongings {
    let folder = format!("/proc/{}", process.id());
    let status = fs::read_to_string(format!("{folder}/status")).expect("the state of a process");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("its memory");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    let descriptors = fs::read_dir(format!("{folder}/fd")).expect("its descriptors").count();
    Belongings { memory: kilobytes * 1024, descriptors }
}

/// What a process has once it has met as many clients at once as chance brings together: from then on
/// nothing may be added. A leak goes on and on.
fn warmed_up(requests: &Requests, process: &Process) -> Belongings {
    let mut before = belongings(process);
    for _ in 0..MOST_WARM_UPS {
        announce_for(WARM_UP, requests);
        announce_for(WARM_UP, requests);
        let now = belongings(process);
        if now.memory <= before.memory {
            return now;
        }
        before = now;
    }
    panic!("memory grew for minutes, to {} bytes", before.memory);
}

/// What a process has before and after each of some minutes of load, up to the first that adds next to nothing. A stall of
/// the machine has more requests wait at once than ever before, and that memory is kept, once; a leak goes on and on.
fn under_load(requests: &Requests, process: &Process) -> Vec<Belongings> {
    let mut seen = vec![warmed_up(requests, process)];
    for _ in 0..MOST_LOADS {
        let before = seen[seen.len() - 1];
        let answers = announce_for(LOAD, requests);
        assert!(answers > 10_000, "{answers} answers are no load");
        let after = belongings(process);
        seen.push(after);
        if !has_grown(before, after) {
            break;
        }
    }
    seen
}

fn has_grown(before: Belongings, after: Belongings) -> bool {
    after.memory * 100 > before.memory * 102
}

/// Ends what goes on beside a test, also when the test fails.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

#[test]
fn a_minute_of_load_has_right_answers_leaks_nothing_and_stops_cleanly() {
    let site = Site::new(Layout::open(CGI).in_memory().behind_proxy());
    let listen = Listen::unix(&site);
    let mut responder = own_socket(&site, &listen);
    let _nginx = nginx::start(&site, "conf/nginx.conf", &listen);
    let requests = announces(&site);
    fill(&requests);
    let at_first = belongings(&responder).descriptors;
    let is_over = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        scope.spawn(|| be_slow(&requests, &is_over));
        scope.spawn(|| be_gone(&requests, &is_over));
        let _until = Until(&is_over);
        under_load(&requests, &responder)
    });
    assert!(seen.windows(2).any(|pair| !has_grown(pair[0], pair[1])), "{seen:?}");
    let is_back = || (belongings(&responder).descriptors <= at_first + KEPT).then_some(());
    assert!(poll(Duration::from_secs(10), is_back).is_some(), "{at_first}, {seen:?}");
    stop_under_load(&requests, &mut responder);
    let log = fs::read_to_string(site.run("responder.log")).expect("the responder's log");
    assert!(!log.contains("error") && !log.contains("panic"), "{log}");
    assert_eq!(site.tracker(&["store", "check"]), "clean\n");
}

/// Asks the responder to end while clients go on asking: what nginx tells them then is its own affair.
fn stop_under_load(requests: &Requests, responder: &mut Process) {
    let (is_over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for number in 0..20 {
            let (is_over, answered) = (&is_over, &answered);
            scope.spawn(move || {
                while !is_over.load(Relaxed) {
                    let mut stream = requests.connect();
                    let mut start = [0; 12];
                    let asked = stream.write_all(requests.get(number));
                    if asked.is_ok() && stream.read_exact(&mut start).is_ok() {
                        answered.fetch_add(1, Relaxed);
                    }
                }
            });
        }
        let is_busy =
            poll(Duration::from_secs(10), || (answered.load(Relaxed) > 100).then_some(()));
        let status = responder.terminate();
        is_over.store(true, Relaxed);
        assert!(is_busy.is_some(), "nobody was answered");
        assert!(status.success(), "{status}");
    });
}
