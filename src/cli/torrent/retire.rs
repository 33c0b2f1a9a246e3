//! `tracker torrent retire`, `restore` and `remove`: torrents that come to their end.

use super::NamedTorrent;
use super::hide::{although, decide};
use crate::cli::change::change;
use crate::cli::{CommandError, World};
use crate::platform::terminal::Harmless;
use crate::tracker::decisions::{self, Kept, RemoveError};

/// Has a torrent be tracked no longer, and its clients be told why.
pub(super) fn retire(
    wanted: &str,
    reason: &str,
    world: &mut World<'_>,
) -> Result<(), CommandError> {
    let (_, torrent) = decide(wanted, world, |catalog, torrents, author| {
        decisions::retire(catalog, torrents, reason, author)
    })?;
    world.print(format_args!(
        "{}: is retired; its clients are told so and do not ask again, its figures are kept\n",
        Harmless(torrent.title())
    ))
}

/// Has a retired torrent be tracked again.
pub(super) fn restore(wanted: &str, world: &mut World<'_>) -> Result<(), CommandError> {
    let (before, torrent) = decide(wanted, world, decisions::restore)?;
    let was_retired = before.details().retired().is_some();
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
        decisions::remove(&loaded, catalog, std::slice::from_ref(&torrent), author)
            .map_err(in_words)?;
        Ok(torrent)
    })?;
    world.print(format_args!(
        "{}: is removed, with its {} completed downloads\n",
        Harmless(torrent.title()),
        torrent.totals.completed
    ))
}

/// Why a torrent is not removed, and what to do.
fn in_words(problem: RemoveError) -> CommandError {
    CommandError::Failed(match problem {
        RemoveError::Kept(torrent, Kept::ByFile) => format!(
            "{} is in the torrents folder, and would bring it back: remove that file first, or have `tracker torrent \
             retire` refuse its clients",
            torrent.file.display()
        ),
        RemoveError::Kept(torrent, Kept::ByList) => format!(
            "{} stands in the list that `allow_list` in [access] names, and would come back: take it out there first",
            torrent.canonical
        ),
        RemoveError::Store(problem) => return problem.into(),
        RemoveError::Catalog(problem) => return problem.into(),
    })
}
