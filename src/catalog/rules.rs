//! The owner's rules on who may announce, read together.

use super::{Ban, Catalog, CatalogError, ClientRule};

/// The owner's rules on who may announce.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Addresses that may not.
    pub bans: Vec<Ban>,
    /// Clients that may not, or may.
    pub client_rules: Vec<ClientRule>,
}

impl Catalog {
    /// The owner's rules on who may announce.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn rules(&self) -> Result<Rules, CatalogError> {
        Ok(Rules { bans: self.bans()?, client_rules: self.client_rules()? })
    }
}
