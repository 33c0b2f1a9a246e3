//! How the process was started: decided from its descriptors and environment, before anybody looks at its
//! arguments. A web server may put words of a query there (RFC 3875, 4.4); they are a stranger's.

use std::os::fd::{OwnedFd, RawFd};

use super::Variables;
use super::cgi::Environment;
use super::listening::Listening;
use crate::platform::sockets;

/// The descriptor on which FastCGI applications are started with their socket.
const STDIN: RawFd = 0;
/// The first descriptor that systemd hands over (sd_listen_fds(3)).
const FIRST_PASSED: RawFd = 3;

/// How a process was started.
#[derive(Debug)]
pub enum Invocation {
    /// By a FastCGI process manager, with a socket that listens.
    FastCgi(Listening),
    /// By a web server, for one request.
    Cgi,
    /// By a person or a timer.
    CommandLine,
}

impl Invocation {
    /// Finds out how this process was started.
    #[must_use]
    pub fn of_this_process(environment: &Environment) -> Self {
        Self::of(environment, std::process::id(), sockets::inherited)
    }

    /// The same for any environment, process number and descriptors.
    ///
    /// A connected socket as descriptor 0 does not make it FastCGI: mod_cgid starts plain CGI
    /// programs so.
    fn of(
        environment: &dyn Variables,
        process: u32,
        descriptor: impl Fn(RawFd) -> Option<OwnedFd>,
    ) -> Self {
        let listening = |fd| descriptor(fd).and_then(Listening::adopt);
        if let Some(listening) = listening(STDIN) {
            return Self::FastCgi(listening);
        }
        if sockets_passed(environment, process) > 0
            && let Some(listening) = listening(FIRST_PASSED)
        {
            return Self::FastCgi(listening);
        }
        if environment.get("GATEWAY_INTERFACE").is_some() { Self::Cgi } else { Self::CommandLine }
    }
}

/// How many sockets systemd hands to this process.
fn sockets_passed(environment: &dyn Variables, process: u32) -> u32 {
    let number = |name| std::str::from_utf8(environment.get(name)?).ok()?.parse::<u32>().ok();
    if number("LISTEN_PID") == Some(process) { number("LISTEN_FDS").unwrap_or(0) } else { 0 }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    struct Pairs(&'static [(&'static str, &'static str)]);

    impl Variables for Pairs {
        fn visit<'v>(&'v self, visitor: &mut dyn FnMut(&'v [u8], &'v [u8])) {
            self.0.iter().for_each(|(name, value)| visitor(name.as_bytes(), value.as_bytes()));
        }
    }

    const CGI: Pairs = Pairs(&[("GATEWAY_INTERFACE", "CGI/1.1")]);

    fn listener() -> OwnedFd {
        let folder = tempfile::tempdir().unwrap();
        UnixListener::bind(folder.path().join("socket")).unwrap().into()
    }

    fn invocation(environment: &Pairs, at: RawFd, descriptor: fn() -> OwnedFd) -> Invocation {
        Invocation::of(environment, 77, |fd| (fd == at).then(descriptor))
    }

    #[test]
    fn a_listening_descriptor_0_is_fastcgi_whatever_the_environment() {
        assert!(matches!(invocation(&Pairs(&[]), 0, listener), Invocation::FastCgi(_)));
        assert!(matches!(invocation(&CGI, 0, listener), Invocation::FastCgi(_)));
    }

    #[test]
    fn a_connected_descriptor_0_is_cgi_as_mod_cgid_starts_it() {
        let connected = || UnixStream::pair().unwrap().0.into();
        assert!(matches!(invocation(&CGI, 0, connected), Invocation::Cgi));
        assert!(matches!(invocation(&Pairs(&[]), 0, connected), Invocation::CommandLine));
    }

    #[test]
    fn systemd_passes_descriptor_3_to_the_process_it_names() {
        let ours = Pairs(&[("LISTEN_PID", "77"), ("LISTEN_FDS", "1")]);
        assert!(matches!(invocation(&ours, 3, listener), Invocation::FastCgi(_)));
        let of_another = Pairs(&[("LISTEN_PID", "78"), ("LISTEN_FDS", "1")]);
        assert!(matches!(invocation(&of_another, 3, listener), Invocation::CommandLine));
        let none = Pairs(&[("LISTEN_PID", "77"), ("LISTEN_FDS", "0")]);
        assert!(matches!(invocation(&none, 3, listener), Invocation::CommandLine));
        let missing = Pairs(&[("LISTEN_PID", "77"), ("LISTEN_FDS", "1")]);
        assert!(matches!(invocation(&missing, 9, listener), Invocation::CommandLine));
    }

    #[test]
    fn with_nothing_at_all_it_is_the_command_line() {
        assert!(matches!(Invocation::of(&Pairs(&[]), 1, |_| None), Invocation::CommandLine));
    }
}
