//! nginx in front of a site, with the shipped configuration.

use std::fs;
use std::process::Command;

use super::process::Process;
use super::program;
use super::responder::Listen;
use super::site::{Site, server_account, shipped, wait_until_served};

/// The command that starts nginx with a file of `conf/` in the server block of another site.
pub fn command(site: &Site, name: &str, backend: &Listen) -> Command {
    command_with(site, &configuration(site, name, backend))
}

/// The server block of another site with a file of `conf/` in it.
pub fn configuration(site: &Site, name: &str, backend: &Listen) -> String {
    let (root, port) = (site.root().display().to_string(), site.port());
    let pages = format!("root {root}/served;");
    let (backend, cgi_bin) = (backend.address(), format!("{root}/cgi-bin/"));
    let socket = ("unix:/run/tracker/tracker.sock", backend.as_str());
    let upstream = shipped("conf/nginx-upstream.conf", &[socket]);
    let mut changes = vec![("root /var/www;", pages.as_str())];
    if name == "conf/nginx-fcgiwrap.conf" {
        changes.push(("unix:/run/fcgiwrap.socket", &backend));
        changes.push(("/usr/lib/cgi-bin/", &cgi_bin));
    }
    let locations = shipped(name, &changes);
    format!(
        "{upstream}\nserver {{\nlisten 127.0.0.1:{port};\nlisten [::1]:{port};\n\
         root {root}/default;\nindex index.html;\nautoindex on;\nserver_name _;\n\
         location / {{ try_files $uri $uri/ =404; }}\n{locations}\n}}\n"
    )
}

/// The command that starts nginx with a server block.
pub fn command_with(site: &Site, server: &str) -> Command {
    let root = site.root().display().to_string();
    fs::write(site.run("tracker.conf"), server).expect("nginx's server block");
    let main = site.run("nginx.conf");
    let proxy = match site.is_behind_proxy() {
        true => "set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;",
        false => "",
    };
    fs::write(&main, main_configuration(&root, proxy)).expect("nginx's main configuration");
    let mut command = Command::new(program("nginx"));
    command.arg("-p").arg(site.root().join("run")).arg("-c").arg(main);
    command.arg("-e").arg(site.run("error.log"));
    command
}

/// What Debian's /etc/nginx/nginx.conf does, with all paths inside the site.
fn main_configuration(root: &str, proxy: &str) -> String {
    let user = if server_account().is_some() { "user www-data;" } else { "" };
    format!(
        "{user}\nworker_processes 2;\ndaemon off;\npid {root}/run/nginx.pid;\n\
         error_log {root}/run/error.log;\nevents {{ worker_connections 1024; }}\n\
         http {{\n  include /etc/nginx/mime.types;\n  access_log off;\n  gzip on;\n  {proxy}\n\
         client_body_temp_path {root}/run/body;\n  proxy_temp_path {root}/run/proxy;\n\
         fastcgi_temp_path {root}/run/fastcgi;\n  uwsgi_temp_path {root}/run/uwsgi;\n\
         scgi_temp_path {root}/run/scgi;\n  include {root}/run/tracker.conf;\n}}\n"
    )
}

/// Starts nginx and waits until it answers.
pub fn start(site: &Site, name: &str, backend: &Listen) -> Process {
    let mut command = command(site, name, backend);
    let mut process = Process::start("nginx", &mut command, &site.run("nginx.log"));
    wait_until_served(site, &mut process);
    process
}
