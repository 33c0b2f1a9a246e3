//! `tracker torrent hide` and `unhide`, and how commands say what else is said of a torrent.

use super::{NamedTorrent, again};
use crate::catalog::{Author, Catalog, ExplainedDetail, Layer, Torrent, Unlisted};
use crate::cli::change::change;
use crate::cli::{CommandError, World};
use crate::platform::date;
use crate::platform::terminal::Harmless;
use crate::protocol::Timestamp;
use crate::tracker::decisions;

/// Leaves a torrent out of listings, and has table, feed and policy show it.
pub(super) fn hide(wanted: &str, world: &mut World<'_>) -> Result<(), CommandError> {
    let (before, torrent) = decide(wanted, world, decisions::hide)?;
    let what = match before.decision().hidden {
        Some(true) => "is hidden already; nothing had to be done".to_owned(),
        _ => format!("is hidden from now on{}", although(&torrent, "hidden")),
    };
    world.print(format_args!("{}: {}\n", Harmless(torrent.title()), Harmless(what)))
}

/// Takes back that a torrent is left out of listings, whoever says so.
pub(super) fn unhide(wanted: &str, world: &mut World<'_>) -> Result<(), CommandError> {
    let (before, torrent) = decide(wanted, world, decisions::unhide)?;
    let although = although(&torrent, "hidden");
    let note = state_of_listing(&torrent, world.now);
    let what = match (before.hidden, note) {
        (false, note) => {
            let note = note.map(|note| format!("; {note}")).unwrap_or_default();
            format!("is not hidden{although}; nothing had to be done{note}")
        }
        (true, None) => format!("is listed again{although}"),
        (true, Some(note)) => format!("is no longer hidden{although}; {note}"),
    };
    world.print(format_args!("{}: {}\n", Harmless(torrent.title()), Harmless(what)))
}

/// Decides something about a torrent. Returns it as it was and as it is now.
pub(super) fn decide<E: Into<CommandError>>(
    wanted: &str,
    world: &World<'_>,
    decide: impl FnOnce(&mut Catalog, &[Torrent], &Author<'_>) -> Result<usize, E>,
) -> Result<(Torrent, Torrent), CommandError> {
    let wanted = NamedTorrent::new(wanted);
    change(world, |catalog, author| {
        let before = wanted.find(catalog)?;
        decide(catalog, std::slice::from_ref(&before), author).map_err(Into::into)?;
        let after = again(&before, catalog)?;
        Ok((before, after))
    })
}

/// Why a torrent that is not hidden stands in no listing now; `None` where it does.
fn state_of_listing(torrent: &Torrent, now: Timestamp) -> Option<String> {
    let said = torrent.explained();
    let by = |name: &str| {
        let layer = said.iter().find(|it| it.name == name).map(|it| it.layer);
        layer.map(|layer| format!(" ({layer})")).unwrap_or_default()
    };
    Some(match torrent.unlisted(now)? {
        Unlisted::Missing => "its file is gone, and so it is in no listing".to_owned(),
        Unlisted::Retired => format!("it is retired{}, and so in no listing", by("retired")),
        Unlisted::Hidden => "it is hidden".to_owned(),
        Unlisted::Never => format!(
            "it is never listed, as list_from{} is not before list_until{}",
            by("list_from"),
            by("list_until")
        ),
        Unlisted::Before(from) => {
            format!("it is listed from {} on{}", date::shortest(from.0), by("list_from"))
        }
        Unlisted::Since(until) => {
            format!("it was listed until {}{}", date::shortest(until.0), by("list_until"))
        }
    })
}

/// Who says what is in force under a name, where that is no command; else what the decision hides, and how to take it
/// back.
pub(super) fn although(torrent: &Torrent, name: &str) -> String {
    let Some(said) = torrent.explained().into_iter().find(|it| it.name == name) else {
        return String::new();
    };
    match said {
        ExplainedDetail { layer, hides: Some(_), .. } if layer != Layer::Command => {
            format!(", as the {layer} says")
        }
        ExplainedDetail { hides: Some((layer, value)), .. } => format!(
            ", though the {layer} says otherwise ({}); `tracker torrent edit {} --take-back {name}` lets that count",
            as_written(name, &value),
            torrent.canonical
        ),
        ExplainedDetail { hides: None, .. } => String::new(),
    }
}

/// A value as it stands in a sidecar.
fn as_written(name: &str, value: &str) -> String {
    match value {
        "yes" => format!("{name} = true"),
        "no" => format!("{name} = false"),
        text => format!("{name}: \"{text}\""),
    }
}
