//! `tracker ban export`: the bans in the forms of other programs.

use std::net::IpAddr;

use crate::catalog::{Ban, Catalog};
use crate::cli::{CommandError, World};
use crate::platform::address_range::AddressRange;

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
        // Not line by line: each would be a system call.
        world.print(self.format.text(&bans))
    }
}

impl Format {
    /// The whole list.
    fn text(self, bans: &[Ban]) -> String {
        if let Self::Cidr = self {
            let ranges = AddressRange::merged(bans.iter().map(|ban| ban.range).collect());
            let networks = ranges.into_iter().flat_map(AddressRange::networks);
            return networks.map(|network| format!("{network}\n")).collect();
        }
        let lines = bans.iter().map(|ban| {
            let ((first, last), label) = (ban.range.ends(), label(ban));
            match self {
                Self::Dat => {
                    format!("{:<15} - {:<15} , 000 , {label}\n", padded(first), padded(last))
                }
                Self::P2p | Self::Cidr => format!("{}:{first}-{last}\n", label.replace(':', " ")),
            }
        });
        lines.collect()
    }
}

/// The banned networks, one a line.
pub(in crate::cli) fn networks(bans: &[Ban]) -> String {
    Format::Cidr.text(bans)
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
