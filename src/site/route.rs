//! Which request goes where.

use crate::gateway::Request;
use crate::protocol::Parameters;

/// A place in the URL space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// A client announces.
    Announce,
    /// A client asks for figures.
    Scrape,
    /// A person wants the statistics.
    Stats,
    /// A program wants figures of the tracker itself.
    Metrics,
    /// A person opened the tracker itself.
    Home,
    /// Nothing of ours.
    Unknown,
}

impl Route {
    /// Reads PATH_INFO; without one, the name that the program is installed under; without a telling
    /// name, a query with an info-hash is an announce, as with Bitstorm.
    pub(super) fn of(request: &Request<'_>) -> Self {
        let path = request.path_info.trim_ascii();
        let segments = path.split(|&byte| byte == b'/').filter(|part| !part.is_empty());
        let mut last_two = [None, None];
        let mut count = 0;
        for segment in segments {
            last_two = [last_two[1], Some(segment)];
            count += 1;
        }
        match (count, last_two) {
            (0, _) => Self::by_script_name(request),
            (1, [_, Some(name)]) => Self::named(name).unwrap_or(Self::Unknown),
            // `/<passkey>/announce`, as private trackers have it.
            (2, [Some(_), Some(name)]) => match Self::named(name) {
                Some(route @ (Self::Announce | Self::Scrape)) => route,
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }

    fn by_script_name(request: &Request<'_>) -> Self {
        let name = request.script_name.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        match Self::named(name) {
            Some(route @ (Self::Announce | Self::Scrape)) => route,
            _ if asks_about_a_torrent(request.query) => Self::Announce,
            _ => Self::Home,
        }
    }

    /// A name with or without an ending: clients keep the suffix when they turn an announce address
    /// into that of the scrape (BEP 48).
    fn named(name: &[u8]) -> Option<Self> {
        // Some clients send "announce ?info_hash=..." or a second `?` in the path.
        let stem = name.split(|&byte| matches!(byte, b'.' | b' ' | b'?')).next()?;
        match stem {
            b"announce" => Some(Self::Announce),
            b"scrape" => Some(Self::Scrape),
            b"stats" => Some(Self::Stats),
            b"metrics" => Some(Self::Metrics),
            _ => None,
        }
    }
}

/// Whether a query comes from a BitTorrent client.
pub(super) fn asks_about_a_torrent(query: &[u8]) -> bool {
    Parameters::of(query).any(|(name, _)| name == b"info_hash")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Variables;

    struct Fixed([(&'static str, &'static str); 3]);

    impl Variables for Fixed {
        fn visit<'v>(&'v self, visitor: &mut dyn FnMut(&'v [u8], &'v [u8])) {
            self.0.iter().for_each(|(name, value)| visitor(name.as_bytes(), value.as_bytes()));
        }
    }

    fn route(script: &'static str, path: &'static str, query: &'static str) -> Route {
        let variables =
            Fixed([("SCRIPT_NAME", script), ("PATH_INFO", path), ("QUERY_STRING", query)]);
        Route::of(&Request::new(&variables, b""))
    }

    #[test]
    fn the_path_below_the_script_says_what_is_wanted() {
        for (path, expected) in [
            ("/announce", Route::Announce),
            ("/announce.php", Route::Announce),
            ("/announce/", Route::Announce),
            ("/announce ", Route::Announce),
            ("/scrape", Route::Scrape),
            ("/0123456789abcdef/announce", Route::Announce),
            ("/0123456789abcdef/scrape", Route::Scrape),
            ("/stats", Route::Stats),
            ("/metrics", Route::Metrics),
            ("/x/stats", Route::Unknown),
            ("/a/b/announce", Route::Unknown),
            ("/nothing", Route::Unknown),
            ("/", Route::Home),
        ] {
            assert_eq!(route("/cgi-bin/tracker.cgi", path, ""), expected, "{path}");
        }
    }

    #[test]
    fn a_script_installed_as_announce_announces() {
        assert_eq!(route("/bt/announce.cgi", "", ""), Route::Announce);
        assert_eq!(route("/scrape", "", "info_hash=x"), Route::Scrape);
    }

    #[test]
    fn a_bare_script_takes_an_info_hash_for_an_announce() {
        assert_eq!(route("/tracker.cgi", "", "peer_id=x&info_hash=y"), Route::Announce);
        assert_eq!(route("/tracker.cgi", "", "refresh"), Route::Home);
    }
}
