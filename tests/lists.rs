//! The list that the script makes: searching, sorting and paging, as a CGI, over FastCGI and through a web server.

use std::fs;

use crate::harness::apache::{self, Mpm};
use crate::harness::browser;
use crate::harness::fastcgi::Responder;
use crate::harness::http::{Reply, encode, request};
use crate::harness::installation::Installation;
use crate::harness::list_index;
use crate::harness::nginx;
use crate::harness::responder::{Listen, own_socket};
use crate::harness::site::{CGI, Layout, Site};
use crate::harness::torrent::Torrent;

const PAGES: &str = "paths.pages = '../www'";

/// A tracker with these torrents, by category and name.
fn tracker(settings: &[&str], torrents: &[(&str, &str)]) -> Installation {
    let tracker = Installation::new(&[&[PAGES], settings].concat());
    for (number, (category, name)) in torrents.iter().enumerate() {
        let torrent = torrent(name, number);
        // Joined, since what begins with a slash would lie elsewhere.
        let file = std::path::Path::new(category).join(format!("{number}.torrent"));
        tracker.drop_in(file, &torrent.metainfo);
    }
    tracker.refresh();
    tracker
}

/// The later ones are larger.
fn torrent(name: &str, number: usize) -> Torrent {
    Torrent::new(name, 1000 * (number + 1), crate::harness::installation::ANNOUNCE_URL)
}

fn library() -> Installation {
    let torrents = [
        ("linux/iso", "Penguin desktop 9"),
        ("linux/iso", "Penguin desktop 10"),
        ("linux", "penguin server"),
        ("films", "Кино про Ёлку"),
        ("", "<b>markup<b> \u{202e}turned"),
    ];
    tracker(&[], &torrents)
}

fn list(tracker: &Installation, query: &str) -> Reply {
    let answer = tracker.get("/list", query).send();
    assert_eq!(answer.log, "", "{query}");
    answer.reply
}

/// The page of a query that is answered.
fn page(tracker: &Installation, query: &str) -> String {
    let reply = list(tracker, query);
    assert_eq!(reply.status, 200, "{query}: {reply:?}");
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = reply.header("content-security-policy").unwrap_or_default();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    reply.text()
}

/// The titles of a list, in its order.
fn titles(page: &str) -> Vec<String> {
    let names = page.split("class=\"name\"").skip(1);
    let names = names.filter_map(|rest| rest.split_once("<bdi>")?.1.split("</bdi>").next());
    names.map(str::to_owned).collect()
}

fn found(tracker: &Installation, query: &str) -> Vec<String> {
    titles(&page(tracker, query))
}

fn announce(tracker: &Installation, torrent: &Torrent, peer: usize, left: u32) {
    let hash = encode(&torrent.info_hash);
    let query = format!(
        "info_hash={hash}&peer_id=-XX0000-{peer:012}&port=6881&left={left}&uploaded=0&downloaded=0"
    );
    tracker.get("/announce", query).from(&format!("192.0.2.{peer}")).value();
}

#[test]
fn people_find_by_words_categories_and_info_hashes() {
    let tracker = library();
    let both = ["Penguin desktop 9", "Penguin desktop 10"];
    for (query, expected) in [
        ("q=DESKTOP&sort=name", &both[..]),
        ("q=penguin+desk&sort=name", &both),
        (
            "q=penguin&c=linux&sort=size",
            &["penguin server", "Penguin desktop 10", "Penguin desktop 9"],
        ),
        ("q=penguin&c=linux%2Fiso&sort=-size", &both),
        ("q=films", &["Кино про Ёлку"]),
        ("q=%D0%95%D0%9B%D0%9A", &["Кино про Ёлку"]),
        ("az=cyrillic", &["Кино про Ёлку"]),
        ("q=penguin+colour", &[]),
        ("c=books", &[]),
        ("g=nothing", &[]),
    ] {
        assert_eq!(found(&tracker, query), expected, "{query}");
    }
    let digits = |number| {
        let hash = torrent("Penguin desktop 10", number).info_hash;
        hash.iter().map(|byte| format!("{byte:02X}")).collect::<String>()
    };
    let whole = digits(1);
    for part in [&whole[..], &whole[..9]] {
        assert_eq!(found(&tracker, &format!("q={part}")), ["Penguin desktop 10"], "{part}");
    }
    let text = page(&tracker, "q=desktop&c=linux&sort=name");
    for part in [
        "<h1>2 torrents for “<bdi>desktop</bdi>”</h1>",
        "In the category <bdi>linux</bdi>. <a href=\"list?q=desktop\">Search all</a>",
        "<link rel=\"canonical\" href=\"list?q=desktop&#38;c=linux&#38;sort=name\">",
        "class=\"c-name\" aria-sort=\"ascending\"><a href=\"list?q=desktop&#38;c=linux&#38;sort=-name\"",
        "<a href=\"list?q=desktop&#38;c=linux&#38;sort=size\">Size</a>",
        "<form class=\"find\" role=\"search\" action=\"list\" method=\"get\">",
        "value=\"desktop\"",
        "<option selected>linux</option>",
        "href=\"tracker.css\"",
        "href=\"http://tracker.test/torrents/linux/iso/0.torrent\"",
        "and again every 15 minutes",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let page_of = format!("href=\"t/{}\"", digits(1).to_lowercase());
    assert!(text.contains(&page_of), "{page_of}: {text}");
    let reply = tracker.get(&format!("/t/{}", digits(1).to_lowercase()), "").send().reply;
    assert_eq!(reply.status, 200);
}

#[test]
fn lists_are_sorted_by_figures_of_the_last_refresh() {
    let tracker = library();
    let torrents = ["Penguin desktop 9", "Penguin desktop 10", "penguin server"];
    let [nine, ten, server] = [0, 1, 2].map(|number| torrent(torrents[number], number));
    for (torrent, peer, left) in [(&ten, 1, 0), (&ten, 2, 0), (&server, 3, 0), (&nine, 4, 500)] {
        announce(&tracker, torrent, peer, left);
    }
    assert!(!page(&tracker, "").contains(">2<span class=\"w\"> seeders"), "not before a refresh");
    tracker.refresh();
    assert_eq!(found(&tracker, "q=penguin"), [torrents[1], torrents[2], torrents[0]]);
    assert_eq!(found(&tracker, "q=penguin&sort=-seeders"), [torrents[0], torrents[2], torrents[1]]);
    assert_eq!(found(&tracker, "q=penguin&sort=leechers")[0], torrents[0]);
    let text = page(&tracker, "q=penguin&sort=leechers");
    assert!(text.contains("class=\"c-swarm\" aria-sort=\"descending\""), "{text}");
    assert!(text.contains("<option value=\"leechers\" selected>"), "{text}");
    assert!(!text.contains("tag warn"), "counted just now: {text}");
}

#[test]
fn nonsense_gets_a_clear_page_with_one_address() {
    let tracker = library();
    let all = found(&tracker, "");
    assert_eq!(all.len(), 5);
    for (query, told) in [
        ("page=-1", "There is no page “<bdi>-1</bdi>”; this is the first one."),
        ("page=0", "There is no page “<bdi>0</bdi>”"),
        ("page=7", "There is no page 7; this is the last one."),
        ("sort=colour", "Nothing can be sorted by “<bdi>colour</bdi>”"),
        ("sort=<script>", "Nothing can be sorted by “<bdi>&#60;script&#62;</bdi>”"),
        ("az=%00", "There is no letter"),
    ] {
        let text = page(&tracker, query);
        assert!(text.contains(told), "{query}: {text}");
        assert!(text.contains("<link rel=\"canonical\" href=\"list\">"), "{query}: {text}");
        assert_eq!(titles(&text), all, "{query}");
    }
    let long = format!("q={}&page=2", "x".repeat(4096));
    let text = page(&tracker, &long);
    assert!(text.contains("only its beginning was looked for"), "{text}");
    assert!(text.contains(&format!("href=\"list?q={}\"", "x".repeat(256))), "{text}");
    for query in [
        "q=%3Cscript%3Ealert(1)%3C/script%3E\"'%26&c=%3Ci%3E&g=%22%3E",
        "q=%ff%fe%zz%",
        "q=%E2%80%AEevil",
        "q=&c=&g=&az=&sort=&page=",
        "&&&===&q",
        "q=1+2+3+4+5+6+7+8+9+10+11+12+13+14+15+16+17+18+19+20",
    ] {
        let text = page(&tracker, query);
        assert!(!text.contains("<script") && !text.contains("<i>"), "{query}: {text}");
        assert_eq!(text.matches("<bdi>").count(), text.matches("</bdi>").count(), "{query}");
        assert!(text.contains("rel=\"canonical\""), "{query}: {text}");
    }
    // Marks of direction count on neither side, and a name is no markup.
    let text = page(&tracker, "q=tur%E2%80%AEned");
    assert!(text.contains("<bdi>&#60;b&#62;markup&#60;b&#62; turned</bdi>"), "{text}");
    let announced = tracker.get("/list", "info_hash=x").send().reply;
    assert!(announced.text().contains("not the announce address"), "{announced:?}");
    assert_eq!(tracker.get("/list", "").method("POST").send().reply.status, 405);
}

#[test]
fn who_finds_nothing_is_told_the_nearest_word_and_the_way_back() {
    let tracker = library();
    let text = page(&tracker, "q=dekstop&c=linux");
    for part in [
        "<h1>Nothing for “<bdi>dekstop</bdi>”</h1>",
        "Did you mean <a href=\"list?q=desktop&#38;c=linux\"><bdi>desktop</bdi></a>?",
        "<a href=\"list\">All torrents (5)</a>",
        "<a href=\"http://tracker.test/index.html\">To the front page</a>",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let empty = tracker_without_torrents();
    let text = page(&empty, "q=x");
    assert!(text.contains("The first torrent will appear in this list by itself."), "{text}");
    assert!(!text.contains("Did you mean"), "{text}");
}

fn tracker_without_torrents() -> Installation {
    tracker(&[], &[])
}

#[test]
fn many_are_shown_page_by_page_and_no_further_than_a_hundred() {
    let names: Vec<String> = (0..130).map(|number| format!("number {number}")).collect();
    let torrents: Vec<(&str, &str)> = names.iter().map(|name| ("", name.as_str())).collect();
    let tracker = tracker(&["pages.rows = 1"], &torrents);
    assert_eq!(found(&tracker, "sort=name&page=3"), ["number 2"]);
    let text = page(&tracker, "sort=name&page=100");
    assert!(text.contains("Not in this list, which ends here: 30 torrents. Narrow it down"));
    assert!(text.contains("100–100 of 130"), "{text}");
    assert!(text.contains("<a href=\"list?sort=name&#38;page=99\" rel=\"prev\">"), "{text}");
    let text = page(&tracker, "sort=name&page=101");
    assert!(text.contains("There is no page 101") && titles(&text) == ["number 99"], "{text}");
    assert!(text.contains("href=\"list?sort=name&#38;page=100\">"), "{text}");
}

/// Nothing is said of them, not even how many there are.
#[test]
fn what_is_hidden_denied_or_retired_is_found_by_nobody() {
    let torrents = ["plain x", "hidden x", "denied x", "retired x", "later x", "over x"]
        .map(|name| ("", name));
    let tracker = tracker(&["access.deny_list = 'deny'"], &torrents);
    let settings = [PAGES, "access.deny_list = 'deny'"];
    let digits = |number: usize| {
        let hash = torrent(torrents[number].1, number).info_hash;
        hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let hide = |tracker: &Installation| {
        tracker.run(&["torrent", "hide", &digits(1)]).done();
        fs::write(tracker.path("conf/deny"), format!("{}\n", digits(2))).expect("a list");
        tracker.run(&["torrent", "retire", &digits(3)]).done();
        tracker.run(&["torrent", "edit", &digits(4), "--list-from", "2999-01-01"]).done();
        tracker.run(&["torrent", "edit", &digits(5), "--list-until", "2020-01-01"]).done();
    };
    hide(&tracker);
    tracker.configure(&settings);
    // Before the next refresh as well as after it, and where the index has to be made of the catalogue.
    let check = |when: &str| {
        let all = found(&tracker, "q=x&sort=name");
        assert_eq!(all, ["plain x"], "{when}");
        let nothing = page(&tracker, "q=colour");
        assert!(nothing.contains("All torrents (1)</a>"), "{when}: {nothing}");
        for number in 1..6 {
            let query = format!("q={}", digits(number));
            assert_eq!(found(&tracker, &query), [""; 0], "{when}: {query}");
        }
    };
    tracker.refresh();
    check("after a refresh");
    assert!(page(&tracker, "q=x").contains("<h1>1 torrent for"));
    fs::remove_file(tracker.path("data/list.index")).expect("the index");
    check("without an index");
    assert!(tracker.path("data/list.index").exists(), "it is made again");
    tracker.run(&["torrent", "hide", &digits(0)]).done();
    assert_eq!(found(&tracker, "q=x"), [""; 0], "at once, though the index still has it");
}

#[test]
fn a_damaged_index_is_told_in_the_log_and_does_without() {
    let tracker = library();
    for damage in [&b""[..], b"\x89TLI\r\n\x1a\n", &[0; 300]] {
        fs::write(tracker.path("data/list.index"), damage).expect("damage");
        let answer = tracker.get("/list", "q=desktop").send();
        assert_eq!(answer.reply.status, 200, "{answer:?}");
        assert_eq!(titles(&answer.reply.text()).len(), 2, "{answer:?}");
        assert!(answer.log.contains("the list index ") && answer.log.contains("refresh --force"));
        tracker.forget_what_was_told();
    }
    tracker.refresh();
    assert_eq!(found(&tracker, "q=desktop").len(), 2);
}

/// A bit that has tipped over in the figures, and one in the texts: nobody would see it in the list.
#[test]
fn an_index_with_another_bit_is_told_by_log_and_doctor_and_does_without() {
    let tracker = library();
    let path = tracker.path("data/list.index");
    let sound = fs::read(&path).expect("the index");
    let doctor = || tracker.run(&["doctor", "--offline", "--json"]).output;
    assert!(!doctor().contains("list.index is damaged"));
    let list = page(&tracker, "q=desktop");
    for at in [96 + 30, sound.len() - 2] {
        let mut damaged = sound.clone();
        damaged[at] ^= 1;
        fs::write(&path, damaged).expect("damage");
        let answer = tracker.get("/list", "q=desktop").send();
        assert_eq!(titles(&answer.reply.text()), titles(&list), "{at}");
        assert!(answer.log.contains("list.index is damaged"), "{at}: {answer:?}");
        let api = tracker.get("/api/v1/torrents", "query=desktop").send().reply.text();
        assert!(api.contains("\"total\":2"), "{at}: {api}");
        let said = doctor();
        assert!(
            said.contains("list.index is damaged") && said.contains("a checksum is wrong"),
            "{said}"
        );
        tracker.forget_what_was_told();
    }
    tracker.refresh();
    assert!(!doctor().contains("list.index is damaged"));
    assert_eq!(titles(&page(&tracker, "q=desktop")), titles(&list));
}

/// By what is gone meanwhile, nobody is told a word of it.
#[test]
fn what_was_meant_is_something_that_may_be_shown_now() {
    let tracker = tracker(&[], &[("", "Penguin desktop"), ("", "Pinguin only")]);
    tracker.refresh();
    assert!(page(&tracker, "q=pingiun").contains("pinguin"));
    let hash = torrent("Pinguin only", 1).info_hash;
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let index = fs::read(tracker.path("data/list.index")).expect("the index");
    tracker.run(&["torrent", "edit", &digits, "--list-until", "2020-01-01"]).done();
    // As where the date passes: the command has had the index written anew.
    fs::write(tracker.path("data/list.index"), index).expect("the index from before");
    let text = page(&tracker, "q=pingiun");
    assert!(!text.contains("pinguin"), "{text}");
    assert!(page(&tracker, "q=dekstop").contains("desktop"));
    // Nor do numbers tell of it, on whatever page.
    for number in 1..3 {
        let query = format!("query={digits}&page={number}");
        let api = tracker.get("/api/v1/torrents", query).send().reply.text();
        assert!(api.contains("\"total\":0,"), "{number}: {api}");
        let list = page(&tracker, &format!("q=pinguin&page={number}"));
        assert!(list.contains("<h1>Nothing for") || list.contains("<h1>0 torrents for"), "{list}");
    }
}

#[test]
fn without_pages_there_is_no_list() {
    let tracker = Installation::new(&[]);
    tracker.add("x", 1000);
    tracker.refresh();
    assert_eq!(tracker.get("/list", "").send().reply.status, 404);
    assert!(!tracker.path("data/list.index").exists());
    tracker.configure(&[PAGES]);
    assert_eq!(found(&tracker, "q=x"), ["x"], "also before the next refresh");
    tracker.refresh();
    tracker.configure(&[]);
    tracker.refresh();
    assert!(!tracker.path("data/list.index").exists(), "nobody needs it any more");
}

#[test]
fn figures_that_are_old_are_called_so() {
    let tracker = library();
    list_index::make_older(&tracker.path("data/list.index"), 3 * 3600);
    let text = page(&tracker, "");
    assert!(
        text.contains("</time> <span class=\"tag warn\">3 hours ago</span>, and again"),
        "{text}"
    );
    tracker.configure(&[PAGES, "tracker.high_load_now = true"]);
    tracker.refresh();
    let text = page(&tracker, "");
    assert!(text.contains("they are asked to come every 40 minutes"), "{text}");
    assert!(tracker.text("www/index.html").contains("they are asked to come every 40 minutes"));
}

#[test]
fn a_responder_has_the_same_list() {
    let tracker = library();
    let responder = Responder::start(&tracker, &["--workers", "1"]);
    for query in ["", "q=desktop&sort=name", "page=-1", "q=dekstop", "c=linux"] {
        let reply = responder.get("/list", query);
        assert_eq!((reply.status, reply.text()), (200, page(&tracker, query)), "{query}");
    }
    tracker.drop_in("later.torrent", &torrent("later", 50).metainfo);
    tracker.refresh();
    assert_eq!(titles(&responder.get("/list", "q=later").text()), ["later"]);
    responder.stop();
}

/// A site with pages and two torrents, for a web server.
fn site(layout: Layout) -> Site {
    let site = Site::new(layout);
    let file = site.root().join("conf/tracker.toml");
    let text = fs::read_to_string(&file).expect("the configuration");
    let script = site.url(CGI);
    let paths = format!("[paths]\npages = \"../www/share\"\nscript_url = \"{script}\"\n");
    let text = text.replace("[paths]\n", &paths);
    fs::write(&file, text).expect("a configuration");
    let share = site.www().join("share");
    fs::create_dir(&share).expect("the folder of the pages");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(&share, mode).expect("its mode");
    for name in ["Penguin & sons", "other"] {
        site.add(&Torrent::new(name, 80_000, &site.announce_url()));
    }
    site.tracker(&["refresh", "--force"]);
    site
}

/// What the form of the static front page leads to, as a browser sends it.
fn ask_by_the_form(site: &Site) {
    let index = fs::read_to_string(site.www().join("share/index.html")).expect("the front page");
    let action = index.split("action=\"").nth(1).and_then(|rest| rest.split('"').next());
    let action = action.and_then(|it| it.strip_prefix(&site.url(""))).expect("the form's address");
    let ask = |query: &str| {
        request(site.address(), "GET", &format!("{action}?{query}"), &[]).expect("an answer")
    };
    let reply = ask("q=penguin+%26&c=&sort=seeders");
    assert_eq!(reply.status, 200, "{reply:?}");
    let text = reply.text();
    assert_eq!(titles(&text), ["Penguin &#38; sons"], "{text}");
    assert!(text.contains("canonical\" href=\"list?q=penguin%20%26\""), "{text}");
    assert_eq!(ask("page=-1&q=%ff").status, 200);
    let style = action.replace("/list", "/tracker.css");
    assert_eq!(request(site.address(), "GET", &style, &[]).expect("an answer").status, 200);
}

#[test]
fn the_form_of_the_front_page_works_through_apache_as_cgi() {
    let site = site(Layout::listed(CGI, std::net::Ipv4Addr::LOCALHOST.into()));
    let _apache = apache::cgi(Mpm::Event).start(&site);
    ask_by_the_form(&site);
    // Without a complaint about the policy.
    let list = format!("{CGI}/list?q=penguin&page=-1&sort=x");
    for page in ["/share/index.html", &list] {
        let shown = browser::load(&site.url(page), 1200);
        assert_eq!(shown.console, Vec::<String>::new(), "{page}");
        assert!(shown.dom.contains("<form class=\"find\""), "{page}: {}", shown.dom);
    }
}

#[test]
fn the_form_of_the_front_page_works_through_nginx_over_fastcgi() {
    let site = site(Layout::listed(CGI, std::net::Ipv4Addr::LOCALHOST.into()));
    let listen = Listen::unix(&site);
    let _responder = own_socket(&site, &listen);
    let _nginx = nginx::start(&site, "conf/nginx.conf", &listen);
    ask_by_the_form(&site);
}
