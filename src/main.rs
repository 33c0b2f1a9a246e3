//! Finds out how the process was started: for FastCGI, CGI or the command line.
//!
//! What an announce asks the kernel for, as `strace` shows it. Who adds to this should know why.
//!
//! By a CGI with peers in shared memory, built for musl as the releases are, 50 calls:
//!
//! | calls | why |
//! |---|---|
//! | execve, mmap, arch_prctl, set_tid_address | before `main`: the process, and where its thread keeps its own |
//! | rt_sigaction, poll | `begin_process` |
//! | mmap | the heap |
//! | getpid, fcntl, fcntl, getsockopt, close | whether a socket was passed: systemd's, or a listening descriptor 0 |
//! | getcwd, stat | where the executable is, as the web server says, for the configuration beside it |
//! | open, open, fcntl, fstat, read, read, close | the configuration, at the second of its usual places |
//! | stat | whether the policy is in the site's own data folder, where the configuration says no other |
//! | open, fcntl, fstat, mmap, close | the policy: which file, how long, mapped |
//! | fcntl, fcntl | the reply's own descriptor, past the standard library's buffer |
//! | stat | whether the store is new |
//! | lstat, geteuid, open, fcntl, fstat, flock, pread | the store: its folder and file trusted, shared with this version only, its header |
//! | get_robust_list | what a mutex of ours looks like: whether the kernel frees those of the dead |
//! | open, fcntl, read, close | which boot this is; locks of an earlier one mean nothing |
//! | fstat, mmap | the store, mapped |
//! | getrandom, getpid | the seed of the sample |
//! | set_robust_list | that the shard's lock is to be freed if this process dies |
//! | write, close | the reply |
//! | exit_group | the end; the kernel takes back what is held |
//!
//! musl says once more of each file that it opens that it is not for children: the fcntl after it.
//!
//! By a CGI with SQLite, 99: in place of the last but two, SQLite opens its file (13, one for each folder
//! above it) and twice locks it, looks for a journal left behind, and lets go (9 each): once to read what the
//! file is, once to announce. Between, it reads the pages on the way to swarm and peer, writes a journal (27,
//! with its own random numbers) and the changed pages.
//!
//! By a FastCGI responder: epoll_wait, recvfrom and sendto, and with SQLite four locks, two writes for each
//! changed page and two unlocks of its write-ahead log between. Time comes without a call. Configuration
//! and policy are looked at once a second by a thread of the pool, store and load once a second, however many
//! announces come.

#![no_main]

use std::ffi::{OsString, c_char, c_int};
use std::sync::Arc;

use tracker_cgi::cli::{self, Outcome};
use tracker_cgi::config::{self, GatewayConfig, LoadedConfig, Surroundings};
use tracker_cgi::gateway::fastcgi::FastCgi;
use tracker_cgi::gateway::server::{ServeError, serve};
use tracker_cgi::gateway::{Environment, Invocation, Listening, cgi};
use tracker_cgi::platform::log;
use tracker_cgi::platform::process::{OneThread, arguments_of, begin_process};
use tracker_cgi::platform::signals::Signals;
use tracker_cgi::site::{Shared, Site};
use tracker_cgi::{error, info};

/// The status of a process that panicked, as Rust has it.
const PANICKED: i32 = 101;

/// What the C library starts. What Rust does before its own `main`, for a better message when a stack
/// overflows, is nearly a tenth of all that a CGI's announce costs.
///
/// # Safety
/// The arguments must be those of a program of C, so many strings of C.
// SAFETY: nothing else in the program is called `main`, and this is what a `main` of C looks like.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(count: c_int, arguments: *const *const c_char) -> c_int {
    begin_process();
    // SAFETY: what C passes to a `main`.
    let arguments = unsafe { arguments_of(count, arguments) };
    let outcome = std::panic::catch_unwind(|| run(arguments));
    std::process::exit(outcome.map_or(PANICKED, |outcome| outcome as i32))
}

fn run(arguments: Vec<OsString>) -> Outcome {
    // Before the arguments are looked at: in the first two cases a stranger may have written them.
    let environment = Environment::of_this_process();
    match Invocation::of_this_process(&environment) {
        Invocation::FastCgi(listening) => answer_many(listening, arguments),
        Invocation::Cgi => answer_one(&environment, arguments),
        Invocation::CommandLine => cli::run(arguments),
    }
}

fn answer_one(environment: &Environment, arguments: Vec<OsString>) -> Outcome {
    log::belongs_to_one_request();
    let surroundings = Arc::new(surroundings(config::Face::Cgi, arguments));
    let make_site = || Site::for_one_request(Arc::clone(&surroundings));
    // SAFETY: nothing above has started a thread, and answering one request starts none; a chore that would
    // start one does so in the process that it has to itself.
    let one_thread = unsafe { OneThread::promised() };
    cgi::run(&one_thread, make_site, environment);
    Outcome::Done
}

/// A process manager started us: it decides how many processes there are, so that one worker each
/// will do. Not inlined: its variables would take pages of the stack of a CGI too.
#[inline(never)]
fn answer_many(listening: Listening, arguments: Vec<OsString>) -> Outcome {
    let surroundings = Arc::new(surroundings(config::Face::FastCgi, arguments));
    // A broken configuration is told to clients and to the log by the site, again and again until
    // it is mended; until then the built-in limits count.
    let gateway = match LoadedConfig::load(&surroundings, None) {
        Ok(loaded) => {
            if let Err(problem) = config::act_for_owner(&loaded) {
                error!("{problem}");
                return Outcome::Failed;
            }
            info!("started; {}", loaded.in_force());
            loaded.config.gateway
        }
        Err(_) => GatewayConfig::default(),
    };
    let shared = Shared::new(surroundings);
    let followed = Arc::clone(&shared);
    let make_site = move || Site::following(Arc::clone(&followed));
    let outcome = Signals::collect().map_err(ServeError::Signals).and_then(|signals| {
        serve::<FastCgi, _>(listening, signals, cli::fastcgi_options(&gateway, 1), make_site)
    });
    shared.finish();
    match outcome {
        Ok(()) => Outcome::Done,
        Err(problem) => {
            error!("{problem}");
            Outcome::Failed
        }
    }
}

fn surroundings(face: config::Face, arguments: Vec<OsString>) -> Surroundings {
    Surroundings::of_this_process(face, arguments.into_iter().next())
}
