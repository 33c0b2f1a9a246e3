//! Headless Chromium: what a page looks like once it is loaded, and what its console says.

use std::process::Command;

use super::program;

/// A loaded page.
#[derive(Debug)]
pub struct Page {
    /// The document as the browser holds it.
    pub dom: String,
    /// The lines of its console, errors of loading among them.
    pub console: Vec<String>,
}

/// Loads `url` in a window of `width` pixels, in a fresh profile.
pub fn load(url: &str, width: u32) -> Page {
    let (browser, profile) = browser(width);
    // A browser that hangs is ended with all its processes.
    let mut command = Command::new(program("timeout"));
    command.args(["--kill-after=5", "90"]).arg(browser.get_program()).args(browser.get_args());
    let output = command.arg("--dump-dom").arg(url).output().expect("Chromium runs");
    drop(profile);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "Chromium: {}\n{errors}", output.status);
    let console = errors.lines().filter(|line| line.contains(":CONSOLE")).map(str::to_owned);
    Page { dom: String::from_utf8_lossy(&output.stdout).into_owned(), console: console.collect() }
}

fn browser(width: u32) -> (Command, tempfile::TempDir) {
    let profile = tempfile::tempdir().expect("a folder for the profile");
    let mut command = Command::new(program("chromium"));
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"]);
    command.args(["--no-first-run", "--disable-background-networking", "--disable-sync"]);
    command.args(["--disable-component-update", "--no-proxy-server", "--enable-logging=stderr"]);
    command.arg(format!("--window-size={width},900"));
    command.arg(format!("--user-data-dir={}", profile.path().display()));
    (command, profile)
}
