//! Help: what each page is for, and the command that does the same.

use askama::Template;

use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use crate::config::Language;

#[derive(Template)]
#[template(path = "admin/help_en.html")]
struct HelpInEnglish {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "admin/help_ru.html")]
struct HelpInRussian {
    frame: Frame,
}

pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let frame = Frame::new(exchange, Some(signed_in), Section::Help, texts.admin.frame.help);
    match texts.language {
        Language::English => Reply::page(&HelpInEnglish { frame }),
        Language::Russian => Reply::page(&HelpInRussian { frame }),
    }
}
