//! Codes to choose a password with that are mailed: a script in the place of `sendmail` keeps what it is handed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use data_encoding::BASE64;
use tracker_cgi::accounts::PasswordCode;
use tracker_cgi::catalog::{Role, UserDetails};

use super::{administrator, assert_kept_nowhere, user};
use crate::harness::admin::{Admin, PASSWORD, add_user, catalog};
use crate::harness::fastcgi::Responder;
use crate::harness::installation::Installation;

/// A site that mails by a script, which ends so.
fn site(end: &str) -> Installation {
    let tracker = Installation::bare();
    let folder = tracker.path("mailer");
    fs::create_dir(&folder).expect("a folder");
    let (program, to) = (folder.join("sendmail"), folder.display());
    let script = format!(
        "#!/bin/sh\necho \"$@\" > '{to}/arguments'\nenv > '{to}/environment'\ncat > '{to}/new'\n\
         mv '{to}/new' '{to}/message'\n{end}\n"
    );
    fs::write(&program, script).expect("a script");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
    for name in ["conf", "data", "www/torrents"] {
        fs::create_dir_all(tracker.path(name)).expect("a folder");
    }
    let sendmail = format!("admin.sendmail = '{}'", program.display());
    tracker.configure(&["paths.pages = '../www'", &sendmail, "pages.title = '«Сияние»: ünï'"]);
    tracker.refresh();
    tracker
}

/// The last message: its headers as they came, and its text.
fn message(tracker: &Installation) -> (String, String) {
    let message = tracker.text("mailer/message");
    let (headers, body) = message.split_once("\n\n").expect("headers");
    let text = BASE64.decode(body.replace('\n', "").as_bytes()).expect("Base64");
    (headers.to_owned(), String::from_utf8(text).expect("UTF-8"))
}

fn code_in(text: &str) -> &str {
    let found = text.split_whitespace().find(|word| PasswordCode::parse(word).is_some());
    found.unwrap_or_else(|| panic!("no code in {text}"))
}

/// Asserts that somebody chooses a password with a code.
fn assert_counts(tracker: &Installation, code: &str) {
    let fields = [("code", code), ("password", PASSWORD), ("again", PASSWORD)];
    assert_eq!(Admin::new(tracker).fill_in("password", &fields).status, 303);
}

/// What the audit list has of mails: to whose code, and where.
fn mails(tracker: &Installation) -> Vec<(String, Option<String>)> {
    let changes = tracker.run(&["audit", "--json"]).json();
    let changes = changes.as_array().expect("a list").iter();
    let mail = changes.filter(|change| change["what"] == "mail password code");
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    mail.map(|it| (text(&it["subject"]).expect("a subject"), text(&it["after"]))).collect()
}

#[test]
fn a_code_is_mailed_and_shown_to_nobody_else() {
    let tracker = site("exit 0");
    let mut admin = administrator(&tracker);
    let details = UserDetails { language: Some("ru".into()), ..UserDetails::new(Role::Viewer) };
    let id = add_user(&tracker, "Оливия <b>", &details).0;
    let place = format!("people/{id}");
    assert!(admin.page(&place).contains("<input id=\"mail\" name=\"mail\" type=\"email\""));

    let reply = admin.post(&format!("{place}/password-code"), &[("mail", "olive@example.org")]);
    assert_eq!(reply.header("location"), Some(&*format!("../../{place}?done=mailed")));
    assert!(admin.page(&format!("{place}?done=mailed")).contains("was handed to the mail program"));
    let (headers, text) = message(&tracker);
    let lines: Vec<&str> = headers.lines().collect();
    assert_eq!(lines[0], "To: olive@example.org");
    assert!(lines[1].starts_with("Subject: =?UTF-8?B?"), "{headers}");
    assert!(headers.is_ascii() && headers.contains("\nAuto-Submitted: auto-generated"));
    assert!(text.starts_with("Здравствуйте, Оливия <b>!\n"), "{text}");
    assert!(text.contains("«Сияние»: ünï") && text.contains("/admin/password"), "{text}");
    assert_eq!(tracker.text("mailer/arguments"), "-t -i\n");
    let environment = tracker.text("mailer/environment");
    for variable in ["HTTP_", "SCRIPT_NAME", "REMOTE_ADDR", "QUERY_STRING", "PATH_INFO"] {
        assert!(!environment.contains(variable), "{environment}");
    }

    let code = code_in(&text).to_owned();
    assert!(!reply.text().contains(&code) && !admin.page("audit").contains(&code));
    assert_eq!(mails(&tracker), [("Оливия <b>".into(), Some("olive@example.org".into()))]);
    assert_counts(&tracker, &code);
    assert_kept_nowhere(&tracker, &admin.log, &[&code, &code.replace('-', "")]);
    assert!(!admin.log.contains("olive@"), "{}", admin.log);

    tracker.run(&["user", "remove", "Оливия <b>"]).done();
    assert_eq!(mails(&tracker), [(format!("removed user {id}"), None)]);
}

#[test]
fn a_new_user_is_mailed_a_code_also_by_a_thread_that_waits() {
    let tracker = site("exit 0");
    let mut admin = administrator(&tracker);
    let responder = Responder::start(&tracker, &[]);
    admin.go_through(&responder);
    let fields = [("name", "olive"), ("role", "viewer"), ("mail", "olive@example.org")];
    let reply = admin.post("people", &fields);
    let place = format!("people/{}", user(&tracker, "olive").id.0);
    assert_eq!(reply.header("location"), Some(&*format!("./{place}?done=mailed")));
    let (_, text) = message(&tracker);
    assert_counts(&tracker, code_in(&text));

    let password = [("password", PASSWORD), ("again", PASSWORD)];
    let fields = [("name", "pia"), ("role", "viewer"), ("mail", "pia@example.org")];
    let reply = admin.post("people", &[&fields[..], &password].concat());
    assert!(reply.status == 422 && reply.text().contains("mail-error"), "{reply:?}");
    assert_eq!(catalog(&tracker).users().expect("users").len(), 2);
}

#[test]
fn what_is_no_address_is_refused_before_anything_is_made() {
    let tracker = site("exit 0");
    let mut admin = administrator(&tracker);
    let id = add_user(&tracker, "olive", &UserDetails::new(Role::Viewer)).0;
    for wrong in [
        "",
        "olive",
        "olive@example.org\nBcc: eve@example.com",
        "olive@example.org\r\n\r\nHello",
        "olive@example.org, eve@example.com",
        "|/bin/sh@example.org",
        "-oQ/tmp@example.org eve@example.com",
    ] {
        let reply = admin.post(&format!("people/{id}/password-code"), &[("mail", wrong)]);
        assert_eq!(reply.status, 422, "{wrong}");
        assert!(reply.text().contains("id=\"mail-error\""), "{wrong}");
        let fields = [("name", "pia"), ("role", "viewer"), ("mail", wrong)];
        let status = if wrong.is_empty() { 200 } else { 422 };
        assert_eq!(admin.post("people", &fields).status, status, "{wrong}");
    }
    let refused = tracker.run(&["user", "password-code", "olive", "--mail", "a@b\nBcc: c@d"]);
    assert_eq!(refused.status, 2, "{refused:?}");
    assert!(!tracker.path("mailer/message").exists() && mails(&tracker).is_empty());
    let codes = tracker.run(&["audit", "--json"]).done().matches("make password code").count();
    assert_eq!(codes, 1, "pia's without an address");
}

#[test]
fn a_code_that_the_program_does_not_take_is_shown_with_the_reason() {
    let tracker = site("exit 75");
    let mut admin = administrator(&tracker);
    let id = add_user(&tracker, "olive", &UserDetails::new(Role::Viewer)).0;
    let place = format!("people/{id}/password-code");
    let reply = admin.post(&place, &[("mail", "olive@example.org")]);
    assert_eq!(reply.status, 200);
    let page = reply.text();
    assert!(page.contains("The mail was not sent.") && page.contains("exit status: 75"), "{page}");
    let code = super::between(&page, "<code class=\"hash\">", "</code>").to_owned();
    assert!(admin.log.contains("exit status: 75") && !admin.log.contains(&code), "{}", admin.log);
    assert!(!admin.log.contains("olive@") && mails(&tracker).is_empty());
    assert_counts(&tracker, &code);
    let command = ["user", "password-code", "olive", "--mail", "olive@example.org"];
    let ran = tracker.run(&command);
    assert!(ran.status == 1 && ran.errors.contains("without --mail"), "{ran:?}");
}

#[test]
fn a_command_mails_a_code_too_and_without_a_program_nothing_is_mailed() {
    let tracker = site("exit 0");
    add_user(&tracker, "olive", &UserDetails::new(Role::Viewer));
    let command = ["user", "password-code", "olive", "--mail", "olive@example.org"];
    let told = tracker.run(&command).done();
    let (headers, text) = message(&tracker);
    assert!(headers.starts_with("To: olive@example.org\n"), "{headers}");
    assert!(text.starts_with("Hello olive,\n") && !told.contains(code_in(&text)), "{told}");
    assert_counts(&tracker, code_in(&text));
    assert_eq!(mails(&tracker).len(), 1);

    tracker.configure(&["paths.pages = '../www'"]);
    assert!(tracker.run(&command).failure().contains("set `sendmail` in [admin]"));
    let mut admin = administrator(&tracker);
    let place = format!("people/{}", user(&tracker, "olive").id.0);
    assert!(!admin.page(&place).contains("type=\"email\""));
    assert!(!admin.page("people").contains("type=\"email\""));
    let reply = admin.post(&format!("{place}/password-code"), &[("mail", "olive@example.org")]);
    assert_eq!(reply.status, 422);
    assert_eq!(mails(&tracker).len(), 1);
}
