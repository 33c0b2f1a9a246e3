mod addresses;
mod lists;
mod statistics;

use std::fs;
use std::path::Path;

use super::places::{Spoken, Way};
use super::*;
use crate::catalog::{
    ExternalFigures, FoundFigures, RefreshFigures, Sample, Torrent, UnlistedCounts, record_history,
};
use crate::config::Language;
use crate::protocol::{InfoHash, Seconds, Timestamp};
use crate::tracker::{Figures, Load, Row, Totals, add_up};

mod feeds;
mod fragments;
mod languages;

const NOW: Timestamp = Timestamp(1_700_000_000);
const SCRIPT: &str = "https://tracker.example/cgi-bin/tracker.cgi";

/// A site with a folder for pages.
struct TestSite {
    home: tempfile::TempDir,
    loaded: LoadedConfig,
}

impl TestSite {
    fn new(settings: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        for folder in ["data", "www/torrents"] {
            fs::create_dir_all(home.path().join(folder)).unwrap();
        }
        let announce = match settings.contains("announce_url") {
            true => String::new(),
            false => format!("tracker.announce_url = '{SCRIPT}/announce'\n"),
        };
        let text = format!("{announce}paths.pages = '../www'\n{settings}");
        let file = home.path().join("conf/tracker.toml");
        let loaded = LoadedConfig::parse(&text, &file).unwrap();
        Self { home, loaded }
    }

    fn write(&self, rows: Vec<Row>) -> Vec<String> {
        write(&self.loaded, &self.report(rows), &[]).unwrap()
    }

    fn report(&self, rows: Vec<Row>) -> Report {
        Report {
            at: NOW,
            since_last: None,
            next_in: Seconds(900),
            totals: add_up(rows.iter().map(|row| &row.figures)),
            rows,
            unlisted: UnlistedCounts::default(),
            retired: Vec::new(),
            load: Load::of(&self.loaded.config.tracker, 0),
            others: Totals::default(),
            shares: None,
            messages: Vec::new(),
        }
    }

    fn www(&self) -> std::path::PathBuf {
        self.home.path().join("www")
    }

    fn text(&self, page: &str) -> String {
        fs::read_to_string(self.www().join(page)).unwrap_or_else(|e| panic!("{page}: {e}"))
    }

    /// The paths of all pages.
    fn pages(&self) -> Vec<String> {
        fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, root, found);
                } else if path.extension().is_some_and(|ending| ending == "html") {
                    found.push(path.strip_prefix(root).unwrap().display().to_string());
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.www(), &self.www(), &mut found);
        found.sort();
        found
    }
}

/// A torrent in a folder, with a number that tells it from others.
fn row(folder: &str, name: &str, number: u32) -> Row {
    let mut hash = [0; 20];
    hash[..4].copy_from_slice(&number.to_be_bytes());
    let hash = InfoHash(hash);
    let torrent = Torrent {
        file: Path::new(folder).join(format!("{number}.torrent")),
        name: name.to_owned(),
        size: 1 << 20,
        file_size: 100,
        ..Torrent::by_hash(hash, NOW.before(Seconds(30 * 86_400)))
    };
    let figures = Figures { seeders: number.into(), size: 1 << 20, ..Figures::default() };
    Row { torrent, figures, age: Seconds(30 * 86_400) }
}

/// The addresses that a page links to.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next())
}

/// All addresses that do not lead to another host lead to a file that is there.
fn assert_that_links_lead_somewhere(site: &TestSite) {
    for page in site.pages() {
        let text = site.text(&page);
        let folder = site.www().join(&page).parent().unwrap().to_owned();
        for link in links(&text) {
            let is_file = !link.contains(':') && !link.starts_with('#');
            let path = link.split('#').next().unwrap();
            if is_file && !path.ends_with(".torrent") {
                assert!(folder.join(path).is_file(), "{page} links to {link}");
            }
        }
    }
}

const ENGLISH: Spoken = Spoken { language: Language::English, is_named: false };

#[test]
fn a_site_without_torrents_says_so_to_visitors_and_to_its_owner() {
    let site = TestSite::new("");
    assert_eq!(site.write(Vec::new()), [""; 0]);
    assert_eq!(site.pages(), ["how-to-download.html", "index.html", "statistics.html"]);
    let text = site.text("index.html");
    assert!(text.contains("Nothing is shared here yet"), "{text}");
    assert!(text.contains("within 15 minutes"), "{text}");
    assert!(!text.contains("<table"), "{text}");
    assert_that_links_lead_somewhere(&site);
}

#[test]
fn the_index_has_categories_with_pages_of_their_own_and_torrents_with_theirs() {
    let site = TestSite::new("pages.title = 'Our <files>'");
    site.write(vec![
        row("linux/iso", "Penguin", 3),
        row("linux/iso", "Antarctica", 1),
        row("books", "Ten", 0),
        row("", "loose", 7),
    ]);
    let pages = [
        "c/books/index.html".to_owned(),
        format!("c/{}/index.html", slug::of_category("linux/iso")),
        "how-to-download.html".to_owned(),
        "index.html".to_owned(),
        "statistics.html".to_owned(),
        "t/antarctica-00000001/index.html".to_owned(),
        "t/loose-00000007/index.html".to_owned(),
        "t/penguin-00000003/index.html".to_owned(),
        "t/ten-00000000/index.html".to_owned(),
    ];
    assert_eq!(site.pages(), pages);
    assert_that_links_lead_somewhere(&site);
    let text = site.text("index.html");
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    let order = [
        "<bdi>books</bdi></a><p>1 torrent,",
        "<bdi>Ten</bdi>",
        "<bdi>linux/iso</bdi></a><p>2 torrents,",
        "<bdi>Antarctica</bdi>",
        "<bdi>Penguin</bdi>",
        "<bdi>Other</bdi>",
        "<bdi>loose</bdi>",
    ];
    assert!(order.map(place).is_sorted(), "{text}");
    assert!(text.contains("<title>Our &#60;files&#62;</title>"), "{text}");
    assert!(text.contains("<dt>Seeders</dt><dd class=\"seed\">11</dd>"), "{text}");
    assert!(text.contains("href=\"./torrents/books/0.torrent\""), "{text}");
    let torrent = site.text("t/ten-00000000/index.html");
    assert!(torrent.contains("href=\"../../torrents/books/0.torrent\""), "{torrent}");
    assert!(torrent.contains("Nobody is here now."), "{torrent}");
    assert!(site.www().join("index.html.gz").exists() && site.www().join(STYLE_FILE).exists());
}

#[test]
fn what_nobody_knows_news_of_is_not_written_again() {
    let site = TestSite::new("");
    let rows = || (0..20).map(|number| row("a", "name", number)).collect::<Vec<_>>();
    site.write(rows());
    let written = |rows| {
        let before = fs::metadata(site.www().join("index.html")).unwrap().modified().unwrap();
        let folder = site.www().join("t/name-00000003/index.html");
        let torrent = fs::metadata(&folder).unwrap().modified().unwrap();
        site.write(rows);
        let after = fs::metadata(site.www().join("index.html")).unwrap().modified().unwrap();
        (before != after, torrent != fs::metadata(&folder).unwrap().modified().unwrap())
    };
    assert_eq!(written(rows()), (false, false));
    let mut changed = rows();
    changed[4].figures.seeders = 99;
    assert_eq!(written(changed), (true, false));
}

/// Its chart would go on by itself; so it is drawn when the torrent changes, and once a day.
#[test]
fn a_page_has_charts_of_what_was_recorded_and_is_kept_until_something_changes() {
    let site = TestSite::new("");
    let rows = vec![row("", "x", 3)];
    let record = |at, seeders| {
        let sample = Sample { seeders, leechers: 2, ..Sample::default() };
        let info_hash = rows[0].torrent.canonical;
        let torrents = [FoundFigures { info_hash, sample, is_listed: true }];
        let found = RefreshFigures { at, all: sample, torrents: &torrents, forgotten: &[] };
        assert_eq!(record_history(&site.loaded.history(), &found), None);
    };
    let written = |at| {
        let mut report = site.report(rows.clone());
        report.at = at;
        assert_eq!(write(&site.loaded, &report, &[]).unwrap(), [""; 0]);
        site.text("t/x-00000003/index.html")
    };
    assert!(!written(NOW).contains("id=\"history\""), "nothing is known");
    assert!(!site.text("index.html").contains("class=\"spark\""));
    record(NOW, 3);
    let tomorrow = NOW + Seconds(86_400);
    let drawn = written(tomorrow);
    assert!(drawn.contains("<title>x, the last week</title>"), "{drawn}");
    let index = site.text("index.html");
    assert!(index.contains("<title>All torrents: seeders over the last week, 3 seeders at last"));
    assert!(!drawn.contains("<title>x, the last year</title>"), "as much is in the week: {drawn}");
    record(tomorrow, 3);
    assert_eq!(written(tomorrow + Seconds(900)), drawn);
    let next = written(tomorrow + Seconds(86_400));
    assert!(next != drawn && next.contains("<figure class=\"chart\">"), "{next}");
    fs::write(site.loaded.history(), "no history").unwrap();
    let report = site.report(vec![row("", "y", 3)]);
    let said = write(&site.loaded, &report, &[]).unwrap();
    assert!(said[0].starts_with("charts are left out of the pages: "), "{said:?}");
    assert!(site.text("t/y-00000003/index.html").contains("<bdi>y</bdi>"));
}

#[test]
fn under_high_load_what_costs_most_is_left_out() {
    let site = TestSite::new("tracker.high_load_now = true");
    let rows = vec![row("", "x", 3)];
    let sample = rows[0].figures.sample();
    let torrents = [FoundFigures { info_hash: rows[0].torrent.canonical, sample, is_listed: true }];
    let found = RefreshFigures { at: NOW, all: sample, torrents: &torrents, forgotten: &[] };
    assert_eq!(record_history(&site.loaded.history(), &found), None);
    site.write(rows);
    let text = site.text("t/x-00000003/index.html");
    assert!(text.contains("<bdi>x</bdi>") && !text.contains("class=\"chart\""), "{text}");
}

#[test]
fn of_a_changed_torrent_three_files_are_written() {
    let site = TestSite::new("");
    let mut rows = vec![row("", "x", 3), row("", "y", 4)];
    site.write(rows.clone());
    let marks = || {
        let mut files: Vec<_> = ["x-00000003", "y-00000004"]
            .iter()
            .flat_map(|slug| fs::read_dir(site.www().join("t").join(slug)).unwrap())
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.path(), entry.metadata().unwrap().modified().unwrap()))
            .collect();
        files.sort();
        files
    };
    let before = marks();
    assert_eq!(before.len(), 6, "{before:?}");
    rows[0].figures.seeders = 9;
    site.write(rows);
    let changed = marks().into_iter().filter(|mark| !before.contains(mark));
    let changed: Vec<_> = changed.map(|(path, _)| path.display().to_string()).collect();
    assert_eq!(changed.len(), 3, "{changed:?}");
    assert!(changed.iter().all(|path| path.contains("x-00000003")), "{changed:?}");
    assert!(site.text("t/x-00000003/badge.svg").contains("9 seeders"));
}

#[test]
fn names_are_no_markup_and_stay_apart_from_what_is_around_them() {
    let site = TestSite::new("");
    let markup = "</bdi><script>alert(1)</script>\"'&";
    site.write(vec![
        row(markup, markup, 1),
        row("", "left\u{202e}right", 2),
        row("", &"x".repeat(10_000), 3),
        row("", "", 4),
    ]);
    for page in site.pages() {
        let text = site.text(&page);
        assert!(!text.contains("<script") && !text.contains("alert(1)</script>"), "{text}");
        let opened = text.matches("<bdi>").count();
        assert_eq!(opened, text.matches("</bdi>").count(), "{page}: {text}");
        assert!(!text.contains(" style=") && !text.contains("<style"), "{text}");
        let forms = "form-action 'self'";
        let policy = match text.contains("<form") {
            true => frame::POLICY.replace(forms, &format!("{forms} https://tracker.example")),
            false => frame::POLICY.to_owned(),
        };
        let policy = format!("content=\"{}\"", policy.replace('\'', "&#39;"));
        assert!(text.contains(&policy), "{text}");
    }
    assert!(site.text("index.html").contains("<bdi>left\u{202e}right</bdi>"));
    assert!(site.pages().iter().all(|page| page.len() < 100), "{:?}", site.pages());
    assert_that_links_lead_somewhere(&site);
}

#[test]
fn thousands_of_torrents_fill_page_after_page() {
    let site = TestSite::new("pages.rows = 100\npages.static_torrents = 10");
    let names = ["linux", "books", "music"];
    let rows = (0..5000).map(|n| row(names[n as usize % 3], &format!("Number {n}"), n)).collect();
    site.write(rows);
    let pages = site.pages();
    let count = |start: &str| pages.iter().filter(|page| page.starts_with(start)).count();
    assert_eq!([count("page/"), count("t/"), count("c/")], [49, 10, 51]);
    assert_that_links_lead_somewhere(&site);
    let mut shown = 0;
    for page in pages.iter().filter(|page| *page == "index.html" || page.starts_with("page/")) {
        let text = site.text(page);
        shown += text.matches("class=\"name\"").count();
        assert!(text.len() < 200_000, "{page}: {}", text.len());
    }
    assert_eq!(shown, 5000);
    let last = site.text("page/50.html");
    assert!(last.contains("4,901–5,000 of 5,000"), "{last}");
    // The others are made when somebody looks at them.
    let first = site.text("index.html");
    assert!(first.contains(&format!("href=\"{SCRIPT}/t/00000001")), "{first}");
    assert!(first.contains("<dt>Torrents</dt><dd>5,000</dd>"), "{first}");
    // All of them go when the torrents do.
    site.write(Vec::new());
    assert_eq!(site.pages(), ["how-to-download.html", "index.html", "statistics.html"]);
    assert!(!site.www().join("c").exists() && !site.www().join("t").exists());
}

#[test]
fn the_script_is_where_the_configuration_says_or_announces_go() {
    for (settings, expected) in [
        ("", Some(SCRIPT)),
        ("tracker.announce_url = 'https://tracker.example/announce'", None),
        (
            "tracker.announce_url = 'https://tracker.example/announce'\n\
             paths.script_url = 'https://tracker.example/bt.cgi/'",
            Some("https://tracker.example/bt.cgi"),
        ),
    ] {
        let site = TestSite::new(settings);
        let one = row("", "x", 1);
        let places = Places::of_one(&site.loaded, &[], ENGLISH);
        let page = expected.map(|script| format!("{script}/t/{}", one.torrent.canonical));
        assert_eq!(places.page_of(&one.torrent, Way::Static(0)), page, "{settings}");
    }
}

#[test]
fn what_other_trackers_know_is_shown_beside_and_not_added() {
    let site = TestSite::new("");
    let rows = vec![row("", "x", 2)];
    let known = |name: &str, approved, complete, incomplete| {
        let tracker = format!("http://{name}.example/announce").try_into().unwrap();
        let mut external = External::new(rows[0].torrent.canonical, tracker, approved);
        external.figures =
            Some(ExternalFigures { complete, incomplete, downloaded: None, at: NOW });
        external
    };
    let external =
        [known("one", true, 1200, 0), known("two", true, 3, 1), known("three", false, 9999, 9999)];
    write(&site.loaded, &site.report(rows), &external).unwrap();
    for page in ["index.html", "t/x-00000002/index.html"] {
        let text = site.text(page);
        assert!(text.contains("on other trackers: 1,200 seeders, 1 leecher"), "{text}");
    }
    assert!(site.text("index.html").contains("<dt>Seeders</dt><dd class=\"seed\">2</dd>"));
}

#[test]
fn who_lacks_seeders_is_told_what_there_is_instead() {
    let site = TestSite::new("");
    let mut rows = vec![row("", "x", 0)];
    site.write(rows.clone());
    assert!(site.text("index.html").contains("<span class=\"tag bad\">no seeders</span>"));
    rows[0].torrent.has_web_seed = true;
    site.write(rows);
    assert!(site.text("index.html").contains("<span class=\"tag warn\">web seed</span>"));
    assert!(site.text("t/x-00000000/index.html").contains("fetch it from its web seed"));
}

#[test]
fn lists_end_somewhere_and_say_what_is_left_out() {
    let site = TestSite::new("pages.rows = 1\npages.static_torrents = 0");
    site.write((0..130).map(|number| row("", "x", number)).collect());
    assert!(site.text("page/100.html").contains("Not in this list, which ends here: 30 torrents."));
    assert!(!site.text("page/99.html").contains("more torrents are not"));
    assert!(!site.www().join("page/101.html").exists());
}

#[test]
fn a_file_of_the_owners_in_the_place_of_a_page_is_named() {
    let site = TestSite::new("");
    fs::write(site.www().join("index.html"), "mine").unwrap();
    let said = site.write(vec![row("", "x", 1)]);
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("pages left out (1)"), "{said:?}");
    assert!(said[0].contains(": index.html in ") && said[0].contains("move them away"), "{said:?}");
    assert_eq!(site.text("index.html"), "mine");
}

#[test]
fn the_stylesheet_loads_nothing_and_is_small() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, STYLE.as_bytes()).unwrap();
    assert!(packed.finish().unwrap().len() < 6 * 1024);
    assert!(!STYLE.contains("@import") && !STYLE.contains("@font-face"));
    let addresses = STYLE.match_indices("url(").map(|(at, _)| &STYLE[at..]);
    assert!(addresses.into_iter().all(|rest| rest.starts_with("url(\"data:")));
    assert_eq!(
        STYLE.matches("http").count(),
        STYLE.matches("http://www.w3.org/2000/svg").count() + 1
    );
}
