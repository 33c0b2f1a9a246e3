//! Whether an announce URL in a torrent leads to this tracker.

/// The names of the executable on a web server.
const SCRIPTS: [&str; 2] = ["tracker.cgi", "tracker.fcgi"];

/// The parts of an `http` or `https` URL that decide where an announce arrives.
struct Destination<'a> {
    /// In lower case, with the port unless it is the scheme's own.
    host: String,
    /// Without a slash at the end.
    path: &'a str,
    query: &'a str,
}

impl<'a> Destination<'a> {
    fn of(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.trim().split_once("://")?;
        let default_port = match scheme.to_ascii_lowercase().as_str() {
            "http" => ":80",
            "https" => ":443",
            _ => return None,
        };
        let rest = rest.split('#').next()?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = authority.rsplit('@').next()?.to_ascii_lowercase();
        let host = host.strip_suffix(default_port).unwrap_or(&host).to_owned();
        Some(Self { host, path: path.trim_end_matches('/'), query })
    }

    /// Whether the path is `ours`, or `ours` with a passkey before its last part.
    fn has_path(&self, ours: &str) -> bool {
        let passkey = || {
            let (script, action) = ours.rsplit_once('/')?;
            let rest = self.path.strip_prefix(script)?.strip_prefix('/')?;
            rest.strip_suffix(action)?.strip_suffix('/')
        };
        self.path == ours || passkey().is_some_and(|key| !key.is_empty() && !key.contains('/'))
    }

    /// Whether the path is that of the tracker's own script where the shipped files for web servers have
    /// it, at the root of the host or in a folder, with a passkey or without.
    fn has_script(&self) -> bool {
        let parts: Vec<&str> = self.path.split('/').collect();
        match parts.as_slice() {
            [.., "cgi-bin", script, "announce"] if SCRIPTS.contains(script) => true,
            [.., "cgi-bin", script, passkey, "announce"] => {
                SCRIPTS.contains(script) && !passkey.is_empty()
            }
            _ => false,
        }
    }

    /// Whether all parameters of `ours` are there; a passkey may come with them.
    fn has_query(&self, ours: &str) -> bool {
        let mut ours = ours.split('&').filter(|parameter| !parameter.is_empty());
        ours.all(|parameter| self.query.split('&').any(|other| other == parameter))
    }
}

/// Whether an announce to `theirs` arrives where one to `ours` does, with a passkey or without, by
/// http or https. The tracker's own script goes on announcing when another address of its host is ours.
#[must_use]
pub fn leads_to(theirs: &str, ours: &str) -> bool {
    match (Destination::of(theirs), Destination::of(ours)) {
        (Some(theirs), Some(ours)) => {
            let is_the_same = theirs.has_path(ours.path) && theirs.has_query(ours.query);
            theirs.host == ours.host && (is_the_same || theirs.has_script())
        }
        _ => theirs == ours,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "http://tracker.example/cgi-bin/tracker.cgi/announce";

    #[test]
    fn spellings_of_one_address_are_one() {
        for theirs in [
            OURS,
            "HTTP://Tracker.Example:80/cgi-bin/tracker.cgi/announce/",
            "https://tracker.example/cgi-bin/tracker.cgi/announce",
            "https://tracker.example:443/cgi-bin/tracker.cgi/announce#here",
            "http://user:word@tracker.example/cgi-bin/tracker.cgi/announce",
            "http://tracker.example/cgi-bin/tracker.cgi/0123abcd/announce",
            "http://tracker.example/cgi-bin/tracker.cgi/announce?passkey=0123abcd",
        ] {
            assert!(leads_to(theirs, OURS), "{theirs}");
        }
    }

    #[test]
    fn other_addresses_are_foreign() {
        for theirs in [
            "",
            "announce",
            "http://",
            "http://tracker.example",
            "http://tracker.example:8080/cgi-bin/tracker.cgi/announce",
            "http://tracker.example.org/cgi-bin/tracker.cgi/announce",
            "http://other.example/cgi-bin/tracker.cgi/announce",
            "http://tracker.example/CGI-BIN/tracker.cgi/announce",
            "http://tracker.example/cgi-bin/tracker.cgi/scrape",
            "http://tracker.example/cgi-bin/tracker.cgi//announce",
            "http://tracker.example/cgi-bin/tracker.cgi/a/b/announce",
            "http://tracker.example/cgi-bin/other.cgi/key/announce",
            "udp://tracker.example/cgi-bin/tracker.cgi/announce",
            "http://other.example/?http://tracker.example/cgi-bin/tracker.cgi/announce",
            "http://other.example/@tracker.example/cgi-bin/tracker.cgi/announce",
        ] {
            assert!(!leads_to(theirs, OURS), "{theirs}");
        }
    }

    #[test]
    fn the_script_stays_ours_when_another_address_is_configured() {
        let ours = "http://tracker.example/announce";
        for theirs in [
            OURS,
            "https://tracker.example/cgi-bin/tracker.fcgi/announce",
            "http://tracker.example/bt/cgi-bin/tracker.cgi/announce/",
            "http://tracker.example/cgi-bin/tracker.cgi/0123abcd/announce",
        ] {
            assert!(leads_to(theirs, ours), "{theirs}");
        }
        for theirs in [
            "http://other.example/cgi-bin/tracker.cgi/announce",
            "http://tracker.example:8080/cgi-bin/tracker.cgi/announce",
            "http://tracker.example/cgi-bin/other.cgi/announce",
            "http://tracker.example/cgi-bin/tracker.cgi/scrape",
            "http://tracker.example/cgi-bin/tracker.cgi//announce",
            "udp://tracker.example/cgi-bin/tracker.cgi/announce",
        ] {
            assert!(!leads_to(theirs, ours), "{theirs}");
        }
    }

    #[test]
    fn ports_queries_and_addresses_of_ours_count() {
        let ours = "http://[::1]:8080/tracker?x=announce";
        assert!(leads_to("http://[::1]:8080/tracker?passkey=1&x=announce", ours));
        assert!(!leads_to("http://[::1]:8080/tracker?x=scrape", ours));
        assert!(!leads_to("http://[::1]/tracker?x=announce", ours));
        assert!(leads_to("http://a/key/announce", "http://a/announce"));
        assert!(leads_to("http://a?x", "http://a/?x"));
        assert!(leads_to("udp://a:1", "udp://a:1"));
    }
}
