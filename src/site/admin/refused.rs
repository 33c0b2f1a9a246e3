//! What is answered where nothing can be shown or done.

use askama::Template;

use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use crate::gateway::{Answer, Method, Response, Status};
use crate::site::language::Texts;

/// A page with a few words.
#[derive(Template)]
#[template(path = "admin/message.html")]
struct Message {
    frame: Frame,
    text: String,
    /// For what is broken: what the log says.
    details: Option<String>,
}

/// The page that says why something was not done; for who has not signed in, the way there.
pub(super) fn reply(
    failed: Failed,
    exchange: &mut Exchange<'_>,
    signed_in: Option<&SignedIn>,
) -> Result<Reply, Failed> {
    let is_change = exchange.call.request.method == Method::Post;
    let texts: &'static Texts = exchange.texts;
    let words = &texts.admin.refused;
    let (status, title, text, details) = match failed {
        Failed::WouldWait => return Err(Failed::WouldWait),
        Failed::NotSignedIn if !is_change => {
            return Ok(Reply::To(format!("login{}", way_back(exchange))));
        }
        Failed::NotSignedIn => {
            (Status::Forbidden, words.signed_out_title, words.signed_out.to_owned(), None)
        }
        Failed::NotAllowed => {
            (Status::Forbidden, words.not_allowed_title, words.not_allowed.to_owned(), None)
        }
        Failed::NotFound => {
            (Status::NotFound, words.not_found_title, words.not_found.to_owned(), None)
        }
        Failed::Busy => {
            let words = &texts.admin.password;
            (Status::ServiceUnavailable, words.busy_title, words.busy.to_owned(), None)
        }
        Failed::NotOurForm => {
            (Status::Forbidden, words.not_our_form_title, words.not_our_form.to_owned(), None)
        }
        Failed::Form(problem) => (
            problem.status(),
            words.bad_form_title,
            words.bad_form.to_owned(),
            Some(problem.to_string()),
        ),
        Failed::Broken(problem) => {
            crate::error!("{problem}");
            let seen = signed_in.map(|_| problem);
            (Status::InternalServerError, words.broken_title, words.broken.to_owned(), seen)
        }
    };
    let frame = Frame::new(exchange, signed_in, Section::None, title);
    Reply::page_of(status, &Message { frame, text, details })
}

/// The page that was asked for, to come back to after signing in.
fn way_back(exchange: &Exchange<'_>) -> String {
    let path = exchange.path.trim_start_matches('/');
    if path.is_empty() {
        return String::new();
    }
    let query = String::from_utf8_lossy(exchange.call.request.query);
    let mark = if query.is_empty() { "" } else { "?" };
    let place = format!("{path}{mark}{query}");
    format!("?to={}", form_urlencoded::byte_serialize(place.as_bytes()).collect::<String>())
}

/// The same where not even a page can be made.
pub(super) fn put(failed: Failed, path: &str, response: &mut Response) -> Answer {
    match failed {
        Failed::WouldWait => return Answer::WouldWait,
        Failed::Form(problem) => {
            response.status = problem.status();
            response.body.extend_from_slice(format!("{problem}\n").as_bytes());
        }
        Failed::Broken(problem) => {
            crate::error!("/admin{path}: {problem}");
            response.status = Status::InternalServerError;
            response.body.extend_from_slice(
                b"This does not work now; the owner finds the reason in the error log.\n",
            );
        }
        _ => put_plainly(response),
    }
    Answer::Ready
}

/// That there is nothing, as where there is no administration.
pub(super) fn put_plainly(response: &mut Response) {
    response.status = Status::NotFound;
    response.body.extend_from_slice(b"There is nothing at this address of the tracker.\n");
}

/// That a page is asked for in another way.
pub(super) fn put_another_method(response: &mut Response) {
    response.status = Status::MethodNotAllowed;
    response.headers.push(("Allow", "GET, HEAD, POST".into()));
    response.body.extend_from_slice(b"This page is not asked for in this way.\n");
}
