//! Those who answer, started: each behind a web server of its own, with a site of its own.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::constant;
use crate::crowd::Crowd;
use crate::entrants::{BEFORE, Entrant, Filling, Way, Who};
use crate::harness::apache::{self, Mpm, fcgid, proxy_fcgi};
use crate::harness::load::{Clients, Requests};
use crate::harness::nginx;
use crate::harness::process::Process;
use crate::harness::responder::Listen;
use crate::harness::site::{CGI, Layout, Site, as_the_server, wait_until_served};
use crate::harness::{free_port, program};
use crate::load::{self, announces, info_hashes};
use crate::programs::{Program, Programs};
use crate::stores::{empty_site, filled_site};

/// The argument that makes a process of this benchmark the constant responder.
pub const CONSTANT: &str = "--constant";

/// One of them, running.
pub struct Contestant {
    pub requests: Requests,
    pub site: Site,
    way: Way,
    /// The web server last.
    processes: Vec<Process>,
}

impl Contestant {
    /// Starts one whose store has a crowd in it, to be asked with so many different announces.
    pub fn start(
        entrant: Entrant,
        way: Way,
        crowd: Crowd,
        count: u64,
        programs: &Programs,
    ) -> Self {
        let who = entrant.who;
        eprintln!("{}: {} ...", way.name(), who.name());
        let site = match who.store() {
            Some(kind) if entrant.filling == Filling::Announces => empty_site(way.script(), kind),
            Some(kind) => filled_site(way.script(), kind, crowd),
            None => Site::new(Layout::open(way.script()).behind_proxy()),
        };
        if let Some(program) = other_program(who, way, programs) {
            replace_the_tracker(&site, &program);
        }
        let processes = match who {
            Who::Opentracker => start_opentracker(&site, crowd),
            _ => start_web_server(entrant, way, &site),
        };
        let path = format!("{}/announce", way.script());
        let requests = announces(crowd, count, site.address(), &path);
        if entrant.filling == Filling::Announces {
            load::fill(&requests, way.clients());
        } else if way == Way::ApacheFcgid {
            start_processes(&requests, way.clients());
        }
        Self { requests, site, way, processes }
    }

    /// Starts one on a site that is laid out already.
    pub fn on(entrant: Entrant, way: Way, site: Site, requests: Requests) -> Self {
        eprintln!("{}: {} ...", way.name(), entrant.who.name());
        let processes = start_web_server(entrant, way, &site);
        Self { requests, site, way, processes }
    }

    /// Seconds of the processor that the web server has used, and what is behind it; nothing of the
    /// latter where the web server has started it. Not a number where there are CGIs: who starts them
    /// does not wait for them, so that the kernel counts their time for nobody.
    pub fn processor_time(&self) -> [f64; 2] {
        if self.way.starts_cgis() {
            return [f64::NAN; 2];
        }
        let mut times = self.processes.iter().rev().map(|process| process_group_time(process.id()));
        [times.next().unwrap_or(0.0), times.sum()]
    }
}

/// What stands where the tracker would.
fn other_program(who: Who, way: Way, programs: &Programs) -> Option<PathBuf> {
    match who {
        Who::Shm | Who::Sqlite | Who::Opentracker => None,
        Who::Before | Who::BeforeSqlite => std::env::var_os(BEFORE).map(PathBuf::from),
        Who::Constant => Some(std::env::current_exe().expect("this very file")),
        Who::ConstantC => Some(programs.file(Program::ConstantC)),
        Who::ConstantMusl => Some(programs.file(Program::ConstantMusl)),
        Who::ConstantRust => Some(programs.file(Program::ConstantRust)),
        Who::BareSqlite if way.starts_cgis() => Some(programs.file(Program::BareCgi)),
        Who::BareSqlite => Some(programs.file(Program::BareResponder)),
    }
}

/// By a process of its own: see the site's own copying.
fn replace_the_tracker(site: &Site, program: &Path) {
    for name in ["tracker.cgi", "tracker.fcgi"] {
        let place = site.root().join("cgi-bin").join(name);
        fs::remove_file(&place).expect("the tracker's file");
        let copied = Command::new("cp").arg(program).arg(place).status();
        assert!(copied.expect("cp runs").success(), "{} is not copied", program.display());
    }
}

fn start_web_server(entrant: Entrant, way: Way, site: &Site) -> Vec<Process> {
    let listen = Listen::unix(site);
    match way {
        Way::Nginx => {
            vec![start_responder(entrant, site), nginx::start(site, "conf/nginx.conf", &listen)]
        }
        Way::ApacheProxy => vec![start_responder(entrant, site), proxy_fcgi(&listen).start(site)],
        Way::ApacheFcgid => vec![fcgid().start(site)],
        Way::ApacheCgid => vec![apache::cgi(Mpm::Event).start(site)],
        Way::NginxFcgiwrap => {
            let Listen::Unix(socket) = &listen else { panic!("a socket file") };
            // As many as there are clients, so that none waits while the machine does.
            let count = way.clients().count().to_string();
            let mut command = Command::new(program("fcgiwrap"));
            command.args(["-c", &count, "-s", &listen.address()]);
            let fcgiwrap = start_behind("fcgiwrap", &mut command, site, socket);
            vec![fcgiwrap, nginx::start(site, "conf/nginx-fcgiwrap.conf", &listen)]
        }
    }
}

/// Starts a responder on a socket of its own.
fn start_responder(Entrant { who, workers, .. }: Entrant, site: &Site) -> Process {
    let listen = Listen::unix(site);
    let Listen::Unix(socket) = &listen else { panic!("the responders have a socket file") };
    let workers = workers.to_string();
    let mut command = Command::new(site.root().join("cgi-bin/tracker.cgi"));
    match who {
        Who::Constant => command.args([CONSTANT, socket, &workers]),
        Who::BareSqlite => command.arg(socket).arg(site.store()),
        _ => command.args(["fastcgi", "--listen", &listen.address(), "--workers", &workers]),
    };
    start_behind(who.name(), &mut command, site, socket)
}

fn start_behind(name: &str, command: &mut Command, site: &Site, socket: &str) -> Process {
    let mut process = Process::start(name, as_the_server(command), &site.run("responder.log"));
    process.wait_for("a listening socket", || UnixStream::connect(socket).ok());
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
    command.args(["-i", "127.0.0.1", "-p", &port.to_string(), "-u", "www-data", "-w", "list"]);
    command.arg("-d").arg(&folder).current_dir(&folder);
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
    wait_until_served(site, &mut nginx);
    vec![opentracker, nginx]
}

/// Has mod_fcgid start processes by asking at once while it has none. Later it hardly starts more: who
/// finds none free waits for a second, and then takes one that is free again.
fn start_processes(requests: &Requests, clients: Clients) {
    let time = Duration::from_millis(100);
    load::announce(requests, Clients { threads: 8, each: 1, ..clients }, time, 0);
    if load::announce(requests, clients, time, 0).took > time * 5 {
        println!("mod_fcgid has started too few processes: its clients wait");
    }
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
