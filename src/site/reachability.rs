//! Has peers tried after a refresh: at once in a process that is there for the refresh, and by another process where
//! this one answers clients.

use std::process::{Command, Stdio};
use std::thread;

use crate::config::{LoadedConfig, ReachabilityCheck};
use crate::protocol::Timestamp;
use crate::tracker::reachability::check_reachability;

/// Tries peers, and logs what keeps it from that. `answers_clients` says whether this process does.
pub(super) fn try_peers(loaded: &LoadedConfig, answers_clients: bool, now: Timestamp) {
    if loaded.config.reachability.check == ReachabilityCheck::Off {
        return;
    }
    let outcome = match answers_clients {
        true => start_helper(loaded).map_err(|problem| problem.to_string()),
        false => check_reachability(loaded, now).map(|_| ()).map_err(|problem| problem.to_string()),
    };
    if let Err(problem) = outcome {
        crate::error!("{problem}");
    }
}

/// A process of its own, which says into our log what it has to say.
fn start_helper(loaded: &LoadedConfig) -> std::io::Result<()> {
    let own = std::env::current_exe().ok().filter(|path| path.exists());
    // After an upgrade the path leads to nothing, and what runs is still there.
    let mut command = Command::new(own.unwrap_or_else(|| "/proc/self/exe".into()));
    if let Some(file) = &loaded.file {
        command.arg("--config").arg(file);
    }
    command.args(["reachability", "check"]).env_clear();
    let helper = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    let mut helper = helper.map_err(|problem| {
        let program = command.get_program().display();
        std::io::Error::new(
            problem.kind(),
            format!("cannot start {program} to try peers: {problem}"),
        )
    })?;
    // Whoever starts a process has to wait for its end.
    thread::Builder::new().spawn(move || drop(helper.wait())).map(|_| ())
}
