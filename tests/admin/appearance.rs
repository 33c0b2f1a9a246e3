//! Title, words and colours of the pages for visitors, set in the browser.

use super::{administrator, site};
use crate::harness::admin::Admin;

fn seen(admin: &mut Admin<'_>) -> String {
    let page = admin.page("appearance");
    let (_, seen) = page.split_once("name=\"seen\" value=\"").expect("what was seen");
    let seen = seen.split('"').next().unwrap_or_default();
    let entities =
        [("&#34;", "\""), ("&#60;", "<"), ("&#62;", ">"), ("&#39;", "'"), ("&#38;", "&")];
    entities.iter().fold(seen.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

#[test]
fn what_is_chosen_is_on_the_pages_at_once_and_is_taken_back() {
    let tracker = site();
    tracker.add("a", 1000);
    tracker.refresh();
    let mut admin = administrator(&tracker);
    let seen_first = seen(&mut admin);
    let fields = [
        ("seen", &*seen_first),
        ("title", "Наш <архив>"),
        ("note", "Words & <b>more</b>"),
        ("light-link", "#123456"),
        ("dark-link", "#ABCDEF"),
    ];
    assert_eq!(admin.post("appearance", &fields).status, 303);
    let page = tracker.text("www/index.html");
    assert!(page.contains("Наш &#60;архив&#62;"), "{page}");
    assert!(page.contains("Words &#38; &#60;b&#62;more"), "{page}");
    let style = tracker.text("www/tracker.css");
    assert!(style.contains(":root { --link: #123456; }"), "{style}");
    assert!(style.contains("--link: #abcdef;"), "{style}");
    let shown = tracker.get("/tracker.css", "").send().reply.text();
    assert_eq!(shown, style, "as the script shows it");
    let list = tracker.get("/list", "").send().reply.text();
    assert!(list.contains("Наш &#60;архив&#62;"), "{list}");
    assert!(admin.page("audit").contains("appearance"));
    assert_eq!(admin.post("appearance", &fields).status, 409, "another has saved meanwhile");
    let now = seen(&mut admin);
    assert_eq!(admin.post("appearance", &[("seen", &now)]).status, 303);
    assert!(!tracker.text("www/index.html").contains("Наш"));
    assert!(!tracker.text("www/tracker.css").contains("#123456"));
}

#[test]
fn what_nobody_could_read_is_refused_and_what_was_typed_stays() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    for (name, value, told) in [
        ("light-link", "red", "six hexadecimal digits"),
        ("light-ink", "#fefefe", "hardly be read"),
        ("dark-paper", "#e5e7e9", "hardly be read"),
        ("title", "a\u{7}b", "one line"),
        ("note", "a\u{7}b", "control characters"),
    ] {
        let reply = admin.post("appearance", &[("seen", ""), (name, value)]);
        assert_eq!(reply.status, 422, "{name}");
        let page = reply.text();
        assert!(page.contains(told), "{name}: {page}");
        assert!(page.contains(value.trim_matches('\u{7}')), "{name}: {page}");
    }
}
