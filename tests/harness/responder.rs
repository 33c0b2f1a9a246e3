//! The tracker as a FastCGI responder beside the web server: `tracker fastcgi --listen`, or started
//! by somebody who passes it a listening socket.

use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::Command;

use super::process::Process;
use super::site::{Site, as_the_server};
use super::{free_port, program};

/// Where a responder listens.
#[derive(Clone, Debug)]
pub enum Listen {
    Unix(String),
    Tcp(u16),
}

impl Listen {
    /// A socket in the site's folder.
    pub fn unix(site: &Site) -> Self {
        Self::Unix(site.run("tracker.sock").display().to_string())
    }

    /// A free port.
    pub fn tcp() -> Self {
        Self::Tcp(free_port())
    }

    /// In the words of nginx and of `tracker fastcgi --listen`.
    pub fn address(&self) -> String {
        match self {
            Self::Unix(path) => format!("unix:{path}"),
            Self::Tcp(port) => format!("127.0.0.1:{port}"),
        }
    }

    fn answers(&self) -> bool {
        match self {
            Self::Unix(path) => UnixStream::connect(path).is_ok(),
            Self::Tcp(port) => TcpStream::connect(("127.0.0.1", *port)).is_ok(),
        }
    }
}

/// `tracker fastcgi --listen ADDRESS`.
pub fn own_socket(site: &Site, listen: &Listen) -> Process {
    let mut command = Command::new(site.root().join("cgi-bin/tracker.cgi"));
    command.args(["fastcgi", "--listen", &listen.address()]);
    start(site, listen, "tracker fastcgi", as_the_server(&mut command))
}

/// spawn-fcgi, which opens the socket and starts the tracker with it as fd 0.
pub fn spawn_fcgi(site: &Site, listen: &Listen) -> Process {
    let mut command = Command::new(program("spawn-fcgi"));
    match listen {
        Listen::Unix(path) => command.args(["-s", path]),
        Listen::Tcp(port) => command.args(["-a", "127.0.0.1", "-p", &port.to_string()]),
    };
    command.arg("-n").arg("--").arg(site.root().join("cgi-bin/tracker.fcgi"));
    start(site, listen, "spawn-fcgi", as_the_server(&mut command))
}

/// systemd's way: the socket is fd 3, named by LISTEN_FDS.
pub fn systemd(site: &Site, listen: &Listen) -> Process {
    let mut command = Command::new(program("systemd-socket-activate"));
    command.arg("--listen").arg(match listen {
        Listen::Unix(path) => path.clone(),
        Listen::Tcp(port) => format!("127.0.0.1:{port}"),
    });
    command.arg(site.root().join("cgi-bin/tracker.cgi"));
    start(site, listen, "systemd-socket-activate", as_the_server(&mut command))
}

/// fcgiwrap, which starts a CGI for each request.
pub fn fcgiwrap(site: &Site, listen: &Listen) -> Process {
    let mut command = Command::new(program("fcgiwrap"));
    command.args(["-s", &listen.address()]);
    start(site, listen, "fcgiwrap", as_the_server(&mut command))
}

fn start(site: &Site, listen: &Listen, name: &str, command: &mut Command) -> Process {
    let mut process = Process::start(name, command, &site.run("responder.log"));
    process.wait_for("a listening socket", || listen.answers().then_some(()));
    process
}
