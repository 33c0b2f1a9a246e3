//! Whether private files can be fetched: the worst that an installation can do.

use std::path::{Path, PathBuf};

use super::examination::Examination;
use super::http::Reply;
use super::outcome::Outcome;
use crate::config::LoadedConfig;
use crate::platform::order::Order as _;
use crate::site::url_below;

/// Tries to fetch what nobody may see, at the addresses where a careless layout would show it.
pub(super) fn data(examination: &Examination<'_>) -> Option<Outcome> {
    if examination.silence().is_some() {
        return None;
    }
    let loaded = examination.loaded;
    let paths = &loaded.config.paths;
    let private = [&loaded.config.store.path, &paths.catalog, &paths.policy];
    let private: Vec<&Path> =
        private.into_iter().chain(&loaded.file).map(PathBuf::as_path).collect();
    let mut tried = 0;
    for base in bases(loaded) {
        for path in &private {
            for url in addresses(&base, path) {
                let Ok(reply) = examination.get(&url) else { continue };
                tried += 1;
                if reply.status != 200 || !is_private(&reply) {
                    continue;
                }
                return Some(Outcome::wrong(
                    format!(
                        "{url} CAN BE FETCHED BY ANYBODY, with the addresses of peers and all that you have \
                         decided"
                    ),
                    format!(
                        "now: move {} out of what the web server shows and correct the configuration, or \
                         deny it as apache-snippets/data-deny.conf does",
                        path.parent().unwrap_or(path).display()
                    ),
                ));
            }
        }
    }
    Some(match tried {
        0 => Outcome::not_checked("no web server answers"),
        tried => Outcome::fine(format!("{tried} addresses tried, nothing is given away")),
    })
}

/// Where a file would be, were its folder below a base, or the folder above that: the data of a site that
/// was put up by FTP is in a folder in the data folder.
fn addresses(base: &str, file: &Path) -> Vec<String> {
    let above = file.ancestors().skip(2).take(2);
    let inside = above.filter_map(|folder| file.strip_prefix(folder).ok());
    inside.map(|inside| url_below(base, inside)).collect()
}

/// How each SQLite file begins, such as the catalogue.
const SQLITE: &[u8; 16] = b"SQLite format 3\0";

/// Whether a reply is one of the tracker's private files.
fn is_private(reply: &Reply) -> bool {
    let is_configuration = || {
        let text = reply.text();
        text.contains("announce_url") && text.contains("[tracker]") && !text.contains("<html")
    };
    reply.body.starts_with(SQLITE) || reply.body.starts_with(b"\x89T") || is_configuration()
}

/// The roots of the hosts, and every folder above the torrents and the cgi-bin. What is below a cgi-bin is
/// a program to the web server, which would only complain in its log.
fn bases(loaded: &LoadedConfig) -> Vec<String> {
    let announce_url = loaded.config.tracker.announce_url.as_ref();
    let above_script = announce_url.map(|url| {
        let script = url.as_str().split_once("/cgi-bin/");
        script.map_or_else(|| url.origin(), |(above, _)| above)
    });
    let mut bases = Vec::new();
    for url in
        [Some(loaded.torrents_url_for_readers().as_str()), above_script].into_iter().flatten()
    {
        let Some((scheme, rest)) = url.split_once("://") else { continue };
        let mut segments: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
        while !segments.is_empty() {
            bases.push(format!("{scheme}://{}", segments.join("/")));
            segments.pop();
        }
    }
    bases.order();
    bases.dedup();
    bases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_above_the_torrents_and_the_cgi_bin_is_tried() {
        let text = "[tracker]\nannounce_url = 'http://a.example/bt/cgi-bin/tracker.cgi/announce'\n\
                    [paths]\ntorrents_url = 'http://a.example/tracker/torrents/'";
        let loaded = LoadedConfig::parse(text, Path::new("/srv/conf/tracker.toml")).unwrap();
        let expected = ["", "/bt", "/tracker", "/tracker/torrents"];
        assert_eq!(bases(&loaded), expected.map(|path| format!("http://a.example{path}")));
        let catalog = addresses("http://a.example", &loaded.config.paths.catalog);
        let expected = ["data/catalog.db", "srv/data/catalog.db"];
        assert_eq!(catalog, expected.map(|path| format!("http://a.example/{path}")));
        let spaced = addresses("http://a.example", Path::new("/my site/data/catalog.db"));
        let expected = ["data/catalog.db", "my%20site/data/catalog.db"];
        assert_eq!(spaced, expected.map(|path| format!("http://a.example/{path}")));
    }
}
