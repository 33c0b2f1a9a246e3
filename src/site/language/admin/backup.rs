//! The texts of backups.

use crate::site::language::declared::texts;
use crate::site::language::phrase::Phrase;
#[cfg(test)]
use crate::site::language::phrase::Text;

texts! {
    /// A copy of the catalogue.
    BackupTexts {
        title: &'static str,
        about: &'static str,
        secrets: &'static str,
        download: Phrase<1>,
        by_command: &'static str,
        restore: &'static str,
    }
}

pub(super) const ENGLISH: BackupTexts = BackupTexts {
    title: "Backup",
    about: "A copy of the catalogue as it is now: torrents and what was decided about them, totals, bans, rules, users, audit list.",
    secrets: "Keep it as you keep passwords: it has their hashes, the secrets of one-time codes, and addresses. The .torrent files, the configuration and the history of the charts are not in it.",
    download: Phrase("Download, about {0}"),
    by_command: "The same by command",
    restore: "A copy is put back by command only: the tracker checks it, and keeps what was there before.",
};

pub(super) const RUSSIAN: BackupTexts = BackupTexts {
    title: "Резервная копия",
    about: "Копия каталога, какой он сейчас: торренты и решения о них, итоги, запреты, правила, пользователи, журнал изменений.",
    secrets: "Храните её так же, как пароли: в ней их хеши, секреты одноразовых кодов и адреса. Файлов торрентов, настроек и истории графиков в ней нет.",
    download: Phrase("Скачать, около {0}"),
    by_command: "То же командой",
    restore: "Вернуть копию можно только командой: трекер проверит её и сохранит то, что было раньше.",
};
