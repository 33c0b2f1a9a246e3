//! Who answers: the tracker, the constant responder and opentracker, each behind a web server.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::constant;
use crate::crowd::Crowd;
use crate::harness::apache::{fcgid, proxy_fcgi};
use crate::harness::load::{Clients, Requests};
use crate::harness::nginx;
use crate::harness::process::Process;
use crate::harness::responder::Listen;
use crate::harness::site::{CGI, FCGI, Layout, Site, as_the_server};
use crate::harness::{free_port, program};
use crate::load::{announces, info_hashes};

/// The argument that makes a process of this benchmark the constant responder.
pub const CONSTANT: &str = "--constant";

/// How a web server and a responder are put together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Nginx,
    ApacheFcgid,
    ApacheProxy,
}

impl Way {
    pub fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx -> FastCGI",
            Self::ApacheFcgid => "Apache mod_fcgid",
            Self::ApacheProxy => "Apache mod_proxy_fcgi",
        }
    }

    fn script(self) -> &'static str {
        if self == Self::Nginx { CGI } else { FCGI }
    }

    /// Behind mod_fcgid as many as it may start processes: others would wait for whole seconds.
    pub fn clients(self) -> Clients {
        let each = if self == Self::ApacheFcgid { 4 } else { 16 };
        Clients { threads: 2, each, pause: Duration::ZERO }
    }
}

/// Who answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Shm,
    Sqlite,
    Constant,
    Opentracker,
}

impl Who {
    pub fn name(self) -> &'static str {
        match self {
            Self::Shm => "tracker, shm",
            Self::Sqlite => "tracker, sqlite",
            Self::Constant => "constant body",
            Self::Opentracker => "opentracker",
        }
    }
}

/// One of them, running.
pub struct Contestant {
    pub who: Who,
    pub requests: Requests,
    /// The web server last.
    processes: Vec<Process>,
    _site: Site,
}

impl Contestant {
    pub fn start(who: Who, way: Way, workers: usize, crowd: Crowd) -> Self {
        let layout = Layout::open(way.script());
        let site = Site::new(if who == Who::Shm { layout.in_memory() } else { layout });
        let processes = match who {
            Who::Opentracker => start_opentracker(&site, crowd),
            _ => start_responder(who, way, workers, &site),
        };
        let path = format!("{}/announce", way.script());
        let requests = announces(crowd, site.address(), &path);
        Self { who, requests, processes, _site: site }
    }

    /// Seconds of the processor that the web server has used, and what is behind it; nothing of the
    /// latter where the web server has started it.
    pub fn processor_time(&self) -> [f64; 2] {
        let mut times = self.processes.iter().rev().map(|process| process_group_time(process.id()));
        [times.next().unwrap_or(0.0), times.sum()]
    }
}

fn start_responder(who: Who, way: Way, workers: usize, site: &Site) -> Vec<Process> {
    let listen = Listen::unix(site);
    let responder = |site: &Site| own_responder(who, workers, site, &listen);
    match way {
        Way::Nginx => vec![responder(site), nginx::start(site, "conf/nginx.conf", &listen)],
        Way::ApacheProxy => vec![responder(site), proxy_fcgi(&listen).start(site)],
        Way::ApacheFcgid => {
            if who == Who::Constant {
                let script = site.root().join("cgi-bin/tracker.fcgi");
                fs::remove_file(&script).expect("the wrapper of the tracker");
                let copied = Command::new("cp").arg(this_program()).arg(script).status();
                assert!(copied.expect("cp runs").success(), "this program is not copied");
            }
            vec![fcgid().start(site)]
        }
    }
}

fn this_program() -> std::path::PathBuf {
    std::env::current_exe().expect("this very file")
}

/// Starts the responder of one of them with so many threads, on a socket of its own.
fn own_responder(who: Who, workers: usize, site: &Site, listen: &Listen) -> Process {
    let Listen::Unix(path) = listen else { panic!("the responders have a socket file") };
    let workers = workers.to_string();
    let mut command = match who {
        Who::Constant => Command::new(this_program()),
        _ => Command::new(site.root().join("cgi-bin/tracker.cgi")),
    };
    match who {
        Who::Constant => command.args([CONSTANT, path, &workers]),
        _ => command.args(["fastcgi", "--listen", &listen.address(), "--workers", &workers]),
    };
    let log = site.run("responder.log");
    let mut process = Process::start(who.name(), as_the_server(&mut command), &log);
    process.wait_for("a listening socket", || UnixStream::connect(path).ok());
    process
}

/// The constant responder, in its own process.
pub fn be_constant(path: &str, workers: &str) {
    constant::serve_at(Path::new(path), workers.parse().expect("a number of threads"));
}

/// Debian's opentracker, which takes listed torrents only, behind nginx as a plain HTTP server.
fn start_opentracker(site: &Site, crowd: Crowd) -> Vec<Process> {
    let port = free_port();
    let list: String = info_hashes(crowd).map(|hash| format!("{hash}\n")).collect();
    let folder = site.run("opentracker");
    fs::create_dir_all(&folder).expect("a folder for opentracker");
    fs::write(folder.join("list"), list).expect("the list of torrents");
    let mut command = Command::new(program("opentracker"));
    command.args([
        "-i",
        "127.0.0.1",
        "-p",
        &port.to_string(),
        "-u",
        "www-data",
        "-w",
        "list",
        "-d",
    ]);
    command.arg(&folder).current_dir(&folder);
    let mut opentracker = Process::start("opentracker", &mut command, &site.run("opentracker.log"));
    opentracker.wait_for("an open port", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
    let listen = Listen::unix(site);
    let mut command = nginx::command(site, "conf/nginx.conf", &listen);
    let configuration = site.run("tracker.conf");
    let server = format!(
        "server {{ listen 127.0.0.1:{}; root {}; location {CGI}/announce {{ proxy_pass \
         http://127.0.0.1:{port}/announce; }} }}",
        site.port(),
        site.www().display()
    );
    fs::write(&configuration, server).expect("nginx's server block");
    let mut nginx = Process::start("nginx", &mut command, &site.run("nginx.log"));
    crate::harness::site::wait_until_served(site, &mut nginx);
    vec![opentracker, nginx]
}

/// Seconds of the processor that the processes of a group have used, from the kernel's list.
fn process_group_time(group: u32) -> f64 {
    let entries = fs::read_dir("/proc").expect("the list of processes");
    let ticks = entries.filter_map(|entry| {
        let stat = fs::read_to_string(entry.ok()?.path().join("stat")).ok()?;
        // After the name, which may hold anything: state, parent, group, and far on two times.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |place: usize| fields.get(place).and_then(|field| field.parse::<u64>().ok());
        // Children that have ended count for who waited for them.
        (number(2)? == u64::from(group)).then(|| (11..15).filter_map(number).sum::<u64>())
    });
    ticks.sum::<u64>() as f64 / 100.0
}
