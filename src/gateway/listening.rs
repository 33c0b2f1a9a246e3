//! Sockets that web servers connect to: inherited from the process that started us, or made by ourselves.

use std::fmt;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, lchown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::platform::file_system::set_mode;
use crate::platform::sockets::{self, Family};

/// Who may connect to a socket with a path: its owner and its group.
const SOCKET_MODE: u32 = 0o660;

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// `unix:/path/to/socket`.
    Unix(PathBuf),
    /// `127.0.0.1:9000` or `[::1]:9000`.
    Tcp(SocketAddr),
}

/// Why there is no socket to listen on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is neither form.
    #[error("cannot listen on \"{0}\": write unix:/path/to/socket, 127.0.0.1:9000 or [::1]:9000")]
    Address(String),
    /// Another process answers there.
    #[error("cannot listen on {0}: another process does; stop it, or choose another path")]
    InUse(PathBuf),
    /// Something that is not ours to remove.
    #[error(
        "cannot listen on {0}: there is a file that is not a socket; remove it, or choose another path"
    )]
    NotASocket(PathBuf),
    /// The kernel refuses.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Where.
        address: String,
        /// Why.
        source: io::Error,
    },
}

impl FromStr for ListenAddress {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        let wrong = || ListenError::Address(text.to_owned());
        match text.strip_prefix("unix:") {
            Some("") => Err(wrong()),
            Some(path) => Ok(Self::Unix(PathBuf::from(path))),
            None => text.parse().map(Self::Tcp).map_err(|_| wrong()),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
            Self::Tcp(address) => address.fmt(formatter),
        }
    }
}

/// A socket that listens.
#[derive(Debug)]
pub struct Listening {
    pub(super) socket: ListeningSocket,
    /// The path that we made and take away again.
    pub(super) path: Option<OwnPath>,
}

/// The socket itself.
#[derive(Debug)]
pub(super) enum ListeningSocket {
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Listening {
    /// Makes a socket of our own. A path left by a process that is gone is replaced, never one that
    /// another process listens on. It vanishes when this is dropped.
    ///
    /// # Errors
    /// [`ListenError`].
    pub fn bind(address: &ListenAddress) -> Result<Self, ListenError> {
        let failed = |address: String| move |source| ListenError::Bind { address, source };
        match address {
            ListenAddress::Unix(path) => {
                refuse_what_is_not_stale(path)?;
                let (socket, path) = bind_path(path).map_err(failed(path.display().to_string()))?;
                Ok(Self { socket: ListeningSocket::Unix(socket), path: Some(path) })
            }
            ListenAddress::Tcp(address) => {
                let socket = bind_tcp(*address).map_err(failed(address.to_string()))?;
                Ok(Self { socket: ListeningSocket::Tcp(socket), path: None })
            }
        }
    }

    /// Gives a socket with a path to a user, by root, in a folder in which nobody else can put something
    /// in its place.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn give_to(&self, user: u32) -> Result<(), ListenError> {
        let Some(OwnPath { path, .. }) = &self.path else { return Ok(()) };
        lchown(path, Some(user), None)
            .map_err(|source| ListenError::Bind { address: path.display().to_string(), source })
    }

    /// Takes over a socket that listens; `None` for any other descriptor.
    pub(super) fn adopt(descriptor: OwnedFd) -> Option<Self> {
        let socket = match sockets::listening_family(descriptor.as_fd())? {
            Family::Unix => ListeningSocket::Unix(descriptor.into()),
            Family::Tcp => ListeningSocket::Tcp(descriptor.into()),
        };
        Some(Self { socket, path: None })
    }

    /// The address and port, for a TCP socket.
    #[must_use]
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        match &self.socket {
            ListeningSocket::Unix(_) => None,
            ListeningSocket::Tcp(socket) => socket.local_addr().ok(),
        }
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpListener::bind(address)?;
    sockets::widen_backlog(socket.as_fd())?;
    Ok(socket)
}

/// Fails unless nothing is at `path`, or a socket on which nobody listens.
fn refuse_what_is_not_stale(path: &Path) -> Result<(), ListenError> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            Err(ListenError::NotASocket(path.to_owned()))
        }
        Ok(_) => match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
            Ok(_) | Err(_) => Err(ListenError::InUse(path.to_owned())),
        },
        // Nothing there, or nothing to be seen: binding will say.
        Err(_) => Ok(()),
    }
}

/// Binds beside `path` and renames, so that the socket appears with its mode set, in one step, also
/// over a stale one.
fn bind_path(path: &Path) -> io::Result<(UnixListener, OwnPath)> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let socket = UnixListener::bind(&beside)?;
    let own = sockets::widen_backlog(socket.as_fd())
        .and_then(|()| set_mode(&beside, SOCKET_MODE))
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| OwnPath::new(path));
    if own.is_err() {
        // Whatever failed, the reason is reported; the name beside is only in the way.
        let _ = fs::remove_file(&beside);
    }
    Ok((socket, own?))
}

/// A path that is removed when this is dropped, if it still names the same socket.
#[derive(Debug)]
pub(super) struct OwnPath {
    path: PathBuf,
    identity: (u64, u64),
}

impl OwnPath {
    fn new(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: identity(path)? })
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

impl Drop for OwnPath {
    fn drop(&mut self) {
        // A successor may have put its own socket there meanwhile. In a folder of root's it stays, and
        // the next process that listens replaces it.
        if identity(&self.path).is_ok_and(|now| now == self.identity)
            && let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::PermissionDenied
        {
            crate::warning!("cannot remove the socket {}: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn unix(path: &Path) -> ListenAddress {
        ListenAddress::Unix(path.to_owned())
    }

    #[test]
    fn addresses_are_paths_or_sockets() {
        let parse = |text: &str| text.parse::<ListenAddress>().ok();
        assert_eq!(parse("unix:/run/x.sock"), Some(unix(Path::new("/run/x.sock"))));
        assert_eq!(
            parse("127.0.0.1:9000"),
            Some(ListenAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], 9000))))
        );
        assert!(
            matches!(parse("[::1]:9000"), Some(ListenAddress::Tcp(address)) if address.is_ipv6())
        );
        for wrong in ["", "unix:", "9000", ":9000", "::1:9000x", "localhost", "127.0.0.1:99999"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_path_has_its_mode_and_goes_when_the_socket_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listening = Listening::bind(&unix(&path)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, SOCKET_MODE);
        UnixStream::connect(&path).unwrap();
        drop(listening);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_stale_path_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        drop(UnixListener::bind(&path).unwrap());
        let _listening = Listening::bind(&unix(&path)).unwrap();
        UnixStream::connect(&path).unwrap();
    }

    #[test]
    fn a_path_in_use_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _other = UnixListener::bind(&path).unwrap();
        assert!(matches!(Listening::bind(&unix(&path)), Err(ListenError::InUse(_))));
        UnixStream::connect(&path).unwrap();
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("precious");
        fs::write(&path, "data").unwrap();
        assert!(matches!(Listening::bind(&unix(&path)), Err(ListenError::NotASocket(_))));
        assert_eq!(fs::read(&path).unwrap(), b"data");
    }

    #[test]
    fn the_socket_of_a_successor_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let first = Listening::bind(&unix(&path)).unwrap();
        fs::remove_file(&path).unwrap();
        let _second = Listening::bind(&unix(&path)).unwrap();
        drop(first);
        UnixStream::connect(&path).unwrap();
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = Listening::bind(&unix(Path::new("/nonexistent/socket"))).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/socket"), "{error}");
    }
}
