//! The texts of one’s own account.

use crate::site::language::declared::texts;
#[cfg(test)]
use crate::site::language::phrase::Text;

texts! {
    /// The account of whoever has signed in.
    AccountTexts {
        title: &'static str,
        password: &'static str,
        change_password: &'static str,
        password_about: &'static str,
        password_changed: &'static str,
        tokens_go_on: &'static str,
        current: &'static str,
        wrong_password: &'static str,
        codes_on: &'static str,
        codes_off: &'static str,
        codes_change: &'static str,
        tokens: &'static str,
        tokens_change: &'static str,
        language: &'static str,
        sign_out: &'static str,
        sign_out_hint: &'static str,
        wrong_language: &'static str,
    }
}

pub(super) const ENGLISH: AccountTexts = AccountTexts {
    title: "Your account",
    password: "Password",
    change_password: "Change the password",
    password_about: "All of your other sessions end. Tokens for the API go on; you end them on their page.",
    password_changed: "The password is changed, and all other sessions have ended.",
    tokens_go_on: "Your tokens for the API go on: end them if somebody else may have them.",
    current: "Your current password",
    wrong_password: "This is not your current password.",
    codes_on: "on",
    codes_off: "off",
    codes_change: "One-time codes and recovery codes",
    tokens: "Tokens for the API",
    tokens_change: "Make and remove tokens",
    language: "Language of your pages",
    sign_out: "Sign out everywhere",
    sign_out_hint: "Ends your sessions in all browsers, this one too.",
    wrong_language: "Choose one of these languages.",
};

pub(super) const RUSSIAN: AccountTexts = AccountTexts {
    title: "Ваша учётная запись",
    password: "Пароль",
    change_password: "Сменить пароль",
    password_about: "Все остальные ваши сеансы завершатся. Токены для API продолжат действовать; их отзывают на их странице.",
    password_changed: "Пароль изменён, остальные сеансы завершены.",
    tokens_go_on: "Ваши токены для API действуют: отзовите их, если они могли попасть в чужие руки.",
    current: "Ваш нынешний пароль",
    wrong_password: "Это не ваш нынешний пароль.",
    codes_on: "включены",
    codes_off: "выключены",
    codes_change: "Одноразовые и запасные коды",
    tokens: "Токены для API",
    tokens_change: "Создать или удалить токены",
    language: "Язык ваших страниц",
    sign_out: "Выйти везде",
    sign_out_hint: "Завершает ваши сеансы во всех браузерах, и в этом тоже.",
    wrong_language: "Выберите один из этих языков.",
};
