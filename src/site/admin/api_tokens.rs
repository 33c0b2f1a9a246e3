//! Tokens for the API: what programs show in the place of one's password.

use askama::Template;

use super::authenticate::check_current_password;
use super::errors::Errors;
use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::people::Choice;
use super::reply::{Failed, Reply};
use super::shown_once::{self, Shown};
use crate::accounts::{ApiToken, Scope, Scopes};
use crate::catalog::{NewToken, Role, Token, User, UserId, UserName};
use crate::gateway::Status;

/// The days that are chosen where nobody has chosen.
const USUAL_DAYS: u16 = 90;

/// A token as it is shown.
pub(super) struct ShownToken {
    pub(super) id: i64,
    pub(super) label: String,
    pub(super) scopes: String,
    pub(super) created: String,
    pub(super) until: String,
    pub(super) is_over: bool,
    pub(super) last_use: String,
}

#[derive(Template)]
#[template(path = "admin/api_tokens.html")]
struct Tokens {
    frame: Frame,
    errors: Errors,
    tokens: Vec<ShownToken>,
    label: String,
    scopes: Vec<Choice>,
    days: Vec<Choice>,
}

impl ShownToken {
    fn of(token: Token, exchange: &Exchange<'_>) -> Self {
        let (texts, now) = (exchange.texts, exchange.call.now);
        let words = &texts.admin.api_tokens;
        let ago = |at| texts.admin.people.ago.with(texts.duration(now.since(at)));
        Self {
            id: token.id,
            label: token.label,
            scopes: in_words(&token.scope, exchange),
            created: texts.day(token.created),
            until: token.until.map_or_else(|| "–".to_owned(), |at| texts.day(at)),
            is_over: token.until.is_some_and(|until| until <= now),
            last_use: token.last_used.map_or_else(|| words.never.to_owned(), ago),
        }
    }
}

/// Scopes in words; as they are written, where one is not known.
fn in_words(written: &str, exchange: &Exchange<'_>) -> String {
    let Ok(scopes) = Scopes::parse(written) else { return written.to_owned() };
    let words = &exchange.texts.admin.api_tokens;
    let names = Scope::ALL.into_iter().filter(|it| scopes.has(*it)).map(|it| words.scope(it));
    names.collect::<Vec<_>>().join("; ")
}

/// The tokens of a user.
pub(super) fn shown(exchange: &Exchange<'_>, user: &User) -> Result<Vec<ShownToken>, Failed> {
    let tokens = exchange.catalog()?.tokens(Some(user.id))?;
    Ok(tokens.into_iter().map(|token| ShownToken::of(token, exchange)).collect())
}

pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    page(exchange, signed_in, Errors::default())
}

fn page(exchange: &Exchange<'_>, signed_in: &SignedIn, errors: Errors) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let words = &texts.admin.api_tokens;
    let chosen: Vec<&str> = exchange.form.texts("scopes").collect();
    let scope = |scope: Scope| Choice {
        value: scope.name().to_owned(),
        name: words.scope(scope).to_owned(),
        is_chosen: chosen.contains(&scope.name()),
    };
    let chosen_days = exchange.form.text("days").parse().unwrap_or(USUAL_DAYS);
    let days = |days: u16| Choice {
        value: days.to_string(),
        name: words.days.with(days),
        is_chosen: days == chosen_days,
    };
    let mut frame = Frame::new(exchange, Some(signed_in), Section::None, words.title);
    frame.has_errors = !errors.is_empty();
    frame.notice = match exchange.query.text("done") {
        "removed" => Some(words.removed.to_owned()),
        "all-removed" => Some(words.all_removed.to_owned()),
        _ => None,
    };
    let status = if errors.is_empty() { Status::Ok } else { Status::UnprocessableContent };
    Reply::page_of(
        status,
        &Tokens {
            tokens: shown(exchange, &signed_in.user)?,
            label: exchange.form.text("label").to_owned(),
            scopes: scopes_of(signed_in.user.role).map(scope).collect(),
            days: ApiToken::DAYS.into_iter().map(days).collect(),
            frame,
            errors,
        },
    )
}

/// The scopes that are of use to a role.
fn scopes_of(role: Role) -> impl Iterator<Item = Scope> {
    Scope::ALL.into_iter().filter(move |scope| scope.is_of_use_to(role))
}

/// Makes a token, for who types in their password, and shows it.
pub(super) fn make(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let (words, user) = (&texts.admin.api_tokens, &signed_in.user);
    let mut errors = Errors::default();
    let label = UserName::parse(exchange.form.text("label"));
    let label = errors.take("label", label, |it| texts.admin.users.name_error(*it).to_owned());
    let chosen: Vec<&str> = exchange.form.texts("scopes").collect();
    let scopes = Scopes::new(scopes_of(user.role).filter(|it| chosen.contains(&it.name())));
    if scopes.is_none() {
        errors.add("scopes", words.no_scope);
    }
    let lasts = exchange.form.text("days").parse().ok().and_then(ApiToken::lasts);
    if lasts.is_none() {
        errors.add("days", words.no_days);
    }
    if errors.is_empty() {
        check_current_password(exchange, signed_in, &mut errors)?;
    }
    let (Some(label), Some(scopes), Some(lasts), true) = (label, scopes, lasts, errors.is_empty())
    else {
        return page(exchange, signed_in, errors);
    };
    let token = ApiToken::generate().map_err(|problem| Failed::Broken(problem.to_string()))?;
    exchange.change_unpublished(signed_in, |catalog, author| {
        let new = NewToken {
            digest: &token.digest(),
            label: label.as_str(),
            scope: &scopes.to_string(),
            until: Some(author.at + lasts),
        };
        Ok(catalog.add_token(user.id, &new, author)?)
    })?;
    let shown = Shown {
        section: Section::None,
        title: words.shown_title,
        problem: None,
        about: words.shown_about.with(label),
        secrets: vec![token.to_string()],
        place: None,
        advice: "",
        back: "account/tokens".into(),
        back_label: words.back,
    };
    shown_once::reply(exchange, signed_in, shown)
}

/// Ends one of one's own tokens.
pub(super) fn remove(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    end(exchange, signed_in, signed_in.user.id)?;
    Ok(Reply::To("account/tokens?done=removed".into()))
}

/// Ends all of one's own tokens.
pub(super) fn remove_all(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    exchange.change_unpublished(signed_in, |catalog, author| {
        Ok(catalog.remove_tokens(signed_in.user.id, author)?)
    })?;
    Ok(Reply::To("account/tokens?done=all-removed".into()))
}

/// Ends the token with the number in the form, if it is a user's.
pub(super) fn end(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    user: UserId,
) -> Result<(), Failed> {
    let number = exchange.form.text("number").parse().map_err(|_| Failed::NotFound)?;
    let was_there = exchange.change_unpublished(signed_in, |catalog, author| {
        Ok(catalog.remove_token(number, Some(user), author)?)
    })?;
    if was_there { Ok(()) } else { Err(Failed::NotFound) }
}
