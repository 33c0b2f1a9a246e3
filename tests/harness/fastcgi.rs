//! The web server's side of FastCGI, for tests of what web servers would not do.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::http::{Reply, parse_cgi};
use super::installation::Installation;
use super::process::{Process, resident};

const BEGIN: u8 = 1;
const END: u8 = 3;
const PARAMS: u8 = 4;
const STDIN: u8 = 5;
/// The flag that keeps a connection.
const KEEP: u8 = 1;

/// `tracker fastcgi` of an installation, and its socket.
pub struct Responder {
    pub process: Process,
    socket: std::path::PathBuf,
}

impl Responder {
    /// Starts it with these arguments beside the address.
    pub fn start(tracker: &Installation, arguments: &[&str]) -> Self {
        let socket = tracker.path("tracker.sock");
        let address = format!("unix:{}", socket.display());
        let mut command = tracker.command(&["fastcgi", "--listen", &address]);
        command.args(arguments);
        Self::run(tracker, &mut command, socket)
    }

    /// The same by a command of the test's own, which must listen at that path.
    pub fn run(tracker: &Installation, command: &mut Command, socket: std::path::PathBuf) -> Self {
        let log = tracker.path("responder.log");
        let mut process = Process::start("tracker fastcgi", command, &log);
        process.wait_for("a socket", || UnixStream::connect(&socket).is_ok().then_some(()));
        Self { process, socket }
    }

    /// A connection.
    pub fn connect(&self) -> UnixStream {
        connect(&self.socket)
    }

    /// Ends it as a service manager does.
    pub fn stop(mut self) {
        assert!(self.process.terminate().success());
    }

    /// The reply to a GET.
    pub fn get(&self, path_info: &str, query: &str) -> Reply {
        let mut stream = self.connect();
        stream.write_all(&get(path_info, query)).expect("a request is sent");
        read_reply(&mut stream)
    }

    /// The reply to a GET from another address.
    pub fn get_from(&self, address: &str, path_info: &str, query: &str) -> Reply {
        let mut stream = self.connect();
        stream.write_all(&whole(0, [address, path_info, query])).expect("a request is sent");
        read_reply(&mut stream)
    }

    /// Bytes of memory that the process has in use.
    pub fn resident(&self) -> usize {
        resident(self.process.id())
    }
}

fn connect(socket: &Path) -> UnixStream {
    let stream = UnixStream::connect(socket).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
    stream
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("content of one record").to_be_bytes();
    [&[1, kind, 0, 1, length[0], length[1], 0, 0], content].concat()
}

/// The beginning of a request: all but its body.
pub fn head(params: &[(&str, &str)]) -> Vec<u8> {
    head_with(0, params)
}

fn head_with(flags: u8, params: &[(&str, &str)]) -> Vec<u8> {
    let mut pairs = Vec::new();
    for (name, value) in params {
        pairs.push(u8::try_from(name.len()).expect("a short name"));
        pairs.extend((u32::try_from(value.len()).expect("a value") | 1 << 31).to_be_bytes());
        pairs.extend_from_slice(name.as_bytes());
        pairs.extend_from_slice(value.as_bytes());
    }
    let begin = record(BEGIN, &[0, 1, flags, 0, 0, 0, 0, 0]);
    [begin, record(PARAMS, &pairs), record(PARAMS, b"")].concat()
}

/// A piece of a body; an empty one ends it.
pub fn body(piece: &[u8]) -> Vec<u8> {
    record(STDIN, piece)
}

/// The address that requests seem to come from.
pub const CLIENT: &str = "192.0.2.1";

/// A whole GET.
pub fn get(path_info: &str, query: &str) -> Vec<u8> {
    whole(0, [CLIENT, path_info, query])
}

/// The same on a connection that is kept.
pub fn get_and_stay(path_info: &str, query: &str) -> Vec<u8> {
    whole(KEEP, [CLIENT, path_info, query])
}

fn whole(flags: u8, [address, path_info, query]: [&str; 3]) -> Vec<u8> {
    let params = [
        ("REQUEST_METHOD", "GET"),
        ("SCRIPT_NAME", "/tracker.cgi"),
        ("PATH_INFO", path_info),
        ("QUERY_STRING", query),
        ("REMOTE_ADDR", address),
    ];
    [head_with(flags, &params), body(b"")].concat()
}

/// Reads a whole reply; panics when the connection ends before.
pub fn read_reply(stream: &mut UnixStream) -> Reply {
    let mut told = Vec::new();
    loop {
        let mut header = [0; 8];
        stream.read_exact(&mut header).expect("a record");
        let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
        let mut content = vec![0; length + usize::from(header[6])];
        stream.read_exact(&mut content).expect("all of a record");
        if header[1] == END {
            break;
        }
        told.extend_from_slice(&content[..length]);
    }
    parse_cgi(&told).unwrap_or_else(|| panic!("no reply: {}", told.escape_ascii()))
}
