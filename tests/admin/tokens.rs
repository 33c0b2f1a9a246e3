//! Tokens for the API, in the browser.

use tracker_cgi::accounts::ApiToken;
use tracker_cgi::catalog::{Role, UserDetails};
use tracker_cgi::protocol::Timestamp;

use super::{add, administrator, assert_kept_nowhere, between, site, user};
use crate::harness::admin::{Admin, PASSWORD, add_user, catalog};

const FIELDS: [(&str, &str); 5] = [
    ("label", "Größen-Skript <1>"),
    ("scopes", "torrents"),
    ("scopes", "read"),
    ("days", "30"),
    ("current", PASSWORD),
];

#[test]
fn a_token_is_shown_once_listed_and_removed() {
    let tracker = site();
    add(&tracker, "ingrid");
    let id = user(&tracker, "ingrid").id;
    let mut admin = Admin::as_user(&tracker, id);
    let reply = admin.post("account/tokens", &FIELDS);
    assert_eq!((reply.status, reply.header("location")), (200, None), "{}", reply.text());
    let token = between(&reply.text(), "<code class=\"hash\">", "</code>").to_owned();
    let digest = ApiToken::parse(&token).expect("a token").digest();
    let catalog = catalog(&tracker);
    let [kept] = &catalog.tokens(Some(id)).expect("a catalogue")[..] else { panic!("one token") };
    assert_eq!((&*kept.label, &*kept.scope), (FIELDS[0].1, "read,torrents"));
    let month = Timestamp(kept.created.0 + 30 * 86_400);
    assert_eq!(kept.until, Some(month));
    let found = |at| catalog.token(&digest, at).expect("a catalogue").is_some();
    assert!(found(Timestamp(month.0 - 1)) && !found(month));

    let page = admin.page("account/tokens");
    assert!(page.contains("<bdi>Größen-Skript &#60;1&#62;</bdi>"), "{page}");
    assert!(page.contains("Read; Change torrents") && !page.contains(&token));
    assert!(admin.page(&format!("people/{}", id.0)).contains("Read; Change torrents"));
    assert_kept_nowhere(&tracker, &admin.log, &[&token, &token[4..], PASSWORD]);

    let number = kept.id.to_string();
    let reply = admin.post("account/tokens/remove", &[("number", &number)]);
    assert_eq!(reply.header("location"), Some("../../account/tokens?done=removed"));
    assert!(!found(kept.created));
    assert_eq!(admin.post("account/tokens/remove", &[("number", &number)]).status, 404);
}

#[test]
fn what_is_wrong_with_a_new_token_stands_beside_the_field() {
    let tracker = site();
    add(&tracker, "ingrid");
    let id = user(&tracker, "ingrid").id;
    let mut admin = Admin::as_user(&tracker, id);
    for (field, value) in [
        ("label", " "),
        ("label", "a\nb"),
        ("scopes", "everything"),
        ("days", "9999"),
        ("current", "wrong"),
    ] {
        let changed = FIELDS.map(|(name, typed)| (name, if name == field { value } else { typed }));
        let reply = admin.post("account/tokens", &changed);
        assert_eq!(reply.status, 422, "{field} {value}");
        let page = reply.text();
        assert!(page.contains(&format!("id=\"{field}-error\"")), "{page}");
        assert!(!page.contains("tct_") && !page.contains(PASSWORD));
    }
    assert!(catalog(&tracker).tokens(None).expect("a catalogue").is_empty());
}

#[test]
fn nobody_makes_a_token_for_more_than_they_may_or_removes_another_ones() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    let viewer = ["user", "add", "olive", "--role", "viewer", "--password-stdin"];
    super::run_with_input(&tracker, &viewer, PASSWORD).done();
    let id = user(&tracker, "olive").id;
    let mut olive = Admin::as_user(&tracker, id);
    let page = olive.page("account/tokens");
    assert_eq!(page.matches("name=\"scopes\"").count(), 1, "{page}");
    let only_change =
        FIELDS.map(|(name, typed)| (name, if name == "scopes" { "users" } else { typed }));
    assert_eq!(olive.post("account/tokens", &only_change).status, 422);
    assert_eq!(olive.post("account/tokens", &FIELDS).status, 200);
    let tokens = catalog(&tracker).tokens(Some(id)).expect("a catalogue");
    assert_eq!(tokens[0].scope, "read");
    let number = tokens[0].id.to_string();
    let mut member = Admin::signed_in(&tracker, "member", Role::Member);
    assert!(member.page("account/tokens").contains("Your role has nothing"));
    let other = add_user(&tracker, "other", &UserDetails::new(Role::Viewer));
    let fields = [("number", &*number)];
    assert_eq!(member.post("account/tokens/remove", &fields).status, 404);
    assert_eq!(admin.post(&format!("people/{}/remove-token", other.0), &fields).status, 404);
    assert_eq!(catalog(&tracker).tokens(None).expect("a catalogue").len(), 1);
    assert_eq!(admin.post(&format!("people/{}/remove-token", id.0), &fields).status, 303);
    assert!(catalog(&tracker).tokens(None).expect("a catalogue").is_empty());
}
