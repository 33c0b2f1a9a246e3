//! The feed as a whole: the owner's page with the items in it, in a file of its own. A web server that
//! puts the two together for each reader does not know when the items changed last, and so cannot say
//! 304 to readers who have them; of a file it can.

use std::fs;
use std::io;
use std::path::Path;

use crate::config::{LoadedConfig, SAMPLE_SITE};

/// The owner's page with `items` where it includes them. `None` when there is no such page, or when only
/// a web server can put it together.
pub(super) fn whole(loaded: &LoadedConfig, items: &str) -> io::Result<Option<String>> {
    let paths = &loaded.config.paths;
    match fs::metadata(&paths.feed_page) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Ok(None),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(problem) => return Err(problem),
    }
    // In another encoding it is the web server's affair, too.
    let Ok(page) = String::from_utf8(fs::read(&paths.feed_page)?) else { return Ok(None) };
    let page = match loaded.site_url() {
        Some(site) => page.replace(SAMPLE_SITE, &in_xml(site)),
        None => page,
    };
    Ok(filled_in(&page, &paths.rss_fragment, items))
}

/// An address of the web as XML has it.
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
