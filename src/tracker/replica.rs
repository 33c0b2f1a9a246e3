//! What a replica does where an owner refreshes: it takes in the policy snapshot that was copied to it, and expires
//! peers. It never scans, has no catalogue, and publishes nothing.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::event_log;
use super::refresh::{BATCH, RefreshError, Urgency, period};
use crate::catalog::{Arrival, Delivery};
use crate::config::{Config, LoadedConfig};
use crate::platform::lock;
use crate::protocol::Timestamp;

/// How long a caller that needs a new policy snapshot waits for another process that takes it in.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// What a refresh of a replica did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaRefresh {
    /// What became of the snapshot that was copied here.
    pub arrival: Arrival,
    /// How many peers were silent and are gone; `None` when that was not due, or another process is at it.
    pub expired: Option<usize>,
}

/// Does what is due, and with more urgency all of it.
///
/// # Errors
/// When there is no usable policy snapshot, or the store cannot be used. The snapshot in force stays.
pub fn refresh_replica(
    loaded: &LoadedConfig,
    urgency: Urgency,
    now: Timestamp,
) -> Result<ReplicaRefresh, RefreshError> {
    // First, as a snapshot that is refused must not keep silent peers.
    let expired = match urgency == Urgency::WhenDue && !expiry_is_due(&loaded.config) {
        true => None,
        false => expire(loaded, now)?,
    };
    let patience = if urgency == Urgency::Now { PATIENCE } else { Duration::ZERO };
    if expired.is_some() {
        event_log::forget_old_days(loaded, now);
    }
    let is_forced = urgency != Urgency::WhenDue;
    Ok(ReplicaRefresh { arrival: take_in_policy(loaded, patience, is_forced)?, expired })
}

/// Puts the policy snapshot that was copied here in force, where it is a new one. Waits for that long for another
/// process that is at it.
pub(super) fn take_in_policy(
    loaded: &LoadedConfig,
    patience: Duration,
    is_forced: bool,
) -> Result<Arrival, RefreshError> {
    let accepted = loaded.policy_in_force();
    let delivery = Delivery { arriving: &loaded.config.paths.policy, accepted: &accepted };
    let outcome = delivery.take_in(patience, is_forced);
    if matches!(outcome, Ok(Arrival::Accepted)) {
        crate::info!("a new policy snapshot is in force");
    }
    outcome.map_err(|source| RefreshError::Delivery { source, owner: loaded.owner_in_words() })
}

/// Whether a policy snapshot was copied here that nobody has looked at.
pub(super) fn policy_has_arrived(loaded: &LoadedConfig) -> bool {
    let accepted = loaded.policy_in_force();
    Delivery { arriving: &loaded.config.paths.policy, accepted: &accepted }.is_new()
}

/// Whether a refresh has something to do.
pub(super) fn is_due(loaded: &LoadedConfig) -> bool {
    policy_has_arrived(loaded) || expiry_is_due(&loaded.config)
}

fn expire(loaded: &LoadedConfig, now: Timestamp) -> Result<Option<usize>, RefreshError> {
    let Some(lock) = lock::within(&lock_path(&loaded.config), Duration::ZERO)? else {
        return Ok(None);
    };
    // Others see from now on that it is not due.
    let _ = lock.set_modified(SystemTime::now());
    let mut store = super::open_store(loaded)?;
    let mut expired = 0;
    loop {
        let some = store.expire(now, BATCH)?;
        expired += some;
        if some < BATCH {
            return Ok(Some(expired));
        }
    }
}

/// Whether the last expiry began more than half an interval ago, or in the future.
fn expiry_is_due(config: &Config) -> bool {
    let last = fs::metadata(lock_path(config)).and_then(|metadata| metadata.modified());
    let half = Duration::from_secs(period(config).0.into());
    last.map_or(true, |last| last.elapsed().map_or(true, |since| since >= half))
}

/// Beside the policy, as a replica has no catalogue. Its modification time is that of the last expiry.
fn lock_path(config: &Config) -> PathBuf {
    config.paths.policy.with_file_name("refresh.lock")
}
