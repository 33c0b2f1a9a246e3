//! The texts of tokens for the API.

use crate::accounts::Scope;
use crate::site::language::declared::texts;
use crate::site::language::phrase::Phrase;
#[cfg(test)]
use crate::site::language::phrase::Text;

texts! {
    /// Tokens that programs show at the API.
    ApiTokenTexts {
        title: &'static str,
        about: &'static str,
        none: &'static str,
        label: &'static str,
        label_hint: &'static str,
        scopes: &'static str,
        no_scope: &'static str,
        read: &'static str,
        torrents: &'static str,
        bans: &'static str,
        clients: &'static str,
        switches: &'static str,
        users: &'static str,
        lasts: &'static str,
        days: Phrase<1>,
        no_days: &'static str,
        make: &'static str,
        not_for_role: &'static str,
        created: &'static str,
        until: &'static str,
        over: &'static str,
        last_use: &'static str,
        never: &'static str,
        remove: &'static str,
        removed: &'static str,
        remove_all: &'static str,
        remove_all_hint: &'static str,
        all_removed: &'static str,
        shown_title: &'static str,
        shown_about: Phrase<1>,
        back: &'static str,
    }
}

impl ApiTokenTexts {
    /// A scope in words of the language.
    pub(in crate::site) fn scope(&self, scope: Scope) -> &'static str {
        match scope {
            Scope::Read => self.read,
            Scope::Torrents => self.torrents,
            Scope::Bans => self.bans,
            Scope::Clients => self.clients,
            Scope::Switches => self.switches,
            Scope::Users => self.users,
        }
    }
}

pub(super) const ENGLISH: ApiTokenTexts = ApiTokenTexts {
    title: "Tokens for the API",
    about: "A program shows a token in place of your password. It may never do more than you.",
    none: "There are none.",
    label: "What it is for",
    label_hint: "Such as the name of the program.",
    scopes: "It may",
    no_scope: "Choose at least one.",
    read: "Read",
    torrents: "Change torrents",
    bans: "Change bans",
    clients: "Change rules on clients",
    switches: "Set switches",
    users: "Change users",
    lasts: "For how long",
    days: Phrase("{0} days"),
    no_days: "Choose for how long.",
    make: "Make a token",
    not_for_role: "Your role has nothing that a program could do.",
    created: "Made",
    until: "Until",
    over: "over",
    last_use: "Last use",
    never: "never",
    remove: "Remove",
    removed: "The token is removed.",
    remove_all: "End all tokens",
    remove_all_hint: "When somebody else may have one of them. Programs then need new ones.",
    all_removed: "All tokens have ended.",
    shown_title: "The new token",
    shown_about: Phrase(
        "For {0}. It is shown only now; programs send it in the header Authorization.",
    ),
    back: "To the tokens",
};

pub(super) const RUSSIAN: ApiTokenTexts = ApiTokenTexts {
    title: "Токены для API",
    about: "Программа показывает токен вместо вашего пароля. Ей никогда не разрешено больше, чем вам.",
    none: "Токенов нет.",
    label: "Для чего он",
    label_hint: "Например, название программы.",
    scopes: "Ему можно",
    no_scope: "Выберите хотя бы одно.",
    read: "Читать",
    torrents: "Менять торренты",
    bans: "Менять запреты",
    clients: "Менять правила о клиентах",
    switches: "Менять переключатели",
    users: "Менять пользователей",
    lasts: "На какой срок",
    days: Phrase("Дней: {0}"),
    no_days: "Выберите срок.",
    make: "Создать токен",
    not_for_role: "С вашей ролью программе ничего не разрешено.",
    created: "Создан",
    until: "До",
    over: "истёк",
    last_use: "Последнее использование",
    never: "не было",
    remove: "Удалить",
    removed: "Токен удалён.",
    remove_all: "Отозвать все токены",
    remove_all_hint: "Если какой-нибудь из них мог попасть в чужие руки. Программам тогда нужны новые.",
    all_removed: "Все токены отозваны.",
    shown_title: "Новый токен",
    shown_about: Phrase(
        "Для чего: {0}. Показывается только сейчас; программы передают его в заголовке Authorization.",
    ),
    back: "К списку токенов",
};
