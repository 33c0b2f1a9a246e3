//! Web servers kill CGIs, and machines kill everything. A process that is killed in the middle of an
//! announce takes nothing with it but that announce.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use crate::harness::apache::{self, Mpm};
use crate::harness::bencode;
use crate::harness::http::{encode, request};
use crate::harness::nginx;
use crate::harness::responder::{self, Listen};
use crate::harness::site::{CGI, Layout, Site};

const INFO_HASH: [u8; 20] = *b"killed under load!!!";
const THREADS: usize = 4;
const ANNOUNCES_A_THREAD: usize = 250;

/// One peer announces; whether the tracker said that it did.
fn announce(site: &Site, thread: usize, number: usize) -> bool {
    let target = format!(
        "{}/announce?info_hash={}&peer_id=-XX0001-{thread:06}{number:06}&port={}&left=1",
        site.script(),
        encode(&INFO_HASH),
        10_000 + thread * ANNOUNCES_A_THREAD + number
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

/// Kills whatever runs the site's tracker, again and again; the number of processes killed.
fn kill_whatever_runs(site: &Site, done: &AtomicBool) -> usize {
    let executable = site.root().join("cgi-bin/tracker.cgi");
    let mut killed = 0;
    while !done.load(SeqCst) {
        for id in processes_of(&executable) {
            // SAFETY: kill touches no memory. The process was found to run an executable that
            // belongs to this test alone.
            if unsafe { libc::kill(id, libc::SIGKILL) } == 0 {
                killed += 1;
            }
        }
        thread::sleep(Duration::from_millis(15));
    }
    killed
}

/// Kills the responder and starts it anew on the same socket, again and again.
fn kill_and_restart(site: &Site, listen: &Listen, done: &AtomicBool) -> usize {
    let mut killed = 0;
    while !done.load(SeqCst) {
        let responder = responder::own_socket(site, listen);
        thread::sleep(Duration::from_millis(40));
        responder.kill();
        killed += 1;
    }
    killed
}

/// Announces while `kill` kills. Whatever was answered must have been kept.
fn survives(site: &Site, kill: impl Fn(&AtomicBool) -> usize + Sync) -> usize {
    let (done, counted) = (AtomicBool::new(false), AtomicUsize::new(0));
    let killed = thread::scope(|scope| {
        let killer = scope.spawn(|| kill(&done));
        let clients: Vec<_> = (0..THREADS)
            .map(|thread| {
                let counted = &counted;
                scope.spawn(move || {
                    for number in 0..ANNOUNCES_A_THREAD {
                        if announce(site, thread, number) {
                            counted.fetch_add(1, SeqCst);
                        }
                    }
                })
            })
            .collect();
        let ended = clients.into_iter().map(|client| client.join()).collect::<Vec<_>>();
        done.store(true, SeqCst);
        assert!(ended.iter().all(Result::is_ok), "a client of the test has failed");
        killer.join().expect("the killer ends")
    });
    let counted = counted.into_inner();
    assert!(killed > 5, "only {killed} processes were killed");
    assert!(counted > 10, "only {counted} announces were answered");
    assert!(counted < THREADS * ANNOUNCES_A_THREAD, "no announce was hit");

    site.tracker(&["store", "check"]);
    counted
}

/// The number of peers that the tracker has kept.
fn kept(site: &Site) -> usize {
    let target = format!("{}/scrape?info_hash={}", site.script(), encode(&INFO_HASH));
    let reply = request(site.address(), "GET", &target, &[]).expect("an answer");
    let reply = bencode::parse(&reply.body).expect("bencode");
    let swarm = reply.get("files").and_then(|files| files.get(INFO_HASH)).expect("the swarm");
    usize::try_from(swarm.number("incomplete")).expect("a count")
}

fn nothing_is_lost(counted: usize, kept: usize) {
    assert!(kept >= counted, "{counted} announces were answered, {kept} peers are kept");
    assert!(kept <= THREADS * ANNOUNCES_A_THREAD, "{kept} peers are more than ever announced");
}

#[test]
fn cgi_processes_may_be_killed_at_any_time() {
    let site = Site::new(Layout::open(CGI));
    let _apache = apache::cgi(Mpm::Event).start(&site);
    let counted = survives(&site, |done| kill_whatever_runs(&site, done));
    nothing_is_lost(counted, kept(&site));
}

#[test]
fn a_fastcgi_responder_may_be_killed_at_any_time() {
    let site = Site::new(Layout::open(CGI));
    let listen = Listen::unix(&site);
    let _nginx = nginx::start(&site, "conf/nginx.conf", &listen);
    let counted = survives(&site, |done| kill_and_restart(&site, &listen, done));
    let _responder = responder::own_socket(&site, &listen);
    nothing_is_lost(counted, kept(&site));
}
