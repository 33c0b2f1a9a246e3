//! The page for people who have never downloaded anything with BitTorrent.

use askama::Template;

use super::frame::{Frame, HOW_TO};
use super::places::{Places, Way};
use crate::config::Language;

/// The page.
#[derive(Template)]
#[template(path = "pages/how_to.html")]
pub(super) struct HowToPage {
    frame: Frame,
}

impl HowToPage {
    pub(super) fn new(places: &Places<'_>, period: String) -> Self {
        let mut frame = Frame::new(places, Way::Static(0), places.texts.frame.how_to);
        frame.is_how_to = true;
        frame.is_at(HOW_TO, places.loaded);
        frame.period = Some(period);
        Self { frame }
    }
}
