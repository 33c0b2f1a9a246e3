//! `tracker doctor` on installations that are well, and on some that are broken in one way: that is named
//! with its remedy, and nothing else is called wrong.

mod local;
pub mod tls;
mod web;

use std::fs;
use std::process::Output;

use serde_json::Value;

use crate::harness::site::{Site, as_the_server};

/// What doctor says.
struct Diagnosis {
    status: i32,
    findings: Vec<Finding>,
}

#[derive(Debug)]
struct Finding {
    check: String,
    state: String,
    text: String,
}

/// Characters of a line at most.
const MOST_CHARACTERS: usize = 750;

impl Diagnosis {
    /// Of a site, as the web server's user sees it.
    fn of(site: &Site) -> Self {
        Self::with(site, &[])
    }

    /// Without asking the web server.
    fn offline(site: &Site) -> Self {
        Self::with(site, &["--offline"])
    }

    fn with(site: &Site, arguments: &[&str]) -> Self {
        let mut command = std::process::Command::new(site.root().join("cgi-bin/tracker.cgi"));
        command.args(["doctor", "--json"]).args(arguments);
        Self::from(as_the_server(&mut command).output().expect("doctor runs"))
    }

    fn get(&self, check: &str) -> &Finding {
        self.find(check).unwrap_or_else(|| panic!("no {check} in {self}"))
    }

    fn find(&self, check: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.check == check)
    }

    fn in_state(&self, state: &str) -> Vec<&str> {
        let found = self.findings.iter().filter(|finding| finding.state == state);
        found.map(|finding| finding.check.as_str()).collect()
    }

    /// Asserts how a check ended, and that parts are in what it says.
    fn assert(&self, check: &str, state: &str, parts: &[&str]) -> &Self {
        let Finding { state: found, text, .. } = self.get(check);
        assert_eq!(found, state, "{check}: {text}\n{self}");
        for part in parts {
            assert!(text.contains(part), "{check} does not say {part:?}: {text}\n{self}");
        }
        self
    }

    /// Asserts that this check, and no other, says that something is wrong.
    fn assert_only_wrong(&self, check: &str, parts: &[&str]) {
        self.assert(check, "WRONG", parts);
        assert_eq!(self.in_state("WRONG"), [check], "{self}");
        assert_eq!(self.status, 1);
    }

    fn assert_nothing_wrong(&self) -> &Self {
        assert_eq!(self.in_state("WRONG"), [""; 0], "{self}");
        assert_eq!(self.status, 0);
        self
    }
}

impl From<Output> for Diagnosis {
    fn from(output: Output) -> Self {
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let list: Value = serde_json::from_slice(&output.stdout).expect("JSON from doctor");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let findings: Vec<Finding> = list
            .as_array()
            .expect("a list")
            .iter()
            .map(|it| Finding {
                check: text(&it["check"]),
                state: text(&it["state"]),
                text: text(&it["text"]),
            })
            .collect();
        for Finding { text, .. } in &findings {
            let length = text.chars().count();
            assert!(length <= MOST_CHARACTERS && !text.contains('\n'), "{length}: {text}");
        }
        let wrong = findings.iter().filter(|finding| finding.state == "WRONG").count();
        match wrong {
            0 => assert_eq!(errors, ""),
            1 => {
                assert!(errors.contains("1 check failed; what to do stands beside it"), "{errors}")
            }
            _ => assert!(errors.contains(&format!("{wrong} checks failed; what")), "{errors}"),
        }
        Self { status: output.status.code().expect("an exit status"), findings }
    }
}

impl std::fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.findings
            .iter()
            .try_for_each(|it| writeln!(f, "{} {}: {}", it.state, it.check, it.text))
    }
}

/// Changes a site's file, which must have what is to be replaced.
fn change(path: &std::path::Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    assert!(text.contains(from), "{path:?} does not say {from:?}: {text}");
    fs::write(path, text.replace(from, to)).expect("a changed file");
}

/// Changes a site's configuration.
fn configure(site: &Site, from: &str, to: &str) {
    change(&site.root().join("conf/tracker.toml"), from, to);
}
