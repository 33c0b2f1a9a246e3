//! Pages in several languages.

use std::collections::BTreeSet;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::*;
use crate::catalog::{Details, Retirement};

/// What is written the same in all languages: names, formats, units and what the tests call theirs.
const NAMES: [&str; 36] = [
    "BitTorrent",
    "UTC",
    "SHA",
    "CRC",
    "torrent",
    "HTML",
    "Markdown",
    "BBCode",
    "CSV",
    "JSON",
    "RSS",
    "Atom",
    "IPv",
    "English",
    "scrape",
    "bencode",
    "cookie",
    "v",
    "Windows",
    "macOS",
    "Linux",
    "Android",
    "Wi",
    "Fi",
    "UPnP",
    "qBittorrent",
    "qbittorrent",
    "org",
    "Transmission",
    "transmissionbt",
    "com",
    "LibreTorrent",
    "seed",
    "ratio",
    "FILE",
    "MD",
];

fn site(languages: &str) -> TestSite {
    TestSite::new(&format!(
        "pages.languages = {languages}\npages.title = 'Архив'\npages.contact = 'mail@tracker.example'\n\
         pages.report = 'mail@tracker.example'\npages.legal = 'https://tracker.example/legal'\n\
         pages.fragments = ['all', 'torrents']\npaths.pages_url = 'https://tracker.example/share'"
    ))
}

fn rows() -> Vec<Row> {
    let mut rows: Vec<_> = (0..7).map(|number| row("раздел", "ель", number)).collect();
    rows.extend((7..9).map(|number| row("", "дуб", number)));
    rows[1].torrent.private = true;
    rows[2].torrent.has_web_seed = true;
    rows[6].figures.leechers = 40;
    for row in &mut rows {
        row.age = Seconds(if row.figures.seeders == 4 { 60 } else { 30 * 86_400 });
    }
    rows
}

fn written(languages: &str) -> TestSite {
    let site = site(languages);
    let rows = rows();
    let sample = rows[3].figures.sample();
    let torrents: Vec<_> = rows
        .iter()
        .map(|row| FoundFigures { info_hash: row.torrent.canonical, sample, is_listed: true })
        .collect();
    let found = RefreshFigures { at: NOW, all: sample, torrents: &torrents, forgotten: &[] };
    assert_eq!(record_history(&site.loaded.history(), &found), None);
    site.write(rows);
    site
}

/// The words of a page that a visitor reads or hears, and the names of its elements.
fn read(page: &str) -> (BTreeSet<String>, Vec<String>) {
    let (mut words, mut elements) = (BTreeSet::new(), Vec::new());
    let mut take = |text: &str| {
        let parts = text.split(|character: char| !character.is_alphabetic());
        words.extend(parts.filter(|it| it.len() > 1).map(str::to_owned));
    };
    let body = page.split_once("<body>").map_or(page, |(_, body)| body);
    let body = body.trim_end().trim_end_matches("</html>").trim_end().trim_end_matches("</body>");
    // What is an element of HTML without an end is one of XML that has none.
    let body: String = body.replace("<hr>", "").replace("<br>", "");
    let mut reader = Reader::from_str(&body);
    reader.config_mut().check_end_names = false;
    let mut is_code = false;
    loop {
        match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => {
                let name = element.name().as_ref().to_owned();
                is_code = ["code", "option"].contains(&name.as_str());
                elements.push(name);
                for attribute in element.html_attributes().flatten() {
                    if ["aria-label", "alt", "title", "data-l"].contains(&attribute.key.0) {
                        take(&attribute.value);
                    }
                }
            }
            Ok(Event::Text(text)) if !is_code => take(&text),
            Ok(Event::End(_)) => is_code = false,
            Ok(Event::Eof) => break,
            Err(problem) => panic!("{problem}: {page}"),
            Ok(_) => {}
        }
    }
    (words, elements)
}

fn is_latin(word: &str) -> bool {
    word.chars().all(|character| character.is_ascii_alphabetic())
}

#[test]
fn each_page_is_there_in_each_language_with_ways_that_stay_in_it() {
    let site = written("['en', 'ru']");
    assert_that_links_lead_somewhere(&site);
    let pages = site.pages();
    let russian: Vec<_> = pages.iter().filter(|page| page.ends_with(".ru.html")).collect();
    let others = pages.iter().filter(|page| page.ends_with(".html") && !page.ends_with(".ru.html"));
    let others: Vec<_> = others.collect();
    assert_eq!(russian.len(), others.len(), "{pages:?}");
    assert!(russian.len() >= 13, "{pages:?}");
    for page in others {
        let sibling = page.replace(".html", ".ru.html");
        assert!(pages.contains(&sibling), "{sibling}");
        let (here, there) = (site.text(page), site.text(&sibling));
        let name = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        assert!(here.contains("<html lang=\"en\">") && there.contains("<html lang=\"ru\">"));
        for (text, tag, other) in [(&here, "ru", name(&sibling)), (&there, "en", name(page))] {
            let link = format!("<a href=\"{other}\" lang=\"{tag}\" hreflang=\"{tag}\">");
            assert!(text.contains(&link), "{page}: {link}");
        }
        for link in links(&there).filter(|link| link.ends_with(".html") && !link.contains(':')) {
            assert!(link.ends_with(".ru.html") || link == name(page), "{sibling}: {link}");
        }
        let script = links(&there).filter(|link| link.contains("tracker.cgi/"));
        for link in script.filter(|link| !link.contains("/scrape?") && !link.ends_with(".svg")) {
            assert!(link.contains("lang=ru"), "{sibling}: {link}");
        }
        assert_eq!(read(&here).1, read(&there).1, "{page} has the same elements in each language");
    }
}

#[test]
fn nothing_of_a_russian_page_is_in_english() {
    let site = written("['en', 'ru']");
    for page in site.pages().iter().filter(|page| page.contains(".ru.")) {
        let (words, _) = read(&site.text(page));
        let left: Vec<_> =
            words.iter().filter(|word| is_latin(word) && !NAMES.contains(&word.as_str())).collect();
        assert!(words.len() > 3 && left.is_empty(), "{page}: {left:?}");
    }
}

#[test]
fn what_clients_are_told_of_retired_torrents_by_default_is_no_reason_for_visitors() {
    let site = site("['en', 'ru']");
    for (reason, english, russian) in [
        ("", "It is not tracked here any more.<", "больше не раздаётся.<"),
        ("the new one", "any more: the new one.<", "больше не раздаётся. Причина: the new one.<"),
    ] {
        let retirement = Some(Retirement::Retired(reason.to_owned()));
        let decision = Details { retirement, ..Details::default() };
        let torrent = row("", "дуб", 9).torrent.with_decision(decision);
        let report = Report { retired: vec![torrent], ..site.report(Vec::new()) };
        write(&site.loaded, &report, &[]).unwrap();
        let pages = site.pages();
        let page = pages.iter().find(|page| page.ends_with("00000009/index.html")).unwrap();
        assert!(site.text(page).contains(english), "{}", site.text(page));
        let page = site.text(&page.replace(".html", ".ru.html"));
        assert!(page.contains(russian), "{page}");
    }
}

#[test]
fn pages_in_russian_alone_have_the_usual_names() {
    let site = written("['ru']");
    let pages = site.pages();
    assert!(!pages.iter().any(|page| page.contains(".ru.")), "{pages:?}");
    let index = site.text("index.html");
    assert!(index.contains("<html lang=\"ru\">") && !index.contains("hreflang"), "{index}");
    assert!(!index.contains("lang=ru") && index.contains("<dt>Раздают</dt>"), "{index}");
    let page = pages.iter().find(|page| page.ends_with("00000003/index.html")).unwrap();
    let badge = site.text(&page.replace("index.html", "badge.svg"));
    assert!(badge.contains("торрент: 3 раздают"), "{badge}");
    assert!(site.text("feed.atom").contains("xml:lang=\"ru\""));
    assert!(site.text("fragments/table.inc").contains("Раздают"));
}

#[test]
fn search_engines_are_told_of_each_language() {
    let site = written("['ru', 'en']");
    let sitemap = site.text("sitemap.xml");
    for path in ["", "index.en.html", "statistics.html", "statistics.en.html"] {
        let address = format!("<loc>https://tracker.example/share/{path}</loc>");
        assert!(sitemap.contains(&address), "{address} in {sitemap}");
    }
    let page = site.text("index.en.html");
    for link in [
        "<link rel=\"canonical\" href=\"https://tracker.example/share/index.en.html\">",
        "<link rel=\"alternate\" hreflang=\"ru\" href=\"https://tracker.example/share/\">",
        "<link rel=\"alternate\" hreflang=\"en\" href=\"https://tracker.example/share/index.en.html\">",
        "<link rel=\"alternate\" hreflang=\"x-default\" href=\"https://tracker.example/share/\">",
    ] {
        assert!(page.contains(link), "{link} in {page}");
    }
}

#[test]
fn a_language_that_is_not_wanted_any_more_takes_its_pages_with_it() {
    let mut site = written("['en', 'ru']");
    assert!(site.www().join("index.ru.html").is_file());
    site.loaded.config.pages.languages = vec![Language::English].try_into().unwrap();
    site.write(rows());
    let pages = site.pages();
    assert!(!pages.iter().any(|page| page.contains(".ru.")), "{pages:?}");
    assert!(!site.text("index.html").contains("hreflang"));
}
