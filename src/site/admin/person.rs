//! A user, and what an administrator may do with them.

use askama::Template;

use super::api_tokens::{self, ShownToken};
use super::confirm::Question;
use super::errors::Errors;
use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::password_code;
use super::people::{self, Choice, Person};
use super::reply::{Failed, Reply};
use crate::catalog::{LoginOutcome, NoGroup, Role, User, UserDetails, UserError, UserId};
use crate::config::Language;
use crate::gateway::Status;
use crate::site::language::texts;

/// Sign-ins that are shown.
const SIGN_INS: u32 = 50;

/// A sign-in as it is shown.
pub(super) struct SignInRow {
    pub(super) at: String,
    pub(super) address: String,
    pub(super) outcome: &'static str,
    pub(super) is_good: bool,
}

#[derive(Template)]
#[template(path = "admin/person.html")]
struct PersonPage {
    frame: Frame,
    errors: Errors,
    person: Person,
    created: String,
    version: u64,
    roles: Vec<Choice>,
    group_choices: Vec<Choice>,
    languages: Vec<Choice>,
    is_disabled_chosen: bool,
    tokens: Vec<ShownToken>,
    token_action: String,
    token_action_for_all: String,
    last_sign_ins: Vec<SignInRow>,
    /// Where a code is to be mailed; `None` where nothing can be mailed.
    mail: Option<String>,
}

/// The user of the address.
fn user(exchange: &Exchange<'_>) -> Result<User, Failed> {
    let id = exchange.part(0).parse().map_err(|_| Failed::NotFound)?;
    exchange.catalog()?.user(UserId(id))?.ok_or(Failed::NotFound)
}

/// The last sign-ins of a user.
pub(super) fn sign_ins(exchange: &Exchange<'_>, user: &User) -> Result<Vec<SignInRow>, Failed> {
    let texts = exchange.texts;
    let logins = exchange.catalog()?.logins(Some(user.name.as_str()), SIGN_INS)?;
    let row = |login: crate::catalog::Login| SignInRow {
        at: texts.moment(login.at),
        outcome: texts.admin.person.outcome(login.outcome),
        is_good: login.outcome == LoginOutcome::SignedIn,
        address: login.address,
    };
    Ok(logins.into_iter().map(row).collect())
}

/// All languages to choose from, that of the browser first.
pub(super) fn language_choices(exchange: &Exchange<'_>, chosen: Option<&str>) -> Vec<Choice> {
    let of_browser = Choice {
        value: String::new(),
        name: exchange.texts.admin.person.of_browser.to_owned(),
        is_chosen: chosen.is_none(),
    };
    let choice = |language: Language| Choice {
        value: language.tag().to_owned(),
        name: texts(language).name.to_owned(),
        is_chosen: chosen == Some(language.tag()),
    };
    std::iter::once(of_browser).chain(Language::ALL.into_iter().map(choice)).collect()
}

/// The language that was chosen in a form: none is that of the browser. What is no language stands in the errors.
pub(super) fn chosen_language(exchange: &Exchange<'_>, errors: &mut Errors) -> Option<String> {
    let chosen = exchange.form.text("language");
    if chosen.is_empty() {
        return None;
    }
    let language = Language::of_tag(chosen).map(|language| language.tag().to_owned());
    if language.is_none() {
        errors.add("language", exchange.texts.admin.account.wrong_language);
    }
    language
}

pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let user = user(exchange)?;
    let details = user.details();
    page(exchange, signed_in, &user, &details, Errors::default())
}

/// The page of a user, with what is chosen in its form.
fn page(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    user: &User,
    chosen: &UserDetails,
    errors: Errors,
) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let words = &texts.admin.person;
    let mut frame = Frame::new(exchange, Some(signed_in), Section::People, user.name.as_str());
    frame.has_errors = !errors.is_empty();
    frame.notice = match exchange.query.text("done") {
        "saved" => Some(texts.admin.frame.saved.to_owned()),
        "mailed" => Some(texts.admin.mail.sent.to_owned()),
        "signed-out" => Some(words.signed_out.to_owned()),
        "no-codes" => Some(words.codes_are_off.to_owned()),
        "token-removed" => Some(texts.admin.api_tokens.removed.to_owned()),
        "tokens-removed" => Some(texts.admin.api_tokens.all_removed.to_owned()),
        _ => None,
    };
    let status = if errors.is_empty() { Status::Ok } else { Status::UnprocessableContent };
    Reply::page_of(
        status,
        &PersonPage {
            person: Person::of(user, exchange),
            created: texts.moment(user.created),
            version: user.version,
            roles: people::role_choices(exchange, Some(chosen.role)),
            group_choices: people::group_choices(exchange, &chosen.groups)?,
            languages: language_choices(exchange, chosen.language.as_deref()),
            is_disabled_chosen: chosen.is_disabled,
            tokens: api_tokens::shown(exchange, user)?,
            token_action: format!("people/{}/remove-token", user.id.0),
            token_action_for_all: format!("people/{}/remove-tokens", user.id.0),
            last_sign_ins: sign_ins(exchange, user)?,
            mail: password_code::typed_address(exchange),
            frame,
            errors,
        },
    )
}

/// Has a user be as the form says.
pub(super) fn save(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let before = user(exchange)?;
    let mut errors = Errors::default();
    let role = Role::named(exchange.form.text("role"));
    if role.is_none() {
        errors.add("role", texts.admin.people.no_role);
    }
    let details = UserDetails {
        role: role.unwrap_or(before.role),
        groups: people::chosen_groups(exchange),
        is_disabled: exchange.form.has("disabled"),
        language: chosen_language(exchange, &mut errors),
    };
    let version = exchange.form.text("version").parse().unwrap_or(u64::MAX);
    if errors.is_empty() {
        let saved = exchange.change_unpublished(signed_in, |catalog, author| {
            Ok(catalog.change_user(before.id, Some(version), &details, author))
        })?;
        match saved {
            Ok(()) => return Ok(Reply::To(format!("people/{}?done=saved", before.id.0))),
            Err(UserError::ChangedMeanwhile) => {
                errors.add("change", texts.admin.frame.changed_meanwhile);
            }
            Err(UserError::LastAdministrator) => {
                errors.add("role", texts.admin.person.last_administrator);
            }
            Err(UserError::NoGroup(NoGroup(group))) => {
                errors.add("groups", texts.admin.people.no_group.with(group));
            }
            Err(problem) => return Err(problem.into()),
        }
    }
    // What the form carries on is the version of now: whoever saves again has seen it.
    let now = user(exchange)?;
    page(exchange, signed_in, &now, &details, errors)
}

/// Makes a code with which the user chooses a password.
pub(super) fn make_password_code(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    let user = user(exchange)?;
    let mut errors = Errors::default();
    let mail_to = password_code::mail_to(exchange, &mut errors)?;
    if exchange.form.has(password_code::MAIL) && mail_to.is_none() {
        errors.add(password_code::MAIL, exchange.texts.admin.mail.wrong_address);
    }
    if !errors.is_empty() {
        return page(exchange, signed_in, &user, &user.details(), errors);
    }
    password_code::make(exchange, signed_in, &user, mail_to.as_ref())
}

/// Ends all sessions of the user.
pub(super) fn sign_out(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let user = user(exchange)?;
    exchange.change_unpublished(signed_in, |catalog, author| {
        Ok(catalog.sign_user_out(user.id, author)?)
    })?;
    Ok(Reply::To(format!("people/{}?done=signed-out", user.id.0)))
}

/// Has the user need no one-time codes, after asking.
pub(super) fn turn_codes_off(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    let user = user(exchange)?;
    let words = &exchange.texts.admin.person;
    if !exchange.is_sure() {
        let consequences = vec![words.codes_off_what.to_owned()];
        let question =
            question(&user, (words.codes_off_ask, words.codes_off), consequences, "no-codes");
        return exchange.ask(signed_in, question);
    }
    exchange.change_unpublished(signed_in, |catalog, author| {
        Ok(catalog.require_no_codes(user.id, author)?)
    })?;
    Ok(Reply::To(format!("people/{}?done=no-codes", user.id.0)))
}

/// Removes the user, after asking.
pub(super) fn remove(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let user = user(exchange)?;
    let words = &exchange.texts.admin.person;
    if !exchange.is_sure() {
        let consequences = vec![words.remove_what.to_owned(), words.remove_audit.to_owned()];
        let question = question(&user, (words.remove_title, words.remove), consequences, "remove");
        return exchange.ask(signed_in, question);
    }
    let removed = exchange.change_unpublished(signed_in, |catalog, author| {
        Ok(catalog.remove_user(user.id, author))
    })?;
    match removed {
        Ok(_) => Ok(Reply::To("people?done=removed".into())),
        Err(UserError::LastAdministrator) => {
            let mut errors = Errors::default();
            errors.add("remove", words.last_administrator);
            page(exchange, signed_in, &user, &user.details(), errors)
        }
        Err(problem) => Err(problem.into()),
    }
}

/// Ends one of the user's tokens.
pub(super) fn remove_token(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    let user = user(exchange)?;
    api_tokens::end(exchange, signed_in, user.id)?;
    Ok(Reply::To(format!("people/{}?done=token-removed", user.id.0)))
}

/// Ends all of the user's tokens.
pub(super) fn remove_tokens(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    let user = user(exchange)?;
    exchange.change_unpublished(signed_in, |catalog, author| {
        Ok(catalog.remove_tokens(user.id, author)?)
    })?;
    Ok(Reply::To(format!("people/{}?done=tokens-removed", user.id.0)))
}

/// What is asked before something is done with a user: its title, and what stands on the button.
fn question(
    user: &User,
    (title, button): (&'static str, &'static str),
    consequences: Vec<String>,
    page: &str,
) -> Question {
    Question {
        section: Section::People,
        title: title.to_owned(),
        consequences,
        subjects: vec![user.name.to_string()],
        action: format!("people/{}/{page}", user.id.0),
        fields: Vec::new(),
        button,
        back: format!("people/{}", user.id.0),
    }
}
