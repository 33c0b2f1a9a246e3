//! Bans as other programs read them, and what a list of bans may be called.

use std::net::IpAddr;

use super::Ban;
use crate::platform::address_range::AddressRange;

/// The form of a list of bans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BanFormat {
    /// Networks, one a line, for firewalls.
    Cidr,
    /// PeerGuardian's.
    P2p,
    /// eMule's ipfilter.dat.
    Dat,
}

/// Why a list of bans is not called so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BanListNameError {
    /// It is that of the bans that the tracker makes.
    #[error("`{}` is the list of the bans that the tracker makes itself", Ban::AUTOMATIC)]
    Automatic,
    /// It is empty, too long, or has control characters.
    #[error("write 1 to 100 bytes without line breaks")]
    Form,
}

/// The name of a list that is imported, without blanks around it: 1 to 100 bytes.
///
/// # Errors
/// When no list may be called so.
pub fn ban_list_name(text: &str) -> Result<String, BanListNameError> {
    let name = text.trim();
    if name == Ban::AUTOMATIC {
        return Err(BanListNameError::Automatic);
    }
    if !(1..=100).contains(&name.len()) || name.chars().any(char::is_control) {
        return Err(BanListNameError::Form);
    }
    Ok(name.to_owned())
}

impl BanFormat {
    /// The whole list.
    #[must_use]
    pub fn text(self, bans: &[Ban]) -> String {
        let line = match self {
            Self::Cidr => return networks(bans),
            Self::P2p => p2p_line,
            Self::Dat => dat_line,
        };
        bans.iter().map(line).collect()
    }
}

fn networks(bans: &[Ban]) -> String {
    let ranges = AddressRange::merged(bans.iter().map(|ban| ban.range).collect());
    let networks = ranges.into_iter().flat_map(AddressRange::networks);
    networks.map(|network| format!("{network}\n")).collect()
}

fn p2p_line(ban: &Ban) -> String {
    let (first, last) = ban.range.ends();
    format!("{}:{first}-{last}\n", label(ban).replace(':', " "))
}

fn dat_line(ban: &Ban) -> String {
    let (first, last) = ban.range.ends();
    format!("{:<15} - {:<15} , 000 , {}\n", padded(first), padded(last), label(ban))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_a_name_of_one_line_that_is_not_the_trackers() {
        assert_eq!(ban_list_name(" level1 ").as_deref(), Ok("level1"));
        assert_eq!(ban_list_name("automatic"), Err(BanListNameError::Automatic));
        for text in ["", "  ", "a\nb", &"x".repeat(101)] {
            assert_eq!(ban_list_name(text), Err(BanListNameError::Form), "{text:?}");
        }
    }
}
