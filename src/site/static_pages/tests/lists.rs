use super::*;
use crate::catalog::Details;

/// A torrent in a group.
fn in_group(group: &str, name: &str, number: u32) -> Row {
    let mut row = row("music", name, number);
    row.torrent =
        row.torrent.with_decision(Details { group: Some(group.into()), ..Details::default() });
    row
}

fn in_order(text: &str, parts: &[&str]) {
    let place = |part: &&str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    assert!(parts.iter().map(place).is_sorted(), "{parts:?}: {text}");
}

#[test]
fn where_the_script_is_known_lists_have_a_form_and_ways_to_other_orders() {
    let site = TestSite::new("");
    site.write(vec![row("linux", "a", 1), row("books & more", "b", 2)]);
    let text = site.text("index.html");
    for part in [
        format!("<form class=\"find\" role=\"search\" action=\"{SCRIPT}/list\" method=\"get\">"),
        "<option>books &#38; more</option><option>linux</option>".into(),
        format!("<a href=\"{SCRIPT}/list?sort=size\">Size</a>"),
        format!("<a href=\"{SCRIPT}/list\">Seeders</a>"),
        "<option value=\"seeders\" selected>".into(),
    ] {
        assert!(text.contains(&part), "{part}: {text}");
    }
    let text = site.text("c/linux/index.html");
    assert!(text.contains("<option selected>linux</option>"), "{text}");
    let by_name = format!("href=\"{SCRIPT}/list?c=linux&#38;sort=name\"");
    assert!(text.contains(&by_name), "{text}");
    assert!(!text.contains("aria-sort"), "it is in another order: {text}");

    let site = TestSite::new("tracker.announce_url = 'https://tracker.example/announce'");
    site.write(vec![row("linux", "a", 1)]);
    for page in site.pages() {
        let text = site.text(&page);
        assert!(!text.contains("<form") && !text.contains("/list"), "{page}: {text}");
    }
}

#[test]
fn groups_have_lists_of_their_own() {
    let site = TestSite::new("pages.rows = 2");
    site.write(vec![
        in_group("Folk", "one", 1),
        in_group("Folk", "two", 2),
        in_group("Folk", "three", 3),
        in_group("Jazz & more", "four", 4),
        row("music", "alone", 5),
    ]);
    let jazz = format!("g/{}/index.html", slug::of_category("Jazz & more"));
    let pages = site.pages();
    let folk = slug::of_category("Folk");
    for page in [format!("g/{folk}/index.html"), format!("g/{folk}/2.html"), jazz.clone()] {
        assert!(pages.contains(&page), "{page}: {pages:?}");
    }
    assert_that_links_lead_somewhere(&site);
    let index = site.text("index.html");
    let chip = format!("<a href=\"g/{folk}/index.html\"><bdi>Folk</bdi> <span>3</span></a>");
    assert!(index.contains(&chip), "{index}");
    let text = site.text(&jazz);
    assert!(text.contains("<h1><bdi>Jazz &#38; more</bdi></h1>"), "{text}");
    assert!(text.contains("name=\"g\" value=\"Jazz &#38; more\""), "searches stay in it: {text}");
    assert!(text.contains(&format!("<a href=\"../../{jazz}\"><bdi>Jazz &#38; more")), "{text}");
    site.write(vec![row("music", "alone", 5)]);
    assert!(!site.www().join("g").exists());
}

#[test]
fn of_very_many_torrents_the_front_page_is_a_directory() {
    let site = TestSite::new("pages.browse_limit = 40\npages.rows = 10\npages.static_torrents = 0");
    let rows = |more: u32| -> Vec<Row> {
        let folders = ["maps/old/paper", "maps/new", "books", "", "maps"];
        let names = ["Ёлка", "7 seas", "apple", "Birch", "日本"];
        let place = |number: u32| number as usize % 5;
        let of = |number| row(folders[place(number)], names[place(number)], number);
        let mut rows: Vec<Row> = (0..40 + more).map(of).collect();
        rows[0].figures.leechers = 9;
        rows[1].torrent.first_seen = NOW;
        rows
    };
    site.write(rows(0));
    assert!(site.text("index.html").contains("<table class=\"list\""));
    assert!(site.pages().contains(&"page/4.html".to_owned()));
    site.write(rows(1));
    let pages = site.pages();
    assert!(!pages.iter().any(|page| page.starts_with("page/")), "{pages:?}");
    assert!(pages.contains(&"c/books/index.html".to_owned()), "{pages:?}");
    assert_that_links_lead_somewhere(&site);
    let text = site.text("index.html");
    let letter = |name: &str| format!("<a href=\"{SCRIPT}/list?az={name}&#38;sort=name\">");
    in_order(
        &text,
        &[
            "<dt>Torrents</dt><dd>41</dd>",
            "<form class=\"find\"",
            &letter("0"),
            &letter("a"),
            &letter("b"),
            &letter("cyrillic"),
            &letter("other"),
            "<h2>By category</h2>",
            "<a href=\"c/books/index.html\"><bdi>books</bdi></a> <span class=\"quiet small\">8</span>",
            &format!(
                "<a href=\"{SCRIPT}/list?c=maps\"><bdi>maps</bdi></a> <span class=\"quiet small\">25</span>"
            ),
            &format!("<a href=\"{SCRIPT}/list?c=maps%2Fold\"><bdi>old</bdi></a> 9"),
            &format!(
                "<a href=\"c/{}/index.html\"><bdi>new</bdi></a> 8",
                slug::of_category("maps/new")
            ),
            "In no category: 8 torrents.",
            "<h2>Newest</h2>",
            &format!("<a href=\"{SCRIPT}/t/00000001"),
            "<h2>Please help to seed</h2>",
            "0 seeders</span>, <span class=\"leech\">9 leechers",
        ],
    );
    assert!(!text.contains("<bdi>paper</bdi>"), "{text}");
    assert!(!letter("c").is_empty() && !text.contains(&letter("c")), "{text}");
}

#[test]
fn where_nobody_knows_the_script_or_nothing_is_there_the_front_page_is_no_directory() {
    let announce = "tracker.announce_url = 'https://tracker.example/announce'";
    let site = TestSite::new(&format!("{announce}\npages.browse_limit = 0"));
    site.write(vec![row("maps/old", "a", 1), row("", "b", 2)]);
    let text = site.text("index.html");
    assert!(text.contains("<table class=\"list\"") && text.contains("<bdi>b</bdi>"), "{text}");
    assert_that_links_lead_somewhere(&site);
    let site = TestSite::new("pages.browse_limit = 0");
    site.write(vec![row("maps/old", "a", 1)]);
    assert!(!site.text("index.html").contains("<table class=\"list\""));
    site.write(Vec::new());
    assert!(site.text("index.html").contains("Nothing is shared here yet"));
}
