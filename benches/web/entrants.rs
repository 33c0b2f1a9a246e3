//! Who can be measured, and behind what: their names, and what of it is not installed.

use std::path::PathBuf;
use std::time::Duration;

use tracker_cgi::config::StoreKind;

use crate::harness::load::Clients;
use crate::harness::site::{CGI, FCGI};

/// How a web server and what answers are put together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Nginx,
    NginxFcgiwrap,
    ApacheFcgid,
    ApacheProxy,
    ApacheCgid,
}

impl Way {
    pub fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx -> FastCGI",
            Self::NginxFcgiwrap => "nginx -> fcgiwrap",
            Self::ApacheFcgid => "Apache mod_fcgid",
            Self::ApacheProxy => "Apache mod_proxy_fcgi",
            Self::ApacheCgid => "Apache mod_cgid",
        }
    }

    /// The tracker's path on the web server.
    pub fn script(self) -> &'static str {
        match self {
            Self::Nginx | Self::NginxFcgiwrap | Self::ApacheCgid => CGI,
            Self::ApacheFcgid | Self::ApacheProxy => FCGI,
        }
    }

    /// Whether each request has a process of its own.
    pub fn starts_cgis(self) -> bool {
        matches!(self, Self::NginxFcgiwrap | Self::ApacheCgid)
    }

    pub fn clients(self) -> Clients {
        let each = match self {
            Self::Nginx | Self::ApacheProxy => 16,
            // So many that the machine is full even while threads of mod_cgid sleep: for ten milliseconds
            // after each CGI that has closed its output and is not quite gone.
            Self::ApacheCgid => 8,
            Self::NginxFcgiwrap => 2,
            // Fewer than the processes that mod_fcgid has started.
            Self::ApacheFcgid => 1,
        };
        Clients { threads: 2, each, pause: Duration::ZERO }
    }

    fn missing(self) -> Option<&'static str> {
        missing(match self {
            Self::Nginx => &["nginx"],
            Self::NginxFcgiwrap => &["nginx", "fcgiwrap"],
            Self::ApacheFcgid => &["apache2", "/usr/lib/apache2/modules/mod_fcgid.so"],
            Self::ApacheProxy | Self::ApacheCgid => &["apache2"],
        })
    }
}

/// Names the executable of another build, to be measured against.
pub const BEFORE: &str = "TRACKER_BEFORE";

/// Who answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Shm,
    Sqlite,
    /// Another build of the tracker, whose stores may have another format.
    Before,
    BeforeSqlite,
    /// A FastCGI responder with the same body for all.
    Constant,
    Opentracker,
    /// The tracker's statements in C.
    BareSqlite,
    /// A CGI with the same body for all, in C.
    ConstantC,
    /// The same for musl instead of glibc.
    ConstantMusl,
    /// The same in Rust.
    ConstantRust,
}

impl Who {
    pub fn name(self) -> &'static str {
        match self {
            Self::Shm => "tracker, shm",
            Self::Sqlite => "tracker, sqlite",
            Self::Before => "another build, shm",
            Self::BeforeSqlite => "another build, sqlite",
            Self::Constant => "constant body",
            Self::Opentracker => "opentracker",
            Self::BareSqlite => "bare C, sqlite",
            Self::ConstantC => "static C program",
            Self::ConstantMusl => "static C program, musl",
            Self::ConstantRust => "static Rust program",
        }
    }

    /// The tracker's kind of store that it answers out of.
    pub fn store(self) -> Option<StoreKind> {
        match self {
            Self::Shm | Self::Before => Some(StoreKind::Shm),
            Self::Sqlite | Self::BeforeSqlite | Self::BareSqlite => Some(StoreKind::Sqlite),
            Self::Constant | Self::Opentracker => None,
            Self::ConstantC | Self::ConstantMusl | Self::ConstantRust => None,
        }
    }

    /// What it needs and is not installed.
    pub fn missing(self) -> Option<&'static str> {
        missing(match self {
            Self::Before | Self::BeforeSqlite => {
                return std::env::var_os(BEFORE).is_none().then_some(BEFORE);
            }
            Self::Shm | Self::Sqlite | Self::Constant => &[],
            Self::Opentracker => &["opentracker"],
            Self::BareSqlite => &["cc", "/usr/include/unistd.h", "/usr/include/sqlite3.h"],
            Self::ConstantC => &["cc", "/usr/include/unistd.h"],
            Self::ConstantMusl => &["musl-gcc"],
            Self::ConstantRust => &["rustc"],
        })
    }
}

/// How the peers come into a store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Filling {
    /// Before the start, which is fast; a store of this build only.
    Beforehand,
    /// By announces.
    Announces,
}

/// Who answers, with so many threads where it has a choice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Entrant {
    pub who: Who,
    pub workers: usize,
    pub filling: Filling,
}

impl Entrant {
    /// One with one thread and peers from the start.
    pub const fn new(who: Who) -> Self {
        Self { who, workers: 1, filling: Filling::Beforehand }
    }

    /// Whether all is there that it needs behind a web server; else says what is not.
    pub fn can_run(self, way: Way) -> bool {
        let missing = way.missing().or(self.who.missing());
        if let Some(missing) = missing {
            let (way, who) = (way.name(), self.who.name());
            println!("not measured: {way}, {who}, without {missing}");
        }
        missing.is_none()
    }
}

/// The first of some programs and files that is not there.
fn missing(needs: &[&'static str]) -> Option<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/bin"].map(PathBuf::from);
    let folders: Vec<PathBuf> = std::env::split_paths(&path).chain(usual).collect();
    let is_there = |name: &&str| folders.iter().any(|folder| folder.join(name).exists());
    needs.iter().copied().find(|name| !is_there(name))
}
