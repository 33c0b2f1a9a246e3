//! The texts of the configuration.

use crate::site::language::declared::texts;
use crate::site::language::phrase::Phrase;
#[cfg(test)]
use crate::site::language::phrase::Text;

texts! {
    /// The configuration, and its checker.
    ConfigurationTexts {
        title: &'static str,
        file: Phrase<1>,
        no_file: &'static str,
        about: &'static str,
        set: &'static str,
        over: Phrase<1>,
        check_title: &'static str,
        text: &'static str,
        text_hint: &'static str,
        check: &'static str,
        fine: &'static str,
        line: Phrase<2>,
    }
}

pub(super) const ENGLISH: ConfigurationTexts = ConfigurationTexts {
    title: "Configuration",
    file: Phrase("From the file {0}."),
    no_file: "There is no file; the built-in defaults count.",
    about: "The configuration is edited in its file, and is in force within a second. Here you see how it is understood: all keys, with absolute paths.",
    set: "set",
    over: Phrase("switched over: {0}"),
    check_title: "Check a text before you save it",
    text: "Text of a tracker.toml",
    text_hint: "Nothing of it is stored.",
    check: "Check",
    fine: "This text is a good configuration.",
    line: Phrase("Line {0}: {1}"),
};

pub(super) const RUSSIAN: ConfigurationTexts = ConfigurationTexts {
    title: "Настройки",
    file: Phrase("Из файла {0}."),
    no_file: "Файла нет, действуют встроенные значения.",
    about: "Настройки правят в файле, изменения вступают в силу в течение секунды. Здесь видно, как они поняты: все ключи, пути — полные.",
    set: "задано",
    over: Phrase("переключено: {0}"),
    check_title: "Проверить текст до сохранения",
    text: "Текст файла настроек",
    text_hint: "Ничего из него не сохраняется.",
    check: "Проверить",
    fine: "С этим текстом всё в порядке.",
    line: Phrase("Строка {0}: {1}"),
};
