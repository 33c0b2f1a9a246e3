//! Which torrents somebody looks after: an editor those of their groups, everybody else all. Others are for them as if they
//! were not there.

use crate::catalog::{Catalog, Role, Torrent, User, is_same_group};
use crate::protocol::InfoHash;
use crate::site::admin::exchange::{Exchange, SignedIn};
use crate::site::admin::reply::Failed;

/// The groups whose torrents an editor looks after; `None` for who looks after all.
pub(in crate::site::admin) fn groups(user: &User) -> Option<&[String]> {
    (user.role == Role::Editor).then_some(&*user.groups)
}

/// Whether somebody looks after what belongs to a group.
pub(super) fn has_group(user: &User, group: Option<&str>) -> bool {
    let Some(groups) = groups(user) else { return true };
    group.is_some_and(|group| groups.iter().any(|it| is_same_group(it, group)))
}

/// Whether somebody looks after a torrent.
pub(in crate::site::admin) fn has_torrent(user: &User, torrent: &Torrent) -> bool {
    has_group(user, torrent.details().group.as_deref())
}

impl Exchange<'_> {
    /// The torrent that stands in a place of the route, if whoever has signed in looks after it.
    pub(in crate::site::admin) fn torrent_of(
        &self,
        signed_in: &SignedIn,
        place: usize,
    ) -> Result<Torrent, Failed> {
        let torrent = self.torrent(place)?;
        if has_torrent(&signed_in.user, &torrent) { Ok(torrent) } else { Err(Failed::NotFound) }
    }
}

/// The torrents that have these canonical info-hashes, all of which somebody must look after: as they are now.
pub(super) fn torrents_of(
    user: &User,
    catalog: &Catalog,
    hashes: &[InfoHash],
) -> Result<Vec<Torrent>, Failed> {
    let torrents = catalog.torrents_named(hashes)?;
    let has_all = torrents.len() == hashes.len();
    if has_all && torrents.iter().all(|torrent| has_torrent(user, torrent)) {
        Ok(torrents)
    } else {
        Err(Failed::NotFound)
    }
}
