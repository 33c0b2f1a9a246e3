//! The texts of the overview.

use crate::site::language::declared::texts;
use crate::site::language::phrase::Phrase;
#[cfg(test)]
use crate::site::language::phrase::Text;

texts! {
    /// The overview: figures, health and the last changes.
    OverviewTexts {
        torrents: &'static str,
        peers: &'static str,
        announces: &'static str,
        load_is_normal: &'static str,
        load_is_high: &'static str,
        interval: &'static str,
        last_refresh: &'static str,
        ago: Phrase<1>,
        no_refresh: &'static str,
        refresh_now: &'static str,
        refreshed: &'static str,
        health: &'static str,
        checked: Phrase<1>,
        not_checked: &'static str,
        check_now: &'static str,
        all_fine: &'static str,
        fine_checks: Phrase<1>,
        fine: &'static str,
        note: &'static str,
        wrong: &'static str,
        skipped: &'static str,
        something_wrong: &'static str,
        recent_changes: &'static str,
        no_changes: &'static str,
        whole_list: &'static str,
    }
}

pub(super) const ENGLISH: OverviewTexts = OverviewTexts {
    torrents: "Torrents",
    peers: "Peers",
    announces: "Announces a minute",
    load_is_normal: "load is normal",
    load_is_high: "load is high",
    interval: "Interval",
    last_refresh: "Last refresh",
    ago: Phrase("{0} ago"),
    no_refresh: "none yet",
    refresh_now: "Refresh now",
    refreshed: "Refreshed: tables, pages and rules are up to date.",
    health: "Health",
    checked: Phrase("What the tracker’s doctor found {0} ago, on this machine."),
    not_checked: "The tracker’s doctor has not looked at this installation yet.",
    check_now: "Check now",
    all_fine: "Nothing is wrong.",
    fine_checks: Phrase("Checks that found nothing: {0}"),
    fine: "fine",
    note: "note",
    wrong: "wrong",
    skipped: "skipped",
    something_wrong: "Something is wrong: it stands first below, with what to do.",
    recent_changes: "Recent changes",
    no_changes: "Nobody has changed anything yet.",
    whole_list: "The whole audit list",
};

pub(super) const RUSSIAN: OverviewTexts = OverviewTexts {
    torrents: "Торренты",
    peers: "Пиры",
    announces: "Анонсов в минуту",
    load_is_normal: "нагрузка обычная",
    load_is_high: "нагрузка высокая",
    interval: "Интервал",
    last_refresh: "Последнее обновление",
    ago: Phrase("{0} назад"),
    no_refresh: "ещё не было",
    refresh_now: "Обновить сейчас",
    refreshed: "Обновлено: таблицы, страницы и правила актуальны.",
    health: "Состояние",
    checked: Phrase("Что нашла самопроверка {0} назад, на этой машине."),
    not_checked: "Самопроверки ещё не было.",
    check_now: "Проверить сейчас",
    all_fine: "Всё в порядке.",
    fine_checks: Phrase("Проверок без замечаний: {0}"),
    fine: "хорошо",
    note: "заметка",
    wrong: "ошибка",
    skipped: "пропущено",
    something_wrong: "Не всё в порядке: ниже сначала ошибки и что с ними делать.",
    recent_changes: "Последние изменения",
    no_changes: "Пока никто ничего не менял.",
    whole_list: "Весь журнал изменений",
};
