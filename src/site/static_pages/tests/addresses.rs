//! What search engines, other sites and visitors find on the pages beside the torrents.

use super::*;

#[test]
fn others_and_search_engines_are_told_the_addresses_where_they_are_known() {
    let site = TestSite::new("pages.rows = 2\npages.static_torrents = 3\n# without announce_url");
    let mut rows: Vec<_> = (1..5).map(|number| row("books", "x", number)).collect();
    rows[3].torrent.private = true;
    site.write(rows);
    assert!(!site.www().join("sitemap.xml").exists(), "nobody knows where the pages are");
    let text = site.text("t/x-00000004/index.html");
    assert!(!text.contains("rel=\"canonical\"") && !text.contains("id=\"share\""), "{text}");

    let root = "https://a.example";
    let site = TestSite::new(
        "pages.rows = 2\npages.static_torrents = 3\npaths.pages_url = 'https://a.example/'\n\
         tracker.announce_url = 'https://a.example/bt.cgi/announce'",
    );
    let mut rows: Vec<_> = (1..5).map(|number| row("books", "x", number)).collect();
    rows[3].torrent.private = true;
    site.write(rows.clone());
    let map = site.text("sitemap.xml");
    let listed: Vec<&str> =
        map.split("<loc>").skip(1).filter_map(|rest| rest.split("</loc>").next()).collect();
    let expected = [
        "statistics.html",
        "how-to-download.html",
        "",
        "page/2.html",
        "c/books/",
        "c/books/2.html",
    ];
    let torrents = ["t/x-00000002/", "t/x-00000003/"];
    let expected: Vec<String> =
        expected.iter().chain(&torrents).map(|path| format!("{root}/{path}")).collect();
    assert_eq!(listed, expected, "{map}");
    let robots = site.text("robots.txt");
    assert!(robots.contains("\nDisallow: /bt.cgi/announce\n"), "{robots}");
    assert!(robots.ends_with("\nSitemap: https://a.example/sitemap.xml\n"), "{robots}");
    let text = site.text("t/x-00000003/index.html");
    for part in [
        "<link rel=\"canonical\" href=\"https://a.example/t/x-00000003/\">",
        "<meta property=\"og:title\" content=\"x\">",
        "itemtype=\"https://schema.org/Dataset\"",
        "[img]https://a.example/t/x-00000003/badge.svg[/img]",
        "[![Seeders now](https://a.example/t/x-00000003/badge.svg)](https://a.example/t/x-00000003/)",
        "&lt;img src=\"https://a.example/t/x-00000003/badge.svg\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // What others put into their pages has nothing of a name that could be markup there.
    rows[0].torrent.name = "\"><script>".into();
    rows[0].figures.seeders = 100;
    site.write(rows.clone());
    let named = site.text("t/script-00000001/index.html");
    let snippets = &named[named.find("id=\"share\"").unwrap()..];
    assert!(!snippets.contains("script&"), "{snippets}");
    assert!(!text.contains("noindex"), "{text}");
    assert!(site.text("t/x-00000004/index.html").contains("content=\"noindex\""), "private");

    fs::write(site.www().join("robots.txt"), "User-agent: *\nDisallow: /\n").unwrap();
    assert_eq!(site.write(rows), [""; 0], "one of the owner's is no clash");
    assert_eq!(site.text("robots.txt"), "User-agent: *\nDisallow: /\n");
}

#[test]
fn very_many_addresses_are_in_several_sitemaps() {
    let site = TestSite::new("paths.pages_url = 'https://a.example/share'");
    let pages: Vec<String> = (0..50_001).map(|number| format!("{number}.html")).collect();
    let write = |pages: &[String]| {
        let manifest = page_folder::manifest_path(&site.loaded);
        let mut folder = PageFolder::open(&site.www(), manifest).unwrap();
        for_robots::write(&mut folder, &site.loaded, pages).unwrap();
        folder.finish().unwrap();
    };
    write(&pages);
    let index = site.text("sitemap.xml");
    assert!(index.contains("<loc>https://a.example/share/sitemap/2.xml</loc>"), "{index}");
    assert_eq!(site.text("sitemap/1.xml").matches("<url>").count(), 50_000);
    assert_eq!(site.text("sitemap/2.xml").matches("<url>").count(), 1);
    assert!(!site.www().join("robots.txt").exists(), "it would not be found there");
    write(&pages[1..]);
    assert_eq!(site.text("sitemap.xml").matches("<url>").count(), 50_000);
    assert!(!site.www().join("sitemap").exists());
}

#[test]
fn visitors_find_the_owner_and_where_to_report() {
    let site = TestSite::new(
        "pages.contact = 'us@a.example'\npages.legal = 'A <b> e.V.'\n\
         pages.report = 'https://a.example/report?t={hash}'",
    );
    let rows = vec![row("", "x", 1)];
    site.write(rows.clone());
    for page in site.pages() {
        let text = site.text(&page);
        assert!(text.contains("<a href=\"mailto:us@a.example\">Contact</a>"), "{page}: {text}");
        assert!(text.contains("<bdi>A &#60;b&#62; e.V.</bdi>"), "{page}: {text}");
    }
    let text = site.text("t/x-00000001/index.html");
    let report = format!("href=\"https://a.example/report?t={}\"", rows[0].torrent.canonical);
    assert!(text.contains(&report), "{text}");
    let site = TestSite::new("pages.legal = 'https://a.example/imprint'");
    site.write(rows);
    let text = site.text("t/x-00000001/index.html");
    assert!(text.contains("<a href=\"https://a.example/imprint\">Legal notice</a>"), "{text}");
    assert!(!text.contains("Contact") && !text.contains("Report this"), "{text}");
}
