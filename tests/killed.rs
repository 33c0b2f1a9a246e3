//! Web servers kill CGIs, and machines kill everything. A process that is killed in the middle of an
//! announce takes nothing with it but that announce.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::apache::{self, Apache, Mpm};
use crate::harness::bencode;
use crate::harness::http::{encode, request};
use crate::harness::site::{CGI, FCGI, Layout, Site};

const INFO_HASH: [u8; 20] = *b"killed under load!!!";
const THREADS: usize = 4;
const ANNOUNCES_A_THREAD: usize = 250;
/// mod_fcgid starts processes anew slowly when they die often; the test ends all the same.
const LONGEST: Duration = Duration::from_secs(15);

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
fn kill_until(site: &Site, done: &AtomicBool, pause: Duration) -> usize {
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
        thread::sleep(pause);
    }
    killed
}

fn survives(script: &'static str, configuration: Apache, pause: Duration) {
    let begun = Instant::now();
    let site = Site::new(Layout::open(script));
    let _apache = configuration.start(&site);
    let (done, counted) = (AtomicBool::new(false), AtomicUsize::new(0));
    let killed = thread::scope(|scope| {
        let killer = scope.spawn(|| kill_until(&site, &done, pause));
        let clients: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (site, counted) = (&site, &counted);
                scope.spawn(move || {
                    for number in 0..ANNOUNCES_A_THREAD {
                        if begun.elapsed() > LONGEST {
                            break;
                        }
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
    assert!(killed > 4, "only {killed} processes were killed");
    assert!(counted > 10, "only {counted} announces were answered");
    assert!(counted < THREADS * ANNOUNCES_A_THREAD, "no announce was hit");

    site.tracker(&["store", "check"]);
    let target = format!("{script}/scrape?info_hash={}", encode(&INFO_HASH));
    let reply = request(site.address(), "GET", &target, &[]).expect("an answer");
    let reply = bencode::parse(&reply.body).expect("bencode");
    let swarm = reply.get("files").and_then(|files| files.get(INFO_HASH)).expect("the swarm");
    let kept = usize::try_from(swarm.number("incomplete")).expect("a count");
    assert!(kept >= counted, "{counted} announces were answered, {kept} peers are kept");
    assert!(kept <= THREADS * ANNOUNCES_A_THREAD, "{kept} peers are more than ever announced");
}

#[test]
fn cgi_processes_may_be_killed_at_any_time() {
    survives(CGI, apache::cgi(Mpm::Event), Duration::from_millis(15));
}

#[test]
fn fastcgi_processes_may_be_killed_at_any_time() {
    survives(FCGI, apache::fcgid(), Duration::from_millis(250));
}
