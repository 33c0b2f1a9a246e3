//! The owner's rules on who may announce, and what is known of peers, read together.

use super::{Ban, Catalog, CatalogError, ClientRule, Switches};
use crate::protocol::Endpoint;

/// The owner's rules on who may announce.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Addresses that may not.
    pub bans: Vec<Ban>,
    /// Clients that may not, or may.
    pub client_rules: Vec<ClientRule>,
    /// Peers that nobody can connect to, sorted.
    pub unreachable: Vec<Endpoint>,
    /// What is set over the configuration.
    pub switches: Switches,
}

impl Catalog {
    /// The owner's rules on who may announce.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn rules(&self) -> Result<Rules, CatalogError> {
        Ok(Rules {
            bans: self.bans()?,
            client_rules: self.client_rules()?,
            unreachable: self.unreachable()?,
            switches: self.switches()?,
        })
    }
}
