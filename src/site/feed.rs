//! The feed as a whole: the owner's page with the items in it, in a file of its own. A web server that
//! puts the two together for each reader does not know when the items changed last, and so cannot say
//! 304 to readers who have them; of a file it can.

use std::fs;
use std::io;
use std::path::Path;

use crate::config::{LoadedConfig, SAMPLE_SITE};
use crate::platform::files;
use crate::protocol::origin;

/// Bytes of the owner's page at most.
const MOST_BYTES: u64 = 1 << 20;

/// The owner's page with `items` where it includes them. `None` when there is no such page, or when only
/// a web server can put it together.
pub(super) fn whole(loaded: &LoadedConfig, items: &str) -> io::Result<Option<String>> {
    let paths = &loaded.config.paths;
    let Some(page) = &paths.feed_page else { return Ok(None) };
    match fs::metadata(page) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Ok(None),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(problem) => return Err(problem),
    }
    // In another encoding it is the web server's affair, too.
    let Ok(page) = String::from_utf8(files::read_linked(page, MOST_BYTES)?) else {
        return Ok(None);
    };
    let page = at_its_address(&page, loaded);
    Ok(filled_in(&page, &paths.rss_fragment, items))
}

/// The page with the site's address in the place of the one that the shipped page has, and of the site's old ones.
/// Where nobody says which site this is, links are relative.
fn at_its_address(page: &str, loaded: &LoadedConfig) -> String {
    let Some(site) = loaded.pages_url() else { return with_address(page, SAMPLE_SITE, ".") };
    let page = with_address(page, SAMPLE_SITE, &in_xml(&site));
    let others = loaded.config.tracker.also_announce_urls.iter().filter(|url| url.is_http());
    let here = origin(&site);
    let old = others.map(|url| url.origin()).filter(|old| *old != here);
    old.fold(page, |page, old| with_address(&page, old, here))
}

/// A text with another address in the place of one that ends where an address may end.
fn with_address(text: &str, old: &str, new: &str) -> String {
    let mut parts = text.split(old);
    let mut changed: String = parts.next().unwrap_or_default().into();
    for rest in parts {
        let ends = rest.is_empty() || rest.starts_with(['/', '"', '\'', '<', ' ', '\n', '?', '#']);
        changed += if ends { new } else { old };
        changed += rest;
    }
    changed
}

/// A URL as XML has it.
fn in_xml(url: &str) -> String {
    url.replace('&', "&amp;")
}

/// Puts `items` in the place of the page's only directive, if that includes `fragment`.
fn filled_in(page: &str, fragment: &Path, items: &str) -> Option<String> {
    let name = fragment.file_name()?.to_str()?;
    let (before, rest) = page.split_once("<!--#")?;
    let (directive, after) = rest.split_once("-->")?;
    let includes_it = directive.starts_with("include ")
        && directive.trim_end().trim_end_matches(['"', '\'']).ends_with(name);
    (includes_it && !after.contains("<!--#")).then(|| [before, items, after].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_follows_the_configured_address() {
        let page = include_str!("../../www/rss.xml");
        let home = tempfile::tempdir().unwrap();
        let loaded =
            |text: &str| LoadedConfig::parse(text, &home.path().join("conf/tracker.toml")).unwrap();
        let new = loaded(
            "[tracker]\nannounce_url = 'https://new.example/announce'\n\
             also_announce_urls = ['http://old.example:8080/announce', 'udp://new.example:6969']",
        );
        let old = page.replace(SAMPLE_SITE, "http://old.example:8080/x");
        let followed = at_its_address(&old, &new);
        assert!(followed.contains("<link>https://new.example/x/</link>"), "{followed}");
        assert!(!followed.contains("old.example"), "{followed}");
        let shipped = at_its_address(page, &new);
        assert!(shipped.contains("href=\"https://new.example/rss.xml\""), "{shipped}");
        let nowhere = at_its_address(page, &loaded(""));
        assert!(nowhere.contains("<link>./</link>") && !nowhere.contains("127.0.0.1"), "{nowhere}");
        let others = page.replace(SAMPLE_SITE, "http://old.example:80801");
        assert_eq!(at_its_address(&others, &new), others);
    }

    #[test]
    fn items_stand_where_the_page_includes_them_and_nowhere_else() {
        let fragment = Path::new("/srv/www/torrents/bt_rss.inc");
        let filled = |page: &str| filled_in(page, fragment, "<item/>");
        let page = include_str!("../../www/rss.xml");
        let include = "<!--#include virtual=\"torrents/bt_rss.inc\" -->";
        assert_eq!(filled(page), Some(page.replace(include, "<item/>")));
        assert_eq!(filled("a<!--#include file='bt_rss.inc'-->b").as_deref(), Some("a<item/>b"));
        for other in [
            "no include at all",
            "<!--#include virtual=\"torrents/bt_stats.inc\" -->",
            "<!--#include virtual=\"torrents/bt_rss.inc\" --><!--#echo var=\"DATE_LOCAL\" -->",
            "<!--#exec cmd=\"cat bt_rss.inc\" -->",
            "<!--#include virtual=\"torrents/bt_rss.inc\"",
        ] {
            assert_eq!(filled(other), None, "{other}");
        }
    }
}
