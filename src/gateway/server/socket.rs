//! Sockets over paths and over TCP as one, for the event loop.

use std::io::{self, IoSlice, Read, Write};
use std::net::{IpAddr, Shutdown};

use mio::event::Source;
use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::gateway::listening::ListeningSocket;

/// One worker's copy of the socket that listens.
#[derive(Debug)]
pub enum Listener {
    /// On a path.
    Unix(UnixListener),
    /// On an address and port.
    Tcp(TcpListener),
}

impl Listener {
    /// Copies the descriptor; all copies share what arrives.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn copy(socket: &ListeningSocket) -> io::Result<Self> {
        Ok(match socket {
            ListeningSocket::Unix(socket) => {
                let copy = socket.try_clone()?;
                copy.set_nonblocking(true)?;
                Self::Unix(UnixListener::from_std(copy))
            }
            ListeningSocket::Tcp(socket) => {
                let copy = socket.try_clone()?;
                copy.set_nonblocking(true)?;
                Self::Tcp(TcpListener::from_std(copy))
            }
        })
    }

    /// What the event loop watches.
    pub fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Unix(listener) => listener,
            Self::Tcp(listener) => listener,
        }
    }

    /// The next connection, and its address when it has one.
    ///
    /// # Errors
    /// What the kernel says; see [`accept_failure`].
    pub fn accept(&self) -> io::Result<(Socket, Option<IpAddr>)> {
        match self {
            Self::Unix(listener) => listener.accept().map(|(one, _)| (Socket::Unix(one), None)),
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                // Only a delay if it fails.
                let _ = stream.set_nodelay(true);
                Ok((Socket::Tcp(stream), Some(peer.ip())))
            }
        }
    }
}

/// What a failed accept means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptFailure {
    /// Nobody waits.
    Nobody,
    /// That one connection is gone; the next may be well.
    Connection,
    /// Out of descriptors or memory, or worse: pause.
    Process,
}

/// Sorts an error of [`Listener::accept`].
#[must_use]
pub fn accept_failure(error: &io::Error) -> AcceptFailure {
    match error.raw_os_error() {
        Some(libc::EAGAIN) => AcceptFailure::Nobody,
        Some(
            libc::EINTR
            | libc::ECONNABORTED
            | libc::ECONNRESET
            | libc::ETIMEDOUT
            | libc::EPROTO
            | libc::EHOSTUNREACH
            | libc::ENETUNREACH,
        ) => AcceptFailure::Connection,
        _ => AcceptFailure::Process,
    }
}

/// One connection's socket.
#[derive(Debug)]
pub enum Socket {
    /// Through a path.
    Unix(UnixStream),
    /// Over TCP.
    Tcp(TcpStream),
}

impl Socket {
    /// Says that nothing more will be written. A peer that is gone already need not hear it.
    pub fn end_writing(&self) {
        let _ = match self {
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    /// What the event loop watches.
    pub fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Unix(stream) => stream,
            Self::Tcp(stream) => stream,
        }
    }
}

impl Read for Socket {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.read(bytes),
            Self::Tcp(stream) => stream.read(bytes),
        }
    }
}

impl Write for Socket {
    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.write_vectored(parts),
            Self::Tcp(stream) => stream.write_vectored(parts),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.write(bytes),
            Self::Tcp(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_is_no_reason_to_pause() {
        let failure = |number| accept_failure(&io::Error::from_raw_os_error(number));
        assert_eq!(failure(libc::EAGAIN), AcceptFailure::Nobody);
        assert_eq!(failure(libc::ECONNABORTED), AcceptFailure::Connection);
        assert_eq!(failure(libc::EHOSTUNREACH), AcceptFailure::Connection);
        assert_eq!(failure(libc::EMFILE), AcceptFailure::Process);
        assert_eq!(failure(libc::ENOBUFS), AcceptFailure::Process);
    }
}
