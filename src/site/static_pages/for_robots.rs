//! What search engines read: the addresses of all pages (sitemaps.org, 0.9), and where those are (RFC 9309).

use askama::Template;

use super::PagesError;
use super::frame::address_of;
use super::places::pages_url;
use super::render;
use crate::config::LoadedConfig;
use crate::protocol::origin;
use crate::site::page_folder::PageFolder;

/// Addresses in a sitemap at most.
const MOST: usize = 50_000;

const SITEMAP: &str = "sitemap.xml";

#[derive(Template)]
#[template(path = "pages/sitemap.xml")]
struct Sitemap<'a> {
    addresses: &'a [String],
}

/// The sitemaps, where there are several.
#[derive(Template)]
#[template(path = "pages/sitemap_index.xml")]
struct SitemapIndex {
    addresses: Vec<String>,
}

#[derive(Template)]
#[template(path = "pages/robots.txt", escape = "none")]
struct Robots<'a> {
    /// The path of the script, where it is on the same host.
    script: Option<&'a str>,
    sitemap: &'a str,
}

/// Writes them, where the address of the pages is known. A `robots.txt` of the owner's stays.
pub(super) fn write(
    folder: &mut PageFolder,
    loaded: &LoadedConfig,
    pages: &[String],
) -> Result<(), PagesError> {
    let Some(sitemap) = address_of(SITEMAP, loaded) else { return Ok(()) };
    let addresses: Vec<String> = pages.iter().filter_map(|path| address_of(path, loaded)).collect();
    if addresses.len() <= MOST {
        put(folder, SITEMAP.into(), &Sitemap { addresses: &addresses })?;
    } else {
        let mut parts = Vec::new();
        for (number, addresses) in (1..).zip(addresses.chunks(MOST)) {
            let path = format!("sitemap/{number}.xml");
            parts.extend(address_of(&path, loaded));
            put(folder, path, &Sitemap { addresses })?;
        }
        put(folder, SITEMAP.into(), &SitemapIndex { addresses: parts })?;
    }
    let robots = "robots.txt";
    // They look for it at the root of a host only.
    let is_root = pages_url(loaded).is_some_and(|url| url == origin(&url));
    if folder.is_the_owners(robots) {
        folder.let_go(robots);
    } else if is_root {
        let script = loaded.script_url().filter(|script| origin(script) == origin(&sitemap));
        let script = script.map(|script| script.strip_prefix(origin(script)).unwrap_or(script));
        put(folder, robots.into(), &Robots { script, sitemap: &sitemap })?;
    }
    Ok(())
}

fn put(folder: &mut PageFolder, path: String, page: &impl Template) -> Result<(), PagesError> {
    let text = render(&path, page)?;
    Ok(folder.put(path, text.into_bytes())?)
}
