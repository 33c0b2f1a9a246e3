//! Somebody who administers a site with a real browser, in which no script of a page runs.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::admin::PASSWORD;
use crate::harness::browser::Browser;
use crate::harness::site::{CGI, Site, as_the_server};

/// A browser of their own.
pub(super) struct Window {
    pub(super) browser: Browser,
    /// The address of the administration, with a slash at its end.
    address: String,
}

impl Window {
    /// Opens a browser for the administration of a site.
    pub(super) fn of(site: &Site) -> Self {
        Self::at(site.url(&format!("{CGI}/admin/")))
    }

    /// The same at any address.
    pub(super) fn at(address: String) -> Self {
        let mut browser = Browser::start();
        browser.run_scripts(false);
        Self { browser, address }
    }

    /// Opens a page of the administration by its address.
    pub(super) fn open(&mut self, page: &str) {
        self.browser.open(&format!("{}{page}", self.address));
        assert_eq!(self.browser.complaints(), [""; 0], "{page}");
    }

    /// Presses a button or follows a link.
    pub(super) fn press(&mut self, selector: &str) {
        self.browser.click(selector);
        assert_eq!(self.browser.complaints(), [""; 0], "{selector}");
    }

    /// The same where what was sent is refused with this status, which a browser complains of.
    pub(super) fn press_in_vain(&mut self, selector: &str, status: &str) {
        self.browser.click(selector);
        self.assert_refused(status);
    }

    /// Asserts that the page is there, with this status.
    pub(super) fn assert_refused(&mut self, status: &str) {
        let complaints = self.browser.complaints();
        assert!(
            matches!(complaints, [only] if only.contains(&format!("a status of {status}"))),
            "{complaints:?}"
        );
    }

    /// Loads the page once more.
    pub(super) fn reload(&mut self) {
        self.browser.reload();
        assert_eq!(self.browser.complaints(), [""; 0]);
    }

    /// Goes back to the page before.
    pub(super) fn go_back(&mut self) {
        self.browser.go_back();
        assert_eq!(self.browser.complaints(), [""; 0]);
    }

    /// Fills fields in, each found by its id.
    pub(super) fn fill_in(&mut self, fields: &[(&str, &str)]) {
        for (id, text) in fields {
            self.browser.fill_in(&format!("#{id}"), text);
        }
    }

    /// Fills fields in and presses the button of their form.
    pub(super) fn send(&mut self, fields: &[(&str, &str)], button: &str) {
        self.fill_in(fields);
        self.press(button);
    }

    /// The heading of the page.
    pub(super) fn heading(&mut self) -> String {
        self.browser.text("h1")
    }

    /// What the page says, as it is seen.
    pub(super) fn page(&mut self) -> String {
        self.browser.text("main")
    }

    /// What the page says was just done.
    pub(super) fn notice(&mut self) -> String {
        self.browser.text("[role=status]")
    }

    /// What is in the field of an id.
    pub(super) fn value(&mut self, id: &str) -> String {
        let value = self.browser.evaluate(&format!("document.getElementById('{id}').value"));
        value.as_str().expect("a field").to_owned()
    }

    /// Texts of all that a selector finds.
    pub(super) fn all(&mut self, selector: &str) -> Vec<String> {
        let found = format!("document.querySelectorAll({})", json!(selector));
        let question = format!("[...{found}].map(it => it.innerText)");
        let Value::Array(found) = self.browser.evaluate(&question) else { panic!("a list") };
        found.iter().map(|it| it.as_str().expect("a text").to_owned()).collect()
    }

    /// Signs somebody in with a password.
    pub(super) fn sign_in(&mut self, name: &str) {
        assert_eq!(self.heading(), "Sign in");
        self.send(&[("name", name), ("password", PASSWORD)], "main button");
    }

    /// Signs out.
    pub(super) fn sign_out(&mut self) {
        self.press("form[action$=logout] button");
        assert_eq!(self.heading(), "Sign in");
    }

    /// Makes the first administrator with the token of the data folder. Returns the token.
    pub(super) fn set_up(&mut self, site: &Site, name: &str) -> String {
        self.open("");
        assert_eq!(self.heading(), "Sign in");
        self.press("a[href$=setup]");
        let token = setup_token(&site.data()).expect("a token");
        let fields =
            [("setup", &*token), ("name", name), ("password", PASSWORD), ("again", PASSWORD)];
        self.send(&fields, "main button");
        assert_eq!(self.heading(), "Overview");
        token
    }
}

/// Makes an administrator with the usual password, by the command line.
pub(super) fn add_administrator(site: &Site, name: &str) {
    let mut command = Command::new(site.root().join("cgi-bin/tracker.cgi"));
    command.args(["user", "add", name, "--role", "admin", "--password-stdin"]);
    let command = as_the_server(&mut command).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut process = command.spawn().expect("the command starts");
    writeln!(process.stdin.take().expect("standard input"), "{PASSWORD}").expect("it reads");
    assert!(process.wait().expect("it ends").success());
}

/// The token in a folder, or in one below it: where the data can be fetched, it lies deeper.
pub(super) fn setup_token(folder: &Path) -> Option<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|it| it.expect("an entry"));
    entries.into_iter().find_map(|entry| {
        if entry.path().is_dir() {
            return setup_token(&entry.path());
        }
        entry.file_name().to_str()?.strip_prefix("setup-").map(str::to_owned)
    })
}
