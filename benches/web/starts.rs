//! What it takes to start the tracker as a web server starts a CGI, and to read its answer, against
//! static programs that print as many bytes and do nothing else.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use crate::Scale;
use crate::entrants::Who;
use crate::harness::http::encode;
use crate::harness::installation::Installation;
use crate::programs::{Program, Programs};
use crate::report::{Table, at_most, median, two};
use crate::stores::SETTINGS;

/// The word for these rows.
pub const WORD: &str = "starts";

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
pub fn measure(scale: &Scale, programs: &Programs) -> Vec<Value> {
    if let Some(missing) = Who::ConstantC.missing() {
        println!("not measured: {WORD}, without {missing}");
        return Vec::new();
    }
    eprintln!("{WORD} ...");
    let mut starters = starters(programs);
    for starter in &starters {
        (0..PEERS).for_each(|number| drop(starter.start(number)));
        let answer = starter.start(0);
        let is_full = answer.windows(11).any(|part| part == b"5:peers300:");
        assert!(is_full, "{}: {}", starter.name, String::from_utf8_lossy(&answer));
    }
    for _ in 0..scale.rounds {
        for starter in &mut starters {
            let times = (0..scale.starts).map(|number| {
                let begun = Instant::now();
                starter.start(number % PEERS);
                begun.elapsed().as_secs_f64() * 1e6
            });
            let median = median(times);
            starter.medians.push(median);
        }
    }
    print(&starters);
    let floor = starters[0].median();
    let rows = starters.iter().map(|starter| {
        json!({
            "word": WORD,
            "way": "started directly",
            "who": starter.name,
            "us": starter.medians,
            "ratio": starter.median() / floor,
            "target": starter.target,
        })
    });
    rows.collect()
}

/// The floor first.
fn starters(programs: &Programs) -> Vec<Starter> {
    let constant = |who: Who, program| Starter {
        name: who.name(),
        executable: programs.file(program),
        installation: None,
        target: None,
        medians: Vec::new(),
    };
    let tracker = |who: Who, installation, target| Starter {
        name: who.name(),
        executable: programs.copy_of_the_tracker(),
        installation: Some(installation),
        target: Some(target),
        medians: Vec::new(),
    };
    let mut all = vec![constant(Who::ConstantC, Program::ConstantC)];
    let others =
        [(Who::ConstantMusl, Program::ConstantMusl), (Who::ConstantRust, Program::ConstantRust)];
    let others = others.into_iter().filter(|(who, _)| who.missing().is_none());
    all.extend(others.map(|(who, program)| constant(who, program)));
    all.push(tracker(Who::Shm, Installation::in_memory(&SETTINGS), SHM));
    all.push(tracker(Who::Sqlite, Installation::new(&SETTINGS), SQLITE));
    all
}

fn print(starters: &[Starter]) {
    let title = "Started as a CGI, the answer of 50 peers read, the process waited for";
    let mut table = Table::new(title, &["who", "us", "ratio", "targets"]);
    let floor = starters[0].median();
    for starter in starters {
        let median = starter.median();
        let ratio = median / floor;
        let target = starter.target.map(|target| at_most("the C program's", ratio, target));
        let name = starter.name.to_owned();
        table.row([name, two(median), two(ratio), target.unwrap_or_default()]);
    }
    table.print();
}

impl Starter {
    fn median(&self) -> f64 {
        median(self.medians.iter().copied())
    }

    /// Starts it for an announce, and returns what it says.
    fn start(&self, number: u32) -> Vec<u8> {
        let query = format!(
            "info_hash={}&peer_id=-TR4000-{number:012}&port=6881&uploaded=0&downloaded=0&left=100\
             &compact=1",
            encode(b"one swarm of many..."),
        );
        let address = Ipv4Addr::from(0x0a00_0000 + number).to_string();
        let mut command = Command::new(&self.executable);
        command.env_clear();
        for (name, value) in [
            ("GATEWAY_INTERFACE", "CGI/1.1"),
            ("SERVER_PROTOCOL", "HTTP/1.1"),
            ("REQUEST_METHOD", "GET"),
            ("SCRIPT_NAME", "/cgi-bin/tracker.cgi"),
            ("PATH_INFO", "/announce"),
            ("REMOTE_ADDR", &address),
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
