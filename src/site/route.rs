//! Which request goes where, and by whose secret.

use super::static_pages::STYLE_FILE;
use super::static_pages::dynamic::TorrentPart;
use super::{admin, api};
use crate::config::AccessConfig;
use crate::gateway::{Method, Request};
use crate::platform::network::Network;
use crate::protocol::{InfoHash, Parameters, Passkey};

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
    /// A program watches whether the tracker works.
    Health,
    /// A person looks for torrents.
    List,
    /// A person wants to see a torrent, or something of it.
    Torrent(InfoHash, TorrentPart),
    /// A browser wants the stylesheet of pages.
    Style,
    /// A program reads what everybody may know, or shows a token and does more.
    Api(api::Place),
    /// Somebody administers.
    Admin,
    /// A person opened the tracker itself.
    Home,
    /// Nothing of ours.
    Unknown,
}

/// A place and the passkey in its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// What is asked for.
    pub route: Route,
    /// As in `/<passkey>/announce`.
    pub passkey: Option<Passkey>,
}

impl From<Route> for Place {
    fn from(route: Route) -> Self {
        Self { route, passkey: None }
    }
}

impl Place {
    /// Reads PATH_INFO; without one, the name that the program is installed under; without a telling
    /// name, what REQUEST_URI has behind the program; without that, a query with an info-hash is an
    /// announce, as with Bitstorm.
    pub(super) fn of(request: &Request<'_>) -> Self {
        // Nearly all requests are these, and need no further look.
        if request.path_info == b"/announce" {
            return Route::Announce.into();
        }
        let path = request.path_info.trim_ascii();
        // Some servers repeat the program's own path.
        let script = request.script_name.strip_suffix(b"/").unwrap_or(request.script_name);
        match path.strip_prefix(script) {
            Some([]) => Self::by_script_name(request),
            Some(rest) if rest.starts_with(b"/") => Self::below_the_script(rest, request),
            _ => Self::below_the_script(path, request),
        }
    }

    fn below_the_script(path: &[u8], request: &Request<'_>) -> Self {
        match Self::by_path(path) {
            Some(place) => place,
            None => Self::by_script_name(request),
        }
    }

    /// `None` when the path has no parts.
    fn by_path(path: &[u8]) -> Option<Self> {
        let segments = parts(path);
        if let Some(place) = api::Place::of(segments.clone()) {
            return Some(Route::Api(place).into());
        }
        if admin::is_below_admin(path) {
            return Some(Route::Admin.into());
        }
        let mut last = [None, None, None];
        let mut count = 0;
        for segment in segments {
            last = [last[1], last[2], Some(segment)];
            count += 1;
        }
        let place = match (count, last) {
            (0, _) => return None,
            (1, [.., Some(name)]) if name == STYLE_FILE.as_bytes() => Route::Style.into(),
            // Links on it would lead below it.
            (1, [.., Some(b"list")]) if path.ends_with(b"/") => Route::Unknown.into(),
            (1, [.., Some(name)]) => Route::named(name).unwrap_or(Route::Unknown).into(),
            (2, [_, Some(b"t"), Some(_)]) if path.ends_with(b"/") => Route::Unknown.into(),
            (2, [_, Some(b"t"), Some(name)]) => match name.strip_suffix(b".torrent") {
                Some(digits) => Route::of_torrent(digits, TorrentPart::File).into(),
                None => Route::of_torrent(name, TorrentPart::Page).into(),
            },
            (3, [Some(b"t"), Some(digits), Some(b"badge.svg")]) => {
                Route::of_torrent(digits, TorrentPart::Badge).into()
            }
            (3, [Some(b"t"), Some(digits), Some(b"history.svg")]) => {
                Route::of_torrent(digits, TorrentPart::Chart).into()
            }
            // `/<passkey>/announce`, as private trackers have it.
            (2, [_, Some(passkey), Some(name)]) => match Route::named(name) {
                Some(route @ (Route::Announce | Route::Scrape)) => {
                    Self { route, passkey: Passkey::parse(passkey) }
                }
                _ => Route::Unknown.into(),
            },
            _ => Route::Unknown.into(),
        };
        Some(place)
    }

    fn by_script_name(request: &Request<'_>) -> Self {
        if let Some(place) = api_in(request.script_name) {
            return Route::Api(place).into();
        }
        if admin::ends_in_admin(request.script_name) {
            return Route::Admin.into();
        }
        let mut parts = request.script_name.rsplit(|&byte| byte == b'/');
        if let Some(route) = parts.find(|part| !part.is_empty()).and_then(Route::named) {
            return route.into();
        }
        match Self::by_address(request) {
            Some(Self { route: Route::Home, .. }) | None if asks_about_a_torrent(request.query) => {
                Route::Announce.into()
            }
            Some(place) => place,
            None => Route::Home.into(),
        }
    }

    /// What the address that the client asked for has behind the program; `None` when that is not
    /// told, or is not below the program because the server maps one to the other.
    fn by_address(request: &Request<'_>) -> Option<Self> {
        let address = request.variables.get("REQUEST_URI")?;
        let path = path_of(address);
        let script = request.script_name.strip_suffix(b"/").unwrap_or(request.script_name);
        let rest = path.strip_prefix(script)?;
        if !rest.is_empty() && !rest.starts_with(b"/") {
            return None;
        }
        let decoded: Vec<u8> = percent_encoding::percent_decode(rest).collect();
        Some(Self::by_path(decoded.trim_ascii()).unwrap_or(Route::Home.into()))
    }
}

impl Route {
    fn of_torrent(digits: &[u8], part: TorrentPart) -> Self {
        InfoHash::from_hex_of_any(digits).map_or(Self::Unknown, |hash| Self::Torrent(hash, part))
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
            b"list" => Some(Self::List),
            b"health" => Some(Self::Health),
            _ => None,
        }
    }
}

fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    path.split(|&byte| byte == b'/').filter(|part| !part.is_empty())
}

/// The address of the API that a script's whole path ends in.
fn api_in(script: &[u8]) -> Option<api::Place> {
    let mut rest = parts(script);
    while rest.clone().next().is_some_and(|part| part != b"api") {
        rest.next();
    }
    // The program may lie in a folder of that name.
    api::Place::of(rest).filter(|place| *place != api::Place::Unknown)
}

impl Route {
    /// Whether a client that asks there about a torrent has another address than that of announces and scrapes.
    pub(super) fn is_not_for_clients(self) -> bool {
        matches!(self, Self::Stats | Self::Metrics | Self::Health | Self::Torrent(..))
            || self.is_of_pages()
    }

    /// Whether there is something only where the owner wants pages for visitors.
    pub(super) fn is_of_pages(self) -> bool {
        match self {
            // One that the catalogue has is given out by nobody else.
            Self::Torrent(_, part) => part != TorrentPart::File,
            other => matches!(other, Self::List | Self::Style),
        }
    }

    /// Whether it is something of the API that needs a token.
    pub(super) fn is_managed(self, method: Method) -> bool {
        matches!(self, Self::Api(place) if api::is_managed(method, place))
    }

    /// Bytes of body that a request to it may bring at most.
    pub(super) fn body_limit(self, request: &Request<'_>) -> usize {
        match self {
            Self::Admin if request.method == Method::Post => admin::body_limit(request),
            Self::Api(place) => api::body_limit(place, request),
            _ => 0,
        }
    }

    /// To whom the owner shows a page of figures; to all, where that is nobody.
    pub(super) fn shown_to(self, access: &AccessConfig) -> &Network {
        match self {
            Self::Metrics => &access.metrics_from,
            _ => &access.stats_from,
        }
    }
}

/// The path of a REQUEST_URI, which some servers give with scheme and host.
fn path_of(address: &[u8]) -> &[u8] {
    let path = address.split(|&byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default();
    let scheme =
        [&b"http://"[..], b"https://"].into_iter().find(|&scheme| path.starts_with(scheme));
    let Some(rest) = scheme.and_then(|scheme| path.strip_prefix(scheme)) else { return path };
    let host = rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
    rest.get(host..).unwrap_or_default()
}

/// Whether a query comes from a BitTorrent client.
pub(super) fn asks_about_a_torrent(query: &[u8]) -> bool {
    Parameters::of(query).any(|(name, _)| name == b"info_hash")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Variables;

    const SEVENS: InfoHash = InfoHash([7; 20]);

    struct Fixed([(&'static str, &'static str); 4]);

    impl Variables for Fixed {
        fn visit<'v>(&'v self, visitor: &mut dyn FnMut(&'v [u8], &'v [u8])) {
            self.0.iter().for_each(|(name, value)| visitor(name.as_bytes(), value.as_bytes()));
        }
    }

    fn route(script: &'static str, path: &'static str, query: &'static str) -> Route {
        route_at(script, path, query, "")
    }

    fn route_at(
        script: &'static str,
        path: &'static str,
        query: &'static str,
        address: &'static str,
    ) -> Route {
        let variables = Fixed([
            ("SCRIPT_NAME", script),
            ("PATH_INFO", path),
            ("QUERY_STRING", query),
            ("REQUEST_URI", address),
        ]);
        place_of(&variables).route
    }

    fn place_of(variables: &Fixed) -> Place {
        Place::of(&Request::new(variables, b""))
    }

    #[test]
    fn a_path_may_hold_a_passkey() {
        let passkey = |path| {
            let variables =
                [("SCRIPT_NAME", "/tracker.cgi"), ("PATH_INFO", path), ("", ""), ("", "")];
            let found = place_of(&Fixed(variables)).passkey;
            found.map(|passkey| String::from_utf8(passkey.as_bytes().to_vec()).unwrap())
        };
        for path in ["/0123456789abcdef/announce", "/0123456789abcdef/scrape.php"] {
            assert_eq!(passkey(path).as_deref(), Some("0123456789abcdef"), "{path}");
        }
        for path in ["/announce", "/bt/announce", "/0123456789abcdef/stats", "/0123456789abcdef"] {
            assert_eq!(passkey(path), None, "{path}");
        }
    }

    /// nginx with its stock `fastcgi_params`: SCRIPT_NAME is the whole path.
    #[test]
    fn without_a_path_the_last_part_of_the_script_name_decides() {
        for (script, expected) in [
            ("/scrape", Route::Scrape),
            ("/stats", Route::Stats),
            ("/metrics/", Route::Metrics),
            ("/list", Route::List),
            ("/cgi-bin/tracker.cgi/scrape", Route::Scrape),
            ("/", Route::Home),
            ("//evil.example", Route::Home),
            ("/api/v1/stats", Route::Api(api::Place::Stats)),
            ("/bt/api/v1/torrents/", Route::Api(api::Place::Torrents)),
            ("/api/v1/tracker.cgi", Route::Home),
        ] {
            assert_eq!(route_at(script, "", "", script), expected, "{script}");
        }
        assert_eq!(route("/scrape", "", "info_hash=x"), Route::Scrape);
    }

    #[test]
    fn without_path_and_telling_script_name_the_address_decides() {
        for (script, address, expected) in [
            ("", "/scrape?info_hash=x", Route::Scrape),
            ("/tracker.cgi", "/tracker.cgi/scrape?info_hash=x", Route::Scrape),
            ("/tracker.cgi", "http://h.example/tracker.cgi/sc%72ape?info_hash=x", Route::Scrape),
            ("/tracker.cgi", "/tracker.cgi/nothing?info_hash=x", Route::Unknown),
            ("/tracker.cgi", "/tracker.cgi?info_hash=x", Route::Announce),
            ("/index.cgi", "/?info_hash=x", Route::Announce),
            ("/", "/stats?info_hash=x", Route::Stats),
        ] {
            assert_eq!(route_at(script, "", "info_hash=x", address), expected, "{address}");
        }
    }

    #[test]
    fn a_path_that_repeats_the_script_name_is_understood() {
        for (script, path, expected) in [
            ("/cgi-bin/tracker.cgi", "/cgi-bin/tracker.cgi/scrape", Route::Scrape),
            ("/cgi-bin/tracker.cgi", "/cgi-bin/tracker.cgi", Route::Home),
            ("/scrape", "/scrape", Route::Scrape),
            ("/stats", "/stats", Route::Stats),
            ("/", "/metrics", Route::Metrics),
        ] {
            assert_eq!(route(script, path, ""), expected, "{script} {path}");
        }
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
            ("/list", Route::List),
            ("/x/list", Route::Unknown),
            ("/list/", Route::Unknown),
            ("/health", Route::Health),
            ("/x/stats", Route::Unknown),
            ("/tracker.css", Route::Style),
            (
                "/t/0707070707070707070707070707070707070707",
                Route::Torrent(SEVENS, TorrentPart::Page),
            ),
            (
                "/t/07070707070707070707070707070707070707070707070707070707070707AA",
                Route::Torrent(SEVENS, TorrentPart::Page),
            ),
            (
                "/t/0707070707070707070707070707070707070707/badge.svg",
                Route::Torrent(SEVENS, TorrentPart::Badge),
            ),
            (
                "/t/0707070707070707070707070707070707070707/history.svg",
                Route::Torrent(SEVENS, TorrentPart::Chart),
            ),
            (
                "/t/0707070707070707070707070707070707070707.torrent",
                Route::Torrent(SEVENS, TorrentPart::File),
            ),
            ("/t/0707070707070707070707070707070707070707/x.svg", Route::Unknown),
            ("/x/0707070707070707070707070707070707070707/badge.svg", Route::Unknown),
            ("/t/0707.torrent", Route::Unknown),
            ("/t/0707", Route::Unknown),
            ("/t/0707070707070707070707070707070707070707/", Route::Unknown),
            ("/t/", Route::Unknown),
            ("/a/b/announce", Route::Unknown),
            ("/api/v1/stats", Route::Api(api::Place::Stats)),
            ("/api/v1/announce", Route::Api(api::Place::Unknown)),
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
