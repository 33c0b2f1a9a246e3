//! `tracker import`: takes over what another tracker knew.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::{Value, json};

use super::change::{change, consider};
use super::progress::Bar;
use super::{CommandError, World};
use crate::catalog::{Import, ImportKind, Keep, TakenOver};
use crate::platform::files;
use crate::platform::terminal::Harmless;
use crate::site::counted;

/// Take torrents, totals and bans over from another tracker; all of it, or nothing
///
/// Totals are taken where they are larger than those that are there: the same file once more changes nothing. Bans
/// become a list with the name of the kind, which `tracker ban remove --list` ends. Users are not taken over.
#[derive(Debug, clap::Args)]
pub struct ImportArguments {
    /// Whose file it is
    #[arg(value_enum)]
    kind: Kind,
    /// The file, also packed by gzip, or `-` for standard input
    file: PathBuf,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Take what can be understood, when some entries cannot
    #[arg(long)]
    lenient: bool,
    /// The database, where a dump has several
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The trackers whose files can be read.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// A white list of opentracker: an info-hash a line
    OpentrackerList,
    /// What opentracker's `/stats?mode=statedump` prints: torrents and completed downloads
    OpentrackerState,
    /// A dump of TrackerCGI's database, by mysqldump, phpMyAdmin or `sqlite3 FILE .dump`
    #[value(name = "trackercgi")]
    TrackerCgi,
    /// A dump of RivetTracker's, PHPBTTracker's or PHPBTTracker+'s database
    #[value(name = "rivettracker", alias = "phpbttracker")]
    RivetTracker,
    /// Bitstorm's file of peers, or a dump of its database
    Bitstorm,
    /// A dump of XBT's database
    Xbt,
}

impl From<Kind> for ImportKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::OpentrackerList => Self::OpentrackerList,
            Kind::OpentrackerState => Self::OpentrackerState,
            Kind::TrackerCgi => Self::TrackerCgi,
            Kind::RivetTracker => Self::RivetTracker,
            Kind::Bitstorm => Self::Bitstorm,
            Kind::Xbt => Self::Xbt,
        }
    }
}

impl ImportArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let failed = |problem: &dyn std::fmt::Display| {
            let file = Harmless(self.file.display());
            CommandError::Failed(format!("{file} is not imported: {problem}"))
        };
        let (file, length) = open(&self.file).map_err(|problem| failed(&problem))?;
        let bar = Bar::of_bytes(length);
        let file = Watched { file, read: 0, bar: &bar };
        let import = Import::read(self.kind.into(), file, self.database.as_deref(), world.now);
        bar.finish();
        let import = import.map_err(|problem| failed(&problem))?;
        if import.skipped.count > 0 && !self.lenient {
            return Err(failed(&complaint(&import)));
        }
        let (list, keep) = (self.list(), if self.dry_run { Keep::Nothing } else { Keep::All });
        let bar = Bar::new();
        let mut progress = |count| bar.show("torrents written", count);
        let taken = if self.dry_run {
            consider(world, |catalog, author| {
                Ok(catalog.take_over(&import, &list, keep, author, &mut progress)?)
            })?
        } else {
            Some(change(world, |catalog, author| {
                Ok(catalog.take_over(&import, &list, keep, author, &mut progress)?)
            })?)
        };
        bar.finish();
        // Without a catalogue all of it would be new.
        let taken = taken.unwrap_or_else(|| TakenOver {
            new: import.torrents.len(),
            bans: import.bans.len(),
            ..TakenOver::default()
        });
        self.report(&import, taken, world)
    }

    /// The name of the list that bans go into.
    fn list(&self) -> String {
        let value = self.kind.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn report(
        &self,
        import: &Import,
        taken: TakenOver,
        world: &mut World<'_>,
    ) -> Result<(), CommandError> {
        if self.json {
            return world.print_json(&self.report_json(import, taken));
        }
        let file = self.file.display();
        let (torrents, bans) = (import.torrents.len(), import.bans.len());
        world.print(format_args!(
            "{}: {} and {} found\n",
            Harmless(file),
            counted(torrents, "torrent"),
            counted(bans, "ban")
        ))?;
        if import.skipped.count > 0 {
            let count = entries(import.skipped.count);
            world.print(format_args!("passed over: {count}{}\n", shown(import)))?;
        }
        for note in &import.notes {
            world.print(format_args!("note: {}\n", Harmless(note)))?;
        }
        let TakenOver { new, known, grown, said, external, bans, bans_before } = taken;
        world
            .print(format_args!("torrents: {new} new, {known} known; larger totals: {grown}\n"))?;
        if said > 0 {
            world.print(format_args!("hidden, retired, dated or described: {said}\n"))?;
        }
        if external > 0 {
            world.print(format_args!("tracked elsewhere, which is not asked yet: {external}\n"))?;
        }
        if bans > 0 {
            let list = self.list();
            let instead =
                if bans_before > 0 { format!(", instead of {bans_before}") } else { String::new() };
            world.print(format_args!("bans: {bans} in the list {list}{instead}\n"))?;
        }
        let done = if self.dry_run { "nothing is changed" } else { "taken over" };
        world.print(format_args!("{done}\n"))
    }

    fn report_json(&self, import: &Import, taken: TakenOver) -> Value {
        let skipped = &import.skipped.shown;
        let skipped: Vec<_> = skipped
            .iter()
            .map(|entry| json!({ "line": entry.line, "reason": entry.reason }))
            .collect();
        json!({
            "file": self.file.to_string_lossy(),
            "kind": self.list(),
            "dry_run": self.dry_run,
            "found": { "torrents": import.torrents.len(), "bans": import.bans.len() },
            "passed_over": { "count": import.skipped.count, "first": skipped },
            "notes": import.notes,
            "torrents": {
                "new": taken.new,
                "known": taken.known,
                "grown": taken.grown,
                "said": taken.said,
                "external": taken.external,
            },
            "bans": { "taken": taken.bans, "before": taken.bans_before },
        })
    }
}

/// Why nothing is taken of a file with entries that cannot be used.
fn complaint(import: &Import) -> String {
    format!(
        "{} cannot be used{}; mend the file, or take the others with --lenient",
        entries(import.skipped.count),
        shown(import)
    )
}

fn entries(count: usize) -> String {
    if count == 1 { "1 entry".into() } else { format!("{count} entries") }
}

/// The first entries that cannot be used.
fn shown(import: &Import) -> String {
    let entries = import.skipped.shown.iter();
    entries.map(|entry| format!("; {}: {}", entry.line, entry.reason)).collect()
}

/// Opens the file, and says how long it is.
fn open(file: &Path) -> io::Result<(Box<dyn Read>, Option<u64>)> {
    if file == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), None));
    }
    let (file, metadata) = files::open_linked(file, File::options().read(true))?;
    Ok((Box::new(file), Some(metadata.len())))
}

/// A file whose reader's progress is shown.
struct Watched<'a> {
    file: Box<dyn Read>,
    read: usize,
    bar: &'a Bar,
}

impl Read for Watched<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        self.read += count;
        self.bar.show("bytes read", self.read);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use crate::cli::Outcome;
    use crate::cli::tests::run_at;

    const HASH: &str = "a74a9fe051a5531d93fb5e9c44f0592466ea88cc";

    #[test]
    fn a_list_is_tried_refused_and_taken_over() {
        let home = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| run_at(home.path(), arguments);
        fs::create_dir_all(home.path().join("conf")).unwrap();
        fs::write(home.path().join("conf/tracker.toml"), "").unwrap();
        let file = home.path().join("white\u{1b}list");
        fs::write(&file, format!("{HASH} x\n {HASH}\n# comment\n{}\n", HASH.replace('a', "b")))
            .unwrap();
        let file = file.to_str().unwrap();
        let import = |more: &[&str]| run(&[&["import", "opentracker-list", file], more].concat());
        let refused = import(&[]);
        let said =
            "1 entry cannot be used; 2: an info-hash stands at the beginning of its line; mend";
        assert!(refused.failure().contains(said), "{}", refused.errors);
        let tried = import(&["--lenient", "--dry-run"]);
        tried.assert_done();
        assert!(tried.output.contains("white\\u{1b}list: 2 torrents and 0 bans found\n"));
        assert!(
            tried
                .output
                .ends_with("torrents: 2 new, 0 known; larger totals: 0\nnothing is changed\n")
        );
        assert!(!home.path().join("data/catalog.db").exists(), "nothing is made");
        let taken = import(&["--lenient"]);
        taken.assert_done();
        assert!(taken.output.ends_with("taken over\n"), "{}", taken.output);
        assert!(run(&["torrent", "list"]).output.ends_with("2 torrents\n"));
        let again: Value = serde_json::from_str(&import(&["--lenient", "--json"]).output).unwrap();
        assert_eq!(again["found"], json!({ "torrents": 2, "bans": 0 }));
        assert_eq!(
            (&again["torrents"]["new"], &again["torrents"]["known"]),
            (&json!(0), &json!(2))
        );
        assert_eq!(again["passed_over"]["first"][0]["line"], json!(2));
        let tried: Value =
            serde_json::from_str(&import(&["--lenient", "--json", "--dry-run"]).output).unwrap();
        assert_eq!((&tried["dry_run"], &tried["torrents"]["known"]), (&json!(true), &json!(2)));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let home = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| run_at(home.path(), arguments);
        let missing = run(&["import", "xbt", "/nowhere/x"]);
        assert!(missing.failure().contains("/nowhere/x is not imported"), "{}", missing.errors);
        let folder = home.path().to_str().unwrap();
        assert!(run(&["import", "xbt", folder]).failure().contains("not a regular file"));
        assert_eq!(run(&["import", "ocelot", "x"]).outcome, Outcome::WrongUsage);
    }
}
