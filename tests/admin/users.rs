//! `tracker user` and `tracker group`: the same operations without a browser.

use tracker_cgi::accounts::ApiToken;
use tracker_cgi::catalog::{Author, Role, UserDetails};
use tracker_cgi::protocol::Timestamp;

use super::{add, assert_kept_nowhere, run_with_input, site, user};
use crate::harness::admin::{Admin, PASSWORD, add_user, catalog};
use crate::harness::installation::Ran;

#[test]
fn the_first_user_is_an_administrator_and_others_look_around() {
    let tracker = site();
    tracker.run(&["group", "add", "Архив"]).done();
    let told = run_with_input(&tracker, &["user", "add", "Ingrid", "--password-stdin"], PASSWORD);
    assert!(told.done().starts_with("Ingrid: is added, as admin\n"));
    let more = ["user", "add", "名前", "--group", "архив", "--no-password"];
    let told = tracker.run(&more).done();
    assert!(told.contains("as viewer") && told.contains("password-code"), "{told}");
    let list = tracker.run(&["user", "list", "--json"]).json();
    let of = |index: usize, key: &str| list[index][key].clone();
    assert_eq!((of(0, "name"), of(0, "role")), ("Ingrid".into(), "admin".into()));
    assert_eq!((of(0, "has_password"), of(0, "one_time_codes")), (true.into(), false.into()));
    assert_eq!((of(1, "name"), of(1, "groups")), ("名前".into(), serde_json::json!(["Архив"])));
    assert_eq!(
        (of(1, "has_password"), of(1, "last_login")),
        (false.into(), serde_json::Value::Null)
    );
    let told = tracker.run(&["user", "list"]).done();
    assert!(told.contains("名前  viewer; groups: Архив; has not signed in; no password"), "{told}");
    assert_kept_nowhere(&tracker, "", &[PASSWORD]);
}

#[test]
fn a_weak_password_a_name_that_is_taken_and_a_group_that_is_not_there_are_refused() {
    let tracker = site();
    add(&tracker, "ingrid");
    for (name, password) in [
        ("olive", "short"),
        ("olive", "aaaaaaaaaaaaaaa"),
        ("oliver-olive", "oliver-olive!"),
        ("olive", ""),
    ] {
        let ran = run_with_input(&tracker, &["user", "add", name, "--password-stdin"], password);
        assert!(ran.failure().contains("nothing was changed"), "{password}");
    }
    let ran = run_with_input(&tracker, &["user", "add", "INGRID", "--password-stdin"], PASSWORD);
    assert!(ran.failure().contains("there is a user INGRID already"));
    let group = ["user", "add", "olive", "--no-password", "--group", "none"];
    assert!(tracker.run(&group).failure().contains("there is no group none"));
    // Nobody can be asked without a terminal.
    let ran = run_with_input(&tracker, &["user", "add", "olive"], PASSWORD);
    assert!(ran.failure().contains("--password-stdin"));
    assert_eq!(catalog(&tracker).users().expect("a catalogue").len(), 1);
}

#[test]
fn what_somebody_may_is_changed_and_the_last_administrator_stays_one() {
    let tracker = site();
    add(&tracker, "ingrid");
    tracker.run(&["group", "add", "a"]).done();
    add_user(&tracker, "olive", &UserDetails::new(Role::Viewer));
    let edit = |options: &[&str]| tracker.run(&[&["user", "edit", "olive"], options].concat());
    edit(&["--role", "editor", "--group", "A", "--language", "ru"]).done();
    let olive = user(&tracker, "olive");
    assert_eq!((olive.role, &olive.groups[..]), (Role::Editor, &["a".to_owned()][..]));
    assert_eq!(olive.language.as_deref(), Some("ru"));
    edit(&["--no-group", "--language", "", "--disable"]).done();
    let olive = user(&tracker, "olive");
    assert!(olive.groups.is_empty() && olive.is_disabled && olive.language.is_none());
    edit(&["--enable"]).done();
    assert!(!user(&tracker, "olive").is_disabled);
    for wrong in [&["--role", "owner"][..], &["--language", "tlh"], &["--disable", "--enable"], &[]]
    {
        assert_eq!(edit(wrong).status, 2, "{wrong:?}");
    }
    for command in [
        &["user", "edit", "ingrid", "--role", "viewer"][..],
        &["user", "edit", "ingrid", "--disable"],
        &["user", "remove", "ingrid"],
        &["user", "password", "ingrid", "--no-password"],
    ] {
        assert!(tracker.run(command).failure().contains("last administrator"), "{command:?}");
    }
    assert!(
        tracker.run(&["user", "edit", "nobody", "--enable"]).failure().contains("no such user")
    );
    tracker.run(&["user", "remove", "olive"]).done();
    assert_eq!(catalog(&tracker).users().expect("a catalogue").len(), 1);
}

#[test]
fn a_new_password_and_signing_out_end_sessions() {
    let tracker = site();
    add(&tracker, "ingrid");
    let id = user(&tracker, "ingrid").id;
    let new = "another staple entirely";
    let mut before = Admin::as_user(&tracker, id);
    let command = ["user", "password", "ingrid", "--password-stdin"];
    assert!(run_with_input(&tracker, &command, "short").failure().contains("nothing was changed"));
    assert_eq!(before.get("").status, 200);
    run_with_input(&tracker, &command, new).done();
    assert_eq!(before.get("").status, 303);
    let fields = [("name", "ingrid"), ("password", new)];
    assert_eq!(before.fill_in("login", &fields).status, 303);
    tracker.run(&["user", "sign-out", "ingrid"]).done();
    assert_eq!(before.get("").status, 303);
    assert_kept_nowhere(&tracker, &before.log, &[PASSWORD, new]);
}

#[test]
fn who_has_lost_their_codes_needs_none_after_a_command() {
    let tracker = site();
    let id = add_user(&tracker, "olive", &UserDetails::new(Role::Viewer));
    let author = Author { name: "test", at: Timestamp(1) };
    catalog(&tracker).require_codes(id, ([7; 20], 1), &[[1; 32]], &author).expect("codes");
    let told = |ran: Ran| ran.done();
    assert!(told(tracker.run(&["user", "list"])).contains("one-time codes"));
    assert!(told(tracker.run(&["user", "no-codes", "olive"])).contains("any more"));
    assert!(told(tracker.run(&["user", "no-codes", "olive"])).contains("nothing had to be done"));
    assert_eq!(user(&tracker, "olive").totp_secret, None);
}

#[test]
fn a_token_is_made_listed_and_removed() {
    let tracker = site();
    add_user(&tracker, "olive", &UserDetails::new(Role::Viewer));
    let make =
        ["user", "token", "olive", "--label", "Größe", "--scope", "torrents,read", "--for", "7"];
    let told = tracker.run(&make).done();
    assert!(told.contains("(read,torrents)"), "{told}");
    let token = told.lines().last().expect("a token").to_owned();
    let digest = ApiToken::parse(&token).expect("a token").digest();
    let list = tracker.run(&["user", "tokens", "olive", "--json"]).json();
    let [kept] = &list.as_array().expect("a list")[..] else { panic!("{list}") };
    assert_eq!((&kept["label"], &kept["scope"]), (&"Größe".into(), &"read,torrents".into()));
    let lasts = kept["until"].as_u64().expect("a time") - kept["created"].as_u64().expect("a time");
    assert!((604_798..=604_800).contains(&lasts), "{lasts}");
    let told = tracker.run(&["user", "tokens", "olive"]).done();
    assert!(told.contains("Größe  read,torrents") && told.contains("not used"), "{told}");
    for wrong in [&["--scope", "write"][..], &["--scope", ""], &["--for", "8"], &["--label", ""]] {
        let ran = tracker.run(&[&["user", "token", "olive"], wrong].concat());
        assert_eq!(ran.status, 2, "{wrong:?}");
    }
    assert_kept_nowhere(&tracker, "", &[&token, &token[4..]]);
    let number = kept["number"].to_string();
    tracker.run(&["user", "tokens", "olive", "--remove", &number]).done();
    let again = tracker.run(&["user", "tokens", "olive", "--remove", &number]).failure();
    assert!(again.contains("olive has no token"), "{again}");
    assert_eq!(catalog(&tracker).token(&digest, Timestamp(1)).expect("a catalogue"), None);
}

#[test]
fn groups_are_added_listed_and_removed() {
    let tracker = site();
    assert!(tracker.run(&["group", "add", "Größe"]).done().contains("is added"));
    assert!(tracker.run(&["group", "add", "GRÖßE"]).done().contains("is there already"));
    let details = UserDetails { groups: vec!["größe".into()], ..UserDetails::new(Role::Editor) };
    add_user(&tracker, "olive", &details);
    let list = tracker.run(&["group", "list", "--json"]).json();
    assert_eq!((&list[0]["name"], &list[0]["users"]), (&"Größe".into(), &1.into()));
    assert_eq!(tracker.run(&["group", "list"]).done(), "Größe  1 user\n");
    tracker.run(&["group", "remove", "größe"]).done();
    assert!(tracker.run(&["group", "remove", "größe"]).failure().contains("there is no group"));
    assert!(user(&tracker, "olive").groups.is_empty());
}
