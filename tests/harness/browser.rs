//! Headless Chromium over its DevTools protocol: a page that is opened, seen in other sizes and colours, asked,
//! typed at, and clicked. The protocol's messages go through pipes, each with a NUL at its end.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::program;

/// Chromium reads messages from descriptor 3 and writes them to 4. One that hangs is ended with all its processes.
const START: &str = "exec \"$0\" --kill-after=5 240 \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";

/// A loaded page.
#[derive(Debug)]
pub struct Page {
    /// The document as the browser holds it.
    pub dom: String,
    /// What its console says, errors of loading among them.
    pub console: Vec<String>,
}

/// Loads `url` in a window of `width` pixels, in a fresh profile.
pub fn load(url: &str, width: u32) -> Page {
    let mut browser = Browser::start();
    browser.see(View::screen(width, false));
    browser.open(url);
    let dom = browser.evaluate("document.documentElement.outerHTML");
    let dom = dom.as_str().expect("a document").to_owned();
    Page { dom, console: browser.complaints().to_vec() }
}

/// How a page is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Pixels of CSS.
    pub width: u32,
    /// Whether the visitor's system is dark.
    pub is_dark: bool,
    /// `screen`, or `print`.
    pub medium: &'static str,
}

impl View {
    /// A screen of that width.
    pub const fn screen(width: u32, is_dark: bool) -> Self {
        Self { width, is_dark, medium: "screen" }
    }
}

/// A click whose page is not loaded yet.
#[must_use]
pub struct Clicked {
    loaded_before: u64,
}

/// A running browser with one page, in a fresh profile.
pub struct Browser {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    calls: u64,
    /// The pages that have been loaded so far.
    loaded: u64,
    /// What it has said of errors and into its console since the last page was opened.
    complaints: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    /// Starts it with an empty page.
    pub fn start() -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", START]).arg(program("timeout")).arg(program("chromium"));
        command.args(["--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu"]);
        command.args(["--disable-quic", "--no-first-run", "--disable-background-networking"]);
        command.args(["--disable-sync", "--disable-component-update", "--no-proxy-server"]);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Chromium starts");
        let (to, from) = (child.stdin.take(), child.stdout.take().expect("its messages"));
        let mut browser = Self {
            child,
            to,
            from: BufReader::new(from),
            session: None,
            calls: 0,
            loaded: 0,
            complaints: Vec::new(),
            _profile: profile,
        };
        let page = browser.call("Target.createTarget", &json!({"url": "about:blank"}));
        let page = json!({"targetId": page["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", &page);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    /// Opens a page and waits until all of it is loaded.
    pub fn open(&mut self, url: &str) {
        self.complaints.clear();
        let before = self.loaded;
        let reply = self.call("Page.navigate", &json!({"url": url}));
        assert!(reply["errorText"].is_null(), "{url}: {reply}");
        self.wait_until_loaded(before);
    }

    /// Whether scripts of pages run from now on. Without, nothing that a test evaluates may wait.
    pub fn run_scripts(&mut self, run: bool) {
        self.call("Emulation.setScriptExecutionDisabled", &json!({"value": !run}));
    }

    /// Writes a text into the field that a selector finds, or chooses what has that value.
    pub fn fill_in(&mut self, selector: &str, text: &str) {
        let (selector, text) = (json!(selector), json!(text));
        self.evaluate(&format!("document.querySelector({selector}).value = {text}; 0"));
    }

    /// Ticks the box that a selector finds.
    pub fn tick(&mut self, selector: &str) {
        self.evaluate(&format!("document.querySelector({}).checked = true; 0", json!(selector)));
    }

    /// Chooses files in the field that a selector finds.
    pub fn choose_files(&mut self, selector: &str, files: &[PathBuf]) {
        let question =
            json!({"expression": format!("document.querySelector({})", json!(selector))});
        let field = self.call("Runtime.evaluate", &question);
        let field = &field["result"]["objectId"];
        assert!(field.is_string(), "there is no {selector}");
        self.call("DOM.setFileInputFiles", &json!({"files": files, "objectId": field}));
    }

    /// Clicks what a selector finds, and waits until the page that it leads to is loaded. A form must be filled in so that
    /// the browser sends it.
    pub fn click(&mut self, selector: &str) {
        let clicked = self.begin_click(selector);
        self.end_click(clicked);
    }

    /// Clicks, and does not wait.
    pub fn begin_click(&mut self, selector: &str) -> Clicked {
        self.complaints.clear();
        let clicked = Clicked { loaded_before: self.loaded };
        let question = format!(
            "(() => {{ const it = document.querySelector({}); \
             const wrong = it.form?.querySelector(':invalid'); \
             if (wrong) return wrong.name; it.click(); return ''; }})()",
            json!(selector)
        );
        let wrong = self.evaluate(&question);
        assert_eq!(wrong, "", "{selector}: the form is not sent");
        clicked
    }

    /// Waits until the page that a click leads to is loaded.
    pub fn end_click(&mut self, clicked: Clicked) {
        self.wait_until_loaded(clicked.loaded_before);
    }

    /// Loads the page once more.
    pub fn reload(&mut self) {
        self.complaints.clear();
        let before = self.loaded;
        self.call("Page.reload", &json!({}));
        self.wait_until_loaded(before);
    }

    /// Goes back to the page before.
    pub fn go_back(&mut self) {
        self.complaints.clear();
        let before = self.loaded;
        let history = self.call("Page.getNavigationHistory", &json!({}));
        let current = history["currentIndex"].as_u64().and_then(|it| usize::try_from(it).ok());
        let previous = current.and_then(|it| it.checked_sub(1)).expect("a page before");
        let entry = json!({"entryId": history["entries"][previous]["id"]});
        self.call("Page.navigateToHistoryEntry", &entry);
        self.wait_until_loaded(before);
    }

    fn wait_until_loaded(&mut self, before: u64) {
        while self.loaded == before {
            let message = self.receive();
            self.note(&message);
        }
    }

    /// The text of what a selector finds, as it is seen.
    pub fn text(&mut self, selector: &str) -> String {
        let text =
            self.evaluate(&format!("document.querySelector({})?.innerText", json!(selector)));
        text.as_str().unwrap_or_else(|| panic!("there is no {selector}")).to_owned()
    }

    /// What the browser complained about since the page was opened: of the page's policy, of what could not be loaded.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// Sees the page so from now on.
    pub fn see(&mut self, view: View) {
        let size =
            json!({"width": view.width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let colours = if view.is_dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": colours}]);
        self.call(
            "Emulation.setEmulatedMedia",
            &json!({"media": view.medium, "features": features}),
        );
    }

    /// The value of an expression, or what it promises. The page's policy does not keep it from running.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let question =
            json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut reply = self.call("Runtime.evaluate", &question);
        assert!(reply["exceptionDetails"].is_null(), "{reply:#}");
        reply["result"]["value"].take()
    }

    /// Presses a key that has no letter, such as `Tab`.
    pub fn press(&mut self, key: &str, code: u32) {
        for kind in ["rawKeyDown", "keyUp"] {
            let event =
                json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.calls += 1;
        let mut message = json!({"id": self.calls, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let to = self.to.as_mut().expect("the browser is not closed");
        to.write_all(format!("{message}\0").as_bytes()).expect("the browser takes messages");
        loop {
            let mut reply = self.receive();
            if reply["id"] == json!(self.calls) {
                assert!(reply["error"].is_null(), "{method}: {reply}");
                return reply["result"].take();
            }
            self.note(&reply);
        }
    }

    fn receive(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).expect("the browser's messages");
        assert_eq!(message.pop(), Some(0), "Chromium has ended, or hung and was ended");
        serde_json::from_slice(&message).expect("a message in JSON")
    }

    fn note(&mut self, event: &Value) {
        match event["method"].as_str() {
            Some("Page.loadEventFired") => self.loaded += 1,
            // A page that the browser has kept is not loaded again.
            Some("Page.frameNavigated") if event["params"]["type"] == "BackForwardCacheRestore" => {
                self.loaded += 1;
            }
            // It asks for that by itself.
            Some("Log.entryAdded")
                if event["params"]["entry"]["url"]
                    .as_str()
                    .is_some_and(|url| url.ends_with("/favicon.ico")) => {}
            Some("Log.entryAdded") => self.complaints.push(event["params"]["entry"].to_string()),
            Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled") => {
                self.complaints.push(event["params"].to_string());
            }
            _ => {}
        }
    }
}

impl Drop for Browser {
    /// A browser that nobody can write to any more ends by itself.
    fn drop(&mut self) {
        self.to = None;
        let _ = self.child.wait();
    }
}
