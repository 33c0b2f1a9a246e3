//! `tracker user add`: somebody who may sign in.

use super::change;
use super::password::{self, NewPassword};
use crate::catalog::{Catalog, Role, UserDetails, UserName};
use crate::cli::{CommandError, World};
use crate::platform::terminal::Harmless;

/// Add a user: the first one is an administrator, others only look around, unless a role is given
#[derive(Debug, clap::Args)]
pub struct AddArguments {
    /// What they are called
    name: UserName,
    /// What they may: `admin` everything, `editor` torrents of their groups, `viewer` look around, `member` announce
    #[arg(long, value_parser = super::role)]
    role: Option<Role>,
    /// A group that they are in, which is there; several times for several groups
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    #[command(flatten)]
    password: NewPassword,
}

impl AddArguments {
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let loaded = world.load_owner_config()?;
        let has_users = Catalog::read(&loaded.config.paths.catalog)?.has_users()?;
        let role = self.role.unwrap_or(if has_users { Role::Viewer } else { Role::Administrator });
        let hash = self.password.hash(self.name.as_str(), &loaded)?;
        let details = UserDetails { groups: self.group, ..UserDetails::new(role) };
        change(world, |catalog, author| {
            Ok(catalog.add_user(&self.name, &details, hash.as_deref(), author)?)
        })?;
        let name = Harmless(&self.name);
        world.print(format_args!("{name}: is added, as {}\n", role.name()))?;
        password::tell_what_is_next(&self.name, hash.is_some(), &loaded, world)
    }
}
