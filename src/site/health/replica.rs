//! What a replica lives by: the policy snapshot that is copied to it.

use super::examination::Examination;
use super::outcome::Outcome;
use crate::catalog::{Delivery, PolicyError, PolicySnapshot};
use crate::protocol::Seconds;
use crate::site::{counted, in_words};

/// The checks of what only an owner's host has, by name.
const OF_THE_OWNER: [&str; 11] = [
    "torrents folder",
    "catalogue",
    "policy",
    "last refresh",
    "refresh log",
    "fragments",
    "torrents",
    "torrents address",
    "folder listing",
    "pages",
    "feed",
];

/// Whether a check has a meaning on this host.
pub(super) fn is_checked(check: &str, examination: &Examination<'_>) -> bool {
    !examination.loaded.config.is_replica() || !OF_THE_OWNER.contains(&check)
}

/// Whether the snapshot in force is whole and young, and the one that was copied last is good. `None` on the
/// owner's host.
pub(super) fn policy(examination: &Examination<'_>) -> Option<Outcome> {
    let loaded = examination.loaded;
    if !loaded.config.is_replica() {
        return None;
    }
    let accepted = loaded.policy_in_force();
    let delivery = Delivery { arriving: &loaded.config.paths.policy, accepted: &accepted };
    let in_force = match PolicySnapshot::open(&accepted) {
        Err(PolicyError::Missing { .. }) => None,
        opened => Some(opened.and_then(|policy| policy.verify().map(|()| policy))),
    };
    Some(match (in_force.transpose(), delivery.check()) {
        (Err(problem), _) => Outcome::of_error(problem),
        (Ok(None), Err(PolicyError::Missing { path })) => Outcome::wrong(
            format!("no policy snapshot was copied to {} yet", path.display()),
            format!("copy `policy` of {} there", loaded.owner_in_words()),
        ),
        (Ok(None), Ok(_)) => {
            Outcome::told("the one that was copied here is good; the next request takes it in")
        }
        (_, Err(problem)) => Outcome::of_error(problem),
        (Ok(Some(policy)), Ok(_)) => age(&policy, examination),
    })
}

/// Whether the owner has published the one in force in time. It does so at every refresh, twice in an interval.
fn age(policy: &PolicySnapshot, examination: &Examination<'_>) -> Outcome {
    let loaded = examination.loaded;
    let age = examination.now.since(policy.published_at());
    let said = format!(
        "{}, published {} ago",
        counted(policy.torrents().count(), "torrent"),
        in_words(age)
    );
    if age <= Seconds(loaded.config.tracker.interval.0.saturating_mul(2)) {
        return Outcome::fine(said);
    }
    Outcome::wrong(
        format!("{said}: it is too old"),
        format!(
            "have it copied here every few minutes, and see that {} refreshes",
            loaded.owner_in_words()
        ),
    )
}
