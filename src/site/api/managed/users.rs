//! `/api/v1/users`: who may sign in. Passwords and one-time codes do not come this way: a token must not be enough to
//! become somebody.

use serde::Serialize;

use super::body::{Fields, parsed, texts, truth};
use super::{Done, Exchange, Failed, Problem};
use crate::catalog::{Catalog, Role, User, UserDetails, UserName};
use crate::config::Language;

/// All users.
#[derive(Serialize)]
struct Page {
    users: Vec<Shown>,
}

/// A user for programs.
#[derive(Serialize)]
struct Shown {
    name: String,
    role: &'static str,
    groups: Vec<String>,
    disabled: bool,
    language: Option<String>,
    has_password: bool,
    one_time_codes: bool,
    created: u64,
    last_login: Option<u64>,
    version: String,
}

impl From<User> for Shown {
    fn from(user: User) -> Self {
        Self {
            name: user.name.to_string(),
            role: user.role.name(),
            groups: user.groups,
            disabled: user.is_disabled,
            language: user.language,
            has_password: user.password.is_some(),
            one_time_codes: user.totp_secret.is_some(),
            created: user.created.0,
            last_login: user.last_login.map(|at| at.0),
            version: user.version.to_string(),
        }
    }
}

pub(super) fn list(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    exchange.given(&[])?;
    let users = exchange.catalog()?.users()?;
    Done::found(&Page { users: users.into_iter().map(Shown::from).collect() })
}

pub(super) fn show(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let user = find(&exchange.catalog()?, &exchange.name())?;
    let version = user.version;
    Ok(Done::found(&Shown::from(user))?.of_version(version))
}

/// Adds somebody, who can sign in once an administrator has given them a password or a link to choose one.
pub(super) fn add(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let mut fields = exchange.fields()?;
    let name = fields.require("name", parsed(UserName::parse));
    let role = fields.require("role", parsed(role));
    let mut details = UserDetails::new(role.unwrap_or(Role::Member));
    take_details(&mut fields, &mut details);
    fields.finish()?;
    let Some(name) = name else { return Err(Problem::NoSuch("user").into()) };
    exchange.change_unpublished(|catalog, author| {
        let id = catalog.add_user(&name, &details, None, author)?;
        let user = catalog.user(id)?.ok_or(Problem::NoSuch("user"))?;
        Done::made(&Shown::from(user))
    })
}

/// Changes what is said of somebody; what is not said stays.
pub(super) fn change(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let mut fields = exchange.fields()?;
    let role = fields.take_some("role", parsed(role));
    let mut said = UserDetails::new(Role::Member);
    let given = take_details(&mut fields, &mut said);
    fields.finish()?;
    let name = exchange.name();
    exchange.change_unpublished(|catalog, author| {
        let user = find(catalog, &name)?;
        exchange.check_version(&user.version.to_string())?;
        let mut details = user.details();
        details.role = role.unwrap_or(details.role);
        if given.groups {
            details.groups = said.groups;
        }
        if given.is_disabled {
            details.is_disabled = said.is_disabled;
        }
        if given.language {
            details.language = said.language;
        }
        catalog.change_user(user.id, Some(user.version), &details, author)?;
        let user = find(catalog, &name)?;
        let version = user.version;
        Ok(Done::found(&Shown::from(user))?.of_version(version))
    })
}

pub(super) fn remove(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let name = exchange.name();
    exchange.change_unpublished(|catalog, author| {
        let user = find(catalog, &name)?;
        catalog.remove_user(user.id, author)?;
        Ok(Done::gone())
    })
}

fn find(catalog: &Catalog, name: &str) -> Result<User, Failed> {
    let name = UserName::parse(name).map_err(|_| Problem::NoSuch("user"))?;
    catalog.user_named(&name)?.ok_or_else(|| Problem::NoSuch("user").into())
}

/// Which details were given.
struct Given {
    groups: bool,
    is_disabled: bool,
    language: bool,
}

fn take_details(fields: &mut Fields, details: &mut UserDetails) -> Given {
    let groups = fields.take("groups", texts);
    let is_disabled = fields.take_some("disabled", truth);
    let language = fields.take("language", parsed(language));
    let given = Given {
        groups: groups.is_some(),
        is_disabled: is_disabled.is_some(),
        language: language.is_some(),
    };
    details.groups = groups.flatten().unwrap_or_default();
    details.is_disabled = is_disabled.unwrap_or_default();
    details.language = language.flatten();
    given
}

fn role(text: &str) -> Result<Role, &'static str> {
    Role::named(text).ok_or("it must be admin, editor, viewer or member")
}

fn language(text: &str) -> Result<String, String> {
    let known = Language::ALL.into_iter().map(Language::tag);
    if let Some(tag) = known.clone().find(|tag| *tag == text) {
        return Ok(tag.to_owned());
    }
    Err(format!("it must be one of {}", known.collect::<Vec<_>>().join(", ")))
}
