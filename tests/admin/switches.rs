//! Switches that are set over the configuration in the browser.

use tracker_cgi::catalog::{Role, Switch, Switches};

use super::{administrator, site};
use crate::harness::admin::{Admin, catalog};
use crate::harness::installation::Installation;

const AS_CONFIGURED: [(&str, &str); 6] = [
    ("offline", "configuration"),
    ("high_load_now", "configuration"),
    ("scrape", "configuration"),
    ("full_scrape", "configuration"),
    ("require_compact", "configuration"),
    ("identify", "configuration"),
];

fn seen(admin: &mut Admin<'_>) -> String {
    let page = admin.page("switches");
    let (_, seen) = page.split_once("name=\"seen\" value=\"").expect("what was seen");
    seen.split('"').next().unwrap_or_default().to_owned()
}

/// The form with these fields instead of what the configuration says.
fn form<'a>(seen: &'a str, changed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields: Vec<_> = AS_CONFIGURED.to_vec();
    fields.retain(|(name, _)| !changed.iter().any(|(other, _)| other == name));
    fields.extend(changed);
    fields.push(("seen", seen));
    fields
}

fn set(tracker: &Installation) -> Switches {
    catalog(tracker).switches().expect("switches")
}

fn announced(tracker: &Installation) -> String {
    let query =
        format!("info_hash={}&peer_id=-TR4060-000000000001&port=1&left=0", "%01".repeat(20));
    tracker.get("/announce", query).from("192.0.2.77").send().reply.text()
}

#[test]
fn a_tracker_is_closed_for_a_while_and_opened_again() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    let closed = [
        ("offline", "closed"),
        ("offline_message", "<b>back & forth"),
        ("offline_retry", "2h"),
        ("identify", "on"),
    ];
    assert_eq!(admin.post("switches", &form("", &closed)).status, 303);
    assert!(announced(&tracker).contains("<b>back & forth"));
    let page = admin.page("switches");
    assert!(page.contains("&#60;b&#62;back &#38; forth"), "{page}");
    let clients = admin.page("clients");
    assert!(clients.contains("<dt><code>identify</code></dt><dd>on"), "{clients}");
    let configuration = admin.page("configuration");
    assert!(configuration.contains("switched over: true"), "{configuration}");
    let audit = admin.page("audit");
    assert!(audit.contains("access.offline_message") && audit.contains("clients.identify"));
    assert_eq!(admin.post("switches", &form("", &[])).status, 409, "another has saved meanwhile");
    let now = seen(&mut admin);
    assert!(!now.is_empty());
    assert_eq!(admin.post("switches", &[("seen", "identify=true")]).status, 422, "no choices");
    let now = now.replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&");
    assert_eq!(admin.post("switches", &form(&now, &[])).status, 303);
    assert!(set(&tracker).is_empty());
    assert!(!announced(&tracker).contains("back"));
}

#[test]
fn what_a_switch_cannot_have_is_told_beside_it() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    let long = "x".repeat(201);
    for (changed, field, said) in [
        (&[("offline", "closed")][..], "offline_message", "Write what clients are told"),
        (&[("offline", "closed"), ("offline_message", &long)], "offline_message", "200 bytes"),
        (&[("offline_message", "why")], "offline_message", "only while the tracker is closed"),
        (&[("offline_retry", "1s")], "offline_retry", "from a minute to a week"),
        (&[("offline", "ajar")], "offline", "Choose one of them"),
        (&[("identify", "maybe")], "identify", "Choose one of them"),
    ] {
        let reply = admin.post("switches", &form("", changed));
        assert_eq!(reply.status, 422, "{changed:?}");
        let page = reply.text();
        assert!(page.contains(&format!("id=\"{field}-error\"")), "{changed:?}: {page}");
        assert!(page.contains(said), "{changed:?}: {page}");
    }
    assert!(set(&tracker).is_empty());
}

#[test]
fn a_viewer_sees_what_is_set_and_sets_nothing() {
    let tracker = site();
    tracker.run(&["switch", "set", "scrape", "off"]).done();
    let mut viewer = Admin::signed_in(&tracker, "vera", Role::Viewer);
    let page = viewer.page("switches");
    assert!(page.contains("set here") && !page.contains("name=\"seen\""), "{page}");
    assert_eq!(viewer.post("switches", &form("scrape=false", &[])).status, 403);
    assert_eq!(set(&tracker).get(Switch::Scrape), Some("false"));
}
