//! Root runs the tracker and its scripts where another user may write: it acts as that user, and what they
//! put in its way leads it nowhere.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::harness::cannot_run::cannot_run;
use crate::harness::installation::Ran;
use crate::harness::process::Process;
use crate::harness::site::{as_the_server, server_account};
use crate::harness::torrent::Torrent;
use crate::harness::{checkout, executable, folder_in_memory, free_port, poll};

/// Users that have no account.
const ALICE: u32 = 2_000_000_001;
const BOB: u32 = 2_000_000_002;

/// A folder that all may look into; none where there is only one user to be.
fn folder(test: &str) -> Option<TempDir> {
    if server_account().is_none() {
        cannot_run(test, "only root can be another user");
        return None;
    }
    let folder = tempfile::Builder::new().prefix("tracker-root-").tempdir().expect("a folder");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("its mode");
    Some(folder)
}

fn give(path: impl AsRef<Path>, owner: u32) {
    lchown(path, Some(owner), Some(owner)).expect("an owner");
}

fn make(path: &Path, owner: u32) {
    fs::create_dir_all(path).expect("a folder");
    give(path, owner);
}

/// All that is root's: its number, links, mode, and what is in it.
fn what_is_roots(folder: &Path) -> BTreeMap<PathBuf, (u64, u32, Vec<u8>)> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let found = fs::symlink_metadata(&path).expect("it is there");
        if found.is_dir() {
            all.extend(what_is_roots(&path));
        }
        if found.uid() == 0 {
            let content =
                if found.is_file() { fs::read(&path).expect("a file") } else { Vec::new() };
            all.insert(path, (found.ino(), found.mode(), content));
        }
    }
    all
}

/// A site whose configuration is root's, and whose folders are another user's.
struct Theirs {
    folder: TempDir,
    user: u32,
}

/// What the tracker opens in the data folder and in that of the torrents.
const FILES: [&str; 14] = [
    "data/catalog.db",
    "data/catalog.db-journal",
    "data/history.db",
    "data/history.db-journal",
    "data/policy.snapshot",
    "data/peers.db",
    "data/peers.db.lock",
    "data/peers.db.new",
    "data/refresh.lock",
    "data/migrate.lock",
    "data/refresh.log",
    "data/other/peers.lock",
    "torrents/bt_stats.inc",
    "torrents/bt_rss.inc",
];

const COMMANDS: [&[&str]; 8] = [
    &["refresh", "--force"],
    &["stats"],
    &["store", "info"],
    &["store", "check"],
    &["store", "rebuild"],
    &["store", "migrate", "--to", "shm", "--force", "--path", "data/other/peers"],
    &["torrent", "list"],
    &["doctor", "--offline"],
];

impl Theirs {
    fn new(test: &str, user: u32) -> Option<Self> {
        let site = Self { folder: folder(test)?, user };
        fs::create_dir(site.path("conf")).expect("a folder");
        for name in ["data", "data/other", "torrents"] {
            make(&site.path(name), user);
        }
        fs::set_permissions(site.path("data"), Permissions::from_mode(0o700)).expect("its mode");
        let settings = "[paths]\ncatalog = \"../data/catalog.db\"\ntorrents = \"../torrents\"\n\
            stats_fragment = \"../torrents/bt_stats.inc\"\nrss_fragment = \"../torrents/bt_rss.inc\"\n";
        fs::write(site.path("conf/tracker.toml"), settings).expect("a configuration");
        // What they want, and may not have.
        fs::create_dir(site.path("roots")).expect("a folder");
        fs::write(site.path("roots/file"), "root's").expect("a file");
        Some(site)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command as root.
    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(executable());
        command.arg("--config").arg(self.path("conf/tracker.toml")).args(arguments);
        Ran::from(command.current_dir(self.folder.path()).output().expect("the command runs"))
    }

    /// Nothing that is root's comes, goes or changes when root runs all commands; but for its names in
    /// their own folders, which they may change themselves.
    fn root_does_no_harm(&self, attack: &str) {
        let theirs =
            |path: &Path| ["data", "torrents"].iter().any(|at| path.starts_with(self.path(at)));
        let before = what_is_roots(self.folder.path());
        for arguments in COMMANDS {
            let ran = self.run(arguments);
            let (inside, outside): (BTreeMap<_, _>, BTreeMap<_, _>) =
                what_is_roots(self.folder.path()).into_iter().partition(|(path, _)| theirs(path));
            for (path, found) in inside {
                let was_there = before.values().any(|was| *was == found);
                assert!(was_there, "{attack}: {arguments:?} made {}: {ran:?}", path.display());
            }
            let was_outside = before.iter().filter(|(path, _)| !theirs(path));
            assert!(was_outside.eq(&outside), "{attack}: {arguments:?}: {outside:?}: {ran:?}");
        }
    }
}

#[test]
fn what_root_makes_for_a_site_is_its_owners() {
    for user in [ALICE, server_account().map_or(0, |(user, _)| user)] {
        let Some(site) = Theirs::new("root works for another user", user) else { return };
        let before = what_is_roots(site.folder.path());
        for arguments in COMMANDS {
            let ran = site.run(arguments);
            assert_eq!(ran.status, 0, "{arguments:?}: {ran:?}");
        }
        assert_eq!(what_is_roots(site.folder.path()), before);
        for name in [
            "data/catalog.db",
            "data/policy.snapshot",
            "data/peers.db",
            "data/other/peers",
            "torrents/bt_stats.inc",
        ] {
            assert_eq!(fs::metadata(site.path(name)).expect(name).uid(), site.user, "{name}");
        }
    }
}

/// Else announces are refused until it has its owner.
#[test]
fn the_policy_has_its_owner_before_it_has_its_name() {
    let Some(site) = Theirs::new("the policy of another user", ALICE) else { return };
    let policy = site.path("data/policy.snapshot");
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                if let Ok(found) = fs::metadata(&policy) {
                    assert_eq!(found.uid(), ALICE);
                }
            }
        });
        for _ in 0..10 {
            site.run(&["refresh", "--force"]).done();
        }
        is_done.store(true, Ordering::Relaxed);
        watch.join().expect("it was always its owner's");
    });
}

#[test]
fn somebody_else_is_told_whom_the_commands_are_for() {
    let Some(site) = Theirs::new("commands of somebody else", ALICE) else { return };
    site.run(&["refresh", "--force"]).done();
    for arguments in [&["stats"][..], &["torrent", "list"], &["store", "info"], &["refresh"]] {
        let mut command = Command::new(executable());
        command.arg("--config").arg(site.path("conf/tracker.toml")).args(arguments);
        let output = command.uid(BOB).gid(BOB).current_dir("/").output();
        let failure = Ran::from(output.expect("the command runs")).failure();
        assert!(failure.contains("run this with sudo, or as the web server's user"), "{failure}");
    }
}

#[test]
fn links_in_the_place_of_the_files_lead_root_nowhere() {
    let Some(site) = Theirs::new("links in root's way", ALICE) else { return };
    for name in FILES {
        let path = site.path(name);
        for target in ["roots/file", "roots/none"] {
            let _ = fs::remove_file(&path);
            symlink(site.path(target), &path).expect("a link");
            give(&path, ALICE);
            site.root_does_no_harm(&format!("{name} is a link to {target}"));
        }
        let _ = fs::remove_file(&path);
        fs::hard_link(site.path("roots/file"), &path).expect("a second name");
        site.root_does_no_harm(&format!("{name} is a second name"));
        let _ = fs::remove_file(&path);
    }
}

#[test]
fn links_in_the_place_of_the_folders_lead_root_nowhere() {
    let Some(site) = Theirs::new("links to folders in root's way", ALICE) else { return };
    make(&site.path("bobs"), BOB);
    for name in ["data", "torrents"] {
        let path = site.path(name);
        fs::remove_dir_all(&path).expect("it goes");
        for target in ["roots", "bobs"] {
            symlink(site.path(target), &path).expect("a link");
            give(&path, ALICE);
            site.root_does_no_harm(&format!("{name} is a link to {target}"));
            assert_eq!(fs::read_dir(site.path("bobs")).expect("bob's folder").count(), 0, "{name}");
            fs::remove_file(&path).expect("it goes");
        }
        make(&path, ALICE);
    }
}

#[test]
fn root_acts_for_one_user_and_says_who_else_there_is() {
    let Some(site) = Theirs::new("root between two users", ALICE) else { return };
    make(&site.path("conf"), BOB);
    let said = site.run(&["refresh", "--force"]).failure();
    assert!(
        said.contains(&format!("user {ALICE}")) && said.contains(&format!("user {BOB}")),
        "{said}"
    );
    assert!(!site.path("data/catalog.db").exists());
    let shown = site.run(&["doctor", "--offline"]).output;
    assert!(shown.contains("WRONG  configuration"), "{shown}");
    give(site.path("conf"), 0);
    give(site.path("data"), 0);
    fs::set_permissions(site.path("data"), Permissions::from_mode(0o777)).expect("a mode");
    let said = site.run(&["refresh", "--force"]).failure();
    assert!(said.contains("others than root may write to"), "{said}");
}

fn cgi(site: &Theirs, path: &str) -> Command {
    let mut command = Command::new(executable());
    command
        .env_clear()
        .env("GATEWAY_INTERFACE", "CGI/1.1")
        .env("REQUEST_METHOD", "GET")
        .env("PATH_INFO", path)
        .env("TRACKER_CONFIG", site.path("conf/tracker.toml"));
    command
}

/// From now on a CGI tells all of it again, as after a minute.
fn forget_what_was_told(data: &Path) {
    for file in fs::read_dir(data).expect("the data folder") {
        let file = file.expect("a file");
        if file.file_name().to_string_lossy().starts_with("tracker-told") {
            fs::remove_file(file.path()).expect("a file of ours");
        }
    }
}

#[test]
fn a_cgi_of_root_is_the_owners_too() {
    let Some(site) = Theirs::new("a CGI of root's", ALICE) else { return };
    fs::remove_dir_all(site.path("data")).expect("it goes");
    make(&site.path("data"), ALICE);
    let before = what_is_roots(site.folder.path());
    let output = cgi(&site, "/stats").output().expect("the CGI runs");
    assert!(output.status.success(), "{output:?}");
    let lock = site.path("data/refresh.lock");
    poll(Duration::from_secs(20), || site.path("data/policy.snapshot").exists().then_some(()));
    fs::File::open(lock).expect("the lock").lock().expect("the refresh ends");
    assert_eq!(fs::metadata(site.path("data/catalog.db")).expect("it").uid(), ALICE);
    assert_eq!(what_is_roots(site.folder.path()), before);
}

/// The effective users of a process: real, effective, saved, of the file system.
fn users_of(process: u32) -> String {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.lines().filter(|line| line.starts_with("Uid:") || line.starts_with("Groups:")).collect()
}

#[test]
fn a_responder_of_root_listens_as_root_and_works_as_the_owner() {
    let Some(site) = Theirs::new("a responder of root's", ALICE) else { return };
    fs::create_dir(site.path("run")).expect("a folder");
    let mut sockets = vec![format!("127.0.0.1:{}", free_port())];
    for name in ["run/socket", "data/socket"] {
        sockets.push(format!("unix:{}", site.path(name).display()));
    }
    for socket in sockets {
        let mut command = Command::new(executable());
        command.arg("--config").arg(site.path("conf/tracker.toml"));
        command.args(["fastcgi", "--listen", &socket]);
        let mut process = Process::start("the responder", &mut command, &site.path("log"));
        let id = process.id();
        process.wait_for("another user", || {
            let expected = format!("Uid:\t{ALICE}\t{ALICE}\t{ALICE}\t{ALICE}Groups:\t{ALICE}");
            users_of(id).trim_end().eq(&expected).then_some(())
        });
        if let Some(path) = socket.strip_prefix("unix:") {
            assert_eq!(fs::metadata(path).expect("the socket").uid(), ALICE, "{socket}");
        }
    }
}

#[test]
fn init_makes_what_the_folders_owner_could_make() {
    let Some(folder) = folder("init by root") else { return };
    let init = |site: &Path| {
        let mut command = Command::new(executable());
        Ran::from(command.arg("init").arg(site).output().expect("init runs"))
    };
    // In a folder of hers, all is hers.
    let alices = folder.path().join("alices");
    make(&alices, ALICE);
    let before = what_is_roots(folder.path());
    init(&alices).done();
    assert!(alices.join("data/.htaccess").exists());
    assert_eq!(what_is_roots(folder.path()), before);
    // In root's, all is root's until it is given away.
    let site = folder.path().join("site");
    init(&site).done();
    let roots = folder.path().join("roots");
    fs::create_dir(&roots).expect("a folder");
    for name in ["data", "www/torrents", "www"] {
        give(site.join(name), ALICE);
    }
    let before = what_is_roots(folder.path());
    init(&site).done();
    assert_eq!(what_is_roots(folder.path()), before);
    // And then nothing is put where links lead.
    for (name, target) in [
        ("www/index.shtml", "none"),
        ("www/torrents/bt_stats.inc", "none"),
        ("data/.htaccess", "none"),
        ("www/torrents", ""),
    ] {
        let path = site.join(name);
        let kept = site.join("kept");
        fs::rename(&path, &kept).expect("it moves");
        symlink(roots.join(target), &path).expect("a link");
        give(&path, ALICE);
        let before = what_is_roots(folder.path());
        let ran = init(&site);
        assert_eq!(what_is_roots(folder.path()), before, "{name}: {ran:?}");
        fs::remove_file(&path).expect("the link");
        fs::rename(&kept, &path).expect("it moves back");
    }
    fs::remove_file(site.join("www/index.shtml")).expect("a page");
    let said = init(&site).failure();
    assert!(said.contains("index.shtml") && said.contains(&format!("user {ALICE}")), "{said}");
}

/// Another user was first at the store's folder in memory, and has put pipes there.
#[test]
fn a_store_in_a_folder_of_somebody_else_is_refused_at_once() {
    let Some(site) = Theirs::new("a store in another user's folder", ALICE) else { return };
    let memory = folder_in_memory();
    fs::set_permissions(memory.path(), Permissions::from_mode(0o1777)).expect("a mode");
    let squatted = memory.path().join("tracker.d");
    make(&squatted, BOB);
    fs::set_permissions(&squatted, Permissions::from_mode(0o777)).expect("a mode");
    for name in ["peers", "peers.lock", "peers.new", "peers-journal", "peers-wal"] {
        let made = Command::new("mkfifo").args(["-m", "666"]).arg(squatted.join(name)).status();
        assert!(made.expect("mkfifo runs").success());
    }
    for kind in ["shm", "sqlite"] {
        let file = site.path("conf/tracker.toml");
        let settings = fs::read_to_string(&file).expect("a configuration");
        let paths = settings.find("[paths]").expect("the paths");
        let store = format!(
            "[tracker]\ntorrents = \"open\"\n[store]\nkind = \"{kind}\"\npath = \"{}\"\n",
            squatted.join("peers").display()
        );
        fs::write(&file, store + &settings[paths..]).expect("a configuration");
        let announce = || {
            let query =
                "info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0000-000000000000&port=6881&left=1";
            let mut command = cgi(&site, "/announce");
            command.env("QUERY_STRING", query).env("REMOTE_ADDR", "192.0.2.1");
            // What was said within the minute is not said again.
            forget_what_was_told(&site.path("data"));
            let started = Instant::now();
            let output = command.output().expect("the CGI runs");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.stdout.windows(14).any(|part| part == b"failure reason"), "{output:?}");
            assert!(said.contains("its folder belongs to another user"), "{kind}: {said}");
            started.elapsed()
        };
        // The machine may be busy with something else at one time, not at all.
        let fastest = (0..5).map(|_| announce()).min().expect("five times");
        assert!(fastest < Duration::from_millis(100), "{kind}: {fastest:?}");
    }
}

/// The tracker is root's, and the pages are an uploader's, who puts a link in the place of a folder.
#[test]
fn root_writes_nothing_for_pages_where_others_decide() {
    let Some(site) = Theirs::new("root and the folder of somebody else's pages", ALICE) else {
        return;
    };
    give(site.path("data"), 0);
    give(site.path("data/other"), 0);
    make(&site.path("pages"), ALICE);
    let file = site.path("conf/tracker.toml");
    let settings = fs::read_to_string(&file).expect("a configuration");
    fs::write(&file, settings.replace("../torrents", "../pages/torrents")).expect("one too");
    make(&site.path("pages/torrents"), ALICE);
    fs::remove_dir(site.path("pages/torrents")).expect("it is empty");
    symlink("../roots", site.path("pages/torrents")).expect("a link");
    let before = what_is_roots(&site.path("roots"));
    let said = site.run(&["refresh", "--force"]).failure();
    assert!(said.contains(&format!("user {ALICE} decides")), "{said}");
    assert_eq!(what_is_roots(&site.path("roots")), before, "{said}");
}

/// The same for pages for visitors, in a folder of the uploader's.
#[test]
fn root_writes_no_page_where_others_decide() {
    let Some(site) = Theirs::new("root and somebody else's folder of pages", ALICE) else { return };
    for name in ["data", "data/other", "torrents"] {
        give(site.path(name), 0);
    }
    make(&site.path("site"), ALICE);
    symlink("../roots", site.path("site/t")).expect("a link");
    let file = site.path("conf/tracker.toml");
    let settings = fs::read_to_string(&file).expect("a configuration");
    let pages = "[paths]\npages = \"../site\"\ntorrents_url = \"http://tracker.test/torrents\"\n";
    fs::write(&file, settings.replace("[paths]\n", pages)).expect("one too");
    let before = what_is_roots(&site.path("roots"));
    let said = site.run(&["refresh", "--force"]).failure();
    assert!(said.contains(&format!("user {ALICE} decides")), "{said}");
    assert_eq!(what_is_roots(&site.path("roots")), before, "{said}");
    assert_eq!(fs::read_dir(site.path("site")).expect("it is there").count(), 1, "{said}");
}

/// Another user keeps the lock of a store that is to be made where everybody may make files.
#[test]
fn root_reads_its_own_torrents_and_writes_where_they_are() {
    let Some(site) = Theirs::new("torrents in root's home", ALICE) else { return };
    // As /root and a user's home are.
    let homes = tempfile::tempdir_in("/root").expect("a folder");
    let at = |name: &str| match name.strip_prefix("roots/") {
        Some(_) => homes.path().join(name),
        None => site.path(name),
    };
    make(&at("bobs"), BOB);
    fs::set_permissions(at("bobs"), Permissions::from_mode(0o700)).expect("its mode");
    let announce = "http://127.0.0.1:8080/cgi-bin/tracker.cgi/announce";
    let other = "http://other.example/announce";
    let write = |name: &str, owner: u32| {
        let torrent = Torrent::new(name, 1000, announce);
        let path = at(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, &torrent.metainfo).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("its mode");
        give(&path, owner);
        path.to_str().expect("text").to_owned()
    };
    let (roots, bobs) = (write("roots/own.torrent", 0), write("bobs/own.torrent", BOB));
    let hidden = write("roots/hidden.torrent", 0);
    let trap = at("bobs/trap.torrent");
    symlink(&hidden, &trap).expect("a link");
    give(&trap, BOB);
    // The same by a link to the folder.
    let way = at("bobs/way");
    symlink(Path::new(&hidden).parent().expect("a folder"), &way).expect("a link");
    give(&way, BOB);
    let traps = [trap, way.join("hidden.torrent")];
    let traps = traps.each_ref().map(|trap| trap.to_str().expect("text"));

    site.run(&["torrent", "verify", &roots, &bobs, &roots]).done();
    site.run(&["torrent", "add", &roots]).done();
    let added = fs::metadata(site.path("torrents/own.torrent")).expect("it is there");
    assert_eq!(added.uid(), ALICE);
    site.run(&["torrent", "show", &roots]).done();
    let missing = at("roots/missing.torrent");
    let told = site.run(&["torrent", "add", missing.to_str().expect("text")]).failure();
    assert!(told.contains("there is no such file"), "{told}");
    let folder = homes.path().to_str().expect("text");
    let told = site.run(&["torrent", "add", folder]).failure();
    assert!(told.contains("is a folder"), "{told}");
    for trap in traps {
        let told = site.run(&["torrent", "show", trap]).failure();
        assert!(told.contains("name the torrent by its info-hash"), "{told}");
        assert_eq!(site.run(&["torrent", "verify", trap]).status, 1);
        assert_eq!(site.run(&["torrent", "add", trap]).status, 1);
    }
    assert_eq!(
        fs::read_dir(site.path("torrents"))
            .expect("a folder")
            .filter(|it| {
                it.as_ref().is_ok_and(|it| it.file_name().as_encoded_bytes().ends_with(b".torrent"))
            })
            .count(),
        1
    );

    for (file, owner) in [(&roots, 0), (&bobs, BOB)] {
        site.run(&["torrent", "rewrite", file, "--announce", other]).done();
        let metadata = fs::metadata(file).expect("it is there");
        assert_eq!((metadata.uid(), metadata.mode() & 0o777), (owner, 0o600), "{file}");
        let content = fs::read(file).expect("a file");
        assert!(content.windows(other.len()).any(|part| part == other.as_bytes()), "{file}");
    }
    let target = site.path("torrents/rewritten.torrent");
    let output = target.to_str().expect("text");
    site.run(&["torrent", "rewrite", &roots, "--announce", announce, "--output", output]).done();
    assert_eq!(fs::metadata(&target).expect("it is written").uid(), ALICE);
    let before = fs::read(&hidden).expect("a file");
    let roots_output = at("roots/other.torrent");
    let roots_output = roots_output.to_str().expect("text");
    let outputs = [&[][..], &["--output", output, "--force"], &["--output", roots_output]];
    for (trap, more) in traps.iter().flat_map(|trap| outputs.map(|more| (*trap, more))) {
        let ran = site.run(&[&["torrent", "rewrite", trap, "--announce", other], more].concat());
        assert_eq!(ran.status, 1, "{ran:?}");
    }
    assert_eq!(fs::read(&hidden).expect("a file"), before);
    // What others have put in the place of the output leads to nothing of root's.
    fs::remove_file(&target).expect("it goes");
    symlink(site.path("roots/file"), &target).expect("a link");
    give(&target, ALICE);
    site.run(&["torrent", "rewrite", &roots, "--announce", other, "--output", output, "--force"]);
    assert_eq!(fs::read(site.path("roots/file")).expect("root's"), b"root's");

    fs::write(at("roots/content"), "content").expect("a file");
    let content = at("roots/content");
    site.run(&["torrent", "make", content.to_str().expect("text"), "--announce", other]).done();
    assert_eq!(fs::metadata(at("roots/content.torrent")).expect("it is made").uid(), 0);
}

#[test]
fn the_lock_of_somebody_else_is_not_waited_for() {
    let Some(site) = Theirs::new("the lock of another user", ALICE) else { return };
    let memory = folder_in_memory();
    fs::set_permissions(memory.path(), Permissions::from_mode(0o1777)).expect("a mode");
    let lock = memory.path().join("peers.lock");
    fs::write(&lock, "").expect("a file");
    give(&lock, BOB);
    fs::set_permissions(&lock, Permissions::from_mode(0o666)).expect("a mode");
    let held = fs::File::options().write(true).open(&lock).expect("it is there");
    held.lock().expect("nobody else has it");
    let file = site.path("conf/tracker.toml");
    let settings = fs::read_to_string(&file).expect("a configuration");
    let store =
        format!("[store]\nkind = \"shm\"\npath = \"{}\"\n", memory.path().join("peers").display());
    fs::write(&file, store + &settings).expect("a configuration");
    let started = Instant::now();
    let said = site.run(&["store", "rebuild"]).failure();
    assert!(said.contains("it belongs to another user"), "{said}");
    assert!(started.elapsed() < Duration::from_secs(5), "it was waited for");
}

/// Installs below a folder, as root.
fn install(root: &Path) -> Output {
    let mut command = Command::new(checkout().join("scripts/install"));
    command.arg("--executable").arg(executable()).arg("--root").arg(root);
    command.output().expect("scripts/install runs")
}

#[test]
fn an_installation_follows_no_link_of_the_web_servers_user() {
    let Some(folder) = folder("an installation in the web server's folders") else { return };
    let (user, _) = server_account().expect("another user");
    let (root, roots) = (folder.path().join("host"), folder.path().join("roots"));
    for path in [&root, &roots] {
        fs::create_dir(path).expect("a folder");
    }
    fs::write(roots.join("file"), "root's").expect("a file");
    assert!(install(&root).status.success());
    let fragment = root.join("var/www/tracker/torrents/bt_stats.inc");
    assert_eq!(fs::metadata(&fragment).expect("it is made").uid(), user);
    let www = root.join("var/www/tracker");
    let upgrade = |attack: &str| {
        fs::write(root.join("usr/lib/cgi-bin/tracker.cgi"), "an older one").expect("a file");
        let before = what_is_roots(&roots);
        let output = install(&root);
        assert_eq!(what_is_roots(&roots), before, "{attack}: {output:?}");
        let entries = fs::read_dir(&roots).expect("a folder").count();
        assert_eq!(entries, 1, "{attack}: something was made: {output:?}");
        assert!(output.status.success(), "{attack}: {output:?}");
        let upgraded = fs::read(root.join("usr/lib/cgi-bin/tracker.cgi")).ok();
        assert_eq!(upgraded, fs::read(executable()).ok(), "{attack}");
    };
    for target in ["none", "file"] {
        fs::remove_file(&fragment).expect("it goes");
        let mut link = Command::new("ln");
        link.arg("-s").arg(roots.join(target)).arg(&fragment);
        assert!(as_the_server(&mut link).status().expect("ln runs").success(), "they may do that");
        upgrade(&format!("the fragment is a link to {target}"));
    }
    fs::remove_file(&fragment).expect("it goes");
    fs::hard_link(roots.join("file"), &fragment).expect("a second name");
    upgrade("the fragment is a second name");
    fs::remove_file(&fragment).expect("it goes");
    upgrade("the fragment is missing");
    assert_eq!(fs::metadata(&fragment).expect("it is made").uid(), user);

    // Where the pages are theirs too.
    lchown(&www, Some(user), None).expect("an owner");
    fs::rename(www.join("torrents"), folder.path().join("kept")).expect("it goes");
    fs::remove_file(www.join("index.shtml")).expect("it goes");
    for (name, target) in [("torrents", roots.clone()), ("index.shtml", roots.join("none"))] {
        symlink(target, www.join(name)).expect("a link");
        lchown(www.join(name), Some(user), None).expect("an owner");
    }
    let before = what_is_roots(&roots);
    let output = install(&root);
    assert_eq!(what_is_roots(&roots), before, "{output:?}");
    assert!(!output.status.success(), "nobody can make fragments there: {output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("make the folder root's"),
        "{output:?}"
    );

    // Where root's own part would be theirs.
    lchown(root.join("usr/lib/cgi-bin"), Some(user), None).expect("an owner");
    fs::write(root.join("usr/lib/cgi-bin/tracker.cgi"), "theirs").expect("a file");
    let output = install(&root);
    assert!(String::from_utf8_lossy(&output.stderr).contains("others than root"), "{output:?}");
    let left = fs::read(root.join("usr/lib/cgi-bin/tracker.cgi")).expect("their file");
    assert_eq!(left, b"theirs");
}
