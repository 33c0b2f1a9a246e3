//! Processes that were stopped (SIGSTOP) while they hold what others need.

use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::fastcgi::{Responder, get_and_stay};
use super::installation::Installation;
use super::process::Process;
use super::{poll, program};

/// How long it may take until a process is stopped where a test wants it.
const LIMIT: Duration = Duration::from_secs(60);

/// Announces that a process is given at once.
const BATCH: usize = 500;

/// A process that holds something and does not go on.
pub struct Stopped(Process);

impl Stopped {
    /// A second responder of an installation, stopped in the middle of this announce; `is_held` says whether it
    /// was stopped where it holds the store.
    pub fn in_an_announce(
        tracker: &Installation,
        query: &str,
        mut is_held: impl FnMut() -> bool,
    ) -> Self {
        let socket = tracker.path("other.sock");
        let address = format!("unix:{}", socket.display());
        let mut command = tracker.command(&["fastcgi", "--workers", "1", "--listen", &address]);
        let responder = Responder::run(tracker, &mut command, socket);
        keep_busy(responder.connect(), &get_and_stay("/announce", query).repeat(BATCH));
        let process = responder.process;
        let held = poll(LIMIT, || {
            process.signal_group(libc::SIGSTOP);
            wait_until_stopped(process.id());
            if is_held() {
                return Some(());
            }
            process.signal_group(libc::SIGCONT);
            None
        });
        held.expect("it is stopped while it holds the store");
        Self(process)
    }

    /// A process that holds the lock of a file.
    pub fn with_lock(tracker: &Installation, file: &Path) -> Self {
        let mut command = Command::new(program("flock"));
        command.arg(file).args(["sleep", "1000"]);
        let mut process = Process::start("flock", &mut command, &tracker.path("flock.log"));
        process.wait_for("a lock", || {
            let file = std::fs::File::open(file).ok()?;
            file.try_lock().is_err().then_some(())
        });
        process.signal_group(libc::SIGSTOP);
        wait_until_stopped(process.id());
        Self(process)
    }

    /// Has it go on, and end.
    pub fn go_on(self) {
        self.0.signal_group(libc::SIGCONT);
    }
}

/// Has requests answered over and over, until the connection ends.
fn keep_busy(stream: UnixStream, requests: &[u8]) {
    let (requests, mut writer) = (requests.to_vec(), stream.try_clone().expect("a connection"));
    thread::spawn(move || while writer.write_all(&requests).is_ok() {});
    stream.set_read_timeout(None).expect("a connection");
    let mut reader = stream;
    thread::spawn(move || io::copy(&mut reader, &mut io::sink()));
}

/// A signal is heeded by each thread in its own time.
fn wait_until_stopped(process: u32) {
    let tasks = format!("/proc/{process}/task");
    let is_stopped = |stat: &str| stat.rsplit(')').next().is_some_and(|it| it.starts_with(" T"));
    let all_stopped = || {
        let tasks = std::fs::read_dir(&tasks).expect("its threads");
        let mut stats = tasks.flatten().map(|it| std::fs::read_to_string(it.path().join("stat")));
        stats.all(|stat| stat.is_ok_and(|stat| is_stopped(&stat))).then_some(())
    };
    poll(LIMIT, all_stopped).expect("it is stopped");
}
