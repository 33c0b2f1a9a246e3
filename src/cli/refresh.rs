//! `tracker refresh`: expires, rescans, carries over, publishes.

use super::progress::Bar;
use super::{CommandError, World};
use crate::gateway::give_way;
use crate::log::{self, Level};
use crate::site::{Published, counted, publish};
use crate::tracker::{Report, Skipped, Urgency};

/// Expire peers, rescan the torrents folder, rewrite the pages' fragments
#[derive(Debug, clap::Args)]
pub(super) struct RefreshArguments {
    /// Do it now, however young the last refresh is; after another one that is under way
    #[arg(long)]
    force: bool,
    /// With --force: do nothing while another one is under way, and end with exit status 3
    #[arg(long, requires = "force")]
    no_wait: bool,
}

/// The same as `refresh --force`
#[derive(Debug, clap::Args)]
pub(super) struct ForceRefreshArguments {
    /// Do nothing while another refresh is under way, and end with exit status 3
    #[arg(long)]
    no_wait: bool,
}

impl RefreshArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        match self.force {
            true => ForceRefreshArguments { no_wait: self.no_wait }.run(world),
            false => refresh(Urgency::WhenDue, world),
        }
    }
}

impl ForceRefreshArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        refresh(if self.no_wait { Urgency::NowUnlessBusy } else { Urgency::Now }, world)
    }
}

fn refresh(urgency: Urgency, world: &mut World<'_>) -> Result<(), CommandError> {
    give_way();
    let loaded = world.load_config()?;
    let mut bar = Bar::new();
    let outcome = publish(&loaded, urgency, &mut bar);
    bar.finish();
    match outcome? {
        Published::Done(report) => print_report(&report, world),
        Published::Skipped(Skipped::TooEarly(next)) => world.print(format_args!(
            "nothing to do: the next refresh is due in {next} seconds; --force does it now\n"
        )),
        Published::Skipped(Skipped::Busy) if urgency == Urgency::WhenDue => {
            world.print("nothing to do: another refresh is under way\n")
        }
        Published::Skipped(Skipped::Busy) => Err(CommandError::Busy(
            "nothing was done: another refresh is under way; without --no-wait this one waits for it",
        )),
    }
}

fn print_report(report: &Report, world: &mut World<'_>) -> Result<(), CommandError> {
    log::list(Level::Warning, &report.messages);
    let totals = report.totals;
    let hidden =
        if report.hidden == 0 { "".into() } else { format!(" (and {} hidden)", report.hidden) };
    world.print(format_args!(
        "refreshed: {}{hidden}, {}, {}, {}\n",
        counted(report.rows.len(), "torrent"),
        counted(totals.seeders, "seeder"),
        counted(totals.leechers, "leecher"),
        counted(totals.partial_seeds, "partial seed")
    ))
}
