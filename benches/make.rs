//! How fast `tracker torrent make` hashes a file, against `sha1sum` on one core and what that makes on all cores.
//!
//! `cargo bench --bench make` takes 4 GiB; `-- --size 512` takes so many MiB, `-- --folder DIR` another place for them
//! than the temporary folder, `-- --rounds 5` more turns. The content is in the page cache: what is measured is the work
//! of the processor.

// A benchmark that cannot be set up has failed.
#![allow(clippy::expect_used)]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What the versions may take of `sha1sum`'s time, divided by the cores: only version 1 does the same work.
const GOAL: f64 = 0.8;

struct Options {
    mebibytes: usize,
    rounds: usize,
    folder: PathBuf,
}

impl Options {
    fn of_this_process() -> Self {
        let mut options = Self { mebibytes: 4096, rounds: 3, folder: std::env::temp_dir() };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().expect("a value behind the option");
            match argument.as_str() {
                "--size" => options.mebibytes = value().parse().expect("MiB"),
                "--rounds" => options.rounds = value().parse().expect("a number"),
                "--folder" => options.folder = value().into(),
                "--quick" => (options.mebibytes, options.rounds) = (256, 1),
                // From cargo.
                "--bench" => {}
                other => panic!("{other} is none of --size, --rounds, --folder, --quick"),
            }
        }
        options
    }
}

fn main() {
    let options = Options::of_this_process();
    let folder = tempfile::tempdir_in(&options.folder).expect("a temporary folder");
    let content = folder.path().join("content");
    write_noise(&content, options.mebibytes);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{} MiB, {cores} cores, medians of {}", options.mebibytes, options.rounds);
    let commands = ["sha1sum", "--v1", "--hybrid", "--v2"];
    let mut times = commands.map(|_| Vec::new());
    // In turns: a machine is not as fast from one minute to the next.
    for _ in 0..options.rounds {
        for (command, times) in commands.iter().zip(&mut times) {
            times.push(timed(command, &content));
        }
    }
    let [reference, ..] = times.each_mut().map(|times| median(times));
    for (command, times) in commands.iter().zip(&mut times) {
        let time = median(times).as_secs_f64();
        #[allow(clippy::cast_precision_loss)] // A few digits are shown.
        let (size, cores) = (options.mebibytes as f64, cores as f64);
        let of_all_cores = reference.as_secs_f64() / cores / time;
        let spread = format!("{:.2?} to {:.2?}", times[0], times[times.len() - 1]);
        println!(
            "{command:<10} {:>8.0} MiB/s  {of_all_cores:.2} of sha1sum on each core  ({spread})",
            size / time
        );
        if *command == "--v1" && of_all_cores < GOAL {
            println!("{command:<10} is below the goal of {GOAL}");
        }
    }
}

/// Content that does not repeat, and is read once so that it is in the page cache.
fn write_noise(path: &Path, mebibytes: usize) {
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    let mut state = 1_u64;
    let mut block = vec![0; 1 << 20];
    for _ in 0..mebibytes {
        for word in block.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&block).expect("room for the content");
    }
    file.flush().expect("room for the content");
}

fn timed(what: &str, content: &Path) -> Duration {
    let mut command = match what {
        "sha1sum" => Command::new("sha1sum"),
        version => {
            let mut command = Command::new(env!("CARGO_BIN_EXE_tracker"));
            let configuration = content.with_file_name("tracker.toml");
            std::fs::write(&configuration, "").expect("a configuration");
            command.arg("--config").arg(configuration);
            command.args(["torrent", "make", version, "--force", "--no-web-seed"]);
            command.args(["--announce", "http://tracker.example/announce"]);
            command
        }
    };
    command.arg(content).stdin(Stdio::null()).stdout(Stdio::null());
    let begun = Instant::now();
    let status = command.status().expect("the command runs");
    let took = begun.elapsed();
    assert!(status.success(), "{what} failed");
    took
}

/// Sorts them, too.
fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
