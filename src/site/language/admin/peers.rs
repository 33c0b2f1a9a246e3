//! The texts of the peers of a torrent.

use crate::site::language::declared::texts;
#[cfg(test)]
use crate::site::language::phrase::Text;
use crate::site::language::phrase::{Phrase, Plural};

texts! {
    /// The peers of a torrent with their addresses.
    AdminPeerTexts {
        title: Phrase<1>,
        about: &'static str,
        peers: Plural,
        only_some: Phrase<1>,
        nobody: &'static str,
        sort: &'static str,
        sort_now: &'static str,
        address: &'static str,
        client: &'static str,
        progress: &'static str,
        uploaded: &'static str,
        downloaded: &'static str,
        reachable: &'static str,
        reachable_yes: &'static str,
        reachable_no: &'static str,
        not_known: &'static str,
        first_seen: &'static str,
        last_seen: &'static str,
        ago: Phrase<1>,
        ban: &'static str,
        export: &'static str,
    }
}

pub(super) const ENGLISH: AdminPeerTexts = AdminPeerTexts {
    title: Phrase("Peers of {0}"),
    about: "Only you see addresses. They are forgotten when a peer leaves. What clients say of themselves can be made up.",
    peers: Plural::two("peer", "peers"),
    only_some: Phrase("Only the first {0} are shown; the files have all."),
    nobody: "Nobody is here now.",
    sort: "Order",
    sort_now: "Sort",
    address: "Address",
    client: "Client",
    progress: "Progress",
    uploaded: "Uploaded",
    downloaded: "Downloaded",
    reachable: "Reachable",
    reachable_yes: "yes",
    reachable_no: "no",
    not_known: "not known",
    first_seen: "First seen",
    last_seen: "Last seen",
    ago: Phrase("{0} ago"),
    ban: "Ban…",
    export: "As a file:",
};

pub(super) const RUSSIAN: AdminPeerTexts = AdminPeerTexts {
    title: Phrase("Пиры: {0}"),
    about: "Адреса видите только вы. Они забываются, когда пир уходит. То, что клиенты сообщают о себе, может быть выдумано.",
    peers: Plural::three("пир", "пира", "пиров"),
    only_some: Phrase("Показаны только первые {0}; в файлах есть все."),
    nobody: "Сейчас здесь никого нет.",
    sort: "Порядок",
    sort_now: "Упорядочить",
    address: "Адрес",
    client: "Клиент",
    progress: "Готово",
    uploaded: "Отдано",
    downloaded: "Получено",
    reachable: "Доступен",
    reachable_yes: "да",
    reachable_no: "нет",
    not_known: "неизвестно",
    first_seen: "Впервые",
    last_seen: "Последний раз",
    ago: Phrase("{0} назад"),
    ban: "Запретить…",
    export: "Файлом:",
};
