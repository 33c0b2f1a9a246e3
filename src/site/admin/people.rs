//! Users and groups: who may sign in, and what their roles may.

use askama::Template;

use super::errors::Errors;
use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use super::{new_password, password_code};
use crate::accounts::Permission;
use crate::catalog::{NoGroup, Role, User, UserDetails, UserError, UserName, is_same_group};
use crate::gateway::Status;
use crate::site::language::Texts;

/// One of what may be chosen in a form.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) name: String,
    pub(super) is_chosen: bool,
}

/// A user as they are shown.
pub(super) struct Person {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) role: &'static str,
    pub(super) groups: Vec<String>,
    pub(super) has_codes: bool,
    pub(super) last_sign_in: String,
    pub(super) is_disabled: bool,
    pub(super) has_password: bool,
}

/// Whether a role may do something.
enum Allowed {
    Always,
    /// With torrents of their groups.
    InGroups,
    Never,
}

#[derive(Template)]
#[template(path = "admin/people.html")]
struct People {
    frame: Frame,
    errors: Errors,
    people: Vec<Person>,
    /// Administrators who sign in with a password only.
    without_codes: Vec<String>,
    /// Groups, and how many users are in each.
    groups: Vec<(String, String)>,
    role_names: Vec<&'static str>,
    /// What may be done, and by which roles, in their order.
    permissions: Vec<(&'static str, Vec<(&'static str, Allowed)>)>,
    // What was typed into the forms.
    name: String,
    roles: Vec<Choice>,
    group_choices: Vec<Choice>,
    new_group: String,
    /// Where a code is to be mailed; `None` where nothing can be mailed.
    mail: Option<String>,
}

impl Person {
    pub(super) fn of(user: &User, exchange: &Exchange<'_>) -> Self {
        let (texts, now) = (exchange.texts, exchange.call.now);
        let words = &texts.admin.people;
        let ago = |at| words.ago.with(texts.duration(now.since(at)));
        Self {
            id: user.id.0,
            name: user.name.to_string(),
            role: words.role_name(user.role),
            groups: user.groups.clone(),
            has_codes: user.totp_secret.is_some(),
            last_sign_in: user.last_login.map_or_else(|| words.never.to_owned(), ago),
            is_disabled: user.is_disabled,
            has_password: user.password.is_some(),
        }
    }
}

/// All roles to choose from.
pub(super) fn role_choices(exchange: &Exchange<'_>, chosen: Option<Role>) -> Vec<Choice> {
    let words = &exchange.texts.admin.people;
    let choice = |role: Role| Choice {
        value: role.name().to_owned(),
        name: words.role_name(role).to_owned(),
        is_chosen: chosen == Some(role),
    };
    Role::ALL.into_iter().map(choice).collect()
}

/// All groups to choose from.
pub(super) fn group_choices(
    exchange: &Exchange<'_>,
    chosen: &[String],
) -> Result<Vec<Choice>, Failed> {
    let groups = exchange.catalog()?.groups()?;
    let choice = |name: String| Choice {
        is_chosen: chosen.iter().any(|chosen| is_same_group(chosen, &name)),
        value: name.clone(),
        name,
    };
    Ok(groups.into_iter().map(|group| choice(group.name)).collect())
}

/// The groups that were chosen in a form.
pub(super) fn chosen_groups(exchange: &Exchange<'_>) -> Vec<String> {
    exchange.form.texts("groups").map(str::to_owned).collect()
}

pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    page(exchange, signed_in, Errors::default())
}

/// The page, also when something is wrong in one of its forms.
pub(super) fn page(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    errors: Errors,
) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let words = &texts.admin.people;
    let catalog = exchange.catalog()?;
    let users = catalog.users()?;
    let is_bare = |user: &&User| {
        user.role == Role::Administrator && !user.is_disabled && user.totp_secret.is_none()
    };
    let mut frame =
        Frame::new(exchange, Some(signed_in), Section::People, texts.admin.frame.people);
    frame.has_errors = !errors.is_empty();
    frame.notice = match exchange.query.text("done") {
        "added" => Some(words.added.to_owned()),
        "removed" => Some(words.removed.to_owned()),
        "group-added" => Some(words.group_added.to_owned()),
        "group-removed" => Some(words.group_removed.to_owned()),
        _ => None,
    };
    let groups = catalog.groups()?.into_iter();
    let role = Role::named(exchange.form.text("role")).unwrap_or(Role::Viewer);
    let status = if errors.is_empty() { Status::Ok } else { Status::UnprocessableContent };
    Reply::page_of(
        status,
        &People {
            people: users.iter().map(|user| Person::of(user, exchange)).collect(),
            without_codes: users.iter().filter(is_bare).map(|it| it.name.to_string()).collect(),
            groups: groups.map(|it| (it.name, texts.number(it.users))).collect(),
            role_names: Role::ALL.into_iter().map(|role| words.role_name(role)).collect(),
            permissions: Permission::ALL
                .into_iter()
                .map(|it| (texts.admin.permissions.in_words(it), roles_with(it, texts)))
                .collect(),
            name: exchange.form.text("name").to_owned(),
            roles: role_choices(exchange, Some(role)),
            group_choices: group_choices(exchange, &chosen_groups(exchange))?,
            new_group: exchange.form.text("group").to_owned(),
            mail: password_code::typed_address(exchange),
            frame,
            errors,
        },
    )
}

/// The roles in their order, and whether each may do something.
fn roles_with(permission: Permission, texts: &Texts) -> Vec<(&'static str, Allowed)> {
    let of = |role: Role| match role.may(permission) {
        false => Allowed::Never,
        true if role == Role::Editor && permission.is_over_torrents() => Allowed::InGroups,
        true => Allowed::Always,
    };
    Role::ALL.into_iter().map(|role| (texts.admin.people.role_name(role), of(role))).collect()
}

/// Adds a user: with a password, or with a code that is mailed or shown now.
pub(super) fn add(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let words = &texts.admin.people;
    let mut errors = Errors::default();
    let named = UserName::parse(exchange.form.text("name"));
    let name = errors.take("name", named, |it| texts.admin.users.name_error(*it).to_owned());
    let role = Role::named(exchange.form.text("role"));
    if role.is_none() {
        errors.add("role", words.no_role);
    }
    let has_password =
        ["password", "again"].into_iter().any(|field| !exchange.form.text(field).is_empty());
    let password = match has_password {
        true => new_password::chosen(exchange, exchange.form.text("name"), &mut errors),
        false => None,
    };
    let mail_to = password_code::mail_to(exchange, &mut errors)?;
    if has_password && mail_to.is_some() {
        errors.add("mail", texts.admin.mail.with_password);
    }
    let (Some(name), Some(role), true) = (name, role, errors.is_empty()) else {
        return page(exchange, signed_in, errors);
    };
    if exchange.catalog()?.user_named(&name)?.is_some() {
        errors.add("name", words.name_taken);
        return page(exchange, signed_in, errors);
    }
    let hash = password.map(|password| new_password::hash(exchange, &password)).transpose()?;
    let details = UserDetails { groups: chosen_groups(exchange), ..UserDetails::new(role) };
    let added = exchange.change_unpublished(signed_in, |catalog, author| {
        Ok(catalog.add_user(&name, &details, hash.as_deref(), author))
    })?;
    match added {
        Ok(_) if hash.is_some() => Ok(Reply::To("people?done=added".into())),
        Ok(id) => {
            let user = exchange.catalog()?.user(id)?.ok_or(Failed::NotFound)?;
            password_code::make(exchange, signed_in, &user, mail_to.as_ref())
        }
        Err(UserError::NameTaken(_)) => {
            errors.add("name", words.name_taken);
            page(exchange, signed_in, errors)
        }
        Err(UserError::NoGroup(NoGroup(group))) => {
            errors.add("groups", words.no_group.with(group));
            page(exchange, signed_in, errors)
        }
        Err(problem) => Err(problem.into()),
    }
}
