//! Signing in and out, and choosing a password with a code.

use askama::Template;

use super::authenticate::{authenticate, wait, wait_for_others};
use super::cookies::Cookie;
use super::errors::Errors;
use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use super::{new_password, visit};
use crate::accounts::{PasswordCode, Permission, SignIn};
use crate::catalog::Catalog;
use crate::gateway::Status;

#[derive(Template)]
#[template(path = "admin/sign_in.html")]
struct SignInPage {
    frame: Frame,
    errors: Errors,
    name: String,
    /// The page to come back to.
    to: String,
    has_signed_out: bool,
    /// Whether the first user can be made in the browser.
    may_set_up: bool,
}

#[derive(Template)]
#[template(path = "admin/code.html")]
struct CodePage {
    frame: Frame,
    errors: Errors,
    step: String,
    to: String,
}

#[derive(Template)]
#[template(path = "admin/choose_password.html")]
struct ChoosePassword {
    frame: Frame,
    errors: Errors,
    code: String,
}

/// The form to sign in with.
pub(super) fn show(
    exchange: &mut Exchange<'_>,
    signed_in: Option<&SignedIn>,
) -> Result<Reply, Failed> {
    let to = exchange.query.text("to").to_owned();
    if signed_in.is_some() {
        return Ok(Reply::To(way_back(&to)));
    }
    form(exchange, to, Errors::default(), Status::Ok)
}

fn form(
    exchange: &mut Exchange<'_>,
    to: String,
    errors: Errors,
    status: Status,
) -> Result<Reply, Failed> {
    let mut frame = Frame::new(exchange, None, Section::None, exchange.texts.admin.sign_in.title);
    frame.token = visit::begin(exchange)?;
    frame.has_errors = !errors.is_empty();
    let may_set_up = super::setup::is_offered(exchange)?;
    let name = exchange.form.text("name").to_owned();
    let has_signed_out = exchange.query.has("signed-out");
    Reply::page_of(status, &SignInPage { frame, errors, name, to, has_signed_out, may_set_up })
}

/// The first step: a name and a password.
pub(super) fn sign_in(exchange: &mut Exchange<'_>, _: Option<&SignedIn>) -> Result<Reply, Failed> {
    visit::check(exchange)?;
    wait_for_others(exchange)?;
    let (name, password) = (exchange.form.text("name"), exchange.form.text("password"));
    let outcome = authenticate(exchange, |it| it.sign_in(name, password))?;
    let to = exchange.form.text("to").to_owned();
    let words = &exchange.texts.admin.sign_in;
    let mut errors = Errors::default();
    match outcome {
        SignIn::Done(signed_in) => Ok(let_in(exchange, &signed_in, &to)),
        SignIn::NeedsCode(step) => ask_for_code(exchange, step, to, errors, Status::Ok),
        SignIn::Wait(seconds) => {
            errors.add("name", wait(exchange, seconds));
            form(exchange, to, errors, Status::TooManyRequests)
        }
        SignIn::Refused | SignIn::WrongCode => {
            errors.add("name", words.refused);
            form(exchange, to, errors, Status::Forbidden)
        }
    }
}

/// The second step: a code.
pub(super) fn confirm(exchange: &mut Exchange<'_>, _: Option<&SignedIn>) -> Result<Reply, Failed> {
    visit::check(exchange)?;
    let (step, code) = (exchange.form.text("step").to_owned(), exchange.form.text("code"));
    let outcome = authenticate(exchange, |it| it.confirm(&step, code))?;
    let to = exchange.form.text("to").to_owned();
    let words = &exchange.texts.admin.sign_in;
    let mut errors = Errors::default();
    match outcome {
        SignIn::Done(signed_in) => Ok(let_in(exchange, &signed_in, &to)),
        SignIn::WrongCode | SignIn::NeedsCode(_) => {
            errors.add("code", words.wrong_code);
            ask_for_code(exchange, step, to, errors, Status::Forbidden)
        }
        SignIn::Wait(seconds) => {
            errors.add("code", wait(exchange, seconds));
            ask_for_code(exchange, step, to, errors, Status::TooManyRequests)
        }
        SignIn::Refused => {
            errors.add("name", words.too_late);
            form(exchange, to, errors, Status::Forbidden)
        }
    }
}

fn ask_for_code(
    exchange: &mut Exchange<'_>,
    step: String,
    to: String,
    errors: Errors,
    status: Status,
) -> Result<Reply, Failed> {
    let title = exchange.texts.admin.sign_in.code_title;
    let mut frame = Frame::new(exchange, None, Section::None, title);
    frame.token = visit::begin(exchange)?;
    frame.has_errors = !errors.is_empty();
    Reply::page_of(status, &CodePage { frame, errors, step, to })
}

/// Sends the cookies of somebody who is in, and them to where they wanted to go.
fn let_in(exchange: &mut Exchange<'_>, signed_in: &crate::accounts::SignedIn, to: &str) -> Reply {
    exchange.send_session(&signed_in.session);
    exchange.send_device(&signed_in.device);
    exchange.cookies.push(Cookie::Visit.forget(exchange.is_secure));
    let place = way_back(to);
    // Members have nothing but their account.
    let is_for_them = !place.is_empty() || signed_in.user.role.may(Permission::SeeOverview);
    Reply::To(if is_for_them { place } else { "account".into() })
}

/// Ends all sessions of whoever signs out.
pub(super) fn sign_out(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    Catalog::open(&exchange.loaded().config.paths.catalog)?.end_sessions(signed_in.user.id)?;
    // One of before may have been renewed with this request.
    exchange.cookies.clear();
    exchange.cookies.push(Cookie::Session.forget(exchange.is_secure));
    Ok(Reply::To("login?signed-out".into()))
}

/// The form in which somebody chooses a password with a code.
pub(super) fn show_password(
    exchange: &mut Exchange<'_>,
    _: Option<&SignedIn>,
) -> Result<Reply, Failed> {
    password_form(exchange, Errors::default(), Status::Ok)
}

fn password_form(
    exchange: &mut Exchange<'_>,
    errors: Errors,
    status: Status,
) -> Result<Reply, Failed> {
    let title = exchange.texts.admin.sign_in.password_title;
    let mut frame = Frame::new(exchange, None, Section::None, title);
    frame.token = visit::begin(exchange)?;
    frame.has_errors = !errors.is_empty();
    let code = exchange.form.text("code").to_owned();
    Reply::page_of(status, &ChoosePassword { frame, errors, code })
}

/// Sets the password that was chosen with a code.
pub(super) fn choose_password(
    exchange: &mut Exchange<'_>,
    _: Option<&SignedIn>,
) -> Result<Reply, Failed> {
    visit::check(exchange)?;
    let now = exchange.call.now;
    let mut catalog = Catalog::open(&exchange.loaded().config.paths.catalog)?;
    let mut errors = Errors::default();
    let code = PasswordCode::parse(exchange.form.text("code"));
    let user = match &code {
        Some(code) => catalog.user_of_password_code(&code.digest(), now)?,
        None => None,
    };
    let Some(user) = user else {
        errors.add("code", exchange.texts.admin.sign_in.wrong_password_code);
        return password_form(exchange, errors, Status::UnprocessableContent);
    };
    let Some(password) = new_password::chosen(exchange, user.name.as_str(), &mut errors) else {
        return password_form(exchange, errors, Status::UnprocessableContent);
    };
    let hash = new_password::hash(exchange, &password)?;
    let is_set = match &code {
        Some(code) => catalog.set_password_with_code(&code.digest(), &hash, now)?,
        None => false,
    };
    if !is_set {
        errors.add("code", exchange.texts.admin.sign_in.wrong_password_code);
        return password_form(exchange, errors, Status::UnprocessableContent);
    }
    Ok(Reply::To("login".into()))
}

/// The page to come back to, if it is one of ours: nobody is sent elsewhere.
fn way_back(to: &str) -> String {
    let path = to.split(['?', '#']).next().unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.');
    let is_ours = path.bytes().all(is_plain)
        && !path.starts_with('/')
        && !path.contains("..")
        && !to.bytes().any(|byte| byte.is_ascii_control());
    if is_ours { to.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for ours in ["", "audit", "audit?who=a&what=b"] {
            assert_eq!(way_back(ours), ours);
        }
        for theirs in [
            "//evil.example",
            "/x",
            "https://evil.example/",
            "audit/../../x",
            "\\evil",
            "audit\r\nX: y",
            "?x",
        ] {
            let back = way_back(theirs);
            assert!(back.is_empty() || back == "?x", "{theirs}");
        }
    }
}
