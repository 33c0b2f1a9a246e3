//! Users and groups in the browser.

use tracker_cgi::accounts::PasswordCode;
use tracker_cgi::catalog::{Role, UserDetails};

use super::{administrator, assert_kept_nowhere, between, site, user};
use crate::harness::admin::{Admin, PASSWORD, add_user, catalog};
use crate::harness::http::Reply;

/// The secret that a page shows.
fn shown(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("location"), None);
    between(&reply.text(), "<code class=\"hash\">", "</code>").to_owned()
}

/// The page of a user.
fn place(id: tracker_cgi::catalog::UserId) -> String {
    format!("people/{}", id.0)
}

#[test]
fn a_user_is_added_with_a_password_or_with_a_code_that_is_shown_once() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    assert_eq!(admin.post("groups", &[("group", "Архив 🦀")]).status, 303);
    let fields = [("name", "Åsa 名前"), ("role", "editor"), ("groups", "Архив 🦀")];
    let chosen = [("password", PASSWORD), ("again", PASSWORD)];
    let reply = admin.post("people", &[&fields[..], &chosen].concat());
    assert_eq!(reply.header("location"), Some("./people?done=added"));
    let asa = user(&tracker, "åsa 名前");
    assert_eq!((asa.role, &asa.groups[..]), (Role::Editor, &["Архив 🦀".to_owned()][..]));
    let page = admin.page("people?done=added");
    assert!(page.contains("<bdi>Åsa 名前</bdi>") && page.contains("The user is added."));

    let code = shown(&admin.post("people", &[("name", "olive"), ("role", "viewer")]));
    assert!(PasswordCode::parse(&code).is_some(), "{code}");
    let olive = user(&tracker, "olive");
    assert_eq!(olive.password, None);
    let mut browser = Admin::new(&tracker);
    for (password, status) in [(PASSWORD, 303), (PASSWORD, 422)] {
        let fields = [("code", &*code), ("password", password), ("again", password)];
        assert_eq!(browser.fill_in("password", &fields).status, status);
    }
    for name in ["olive", "Åsa 名前"] {
        let fields = [("name", name), ("password", PASSWORD)];
        assert_eq!(Admin::new(&tracker).fill_in("login", &fields).status, 303, "{name}");
    }
    assert!(!admin.page(&place(olive.id)).contains(&code));
    let log = admin.log + &browser.log;
    assert_kept_nowhere(&tracker, &log, &[&code, &code.replace('-', ""), PASSWORD]);
}

#[test]
fn what_is_wrong_with_a_new_user_stands_beside_the_field_and_what_was_typed_is_kept() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    for (fields, wrong) in [
        (&[("name", ""), ("role", "viewer")][..], "name"),
        (&[("name", "a\nb"), ("role", "viewer")], "name"),
        (&[("name", "INGRID"), ("role", "viewer")], "name"),
        (&[("name", "olive"), ("role", "owner")], "role"),
        (&[("name", "olive"), ("role", "editor"), ("groups", "none such")], "groups-summary"),
        (&[("name", "olive"), ("role", "viewer"), ("password", "short")], "password"),
        (&[("name", "olive"), ("role", "viewer"), ("password", PASSWORD)], "again"),
        (&[("name", "olive"), ("role", "viewer"), ("again", PASSWORD)], "password"),
    ] {
        let reply = admin.post("people", fields);
        assert_eq!(reply.status, 422, "{fields:?}");
        let page = reply.text();
        let mark = match wrong {
            "groups-summary" => "<a href=\"#groups\">".to_owned(),
            field => format!("id=\"{field}-error\""),
        };
        assert!(page.contains(&mark), "{fields:?}: {page}");
        if fields[0].1 == "olive" {
            assert!(page.contains("value=\"olive\"") && !page.contains(PASSWORD), "{fields:?}");
        }
    }
    assert_eq!(catalog(&tracker).users().expect("a catalogue").len(), 1);
    assert_kept_nowhere(&tracker, &admin.log, &[PASSWORD]);
}

#[test]
fn groups_are_added_once_and_removed_after_asking() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    let name = "<b>\"Größe\" & עברית";
    for (typed, status) in [(name, 303), ("<b>\"GRÖSSE\" & עברית", 303), (name, 422), (" ", 422)]
    {
        assert_eq!(admin.post("groups", &[("group", typed)]).status, status, "{typed}");
    }
    let details = UserDetails { groups: vec![name.into()], ..UserDetails::new(Role::Editor) };
    add_user(&tracker, "olive", &details);
    let page = admin.page("people");
    assert!(!page.contains("<b>\"Gr") && page.contains("<bdi>&#60;b&#62;"), "{page}");
    let asked = admin.post("groups/remove", &[("name", name)]);
    assert_eq!(asked.status, 200);
    assert!(asked.text().contains("Users in it: 1."), "{}", asked.text());
    assert_eq!(user(&tracker, "olive").groups, [name]);
    let sure = [("name", name), ("sure", "yes")];
    let reply = admin.post("groups/remove", &sure);
    assert_eq!(reply.header("location"), Some("../people?done=group-removed"));
    assert_eq!(admin.post("groups/remove", &sure).status, 404);
    assert!(user(&tracker, "olive").groups.is_empty());
}

#[test]
fn of_two_who_change_a_user_at_once_the_second_one_notices() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    let olive = place(add_user(&tracker, "olive", &UserDetails::new(Role::Viewer)));
    let version = |page: &str| between(page, "name=\"version\" value=\"", "\"").to_owned();
    let before = version(&admin.page(&olive));
    tracker.run(&["user", "edit", "olive", "--language", "ru"]).done();
    let fields = |version| [("role", "editor"), ("language", "en"), ("version", version)];
    let reply = admin.post(&olive, &fields(&before));
    assert_eq!(reply.status, 422);
    let page = reply.text();
    assert!(page.contains("Somebody else has changed this meanwhile."), "{page}");
    assert!(page.contains("<option value=\"editor\" selected>"), "{page}");
    let unchanged = user(&tracker, "olive");
    assert_eq!((unchanged.role, unchanged.language.as_deref()), (Role::Viewer, Some("ru")));
    let reply = admin.post(&olive, &fields(&version(&page)));
    assert_eq!(reply.header("location"), Some(&*format!("../{olive}?done=saved")));
    let saved = user(&tracker, "olive");
    assert_eq!((saved.role, saved.language.as_deref()), (Role::Editor, Some("en")));
    assert_eq!(admin.post(&olive, &[("role", "viewer")]).status, 422);
    for (field, value) in [("role", "owner"), ("language", "tlh"), ("groups", "none")] {
        let now = version(&admin.page(&olive));
        let fields = [("version", &*now), (field, value), ("role", "editor")];
        assert_eq!(admin.post(&olive, &fields).status, 422, "{field}");
    }
    assert_eq!(user(&tracker, "olive").role, Role::Editor);
}

#[test]
fn who_is_disabled_is_out_at_once_and_may_come_back() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    let id = add_user(&tracker, "olive", &UserDetails::new(Role::Viewer));
    let mut olive = Admin::as_user(&tracker, id);
    assert_eq!(olive.get("").status, 200);
    for (fields, is_disabled) in [(&[("disabled", "yes")][..], true), (&[], false)] {
        let page = admin.page(&place(id));
        let version = between(&page, "name=\"version\" value=\"", "\"").to_owned();
        let fields = [&[("version", &*version), ("role", "viewer")], fields].concat();
        assert_eq!(admin.post(&place(id), &fields).status, 303);
        assert_eq!(user(&tracker, "olive").is_disabled, is_disabled);
        assert_eq!(olive.get("").status, 303);
    }
    let mut olive = Admin::as_user(&tracker, id);
    assert_eq!(olive.get("").status, 200);
    assert_eq!(admin.post(&format!("{}/sign-out", place(id)), &[]).status, 303);
    assert_eq!(olive.get("").status, 303);
    let audit = admin.page("audit?subject=olive");
    assert!(audit.contains("ended somebody’s sessions"), "{audit}");
}

#[test]
fn the_last_administrator_cannot_demote_disable_or_remove_themself() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    let ingrid = place(user(&tracker, "ingrid").id);
    let version = user(&tracker, "ingrid").version.to_string();
    for fields in [&[("role", "viewer")][..], &[("role", "admin"), ("disabled", "yes")]] {
        let reply = admin.post(&ingrid, &[&[("version", &*version)], fields].concat());
        assert_eq!(reply.status, 422, "{fields:?}");
        assert!(reply.text().contains("the last administrator"), "{fields:?}");
    }
    assert_eq!(admin.post(&format!("{ingrid}/remove"), &[]).status, 200);
    let reply = admin.post(&format!("{ingrid}/remove"), &[("sure", "yes")]);
    assert_eq!(reply.status, 422);
    assert!(reply.text().contains("the last administrator"));
    assert_eq!(admin.get("").status, 200);
    add_user(&tracker, "olive", &UserDetails::new(Role::Administrator));
    let reply = admin.post(&format!("{ingrid}/remove"), &[("sure", "yes")]);
    assert_eq!(reply.header("location"), Some("../../people?done=removed"));
    assert_eq!(admin.get("people").status, 303);
}

#[test]
fn of_who_is_removed_a_number_stays_in_the_audit_list() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    let id = add_user(&tracker, "Olive Øst", &UserDetails::new(Role::Administrator));
    assert_eq!(Admin::as_user(&tracker, id).post("groups", &[("group", "g")]).status, 303);
    let asked = admin.post(&format!("{}/remove", place(id)), &[]).text();
    assert!(asked.contains("their name becomes a number there"), "{asked}");
    assert!(admin.page("audit").contains("Olive Øst"));
    assert_eq!(admin.post(&format!("{}/remove", place(id)), &[("sure", "yes")]).status, 303);
    let audit = admin.page("audit");
    assert!(!audit.contains("Olive Øst"), "{audit}");
    assert!(audit.contains(&format!("removed user {}", id.0)), "{audit}");
    assert_eq!(admin.get(&place(id)).status, 404);
}

#[test]
fn a_password_code_is_shown_once_and_the_next_one_takes_its_place() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    let olive = place(add_user(&tracker, "olive", &UserDetails::new(Role::Viewer)));
    let [first, second] =
        [(); 2].map(|()| shown(&admin.post(&format!("{olive}/password-code"), &[])));
    assert_ne!(first, second);
    let mut browser = Admin::new(&tracker);
    for (code, status) in [(&*first, 422), (&*second, 303)] {
        let fields = [("code", code), ("password", PASSWORD), ("again", PASSWORD)];
        assert_eq!(browser.fill_in("password", &fields).status, status);
    }
    let log = admin.log + &browser.log;
    assert_kept_nowhere(&tracker, &log, &[&first, &second, PASSWORD]);
}

#[test]
fn there_is_no_page_of_nobody() {
    let tracker = site();
    let mut admin = administrator(&tracker);
    for path in ["people/99", "people/x", "people/-1", "people/1/x"] {
        assert_eq!(admin.get(path).status, 404, "{path}");
    }
    for what in ["", "/password-code", "/no-codes", "/sign-out", "/remove", "/remove-token"] {
        let fields = [("sure", "yes"), ("role", "viewer"), ("number", "1")];
        assert_eq!(admin.post(&format!("people/99{what}"), &fields).status, 404, "{what}");
    }
}

#[test]
fn what_roles_may_is_shown_as_the_table_has_it() {
    let tracker = site();
    let page = administrator(&tracker).page("people");
    let row = between(&page, "<th scope=\"row\">Edit torrents</th>", "</tr>");
    let marks = [row.matches("✓").count(), row.matches("own groups").count()];
    assert_eq!((marks, row.matches("–").count()), ([1, 1], 2), "{row}");
    let row = between(&page, "<th scope=\"row\">Ban addresses and end bans</th>", "</tr>");
    assert_eq!((row.matches("✓").count(), row.matches("–").count()), (1, 3), "{row}");
}
