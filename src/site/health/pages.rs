//! What people see: torrents to fetch, the page with the statistics, the feed.

use std::path::{Path, PathBuf};

use super::examination::Examination;
use super::http::{self, MOST_BYTES};
use super::outcome::Outcome;
use crate::platform::files;
use crate::protocol::origin;
use crate::site::url_below;

/// What a web server leaves in a page whose includes it does not follow.
const INCLUDE: &str = "<!--#include";
/// What it writes in the place of an include that fails.
const FAILED_INCLUDE: &str = "[an error occurred while processing this directive]";

/// What is in every list or table of torrents that a refresh writes, with torrents or without.
const FRAGMENTS: [&str; 2] = ["class=\"tracker-stats\"", "class=\"tracker-empty\""];

const SWITCH_ON_SSI: &str = "switch on server-side includes and restart the web server: Apache: a2enmod include; \
                             nginx: ssi on; lighttpd: mod_ssi; the shipped files do the rest";

/// Whether a torrent of the folder can be fetched below `torrents_url`.
pub(super) fn torrents_url(examination: &Examination<'_>) -> Option<Outcome> {
    let loaded = examination.loaded;
    if examination.silence().is_some() {
        return None;
    }
    let Some((file, content)) = something_public(examination) else {
        return Some(Outcome::not_checked("there is no torrent yet that could be fetched"));
    };
    let address = url_below(&loaded.torrents_url_for_readers(), &file);
    let remedy = format!(
        "set torrents_url in [paths] to the address at which the web server shows {}, or have it do so",
        loaded.config.paths.torrents.display()
    );
    Some(match examination.get(&address) {
        Ok(reply) if reply.status == 200 && reply.body == content => {
            Outcome::fine(format!("{address} can be fetched"))
        }
        Ok(reply) if reply.status == 200 => examination
            .wrong_page(format!("{address} is another file than that of the folder"), remedy),
        Ok(reply) => examination.wrong_page(format!("{address} answers {}", reply.status), remedy),
        Err(http::Failed::NoCurl) => Outcome::not_checked(http::Failed::NoCurl.to_string()),
        Err(problem) => {
            examination.wrong_page(format!("{address} does not answer: {problem}"), remedy)
        }
    })
}

/// The path and the content of a file in the torrents folder that everybody may fetch.
fn something_public(examination: &Examination<'_>) -> Option<(PathBuf, Vec<u8>)> {
    let folder = &examination.loaded.config.paths.torrents;
    let scan = examination.folder().as_ref().ok()?;
    let mut torrents = scan.torrents.iter().filter(|found| !found.hidden);
    let torrent = torrents.find(|found| found.file_size < MOST_BYTES);
    let feed = || {
        let feed = examination.loaded.whole_feed()?;
        Some(feed.strip_prefix(folder).ok()?.to_owned())
    };
    let file = torrent.map(|found| found.file.clone()).or_else(feed)?;
    let content = files::read_linked(&folder.join(&file), MOST_BYTES).ok()?;
    Some((file, content))
}

/// Whether the web server lists the torrents folder, with the names of hidden torrents in it.
pub(super) fn listing(examination: &Examination<'_>) -> Option<Outcome> {
    let paths = &examination.loaded.config.paths;
    if examination.silence().is_some() {
        return None;
    }
    let torrents = examination.loaded.torrents_url_for_readers();
    let address = format!("{}/", torrents.trim_end_matches('/'));
    let reply = examination.get(&address).ok()?;
    let fragment = paths.stats_fragment.file_name().unwrap_or_default().to_string_lossy();
    let text = reply.text();
    let is_listed = text.contains(&*fragment) || text.contains("<title>Index of ");
    Some(match reply.status == 200 && is_listed {
        true => Outcome::wrong(
            format!("{address} lists the folder, and with it the names of hidden torrents"),
            "switch listings off: Apache: Options -Indexes; nginx: autoindex off; lighttpd: \
             dir-listing.activate = \"disable\"",
        ),
        false => Outcome::fine(format!("{address} answers {}", reply.status)),
    })
}

/// Whether the page beside the torrents folder has the statistics in it.
pub(super) fn statistics(examination: &Examination<'_>) -> Option<Outcome> {
    let site = examination.loaded.pages_url()?;
    let page = examination.loaded.config.paths.torrents.with_file_name("index.shtml");
    if examination.silence().is_some() || !page.exists() {
        return None;
    }
    let address = format!("{site}/");
    // The owner may want the page without them.
    let includes = files::read_linked(&page, MOST_BYTES)
        .is_ok_and(|text| String::from_utf8_lossy(&text).contains(INCLUDE));
    Some(match served(examination, &address, &page) {
        Ok(_) if !includes => Outcome::fine(format!("{address} answers")),
        Ok(text) if FRAGMENTS.iter().any(|mark| text.contains(mark)) => {
            Outcome::fine(format!("{address} has the statistics in it"))
        }
        Ok(_) => examination.wrong_page(
            format!("{address} is something else than {}, without the statistics", page.display()),
            "have the web server show index.shtml for a folder: Apache: DirectoryIndex index.shtml; nginx: index \
             index.shtml; lighttpd: index-file.names",
        ),
        Err(outcome) => outcome,
    })
}

/// A page as the web server serves it, with its includes; or what is wrong with that.
fn served(examination: &Examination<'_>, address: &str, page: &Path) -> Result<String, Outcome> {
    let page = page.display();
    let reply = examination.get(address).map_err(|problem| match problem {
        http::Failed::NoCurl => Outcome::not_checked(problem.to_string()),
        problem => examination.wrong_page(
            format!("{address} does not answer: {problem}"),
            "correct torrents_url in [paths], above which the pages are",
        ),
    })?;
    let text = reply.text();
    if reply.status != 200 {
        return Err(examination.wrong_page(
            format!("{address} answers {}, where {page} should be", reply.status),
            "load the shipped file for your web server, and correct torrents_url in [paths], above \
             which the pages are",
        ));
    }
    if text.contains(INCLUDE) {
        return Err(examination.wrong_page(
            format!("{address} comes without what it includes: server-side includes are off"),
            SWITCH_ON_SSI,
        ));
    }
    if text.contains(FAILED_INCLUDE) {
        return Err(examination.wrong_page(
            format!("{address} includes what the web server cannot read"),
            format!("`tracker refresh --force` writes it; {page} names it relative to itself"),
        ));
    }
    Ok(text)
}

/// Whether there is a feed, and it names this site.
pub(super) fn feed(examination: &Examination<'_>) -> Option<Outcome> {
    let page = examination.loaded.config.paths.feed_page.as_ref()?;
    let shown = page.display();
    let read = files::read_linked(page, MOST_BYTES).map(String::from_utf8);
    let Ok(Ok(text)) = read else {
        return Some(Outcome::told(format!(
            "there is no feed: {shown} cannot be read; `tracker init` writes it, or copy www/rss.xml there, \
             or set feed_page = \"\" in [paths] if you want none"
        )));
    };
    let Some(site) = examination.loaded.pages_url() else {
        return Some(Outcome::told(format!(
            "set announce_url in [tracker], so that the links in {shown} can be absolute"
        )));
    };
    if examination.silence().is_some() {
        return Some(match foreign_host(&text, examination) {
            Some(host) => Outcome::told(another_host(&shown.to_string(), &host, &site)),
            None => Outcome::fine(shown.to_string()),
        });
    }
    let address = url_below(&site, Path::new(page.file_name().unwrap_or_default()));
    Some(match served(examination, &address, page) {
        Ok(text) => match foreign_host(&text, examination) {
            Some(host) => Outcome::wrong(
                format!("{address} sends its readers to {host}, which is not this site"),
                format!(
                    "write {site} into <link> and <atom:link> of {shown}, then `tracker refresh --force`"
                ),
            ),
            None => Outcome::fine(address),
        },
        Err(outcome) => outcome,
    })
}

fn another_host(page: &str, host: &str, site: &str) -> String {
    format!(
        "{page} names {host} and does not name the address of this site; write {site} into <link> and \
         <atom:link>"
    )
}

/// The host of a link of the feed's own that is not of this site.
fn foreign_host(feed: &str, examination: &Examination<'_>) -> Option<String> {
    let loaded = examination.loaded;
    let pages = loaded.pages_url()?;
    let announces = loaded.config.tracker.announce_url.as_ref();
    let ours = [Some(origin(&pages)), announces.map(|url| url.origin())];
    let channel = feed.split("<item>").next().unwrap_or(feed);
    let links = ["<link>", "<atom:link href=\""].into_iter().flat_map(|before| {
        // The shipped page explains itself in a comment, which names both.
        let links = channel.split(before).skip(1).filter(|link| link.starts_with("http"));
        links.filter_map(|link| link.get(..link.find(['<', '"'])?))
    });
    let is_ours = |host: &&str| ours.contains(&Some(*host));
    links.map(origin).find(|host| !is_ours(host)).map(str::to_owned)
}
