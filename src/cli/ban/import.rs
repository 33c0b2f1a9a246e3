//! `tracker ban import`: bans whole lists of addresses.

use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::reason;
use crate::catalog::{AddressList, Ban, MOST_LIST_BYTES, ban_list_name};
use crate::cli::change::change;
use crate::cli::{CommandError, World};
use crate::platform::files;
use crate::platform::terminal::Harmless;
use crate::site::counted;

/// Ban all addresses of a list: addresses, networks or ranges, one a line; Spamhaus, DShield, eMule's ipfilter.dat,
/// PeerGuardian's .p2p and .p2b; also packed by gzip. The same list once more replaces what it had before
#[derive(Debug, clap::Args)]
pub struct ImportArguments {
    /// The list, or `-` for standard input, which needs --list
    file: PathBuf,
    /// The name of the list, instead of the file's: what it had before under that name is replaced
    #[arg(long, value_name = "NAME", value_parser = ban_list_name)]
    list: Option<String>,
    /// What the clients are told
    #[arg(long, default_value = "", value_name = "TEXT", value_parser = reason)]
    reason: String,
    /// Take what can be understood, when some lines cannot
    #[arg(long)]
    lenient: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl ImportArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let shown = Harmless(self.file.display()).to_string();
        let failed = |problem: &dyn std::fmt::Display| {
            CommandError::Failed(format!("{shown} is not imported: {problem}"))
        };
        let list = match (&self.list, self.file.file_name()) {
            (Some(list), _) => list.clone(),
            (None, Some(file)) if !is_standard_input(&self.file) => {
                ban_list_name(&file.to_string_lossy()).map_err(|problem| failed(&problem))?
            }
            _ => return Err(CommandError::Usage("name the list with --list".into())),
        };
        let bytes = read(&self.file).map_err(|problem| failed(&problem))?;
        let found = AddressList::read(&bytes).map_err(|problem| failed(&problem))?;
        if found.bad > 0 && !self.lenient {
            return Err(failed(&complaint(&found)));
        }
        let (ranges, entries) = (found.ranges.len(), found.entries);
        let read = format!("{list}: {} (entries: {entries})", counted(ranges, "range"));
        let passed_over = match found.bad {
            0 => String::new(),
            bad => format!(", {} passed over{}", counted(bad, "line"), shown_lines(&found)),
        };
        if self.dry_run {
            return world.print(format_args!("{read}{passed_over}; nothing is changed\n"));
        }
        let before = change(world, |catalog, author| {
            Ok(catalog.import_bans(&list, &found.ranges, &self.reason, author)?)
        })?;
        let instead = if before > 0 { format!(" instead of {before}") } else { String::new() };
        world.print(format_args!("{read}{passed_over}; banned from now on{instead}\n"))
    }
}

/// Which lines cannot be understood.
fn complaint(list: &AddressList) -> String {
    format!(
        "{} cannot be understood, or would ban everybody{}; --lenient passes over such",
        counted(list.bad, "line"),
        shown_lines(list)
    )
}

/// The first lines that cannot be understood, with their numbers.
fn shown_lines(list: &AddressList) -> String {
    list.shown.iter().fold(String::new(), |mut shown, (number, text)| {
        // To write to a string never fails.
        let _ = write!(shown, ", {number} ({})", Harmless(text));
        shown
    })
}

fn is_standard_input(file: &Path) -> bool {
    file == Path::new("-")
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    if !is_standard_input(file) {
        return files::read_linked(file, MOST_LIST_BYTES);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().take(MOST_LIST_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Ends the bans of a list.
pub(super) fn remove(list: &str, world: &mut World<'_>) -> Result<(), CommandError> {
    let ended = change(world, |catalog, author| {
        let mut bans = catalog.bans()?;
        bans.retain(|ban| !list.is_empty() && ban.list == list && ban.is_in_force(author.at));
        if !bans.is_empty() {
            catalog.import_bans(list, &[], "", author)?;
        }
        Ok(bans)
    })?;
    if ended.is_empty() {
        return Err(CommandError::Failed(match list {
            Ban::AUTOMATIC => "the tracker has banned nobody".to_owned(),
            list => format!(
                "there is no list `{}`; `tracker ban list` shows what there is",
                Harmless(list)
            ),
        }));
    }
    let (are, ranges) = match ended.len() {
        1 => ("is", "range"),
        _ => ("are", "ranges"),
    };
    world.print(format_args!(
        "{}: its {} {ranges} {are} no longer banned\n",
        Harmless(list),
        ended.len()
    ))?;
    super::warn_of_return(ended.iter(), world)
}
