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

/// The last one of a name counts: nginx sends each `fastcgi_param`, the included defaults first.
impl Variables for Params<'_> {
    fn get(&self, name: &str) -> Option<&[u8]> {
        let mut found = None;
        for (known, value) in self.iter().flatten() {
            if known == name.as_bytes() {
                found = Some(value);
            }
        }
        found
    }

    /// In one pass.
    fn get_each<'v>(&'v self, names: &[&str], values: &mut [&'v [u8]]) {
        values.fill(&[]);
        for (known, value) in self.iter().flatten() {
            if let Some(place) = names.iter().position(|name| known == name.as_bytes())
                && let Some(found) = values.get_mut(place)
            {
                *found = value;
            }
        }
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
        let mut values = [&b"what was there"[..]; 4];
        params.get_each(&["A", "B", "C", "D"], &mut values);
        assert_eq!(values, [b"4".as_slice(), b"2", b"", b""]);
        assert_eq!((params.get("A"), params.get("D")), (Some(&b"4"[..]), None));
    }
}
