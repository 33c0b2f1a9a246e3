//! Several hosts for one tracker: an owner, replicas that a policy snapshot is copied to, balancers before them.

mod balancer;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, SystemTime};

use tracker_cgi::catalog::PolicySnapshot;

use crate::harness::bencode::{self, Value};
use crate::harness::fastcgi::Responder;
use crate::harness::http::encode;
use crate::harness::installation::{Answer, Installation};
use crate::harness::{poll, program};

const POLICY: &str = "data/policy.snapshot";
const ACCEPTED: &str = "data/policy.snapshot.accepted";
const NEWER: &str = "a newer policy snapshot must be in force soon";

fn query(info_hash: [u8; 20], number: u8) -> String {
    format!(
        "info_hash={}&peer_id=-XX0001-{number:012}&port={}&uploaded=0&downloaded=0&left=1000",
        encode(&info_hash),
        6000 + u16::from(number)
    )
}

fn announced(host: &Installation, info_hash: [u8; 20]) -> Answer {
    host.get("/announce", query(info_hash, 1)).send()
}

fn is_tracked(reply: &Value) -> bool {
    reply.get("peers").is_some()
}

fn tracks(host: &Installation, info_hash: [u8; 20]) -> bool {
    is_tracked(&announced(host, info_hash).value())
}

fn responder_tracks(responder: &Responder, info_hash: [u8; 20]) -> bool {
    let reply = responder.get("/announce", &query(info_hash, 2));
    is_tracked(&bencode::parse(&reply.body).expect("a bencoded reply"))
}

/// A host with a configuration and an empty data folder, and nothing else.
fn replica() -> Installation {
    let host = Installation::bare();
    fs::create_dir(host.path("conf")).expect("a folder");
    fs::create_dir(host.path("data")).expect("a folder");
    host.configure(&["farm.role = 'replica'", "farm.owner_url = 'http://owner.test/'"]);
    host.refresh_on_request();
    host
}

fn rsync(from: &Installation, to: &Installation, options: &[&str]) -> Command {
    let mut command = Command::new(program("rsync"));
    command.args(options).arg(from.path(POLICY)).arg(to.path(POLICY));
    command
}

fn copy(from: &Installation, to: &Installation, options: &[&str]) {
    assert!(rsync(from, to, options).status().expect("rsync runs").success());
}

/// An owner's host with many torrents, whose policy takes seconds to copy at 100 KiB/s. rsync writes 256 KiB at
/// a time.
fn large_owner() -> Installation {
    let owner = Installation::listed();
    (0..2200).for_each(|number| drop(owner.add(&format!("{number:0230}"), 1)));
    owner.refresh();
    owner
}

/// All files below a folder, by their names from there.
fn files(folder: &Path) -> BTreeSet<String> {
    fn walk(top: &Path, folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(top, &path, found);
            } else {
                let name = path.strip_prefix(top).expect("a name from there");
                found.insert(name.display().to_string());
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(folder, folder, &mut found);
    found
}

/// The snapshot in `tests/fixtures` is one that version 0.1.0 has published.
#[test]
fn after_an_upgrade_a_policy_of_the_first_version_is_recreated_from_the_catalogue() {
    let owner = Installation::listed();
    let torrent = owner.add("a", 1000);
    owner.refresh();
    let old = include_bytes!("fixtures/policy.version-1.snapshot");
    fs::write(owner.path(POLICY), old).expect("a policy");
    let answer = announced(&owner, torrent.info_hash);
    assert!(is_tracked(&answer.value()), "{answer:?}");
    assert!(answer.log.contains("has version 1"), "{answer:?}");
    assert_eq!(fs::read(owner.path(POLICY)).expect("a policy")[8], 2);
}

#[test]
fn a_replica_answers_by_what_is_copied_to_it_and_makes_nothing_of_an_owners() {
    let (owner, replica) = (Installation::listed(), replica());
    let first = owner.add("first", 1000);
    owner.refresh();
    assert!(!tracks(&replica, first.info_hash), "nothing was copied yet");
    copy(&owner, &replica, &["-t"]);
    assert!(tracks(&owner, first.info_hash) && tracks(&replica, first.info_hash));
    let unknown = announced(&replica, [7; 20]);
    assert_eq!(unknown.refusal(), "this tracker does not track that torrent");
    assert_eq!(unknown.log, "", "{unknown:?}");

    let second = owner.add("second", 1000);
    assert!(!tracks(&replica, second.info_hash));
    assert!(tracks(&owner, second.info_hash));
    copy(&owner, &replica, &[]);
    assert!(tracks(&replica, second.info_hash), "a miss looks for a newer policy");
    assert!(
        replica.run(&["refresh", "--force"]).done().starts_with("replica: no new policy snapshot")
    );

    for command in
        [&["torrent", "list"][..], &["torrent", "show", "a"], &["stats"], &["stats", "--history"]]
    {
        let failure = replica.run(command).failure();
        assert!(failure.contains("replica") && failure.contains("http://owner.test/"), "{failure}");
    }
    let hash: String = first.info_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(replica.run(&["peers", &hash]).done().contains("1 peer"));
    let page = replica.get("/stats", "").send().reply;
    assert_eq!((page.status, page.header("location")), (302, Some("http://owner.test/")));
    assert_eq!(replica.get("/metrics", "").send().reply.status, 200);
    assert_eq!(replica.get("/health", "").send().reply.status, 200);
    let told = replica.get("/api/v1/stats", "").send().reply;
    assert!(told.status == 404 && told.text().contains("ask http://owner.test/"), "{told:?}");

    poll(Duration::from_secs(20), || replica.path("data/refresh.lock").exists().then_some(()));
    let left: BTreeSet<_> = files(&replica.path(""))
        .into_iter()
        .filter(|name| !name.contains("tracker-told-") && !name.starts_with("data/peers.db"))
        .collect();
    let own = ["conf/tracker.toml", "data/policy.snapshot", ACCEPTED];
    let locks = ["data/policy.snapshot.lock", "data/refresh.lock", "data/refresh.log"];
    assert!(
        left.iter().all(|name| own.contains(&name.as_str()) || locks.contains(&name.as_str())),
        "{left:?}"
    );
}

/// rsync --inplace, killed on its way.
fn tear(owner: &Installation, replica: &Installation) {
    let target = replica.path(POLICY);
    let (old, new) = (fs::read(&target).ok(), fs::read(owner.path(POLICY)).expect("a policy"));
    let slow = ["--inplace", "--whole-file", "--bwlimit=100"];
    let mut rsync: Child = rsync(owner, replica, &slow).spawn().expect("rsync runs");
    let is_torn = || {
        let now = fs::read(&target).ok();
        (now != old && now.as_ref() != Some(&new) && now.is_some_and(|it| !it.is_empty()))
            .then_some(())
    };
    let torn = poll(Duration::from_secs(30), is_torn);
    rsync.kill().expect("rsync is there to be killed");
    rsync.wait().expect("its end");
    torn.expect("rsync has begun");
    // What is left of it ends by itself.
    poll(Duration::from_secs(10), || {
        let before = fs::read(&target).ok();
        std::thread::sleep(Duration::from_millis(200));
        (before == fs::read(&target).ok()).then_some(())
    })
    .expect("nobody writes any more");
    assert_ne!(fs::read(&target).expect("a policy"), new);
}

#[test]
fn a_copy_that_was_cut_off_is_refused_and_the_last_good_one_goes_on() {
    let (owner, replica) = (large_owner(), replica());
    let known = owner.add("known", 1000);
    owner.refresh();
    copy(&owner, &replica, &["-t"]);
    let mut responder = Responder::start(&replica, &["--workers", "2"]);
    assert!(tracks(&replica, known.info_hash));
    assert!((0..10).all(|_| responder_tracks(&responder, known.info_hash)));
    let good = fs::read(replica.path(ACCEPTED)).expect("a policy");

    let newer = owner.add("newer", 1000);
    owner.refresh();
    tear(&owner, &replica);
    let answer = announced(&replica, newer.info_hash);
    assert_eq!(answer.refusal(), "this tracker does not track that torrent");
    assert!(answer.log.contains("is damaged") && answer.log.contains("replica"), "{answer:?}");
    assert!(!responder_tracks(&responder, newer.info_hash));
    assert!(tracks(&replica, known.info_hash));
    assert!((0..10).all(|_| responder_tracks(&responder, known.info_hash)));
    assert_eq!(fs::read(replica.path(ACCEPTED)).expect("a policy"), good);
    assert!(doctor(&replica).contains("is damaged"));
    // Cut short, as a truncating copy leaves it.
    fs::write(replica.path(POLICY), &good[..good.len() / 2]).expect("a file");
    assert!((0..10).all(|_| responder_tracks(&responder, known.info_hash)));
    assert!(tracks(&replica, known.info_hash));

    copy(&owner, &replica, &["--inplace", "--no-whole-file"]);
    assert!(tracks(&replica, newer.info_hash));
    let is_tracked = || responder_tracks(&responder, newer.info_hash).then_some(());
    poll(Duration::from_secs(10), is_tracked).expect(NEWER);
    assert!(responder.process.terminate().success());
}

#[test]
fn an_older_copy_is_refused() {
    let (owner, replica) = (Installation::listed(), replica());
    owner.refresh();
    let old = fs::read(owner.path(POLICY)).expect("a policy");
    let torrent = owner.add("a", 1000);
    owner.refresh();
    copy(&owner, &replica, &[]);
    let responder = Responder::start(&replica, &["--workers", "2"]);
    assert!(tracks(&replica, torrent.info_hash));

    fs::write(replica.path(POLICY), old).expect("a policy");
    let failure = replica.run(&["refresh", "--force"]).failure();
    assert!(failure.contains("is older") && failure.contains("http://owner.test/"), "{failure}");
    assert!(tracks(&replica, torrent.info_hash));
    assert!((0..10).all(|_| responder_tracks(&responder, torrent.info_hash)));
    assert!(doctor(&replica).contains("is older"));
    // Who wants to go back removes what is in force.
    fs::remove_file(replica.path(ACCEPTED)).expect("a policy");
    replica.run(&["refresh", "--force"]).done();
    assert!(!tracks(&replica, torrent.info_hash));
}

#[test]
fn a_copy_with_the_time_of_the_one_before_is_taken_by_force() {
    let (owner, replica) = (Installation::listed(), replica());
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    let copy_with_that_time = || {
        let new = replica.path("new.snapshot");
        fs::copy(owner.path(POLICY), &new).expect("a copy");
        let file = fs::File::options().write(true).open(&new).expect("a copy");
        file.set_modified(long_ago).expect("a time");
        fs::rename(new, replica.path(POLICY)).expect("it has arrived");
    };
    owner.refresh();
    copy_with_that_time();
    replica.run(&["refresh", "--force"]).done();
    let torrent = owner.add("a", 1000);
    owner.refresh();
    copy_with_that_time();
    assert!(!tracks(&replica, torrent.info_hash), "nothing tells it from the one before");
    replica.run(&["refresh", "--force"]).done();
    assert!(tracks(&replica, torrent.info_hash));
}

/// What doctor says about the policy of a replica.
fn doctor(replica: &Installation) -> String {
    let ran = replica.run(&["doctor", "--offline"]);
    let line = ran.output.lines().find(|line| line.contains("  copied policy: "));
    line.unwrap_or_else(|| panic!("{ran:?}")).to_owned()
}

#[test]
fn doctor_on_a_replica_says_whether_the_policy_is_there_and_young() {
    let (owner, replica) = (Installation::listed(), replica());
    let said = doctor(&replica);
    assert!(said.starts_with("WRONG") && said.contains("http://owner.test/"), "{said}");
    owner.refresh();
    copy(&owner, &replica, &[]);
    assert!(doctor(&replica).starts_with("note"), "it only reads");
    replica.run(&["refresh", "--force"]).done();
    assert!(doctor(&replica).starts_with("fine"));
    // An interval of a second makes any policy old.
    let wait = PolicySnapshot::open(&replica.path(ACCEPTED)).expect("a policy").published_at();
    let is_old = || {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time");
        (now.as_secs() > wait.0 + 2).then_some(())
    };
    poll(Duration::from_secs(10), is_old).expect("three seconds");
    replica.configure(&["farm.role = 'replica'", "tracker.interval = 1"]);
    let said = doctor(&replica);
    assert!(said.starts_with("WRONG") && said.contains("too old"), "{said}");
}

#[test]
fn a_replica_explains_by_the_policy_that_was_copied_to_it_and_takes_nothing_in() {
    let (owner, host) = (Installation::listed(), replica());
    let torrent = owner.add("a", 1000);
    owner.run(&["ban", "add", "192.0.2.9", "--reason", "floods"]).done();
    owner.refresh();
    let explained = |from: &str| {
        let query = query(torrent.info_hash, 1);
        host.run(&["explain", &query, "--from", from, "--json"]).json()
    };
    assert_eq!(explained("192.0.2.1")["decided_by"], "trouble", "as without a policy");
    copy(&owner, &host, &[]);
    let before = files(&host.path("data"));
    for _ in 0..2 {
        let told = explained("192.0.2.1");
        assert_eq!(told["outcome"], "answered", "{told}");
        assert!(told["notes"].to_string().contains("was copied here"), "{told}");
        assert_eq!(explained("192.0.2.9")["decided_by"], "ban");
        assert_eq!(files(&host.path("data")), before);
    }
    assert!(tracks(&host, torrent.info_hash));
    let told = explained("192.0.2.1");
    assert_eq!((&told["outcome"], &told["notes"]), (&"answered".into(), &serde_json::json!([])));
    assert_eq!(explained("192.0.2.9")["decided_by"], "ban");
}
