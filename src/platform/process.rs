//! How a process begins, gives way to others, and divides.

use std::ffi::{CStr, OsStr, OsString, c_char, c_int};
use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::mem::size_of;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::platform::files;

/// Who runs this process, for a note: who asked for it with `sudo`, the name of the account, or its number.
#[must_use]
pub fn person() -> String {
    let names =
        ["SUDO_USER", "LOGNAME", "USER"].into_iter().filter_map(|name| std::env::var(name).ok());
    let name = names.into_iter().find(|name| !name.is_empty() && name.len() <= 64);
    // SAFETY: it takes nothing and changes nothing.
    name.unwrap_or_else(|| format!("account {}", unsafe { libc::getuid() }))
}

/// Begins a process that has not gone through Rust's own start, and does what of that is of use:
/// writing to somebody who has gone is an error and not the end, and what is opened never gets a
/// standard descriptor's number, where others write.
pub fn begin_process() {
    // SAFETY: to ignore a signal sets no handler, which could run at a bad time.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    // SAFETY: as above. A file beyond the limit of its size is an error like a full disk.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    let mut standard = [0, 1, 2].map(|fd| libc::pollfd { fd, events: 0, revents: 0 });
    // SAFETY: `standard` has the three entries that are read and written, and lives across the call.
    unsafe { libc::poll(standard.as_mut_ptr(), 3, 0) };
    for entry in standard {
        if entry.revents & libc::POLLNVAL != 0 {
            // SAFETY: the path is a string of C. The lowest number that is free is the one missed, and
            // stays open as long as the process lives.
            let opened = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
            if opened != entry.fd {
                std::process::abort();
            }
        }
    }
}

/// The arguments that a `main` of C was called with. Rust's own are those that its own start has kept, which
/// not with every C library happens without it.
///
/// # Safety
/// They must be what the C library passed to `main`: that many strings of C.
#[must_use]
pub unsafe fn arguments_of(count: c_int, arguments: *const *const c_char) -> Vec<OsString> {
    let count = usize::try_from(count).unwrap_or(0);
    let argument = |number| {
        // SAFETY: by the contract, there are that many, each a string that stays as it is.
        let text = unsafe { CStr::from_ptr(*arguments.add(number)) };
        OsStr::from_bytes(text.to_bytes()).to_owned()
    };
    (0..count).map(argument).collect()
}

/// Lets this process have as many files open as it may, which is mostly far more than it begins with.
pub fn allow_all_open_files() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel writes one limit to where the pointer says.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } == 0 {
        limit.rlim_cur = limit.rlim_max;
        // SAFETY: the kernel reads one limit. Where it refuses, all stays as it was.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    }
}

/// Has this thread, and those that it starts, give way to others that want the processor: for work that
/// nobody waits for.
pub fn give_way() {
    /// Enough to give way, and too little to be kept for long from finishing: others may wait for a lock.
    const NICENESS: i32 = 10;
    /// Nanoseconds that it would like to have the processor for. From Linux 6.12 on, a thread that is woken and
    /// wants less does not wait for that.
    const SLICE: u64 = 100_000_000;
    // SAFETY: all of its fields are integers, for which all zeros are a value.
    let mut wish: libc::sched_attr = unsafe { std::mem::zeroed() };
    wish.size = u32::try_from(size_of::<libc::sched_attr>()).unwrap_or(0);
    wish.sched_nice = NICENESS;
    wish.sched_runtime = SLICE;
    // SAFETY: `wish` is as long as it says, and lives across the calls, which only read it. Where they are
    // refused, the thread was nicer already, or stays as it is.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS);
        libc::syscall(libc::SYS_sched_setattr, 0, &raw const wish, 0);
    }
}

/// That this process has one thread, for what only such a process may do.
#[derive(Debug)]
pub struct OneThread {
    /// It says nothing about the process of another thread.
    _here: PhantomData<*const ()>,
}

impl OneThread {
    /// Says so.
    ///
    /// # Safety
    /// The process has no other thread, and starts none while the value lives.
    #[must_use]
    pub unsafe fn promised() -> Self {
        Self { _here: PhantomData }
    }
}

/// Which of the two processes one is after [`detach`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detached {
    /// The process that the web server knows; it ends the request by exiting.
    Parent,
    /// The new one, which the web server neither knows nor waits for.
    Child,
}

/// Divides the process: the child is in a session of its own and holds none of the web server's
/// pipes, so that the web server ends the request without it, and does not kill it.
///
/// Its log goes to a file, emptied first, or nowhere when that cannot be made.
///
/// # Errors
/// When there is no `/dev/null`, or no further process is allowed.
pub fn detach(_: &OneThread, log: Option<&Path>) -> io::Result<Detached> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    let log = log.and_then(|path| begin_log(path).ok());
    let log = log.as_ref().unwrap_or(&null);
    // SAFETY: takes nothing. The process has one thread, as its caller's proof says, so the child finds no
    // lock held, and nothing half changed, by a thread that it does not have.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            // SAFETY: both take numbers only. Descriptors 0 to 2 are replaced, never closed, so
            // their owner in this process still has something open there.
            unsafe {
                libc::setsid();
                for (standard, instead) in [(0, &null), (1, &null), (2, log)] {
                    libc::dup2(instead.as_raw_fd(), standard);
                }
            }
            Ok(Detached::Child)
        }
        _ => Ok(Detached::Parent),
    }
}

/// Empties the log, once it is known that it has no second name elsewhere.
fn begin_log(path: &Path) -> io::Result<File> {
    let mut how = File::options();
    how.create(true).write(true).truncate(false).mode(0o640);
    let (file, metadata) = files::open(path, &mut how)?;
    if metadata.nlink() != 1 {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    file.set_len(0)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    use std::{fs, thread};

    use super::*;

    #[test]
    fn who_gives_way_does_so_alone() {
        // SAFETY: getpriority takes numbers only.
        let niceness = || unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
        let before = niceness();
        let of_another = thread::spawn(move || {
            give_way();
            niceness()
        });
        assert!(of_another.join().unwrap() >= 10);
        assert_eq!(niceness(), before);
    }

    #[test]
    fn a_log_is_begun_in_a_file_of_its_own_only() {
        let folder = tempfile::tempdir().unwrap();
        let (log, other) = (folder.path().join("log"), folder.path().join("other"));
        fs::write(&other, "mine").unwrap();
        std::os::unix::fs::symlink(&other, &log).unwrap();
        assert!(begin_log(&log).is_err());
        fs::remove_file(&log).unwrap();
        fs::hard_link(&other, &log).unwrap();
        assert!(begin_log(&log).is_err());
        assert_eq!(fs::read(&other).unwrap(), b"mine");
        fs::remove_file(&log).unwrap();
        fs::write(&log, "of the last time").unwrap();
        begin_log(&log).unwrap();
        assert_eq!(fs::read(&log).unwrap(), b"");
    }

    /// What a web server sees of a CGI process that leaves chores behind: `Command::output` returns
    /// once nobody holds the pipes. The process is this test once more, which then only divides.
    #[test]
    fn a_detached_child_holds_no_pipe_and_lives_on() {
        const FOLDER: &str = "GATEWAY_TEST_DETACH";
        if let Some(folder) = std::env::var_os(FOLDER) {
            return divide(Path::new(&folder));
        }
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "platform::process::tests::a_detached_child_holds_no_pipe_and_lives_on",
            ])
            .args(["--test-threads=1", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdin(Stdio::piped())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(!folder.path().join("done").exists());
        fs::write(folder.path().join("go"), "").unwrap();
        wait_for(&folder.path().join("done"));
    }

    fn divide(folder: &Path) {
        // SAFETY: the harness's other thread only waits for this one, and the child uses nothing of it.
        let one_thread = unsafe { OneThread::promised() };
        if detach(&one_thread, None).unwrap() == Detached::Parent {
            return;
        }
        wait_for(&folder.join("go"));
        println!("into /dev/null");
        fs::write(folder.join("done"), "").unwrap();
        std::process::exit(0);
    }

    /// Waits for a file, but not for ever.
    fn wait_for(path: &Path) {
        let end = Instant::now() + Duration::from_secs(20);
        while !path.exists() && Instant::now() < end {
            thread::sleep(Duration::from_millis(1));
        }
        assert!(path.exists(), "{} never came", path.display());
    }
}
