//! The texts of the appearance.

use crate::site::language::declared::texts;
use crate::site::language::phrase::Phrase;
#[cfg(test)]
use crate::site::language::phrase::Text;

texts! {
    /// Title, note and colours of the pages for visitors.
    AppearanceTexts {
        title: &'static str,
        about: &'static str,
        site_title: &'static str,
        title_hint: Phrase<1>,
        note: &'static str,
        note_hint: &'static str,
        colours: &'static str,
        colours_hint: &'static str,
        light: &'static str,
        dark: &'static str,
        paper: &'static str,
        ink: &'static str,
        quiet: &'static str,
        link: &'static str,
        seed: &'static str,
        leech: &'static str,
        done: &'static str,
        tint: &'static str,
        long_title: &'static str,
        long_note: &'static str,
        control_characters: &'static str,
        no_colour: &'static str,
        weak: &'static str,
    }
}

impl AppearanceTexts {
    /// What the colours are for, in the order of the stylesheet's variables.
    pub(in crate::site) fn names_of_colours(&self) -> [&'static str; 8] {
        [self.paper, self.ink, self.quiet, self.link, self.seed, self.leech, self.done, self.tint]
    }
}

pub(super) const ENGLISH: AppearanceTexts = AppearanceTexts {
    title: "Appearance",
    about: "How the pages for visitors look. They are written anew when you save.",
    site_title: "Title",
    title_hint: Phrase("Empty: “{0}”, as the configuration has it."),
    note: "Words on the front page",
    note_hint: "A plain text for visitors; empty: none.",
    colours: "Colours",
    colours_hint: "Six hexadecimal digits, as #0a5796. Empty: the usual one, which stands in the field.",
    light: "light",
    dark: "dark",
    paper: "Paper",
    ink: "Ink",
    quiet: "Quiet words",
    link: "Links",
    seed: "Seeders",
    leech: "Leechers",
    done: "Completed",
    tint: "Tinted paper",
    long_title: "Write a title of 100 characters at most.",
    long_note: "Write 2,000 characters at most.",
    control_characters: "Write no control characters but line breaks.",
    no_colour: "Write # and six hexadecimal digits.",
    weak: "This can hardly be read on its paper: choose a darker or a lighter one.",
};

pub(super) const RUSSIAN: AppearanceTexts = AppearanceTexts {
    title: "Оформление",
    about: "Как выглядят страницы для посетителей. При сохранении они записываются заново.",
    site_title: "Название",
    title_hint: Phrase("Пусто: «{0}», как в настройках."),
    note: "Слова на главной странице",
    note_hint: "Простой текст для посетителей; пусто — без него.",
    colours: "Цвета",
    colours_hint: "Шесть шестнадцатеричных цифр, например #0a5796. Пусто: обычный цвет, он показан в поле.",
    light: "светлая тема",
    dark: "тёмная тема",
    paper: "Бумага",
    ink: "Чернила",
    quiet: "Второстепенное",
    link: "Ссылки",
    seed: "Раздающие",
    leech: "Качающие",
    done: "Скачано",
    tint: "Оттенок бумаги",
    long_title: "Название — не длиннее 100 знаков.",
    long_note: "Не больше 2000 знаков.",
    control_characters: "Без управляющих знаков, кроме переводов строк.",
    no_colour: "Напишите # и шесть шестнадцатеричных цифр.",
    weak: "На такой бумаге это трудно прочесть: выберите цвет темнее или светлее.",
};
