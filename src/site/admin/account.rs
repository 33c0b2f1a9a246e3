//! The account of whoever has signed in: language, password, and where they have signed in.

use askama::Template;

use super::authenticate::{CURRENT, authenticate, wait, wait_for_others};
use super::errors::Errors;
use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::new_password;
use super::people::Choice;
use super::person::{SignInRow, chosen_language, language_choices, sign_ins};
use super::reply::{Failed, Reply};
use crate::accounts::PasswordChange;
use crate::catalog::UserDetails;
use crate::gateway::Status;

#[derive(Template)]
#[template(path = "admin/account.html")]
struct Account {
    frame: Frame,
    errors: Errors,
    name: String,
    role: &'static str,
    groups: Vec<String>,
    has_codes: bool,
    tokens: String,
    languages: Vec<Choice>,
    last_sign_ins: Vec<SignInRow>,
}

#[derive(Template)]
#[template(path = "admin/account_password.html")]
struct PasswordPage {
    frame: Frame,
    errors: Errors,
}

pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    page(exchange, signed_in, Errors::default())
}

fn page(exchange: &Exchange<'_>, signed_in: &SignedIn, errors: Errors) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let (words, user) = (&texts.admin.account, &signed_in.user);
    let mut frame = Frame::new(exchange, Some(signed_in), Section::None, words.title);
    frame.has_errors = !errors.is_empty();
    let tokens = exchange.catalog()?.tokens(Some(user.id))?.len();
    frame.notice = match exchange.query.text("done") {
        "saved" => Some(texts.admin.frame.saved.to_owned()),
        "password" if tokens > 0 => {
            Some(format!("{} {}", words.password_changed, words.tokens_go_on))
        }
        "password" => Some(words.password_changed.to_owned()),
        _ => None,
    };
    let status = if errors.is_empty() { Status::Ok } else { Status::UnprocessableContent };
    Reply::page_of(
        status,
        &Account {
            name: user.name.to_string(),
            role: texts.admin.people.role_name(user.role),
            groups: user.groups.clone(),
            has_codes: user.totp_secret.is_some(),
            tokens: texts.number(tokens),
            languages: language_choices(exchange, user.language.as_deref()),
            last_sign_ins: sign_ins(exchange, user)?,
            frame,
            errors,
        },
    )
}

/// Has the pages be in another language.
pub(super) fn save(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let mut errors = Errors::default();
    let language = chosen_language(exchange, &mut errors);
    if !errors.is_empty() {
        return page(exchange, signed_in, errors);
    }
    let user = &signed_in.user;
    let details = UserDetails { language, ..user.details() };
    exchange.change_unpublished(signed_in, |catalog, author| {
        Ok(catalog.change_user(user.id, Some(user.version), &details, author)?)
    })?;
    Ok(Reply::To("account?done=saved".into()))
}

/// The form for another password.
pub(super) fn show_password(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    password_page(exchange, signed_in, Errors::default())
}

fn password_page(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    errors: Errors,
) -> Result<Reply, Failed> {
    let title = exchange.texts.admin.account.change_password;
    let mut frame = Frame::new(exchange, Some(signed_in), Section::None, title);
    frame.has_errors = !errors.is_empty();
    let status = if errors.is_empty() { Status::Ok } else { Status::UnprocessableContent };
    Reply::page_of(status, &PasswordPage { frame, errors })
}

/// Changes the password. All sessions end; this browser gets a new one.
pub(super) fn change_password(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    let user = &signed_in.user;
    let mut errors = Errors::default();
    if new_password::chosen(exchange, user.name.as_str(), &mut errors).is_none() {
        return password_page(exchange, signed_in, errors);
    }
    wait_for_others(exchange)?;
    let (current, new) = (exchange.form.text(CURRENT), exchange.form.text("password"));
    match authenticate(exchange, |it| it.change_password(user, current, new))? {
        PasswordChange::Done(session) => {
            // That of before may have been renewed with this request.
            exchange.cookies.clear();
            exchange.send_session(&session);
            return Ok(Reply::To("account?done=password".into()));
        }
        PasswordChange::WrongPassword => {
            errors.add(CURRENT, exchange.texts.admin.account.wrong_password);
        }
        // Its fault was looked for above.
        PasswordChange::Unfit(problem) => return Err(Failed::Broken(problem.to_string())),
        PasswordChange::Wait(seconds) => errors.add(CURRENT, wait(exchange, seconds)),
    }
    password_page(exchange, signed_in, errors)
}
