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

#[test]
fn all_tokens_end_at_one_press_and_another_user_keeps_theirs() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    for name in ["olive", "pia"] {
        add_user(&tracker, name, &UserDetails::new(Role::Viewer));
        tracker.run(&["user", "token", name]).done();
        tracker.run(&["user", "token", name, "--label", "other"]).done();
    }
    let left = |name: &str| {
        let id = user(&tracker, name).id;
        catalog(&tracker).tokens(Some(id)).expect("a catalogue").len()
    };
    let mut olive = Admin::as_user(&tracker, user(&tracker, "olive").id);
    assert!(olive.page("account/tokens").contains("End all tokens"));
    assert_eq!(olive.send_form("account/tokens/remove-all", &[]).status, 403);
    let reply = olive.post("account/tokens/remove-all", &[]);
    assert_eq!(reply.header("location"), Some("../../account/tokens?done=all-removed"));
    assert!(olive.page("account/tokens?done=all-removed").contains("All tokens have ended."));
    assert_eq!((left("olive"), left("pia")), (0, 2));
    let pia = user(&tracker, "pia").id.0;
    assert_eq!(olive.post(&format!("people/{pia}/remove-tokens"), &[]).status, 403);
    let reply = admin.post(&format!("people/{pia}/remove-tokens"), &[]);
    assert_eq!(reply.header("location"), Some(&*format!("../../people/{pia}?done=tokens-removed")));
    assert_eq!(left("pia"), 0);

    tracker.run(&["user", "token", "pia"]).done();
    let told = tracker.run(&["user", "tokens", "pia", "--remove-all"]).done();
    assert!(told.contains("1 token removed") && left("pia") == 0, "{told}");
}

#[test]
fn a_password_that_somebody_changes_leaves_their_tokens_and_one_that_is_set_ends_them() {
    let tracker = site();
    add(&tracker, "ingrid");
    let id = user(&tracker, "ingrid").id;
    tracker.run(&["user", "token", "ingrid"]).done();
    let mut admin = Admin::as_user(&tracker, id);
    assert!(admin.page("account/password").contains("Tokens for the API go on"));
    let changed = "another horse battery";
    let fields = [("current", PASSWORD), ("password", changed), ("again", changed)];
    assert_eq!(admin.post("account/password", &fields).status, 303);
    let left = || catalog(&tracker).tokens(Some(id)).expect("a catalogue").len();
    assert_eq!(left(), 1);
    let mut admin = Admin::as_user(&tracker, id);
    assert!(admin.page("account?done=password").contains("end them if somebody else"));
    let set = ["user", "password", "ingrid", "--password-stdin"];
    let told = super::run_with_input(&tracker, &set, PASSWORD).done();
    assert!(told.contains("neither session nor token") && left() == 0, "{told}");
    let mut admin = Admin::as_user(&tracker, id);
    assert!(!admin.page("account?done=password").contains("end them if somebody else"));
}
