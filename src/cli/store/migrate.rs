//! `tracker store migrate`: the peers and totals of one store, taken to another.

use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::json;

use super::super::progress::Bar;
use super::super::{CommandError, World};
use crate::config::{LoadedConfig, StoreKind, absolute};
use crate::site::counted;
use crate::tracker::{Migrated, migrate};

/// Take all peers and totals to a store of another kind, or to another file
///
/// The store that is in use goes on as it is. The other one is used once the configuration names it;
/// what to write there is printed.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct MigrateArguments {
    /// The kind of the other store
    #[arg(long, value_enum, value_name = "KIND")]
    to: Kind,
    /// The file of the other store, instead of the usual one of its kind
    #[arg(long, value_name = "FILE")]
    path: Option<PathBuf>,
    /// Do it even if the other store holds peers, which are lost then
    #[arg(long)]
    force: bool,
}

/// The kinds of store, as a person names them.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// A SQLite file
    Sqlite,
    /// Shared memory
    Shm,
}

impl From<Kind> for StoreKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => Self::Sqlite,
            Kind::Shm => Self::Shm,
        }
    }
}

impl MigrateArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let from = world.load_config()?;
        let path = self.path.map(|path| absolute(&world.surroundings.current_folder, &path));
        let to = from
            .with_store(self.to.into(), path)
            .map_err(|flaw| CommandError::Failed(format!("cannot migrate there: {flaw}")))?;
        let mut bar = Bar::new();
        let outcome = migrate(&from, &to, world.now, self.force, &mut bar);
        bar.finish();
        print_done(world, &outcome?, &from)?;
        print_what_to_do(world, &from, &to)
    }
}

fn print_done(
    world: &mut World<'_>,
    done: &Migrated,
    from: &LoadedConfig,
) -> Result<(), CommandError> {
    world.print(format_args!(
        "taken over: {}, {} from {}\n",
        counted(done.swarms, "swarm"),
        counted(done.peers, "peer"),
        from.config.store.path.display()
    ))?;
    if done.replaced > 0 {
        let replaced = counted(done.replaced, "peer");
        world.print(format_args!("in place of {replaced} that were there before\n"))?;
    }
    Ok(())
}

fn print_what_to_do(
    world: &mut World<'_>,
    from: &LoadedConfig,
    to: &LoadedConfig,
) -> Result<(), CommandError> {
    let file = match &from.file {
        Some(file) => file.display().to_string(),
        None => "a configuration of yours, which `tracker config default` begins".into(),
    };
    let store = &to.config.store;
    world.print(format_args!(
        "\nTo use it, put this into {file}:\n\n[store]\nkind = {}\npath = {}\n\n\
         What clients announce until then stays in the old store. Nothing is lost to them: they\n\
         announce again within an interval. Remove the old store then, {};\n\
         to come back to it, migrate again.\n",
        json!(store.kind.name()),
        json!(store.path.to_string_lossy()),
        from.config.store.path.display()
    ))
}
