//! The page that shows a secret once. It is the answer to the form that has made it: in an address, or in anything that
//! is kept until the next request, somebody else could find it.

use askama::Template;

use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use crate::accounts::PasswordCode;
use crate::catalog::UserName;
use crate::site::links::admin_page;

/// What is shown once.
pub(super) struct Shown {
    pub(super) section: Section,
    pub(super) title: &'static str,
    /// What has failed, so that it is shown at all.
    pub(super) problem: Option<String>,
    pub(super) about: String,
    pub(super) secrets: Vec<String>,
    /// What leads to the page on which a password is chosen, and its address.
    pub(super) place: Option<(&'static str, String)>,
    pub(super) advice: &'static str,
    /// The page that follows.
    pub(super) back: String,
    pub(super) back_label: &'static str,
}

#[derive(Template)]
#[template(path = "admin/shown_once.html")]
struct ShownOnce {
    frame: Frame,
    shown: Shown,
}

/// Shows it.
pub(super) fn reply(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    shown: Shown,
) -> Result<Reply, Failed> {
    let frame = Frame::new(exchange, Some(signed_in), shown.section, shown.title);
    Reply::page(&ShownOnce { frame, shown })
}

/// Shows the code with which somebody chooses a password.
pub(super) fn password_code(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    name: &UserName,
    code: &PasswordCode,
    problem: Option<String>,
) -> Result<Reply, Failed> {
    let words = &exchange.texts.admin.person;
    let address = admin_page(exchange.loaded(), "password");
    let shown = Shown {
        section: Section::People,
        title: words.code_title,
        problem,
        about: words.code_for.with(name),
        secrets: vec![code.to_string()],
        place: Some((words.code_where, address)),
        advice: words.code_how,
        back: "people".into(),
        back_label: exchange.texts.admin.frame.people,
    };
    reply(exchange, signed_in, shown)
}
