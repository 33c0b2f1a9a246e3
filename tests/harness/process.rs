//! Started programs: each leads a process group of its own, and the group ends with the value.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::poll;

/// A running program, its children, and the file that takes its output.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command`, which must stay in the foreground, with its output in `log`.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Self {
        let output = File::options().append(true).create(true).open(log).expect("a log file");
        let errors = output.try_clone().expect("a second handle of the log file");
        command.stdout(output).stderr(errors);
        if command.get_program() != "spawn-fcgi" {
            command.stdin(Stdio::null());
        }
        command.process_group(0);
        end_with_this_thread(command);
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}; see scripts/test"));
        Self { name: name.into(), child, log: log.into() }
    }

    /// Waits until `ready` has an answer; panics with the program's output when it ends before.
    pub fn wait_for<T>(&mut self, what: &str, ready: impl FnMut() -> Option<T>) -> T {
        self.wait_up_to(Duration::from_secs(30), what, ready)
    }

    /// The same for what takes its time.
    pub fn wait_up_to<T>(
        &mut self,
        most: Duration,
        what: &str,
        mut ready: impl FnMut() -> Option<T>,
    ) -> T {
        let answer = poll(most, || {
            if let Some(status) = self.child.try_wait().expect("the state of a child") {
                panic!("{} ended ({status}) before {what}:\n{}", self.name, self.output());
            }
            ready()
        });
        answer.unwrap_or_else(|| panic!("{}: no {what} in {most:?}:\n{}", self.name, self.output()))
    }

    /// The number of the program, which is also that of its group.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the program has written so far.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Asks the program to end, as systemd and a person with Ctrl-C would, and waits for it.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal_group(libc::SIGTERM);
        let ended = poll(Duration::from_secs(8), || self.child.try_wait().expect("its state"));
        ended.unwrap_or_else(|| panic!("{} does not end within 8 s of SIGTERM", self.name))
    }

    /// Ends the program as the kernel does when memory is short.
    pub fn kill(mut self) {
        self.signal_group(libc::SIGKILL);
        let _ = self.child.wait();
    }

    /// Sends a signal to all of its group.
    pub fn signal_group(&self, signal: libc::c_int) {
        let group = i32::try_from(self.child.id()).expect("a process id");
        // SAFETY: kill touches no memory. The child has not been reaped by anybody else, so its
        // id still names the group that was made for it.
        unsafe { libc::kill(-group, signal) };
    }
}

/// Bytes of memory that a process has in use.
pub fn resident(process: u32) -> usize {
    size(process, "VmRSS:")
}

/// The same without what is of files, such as its own executable.
pub fn resident_of_no_file(process: u32) -> usize {
    size(process, "RssAnon:")
}

fn size(process: u32, name: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"));
    let status = status.expect("the state of a process");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    1024 * kib.and_then(|kib| kib.parse::<usize>().ok()).expect("a size in kB")
}

/// The files without a name that a process has open.
pub fn nameless_files(process: u32) -> Vec<PathBuf> {
    let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).expect("its descriptors");
    let targets = descriptors.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.to_string_lossy().ends_with(" (deleted)")).collect()
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal_group(libc::SIGTERM);
        let ended = poll(Duration::from_secs(8), || self.child.try_wait().ok().flatten());
        // Also what the leader left behind in its group.
        self.signal_group(libc::SIGKILL);
        if ended.is_none() {
            let _ = self.child.wait();
        }
    }
}

/// Has the kernel end the program when the test's thread goes away without dropping anything.
fn end_with_this_thread(command: &mut Command) {
    // SAFETY: between fork and exec only prctl is called, which is async-signal-safe.
    unsafe {
        command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
}
