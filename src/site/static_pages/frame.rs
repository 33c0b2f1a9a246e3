//! What is around every page: its head, the way back, and when all was counted.

use super::places::{Places, STYLE_FILE, Way};
use crate::site::fragments::Foot;

/// What a page may load and do: nothing but its stylesheet and its own pictures.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'";

/// The frame of a page.
pub(super) struct Frame {
    /// What the page is about.
    pub(super) title: String,
    /// What all pages are called.
    pub(super) site: String,
    /// The policy, for a page whose headers are not ours.
    pub(super) policy: Option<String>,
    pub(super) style: String,
    pub(super) home: String,
    pub(super) is_home: bool,
    pub(super) feed: Option<String>,
    /// The one address of the page, where it may have others.
    pub(super) canonical: Option<String>,
    /// When all was counted, on the page that is written anew each time.
    pub(super) foot: Option<Foot>,
    /// How often it is counted.
    pub(super) period: Option<String>,
}

impl Frame {
    pub(super) fn new(places: &Places<'_>, way: Way, title: &str) -> Self {
        let root = way.root(places.loaded);
        let (policy, style, home) = match way {
            Way::Static(_) => {
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
            site: places.loaded.config.pages.title.clone(),
            policy,
            style,
            home,
            is_home: false,
            feed: places.feed(way),
            canonical: None,
            foot: None,
            period: None,
        }
    }

    /// Lets the page's forms go to another origin too.
    pub(super) fn allow_forms_to(&mut self, origin: &str) {
        let forms = "form-action 'self'";
        self.policy = self.policy.take().map(|it| it.replace(forms, &format!("{forms} {origin}")));
    }
}
