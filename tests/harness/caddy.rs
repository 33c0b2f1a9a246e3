//! Caddy in front of a site, with the shipped configuration.

use std::fs;
use std::process::Command;

use super::process::Process;
use super::program;
use super::responder::Listen;
use super::site::{Site, as_the_server, shipped, wait_until_served};

/// The command that starts, or only checks, `conf/caddy.conf` in the block of another site.
pub fn command(site: &Site, backend: &Listen, what: &str) -> Command {
    let root = site.root().display().to_string();
    let Listen::Unix(socket) = backend else { panic!("the shipped file is for a socket") };
    let (socket, pages) = (format!("unix/{socket}"), format!("{root}/www"));
    let changes =
        [("unix//run/tracker/tracker.sock", socket.as_str()), ("/var/www/tracker", &pages)];
    fs::write(site.run("tracker.conf"), shipped("conf/caddy.conf", &changes)).expect("the import");
    let main = site.run("Caddyfile");
    fs::write(&main, main_configuration(&root, site.port())).expect("the Caddyfile");
    let mut command = Command::new(program("caddy"));
    command.arg(what).arg("--config").arg(main).args(["--adapter", "caddyfile"]);
    // Nothing outside of the site.
    for variable in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        command.env(variable, site.root().join("run"));
    }
    as_the_server(&mut command);
    command
}

/// What Debian's /etc/caddy/Caddyfile does, with folders of the other site listed.
fn main_configuration(root: &str, port: u16) -> String {
    format!(
        "{{\n\tadmin off\n\tauto_https off\n}}\n\
         :{port} {{\n\tbind 127.0.0.1 [::1]\n\timport {root}/run/tracker.conf\n\
         \troot * {root}/default\n\tfile_server browse\n}}\n"
    )
}

/// Starts Caddy and waits until it answers.
pub fn start(site: &Site, backend: &Listen) -> Process {
    let mut command = command(site, backend, "run");
    let mut process = Process::start("caddy", &mut command, &site.run("error.log"));
    wait_until_served(site, &mut process);
    process
}
