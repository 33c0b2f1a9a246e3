//! Sockets that the process was started with, and what the standard library does not ask of its own.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// The connections that may wait to be accepted; the kernel lowers it to its own limit.
const BACKLOG: libc::c_int = 1024;

/// What kind of address a socket listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// A path.
    Unix,
    /// An IPv4 or IPv6 address and a port.
    Tcp,
}

/// A copy of a descriptor that the process was started with; `None` when that is not open.
#[must_use]
pub fn inherited(fd: RawFd) -> Option<OwnedFd> {
    // SAFETY: F_DUPFD_CLOEXEC takes a number and touches no memory of ours; on a closed one it fails.
    let copy = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) };
    if copy < 0 {
        return None;
    }
    // SAFETY: the kernel has just made `copy` for us, and nobody else knows its number.
    Some(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// The family of a socket that listens; `None` for one that is connected, and for what is no socket.
#[must_use]
pub fn listening_family(socket: BorrowedFd<'_>) -> Option<Family> {
    if socket_option(socket, libc::SO_ACCEPTCONN).ok()? != 1 {
        return None;
    }
    match socket_option(socket, libc::SO_DOMAIN).ok()? {
        libc::AF_UNIX => Some(Family::Unix),
        libc::AF_INET | libc::AF_INET6 => Some(Family::Tcp),
        _ => None,
    }
}

fn socket_option(socket: BorrowedFd<'_>, option: libc::c_int) -> io::Result<libc::c_int> {
    let mut value: libc::c_int = 0;
    let mut length = libc::socklen_t::try_from(size_of::<libc::c_int>()).unwrap_or(0);
    // SAFETY: `value` has room for the `length` bytes that the kernel may write, and both live
    // across the call.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            (&raw mut value).cast(),
            &raw mut length,
        )
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(value) }
}

/// Lets more connections wait than the standard library asks for.
///
/// # Errors
/// What the kernel says.
pub fn widen_backlog(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: takes two numbers; on a socket that listens already it only changes the limit.
    let result = unsafe { libc::listen(socket.as_raw_fd(), BACKLOG) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn a_listening_socket_is_known_by_its_family() {
        let folder = tempfile::tempdir().unwrap();
        let unix = UnixListener::bind(folder.path().join("socket")).unwrap();
        assert_eq!(listening_family(unix.as_fd()), Some(Family::Unix));
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(tcp) = TcpListener::bind(address) else { continue };
            assert_eq!(listening_family(tcp.as_fd()), Some(Family::Tcp));
        }
    }

    #[test]
    fn a_connected_socket_and_a_file_do_not_listen() {
        let (one, _other) = UnixStream::pair().unwrap();
        assert_eq!(listening_family(one.as_fd()), None);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert_eq!(listening_family(client.as_fd()), None);
        assert_eq!(listening_family(File::open("/dev/null").unwrap().as_fd()), None);
    }

    #[test]
    fn an_inherited_descriptor_must_be_open() {
        let file = File::open("/dev/null").unwrap();
        assert!(inherited(file.as_raw_fd()).is_some());
        assert!(inherited(-1).is_none());
    }
}
