//! What can only be seen through the web server.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::Outcome::{self, Fine, Note, Wrong};
use crate::catalog::Catalog;
use crate::config::{LoadedConfig, Torrents};
use crate::platform::files;
use crate::protocol::InfoHash;

/// Seconds that the web server has for an answer.
const PATIENCE: u64 = 10;

/// The peer id that doctor announces with; it leaves no peer behind.
const PEER_ID: &[u8; 20] = b"-TD0100-doctor-check";

/// A real announce, and a real goodbye.
pub(super) fn announce(loaded: &LoadedConfig) -> Outcome {
    let url = &loaded.config.tracker.announce_url;
    if url.starts_with("https://") {
        return Note(format!("{url} is HTTPS, which doctor does not speak; try it with a client"));
    }
    let open = loaded.config.tracker.torrents == Torrents::Open;
    let listed = Catalog::read(&loaded.config.paths.catalog)
        .and_then(|catalog| catalog.torrents())
        .ok()
        .and_then(|torrents| torrents.first().map(|torrent| torrent.canonical));
    let expects_peers = open || listed.is_some();
    // Bytes that a careless server on the way would change.
    let info_hash = listed.unwrap_or(InfoHash(*b"\x00\xff%+&=?#\x0a\x0d /\\\xc3\x28\x80 ~.\x7f"));
    // A goodbye of a peer that was never there: answered like any announce, and nothing stays.
    let query = format!(
        "info_hash={}&peer_id={}&port=0&uploaded=0&downloaded=0&left=1&event=stopped&numwant=0",
        percent_encode(&info_hash.0, NON_ALPHANUMERIC),
        percent_encode(PEER_ID, NON_ALPHANUMERIC)
    );
    let separator = if url.contains('?') { '&' } else { '?' };
    let response = match minreq::get(format!("{url}{separator}{query}"))
        .with_timeout(PATIENCE)
        .send()
    {
        Ok(response) => response,
        Err(problem) => {
            return Wrong(format!(
                "{url} does not answer ({problem}); is the web server running, and is tracker.announce_url right?"
            ));
        }
    };
    judge(url, &response, expects_peers)
}

fn judge(url: &str, response: &minreq::Response, expects_peers: bool) -> Outcome {
    let body = response.as_bytes();
    if response.status_code != 200 {
        return Wrong(format!(
            "{url} answers {} {}; is the executable where the web server runs programs, and may its user execute it?",
            response.status_code, response.reason_phrase
        ));
    }
    if !body.starts_with(b"d") {
        return Wrong(format!(
            "{url} answers with something else than a tracker's reply; does the web server show the program instead of running it?"
        ));
    }
    let text = String::from_utf8_lossy(body);
    let failed = text.contains("failure reason");
    match (failed, expects_peers) {
        (true, true) => Wrong(format!("{url} refuses: {text}")),
        (true, false) => Fine(format!("{url} answers; no torrent is tracked yet")),
        (false, _) => Fine(format!("{url} answers")),
    }
}

/// Tries to fetch what nobody may see, at the addresses where a careless layout would show it.
pub(super) fn data_is_not_served(loaded: &LoadedConfig) -> Outcome {
    let mut tried = 0;
    for base in bases(loaded) {
        for path in [&loaded.config.store.path, &loaded.config.paths.catalog] {
            let Some(name) = path.file_name().map(|name| name.to_string_lossy()) else { continue };
            let Ok(beginning) = beginning(path) else { continue };
            let folder = path.parent().and_then(|folder| folder.file_name());
            let folder = folder.map(|folder| folder.to_string_lossy()).unwrap_or_default();
            let url = format!("{base}/{folder}/{name}");
            let Ok(response) = minreq::get(&url).with_timeout(PATIENCE).send() else { continue };
            tried += 1;
            if response.status_code == 200 && response.as_bytes().starts_with(&beginning) {
                return Wrong(format!(
                    "{url} can be fetched by anybody; move the data folder out of the web server's root, or deny it as apache-snippets/data-deny.conf does"
                ));
            }
        }
    }
    if tried == 0 {
        return Note("no address could be tried".into());
    }
    Fine(format!("{tried} addresses tried, nothing is given away"))
}

/// How a file begins, by which it is known when it comes from elsewhere.
fn beginning(path: &Path) -> io::Result<[u8; 12]> {
    let mut beginning = [0; 12];
    files::open(path, File::options().read(true))?.0.read_exact(&mut beginning)?;
    Ok(beginning)
}

/// The site's root, and every folder above the torrents.
fn bases(loaded: &LoadedConfig) -> Vec<String> {
    let mut bases = Vec::new();
    for url in [&loaded.config.paths.torrents_url, &loaded.config.tracker.announce_url] {
        let Some(rest) = url.strip_prefix("http://") else { continue };
        let mut segments: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
        while !segments.is_empty() {
            bases.push(format!("http://{}", segments.join("/")));
            segments.pop();
        }
    }
    bases.sort();
    bases.dedup();
    bases
}
