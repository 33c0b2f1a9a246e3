//! The tracker's sources as text: without comments and without tests.

use std::fs;
use std::path::{Path, PathBuf};

/// A file below `src`.
pub struct Source {
    /// From the folder of the package on.
    pub path: PathBuf,
    /// Where it stands among the modules, such as `["store", "shm"]`; empty for `lib.rs` and `main.rs`.
    pub module: Vec<String>,
    /// All of it.
    pub text: String,
    /// What is compiled into the tracker.
    pub code: String,
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a source");
        let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("a source").to_owned();
        let mut module: Vec<String> = path
            .with_extension("")
            .iter()
            .skip(1)
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        module.pop_if(|last| matches!(&**last, "mod" | "lib" | "main"));
        let code = without_comments(&without_tests(&text));
        Self { path, module, text, code }
    }

    /// Whether it is this file.
    pub fn is(&self, path: &str) -> bool {
        self.path == Path::new(path)
    }
}

/// All sources but those that only tests have.
pub fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 30, "the sources were not found");
    let tests: Vec<Vec<String>> = found.iter().flat_map(modules_of_tests).collect();
    found.retain(|source| !tests.iter().any(|test| source.module.starts_with(test)));
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(Source::read(&path));
        }
    }
}

/// The modules that a source declares for tests or fuzzers.
fn modules_of_tests(source: &Source) -> Vec<Vec<String>> {
    let mut modules = Vec::new();
    let lines: Vec<&str> = source.text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = line.strip_suffix(';').and_then(|line| line.rsplit_once("mod ")) else {
            continue;
        };
        let above = &lines[at.saturating_sub(2)..at];
        let attributes = || above.iter().rev().take_while(|line| line.starts_with("#["));
        if !attributes().any(|line| matches!(*line, "#[cfg(test)]" | "#[cfg(fuzzing)]")) {
            continue;
        }
        let mut module = source.module.clone();
        // A file that is named stands beside this one.
        match attributes().find_map(|line| line.strip_prefix("#[path = \"")?.strip_suffix(".rs\"]"))
        {
            Some(file) => {
                module.pop();
                module.push(file.to_owned());
            }
            None => module.push(name.1.to_owned()),
        }
        modules.push(module);
    }
    modules
}

/// Enough for sources that `cargo fmt` has been over: comments begin a line, or stand behind a space.
fn without_comments(text: &str) -> String {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.map(|line| line.split(" // ").next().unwrap_or(line).to_owned() + "\n").collect()
}

/// A module of tests ends with the first brace that begins a line.
fn without_tests(text: &str) -> String {
    let mut parts = text.split("#[cfg(test)]\nmod tests {");
    let before = parts.next().unwrap_or_default().to_owned();
    parts.fold(before, |code, part| code + part.split_once("\n}\n").map_or("", |(_, after)| after))
}
