use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::*;
use crate::gateway::{Environment, Status};
use crate::tracker::{Quiet, Urgency};

const ANNOUNCE: &str =
    "info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&port=6881&left=1";

fn configure(home: &Path, settings: &str) {
    fs::create_dir_all(home.join("conf")).unwrap();
    fs::write(home.join("conf/tracker.toml"), settings).unwrap();
}

/// What the sites of a process share after its first refresh.
fn shared(home: &Path) -> Arc<Shared> {
    let shared = Shared::new(Arc::new(Surroundings {
        started_as: home.join("cgi-bin/tracker.cgi"),
        current_folder: home.to_owned(),
        tracker_config: Some(home.join("conf/tracker.toml").into()),
        system_file: home.join("none"),
    }));
    Site::following(Arc::clone(&shared)).run_chore(Chore::Refresh);
    shared
}

fn variables(path: &str, query: &str) -> Environment {
    let variables = [
        ("REQUEST_METHOD", "GET"),
        ("PATH_INFO", path),
        ("QUERY_STRING", query),
        ("REMOTE_ADDR", "203.0.113.7"),
    ];
    variables
        .into_iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect()
}

/// What a worker's site answers at once; `None` when it would take long.
fn answer(site: &mut Site, path: &str, query: &str) -> Option<String> {
    let variables = variables(path, query);
    let mut response = Response::default();
    match site.answer(&Request::new(&variables, &[]), &mut response) {
        Answer::Ready => Some(String::from_utf8_lossy(&response.body).into_owned()),
        Answer::Later | Answer::WouldWait => None,
    }
}

fn announce(site: &mut Site) -> String {
    answer(site, "/announce", ANNOUNCE).expect("an announce is answered at once")
}

#[test]
fn a_worker_goes_on_with_what_it_had_until_the_pool_has_the_new() {
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), "tracker.torrents = 'open'");
    let shared = shared(home.path());
    let (mut worker, mut pool) =
        (Site::following(Arc::clone(&shared)), Site::following(Arc::clone(&shared)));
    assert!(announce(&mut worker).contains("8:complete"));
    configure(home.path(), "tracker.torrents = 'open'\nnonsense = 1");
    // Long ago, so that a look is due.
    shared.claim_look(Timestamp(1));
    {
        // As while a thread of the pool reads.
        let _reading = shared.watched();
        assert!(announce(&mut worker).contains("8:complete"));
        assert!(worker.is_due(Chore::Look));
    }
    pool.run_chore(Chore::Look);
    assert!(announce(&mut worker).contains("not set up correctly"));
    configure(home.path(), "tracker.torrents = 'open'");
    pool.reload();
    assert!(announce(&mut worker).contains("8:complete"));
}

#[test]
fn a_new_policy_reaches_a_worker_that_keeps_its_store() {
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), "tracker.torrents = 'open'");
    let shared = shared(home.path());
    let mut worker = Site::following(Arc::clone(&shared));
    announce(&mut worker);
    let ready = |site: &Site| match &site.state {
        State::Ready(ready) => &raw const **ready,
        State::Broken(broken) => panic!("{:?}", broken.page),
    };
    let before = ready(&worker);
    let mut pool = Site::following(Arc::clone(&shared));
    let State::Ready(publisher) = &pool.state else { panic!("it is ready") };
    publish(publisher.tracker.config(), Urgency::Now, &mut Quiet).unwrap();
    pool.run_chore(Chore::Look);
    assert!(!shared.has_policy_of(&worker.state));
    announce(&mut worker);
    assert!(shared.has_policy_of(&worker.state));
    assert_eq!(ready(&worker), before);
}

#[test]
fn after_a_quiet_time_pages_wait_for_a_look_and_announces_do_not() {
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), "tracker.torrents = 'open'");
    let shared = shared(home.path());
    let mut worker = Site::following(Arc::clone(&shared));
    announce(&mut worker);
    shared.claim_look(Timestamp(1));
    assert_eq!(answer(&mut worker, "/", ""), None);
    assert!(announce(&mut worker).contains("8:complete"));
    // More than once, for this machine may be slow.
    assert!((0..20).any(|_| {
        shared.claim_look(clock());
        answer(&mut worker, "/", "").is_some()
    }));
}

#[test]
fn clients_and_people_are_refused_each_in_their_own_words() {
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), "tracker.torrents = 'open'");
    let mut site = Site::following(shared(home.path()));
    let mut refused = |path: &str| {
        let variables = variables(path, ANNOUNCE);
        let mut response = Response::default();
        site.refuse(&Request::new(&variables, &[]), &mut response);
        let retry = response.headers.iter().find(|(name, _)| *name == "Retry-After");
        (response.status, retry.is_some(), String::from_utf8(response.body).unwrap())
    };
    for place in ["/announce", "/scrape"] {
        let (status, _, body) = refused(place);
        assert!(
            status == Status::Ok && body.starts_with("d14:failure reason"),
            "{status:?} {body}"
        );
        assert!(body.contains("is busy") && body.contains("8:retry in"), "{body}");
    }
    let (status, says_when, body) = refused("/stats");
    assert!(
        status == Status::ServiceUnavailable && says_when && body.contains("is busy"),
        "{status:?} {body}"
    );
    for place in ["/api/v1/stats", "/health"] {
        let (status, says_when, body) = refused(place);
        assert!(status == Status::ServiceUnavailable && says_when, "{status:?} {body}");
        serde_json::from_str::<serde_json::Value>(&body).unwrap();
    }
}

/// The event loop has announces to answer.
#[test]
fn what_programs_read_is_left_to_the_pool() {
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), "");
    let shared = shared(home.path());
    let (mut worker, mut pool) = (Site::following(Arc::clone(&shared)), Site::following(shared));
    for path in ["/api/v1/torrents", "/api/v1/stats", "/api/v1/history", "/health", "/metrics"] {
        assert_eq!(answer(&mut worker, path, ""), None, "{path}");
        let variables = variables(path, "");
        let mut response = Response::default();
        let answer = pool.answer_slowly(&Request::new(&variables, &[]), &mut response);
        assert_eq!((answer, response.status), (Answer::Ready, Status::Ok), "{path}");
    }
}
