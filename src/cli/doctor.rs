//! `tracker doctor`: checks an installation, from the configuration to a real announce through the
//! web server, and says how to mend what is wrong. It only reads.
//!
//! `checks` lists all checks, in the order of their causes: what a check finds may be the reason of
//! what a later one would find, and one reason is said once.

mod accounts;
mod announce;
mod checks;
mod configuration;
mod examination;
mod exposed;
mod folders;
mod hints;
mod http;
mod memory;
mod outcome;
mod pages;
mod refreshes;
mod reply;
mod state;
mod torrents;

use std::io;

use serde_json::json;

use self::checks::CHECKS;
use self::examination::Examination;
use self::outcome::Outcome;
use super::{CommandError, World};
use crate::config::ConfigError;
use crate::platform::privilege;
use crate::platform::terminal::Harmless;
use crate::site::counted;

/// Check this installation; root and the web server's user see all of it
#[derive(Debug, clap::Args)]
pub struct DoctorArguments {
    /// Ask nothing over the network
    #[arg(long)]
    offline: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What a check found.
struct Finding {
    check: &'static str,
    about: &'static str,
    outcome: Outcome,
}

impl DoctorArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let findings = match world.load_config() {
            Ok(loaded) => {
                let mut examination = Examination::new(&loaded, &world.surroundings, world.now);
                examination.is_offline = self.offline;
                examine(&examination)
            }
            Err(problem) => vec![Finding {
                check: checks::CONFIGURATION.name,
                about: checks::CONFIGURATION.about,
                outcome: unusable_configuration(&problem),
            }],
        };
        match self.json {
            true => print_json(&findings, world)?,
            false => print(&findings, world)?,
        }
        match findings.iter().filter(|finding| finding.outcome.is_wrong()).count() {
            0 => Ok(()),
            1 => Err(CommandError::Failed("1 check failed; what to do stands beside it".into())),
            several => Err(CommandError::Failed(format!(
                "{} failed; what to do stands beside each",
                counted(several, "check")
            ))),
        }
    }
}

fn examine(examination: &Examination<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for check in CHECKS {
        if let Some(outcome) = (check.run)(examination) {
            examination.note(&outcome);
            findings.push(Finding { check: check.name, about: check.about, outcome });
        }
    }
    findings
}

/// Without a configuration there is nothing else to check.
fn unusable_configuration(problem: &CommandError) -> Outcome {
    match problem {
        CommandError::Config(ConfigError::Unreadable { file, source })
            if source.kind() == io::ErrorKind::PermissionDenied && !privilege::is_root() =>
        {
            accounts::unseen(file, None)
        }
        problem => Outcome::of_error(problem),
    }
}

fn print(findings: &[Finding], world: &mut World<'_>) -> Result<(), CommandError> {
    for Finding { check, outcome, .. } in findings {
        let mark = outcome.mark();
        world.print(format_args!("{mark:<5}  {check}: {}\n", Harmless(outcome.text())))?;
    }
    Ok(())
}

fn print_json(findings: &[Finding], world: &mut World<'_>) -> Result<(), CommandError> {
    let list = findings.iter().map(|Finding { check, about, outcome }| {
        json!({
            "check": check,
            "about": about,
            "state": outcome.state(),
            "text": outcome.text(),
            "remedy": outcome.remedy(),
        })
    });
    world.print_json(&list.collect())
}
