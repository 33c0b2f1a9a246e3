//! What everything was measured on: the machine, and the versions of what is not ours.

use std::fs;
use std::process::Command;

use serde_json::{Map, Value, json};

/// Debian's packages that have a part in the figures. The tracker has a SQLite of its own.
const PACKAGES: [&str; 7] = [
    "nginx",
    "apache2-bin",
    "libapache2-mod-fcgid",
    "fcgiwrap",
    "opentracker",
    "libsqlite3-dev",
    "gcc",
];

/// Prints it, and returns it.
pub fn describe() -> Value {
    let mut about = Map::new();
    about.insert("cores".to_owned(), json!(cores()));
    about.insert("processor".to_owned(), json!(line_of("/proc/cpuinfo", "model name")));
    about.insert("memory".to_owned(), json!(line_of("/proc/meminfo", "MemTotal")));
    about.insert("linux".to_owned(), json!(text_of("/proc/sys/kernel/osrelease")));
    // A machine that is busy measures itself.
    about.insert("load_average".to_owned(), json!(text_of("/proc/loadavg")));
    about.insert("sqlite".to_owned(), json!(rusqlite::version()));
    for package in PACKAGES {
        about.extend(version(package).map(|version| (package.to_owned(), json!(version))));
    }
    let lines = about.iter().map(|(name, value)| match value {
        Value::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    });
    println!("{}", lines.collect::<Vec<_>>().join("\n"));
    Value::Object(about)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

fn text_of(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// What stands after a name and a colon.
fn line_of(path: &str, name: &str) -> String {
    let text = text_of(path);
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    line.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

fn version(package: &str) -> Option<String> {
    let mut command = Command::new("dpkg-query");
    let output = command.args(["--show", "--showformat=${Version}", package]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
