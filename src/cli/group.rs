//! `tracker group`: whose torrents an editor looks after.

use serde_json::json;

use super::user::change;
use super::{CommandError, World};
use crate::catalog::{Catalog, UserName};
use crate::platform::terminal::Harmless;
use crate::site::counted;

/// Groups of users: an editor looks after the torrents of their groups
#[derive(Debug, clap::Subcommand)]
pub enum GroupCommand {
    /// Add a group; a torrent is in it by `tracker torrent edit --group`
    Add {
        /// What it is called
        name: UserName,
    },
    /// List the groups
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a group; its users and torrents stay
    Remove {
        /// The group
        name: UserName,
    },
}

impl GroupCommand {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        match self {
            Self::Add { name } => {
                let is_new =
                    change(world, |catalog, author| Ok(catalog.add_group(&name, author)?))?;
                let told = if is_new { "is added" } else { "is there already" };
                world.print(format_args!("{}: {told}\n", Harmless(&name)))
            }
            Self::List { json } => list(json, world),
            Self::Remove { name } => {
                let was_there =
                    change(world, |catalog, author| Ok(catalog.remove_group(&name, author)?))?;
                if was_there {
                    return world.print(format_args!("{}: is removed\n", Harmless(&name)));
                }
                Err(CommandError::Failed(format!(
                    "there is no group {name}; `tracker group list` shows all"
                )))
            }
        }
    }
}

fn list(json: bool, world: &mut World<'_>) -> Result<(), CommandError> {
    let loaded = world.load_owner_config()?;
    let groups = Catalog::read(&loaded.config.paths.catalog)?.groups()?;
    if json {
        let list = groups.iter().map(
            |group| json!({ "name": group.name, "users": group.users, "created": group.created.0 }),
        );
        return world.print_json(&list.collect());
    }
    if groups.is_empty() {
        return world.print("there are no groups; `tracker group add NAME` makes one\n");
    }
    groups.iter().try_for_each(|group| {
        let users = counted(usize::try_from(group.users).unwrap_or(usize::MAX), "user");
        world.print(format_args!("{}  {users}\n", Harmless(&group.name)))
    })
}
