//! All pages of the administration, asked for by those who must not have them.

use tracker_cgi::catalog::Role;

use super::{administrator, site};
use crate::harness::admin::Admin;
use crate::harness::installation::Installation;

/// All pages: method, and path with something in the place of `{}`. The test below holds it against the table.
fn pages() -> Vec<(&'static str, String)> {
    let table = include_str!("../../src/site/admin/routes.rs");
    let lines = table.lines().filter_map(|line| {
        let (method, rest) = line.trim().strip_prefix('(')?.split_once(", \"")?;
        let (path, entry) = rest.split_once("\", ")?;
        entry.starts_with("For(").then(|| (method, path.replace("{}", "1")))
    });
    lines.map(|(method, path)| (if method == "Get" { "GET" } else { "POST" }, path)).collect()
}

#[test]
fn nobody_who_has_not_signed_in_sees_or_does_anything() {
    let tracker = site();
    let all = pages();
    assert!(all.len() > 5, "{all:?}");
    for (method, path) in all {
        let reply = Admin::new(&tracker).send(method, &path, FORM);
        match method {
            "GET" => {
                assert_eq!(reply.status, 303, "{path}");
                let location = reply.header("location").expect("a way");
                assert!(location.contains("login"), "{path}: {location}");
            }
            _ => assert_eq!(reply.status, 403, "{path}"),
        }
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
    }
}

/// A form without a token.
const FORM: Option<(&str, &[u8])> = Some(("application/x-www-form-urlencoded", b"sure=yes"));

#[test]
fn nothing_is_changed_without_the_token_of_the_session() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    for (_, path) in pages().iter().filter(|(method, _)| *method == "POST") {
        assert_eq!(admin.send("POST", path, FORM).status, 403, "{path}");
    }
}

#[test]
fn a_member_has_only_their_own_account() {
    let tracker = site();
    let mut member = Admin::signed_in(&tracker, "member", Role::Member);
    for (method, path) in pages() {
        let reply = member.send(method, &path, FORM);
        let is_own = ["account", "logout", "help"].iter().any(|own| path.starts_with(own));
        assert!(is_own || reply.status == 403, "{method} {path}: {}", reply.status);
    }
}

#[test]
fn a_viewer_changes_nothing() {
    let tracker = site();
    let mut viewer = Admin::signed_in(&tracker, "viewer", Role::Viewer);
    for (_, path) in pages().iter().filter(|(method, _)| *method == "POST") {
        let reply = viewer.post(path, &[("sure", "yes")]);
        let is_own = path.starts_with("account") || path == "logout" || path == "checkup";
        assert!(is_own || reply.status == 403, "{path}: {}", reply.status);
    }
}

#[test]
fn a_replica_sends_everybody_to_the_owner() {
    let tracker = Installation::new(&[
        "farm.role = 'replica'\nfarm.owner_url = 'https://owner.example/share/'",
    ]);
    let mut admin = Admin::new(&tracker);
    // The stylesheet is the same everywhere, and a browser takes it from nowhere else.
    assert_eq!(admin.get("admin.css").status, 200);
    for (method, path) in pages().into_iter().filter(|(_, path)| path != "admin.css") {
        let reply = admin.send(method, &format!("{path}?a=b"), FORM);
        assert_eq!(reply.status, 307, "{path}");
        let expected = format!("https://owner.example/tracker.cgi/admin/{path}?a=b");
        assert_eq!(reply.header("location"), Some(&*expected));
    }
}

/// A browser takes a form to no other host than that of the page with the form.
#[test]
fn who_sends_a_form_to_a_replica_by_another_name_is_told_where_the_administration_is() {
    let tracker =
        Installation::new(&["farm.role = 'replica'\nfarm.owner_url = 'https://owner.example/'"]);
    let mut admin = Admin::new(&tracker);
    admin.set("HTTP_HOST", "balancer.example");
    let reply = admin.send("POST", "torrents/add", FORM);
    assert_eq!((reply.status, reply.header("location")), (403, None));
    let link = "<a href=\"https://owner.example/tracker.cgi/admin/\">";
    assert!(reply.text().contains(link), "{}", reply.text());
    assert_eq!(admin.get("torrents/add").status, 307);
    admin.set("HTTP_HOST", "Owner.Example");
    assert_eq!(admin.send("POST", "torrents/add", FORM).status, 307);
}

#[test]
fn what_is_not_in_the_table_is_not_there() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    for path in ["nothing", "../stats", "audit/", "audit/x", "torrents/../audit", "%2e", "admin"] {
        assert_eq!(admin.get(path).status, 404, "{path}");
        let reply = Admin::new(&tracker).get(path);
        assert_eq!(reply.status, 303, "{path}: strangers do not learn what there is");
    }
    assert_eq!(admin.send("POST", "audit", FORM).status, 405);
    assert_eq!(admin.send("DELETE", "audit", None).status, 405);
}

#[test]
fn every_answer_says_what_browsers_may_do_with_it() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    for path in ["", "login", "audit", "nothing"] {
        let reply = admin.get(path);
        let policy = reply.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path}");
        }
    }
}

#[test]
fn a_form_that_another_site_sends_changes_nothing() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    admin.set("HTTP_SEC_FETCH_SITE", "cross-site");
    assert_eq!(admin.post("refresh", &[]).status, 403);
    admin.set("HTTP_SEC_FETCH_SITE", "same-origin");
    assert_eq!(admin.post("refresh", &[]).status, 303);
}
