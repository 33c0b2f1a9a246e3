//! A password that somebody chooses in a form.

use super::errors::Errors;
use super::exchange::Exchange;
use super::reply::Failed;
use crate::accounts::{HashingTurn, HashingTurnError, Password, PasswordError, PasswordHash};

/// The password that was typed twice, if it is good for somebody who is called so. Else what is wrong stands in the errors.
pub(super) fn chosen(exchange: &Exchange<'_>, name: &str, errors: &mut Errors) -> Option<Password> {
    let words = &exchange.texts.admin.password;
    let typed = exchange.form.text("password");
    let say = |problem: &PasswordError| {
        match problem {
            PasswordError::TooShort => words.too_short,
            PasswordError::TooLong => words.too_long,
            PasswordError::ControlCharacter => words.control_character,
            PasswordError::Repeated | PasswordError::Sequence => words.easily_guessed,
            PasswordError::UserName => words.like_the_name,
        }
        .to_owned()
    };
    let password = errors.take("password", Password::new(typed, name), say);
    if typed != exchange.form.text("again") {
        errors.add("again", words.not_the_same);
    }
    password.filter(|_| errors.is_empty())
}

/// Its hash: made one at a time on a host, and waited for only where this thread may wait.
pub(super) fn hash(exchange: &Exchange<'_>, password: &Password) -> Result<String, Failed> {
    let catalog = &exchange.loaded().config.paths.catalog;
    let broken = |problem: &dyn std::fmt::Display| Failed::Broken(problem.to_string());
    let free = HashingTurn::try_take(catalog).map_err(|problem| broken(&problem))?;
    let _turn = match free {
        Some(turn) => turn,
        None if !exchange.call.pace.may_wait() => return Err(Failed::WouldWait),
        None => match HashingTurn::wait_for(catalog) {
            Ok(turn) => turn,
            Err(HashingTurnError::Busy) => return Err(Failed::Busy),
            Err(problem) => return Err(broken(&problem)),
        },
    };
    let hash = PasswordHash::of(password).map_err(|problem| broken(&problem))?;
    Ok(hash.as_str().to_owned())
}
