use std::collections::HashSet;

use super::*;
use crate::protocol::{Seconds, Timestamp};

/// A Friday.
const AT: Timestamp = Timestamp(1_764_380_700);

#[test]
fn each_language_has_a_place_for_each_value_and_writes_all_texts() {
    for language in Language::ALL {
        let texts = texts(language);
        assert_eq!(texts.language, language);
        for (name, written, places) in texts.all() {
            for text in written {
                let what = format!("{name} in {}: {text:?}", language.tag());
                assert!(!text.trim().is_empty() && text.trim_end() == text, "{what}");
                let named = (0..9).filter(|place| text.contains(&format!("{{{place}}}"))).count();
                assert_eq!(named, places, "{what}");
                assert_eq!(text.matches('{').count(), places, "{what}");
                assert!(!text.contains("  ") && !text.contains(['<', '>', '&']), "{what}");
            }
        }
    }
}

#[test]
fn languages_have_the_same_texts_and_none_is_left_in_english() {
    let [english, russian] = [Language::English, Language::Russian].map(|it| texts(it).all());
    let names = |all: &[(String, Vec<&str>, usize)]| all.iter().map(|it| it.0.clone()).collect();
    let (english_names, russian_names): (Vec<String>, Vec<String>) =
        (names(&english), names(&russian));
    assert_eq!(english_names, russian_names);
    let unique: HashSet<&String> = english_names.iter().collect();
    assert_eq!(unique.len(), english_names.len());
    for ((name, english, _), (_, russian, _)) in english.iter().zip(&russian) {
        for (english, russian) in english.iter().zip(russian) {
            assert_ne!(english, russian, "{name}");
            let is_cyrillic = |text: &str| text.chars().any(|it| ('а'..='я').contains(&it));
            assert!(!is_cyrillic(english), "{name}: {english}");
            assert!(is_cyrillic(russian) || *russian == "{0}–{1} из {2}", "{name}: {russian}");
        }
    }
}

#[test]
fn numbers_go_with_the_form_of_their_word() {
    let english = texts(Language::English);
    let told = [0, 1, 2, 41_208].map(|count: u64| english.counted(count, english.counts.torrents));
    assert_eq!(told, ["0 torrents", "1 torrent", "2 torrents", "41,208 torrents"]);
    let russian = texts(Language::Russian);
    for (count, word) in [
        (0, "торрентов"),
        (1, "торрент"),
        (2, "торрента"),
        (4, "торрента"),
        (5, "торрентов"),
        (11, "торрентов"),
        (12, "торрентов"),
        (14, "торрентов"),
        (21, "торрент"),
        (22, "торрента"),
        (25, "торрентов"),
        (101, "торрент"),
        (111, "торрентов"),
        (1_002, "торрента"),
        (u64::MAX, "торрентов"),
    ] {
        assert_eq!(russian.word(count, russian.counts.torrents), word, "{count}");
    }
    assert_eq!(russian.counted(41_201_u64, russian.counts.seeders), "41\u{a0}201 раздаёт");
}

#[test]
fn figures_are_written_as_each_language_writes_them() {
    let [english, russian] = [Language::English, Language::Russian].map(texts);
    let number = |texts: &Texts| [0_u64, 999, 1_000, 123_456].map(|count| texts.number(count));
    assert_eq!(number(english), ["0", "999", "1,000", "123,456"]);
    assert_eq!(number(russian), ["0", "999", "1\u{a0}000", "123\u{a0}456"]);
    let amount = |texts: &Texts| [texts.bytes(1536, 2), texts.bytes(7, 2), texts.rate(2048.0)];
    assert_eq!(amount(english), ["1.50 KiB", "7 B", "2.00 KiB/s"]);
    assert_eq!(amount(russian), ["1,50 КиБ", "7 Б", "2,00 КиБ/с"]);
    assert_eq!([english.percent(12.54), russian.percent(12.54)], ["12.5 %", "12,5 %"]);
    assert_eq!([english.speed(1 << 20, 0), russian.speed(1 << 20, 1)], ["1 MiB/s", "1,0 МиБ/с"]);
}

#[test]
fn dates_are_written_as_each_language_writes_them() {
    let [english, russian] = [Language::English, Language::Russian].map(texts);
    assert_eq!(english.moment(AT), "29 Nov 2025, 01:45 UTC");
    assert_eq!(russian.moment(AT), "29 нояб. 2025, 01:45 UTC");
    assert_eq!(
        [english.day(Timestamp(0)), russian.day(Timestamp(0))],
        ["1 Jan 1970", "1 янв. 1970"]
    );
    assert_eq!([english.day_of_month(AT), russian.day_of_month(AT)], ["29 Nov", "29 нояб."]);
}

#[test]
fn durations_stand_behind_every_and_in_front_of_ago() {
    let [english, russian] = [Language::English, Language::Russian].map(texts);
    for (seconds, in_english, in_russian) in [
        (59, "less than a minute", "меньше минуты"),
        (60, "1 minute", "1 минуту"),
        (2 * 3_600, "2 hours", "2 часа"),
        (5 * 86_400, "5 days", "5 дней"),
        (61 * 86_400, "2 months", "2 месяца"),
        (1_000 * 86_400, "2 years", "2 года"),
        (u32::MAX, "136 years", "136 лет"),
    ] {
        let told = [english, russian].map(|texts| texts.duration(Seconds(seconds)));
        assert_eq!(told, [in_english, in_russian]);
    }
    assert_eq!(russian.minutes(Seconds(21 * 60 - 5)), "21 минуту");
}
