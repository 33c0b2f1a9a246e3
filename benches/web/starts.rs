//! What it takes to start the tracker as a web server starts a CGI, and to read its answer, against a
//! static C program that prints as many bytes and does nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::constant;
use crate::harness::http::encode;
use crate::harness::installation::Installation;
use crate::harness::{executable, program};
use crate::report::{Table, at_most, median, two};

/// Peers of the swarm: more than an answer has.
const PEERS: u32 = 100;

/// Times those of the C program, at most.
const SHM: f64 = 1.6;
const SQLITE: f64 = 2.5;

/// A CGI that can be started.
struct Starter {
    name: &'static str,
    executable: PathBuf,
    installation: Option<Installation>,
    target: Option<f64>,
    /// Medians of rounds, in microseconds.
    medians: Vec<f64>,
}

/// Starts them in turns.
pub fn measure(quick: bool) -> Value {
    eprintln!("starts ...");
    let folder = tempfile::tempdir().expect("a folder");
    let tracker = |name, installation, target| Starter {
        name,
        executable: executable(),
        installation: Some(installation),
        target: Some(target),
        medians: Vec::new(),
    };
    let open = ["tracker.torrents = 'open'"];
    let mut starters = [
        Starter {
            name: "static C program",
            executable: c_program(&folder),
            installation: None,
            target: None,
            medians: Vec::new(),
        },
        tracker("tracker, shm", Installation::in_memory(&open), SHM),
        tracker("tracker, sqlite", Installation::new(&open), SQLITE),
    ];
    for starter in &starters {
        (0..PEERS).for_each(|number| drop(starter.start(number)));
        let answer = starter.start(0);
        let is_full = answer.windows(11).any(|part| part == b"5:peers300:");
        assert!(is_full, "{}: {}", starter.name, String::from_utf8_lossy(&answer));
    }
    let (rounds, starts) = if quick { (3, 30) } else { (9, 300) };
    for _ in 0..rounds {
        for starter in &mut starters {
            let times = (0..starts).map(|number| {
                let begun = Instant::now();
                starter.start(number % PEERS);
                begun.elapsed().as_secs_f64() * 1e6
            });
            let median = median(times);
            starter.medians.push(median);
        }
    }
    print(&starters);
    let results =
        starters.iter().map(|starter| json!({ "who": starter.name, "us": starter.medians }));
    json!({ "way": "starts", "results": results.collect::<Vec<_>>() })
}

fn print(starters: &[Starter]) {
    let title = "Started as a CGI, the answer of 50 peers read, the process waited for";
    let mut table = Table::new(title, &["who", "us", "ratio", "targets"]);
    let floor = median(starters[0].medians.iter().copied());
    for starter in starters {
        let median = median(starter.medians.iter().copied());
        let ratio = median / floor;
        let target = starter.target.map(|target| at_most("the C program's", ratio, target));
        let name = starter.name.to_owned();
        table.row([name, two(median), two(ratio), target.unwrap_or_default()]);
    }
    table.print();
}

impl Starter {
    /// Starts it for an announce, and returns what it says.
    fn start(&self, number: u32) -> Vec<u8> {
        let query = format!(
            "info_hash={}&peer_id=-TR4000-{number:012}&port=6881&uploaded=0&downloaded=0&left=100\
             &compact=1",
            encode(b"one swarm of many...")
        );
        let mut command = Command::new(&self.executable);
        command.env_clear();
        for (name, value) in [
            ("GATEWAY_INTERFACE", "CGI/1.1"),
            ("SERVER_PROTOCOL", "HTTP/1.1"),
            ("REQUEST_METHOD", "GET"),
            ("SCRIPT_NAME", "/cgi-bin/tracker.cgi"),
            ("PATH_INFO", "/announce"),
            ("REMOTE_ADDR", "203.0.113.7"),
            ("QUERY_STRING", &query),
        ] {
            command.env(name, value);
        }
        if let Some(installation) = &self.installation {
            command.env("TRACKER_CONFIG", installation.path("conf/tracker.toml"));
        }
        command.stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = command.output().expect("it starts");
        assert!(output.status.success(), "{}: {}", self.name, output.status);
        output.stdout
    }
}

/// Compiles the floor.
fn c_program(folder: &TempDir) -> PathBuf {
    let (source, program_file) = (folder.path().join("constant.c"), folder.path().join("constant"));
    let reply = constant::cgi_reply();
    let bytes: Vec<String> = reply.iter().map(ToString::to_string).collect();
    let text = format!(
        "#include <unistd.h>\nstatic const unsigned char reply[] = {{{}}};\nint main(void) \
         {{ return write(1, reply, sizeof reply) != sizeof reply; }}\n",
        bytes.join(",")
    );
    fs::write(&source, text).expect("a C program");
    let compiled = Command::new(c_compiler())
        .args(["-O2", "-static", "-o"])
        .args([&program_file, &source])
        .status()
        .expect("the C compiler runs");
    assert!(compiled.success(), "the C program is not compiled");
    program_file
}

fn c_compiler() -> PathBuf {
    let path = Path::new("/usr/bin/cc");
    if path.exists() { path.to_owned() } else { program("gcc") }
}
