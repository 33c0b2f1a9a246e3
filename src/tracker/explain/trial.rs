//! What a real announce would find that looks for its torrent: tried out on copies of catalogue and policy, by the same
//! functions.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::catalog::{Delivery, PolicySnapshot, back_up};
use crate::config::LoadedConfig;
use crate::platform::scratch::ScratchFolder;
use crate::protocol::Timestamp;
use crate::tracker::{replica, rescan};

/// What is found.
pub(super) struct Found {
    /// The policy that would be in force then.
    pub(super) policy: PolicySnapshot,
    /// The catalogue that it would come from.
    pub(super) catalog: PathBuf,
    /// Where that lies.
    _scratch: ScratchFolder,
}

/// What is found; `None` where a real announce would not look.
///
/// # Errors
/// Why that cannot be said, in words.
pub(super) fn look(
    loaded: &LoadedConfig,
    policy: Option<&PolicySnapshot>,
    now: Timestamp,
) -> Result<Option<Found>, String> {
    let would_look = match loaded.config.is_replica() {
        true => policy.is_none() || replica::policy_has_arrived(loaded),
        false => policy.is_some_and(|policy| rescan::is_outdated(policy, now)),
    };
    if !would_look {
        return Ok(None);
    }
    let scratch = ScratchFolder::new()
        .map_err(|problem| format!("a folder to try that out in cannot be made ({problem})"))?;
    let mut copy = loaded.clone();
    copy.config.paths.catalog = scratch.path().join("catalog.db");
    copy.config.paths.policy = scratch.path().join("policy.snapshot");
    let cannot =
        |problem: &dyn std::fmt::Display| format!("what that finds is not known: {problem}");
    if loaded.config.is_replica() {
        take_in(loaded, &copy).map_err(|problem| cannot(&problem))?;
    } else {
        copy_file(&loaded.config.paths.policy, &copy.config.paths.policy)
            .map_err(|problem| cannot(&problem))?;
        back_up(&loaded.config.paths.catalog, &copy.config.paths.catalog, false)
            .map_err(|problem| cannot(&problem))?;
        rescan::rescan(&copy, now).map_err(|problem| cannot(&problem))?;
    }
    let policy =
        PolicySnapshot::open(&copy.policy_in_force()).map_err(|problem| cannot(&problem))?;
    Ok(Some(Found { policy, catalog: copy.config.paths.catalog, _scratch: scratch }))
}

/// What a replica makes of the policy snapshot that was copied to it.
fn take_in(loaded: &LoadedConfig, copy: &LoadedConfig) -> io::Result<()> {
    copy_file(&loaded.config.paths.policy, &copy.config.paths.policy)?;
    let accepted = copy.policy_in_force();
    match copy_file(&loaded.policy_in_force(), &accepted) {
        Err(problem) if problem.kind() != io::ErrorKind::NotFound => return Err(problem),
        _ => {}
    }
    let delivery = Delivery { arriving: &copy.config.paths.policy, accepted: &accepted };
    delivery.take_in(replica::PATIENCE, false).map(|_| ()).map_err(io::Error::other)
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to).map(|_| ())
}
