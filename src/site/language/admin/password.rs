//! The texts of forms in which somebody chooses a password.

use crate::site::language::declared::texts;
#[cfg(test)]
use crate::site::language::phrase::Text;

texts! {
    /// A new password, and what may be wrong with it.
    PasswordTexts {
        password: &'static str,
        password_hint: &'static str,
        again: &'static str,
        too_short: &'static str,
        too_long: &'static str,
        control_character: &'static str,
        easily_guessed: &'static str,
        like_the_name: &'static str,
        not_the_same: &'static str,
        busy_title: &'static str,
        busy: &'static str,
    }
}

pub(super) const ENGLISH: PasswordTexts = PasswordTexts {
    password: "New password",
    password_hint: "12 characters or more; several words are good.",
    again: "The same password again",
    too_short: "Choose one with 12 characters or more.",
    too_long: "Choose one with 128 characters at most.",
    control_character: "Choose one without tabs and the like.",
    easily_guessed: "Choose one that is not a row of letters or digits, or one character again and again.",
    like_the_name: "Choose one that is not mostly your name.",
    not_the_same: "The two passwords are not the same.",
    busy_title: "Too many sign in at this moment",
    busy: "Try again in some seconds.",
};

pub(super) const RUSSIAN: PasswordTexts = PasswordTexts {
    password: "Новый пароль",
    password_hint: "12 знаков или больше; хорошо подходят несколько слов.",
    again: "Тот же пароль ещё раз",
    too_short: "Выберите пароль из 12 знаков или больше.",
    too_long: "Выберите пароль не длиннее 128 знаков.",
    control_character: "Выберите пароль без знаков табуляции и подобных.",
    easily_guessed: "Не подходит ряд букв или цифр и один и тот же знак подряд.",
    like_the_name: "Пароль не должен состоять в основном из вашего имени.",
    not_the_same: "Пароли не совпадают.",
    busy_title: "Сейчас входит слишком много людей",
    busy: "Попробуйте ещё раз через несколько секунд.",
};
