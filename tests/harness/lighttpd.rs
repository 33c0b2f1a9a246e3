//! lighttpd in front of a site, with the shipped configuration.

use std::fs;
use std::process::Command;

use super::process::Process;
use super::program;
use super::site::{Site, server_account, shipped, wait_until_served};

/// The command that starts lighttpd with a file of `conf/` beside another site.
pub fn command(site: &Site, name: &str) -> Command {
    let root = site.root().display().to_string();
    let socket = site.run("lighttpd.sock").display().to_string();
    let (pages, cgi_bin) = (format!("{root}/www/"), format!("{root}/cgi-bin/"));
    let mut changes =
        vec![("/var/www/tracker/", pages.as_str()), ("/usr/lib/cgi-bin/", cgi_bin.as_str())];
    if name == "conf/lighttpd.conf" {
        changes.push(("/run/lighttpd/tracker.sock", &socket));
    }
    command_with(site, &shipped(name, &changes))
}

/// The command that starts lighttpd with a file of its conf-enabled.
pub fn command_with(site: &Site, snippet: &str) -> Command {
    let root = site.root().display().to_string();
    fs::write(site.run("tracker.conf"), snippet).expect("lighttpd's snippet");
    let main = site.run("lighttpd.conf");
    fs::write(&main, main_configuration(&root, site.port())).expect("lighttpd's configuration");
    let mut command = Command::new(program("lighttpd"));
    command.arg("-D").arg("-f").arg(main);
    command
}

/// How Debian's /etc/lighttpd/lighttpd.conf has addresses read.
const PARSING: &str = "server.http-parseopts = (
  \"header-strict\" => \"enable\", \"host-strict\" => \"enable\", \"host-normalize\" => \"enable\",
  \"url-normalize-unreserved\"=> \"enable\", \"url-normalize-required\" => \"enable\",
  \"url-ctrls-reject\" => \"enable\", \"url-path-2f-decode\" => \"enable\",
  \"url-path-dotseg-remove\" => \"enable\",
)
";

/// What Debian's /etc/lighttpd/lighttpd.conf does, with all paths inside the site, and folders
/// of the other site listed.
fn main_configuration(root: &str, port: u16) -> String {
    let user = match server_account() {
        Some(_) => "server.username = \"www-data\"\nserver.groupname = \"www-data\"\n",
        None => "",
    };
    format!(
        "server.modules = ( \"mod_indexfile\", \"mod_access\", \"mod_alias\", \"mod_redirect\" )\n\
         server.document-root = \"{root}/default\"\nserver.upload-dirs = ( \"{root}/run\" )\n\
         server.errorlog = \"{root}/run/error.log\"\nserver.pid-file = \"{root}/run/lighttpd.pid\"\n\
         {user}server.bind = \"127.0.0.1\"\nserver.port = {port}\n\
         {PARSING}\
         index-file.names = ( \"index.php\", \"index.html\" )\n\
         url.access-deny = ( \"~\", \".inc\" )\n\
         static-file.exclude-extensions = ( \".php\", \".pl\", \".fcgi\" )\n\
         $SERVER[\"socket\"] == \"[::1]:{port}\" {{ }}\n\
         include_shell \"/usr/share/lighttpd/create-mime.conf.pl\"\n\
         include \"{root}/run/tracker.conf\"\n\
         dir-listing.activate = \"enable\"\n\
         server.modules += ( \"mod_dirlisting\", \"mod_staticfile\" )\n"
    )
}

/// Starts lighttpd and waits until it answers.
pub fn start(site: &Site, name: &str) -> Process {
    let mut command = command(site, name);
    let mut process = Process::start("lighttpd", &mut command, &site.run("lighttpd.log"));
    wait_until_served(site, &mut process);
    process
}
