//! A code with which somebody chooses a password: an administrator is shown it, or has it mailed.

use super::errors::Errors;
use super::exchange::{Exchange, SignedIn};
use super::reply::{Failed, Reply};
use super::shown_once;
use crate::accounts::{MailAddress, PasswordCode};
use crate::catalog::User;
use crate::site::PasswordMail;
use crate::site::language::{self, asked_for};

/// The field for an address.
pub(super) const MAIL: &str = "mail";

/// The address that stands in the form; `None` where nothing can be mailed.
pub(super) fn typed_address(exchange: &Exchange<'_>) -> Option<String> {
    let can_mail = exchange.loaded().config.admin.sendmail.is_some();
    can_mail.then(|| exchange.form.text(MAIL).to_owned())
}

/// Where the code is to be mailed; `None` where no address was typed in, or one that stands in the errors. Only a thread
/// that may wait goes on then.
pub(super) fn mail_to(
    exchange: &Exchange<'_>,
    errors: &mut Errors,
) -> Result<Option<MailAddress>, Failed> {
    let words = &exchange.texts.admin.mail;
    let typed = exchange.form.text(MAIL);
    if typed.is_empty() {
        return Ok(None);
    }
    if exchange.loaded().config.admin.sendmail.is_none() {
        errors.add(MAIL, words.is_off);
        return Ok(None);
    }
    let address = errors.take(MAIL, MailAddress::parse(typed), |_| words.wrong_address.to_owned());
    if address.is_some() && !exchange.call.pace.may_wait() {
        return Err(Failed::WouldWait);
    }
    Ok(address)
}

/// Makes a code for a user. It is mailed; without an address, or where that fails, it is shown.
pub(super) fn make(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    user: &User,
    mail_to: Option<&MailAddress>,
) -> Result<Reply, Failed> {
    let code = PasswordCode::generate().map_err(|problem| Failed::Broken(problem.to_string()))?;
    let until = exchange.call.now + PasswordCode::LASTS;
    exchange.change_unpublished(signed_in, |catalog, author| {
        Ok(catalog.add_password_code(user.id, &code.digest(), until, author)?)
    })?;
    let Some(to) = mail_to else {
        return shown_once::password_code(exchange, signed_in, &user.name, &code, None);
    };
    let loaded = exchange.loaded();
    let languages = &loaded.config.pages.languages;
    let language = language::wanted(asked_for(exchange.call.request), languages);
    let mail = PasswordMail { user, code: &code, to, language };
    if let Err(problem) = mail.send(loaded) {
        let problem = exchange.texts.admin.mail.not_sent.with(problem);
        return shown_once::password_code(exchange, signed_in, &user.name, &code, Some(problem));
    }
    exchange.change_unpublished(signed_in, |catalog, author| {
        Ok(catalog.note_mailed_password_code(user.id, to.as_str(), author)?)
    })?;
    Ok(Reply::To(format!("people/{}?done=mailed", user.id.0)))
}
