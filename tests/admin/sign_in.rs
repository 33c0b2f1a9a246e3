//! Signing in and out.

use tracker_cgi::catalog::Role;

use super::{add, administrator, site};
use crate::harness::admin::{Admin, PASSWORD, add_user, catalog};

fn sign_in(admin: &mut Admin<'_>, name: &str, password: &str) -> u16 {
    admin.fill_in("login", &[("name", name), ("password", password)]).status
}

#[test]
fn a_name_and_its_password_let_in_and_signing_out_ends_all_sessions() {
    let tracker = site();
    add(&tracker, "Ingrid");
    let mut admin = Admin::new(&tracker);
    assert_eq!(sign_in(&mut admin, "ingrid", "wrong horse battery"), 403);
    assert_eq!(sign_in(&mut admin, "nobody", PASSWORD), 403);
    assert_eq!(admin.get("").header("location"), Some("./login"));
    assert_eq!(sign_in(&mut admin, "INGRID", PASSWORD), 303);
    assert!(admin.page("").contains("<bdi>Ingrid</bdi>"));
    let mut elsewhere = Admin::new(&tracker);
    assert_eq!(sign_in(&mut elsewhere, "ingrid", PASSWORD), 303);
    let page = admin.page("");
    let (_, token) = page.split_once("name=\"token\" value=\"").expect("a token");
    let token = token.split('"').next().expect("a token");
    assert_eq!(admin.send_form("logout", &[("token", token)]).status, 303);
    for mut browser in [admin, elsewhere] {
        assert_eq!(browser.get("").header("location"), Some("./login"));
        assert!(!browser.log.contains(PASSWORD));
    }
    let logins = catalog(&tracker).logins(None, 10).expect("a catalogue");
    let told: Vec<_> = logins.iter().map(|it| (&*it.name, it.outcome.name())).collect();
    let expected =
        [("Ingrid", "signed in"), ("Ingrid", "signed in"), ("", "refused"), ("Ingrid", "refused")];
    assert_eq!(told, expected);
}

#[test]
fn who_has_signed_in_comes_to_the_page_that_they_wanted_and_nowhere_else() {
    let tracker = site();
    add(&tracker, "ingrid");
    for (to, location) in [
        ("audit?who=ingrid", "./audit?who=ingrid"),
        ("https://evil.example/", "./"),
        ("//evil.example", "./"),
    ] {
        let mut admin = Admin::new(&tracker);
        let fields = [("name", "ingrid"), ("password", PASSWORD), ("to", to)];
        assert_eq!(admin.fill_in("login", &fields).header("location"), Some(location), "{to}");
    }
    let mut admin = Admin::new(&tracker);
    let reply = admin.get("audit?who=ingrid");
    assert_eq!(reply.header("location"), Some("./login?to=audit%3Fwho%3Dingrid"));
}

#[test]
fn guessing_is_slowed_down_and_locks_no_device_out_that_has_signed_in() {
    let tracker = site();
    add(&tracker, "ingrid");
    let mut own = Admin::new(&tracker);
    assert_eq!(sign_in(&mut own, "ingrid", PASSWORD), 303);
    let mut stranger = Admin::new(&tracker);
    let tried: Vec<u16> =
        (0..8).map(|_| sign_in(&mut stranger, "ingrid", "wrong horse battery")).collect();
    assert!(tried.starts_with(&[403; 5]) && tried.ends_with(&[429]), "{tried:?}");
    own.cookies().remove("tracker-session");
    assert_eq!(sign_in(&mut own, "ingrid", PASSWORD), 303);
}

#[test]
fn a_code_of_an_administrators_lets_somebody_choose_a_password_once() {
    let tracker = site();
    tracker.run(&["user", "add", "ingrid", "--no-password"]).done();
    let told = tracker.run(&["user", "password-code", "ingrid"]).done();
    let code = told.trim().rsplit(' ').next().expect("a code");
    let mut admin = Admin::new(&tracker);
    let choose = |admin: &mut Admin<'_>, code: &str, again: &str| {
        let fields = [("code", code), ("password", PASSWORD), ("again", again)];
        admin.fill_in("password", &fields).status
    };
    assert_eq!(choose(&mut admin, "ABCD-EFGH-IJKL-MNOP", PASSWORD), 422);
    assert_eq!(choose(&mut admin, code, "another"), 422);
    assert_eq!(choose(&mut admin, &code.to_lowercase(), PASSWORD), 303);
    assert_eq!(choose(&mut admin, code, PASSWORD), 422);
    assert_eq!(sign_in(&mut admin, "ingrid", PASSWORD), 303);
    assert!(!admin.log.contains(code));
}

#[test]
fn a_session_ends_when_its_user_is_disabled_or_gone_and_when_its_cookie_is_changed() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    for command in [&["user", "edit", "a", "--disable"][..], &["user", "remove", "a"]] {
        let details = tracker_cgi::catalog::UserDetails::new(Role::Viewer);
        let mut viewer = Admin::as_user(&tracker, add_user(&tracker, "a", &details));
        assert_eq!(viewer.get("").status, 200);
        tracker.run(command).done();
        assert_eq!(viewer.get("").status, 303, "{command:?}");
        let _ = tracker.run(&["user", "remove", "a"]);
    }
    assert_eq!(admin.get("").status, 200);
    let cookie = admin.cookies()["tracker-session"].clone();
    let changed =
        cookie.replacen(&cookie[40..41], if &cookie[40..41] == "A" { "B" } else { "A" }, 1);
    admin.cookies().insert("tracker-session".into(), changed);
    assert_eq!(admin.get("").status, 303);
}

#[test]
fn sessions_go_on_with_a_new_key_and_end_without_the_old_one() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    let told = tracker.run(&["user", "rotate-keys"]).done();
    assert!(told.contains("a day"), "{told}");
    assert_eq!(admin.get("").status, 200);
    tracker.run(&["user", "rotate-keys"]).done();
    assert_eq!(admin.get("").status, 303, "the key before the last one counts no more");
    std::fs::remove_file(tracker.path("data/admin.secret")).expect("the keys");
    let mut admin = Admin::as_user(&tracker, catalog(&tracker).users().expect("users")[0].id);
    assert_eq!(admin.get("").status, 200);
    std::fs::remove_file(tracker.path("data/admin.secret")).expect("the keys");
    assert_eq!(admin.get("").status, 303);
}
