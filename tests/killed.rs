//! Web servers kill CGIs, and machines kill everything. A process that is killed in the middle of an
//! announce takes nothing with it but that announce.

use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use crate::harness::apache::{self, Mpm};
use crate::harness::bencode;
use crate::harness::http::{encode, request};
use crate::harness::responder::{self, Listen};
use crate::harness::site::{CGI, Layout, Site};
use crate::harness::{nginx, poll};

const INFO_HASH: [u8; 20] = *b"killed under load!!!";
const THREADS: usize = 4;

/// How far the clients are, and whether they are to stop.
#[derive(Default)]
struct Clients {
    asked: AtomicUsize,
    answered: AtomicUsize,
    done: AtomicBool,
}

/// Has the clients stop, also when the test has failed.
struct Stop<'a>(&'a Clients);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.done.store(true, SeqCst);
    }
}

impl Clients {
    /// Peers of one swarm announce, one after the other.
    fn announce(&self, site: &Site) {
        while !self.done.load(SeqCst) {
            let number = self.asked.fetch_add(1, SeqCst);
            if announce(site, number) {
                self.answered.fetch_add(1, SeqCst);
            }
        }
    }

    /// Waits until one more announce was answered, however slow the machine is: then there is
    /// something to lose.
    fn wait_for_an_answer(&self) {
        let before = self.answered.load(SeqCst);
        let answer = || (self.answered.load(SeqCst) > before).then_some(());
        poll(Duration::from_secs(20), answer).expect("an answer in 20 s");
    }
}

/// One peer announces; whether the tracker said that it did.
fn announce(site: &Site, number: usize) -> bool {
    let target = format!(
        "{}/announce?info_hash={}&peer_id=-XX0001-{number:012}&port={}&left=1",
        site.script(),
        encode(&INFO_HASH),
        10_000 + number % 50_000
    );
    let reply = request(site.address(), "GET", &target, &[]).ok();
    let reply = reply.filter(|reply| reply.status == 200);
    reply.is_some_and(|reply| {
        bencode::parse(&reply.body).is_ok_and(|value| value.get("interval").is_some())
    })
}

/// The processes that run an executable.
fn processes_of(executable: &Path) -> Vec<i32> {
    let entries = fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id: &i32| {
        fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|path| path == executable)
    })
    .collect()
}

/// Kills whatever runs the site's tracker, again and again.
fn kill_whatever_runs(site: &Site, clients: &Clients) {
    let executable = site.root().join("cgi-bin/tracker.cgi");
    let mut killed = 0;
    while killed < 60 {
        for id in processes_of(&executable) {
            // SAFETY: kill touches no memory. The process was found to run an executable that
            // belongs to this test alone.
            if unsafe { libc::kill(id, libc::SIGKILL) } == 0 {
                killed += 1;
            }
        }
        clients.wait_for_an_answer();
        thread::sleep(Duration::from_millis(15));
    }
}

/// Kills the responder and starts it again on the same socket, again and again.
fn kill_and_restart(site: &Site, listen: &Listen, clients: &Clients) {
    for _ in 0..15 {
        let responder = responder::own_socket(site, listen);
        clients.wait_for_an_answer();
        thread::sleep(Duration::from_millis(40));
        responder.kill();
    }
}

/// Announces while `kill` kills; from how many were answered to how many there were.
fn survives(site: &Site, kill: impl FnOnce(&Clients)) -> RangeInclusive<usize> {
    let clients = Clients::default();
    thread::scope(|scope| {
        let _stop = Stop(&clients);
        for _ in 0..THREADS {
            scope.spawn(|| clients.announce(site));
        }
        kill(&clients);
    });
    let (answered, asked) = (clients.answered.into_inner(), clients.asked.into_inner());
    assert!(answered < asked, "no announce was hit");
    site.tracker(&["store", "check"]);
    answered..=asked
}

/// The number of peers that the tracker has kept.
fn kept(site: &Site) -> usize {
    let target = format!("{}/scrape?info_hash={}", site.script(), encode(&INFO_HASH));
    let reply = request(site.address(), "GET", &target, &[]).expect("an answer");
    let reply = bencode::parse(&reply.body).expect("bencode");
    let swarm = reply.get("files").and_then(|files| files.get(INFO_HASH)).expect("the swarm");
    usize::try_from(swarm.number("incomplete")).expect("a count")
}

fn kills_cgi_processes(layout: Layout) {
    let site = Site::new(layout);
    let _apache = apache::cgi(Mpm::Event).start(&site);
    let announced = survives(&site, |clients| kill_whatever_runs(&site, clients));
    nothing_is_lost(&announced, kept(&site));
}

fn kills_a_responder(layout: Layout) {
    let site = Site::new(layout);
    let listen = Listen::unix(&site);
    let _nginx = nginx::start(&site, "conf/nginx.conf", &listen);
    let announced = survives(&site, |clients| kill_and_restart(&site, &listen, clients));
    let _responder = responder::own_socket(&site, &listen);
    nothing_is_lost(&announced, kept(&site));
}

/// Whatever was answered must have been kept.
fn nothing_is_lost(announced: &RangeInclusive<usize>, kept: usize) {
    assert!(announced.contains(&kept), "{announced:?} peers are answered..=asked, {kept} are kept");
}

#[test]
fn cgi_processes_may_be_killed_at_any_time() {
    kills_cgi_processes(Layout::open(CGI));
}

#[test]
fn cgi_processes_that_share_memory_may_be_killed_at_any_time() {
    kills_cgi_processes(Layout::open(CGI).in_memory());
}

#[test]
fn a_fastcgi_responder_may_be_killed_at_any_time() {
    kills_a_responder(Layout::open(CGI));
}

#[test]
fn a_fastcgi_responder_with_peers_in_memory_may_be_killed_at_any_time() {
    kills_a_responder(Layout::open(CGI).in_memory());
}
