//! Peers in a policy snapshot that nobody can connect to.

use super::format::{NewSection, UNREACHABLE};
use crate::protocol::{ENDPOINT_LEN, Endpoint};

/// The section of these endpoints, which are sorted.
pub(super) fn section_of(unreachable: &[Endpoint]) -> NewSection {
    let bytes = unreachable.iter().flat_map(|endpoint| endpoint.0).collect();
    NewSection::of(UNREACHABLE, ENDPOINT_LEN, bytes)
}
