//! The page that asks before something is done that is not easily undone.

use askama::Template;

use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};

/// What is asked.
pub(super) struct Question {
    pub(super) section: Section,
    pub(super) title: String,
    /// What will happen, in numbers; a paragraph each.
    pub(super) consequences: Vec<String>,
    /// What it will happen to, by their names.
    pub(super) subjects: Vec<String>,
    /// What the form sends, and to which page of the administration. `sure` is added.
    pub(super) action: String,
    pub(super) fields: Vec<(String, String)>,
    /// What stands on the button.
    pub(super) button: &'static str,
    /// The page that one comes back to.
    pub(super) back: String,
}

#[derive(Template)]
#[template(path = "admin/confirm.html")]
struct Confirm {
    frame: Frame,
    question: Question,
}

impl Exchange<'_> {
    /// Whether the question was answered.
    pub(super) fn is_sure(&self) -> bool {
        self.form.text("sure") == "yes"
    }

    /// Asks, unless it was answered already.
    pub(super) fn ask(&self, signed_in: &SignedIn, question: Question) -> Result<Reply, Failed> {
        let frame = Frame::new(self, Some(signed_in), question.section, &question.title);
        Reply::page(&Confirm { frame, question })
    }
}
