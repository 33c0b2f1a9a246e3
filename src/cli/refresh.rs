//! `tracker refresh`: expires, rescans, carries over, publishes.

use std::io::Write as _;
use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};

use super::{CliError, Context};
use crate::site::{Published, publish};
use crate::tracker::{Progress, Skipped};

/// Expire peers, rescan the torrents folder, rewrite the pages' fragments.
#[derive(clap::Args)]
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

pub(super) fn run(
    arguments: &RefreshArguments,
    context: &mut Context<'_>,
) -> Result<(), CliError> {
    let loaded = context.load()?;
    let mut bar = Bar::new();
    let outcome = publish(&loaded, context.now, arguments.force, &mut bar);
    bar.finish();
    match outcome? {
        Published::Done(report) => {
            for message in &report.messages {
                crate::warning!("{message}");
            }
            let totals = report.totals;
            writeln!(
                context.out,
                "refreshed: {} torrents, {} seeders, {} leechers, {} partial seeds",
                report.rows.len(),
                totals.seeders,
                totals.leechers,
                totals.partial_seeds
            )?;
        }
        Published::Skipped(Skipped::TooEarly(next)) => {
            writeln!(context.out, "nothing to do: the next refresh is due in {next} seconds; --force does it now")?;
        }
        Published::Skipped(Skipped::Busy) => {
            writeln!(context.out, "nothing to do: another refresh is under way")?;
        }
    }
    Ok(())
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
