//! The health of an installation, checked from the configuration to a real announce through the web server, with a
//! remedy for what is wrong. It only reads; `tracker doctor` prints it.
//!
//! `checks` lists all checks, in the order of their causes: what a check finds may be the reason of
//! what a later one would find, and one reason is said once.

mod accounts;
mod announce;
mod announced;
mod checks;
mod configuration;
mod decisions;
mod demand;
mod examination;
mod exposed;
mod folders;
mod hints;
mod http;
mod memory;
mod outcome;
mod pages;
mod peer_addresses;
mod public_lists;
mod refreshes;
mod replica;
mod reply;
mod rules;
mod state;
mod static_pages;
mod switches;
mod torrents;

use std::fmt::Display;
use std::io;

pub use self::examination::{Examination, Reach};
pub use self::outcome::Outcome;

use self::checks::{CHECKS, CONFIGURATION, Check};
use crate::config::ConfigError;
use crate::platform::privilege;

/// What a check found.
#[derive(Debug)]
pub struct Finding {
    /// The check's name.
    pub check: &'static str,
    /// What it checks.
    pub about: &'static str,
    /// How it ended.
    pub outcome: Outcome,
}

impl Finding {
    fn of(check: &Check, outcome: Outcome) -> Self {
        Self { check: check.name, about: check.about, outcome }
    }

    /// The configuration cannot be used, and so there is nothing else to check.
    #[must_use]
    pub fn unusable_configuration(problem: &ConfigError) -> Self {
        let outcome = match problem {
            ConfigError::Unreadable { file, source }
                if source.kind() == io::ErrorKind::PermissionDenied && !privilege::is_root() =>
            {
                accounts::unseen(file, None)
            }
            problem => Outcome::of_error(problem),
        };
        Self::of(&CONFIGURATION, outcome)
    }

    /// Nobody can act for the site as the configuration has it.
    #[must_use]
    pub fn unusable_site(problem: impl Display) -> Self {
        Self::of(&CONFIGURATION, Outcome::of_error(problem))
    }
}

/// Whether the data can be fetched over the web; nothing where no web server answers.
#[must_use]
pub fn data_over_the_web(examination: &Examination<'_>) -> Option<Outcome> {
    exposed::data(examination)
}

impl Examination<'_> {
    /// Makes all checks.
    #[must_use]
    pub fn run(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for check in CHECKS.iter().filter(|check| replica::is_checked(check.name, self)) {
            if let Some(outcome) = (check.run)(self) {
                self.note(&outcome, check.concerns_pages);
                findings.push(Finding::of(check, outcome));
            }
        }
        findings
    }
}
