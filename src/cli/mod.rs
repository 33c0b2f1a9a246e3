//! The command line: `tracker COMMAND`, one file a subcommand.
//!
//! A subcommand is a `clap::Args` or `clap::Subcommand` with a method `run(self, &mut World)`. It
//! prints to the world, and returns why it failed as one sentence that says what to do.

mod audit;
mod backup;
mod ban;
mod change;
mod client;
mod config;
mod doctor;
mod explain;
mod export;
mod external;
mod fastcgi;
mod group;
mod import;
mod init;
mod own_files;
mod peers;
mod progress;
mod reachability;
mod refresh;
mod restore;
mod scrape;
mod stats;
mod store;
mod switch;
mod torrent;
mod user;

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Parser;

pub use fastcgi::options as fastcgi_options;

use crate::catalog::{BackupError, CatalogError, HistoryError, UserError};
use crate::config::{ConfigError, Face, LayoutError, LoadedConfig, Surroundings, act_for_owner};
use crate::gateway::{ListenError, server::ServeError};
use crate::platform::named_files::TooManyFiles;
use crate::platform::privilege::PrivilegeError;
use crate::platform::terminal::{Harmless, HarmlessLines, harmless_json};
use crate::protocol::Timestamp;
use crate::site::{PublishError, clock};
use crate::store::StoreError;
use crate::tracker::reachability::ReachabilityError;
use crate::tracker::{MigrateError, OverviewError, RefreshError};

/// The BitTorrent tracker for the web server you already run.
#[derive(Debug, Parser)]
#[command(name = "tracker", bin_name = "tracker", version, arg_required_else_help = true)]
struct CommandLine {
    /// The configuration, instead of the first that is found in the usual places
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Init(init::InitArguments),
    Refresh(refresh::RefreshArguments),
    ForceRefresh(refresh::ForceRefreshArguments),
    #[command(name = "fastcgi")]
    FastCgi(fastcgi::FastCgiArguments),
    #[command(subcommand)]
    Config(config::ConfigCommand),
    #[command(subcommand)]
    Torrent(torrent::TorrentCommand),
    #[command(subcommand)]
    Ban(ban::BanCommand),
    #[command(subcommand)]
    Client(client::ClientCommand),
    #[command(subcommand)]
    Switch(switch::SwitchCommand),
    #[command(subcommand)]
    User(user::UserCommand),
    #[command(subcommand)]
    Group(group::GroupCommand),
    #[command(subcommand)]
    External(external::ExternalCommand),
    Import(import::ImportArguments),
    Export(export::ExportArguments),
    Stats(stats::StatsArguments),
    Peers(peers::PeersArguments),
    Scrape(scrape::ScrapeArguments),
    Explain(explain::ExplainArguments),
    #[command(subcommand)]
    Reachability(reachability::ReachabilityCommand),
    #[command(subcommand)]
    Store(store::StoreCommand),
    Audit(audit::AuditArguments),
    Backup(backup::BackupArguments),
    Restore(restore::RestoreArguments),
    Doctor(doctor::DoctorArguments),
}

impl Command {
    fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        match self {
            Self::Init(arguments) => arguments.run(world),
            Self::Refresh(arguments) => arguments.run(world),
            Self::ForceRefresh(arguments) => arguments.run(world),
            Self::FastCgi(arguments) => arguments.run(world),
            Self::Config(command) => command.run(world),
            Self::Torrent(command) => command.run(world),
            Self::Ban(command) => command.run(world),
            Self::Client(command) => command.run(world),
            Self::Switch(command) => command.run(world),
            Self::User(command) => command.run(world),
            Self::Group(command) => command.run(world),
            Self::External(command) => command.run(world),
            Self::Import(arguments) => arguments.run(world),
            Self::Export(arguments) => arguments.run(world),
            Self::Stats(arguments) => arguments.run(world),
            Self::Peers(arguments) => arguments.run(world),
            Self::Scrape(arguments) => arguments.run(world),
            Self::Explain(arguments) => arguments.run(world),
            Self::Reachability(command) => command.run(world),
            Self::Store(command) => command.run(world),
            Self::Audit(arguments) => arguments.run(world),
            Self::Backup(arguments) => arguments.run(world),
            Self::Restore(arguments) => arguments.run(world),
            Self::Doctor(arguments) => arguments.run(world),
        }
    }
}

/// All that a command has to do with outside its arguments and the files that it names.
pub struct World<'a> {
    /// Where the process was started, and as what.
    pub surroundings: Surroundings,
    /// The file that `--config` names.
    pub config_file: Option<PathBuf>,
    /// The time, read once.
    pub now: Timestamp,
    output: &'a mut dyn Write,
}

impl World<'_> {
    /// Finds and reads the configuration, and becomes the site's owner, should root run the command.
    ///
    /// # Errors
    /// When it cannot be read or followed, root cannot act for the owner, or another user may not see the data.
    pub fn load_config(&self) -> Result<LoadedConfig, CommandError> {
        let loaded = self.load_config_to_examine()?;
        if loaded.file.is_none() {
            crate::info!(
                "no configuration file was found, so built-in defaults count; name yours with --config FILE or \
                 TRACKER_CONFIG"
            );
        }
        let data = loaded.config.paths.catalog.parent();
        match data.map(|data| (data, fs::read_dir(data))) {
            Some((data, Err(problem))) if problem.kind() == io::ErrorKind::PermissionDenied => {
                Err(CommandError::NotYours(data.to_owned()))
            }
            _ => Ok(loaded),
        }
    }

    /// The same for a command that says itself what it may not see.
    ///
    /// # Errors
    /// When it cannot be read or followed, or root cannot act for the owner.
    pub fn load_config_to_examine(&self) -> Result<LoadedConfig, CommandError> {
        let loaded = self.read_config()?;
        act_for_owner(&loaded)?;
        Ok(loaded)
    }

    /// The same for a command that needs the catalogue, which only the owner's host has.
    ///
    /// # Errors
    /// As for `load_config`, and on a replica.
    pub fn load_owner_config(&self) -> Result<LoadedConfig, CommandError> {
        let loaded = self.load_config()?;
        match loaded.config.is_replica() {
            false => Ok(loaded),
            true => {
                Err(PublishError::from(RefreshError::Replica { owner: loaded.owner_in_words() })
                    .into())
            }
        }
    }

    /// The same for a command that touches nothing of the site, or not yet.
    ///
    /// # Errors
    /// When it cannot be read or followed.
    pub fn read_config(&self) -> Result<LoadedConfig, CommandError> {
        Ok(LoadedConfig::load(&self.surroundings, self.config_file.as_deref())?)
    }

    /// Writes `value` to the standard output, for programs.
    ///
    /// # Errors
    /// As for `print`.
    pub fn print_json(&mut self, value: &serde_json::Value) -> Result<(), CommandError> {
        self.print(format_args!("{}\n", harmless_json(value)))
    }

    /// Writes `text` to the standard output, with all escaped that could steer a terminal. Its line breaks
    /// stay; names that others have given go into it as [`Harmless`].
    ///
    /// # Errors
    /// When it cannot be written, also because nobody reads it any more: the command is then to
    /// stop, and that is no failure.
    pub fn print(&mut self, text: impl fmt::Display) -> Result<(), CommandError> {
        write!(self.output, "{}", HarmlessLines(text)).map_err(CommandError::Output)
    }
}

/// Why a command did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// There is no configuration to go by.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Another user's data.
    #[error("you may not see the data in {}; run this with sudo, or as the web server's user", .0.display())]
    NotYours(PathBuf),
    /// Root cannot act for the site's owner.
    #[error(transparent)]
    Privilege(#[from] PrivilegeError),
    /// The folders and files of a site cannot be made.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A refresh did not come to its end.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// More files are named than can be open.
    #[error(transparent)]
    Named(#[from] TooManyFiles),
    /// The catalogue cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A user is not as was wanted.
    #[error(transparent)]
    User(#[from] UserError),
    /// The history cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The catalogue was not copied or not restored.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The peer store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Catalogue or peer store cannot be read.
    #[error(transparent)]
    Overview(#[from] OverviewError),
    /// The peers were not taken to another store.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The responder cannot listen there.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Peers could not be tried.
    #[error(transparent)]
    Reachability(#[from] ReachabilityError),
    /// The responder stopped.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The output went nowhere.
    #[error("cannot write the output: {0}; make room, or send it elsewhere")]
    Output(io::Error),
    /// What the command was for failed: one sentence that says what to do.
    #[error("{0}")]
    Failed(String),
    /// Nothing was done, as another process is at it.
    #[error("{0}")]
    Busy(&'static str),
    /// The arguments make no sense together.
    #[error("{0}; see --help")]
    Usage(String),
}

/// How a command ended: its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it was asked for.
    Done = 0,
    /// It did not; the reason is on standard error, in one line.
    Failed = 1,
    /// It did not understand its arguments.
    WrongUsage = 2,
    /// It did nothing, as another process is at it and it was not to wait.
    Busy = 3,
}

/// Does what the arguments of this process say, the first of which is its own name.
pub fn run(arguments: Vec<OsString>) -> Outcome {
    let surroundings = Surroundings::of_this_process(Face::CommandLine, arguments.first().cloned());
    // Not locked: a responder's other threads write to the log.
    run_in(surroundings, arguments, &mut io::stdout(), &mut io::stderr())
}

fn run_in(
    surroundings: Surroundings,
    arguments: impl IntoIterator<Item = OsString>,
    output: &mut dyn Write,
    errors: &mut dyn Write,
) -> Outcome {
    let line = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) if error.use_stderr() => {
            // Where standard error is closed, the exit status has to do.
            let _ = write!(errors, "{}", HarmlessLines(error.render()));
            return Outcome::WrongUsage;
        }
        Err(help) => return report(print_help(&help, output), errors),
    };
    let mut world = World { surroundings, config_file: line.config, now: clock(), output };
    let result = line.command.run(&mut world);
    let flushed = world.output.flush().map_err(CommandError::Output);
    report(result.and(flushed), errors)
}

fn print_help(help: &clap::Error, output: &mut dyn Write) -> Result<(), CommandError> {
    write!(output, "{}", help.render()).and_then(|()| output.flush()).map_err(CommandError::Output)
}

fn report(result: Result<(), CommandError>, errors: &mut dyn Write) -> Outcome {
    let (error, outcome) = match result {
        Ok(()) => return Outcome::Done,
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            return Outcome::Done;
        }
        Err(error @ CommandError::Usage(_)) => (error, Outcome::WrongUsage),
        Err(error @ CommandError::Busy(_)) => (error, Outcome::Busy),
        Err(error) => (error, Outcome::Failed),
    };
    // Names of files and keys may hold line breaks; a reason is one line all the same.
    let _ = writeln!(errors, "tracker: {}", Harmless(error));
    outcome
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::CommandFactory as _;

    use super::*;

    /// What a run printed and how it ended.
    pub(super) struct Ran {
        pub(super) outcome: Outcome,
        pub(super) output: String,
        pub(super) errors: String,
    }

    impl Ran {
        pub(super) fn assert_done(&self) {
            assert_eq!((self.outcome, self.errors.as_str()), (Outcome::Done, ""));
        }

        /// Asserts a failure with one line on standard error, and returns it.
        pub(super) fn failure(&self) -> &str {
            assert_eq!(self.outcome, Outcome::Failed);
            assert!(self.errors.starts_with("tracker: "), "{}", self.errors);
            assert_eq!(self.errors.matches('\n').count(), 1, "{}", self.errors);
            self.errors.trim_end()
        }
    }

    /// Runs a command in `folder`, as an executable `bin/tracker` in it.
    pub(super) fn run_at(folder: &Path, arguments: &[&str]) -> Ran {
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let outcome = run_in(surroundings(folder), line(arguments), &mut output, &mut errors);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { outcome, output: text(output), errors: text(errors) }
    }

    fn surroundings(folder: &Path) -> Surroundings {
        Surroundings {
            started_as: folder.join("bin/tracker"),
            current_folder: folder.to_owned(),
            tracker_config: None,
            system_file: folder.join("etc/tracker.toml"),
        }
    }

    fn line(arguments: &[&str]) -> Vec<OsString> {
        std::iter::once(&"tracker").chain(arguments).map(OsString::from).collect()
    }

    /// An output that fails in one way.
    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn outcome_with(kind: io::ErrorKind, arguments: &[&str]) -> Outcome {
        let surroundings = surroundings(Path::new("/nowhere"));
        run_in(surroundings, line(arguments), &mut Broken(kind), &mut io::sink())
    }

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn help_and_version_go_to_the_output() {
        for arguments in
            [&["--help"][..], &["help", "init"], &["init", "--help"], &["config", "show", "--help"]]
        {
            let ran = run_at(Path::new("/nowhere"), arguments);
            ran.assert_done();
            assert!(ran.output.contains("Usage: tracker"), "{}", ran.output);
        }
        let ran = run_at(Path::new("/nowhere"), &["--version"]);
        assert_eq!(ran.output, format!("tracker {}\n", env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn wrong_usage_is_told_apart_from_failure() {
        for arguments in [&[][..], &["frobnicate"], &["config"], &["config", "show", "--xml"]] {
            let ran = run_at(Path::new("/nowhere"), arguments);
            assert_eq!(ran.outcome, Outcome::WrongUsage, "{arguments:?}");
            assert!(ran.errors.contains("Usage: tracker"), "{}", ran.errors);
            assert_eq!(ran.output, "");
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure_and_a_full_disk_is() {
        for arguments in [&["config", "default"][..], &["--help"]] {
            assert_eq!(outcome_with(io::ErrorKind::BrokenPipe, arguments), Outcome::Done);
            assert_eq!(outcome_with(io::ErrorKind::StorageFull, arguments), Outcome::Failed);
        }
    }

    #[test]
    fn exit_statuses_are_those_of_the_manual() {
        let all = [Outcome::Done, Outcome::Failed, Outcome::WrongUsage, Outcome::Busy];
        assert_eq!(all.map(|outcome| outcome as u8), [0, 1, 2, 3]);
    }

    #[test]
    fn a_reason_is_one_line_whatever_a_file_is_called() {
        let ran = run_at(Path::new("/nowhere"), &["--config", "a\nb", "config", "check"]);
        assert!(ran.failure().contains("a\\nb"), "{}", ran.errors);
    }
}
