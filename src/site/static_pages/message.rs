//! Pages that say why there is nothing else.

use askama::Template;

use super::answer::put_text;
use super::frame::Frame;
use super::places::{Places, Spoken, Way};
use crate::config::LoadedConfig;
use crate::gateway::{Response, Status};
use crate::site::language::Texts;

/// Says that there is no such torrent, whether it is unknown or nobody may know of it.
pub(super) fn no_torrent(loaded: &LoadedConfig, spoken: Spoken, response: &mut Response) {
    let say = |texts: &'static Texts| (texts.frame.gone_title, texts.frame.gone);
    response.status = Status::NotFound;
    put(loaded, Way::Dynamic, spoken, say, response);
}

/// Says that a page cannot be shown; the log says why.
pub(super) fn fail(loaded: &LoadedConfig, way: Way, spoken: Spoken, response: &mut Response) {
    let say = |texts: &'static Texts| (texts.frame.fails_title, texts.frame.fails);
    response.status = Status::InternalServerError;
    put(loaded, way, spoken, say, response);
}

#[derive(Template)]
#[template(path = "pages/message.html")]
struct Message {
    frame: Frame,
    text: &'static str,
}

fn put(
    loaded: &LoadedConfig,
    way: Way,
    spoken: Spoken,
    say: impl Fn(&'static Texts) -> (&'static str, &'static str),
    response: &mut Response,
) {
    let places = Places::of_one(loaded, &[], spoken);
    let (title, text) = say(places.texts);
    let mut frame = Frame::new(&places, way, title);
    frame.is_private = true;
    // Memory takes all that is written to it.
    let page = Message { frame, text }.render().unwrap_or_default();
    put_text(response, &page, loaded, spoken);
}
