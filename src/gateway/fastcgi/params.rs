//! The parameters of a FastCGI request as variables: slices of the bytes as they came.

use super::record::Pairs;
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
}

impl Variables for Params<'_> {
    fn visit<'v>(&'v self, visitor: &mut dyn FnMut(&'v [u8], &'v [u8])) {
        self.iter().flatten().for_each(|(name, value)| visitor(name, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::fastcgi::testing::pairs;

    #[test]
    fn the_last_of_a_name_counts_and_what_is_not_set_is_empty() {
        let bytes = pairs(&[("A", "1"), ("B", "2"), ("AB", "3"), ("A", "4"), ("C", "")]);
        let params = Params::new(&bytes);
        let mut visited = Vec::new();
        params.visit(&mut |name, value| visited.extend([name, value].concat()));
        assert_eq!(visited, b"A1B2AB3A4C");
        assert_eq!((params.get("A"), params.get("D")), (Some(&b"4"[..]), None));
    }
}
