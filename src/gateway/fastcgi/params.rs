//! The parameters of a FastCGI request as variables: slices of the bytes as they came.

use super::record::{Pairs, Truncated};
use crate::gateway::Variables;

/// A whole PARAMS stream.
#[derive(Clone, Copy, Debug)]
pub struct Params<'a> {
    bytes: &'a [u8],
}

impl<'a> Params<'a> {
    /// The parameters in `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Walks over all names and values, in the order in which they came.
    pub fn iter(&self) -> Pairs<'a> {
        Pairs::new(self.bytes)
    }

    /// Fails when the last pair is cut off.
    ///
    /// # Errors
    /// [`Truncated`].
    pub fn check(&self) -> Result<(), Truncated> {
        self.iter().try_for_each(|pair| pair.map(|_| ()))
    }
}

impl Variables for Params<'_> {
    /// The last one counts: nginx sends each `fastcgi_param` of a name, the included defaults first.
    fn get(&self, name: &str) -> Option<&[u8]> {
        let mut found = None;
        for (known, value) in self.iter().flatten() {
            if known == name.as_bytes() {
                found = Some(value);
            }
        }
        found
    }
}
