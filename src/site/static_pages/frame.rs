//! What is around every page: its head, the way back, and when all was counted.

use super::places::{Places, STYLE_FILE, Way, pages_url};
use crate::config::{Contact, Legal, LoadedConfig};
use crate::site::fragments::Foot;

/// What a page may load and do: nothing but its stylesheet and its own pictures.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'";

/// The statistics in the folder of the pages.
pub(super) const STATISTICS: &str = "statistics.html";

/// What tells visitors how to download.
pub(super) const HOW_TO: &str = "how-to-download.html";

/// The frame of a page.
pub(super) struct Frame {
    /// What the page is about.
    pub(super) title: String,
    /// The feeds of what is on the page.
    pub(super) feeds: Option<Feeds>,
    /// What all pages are called.
    pub(super) site: String,
    /// The policy, for a page whose headers are not ours.
    pub(super) policy: Option<String>,
    pub(super) style: String,
    pub(super) home: String,
    pub(super) is_home: bool,
    pub(super) is_statistics: bool,
    pub(super) is_how_to: bool,
    pub(super) feed: Option<String>,
    /// The other pages that are made once, where it is known where they are.
    pub(super) statistics: Option<String>,
    pub(super) how_to: Option<String>,
    /// The address that others know the page by, where it is known.
    pub(super) address: Option<String>,
    /// That of a page of the script which may have others, from there.
    pub(super) canonical: Option<String>,
    /// Whether it is nothing for search engines.
    pub(super) is_private: bool,
    /// Whom visitors may write to.
    pub(super) contact: Option<String>,
    pub(super) legal_page: Option<String>,
    pub(super) legal_notice: Option<String>,
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
        let page = |path: &str| is_known.then(|| format!("{root}{path}"));
        let feeds = is_known.then(|| Feeds { name: None, folder: root.clone() });
        let config = &places.loaded.config.pages;
        let (legal_page, legal_notice) = match &config.legal {
            Some(Legal::Page(page)) => (Some(page.to_string()), None),
            Some(Legal::Notice(notice)) => (None, Some(notice.clone())),
            None => (None, None),
        };
        let (policy, style, home) = match way {
            Way::Static(_) | Way::Included(_) => {
                (Some(POLICY.into()), format!("{root}{STYLE_FILE}"), format!("{root}index.html"))
            }
            // Where nobody knows where the pages are, the script does.
            Way::Dynamic if root.is_empty() => (None, format!("../{STYLE_FILE}"), "../".into()),
            Way::Dynamic => (None, format!("../{STYLE_FILE}"), format!("{root}index.html")),
            Way::Search if root.is_empty() => (None, STYLE_FILE.into(), "./".into()),
            Way::Search => (None, STYLE_FILE.into(), format!("{root}index.html")),
        };
        Self {
            title: title.to_owned(),
            feeds,
            site: config.title.clone(),
            policy,
            style,
            home,
            is_home: false,
            is_statistics: false,
            is_how_to: false,
            feed: places.feed(way),
            statistics: page(STATISTICS),
            how_to: page(HOW_TO),
            address: None,
            canonical: None,
            is_private: false,
            contact: config.contact.as_ref().map(Contact::link),
            legal_page,
            legal_notice,
            foot: None,
            period: None,
        }
    }

    /// Lets the page's forms go to another origin too.
    pub(super) fn allow_forms_to(&mut self, origin: &str) {
        let forms = "form-action 'self'";
        self.policy = self.policy.take().map(|it| it.replace(forms, &format!("{forms} {origin}")));
    }

    /// Says at which path in the folder of the pages it is; the way to an index is that of its folder.
    pub(super) fn is_at(&mut self, path: &str, loaded: &LoadedConfig) {
        self.address = address_of(path, loaded);
    }
}

/// The address of a page for others, by its path in the folder of the pages; an index goes by its folder.
pub(super) fn address_of(path: &str, loaded: &LoadedConfig) -> Option<String> {
    Some(format!("{}/{}", pages_url(loaded)?, path.strip_suffix("index.html").unwrap_or(path)))
}
