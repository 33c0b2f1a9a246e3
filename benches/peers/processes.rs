//! Two processes on one file against one, and the other processes that this benchmark starts: it runs
//! itself again.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use tracker_cgi::store::PeerSample;

use crate::Scale;
use crate::crowd::{Crowd, WANT};
use crate::report::{Table, at_least, median, thousands, two};
use crate::stores::{Home, Kind};

/// The argument that makes a process one of ours.
pub const CHILD: &str = "--child";

/// Announces a second of two processes, for each of one alone.
const TARGET: f64 = 1.7;

/// A process that waits for a line before it does its task, and answers with lines.
pub struct Task {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Task {
    pub fn start(words: &[&str]) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this very file"))
            .arg(CHILD)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process starts");
        let input = process.stdin.take().expect("it was piped");
        let output = BufReader::new(process.stdout.take().expect("it was piped"));
        Self { process, input, output }
    }

    pub fn tell(&mut self) {
        writeln!(self.input).expect("the process listens");
    }

    /// The next line of its answer.
    pub fn hear(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the process answers");
        assert!(!line.is_empty(), "a process ended before its task did");
        line.trim_end().to_owned()
    }

    pub fn end(mut self) {
        assert!(self.process.wait().expect("the process ends").success(), "a process failed");
    }
}

/// What a process does that was started with these words.
pub fn announce(words: &[String]) {
    let [kind, path, peers, announces, round, seed] = words else {
        panic!("not the words of a task")
    };
    let number = |word: &String| word.parse::<u64>().expect("a number");
    let home = Home::at(Kind::named(kind), Path::new(path));
    let mut store = home.open();
    let mut sample = PeerSample::default();
    let mut visit = |round, count| {
        for (announce, now) in Crowd::of(number(peers)).visits(round, number(seed), count) {
            store.announce(&announce, now, WANT, &mut sample);
        }
    };
    visit(2 * number(round), number(announces) / 10);
    println!("ready");
    wait();
    visit(2 * number(round) + 1, number(announces));
    println!("done");
    wait();
}

/// Waits for a line; without one, nobody wants the answer any more.
fn wait() {
    let read = std::io::stdin().read_line(&mut String::new()).expect("a line");
    if read == 0 {
        std::process::exit(1);
    }
}

/// Announces a second of so many processes together, which take turns with the files.
fn rate(homes: &[Home], processes: usize, crowd: Crowd, announces: u64, round: u64) -> f64 {
    let [peers, each, round] = [crowd.peers, announces, round].map(|number| number.to_string());
    let start = |(seed, home): (usize, &Home)| {
        let path = home.path().to_str().expect("a path of this benchmark");
        let seed = seed.to_string();
        Task::start(&["announce", home.kind().name(), path, &peers, &each, &round, &seed])
    };
    let mut tasks: Vec<Task> =
        homes.iter().cycle().take(processes).enumerate().map(start).collect();
    for task in &mut tasks {
        assert_eq!(task.hear(), "ready");
    }
    let begun = Instant::now();
    tasks.iter_mut().for_each(Task::tell);
    for task in &mut tasks {
        assert_eq!(task.hear(), "done");
    }
    let took = begun.elapsed().as_secs_f64();
    tasks.iter_mut().for_each(Task::tell);
    tasks.into_iter().for_each(Task::end);
    (announces * processes as u64) as f64 / took
}

/// What is compared: the stores that several processes may use at full speed, and what the machine
/// has to give when they share nothing.
struct Contest {
    name: &'static str,
    kind: Kind,
    files: usize,
    /// So many times the announces of a round, for runs that last about as long.
    times: u64,
    target: Option<f64>,
}

const CONTESTS: [Contest; 3] = [
    Contest { name: "shm", kind: Kind::Shm, files: 1, times: 4, target: Some(TARGET) },
    Contest { name: "shm, a file each", kind: Kind::Shm, files: 2, times: 4, target: None },
    Contest { name: "lmdb", kind: Kind::Lmdb, files: 1, times: 1, target: None },
];

/// Measures them all.
pub fn measure(scale: &Scale) -> Value {
    let columns = ["store", "one, announces/s", "two, announces/s", "two/one", "targets"];
    let crowd = Crowd::of(scale.shared);
    let title = format!("Two processes against one, {} peers", thousands(crowd.peers as f64));
    let mut table = Table::new(&title, &columns);
    let results = CONTESTS.map(|Contest { name, kind, files, times, target }| {
        eprintln!("two processes on {name} ...");
        let homes: Vec<Home> = (0..files).map(|_| Home::new(kind)).collect();
        homes.iter().for_each(|home| drop(home.filled(crowd)));
        let mut rates = [Vec::new(), Vec::new()];
        for round in 0..scale.rounds {
            for (processes, rates) in (1..).zip(&mut rates) {
                rates.push(rate(&homes, processes, crowd, scale.announces * times, round));
            }
        }
        let [one, both] = rates.each_ref().map(|rates| median(rates.iter().copied()));
        let ratio = both / one;
        let target = target.map(|target| at_least("two/one", ratio, target)).unwrap_or_default();
        table.row([name.to_owned(), thousands(one), thousands(both), two(ratio), target]);
        json!({ "store": name, "one": rates[0], "two": rates[1] })
    });
    table.print();
    json!(results)
}
