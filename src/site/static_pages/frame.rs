//! What is around every page: its head, the way back, and when all was counted.

use super::places::{Places, STYLE_FILE, Way};
use crate::site::fragments::Foot;

/// What a page may load and do: nothing but its stylesheet and its own pictures.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'";

/// The frame of a page.
pub(super) struct Frame {
    /// What the page is about.
    pub(super) title: String,
    /// The feeds of what is on the page.
    pub(super) feeds: Option<Feeds>,
    /// What all pages are called.
    pub(super) site: String,
    /// The policy, for a page whose headers are not ours.
    pub(super) policy: Option<&'static str>,
    pub(super) style: String,
    pub(super) home: String,
    pub(super) is_home: bool,
    pub(super) feed: Option<String>,
    /// When all was counted, on the page that is written anew each time.
    pub(super) foot: Option<Foot>,
    /// How often it is counted.
    pub(super) period: Option<String>,
}

/// Feeds that a page names.
pub(super) struct Feeds {
    /// The category or group; `None` for all torrents.
    pub(super) name: Option<String>,
    /// What leads to their folder.
    pub(super) folder: String,
}

impl Frame {
    pub(super) fn new(places: &Places<'_>, way: Way, title: &str) -> Self {
        let root = way.root(places.loaded);
        let is_known = matches!(way, Way::Static(_)) || !root.is_empty();
        let feeds = is_known.then(|| Feeds { name: None, folder: root.clone() });
        let (policy, style, home) = match way {
            Way::Static(_) | Way::Included(_) => {
                (Some(POLICY), format!("{root}{STYLE_FILE}"), format!("{root}index.html"))
            }
            // Where nobody knows where the pages are, the script does.
            Way::Dynamic if root.is_empty() => (None, format!("../{STYLE_FILE}"), "../".into()),
            Way::Dynamic => (None, format!("../{STYLE_FILE}"), format!("{root}index.html")),
        };
        Self {
            title: title.to_owned(),
            feeds,
            site: places.loaded.config.pages.title.clone(),
            policy,
            style,
            home,
            is_home: false,
            feed: places.feed(way),
            foot: None,
            period: None,
        }
    }
}
