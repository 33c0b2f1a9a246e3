//! `tracker user edit`: what somebody may.

use super::{change, find};
use crate::catalog::{Role, UserName};
use crate::cli::{CommandError, World};
use crate::config::Language;
use crate::platform::terminal::Harmless;

/// Change what a user may; with another role they have to sign in again
#[derive(Debug, clap::Args)]
pub struct EditArguments {
    /// The user
    name: UserName,
    /// What they may: `admin`, `editor`, `viewer` or `member`
    #[arg(long, value_parser = super::role)]
    role: Option<Role>,
    /// The groups that they are in, instead of those of before; several times for several groups
    #[arg(long, value_name = "GROUP")]
    group: Option<Vec<String>>,
    /// They are in no group
    #[arg(long, conflicts_with = "group")]
    no_group: bool,
    /// They may not sign in
    #[arg(long)]
    disable: bool,
    /// They may sign in again
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// The language of their pages (en, ru); empty: that of their browser
    #[arg(long, value_parser = language)]
    language: Option<String>,
}

impl EditArguments {
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        if self.is_without_a_wish() {
            return Err(CommandError::Usage("say what is to change of the user".into()));
        }
        change(world, |catalog, author| {
            let user = find(catalog, &self.name)?;
            let mut details = user.details();
            if let Some(role) = self.role {
                details.role = role;
            }
            if let Some(groups) = self.group {
                details.groups = groups;
            }
            if self.no_group {
                details.groups.clear();
            }
            details.is_disabled = self.disable || (details.is_disabled && !self.enable);
            if let Some(language) = self.language {
                details.language = Some(language).filter(|it| !it.is_empty());
            }
            Ok(catalog.change_user(user.id, Some(user.version), &details, author)?)
        })?;
        world.print(format_args!("{}: is changed\n", Harmless(&self.name)))
    }
}

impl EditArguments {
    fn is_without_a_wish(&self) -> bool {
        let is_said = [self.no_group, self.disable, self.enable];
        self.role.is_none()
            && self.group.is_none()
            && self.language.is_none()
            && !is_said.contains(&true)
    }
}

fn language(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    match Language::of_tag(text) {
        Some(language) => Ok(language.tag().to_owned()),
        None => Err("it is en or ru".to_owned()),
    }
}
