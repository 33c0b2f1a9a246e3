//! How pages for visitors look, and whether everybody can use them: what a real browser lays out at several widths, in
//! light and dark, on paper and from right to left; axe-core; the keyboard; the validity of all that is written.

mod library;
mod validity;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::browser::{Browser, View};
use crate::harness::checkout;
use crate::harness::http::{encode, request};
use crate::harness::installation::{ANNOUNCE_URL, Installation};
use crate::harness::torrent::Torrent;
use library::{LONG_CATEGORY, Library};

const STRUCTURE: &str = include_str!("looks/structure.js");
const CONTRAST: &str = include_str!("looks/contrast.js");
const FOCUS: &str = include_str!("looks/focus.js");

/// A small and a usual phone, and a desktop.
const WIDTHS: [u32; 3] = [320, 390, 1280];

/// Sheets of A4 between usual margins.
const PAPER: View = View { width: 718, is_dark: true, medium: "print" };

/// What axe-core knows of WCAG 2.0 to 2.2, A and AA, and of good practice.
const JUDGE: &str = "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], \
    resultTypes: ['violations']}).then(result => result.violations.flatMap(rule => rule.nodes.map(node => \
    `${rule.id}: ${node.html.slice(0, 200)} ${node.failureSummary}`)))";

/// What a page must bear: to have all open that can be opened, to be written from right to left, and the spacing of
/// WCAG 1.4.12.
const CHANGES: [(&str, &str); 3] = [
    (
        "document.querySelectorAll('details').forEach(it => { it.open = true; }); \
         globalThis.sheet = new CSSStyleSheet(); sheet.replaceSync('.pane { display: block !important; }'); \
         document.adoptedStyleSheets = [sheet]; 0",
        "with all open",
    ),
    ("document.documentElement.dir = 'rtl'", "from right to left"),
    (
        "document.documentElement.dir = 'ltr'; sheet.replaceSync('* { line-height: 1.5 !important; \
         letter-spacing: .12em !important; word-spacing: .16em !important; } p { margin-block-end: 2em !important; }')",
        "with more space",
    ),
];

/// Sentences that a script gives back.
fn sentences(value: &Value) -> Vec<String> {
    let list = value.as_array().expect("a list of what was found");
    list.iter().map(|it| it.as_str().expect("a sentence").to_owned()).collect()
}

/// A file that `scripts/test` installs.
fn installed(path: &str) -> PathBuf {
    let path = checkout().join("target/looks/node_modules").join(path);
    assert!(path.exists(), "{} is not installed; scripts/test installs it", path.display());
    path
}

/// What a script finds wrong with the page that is open, as it is seen now.
fn find(browser: &mut Browser, script: &str, when: &str, found: &mut Vec<String>) {
    let sentences = sentences(&browser.evaluate(script));
    found.extend(sentences.into_iter().map(|it| format!("{when}: {it}")));
}

/// Opens a page and looks at it in all ways.
pub fn look_at(browser: &mut Browser, url: &str) -> Vec<String> {
    let axe = fs::read_to_string(installed("axe-core/axe.min.js")).expect("axe-core");
    let mut found = Vec::new();
    browser.see(View::screen(1280, false));
    browser.open(url);
    found.extend(browser.complaints().iter().map(|it| format!("the browser complains: {it}")));
    browser.evaluate(&axe);
    for (is_dark, words) in [(false, "light"), (true, "dark")] {
        for width in WIDTHS {
            browser.see(View::screen(width, is_dark));
            find(browser, CONTRAST, words, &mut found);
            // What is where does not depend on colours, nor most colours on the width.
            match (is_dark, width) {
                (false, 1280) | (true, 390) => find(browser, JUDGE, words, &mut found),
                _ => {}
            }
            if !is_dark {
                find(browser, STRUCTURE, &format!("at {width}"), &mut found);
            }
        }
    }
    browser.see(PAPER);
    find(browser, STRUCTURE, "on paper", &mut found);
    find(browser, JUDGE, "on paper", &mut found);
    for (change, words) in CHANGES {
        browser.evaluate(change);
        for width in WIDTHS {
            browser.see(View::screen(width, false));
            find(browser, STRUCTURE, &format!("{words} at {width}"), &mut found);
        }
    }
    found
}

/// Goes through a page with the Tab key.
fn walk_through(browser: &mut Browser, url: &str, width: u32) -> Vec<String> {
    browser.see(View::screen(width, false));
    browser.open(url);
    let mut found = Vec::new();
    let mut next = 0;
    loop {
        browser.press("Tab", 9);
        let stop = browser.evaluate(FOCUS);
        if stop.is_null() {
            break;
        }
        found.extend(sentences(&stop["found"]));
        if stop["number"] != next {
            found.push(format!("out of order: {stop}, expected {next}"));
            break;
        }
        next += 1;
        if stop["stops"] == next {
            return found;
        }
    }
    found.push(format!("{next} stops were reached, not all"));
    found
}

/// Looks at pages in all ways, each with words that stand on it; panics with all that is wrong with them.
fn look_at_all(pages: &[(String, &str)]) {
    let mut browser = Browser::start();
    let mut flaws = Vec::new();
    for (page, words) in pages {
        browser.open(page);
        let text = browser.evaluate("document.body.textContent").to_string();
        assert!(text.contains(words), "{page}: {words}: {text}");
        let found = look_at(&mut browser, page);
        flaws.extend(found.into_iter().map(|it| format!("{page}: {it}")));
    }
    assert!(flaws.is_empty(), "{flaws:#?}");
}

#[test]
fn pages_bear_all_widths_colours_directions_and_names_and_axe_finds_nothing() {
    let library = Library::full("");
    let fragments = ["styled", "totals", "counted"].map(|name| {
        let file = library.share().join(format!("fragments/{name}.inc"));
        fs::read_to_string(file).expect("a fragment")
    });
    let page = validity::in_a_page(&fragments.concat());
    fs::write(library.share().join("other.html"), page).expect("a page of the owner's");
    save(
        &library.script(&format!("/t/{}", "0".repeat(40))),
        404,
        &library.share().join("t/nothing.html"),
        &library,
    );
    look_at_all(&[
        (library.page("index.html"), "no seeders"),
        (library.page("c/books/index.html"), "books"),
        (library.page("statistics.html"), "Please help to seed"),
        (library.page("how-to-download.html"), "Three steps"),
        (library.torrent("rich"), "The figures as a table"),
        (library.torrent("r-tired"), "It is not tracked here any more"),
        (library.torrent("one-peer"), "1seeder"),
        (library.torrent("mixed"), "עברית"),
        (library.torrent("aword"), "aWord"),
        (library.dynamic_torrent("rich"), "Peers now"),
        (library.site.url("/tracker/index.shtml"), "What this site shares"),
        (library.script("/stats"), "Tracker statistics"),
        (library.page("other.html"), "A page of the owner's"),
        (library.page("t/nothing.html"), "There is no such torrent"),
    ]);
}

#[test]
fn so_do_pages_of_few_and_of_many_torrents_and_those_in_other_states() {
    let empty = Library::empty("");
    look_at_all(&[
        (empty.page("index.html"), "Nothing is shared here yet"),
        (empty.page("statistics.html"), "None now"),
        (empty.script("/list"), "The first torrent will appear"),
    ]);
    let many = Library::full("browse_limit = 1\nrows = 3\n");
    look_at_all(&[
        (many.page("index.html"), "By category"),
        (many.script("/list?page=2"), "4–6 of 14"),
        (many.script("/list?q=Tom&c=books&sort=-name&page=-1&az=%3F"), "There is no page"),
        (many.script("/list?q=plian"), "Did you mean"),
        (many.script(&format!("/list?c={}", encode(LONG_CATEGORY.as_bytes()))), LONG_CATEGORY),
    ]);
    many.is_under_high_load();
    many.was_not_counted_for_hours();
    look_at_all(&[
        (many.page("index.html"), "asked to come every"),
        (many.page("statistics.html"), "Many clients announce now"),
        (many.script("/list"), "3 hours ago"),
    ]);
}

#[test]
fn so_do_pages_in_russian() {
    let library = Library::full("languages = ['en', 'ru']\n");
    look_at_all(&[
        (library.page("index.html"), "Русский"),
        (library.page("index.ru.html"), "Поиск"),
        (library.page("statistics.ru.html"), "Статистика"),
        (library.page("how-to-download.ru.html"), "Три шага"),
        (library.torrent("rich").replace(".html", ".ru.html"), "Год"),
        (library.script("/list?q=plian&lang=ru"), "plain"),
        (library.script("/list?lang=ru&page=-1"), "Поиск"),
    ]);
    let many = Library::full("languages = ['ru']\nbrowse_limit = 1\n");
    many.is_under_high_load();
    look_at_all(&[(many.page("index.html"), "Поиск"), (many.page("statistics.html"), "Раздают")]);
}

#[test]
fn the_tab_key_reaches_all_that_can_be_used_and_one_sees_where_one_is() {
    let [library, many] = ["", "browse_limit = 1\n"].map(Library::full);
    let mut browser = Browser::start();
    let mut found = Vec::new();
    for page in [
        many.page("index.html"),
        library.page("index.html"),
        library.page("statistics.html"),
        library.page("how-to-download.html"),
        library.torrent("rich"),
        library.script("/list?q=plian"),
    ] {
        for width in [390, 1280] {
            let wrong = walk_through(&mut browser, &page, width);
            found.extend(wrong.into_iter().map(|it| format!("{page} at {width}: {it}")));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn without_a_mouse_one_skips_to_the_content_and_turns_over_the_charts() {
    let library = Library::full("");
    let mut browser = Browser::start();
    browser.open(&library.page("statistics.html"));
    browser.press("Tab", 9);
    let words = "document.activeElement.textContent";
    assert_eq!(browser.evaluate(words), "To the content");
    browser.press("Enter", 13);
    assert_eq!(browser.evaluate("location.hash"), "#main");
    browser.press("Tab", 9);
    assert_eq!(browser.evaluate("document.activeElement.id"), "period0");
    let shown = "[...document.querySelectorAll('.pane')].map(it => it.checkVisibility())";
    assert_eq!(browser.evaluate(shown), json!([true, false, false]));
    browser.press("ArrowRight", 39);
    assert_eq!(browser.evaluate(shown), json!([false, true, false]));
    browser.see(PAPER);
    assert_eq!(browser.evaluate(shown), json!([true, true, true]), "all are printed");
}

#[test]
fn few_leechers_are_seen_beside_very_many_seeders() {
    let library = Library::full("");
    let mut browser = Browser::start();
    browser.see(View::screen(390, false));
    browser.open(&library.torrent("rich"));
    browser.evaluate("document.querySelector('.t2').checked = true");
    let heights = "['seed', 'leech'].map(it => document.querySelector(`.p2 .ln.${it}`).getBBox().height > 20)";
    assert_eq!(browser.evaluate(heights), json!([true, true]), "of 90,000 and of 3");
}

#[test]
fn what_one_came_for_stays_in_sight_beside_a_long_page() {
    let library = Library::full("");
    let mut browser = Browser::start();
    browser.see(View::screen(1280, false));
    browser.open(&library.torrent("rich"));
    let panel = "(() => { const box = document.querySelector('.panel .b').getBoundingClientRect(); \
                 return box.top >= 0 && box.bottom <= innerHeight; })()";
    for share in [0.0, 0.3, 0.6] {
        browser.evaluate(&format!("scrollTo(0, {share} * document.body.scrollHeight)"));
        assert_eq!(browser.evaluate(panel), true, "after {share} of the page");
    }
    browser.see(View::screen(390, false));
    let order =
        "['.panel', '#about'].map(it => document.querySelector(it).getBoundingClientRect().top)";
    let tops = browser.evaluate(order);
    assert!(tops[0].as_f64() < tops[1].as_f64(), "on a phone it comes first: {tops}");
}

#[test]
fn on_paper_stands_what_one_can_read_there() {
    let library = Library::full("");
    let mut browser = Browser::start();
    let seen = "[...document.querySelectorAll('.b, .skip, .top nav, .find, .crumbs, .get, .how, #how, #share, .tabs > label')]\
                .filter(it => it.checkVisibility()).length";
    for page in [library.torrent("rich"), library.page("index.html"), library.script("/list")] {
        browser.see(View::screen(1280, true));
        browser.open(&page);
        assert!(browser.evaluate(seen).as_u64() > Some(5), "{page}");
        browser.see(PAPER);
        assert_eq!(browser.evaluate(seen), 0, "{page}");
        let ink = "[document.body, document.querySelector('h1')].map(it => [getComputedStyle(it).color, \
                   getComputedStyle(it).backgroundColor])";
        let [black, white] = ["rgb(0, 0, 0)", "rgb(255, 255, 255)"];
        let expected = json!([[black, white], [black, "rgba(0, 0, 0, 0)"]]);
        assert_eq!(browser.evaluate(ink), expected, "{page}: though the screen is dark");
    }
    browser.open(&library.torrent("rich"));
    let address = "getComputedStyle(document.querySelector('.panel li a'), '::after').content";
    let address = browser.evaluate(address).to_string();
    assert!(address.contains("https://mirror.example/an/address"), "{address}");
}

#[test]
fn all_that_is_written_is_valid_html() {
    let library = Library::full("languages = ['en', 'ru']\n");
    let more = library.site.root().join("more");
    fs::create_dir(&more).expect("a folder");
    for (name, url) in [
        ("all.html", library.script("/list")),
        ("found.html", library.script("/list?sort=-name&q=Tom&page=-1&az=%3F")),
        ("nothing.html", library.script("/list?q=plian")),
        ("russian.html", library.script("/list?q=plian&lang=ru")),
        ("torrent.html", library.dynamic_torrent("rich")),
        ("stats.html", library.script("/stats")),
        ("sample.html", library.site.url("/tracker/index.shtml")),
        ("stats.inc", library.site.url("/tracker/torrents/bt_stats.inc")),
        ("list.inc", library.site.url("/tracker/torrents/bt_list.inc")),
    ] {
        save(&url, 200, &more.join(name), &library);
    }
    save(
        &library.script(&format!("/t/{}", "0".repeat(40))),
        404,
        &more.join("no-torrent.html"),
        &library,
    );
    let others = [Library::empty(""), Library::full("browse_limit = 1\nrows = 3\n")];
    others[1].is_under_high_load();
    let mut files = 0;
    for folder in [library.share(), more, others[0].share(), others[1].share()] {
        assert_eq!(validity::html_validate(&folder), "", "html-validate");
        for file in files_below(&folder).iter().filter(|file| is_html(file)) {
            let text = fs::read_to_string(file).expect("a page");
            let is_page = text.starts_with("<!DOCTYPE html>");
            let page = if is_page { text } else { validity::in_a_page(&text) };
            let said = validity::tidy(&page);
            assert!(said.is_empty(), "tidy, {}: {said:#?} {page}", file.display());
            files += 1;
        }
    }
    assert!(files > 60, "{files}");
}

fn is_html(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "html" || ending == "inc")
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|it| it.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// What is at an address, as a file.
fn save(url: &str, status: u16, file: &Path, library: &Library) {
    let path = url.strip_prefix(&library.site.url("")).expect("an address of the site");
    let reply = request(library.site.address(), "GET", path, &[]).expect("an answer");
    assert_eq!(reply.status, status, "{url}: {reply:?}");
    fs::write(file, reply.body).expect("a file");
}

#[test]
fn an_index_of_a_hundred_torrents_is_sixteen_kilobytes_compressed_at_most() {
    let tracker = Installation::new(&[
        "paths.pages = '../www'",
        "paths.script_url = 'http://tracker.test/tracker.cgi'",
    ]);
    let mut torrents = Vec::new();
    for number in 0..100 {
        let [shelf, kind, part] = [number % 7, number % 5, number * 37 % 100];
        let shelf = ["linux", "books", "music", "maps", "films", "games", "science"][shelf];
        let kind =
            ["Collected works", "Northern lights", "desktop-amd64", "Field recordings", "Survey"]
                [kind];
        let name = format!(
            "{kind} of {shelf}, {} part {part} ({})",
            number * 7919 % 997,
            1970 + number % 50
        );
        let torrent = Torrent::new(&name, 1000 + number * 977, ANNOUNCE_URL);
        tracker.drop_in(Path::new(shelf).join(format!("{number}.torrent")), &torrent.metainfo);
        torrents.push(torrent);
    }
    tracker.refresh();
    for (number, torrent) in torrents.iter().enumerate() {
        let hash = encode(&torrent.info_hash);
        for peer in 0..number % 3 {
            let left = peer % 2;
            let query =
                format!("info_hash={hash}&peer_id=-TR4060-00000000{peer:04}&port=6881&left={left}");
            tracker.get("/announce", query).value();
        }
    }
    tracker.refresh();
    let size =
        |file: &str| fs::metadata(tracker.path("www").join(file)).expect("a compressed page").len();
    let [page, style] = ["index.html.gz", "tracker.css.gz"].map(size);
    assert_eq!(tracker.text("www/index.html").matches("magnet:").count(), 100);
    assert!(page < 16 * 1024, "{page}");
    assert!(style < 6 * 1024, "{style}");
}
