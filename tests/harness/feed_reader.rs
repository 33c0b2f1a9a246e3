//! What a real feed reader, Python's feedparser, understands of a feed.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::program;

/// Dates become RFC 3339; lists of links and the like stay as feedparser has them.
const SCRIPT: &str = "
import feedparser, json, sys, time
feed = feedparser.parse(sys.stdin.buffer.read())
def plain(value):
    if isinstance(value, time.struct_time):
        return time.strftime('%Y-%m-%dT%H:%M:%SZ', value)
    return str(value)
json.dump({'bozo': str(feed.get('bozo_exception', '')), 'version': feed.version, 'feed': feed.feed,
           'entries': feed.entries}, sys.stdout, default=plain)
";

/// Reads a feed; panics when it is none, or is not well-formed.
pub fn read(feed: &[u8]) -> Value {
    let mut child = Command::new(program("python3"))
        .args(["-X", "utf8", "-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    child.stdin.take().expect("its stdin").write_all(feed).expect("it reads the feed");
    let output = child.wait_with_output().expect("its output");
    let text = String::from_utf8_lossy(feed);
    assert!(output.status.success(), "python3-feedparser: {text}");
    let read: Value = serde_json::from_slice(&output.stdout).expect("what it prints is JSON");
    assert_eq!(read["bozo"], "", "{text}");
    read
}

/// The entries of a feed that was read.
pub fn entries(read: &Value) -> &[Value] {
    read["entries"].as_array().expect("a list of entries")
}

/// The titles of its entries, in their order.
pub fn titles(read: &Value) -> Vec<&str> {
    let entries = entries(read).iter();
    entries.map(|entry| entry["title"].as_str().expect("a title")).collect()
}
