//! `tracker torrent retire`, `restore` and `remove`: torrents that come to their end.

use super::hide::although;
use super::{NamedTorrent, again};
use crate::catalog::{Retirement, ScanChanges};
use crate::cli::change::change;
use crate::cli::{CommandError, World};
use crate::platform::terminal::Harmless;
use crate::tracker::event_log::note_torrents;
use crate::tracker::open_store;

/// Has a torrent be tracked no longer, and its clients be told why.
pub(super) fn retire(
    wanted: &str,
    reason: &str,
    world: &mut World<'_>,
) -> Result<(), CommandError> {
    let wanted = NamedTorrent::new(wanted);
    let torrent = change(world, |catalog, author| {
        let torrent = wanted.find(catalog)?;
        let retired = Some(Retirement::Retired(reason.to_owned()));
        catalog.decide(torrent.canonical, "retire", |it| it.retirement = retired, author)?;
        Ok(torrent)
    })?;
    world.print(format_args!(
        "{}: is retired; its clients are told so and do not ask again, its figures are kept\n",
        Harmless(torrent.title())
    ))
}

/// Has a retired torrent be tracked again.
pub(super) fn restore(wanted: &str, world: &mut World<'_>) -> Result<(), CommandError> {
    let wanted = NamedTorrent::new(wanted);
    let (was_retired, torrent) = change(world, |catalog, author| {
        let torrent = wanted.find(catalog)?;
        if torrent.details().retired().is_none() {
            return Ok((false, torrent));
        }
        // Where nothing else retires it, no decision is needed, which would win over a sidecar to come.
        let by_sidecar = torrent.sidecar().is_some_and(|it| it.details.retired().is_some());
        let restored = by_sidecar.then_some(Retirement::Restored);
        catalog.decide(torrent.canonical, "restore", |it| it.retirement = restored, author)?;
        Ok((true, again(&torrent, catalog)?))
    })?;
    let note = match torrent.missing_since {
        _ if !was_retired => "is not retired; nothing had to be done",
        None => "is tracked again",
        Some(_) => "is no longer retired, and tracked again as soon as its file is back",
    };
    let although = although(&torrent, "retired");
    let title = torrent.title();
    world.print(format_args!("{}: {note}{}\n", Harmless(title), Harmless(although)))
}

/// Forgets a torrent with its figures and all that was said of it.
pub(super) fn remove(wanted: &str, world: &mut World<'_>) -> Result<(), CommandError> {
    let wanted = NamedTorrent::new(wanted);
    let loaded = world.load_owner_config()?;
    let torrent = change(world, |catalog, author| {
        let torrent = wanted.find(catalog)?;
        if torrent.missing_since.is_none() && torrent.has_file() {
            return Err(CommandError::Failed(format!(
                "{} is in the torrents folder, and would bring it back: remove that file first, or have `tracker torrent \
                 retire` refuse its clients",
                torrent.file.display()
            )));
        }
        if torrent.missing_since.is_none() && !torrent.added {
            return Err(CommandError::Failed(format!(
                "{} stands in the list that `allow_list` in [access] names, and would come back: take it out there first",
                torrent.canonical
            )));
        }
        // What the store has counted would come back with the torrent.
        open_store(&loaded).and_then(|mut store| store.remove_swarm(torrent.canonical))?;
        catalog.remove(&torrent, author)?;
        let vanished = vec![torrent.canonical];
        note_torrents(&loaded, &ScanChanges { vanished, ..ScanChanges::default() }, author.at);
        Ok(torrent)
    })?;
    world.print(format_args!(
        "{}: is removed, with its {} completed downloads\n",
        Harmless(torrent.title()),
        torrent.totals.completed
    ))
}
