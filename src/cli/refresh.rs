//! `tracker refresh`: expires, rescans, carries over, publishes.

use super::progress::Bar;
use super::{CommandError, World};
use crate::gateway::give_way;
use crate::log::{self, Level};
use crate::site::{Published, counted, publish};
use crate::tracker::Skipped;

/// Expire peers, rescan the torrents folder, rewrite the pages' fragments.
#[derive(Debug, clap::Args)]
pub struct RefreshArguments {
    /// Do it now, however young the last refresh is
    #[arg(long)]
    force: bool,
}

impl RefreshArguments {
    /// What `tracker force-refresh` means.
    pub(super) fn forced() -> Self {
        Self { force: true }
    }
}

impl RefreshArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        give_way();
        let loaded = world.load_config()?;
        let mut bar = Bar::new();
        let outcome = publish(&loaded, world.now, self.force, &mut bar);
        bar.finish();
        match outcome? {
            Published::Done(report) => {
                log::list(Level::Warning, &report.messages);
                let totals = report.totals;
                world.print(format_args!(
                    "refreshed: {}, {}, {}, {}\n",
                    counted(report.rows.len(), "torrent"),
                    counted(totals.seeders, "seeder"),
                    counted(totals.leechers, "leecher"),
                    counted(totals.partial_seeds, "partial seed")
                ))?;
            }
            Published::Skipped(Skipped::TooEarly(next)) => {
                world.print(format_args!("nothing to do: the next refresh is due in {next} seconds; --force does it now\n"))?;
            }
            Published::Skipped(Skipped::Busy) => {
                world.print(format_args!("nothing to do: another refresh is under way\n"))?;
            }
        }
        Ok(())
    }
}
