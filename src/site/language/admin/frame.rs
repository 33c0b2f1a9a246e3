//! The texts around every page of the administration.

use crate::site::language::declared::texts;
#[cfg(test)]
use crate::site::language::phrase::Text;

texts! {
    /// What stands around every page of the administration.
    AdminFrameTexts {
        administration: &'static str,
        error: &'static str,
        account_menu: &'static str,
        public_site: &'static str,
        sign_out: &'static str,
        sections: &'static str,
        overview: &'static str,
        audit: &'static str,
        torrents: &'static str,
        add: &'static str,
        retired: &'static str,
        bans: &'static str,
        clients: &'static str,
        people: &'static str,
        configuration: &'static str,
        appearance: &'static str,
        backup: &'static str,
        help: &'static str,
        cancel: &'static str,
        save: &'static str,
        not_saved: &'static str,
        saved: &'static str,
        changed_meanwhile: &'static str,
        times: &'static str,
    }
}

pub(super) const ENGLISH: AdminFrameTexts = AdminFrameTexts {
    administration: "Administration",
    error: "Error:",
    account_menu: "Account",
    public_site: "Public site",
    sign_out: "Sign out",
    sections: "Sections",
    overview: "Overview",
    audit: "Audit list",
    torrents: "Torrents",
    add: "Add torrents",
    retired: "Retired",
    bans: "Bans",
    clients: "Client rules",
    people: "People",
    configuration: "Configuration",
    appearance: "Appearance",
    backup: "Backup",
    help: "Help",
    cancel: "Cancel",
    save: "Save",
    not_saved: "Not saved yet:",
    saved: "Saved.",
    changed_meanwhile: "Somebody else has changed this meanwhile. Look at what they have saved, and save again.",
    times: "Times are UTC.",
};

pub(super) const RUSSIAN: AdminFrameTexts = AdminFrameTexts {
    administration: "Управление",
    error: "Ошибка:",
    account_menu: "Учётная запись",
    public_site: "Сайт для всех",
    sign_out: "Выйти",
    sections: "Разделы",
    overview: "Обзор",
    audit: "Журнал изменений",
    torrents: "Торренты",
    add: "Добавить торренты",
    retired: "Выведенные",
    bans: "Запреты",
    clients: "Правила о клиентах",
    people: "Люди",
    configuration: "Настройки",
    appearance: "Оформление",
    backup: "Резервная копия",
    help: "Справка",
    cancel: "Отмена",
    save: "Сохранить",
    not_saved: "Пока не сохранено:",
    saved: "Сохранено.",
    changed_meanwhile: "Кто-то другой изменил это тем временем. Посмотрите, что он сохранил, и сохраните ещё раз.",
    times: "Время указано по UTC.",
};
