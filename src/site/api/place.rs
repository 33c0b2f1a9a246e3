//! The addresses below `/api`.

use crate::protocol::InfoHash;

/// What is asked for below `/api`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::site) enum Place {
    /// `/api/v1/torrents`
    Torrents,
    /// `/api/v1/torrents/<hash>`
    Torrent(InfoHash),
    /// `/api/v1/torrents/<hash>/decision`
    Decision(InfoHash),
    /// `/api/v1/torrents/<hash>/peers`
    Peers(InfoHash),
    /// `/api/v1/torrents/` with something that is no info-hash.
    NotAHash,
    /// `/api/v1/stats`
    Stats,
    /// `/api/v1/history`
    History,
    /// `/api/v1/bans`, or one of them by its range.
    Bans(Which),
    /// `/api/v1/clients`, or one of the rules by its pattern.
    Clients(Which),
    /// `/api/v1/switches`
    Switches,
    /// `/api/v1/users`, or one of them by the name.
    Users(Which),
    /// `/api/v1/groups`, or one of them by the name.
    Groups(Which),
    /// `/api/v1/refresh`
    Refresh,
    /// `/api/v1/changes`
    Changes,
    /// `/api/v1/openapi.json`
    Description,
    /// Nothing of ours.
    Unknown,
}

/// All of a kind, or one of them, whose name is the rest of the path: it may have slashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::site) enum Which {
    All,
    One,
}

impl Place {
    /// Whether everybody may read it.
    pub(super) fn is_open(self) -> bool {
        !matches!(
            self,
            Self::Decision(_)
                | Self::Peers(_)
                | Self::Bans(_)
                | Self::Clients(_)
                | Self::Switches
                | Self::Users(_)
                | Self::Groups(_)
                | Self::Refresh
                | Self::Changes
        )
    }

    /// Reads the parts of a path that begins with `api`; `None` for any other.
    pub(in crate::site) fn of<'a>(path: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut parts = path.into_iter();
        if parts.next()? != b"api" {
            return None;
        }
        let (Some(b"v1"), Some(name)) = (parts.next(), parts.next()) else {
            return Some(Self::Unknown);
        };
        let rest: [Option<&[u8]>; 3] = std::array::from_fn(|_| parts.next());
        let which = if rest[0].is_some() { Which::One } else { Which::All };
        Some(match (name, rest) {
            (b"bans", _) => Self::Bans(which),
            (b"clients", _) => Self::Clients(which),
            (b"users", _) => Self::Users(which),
            (b"groups", _) => Self::Groups(which),
            (b"torrents", [Some(digits), below, None]) => {
                match (InfoHash::from_hex_of_any(digits), below) {
                    (Some(hash), None) => Self::Torrent(hash),
                    (Some(hash), Some(b"decision")) => Self::Decision(hash),
                    (Some(hash), Some(b"peers")) => Self::Peers(hash),
                    (None, None) => Self::NotAHash,
                    _ => Self::Unknown,
                }
            }
            (b"torrents", [None, ..]) => Self::Torrents,
            (b"stats", [None, ..]) => Self::Stats,
            (b"history", [None, ..]) => Self::History,
            (b"switches", [None, ..]) => Self::Switches,
            (b"refresh", [None, ..]) => Self::Refresh,
            (b"changes", [None, ..]) => Self::Changes,
            (b"openapi.json", [None, ..]) => Self::Description,
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
        let below = |name: &str| place(&format!("api/v1/torrents/{}/{name}", "7".repeat(40)));
        assert_eq!(below("peers"), Some(Place::Peers(InfoHash([0x77; 20]))));
        assert_eq!(below("decision"), Some(Place::Decision(InfoHash([0x77; 20]))));
        assert_eq!((below("x"), below("peers/x")), (Some(Place::Unknown), Some(Place::Unknown)));
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
            ("api/v1/bans", Place::Bans(Which::All)),
            ("api/v1/bans/192.0.2.0/24", Place::Bans(Which::One)),
            ("api/v1/clients/-XL", Place::Clients(Which::One)),
            ("api/v1/users/a/b/c/d", Place::Users(Which::One)),
            ("api/v1/groups", Place::Groups(Which::All)),
            ("api/v1/changes", Place::Changes),
            ("api/v1/switches", Place::Switches),
            ("api/v1/refresh", Place::Refresh),
            ("api/v1/refresh/7", Place::Unknown),
            ("api/v1/torrents/7/peers/8", Place::Unknown),
        ] {
            assert_eq!(place(path), Some(expected), "{path}");
        }
        assert_eq!(place("v1/api/stats"), None);
        assert_eq!(place(""), None);
    }
}
