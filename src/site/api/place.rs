//! The addresses below `/api`.

use crate::protocol::InfoHash;

/// What is asked for below `/api`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::site) enum Place {
    /// `/api/v1/torrents`
    Torrents,
    /// `/api/v1/torrents/<hash>`
    Torrent(InfoHash),
    /// `/api/v1/torrents/` with something that is no info-hash.
    NotAHash,
    /// `/api/v1/stats`
    Stats,
    /// `/api/v1/history`
    History,
    /// `/api/v1/openapi.json`
    Description,
    /// Nothing of ours.
    Unknown,
}

impl Place {
    /// Reads the parts of a path that begins with `api`; `None` for any other.
    pub(in crate::site) fn of<'a>(path: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut parts = path.into_iter();
        if parts.next()? != b"api" {
            return None;
        }
        let parts: [Option<&[u8]>; 4] = std::array::from_fn(|_| parts.next());
        let [Some(b"v1"), Some(name), hash, None] = parts else { return Some(Self::Unknown) };
        Some(match (name, hash) {
            (b"torrents", Some(digits)) => {
                InfoHash::from_hex_of_any(digits).map_or(Self::NotAHash, Self::Torrent)
            }
            (b"torrents", None) => Self::Torrents,
            (b"stats", None) => Self::Stats,
            (b"history", None) => Self::History,
            (b"openapi.json", None) => Self::Description,
            _ => Self::Unknown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_addresses_of_version_1_are_known() {
        let place = |path: &str| Place::of(path.split('/').map(str::as_bytes));
        let sevens = Place::Torrent(InfoHash([0x77; 20]));
        assert_eq!(place(&format!("api/v1/torrents/{}", "7".repeat(40))), Some(sevens));
        assert_eq!(place(&format!("api/v1/torrents/{}", "7".repeat(64))), Some(sevens));
        for (path, expected) in [
            ("api/v1/torrents", Place::Torrents),
            ("api/v1/torrents/7", Place::NotAHash),
            ("api/v1/stats", Place::Stats),
            ("api/v1/history", Place::History),
            ("api/v1/openapi.json", Place::Description),
            ("api", Place::Unknown),
            ("api/v1", Place::Unknown),
            ("api/v2/stats", Place::Unknown),
            ("api/v1/stats/7", Place::Unknown),
            ("api/v1/torrents/7/peers", Place::Unknown),
            ("api/v1/torrents/7/peers/8", Place::Unknown),
        ] {
            assert_eq!(place(path), Some(expected), "{path}");
        }
        assert_eq!(place("v1/api/stats"), None);
        assert_eq!(place(""), None);
    }
}
