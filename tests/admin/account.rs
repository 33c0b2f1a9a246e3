//! One's own account: password, one-time codes, language.

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE32_NOPAD;
use tracker_cgi::accounts::{TotpSecret, TotpStep};
use tracker_cgi::catalog::{Role, UserDetails};

use super::{add, administrator, assert_kept_nowhere, between, site, user};
use crate::harness::admin::{Admin, PASSWORD, add_user, catalog};
use crate::harness::installation::Installation;

const NEW: &str = "another staple entirely";

/// A user whose password is known, signed in.
fn ingrid(tracker: &Installation) -> Admin<'_> {
    add(tracker, "ingrid");
    Admin::as_user(tracker, user(tracker, "ingrid").id)
}

/// The secrets that a page shows.
fn shown(page: &str) -> Vec<String> {
    let parts = page.split("<code class=\"hash\">").skip(1);
    parts.filter_map(|part| Some(part.split_once('<')?.0.to_owned())).collect()
}

#[test]
fn another_password_takes_the_current_one_and_ends_all_other_sessions() {
    let tracker = site();
    let mut admin = ingrid(&tracker);
    let mut elsewhere = Admin::as_user(&tracker, user(&tracker, "ingrid").id);
    for (current, new, again, wrong) in [
        ("not the current one", NEW, NEW, "current"),
        (PASSWORD, "short", "short", "password"),
        (PASSWORD, "ingridingrid", "ingridingrid", "password"),
        (PASSWORD, NEW, "another", "again"),
    ] {
        let fields = [("current", current), ("password", new), ("again", again)];
        let reply = admin.post("account/password", &fields);
        assert_eq!(reply.status, 422, "{wrong}");
        assert!(reply.text().contains(&format!("id=\"{wrong}-error\"")), "{}", reply.text());
    }
    assert_eq!(elsewhere.get("account").status, 200);
    let fields = [("current", PASSWORD), ("password", NEW), ("again", NEW)];
    let reply = admin.post("account/password", &fields);
    assert_eq!(reply.header("location"), Some("../account?done=password"));
    assert!(admin.page("account?done=password").contains("The password is changed"));
    assert_eq!(elsewhere.get("account").status, 303);
    for (password, status) in [(PASSWORD, 403), (NEW, 303)] {
        let fields = [("name", "ingrid"), ("password", password)];
        assert_eq!(elsewhere.fill_in("login", &fields).status, status);
    }
    let log = admin.log + &elsewhere.log;
    assert_kept_nowhere(&tracker, &log, &[PASSWORD, NEW]);
}

#[test]
fn guessing_the_current_password_in_an_open_browser_is_slowed_down() {
    let tracker = site();
    let mut admin = ingrid(&tracker);
    let fields = [("current", "a guess at it"), ("password", NEW), ("again", NEW)];
    let pages: Vec<String> =
        (0..7).map(|_| admin.post("account/password", &fields).text()).collect();
    assert!(pages[0].contains("This is not your current password."));
    assert!(!pages[6].contains("This is not your current password."), "{}", pages[6]);
    assert!(pages[6].contains("id=\"current-error\""));
}

/// The code of now, or so many steps later.
pub(super) fn code(secret: &TotpSecret, later: u64) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time");
    secret.code(TotpStep(since.as_secs() / 30 + later))
}

/// Signs in with a password and a code.
fn sign_in(browser: &mut Admin<'_>, code: &str) -> u16 {
    let first = browser.fill_in("login", &[("name", "ingrid"), ("password", PASSWORD)]);
    assert_eq!(first.status, 200, "{first:?}");
    let page = first.text();
    let field = |name: &str| between(&page, &format!("name=\"{name}\" value=\""), "\"").to_owned();
    let (token, step) = (field("token"), field("step"));
    browser.send_form("code", &[("token", &token), ("step", &step), ("code", code)]).status
}

#[test]
fn one_time_codes_are_turned_on_used_and_turned_off() {
    let tracker = site();
    let mut admin = ingrid(&tracker);
    let page = admin.page("account/codes");
    assert!(page.contains("<svg xmlns=") && page.contains("role=\"img\""), "{page}");
    let base32 = between(&page, "secret into it: <code>", "</code>").to_owned();
    let offered = between(&page, "name=\"offered\" value=\"", "\"").to_owned();
    let bytes = BASE32_NOPAD.decode(base32.replace(' ', "").as_bytes()).expect("base32");
    let secret = TotpSecret::from_bytes(bytes.try_into().expect("20 bytes"));
    let turn_on = |admin: &mut Admin<'_>, offered: &str, code: &str, current: &str| {
        let fields = [("do", "on"), ("offered", offered), ("code", code), ("current", current)];
        admin.post("account/codes", &fields)
    };
    let first = code(&secret, 0);
    let wrong = if first == "000000" { "000001" } else { "000000" };
    for (sealed, typed, current, field) in [
        (&*offered, wrong, PASSWORD, "code"),
        (&offered[1..], &*first, PASSWORD, "code"),
        (&offered, &first, "not the current one", "current"),
    ] {
        let reply = turn_on(&mut admin, sealed, typed, current);
        assert_eq!(reply.status, 422, "{field}");
        let page = reply.text();
        assert!(page.contains(&format!("id=\"{field}-error\"")), "{page}");
        assert_eq!(page.contains(&base32), sealed == offered, "the secret is kept: {page}");
    }
    assert_eq!(user(&tracker, "ingrid").totp_secret, None);
    // The step of time may be another one soon.
    let used = code(&secret, 0);
    let reply = turn_on(&mut admin, &offered, &used, PASSWORD);
    assert_eq!((reply.status, reply.header("location")), (200, None));
    let recovery = shown(&reply.text());
    assert_eq!(recovery.len(), 10);
    let page = admin.page("account/codes");
    assert!(page.contains("Recovery codes left: 10.") && !page.contains(&recovery[0]), "{page}");
    assert!(!page.contains(&base32));

    let mut browser = Admin::new(&tracker);
    // The code with which they were turned on was used.
    assert_eq!(sign_in(&mut browser, &used), 403);
    let next = code(&secret, 1);
    assert_eq!(sign_in(&mut browser, &next), 303);
    assert_eq!(sign_in(&mut Admin::new(&tracker), &next), 403);
    assert_eq!(sign_in(&mut Admin::new(&tracker), &recovery[3].to_lowercase()), 303);
    assert_eq!(sign_in(&mut Admin::new(&tracker), &recovery[3]), 403);
    assert!(admin.page("account/codes").contains("Recovery codes left: 9."));

    let mut act = |what: &str, current: &str| {
        admin.post("account/codes", &[("do", what), ("current", current)])
    };
    assert_eq!(act("recovery", "not the current one").status, 422);
    let renewed = shown(&act("recovery", PASSWORD).text());
    assert_eq!(renewed.len(), 10);
    assert_eq!(sign_in(&mut Admin::new(&tracker), &recovery[4]), 403);
    assert_eq!(sign_in(&mut Admin::new(&tracker), &renewed[4]), 303);
    assert_eq!(act("off", "not the current one").status, 422);
    assert!(user(&tracker, "ingrid").totp_secret.is_some());
    assert_eq!(act("off", PASSWORD).header("location"), Some("../account/codes?done=off"));
    assert_eq!(act("off", PASSWORD).header("location"), Some("../account/codes"));
    let fields = [("name", "ingrid"), ("password", PASSWORD)];
    assert_eq!(Admin::new(&tracker).fill_in("login", &fields).status, 303);

    let plain = base32.replace(' ', "");
    let mut secrets: Vec<&str> = vec![PASSWORD, &base32, &plain, &offered];
    secrets.extend(recovery.iter().chain(&renewed).map(String::as_str));
    let log = admin.log + &browser.log;
    assert_kept_nowhere(&tracker, &log, &secrets);
}

/// The half minute that it is now.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs() / 30
}

#[test]
fn the_clock_of_a_device_may_be_half_a_minute_off_and_no_more() {
    let tracker = site();
    add(&tracker, "ingrid");
    let author =
        tracker_cgi::catalog::Author { name: "test", at: tracker_cgi::protocol::Timestamp(1) };
    let id = user(&tracker, "ingrid").id;
    catalog(&tracker).require_codes(id, ([7; 20], 1), &[[1; 32]], &author).expect("codes");
    let secret = TotpSecret::from_bytes([7; 20]);
    // Once more where another half minute has begun meanwhile.
    let tried = |steps: i64| loop {
        let before = now();
        let step = TotpStep(before.checked_add_signed(steps).expect("a time"));
        let status = sign_in(&mut Admin::new(&tracker), &secret.code(step));
        if before == now() {
            break status;
        }
    };
    assert_eq!([tried(-2), tried(2)], [403, 403]);
    assert_eq!([tried(-1), tried(1)], [303, 303]);
}

#[test]
fn an_administrator_turns_off_the_codes_of_who_has_lost_them_after_asking() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    let id = add_user(&tracker, "olive", &UserDetails::new(Role::Viewer));
    let author =
        tracker_cgi::catalog::Author { name: "test", at: tracker_cgi::protocol::Timestamp(1) };
    catalog(&tracker).require_codes(id, ([7; 20], 1), &[[1; 32]], &author).expect("codes");
    let path = format!("people/{}/no-codes", id.0);
    assert_eq!(admin.post(&path, &[]).status, 200);
    assert!(user(&tracker, "olive").totp_secret.is_some());
    assert_eq!(admin.post(&path, &[("sure", "yes")]).status, 303);
    assert_eq!(user(&tracker, "olive").totp_secret, None);
    assert_eq!(catalog(&tracker).recovery_codes_left(id).expect("a catalogue"), 0);
}

#[test]
fn somebody_chooses_the_language_of_their_pages() {
    let tracker = site();
    let mut member = Admin::signed_in(&tracker, "olive", Role::Member);
    assert!(member.page("account").contains("<html lang=\"en\">"));
    let reply = member.post("account", &[("language", "ru")]);
    assert_eq!(reply.header("location"), Some("./account?done=saved"));
    assert!(member.page("account").contains("<html lang=\"ru\">"));
    assert_eq!(member.post("account", &[("language", "tlh")]).status, 422);
    assert_eq!(member.post("account", &[("language", "")]).status, 303);
    assert!(member.page("account").contains("<html lang=\"en\">"));
}

#[test]
fn a_member_comes_to_their_account_and_sees_where_they_have_signed_in() {
    let tracker = site();
    super::run_with_input(
        &tracker,
        &["user", "add", "olive", "--role", "member", "--password-stdin"],
        PASSWORD,
    )
    .done();
    let mut member = Admin::new(&tracker);
    let fields = [("name", "olive"), ("password", PASSWORD)];
    assert_eq!(member.fill_in("login", &fields).header("location"), Some("./account"));
    let page = member.page("account");
    assert!(page.contains("192.0.2.1") && page.contains("signed in"), "{page}");
    let (_, own) = page.split_once("<section>").expect("a section");
    let token = between(own, "name=\"token\" value=\"", "\"").to_owned();
    assert_eq!(member.send_form("logout", &[("token", &token)]).status, 303);
    assert_eq!(member.get("account").status, 303);
}
