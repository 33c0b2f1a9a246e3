//! `[network]`: whose word counts about addresses, and which addresses and ports peers may have.

use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use super::{HeaderName, TrustedProxy};
use crate::platform::network::Network;

/// Which addresses count, and which of them peers may have.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// Proxies that are believed when they name the client: addresses, CIDR ranges, or "unix:" for
    /// those that come over a Unix socket.
    pub trusted_proxies: Vec<TrustedProxy>,
    /// The one header by which they name it.
    pub client_address_header: HeaderName,
    /// Whether ip=, ipv4= and ipv6= in an announce count: "never", "private" (only when the announce
    /// itself comes from a private or loopback address), "always".
    pub stated_addresses: StatedAddressRule,
    /// Whether peers may have addresses that cannot be reached from everywhere: "allow"; "refuse"; "lan", where
    /// such a peer is told to those only who are as near as it is.
    pub private_addresses: PrivateAddresses,
    /// Over which protocols peers are reached: "both", "ipv4", "ipv6".
    pub families: Families,
    /// Ports that no peer may have.
    pub refused_ports: Vec<NonZeroU16>,
    /// Whether ports below 1024, which belong to the services of a system, are refused too.
    pub refuse_low_ports: bool,
}

impl NetworkConfig {
    /// The trusted proxies that have an address.
    #[must_use]
    pub fn trusted_network(&self) -> Network {
        let ranges = self.trusted_proxies.iter().filter_map(|proxy| match proxy {
            TrustedProxy::At(range) => Some(*range),
            TrustedProxy::Unix => None,
        });
        ranges.collect()
    }

    /// Whether proxies that come over a Unix socket are trusted.
    #[must_use]
    pub fn trusts_unix(&self) -> bool {
        self.trusted_proxies.contains(&TrustedProxy::Unix)
    }
}

/// When an address in the query of an announce is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StatedAddressRule {
    /// Never.
    Never,
    /// Only when the announce comes from a private or loopback address.
    Private,
    /// Always.
    Always,
}

/// What is done about peers at private and reserved addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PrivateAddresses {
    /// They are peers like others.
    Allow,
    /// They are refused.
    Refuse,
    /// Those at private addresses are told to each other only; those at reserved ones are refused.
    Lan,
}

/// The protocols over which peers are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Families {
    /// Either.
    Both,
    /// IPv4 only.
    Ipv4,
    /// IPv6 only.
    Ipv6,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            client_address_header: HeaderName::usual(),
            stated_addresses: StatedAddressRule::Never,
            private_addresses: PrivateAddresses::Allow,
            families: Families::Both,
            refused_ports: Vec::new(),
            refuse_low_ports: false,
        }
    }
}
