//! The configuration: which file is in force, and whether clients can use its announce URL.

use std::path::{Path, PathBuf};

use super::accounts;
use super::examination::Examination;
use super::outcome::Outcome;
use crate::platform::nearest::nearest;
use crate::protocol::HttpUrl;

/// Which file is in force, and why that one.
pub(super) fn in_force(examination: &Examination<'_>) -> Option<Outcome> {
    let loaded = examination.loaded;
    let Some(file) = &loaded.file else {
        return Some(Outcome::told(
            "no file found, built-in defaults are used; `tracker init` writes one",
        ));
    };
    if let Some(owner) = examination.owner()
        && !accounts::may_read(owner, file)
    {
        return Some(Outcome::wrong(
            format!(
                "{}, as whom the tracker runs, may not read {}",
                accounts::name(owner),
                file.display()
            ),
            format!("chmod 644 {}, and let the folders above it be entered", file.display()),
        ));
    }
    if let Some(stray) = loaded.stray_site(examination.surroundings) {
        return Some(Outcome::told(stray));
    }
    let shadowed = match shadowed(examination, file) {
        Some(other) => format!("; {} is there too, and without effect", other.display()),
        None => String::new(),
    };
    let text = format!("{} ({}{shadowed})", file.display(), loaded.found);
    if loaded.config.tracker.announce_url.is_none() {
        return Some(Outcome::told(format!(
            "{text} does not set announce_url in [tracker], so no torrent is checked for naming this tracker"
        )));
    }
    Some(Outcome::fine(text))
}

/// A file in a usual place that counts less than the one in force.
fn shadowed(examination: &Examination<'_>, file: &Path) -> Option<PathBuf> {
    let mut usual = examination.surroundings.usual_files().into_iter();
    usual.find(|usual| usual == file)?;
    usual.find(|later| later.exists())
}

/// Whether clients can use the announce URL: as it stands in torrents, and wherever the tracker is.
pub(super) fn announce_url(examination: &Examination<'_>) -> Option<Outcome> {
    let url = examination.announce_url()?;
    let (site, path) = (url.origin(), url.path());
    if !is_announce_url(url) {
        // Where its last part is a slip, not below that.
        let (before, last) = path.rsplit_once('/').unwrap_or(("", path));
        let is_slip = nearest(last, ["announce"].into_iter()).is_some();
        let path = if is_slip { before } else { path };
        let base = format!("{site}{}", path.trim_end_matches('/'));
        return Some(Outcome::wrong(
            format!(
                "{url} does not end in /announce: torrents that name {base}/announce are taken for \
                 another tracker's and are not tracked, and clients find no address for scrapes"
            ),
            format!("set announce_url in [tracker] to \"{base}/announce\""),
        ));
    }
    let host = url.host();
    if host != "localhost" && !host.contains(['.', ':']) {
        return Some(Outcome::told(format!(
            "{url} names the host `{host}` without its domain, which clients elsewhere cannot find; write its \
             full name into announce_url in [tracker] and torrents_url in [paths]"
        )));
    }
    if path.starts_with("/announce") {
        return Some(Outcome::fine(format!("{url}, which clients accept in any network")));
    }
    Some(Outcome::told(format!(
        "clients built on libtorrent, such as qBittorrent and Deluge, announce to a tracker on their own \
         machine or local network only when the path begins with /announce (against request forgery); \
         let the web server pass /announce and /scrape to the tracker, as the shipped configurations do, \
         and set announce_url to \"{site}/announce\"; torrents that name {url} stay this tracker's when \
         also_announce_urls names it"
    )))
}

/// Whether the last part of an address's path is `announce`, with or without an ending.
pub(super) fn is_announce_url(url: &HttpUrl) -> bool {
    let name = url.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    name.split('.').next() == Some("announce")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announce_url_ends_in_announce() {
        let is_one = |path| is_announce_url(&format!("http://announce{path}").parse().unwrap());
        for right in ["/announce", "/announce.php", "/announce/?x", "/tracker.cgi/announce#x"] {
            assert!(is_one(right), "{right}");
        }
        for wrong in
            ["", "/", "/cgi-bin/tracker.cgi", "/announced", "/announce/here", "/x?/announce"]
        {
            assert!(!is_one(wrong), "{wrong}");
        }
    }
}
