//! The texts around every page of the administration.

#[cfg(test)]
use crate::site::language::phrase::Text;
use crate::site::language::texts::texts;

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
    times: "Время указано по UTC.",
};
