//! `tracker ban export`: the bans in the forms of other programs.

use crate::catalog::{BanFormat, Catalog};
use crate::cli::{CommandError, World};

/// Print the bans for other programs
#[derive(Debug, clap::Args)]
pub struct ExportArguments {
    /// As networks for firewalls, PeerGuardian's list, or eMule's ipfilter.dat
    #[arg(long, value_enum, default_value = "cidr")]
    format: Format,
}

/// The form of a list.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Cidr,
    P2p,
    Dat,
}

impl From<Format> for BanFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Cidr => Self::Cidr,
            Format::P2p => Self::P2p,
            Format::Dat => Self::Dat,
        }
    }
}

impl ExportArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let catalog = Catalog::read(&world.load_owner_config()?.config.paths.catalog)?;
        let mut bans = catalog.bans()?;
        bans.retain(|ban| ban.is_in_force(world.now));
        // Not line by line: each would be a system call.
        world.print(BanFormat::from(self.format).text(&bans))
    }
}
