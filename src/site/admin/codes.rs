//! One's own one-time codes: turning them on and off, and the recovery codes that stand in for them.

use askama::Template;

use super::authenticate::check_current_password;
use super::errors::Errors;
use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use super::shown_once::{self, Shown};
use crate::accounts::{OfferedCodes, RecoveryCode, qr_code};
use crate::catalog::Digest;
use crate::gateway::Status;

#[derive(Template)]
#[template(path = "admin/codes.html")]
struct Codes {
    frame: Frame,
    errors: Errors,
    state: State,
}

/// Whether there are codes.
enum State {
    /// There are none; this secret would make them.
    Offered(Offer),
    /// There are, and so many recovery codes.
    On { left: String },
}

/// A secret as it is shown.
struct Offer {
    /// For the form, signed.
    sealed: String,
    secret: String,
    picture: Option<String>,
}

pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    page(exchange, signed_in, None, Errors::default())
}

/// The page; with a secret that was offered before, that one again.
fn page(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    offered: Option<OfferedCodes>,
    errors: Errors,
) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let words = &texts.admin.codes;
    let user = &signed_in.user;
    let state = match user.totp_secret {
        Some(_) => {
            State::On { left: texts.number(exchange.catalog()?.recovery_codes_left(user.id)?) }
        }
        None => State::Offered(offer(exchange, signed_in, offered)?),
    };
    let mut frame = Frame::new(exchange, Some(signed_in), Section::None, words.title);
    frame.has_errors = !errors.is_empty();
    let is_off = exchange.query.text("done") == "off";
    frame.notice = is_off.then(|| words.turned_off.to_owned());
    let status = if errors.is_empty() { Status::Ok } else { Status::UnprocessableContent };
    Reply::page_of(status, &Codes { frame, errors, state })
}

fn offer(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    offered: Option<OfferedCodes>,
) -> Result<Offer, Failed> {
    let user = &signed_in.user;
    let offered = match offered {
        Some(offered) => offered,
        None => OfferedCodes::generate(user, exchange.call.now)
            .map_err(|problem| Failed::Broken(problem.to_string()))?,
    };
    let site = &exchange.loaded().config.pages.title;
    let address = offered.secret.address(site, user.name.as_str());
    Ok(Offer {
        sealed: offered.encode(&exchange.signer),
        secret: offered.secret.base32(),
        picture: qr_code::svg(&address, exchange.texts.admin.codes.picture),
    })
}

/// Does what the button says, for who types in their password.
pub(super) fn change(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let has_codes = signed_in.user.totp_secret.is_some();
    match exchange.form.text("do") {
        "on" if !has_codes => turn_on(exchange, signed_in),
        "recovery" if has_codes => make_recovery_codes(exchange, signed_in),
        "off" if has_codes => turn_off(exchange, signed_in),
        // It was done meanwhile.
        "on" | "recovery" | "off" => Ok(Reply::To("account/codes".into())),
        _ => Err(Failed::NotFound),
    }
}

/// Turns them on, when the first code is right.
fn turn_on(exchange: &Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let (words, now) = (&exchange.texts.admin.codes, exchange.call.now);
    let user = &signed_in.user;
    let mut errors = Errors::default();
    let offered = exchange.form.text("offered");
    let Some(offered) = OfferedCodes::decode(offered, user, &exchange.signer, now) else {
        errors.add("code", words.too_late);
        return page(exchange, signed_in, None, errors);
    };
    let step = offered.secret.check(exchange.form.text("code"), now, None);
    if step.is_none() {
        errors.add("code", words.wrong_code);
    } else {
        check_current_password(exchange, signed_in, &mut errors)?;
    }
    let (Some(step), true) = (step, errors.is_empty()) else {
        return page(exchange, signed_in, Some(offered), errors);
    };
    let recovery = recovery_codes()?;
    exchange.change_unpublished(signed_in, |catalog, author| {
        let secret = (*offered.secret.as_bytes(), step.0);
        Ok(catalog.require_codes(user.id, secret, &digests(&recovery), author)?)
    })?;
    show_recovery_codes(exchange, signed_in, &recovery)
}

fn make_recovery_codes(exchange: &Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let mut errors = Errors::default();
    check_current_password(exchange, signed_in, &mut errors)?;
    if !errors.is_empty() {
        return page(exchange, signed_in, None, errors);
    }
    let recovery = recovery_codes()?;
    let are_on = exchange.change_unpublished(signed_in, |catalog, author| {
        Ok(catalog.replace_recovery_codes(signed_in.user.id, &digests(&recovery), author)?)
    })?;
    match are_on {
        true => show_recovery_codes(exchange, signed_in, &recovery),
        false => Ok(Reply::To("account/codes".into())),
    }
}

fn turn_off(exchange: &Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let mut errors = Errors::default();
    check_current_password(exchange, signed_in, &mut errors)?;
    if !errors.is_empty() {
        return page(exchange, signed_in, None, errors);
    }
    exchange.change_unpublished(signed_in, |catalog, author| {
        Ok(catalog.require_no_codes(signed_in.user.id, author)?)
    })?;
    Ok(Reply::To("account/codes?done=off".into()))
}

fn recovery_codes() -> Result<Vec<RecoveryCode>, Failed> {
    RecoveryCode::generate().map_err(|problem| Failed::Broken(problem.to_string()))
}

fn digests(codes: &[RecoveryCode]) -> Vec<Digest> {
    codes.iter().map(RecoveryCode::digest).collect()
}

fn show_recovery_codes(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    codes: &[RecoveryCode],
) -> Result<Reply, Failed> {
    let words = &exchange.texts.admin.codes;
    let shown = Shown {
        section: Section::None,
        title: words.recovery_title,
        problem: None,
        about: words.recovery_about.to_owned(),
        secrets: codes.iter().map(ToString::to_string).collect(),
        place: None,
        advice: "",
        back: "account/codes".into(),
        back_label: words.kept,
    };
    shown_once::reply(exchange, signed_in, shown)
}
