//! `tracker refresh`: expires, rescans, carries over, publishes.

use super::progress::Bar;
use super::{CommandError, World};
use crate::catalog::Arrival;
use crate::platform::log::{self, Level};
use crate::platform::process::give_way;
use crate::site::{PublishError, Published, counted, hide_new_data, publish};
use crate::tracker::external::refresh_external;
use crate::tracker::reachability::check_reachability;
use crate::tracker::{ReplicaRefresh, Report, Skipped, Urgency};

/// Expire peers, rescan the torrents folder, rewrite the pages' fragments
#[derive(Debug, clap::Args)]
pub(super) struct RefreshArguments {
    /// Do it now, however young the last refresh is; after another one that is under way
    #[arg(long)]
    force: bool,
    /// With --force: do nothing while another one is under way, and end with exit status 3
    #[arg(long, requires = "force")]
    no_wait: bool,
    /// Say only what is wrong: for cron, which sends a mail of all that is printed
    #[arg(long)]
    quiet: bool,
}

/// The same as `refresh --force`
#[derive(Debug, clap::Args)]
pub(super) struct ForceRefreshArguments {
    /// Do nothing while another refresh is under way, and end with exit status 3
    #[arg(long)]
    no_wait: bool,
    /// Say only what is wrong
    #[arg(long)]
    quiet: bool,
}

impl RefreshArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        match self.force {
            true => ForceRefreshArguments { no_wait: self.no_wait, quiet: self.quiet }.run(world),
            false => refresh(Urgency::WhenDue, self.quiet, world),
        }
    }
}

impl ForceRefreshArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let urgency = if self.no_wait { Urgency::NowUnlessBusy } else { Urgency::Now };
        refresh(urgency, self.quiet, world)
    }
}

fn refresh(urgency: Urgency, quiet: bool, world: &mut World<'_>) -> Result<(), CommandError> {
    give_way();
    if quiet {
        log::leave_out_information();
    }
    let mut loaded = world.load_config()?;
    hide_new_data(&mut loaded).map_err(PublishError::from)?;
    let mut bar = Bar::new();
    let outcome = publish(&loaded, urgency, &mut bar);
    bar.finish();
    let said = match outcome? {
        Published::Done(report) => {
            log::list(Level::Warning, &report.messages);
            refresh_external(&loaded, report.at)?;
            check_reachability(&loaded, report.at)?;
            summary(&report)
        }
        Published::Replica(done) => replica_summary(done),
        Published::Skipped(Skipped::TooEarly(next)) => format!(
            "nothing to do: the next refresh is due in {next} seconds; --force does it now\n"
        ),
        Published::Skipped(Skipped::Busy) if urgency == Urgency::WhenDue => {
            "nothing to do: another refresh is under way\n".into()
        }
        Published::Skipped(Skipped::Busy) => {
            return Err(CommandError::Busy(
                "nothing was done: another refresh is under way; without --no-wait this one waits for it",
            ));
        }
    };
    if quiet { Ok(()) } else { world.print(said) }
}

fn replica_summary(done: ReplicaRefresh) -> String {
    let policy = match done.arrival {
        Arrival::Accepted => "a new policy snapshot is in force",
        Arrival::Known => "no new policy snapshot",
        Arrival::Busy => "another process takes the policy snapshot in",
    };
    let expired = done.expired.map(|peers| format!(", {} expired", counted(peers, "peer")));
    format!("replica: {policy}{}\n", expired.unwrap_or_default())
}

fn summary(report: &Report) -> String {
    let totals = report.totals;
    let unlisted = match report.unlisted.is_empty() {
        true => String::new(),
        false => format!(" (and {})", report.unlisted),
    };
    format!(
        "refreshed: {}{unlisted}, {}, {}, {}\n",
        counted(report.rows.len(), "torrent"),
        counted(totals.seeders, "seeder"),
        counted(totals.leechers, "leecher"),
        counted(totals.partial_seeds, "partial seed")
    )
}
