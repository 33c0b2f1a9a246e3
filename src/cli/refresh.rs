//! `tracker refresh`: expires, rescans, carries over, publishes.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

use super::{CommandError, World};
use crate::site::{Published, publish};
use crate::tracker::{Progress, Skipped};

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
        let loaded = world.load_config()?;
        let mut bar = Bar::new();
        let outcome = publish(&loaded, world.now, self.force, &mut bar);
        bar.finish();
        match outcome? {
            Published::Done(report) => {
                for message in &report.messages {
                    crate::warning!("{message}");
                }
                let totals = report.totals;
                world.print(format_args!(
                    "refreshed: {} torrents, {} seeders, {} leechers, {} partial seeds\n",
                    report.rows.len(),
                    totals.seeders,
                    totals.leechers,
                    totals.partial_seeds
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

/// A progress bar on a terminal; nothing elsewhere, so that cron sends no mail.
struct Bar(Option<ProgressBar>);

impl Bar {
    fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::no_length();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    fn show(&self, what: &'static str, count: usize) {
        if let Some(bar) = &self.0 {
            bar.set_message(what);
            bar.set_position(u64::try_from(count).unwrap_or(u64::MAX));
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Bar {
    fn files(&mut self, count: usize) {
        self.show("files read", count);
    }

    fn swarms(&mut self, count: usize) {
        self.show("swarms counted", count);
    }
}
