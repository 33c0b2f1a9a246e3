//! Whether the torrents in the folder are tracked. Many with the same trouble are one line.

use std::io;
use std::path::Path;

use super::examination::Examination;
use super::outcome::{Outcome, some_of};
use crate::catalog::{FolderProblem, FolderScan, Problem};
use crate::site::counted;

/// Whether the torrents in the folder are tracked.
pub(super) fn are_tracked(examination: &Examination<'_>) -> Option<Outcome> {
    // Where it cannot be read, its own check says so.
    let scan = examination.folder().as_ref().ok()?;
    let tracked = counted(scan.torrents.len(), "torrent");
    let others = foreign(scan);
    let mut said: Vec<String> = others.iter().map(|others| others.text.clone()).collect();
    said.extend(rest(scan));
    let text = match said.is_empty() {
        true => return Some(Outcome::fine(tracked)),
        false => format!("{tracked} tracked; {}", said.join("; ")),
    };
    if let Some(file) = unreadable(scan) {
        let file = examination.loaded.config.paths.torrents.join(file);
        return Some(Outcome::wrong(text, format!("chmod 644 {}", file.display())));
    }
    // The address that most of them have may be right, and the configured one wrong.
    match (others, examination.announce_url()) {
        (Some(others), Some(url)) if scan.torrents.is_empty() && !examination.found_wrong() => {
            Some(Outcome::wrong(
                format!("no torrent is tracked: {text}"),
                format!(
                    "recreate them with {url}, or, where {} leads here too, add it to \
                     also_announce_urls in [tracker]",
                    others.example
                ),
            ))
        }
        _ => Some(Outcome::told(text)),
    }
}

/// A file that the tracker's user may not read; some programs make torrents that only their user may.
fn unreadable(scan: &FolderScan) -> Option<&Path> {
    let denied = |it: &&FolderProblem| match &it.problem {
        Problem::Unreadable(problem) => problem.kind() == io::ErrorKind::PermissionDenied,
        _ => false,
    };
    scan.problems.iter().find(denied).map(|found| &*found.file)
}

/// Torrents of other trackers.
struct Foreign {
    text: String,
    /// What one of them announces to.
    example: String,
}

fn foreign(scan: &FolderScan) -> Option<Foreign> {
    let announces = scan.problems.iter().filter_map(|found| match &found.problem {
        Problem::Foreign { announce } => Some((found, announce.as_str())),
        Problem::NoAnnounce => Some((found, "nobody")),
        _ => None,
    });
    let (found, announces): (Vec<&FolderProblem>, Vec<&str>) = announces.unzip();
    let example = (*announces.first()?).to_owned();
    let names: Vec<String> = found.iter().map(|it| it.file.display().to_string()).collect();
    let verb = if found.len() == 1 { "names" } else { "name" };
    let same = announces.iter().all(|other| *other == example);
    let whom = if same { example.clone() } else { format!("others, such as {example}") };
    let text = format!(
        "{} {verb} another announce address ({whom}) and will not be tracked unless accept_foreign is \
         set: {}",
        counted(found.len(), "torrent"),
        some_of(&names)
    );
    Some(Foreign { text, example })
}

/// All other problems.
fn rest(scan: &FolderScan) -> Option<String> {
    let is_foreign =
        |it: &&FolderProblem| matches!(it.problem, Problem::Foreign { .. } | Problem::NoAnnounce);
    let others = scan.problems.iter().filter(|it| !is_foreign(it));
    let others: Vec<String> = others.map(ToString::to_string).collect();
    (!others.is_empty()).then(|| some_of(&others))
}
