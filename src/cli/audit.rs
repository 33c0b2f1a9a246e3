//! `tracker audit`: who has changed what, when, and how it was before and is now.

use serde_json::json;

use super::{CommandError, World};
use crate::catalog::{Catalog, ChangeSearch};
use crate::platform::date;
use crate::platform::terminal::Harmless;

/// List what was changed, in the administration or by command; the newest first
#[derive(Debug, clap::Args)]
pub(super) struct AuditArguments {
    /// Only what this person has changed
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// Only changes of this kind, as the list names them
    #[arg(long, value_name = "KIND")]
    what: Option<String>,
    /// Only changes to what this is part of, such as an info-hash
    #[arg(long, value_name = "TEXT")]
    subject: Option<String>,
    /// So many at most
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    most: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl AuditArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let loaded = world.load_owner_config()?;
        let search = ChangeSearch {
            who: self.who.as_deref(),
            what: self.what.as_deref(),
            subject: self.subject.as_deref(),
            before: None,
        };
        let catalog = Catalog::read(&loaded.config.paths.catalog)?;
        let found = catalog.find_changes(&search, self.most)?;
        if self.json {
            let list = found.iter().map(|change| {
                json!({
                    "at": change.at.0,
                    "who": change.who,
                    "what": change.what,
                    "subject": change.subject,
                    "before": change.before,
                    "after": change.after,
                })
            });
            return world.print_json(&list.collect());
        }
        found.iter().try_for_each(|change| {
            world.print(format_args!(
                "{}  {}: {} {}\n",
                date::rfc_3339(change.at.0),
                Harmless(&change.who),
                Harmless(&change.what),
                Harmless(&change.subject),
            ))?;
            [("before", &change.before), ("after", &change.after)].iter().try_for_each(
                |(words, text)| match text {
                    Some(text) => world.print(format_args!("  {words}: {}\n", Harmless(text))),
                    None => Ok(()),
                },
            )
        })
    }
}
