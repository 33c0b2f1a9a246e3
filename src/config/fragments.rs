//! The key `fragments` of `[pages]`.

use serde::{Deserialize, Serialize};

/// Of what there are fragments for pages of the owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FragmentsOf {
    /// All torrents together.
    All,
    /// Each category.
    Categories,
    /// Each group.
    Groups,
    /// Each torrent that has a static page.
    Torrents,
}
