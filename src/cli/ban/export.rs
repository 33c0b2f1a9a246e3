//! `tracker ban export`: the bans in the forms of other programs.

use std::net::IpAddr;

use crate::catalog::{Ban, Catalog};
use crate::cli::{CommandError, World};
use crate::protocol::AddressRange;

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

impl ExportArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let catalog = Catalog::read(&world.load_owner_config()?.config.paths.catalog)?;
        let mut bans = catalog.bans()?;
        bans.retain(|ban| ban.is_in_force(world.now));
        match self.format {
            Format::Cidr => {
                let ranges = bans.iter().map(|ban| ban.range).collect();
                for network in
                    AddressRange::merged(ranges).into_iter().flat_map(AddressRange::networks)
                {
                    world.print(format_args!("{network}\n"))?;
                }
                Ok(())
            }
            Format::P2p => bans.iter().try_for_each(|ban| {
                let (first, last) = ban.range.ends();
                world.print(format_args!("{}:{first}-{last}\n", label(ban).replace(':', " ")))
            }),
            Format::Dat => bans.iter().try_for_each(|ban| {
                let (first, last) = ban.range.ends();
                let (first, last) = (padded(first), padded(last));
                world.print(format_args!("{first:<15} - {last:<15} , 000 , {}\n", label(ban)))
            }),
        }
    }
}

/// What says where a ban comes from; one line.
fn label(ban: &Ban) -> String {
    let label = [&ban.reason, &ban.list].into_iter().find(|label| !label.is_empty());
    label.map_or("banned", String::as_str).replace(char::is_control, " ")
}

/// Addresses of IPv4 with three digits for each number.
fn padded(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{a:03}.{b:03}.{c:03}.{d:03}")
        }
        IpAddr::V6(address) => address.to_string(),
    }
}
