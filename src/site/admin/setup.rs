//! The first user of a new site: made by who can read the data folder, in which the token for it lies.

use std::path::Path;

use askama::Template;

use super::cookies::Cookie;
use super::errors::Errors;
use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use super::{new_password, visit};
use crate::accounts::{Device, Session, SetupToken, SetupTokenError};
use crate::catalog::{Author, Catalog, Role, UserDetails, UserName, UserNameError};
use crate::gateway::Status;
use crate::site::first_user::offer;
use crate::site::health::{Examination, Outcome, Reach, data_over_the_web};

#[derive(Template)]
#[template(path = "admin/setup.html")]
struct Setup {
    frame: Frame,
    errors: Errors,
    token: String,
    name: String,
}

/// The folder with the token, while it can be used.
fn offered(exchange: &Exchange<'_>) -> Result<Option<std::path::PathBuf>, Failed> {
    let loaded = exchange.loaded();
    let broken = |problem: SetupTokenError| Failed::Broken(problem.to_string());
    offer(loaded, &*exchange.catalog()?, exchange.call.now).map_err(broken)?;
    let data = loaded.config.paths.catalog.parent().unwrap_or(Path::new("."));
    if exchange.catalog()?.has_users()? {
        return Ok(None);
    }
    let is_offered = SetupToken::is_offered(data, exchange.call.now).map_err(broken)?;
    Ok(is_offered.then(|| data.to_owned()))
}

/// Whether the first user can be made in the browser now.
pub(super) fn is_offered(exchange: &Exchange<'_>) -> Result<bool, Failed> {
    Ok(offered(exchange)?.is_some())
}

/// The form.
pub(super) fn show(exchange: &mut Exchange<'_>, _: Option<&SignedIn>) -> Result<Reply, Failed> {
    match offered(exchange)? {
        Some(_) => form(exchange, Errors::default(), Status::Ok),
        None => Err(Failed::NotFound),
    }
}

fn form(exchange: &mut Exchange<'_>, errors: Errors, status: Status) -> Result<Reply, Failed> {
    let mut frame = Frame::new(exchange, None, Section::None, exchange.texts.admin.setup.title);
    frame.token = visit::begin(exchange)?;
    frame.has_errors = !errors.is_empty();
    let (token, name) =
        (exchange.form.text("setup").to_owned(), exchange.form.text("name").to_owned());
    Reply::page_of(status, &Setup { frame, errors, token, name })
}

/// Makes the first user, who is signed in then.
pub(super) fn make(exchange: &mut Exchange<'_>, _: Option<&SignedIn>) -> Result<Reply, Failed> {
    visit::check(exchange)?;
    let Some(data) = offered(exchange)? else { return Err(Failed::NotFound) };
    let words = &exchange.texts.admin.setup;
    let mut errors = Errors::default();
    let token = SetupToken::check(&data, exchange.form.text("setup"), exchange.call.now)
        .map_err(|problem| Failed::Broken(problem.to_string()))?;
    if token.is_none() {
        errors.add("setup", words.wrong_token);
    }
    let named = UserName::parse(exchange.form.text("name"));
    let say = |problem: &UserNameError| exchange.texts.admin.users.name_error(*problem).to_owned();
    let name = errors.take("name", named, say);
    let password = new_password::chosen(exchange, exchange.form.text("name"), &mut errors);
    let (Some(token), Some(name), Some(password)) = (token, name, password) else {
        return form(exchange, errors, Status::UnprocessableContent);
    };
    if let Some(problem) = shown_to_all(exchange) {
        errors.add("setup", problem);
        return form(exchange, errors, Status::UnprocessableContent);
    }
    let hash = new_password::hash(exchange, &password)?;
    let broken = |problem: &dyn std::fmt::Display| Failed::Broken(problem.to_string());
    if !token.use_up().map_err(|problem| broken(&problem))? {
        return Err(Failed::NotFound);
    }
    let now = exchange.call.now;
    let author = Author { name: name.as_str(), at: now };
    let mut catalog = Catalog::open(&exchange.loaded().config.paths.catalog)?;
    let details = UserDetails::new(Role::Administrator);
    let id = catalog
        .add_user(&name, &details, Some(&hash), &author)
        .map_err(|problem| broken(&problem))?;
    let session = Session::begin(id, 0, now).map_err(|problem| broken(&problem))?;
    let device = Device::begin(id, now).map_err(|problem| broken(&problem))?;
    exchange.send_session(&session);
    exchange.send_device(&device);
    exchange.cookies.push(Cookie::Visit.forget(exchange.is_secure));
    Ok(Reply::To(String::new()))
}

/// Why nobody is made while strangers might read the token: the data can be fetched, or nobody can tell.
fn shown_to_all(exchange: &Exchange<'_>) -> Option<String> {
    let (loaded, now) = (exchange.loaded(), exchange.call.now);
    let words = &exchange.texts.admin.setup;
    let examination = Examination::new(loaded, exchange.surroundings, now, Reach::Network);
    match data_over_the_web(&examination) {
        Some(outcome) if outcome.is_wrong() => Some(words.data_is_shown.with(outcome.text())),
        Some(Outcome::Fine(_)) => None,
        _ if is_below_document_root(exchange) => Some(words.data_may_be_shown.to_owned()),
        _ => None,
    }
}

/// Whether the data folder lies in what the web server shows, as far as it tells.
fn is_below_document_root(exchange: &Exchange<'_>) -> bool {
    let root = exchange.call.request.variables.get("DOCUMENT_ROOT").unwrap_or_default();
    let root = Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(root));
    let catalog = &exchange.loaded().config.paths.catalog;
    let (Ok(root), Ok(catalog)) = (root.canonicalize(), catalog.canonicalize()) else {
        return true;
    };
    catalog.starts_with(root)
}
