use super::*;

const TABLE: &str = "fragments/table.inc";

/// All files below a folder but the compressed ones.
fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<String> = entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if !path.is_dir() {
                return vec![name];
            }
            files(&path).into_iter().map(|below| format!("{name}/{below}")).collect()
        })
        .collect();
    found.retain(|name| !name.ends_with(".gz"));
    found.sort();
    found
}

fn fragments(site: &TestSite) -> Vec<String> {
    files(&site.www().join("fragments"))
}

#[test]
fn there_are_fragments_of_what_the_owner_wants_and_they_go_when_not() {
    let site = TestSite::new("");
    let rows = || vec![row("linux", "one", 1), row("bsd", "two", 2)];
    site.write(rows());
    let all = ["counted.inc", "rows.inc", "styled.inc", "table.css", "table.inc", "totals.inc"];
    assert_eq!(fragments(&site), all);
    let mut site = site;
    let with = |site: &mut TestSite, wanted: &str| {
        let text = format!("paths.pages = '../www'\npages.fragments = {wanted}");
        let file = site.home.path().join("conf/tracker.toml");
        site.loaded = LoadedConfig::parse(&text, &file).unwrap();
        site.write(rows());
        fragments(site)
    };
    let of_categories = with(&mut site, "['categories', 'torrents']");
    let expected: Vec<String> = ["bsd", "linux"]
        .iter()
        .flat_map(|name| {
            ["rows.inc", "styled.inc", "table.inc", "totals.inc"].map(|it| format!("c/{name}/{it}"))
        })
        .chain(["table.css".to_owned()])
        .collect();
    assert_eq!(of_categories, expected);
    let swarms = |site: &TestSite| {
        files(&site.www().join("t")).iter().filter(|name| name.ends_with("swarm.inc")).count()
    };
    assert_eq!(swarms(&site), 2);
    assert_eq!(with(&mut site, "[]"), [""; 0]);
    assert_eq!(swarms(&site), 0);
}

/// Pages include them from anywhere.
#[test]
fn the_links_of_fragments_are_absolute_where_addresses_are_known() {
    let site = TestSite::new(
        "paths.torrents_url = 'https://x.example/a/torrents'\npages.fragments = ['all', 'torrents']",
    );
    site.write(vec![row("linux", "one <i>", 1)]);
    let slug = "t/one-i-00000001";
    for fragment in ["fragments/styled.inc", "fragments/rows.inc", &format!("{slug}/swarm.inc")] {
        let text = site.text(fragment);
        assert!(text.contains("one &#60;i&#62;"), "{text}");
        for link in links(&text) {
            let is_absolute =
                link.starts_with("https://x.example/a/") || link.starts_with("magnet:");
            assert!(is_absolute, "{fragment}: {link}");
        }
        assert!(text.contains(&format!("https://x.example/a/{slug}/index.html")), "{text}");
        assert!(text.contains("https://x.example/a/torrents/linux/1.torrent"), "{text}");
    }
    assert!(
        site.text("fragments/styled.inc").contains("\"https://x.example/a/fragments/table.css\"")
    );
    assert!(!site.text(TABLE).contains("stylesheet"));
}

/// What says when it was counted is a file of its own.
#[test]
fn a_fragment_changes_with_its_figures_only() {
    let site = TestSite::new("pages.rows = 2\npages.fragments = ['all', 'categories']");
    let rows = || vec![row("linux", "one", 1), row("bsd", "two", 2), row("bsd", "three", 3)];
    site.write(rows());
    let state = |site: &TestSite| {
        let folder = site.www().join("fragments");
        let of = |name: String| {
            let modified = fs::metadata(folder.join(&name)).unwrap().modified().unwrap();
            (name, modified)
        };
        files(&folder).into_iter().map(of).collect::<Vec<_>>()
    };
    let changed = |before: &[(String, _)], site: &TestSite| -> Vec<String> {
        let now = state(site);
        let changed = now.into_iter().zip(before).filter(|(now, before)| now != *before);
        changed.map(|((name, _), _)| name).collect()
    };
    let before = state(&site);
    let later = Report { at: NOW + Seconds(900), ..site.report(rows()) };
    write(&site.loaded, &later, &[]).unwrap();
    assert_eq!(changed(&before, &site), ["counted.inc"]);
    let mut busy = rows();
    busy[0].figures.seeders = 50;
    let before = state(&site);
    write(&site.loaded, &Report { at: NOW + Seconds(900), ..site.report(busy) }, &[]).unwrap();
    let rest = changed(&before, &site);
    assert!(rest.iter().any(|name| name == "c/linux/table.inc"), "{rest:?}");
    assert!(!rest.iter().any(|name| name.starts_with("c/bsd/")), "{rest:?}");
    let table = site.text(TABLE);
    assert_eq!(table.matches("<tr class=\"torrent").count(), 2, "{table}");
    assert!(table.contains("Older, not shown: 1."), "{table}");
}

#[test]
fn fragments_of_nothing_say_so() {
    let site = TestSite::new("");
    site.write(Vec::new());
    assert!(site.text(TABLE).contains("Nothing is shared here yet."));
    assert!(site.text("fragments/totals.inc").contains("<dt>Torrents</dt><dd>0</dd>"));
}
