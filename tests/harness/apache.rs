//! Apache in front of a site: a configuration of its own, with the shipped snippets in it unchanged.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::process::Process;
use super::responder::Listen;
use super::site::{Site, server_account};
use super::{checkout, program};

/// How Apache handles several requests at once; it decides which module starts CGIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mpm {
    /// A process a connection; CGIs by mod_cgi.
    Prefork,
    /// Threads; CGIs by mod_cgid.
    Event,
}

/// What every configuration of these tests needs.
const BASE_MODULES: [&str; 5] = ["authz_core", "mime", "dir", "alias", "autoindex"];

/// The snippets for the pages, and the modules that they say they need.
pub const PAGE_SNIPPETS: [(&str, &[&str]); 5] = [
    ("ssi.conf", &["include", "rewrite", "headers"]),
    ("mime.conf", &[]),
    ("expires.conf", &["expires"]),
    ("compress.conf", &["filter", "deflate", "brotli"]),
    ("data-deny.conf", &[]),
];

/// A configuration in the making.
pub struct Apache {
    mpm: Mpm,
    modules: Vec<&'static str>,
    lines: String,
}

impl Apache {
    /// A server that serves the site's `www`, as `tracker init` and as `scripts/install` have it.
    pub fn new(mpm: Mpm) -> Self {
        let mpm_module = if mpm == Mpm::Prefork { "mpm_prefork" } else { "mpm_event" };
        let modules = [&[mpm_module], &BASE_MODULES[..]].concat();
        Self { mpm, modules, lines: String::new() }
    }

    /// With modules.
    pub fn modules(mut self, names: &[&'static str]) -> Self {
        for name in names {
            if !self.modules.contains(name) {
                self.modules.push(name);
            }
        }
        self
    }

    /// With the module that starts CGIs under this kind of server.
    pub fn cgi_module(self) -> Self {
        let name = if self.mpm == Mpm::Prefork { "cgi" } else { "cgid" };
        self.modules(&[name, "env"])
    }

    /// With a line of configuration.
    pub fn line(mut self, line: &str) -> Self {
        writeln!(self.lines, "{line}").expect("a string takes it");
        self
    }

    /// With a shipped snippet.
    pub fn snippet(self, name: &str) -> Self {
        let path = checkout().join("apache-snippets").join(name);
        self.line(&format!("Include \"{}\"", path.display()))
    }

    /// With the snippets for the pages.
    pub fn pages(mut self) -> Self {
        for (name, modules) in PAGE_SNIPPETS {
            self = self.modules(modules).snippet(name);
        }
        self
    }

    /// Writes the configuration.
    pub fn write(&self, site: &Site) -> PathBuf {
        let (root, port) = (site.root().display().to_string(), site.port());
        let mut text = format!(
            "ServerRoot \"{root}/run\"\nServerName 127.0.0.1\n\
             Listen 127.0.0.1:{port}\nListen [::1]:{port}\n\
             PidFile \"{root}/run/apache.pid\"\nDefaultRuntimeDir \"{root}/run\"\n\
             ErrorLog \"{root}/run/error.log\"\nMutex \"file:{root}/run\" default\n\
             Define TRACKER_CGI_BIN {root}/cgi-bin\nDefine TRACKER_WWW {root}/www\n\
             Define TRACKER_DATA {root}/data\nDocumentRoot \"{root}/www\"\n\
             Alias \"/tracker\" \"{root}/www\"\n"
        );
        for module in &self.modules {
            let file = format!("/usr/lib/apache2/modules/mod_{module}.so");
            writeln!(text, "LoadModule {module}_module {file}").expect("a string takes it");
        }
        if site.is_behind_proxy() {
            text += "LoadModule remoteip_module /usr/lib/apache2/modules/mod_remoteip.so\n\
                     RemoteIPHeader X-Real-IP\n";
        }
        if server_account().is_some() {
            text += "User www-data\nGroup www-data\n";
        }
        text += "TypesConfig /etc/mime.types\n<Directory />\nRequire all denied\n\
                 Options Indexes FollowSymLinks\n</Directory>\n";
        if self.modules.contains(&"cgid") {
            text += &format!("ScriptSock \"{root}/run/cgid.sock\"\n");
        }
        if self.modules.contains(&"fcgid") {
            text += &format!(
                "FcgidIPCDir \"{root}/run/fcgid\"\nFcgidProcessTableFile \"{root}/run/fcgid_shm\"\n"
            );
        }
        let path = site.run("apache.conf");
        fs::write(&path, text + &self.lines).expect("a configuration for Apache");
        path
    }

    /// Starts the server and waits until it answers.
    pub fn start(self, site: &Site) -> Process {
        let configuration = self.write(site);
        let mut command = Command::new(program("apache2"));
        command.arg("-f").arg(configuration).arg("-DFOREGROUND");
        let mut process = Process::start("apache2", &mut command, &site.run("error.log"));
        super::site::wait_until_served(site, &mut process);
        process
    }
}

/// Plain CGI, with the pages.
pub fn cgi(mpm: Mpm) -> Apache {
    Apache::new(mpm).cgi_module().snippet("cgi.conf").pages()
}

/// mod_fcgid, with the pages.
pub fn fcgid() -> Apache {
    Apache::new(Mpm::Event).modules(&["env", "fcgid"]).snippet("fcgid.conf").pages()
}

/// mod_proxy_fcgi to a responder that is running, with the pages.
pub fn proxy_fcgi(listen: &Listen) -> Apache {
    let backend = match listen {
        Listen::Unix(path) => format!("unix:{path}|fcgi://tracker"),
        Listen::Tcp(port) => format!("fcgi://127.0.0.1:{port}"),
    };
    Apache::new(Mpm::Event)
        .modules(&["env", "proxy", "proxy_fcgi", "setenvif"])
        .line(&format!("Define TRACKER_BACKEND {backend}"))
        .snippet("proxy-fcgi.conf")
        .pages()
}
