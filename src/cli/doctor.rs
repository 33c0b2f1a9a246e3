//! `tracker doctor`: prints what the checks of an installation find, and fails where something is wrong.

use serde_json::json;

use super::{CommandError, World};
use crate::platform::terminal::Harmless;
use crate::site::counted;
use crate::site::health::{Examination, Finding, Reach};

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

impl DoctorArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let reach = if self.offline { Reach::ThisMachine } else { Reach::Network };
        let findings = match world.load_config_to_examine() {
            Ok(loaded) => Examination::new(&loaded, &world.surroundings, world.now, reach).run(),
            Err(CommandError::Config(problem)) => vec![Finding::unusable_configuration(&problem)],
            Err(problem) => vec![Finding::unusable_site(problem)],
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
